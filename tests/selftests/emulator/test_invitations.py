# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about the member's side."""

from __future__ import annotations

import pytest

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import accept
from .conftest import create
from .conftest import error
from .conftest import invitation
from .conftest import status

OTHER = "333333333333"


def invite_from(aws, sender, account_id=MEMBER):
    aws(sender).enable_security_hub()
    create(aws(sender), account_id)
    aws(sender).invite_members(AccountIds=[account_id])


def test_an_invitation_tells_its_sender(invited):
    found = invitation(invited)
    assert set(found) == {"AccountId", "InvitationId", "InvitedAt", "MemberStatus"}
    assert found["MemberStatus"] == "Invited"


def test_an_invitation_arrives_though_the_hub_is_off(aws, administrator):
    create(administrator, MEMBER)
    administrator.invite_members(AccountIds=[MEMBER])
    aws(MEMBER).enable_security_hub()
    assert invitation(aws(MEMBER))


def test_no_administrator_is_an_empty_answer(member):
    assert set(member.get_administrator_account()) == {"ResponseMetadata"}
    assert set(member.get_master_account()) == {"ResponseMetadata"}


@pytest.mark.parametrize(
    "code, http_status, message",
    [
        ("ResourceNotFoundException", 404, "administrator account was not found"),
        ("AccessDeniedException", 403, "no such resource found"),
        ("BadRequestException", 400, "the account is not associated with an administrator account"),
    ],
)
def test_no_administrator_can_be_an_error(emulator, invited, code, http_status, message):
    emulator.settings(no_administrator_answer=code)
    for call in (invited.get_administrator_account, invited.get_master_account):
        told = error(call)
        assert told[:2] == (code, http_status)
        assert message in told[2]
    accept(invited)
    assert invited.get_administrator_account()["Administrator"]["AccountId"] == ADMINISTRATOR


def test_no_invitations_are_an_empty_list(member):
    assert member.list_invitations()["Invitations"] == []


def test_no_invitations_can_be_an_error(emulator, administrator, invited):
    emulator.settings(no_invitations_answer="AccessDeniedException")
    assert invitation(invited)
    administrator.disassociate_members(AccountIds=[MEMBER])
    assert error(invited.list_invitations) == ("AccessDeniedException", 403, "The request is rejected since no such resource found")
    assert invited.get_invitations_count()["InvitationsCount"] == 0


def test_accepting_makes_a_member(administrator, invited):
    found = invitation(invited)
    answer = invited.accept_administrator_invitation(AdministratorId=ADMINISTRATOR, InvitationId=found["InvitationId"])
    assert set(answer) == {"ResponseMetadata"}
    assert invited.get_administrator_account()["Administrator"] == {**found, "MemberStatus": "Enabled"}
    assert invited.get_master_account()["Master"]["AccountId"] == ADMINISTRATOR
    assert status(administrator) == "Enabled"


def test_the_older_names_work(administrator, invited):
    invited.accept_invitation(MasterId=ADMINISTRATOR, InvitationId=invitation(invited)["InvitationId"])
    assert status(administrator) == "Enabled"
    invited.disassociate_from_master_account()
    assert status(administrator) == "Resigned"


def test_an_unknown_invitation_is_not_found(invited):
    params = {"AdministratorId": ADMINISTRATOR, "InvitationId": "0" * 32}
    assert error(invited.accept_administrator_invitation, **params)[:2] == ("ResourceNotFoundException", 404)


def test_an_invitation_of_another_sender_is_not_found(aws, invited):
    found = invitation(invited)
    params = {"AdministratorId": OTHER, "InvitationId": found["InvitationId"]}
    assert error(invited.accept_administrator_invitation, **params)[:2] == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize("administrator_id", ["12345", "administrator", MEMBER])
def test_a_wrong_administrator_id_is_invalid_input(invited, administrator_id):
    params = {"AdministratorId": administrator_id, "InvitationId": "0" * 32}
    assert error(invited.accept_administrator_invitation, **params)[:2] == ("InvalidInputException", 400)


def test_accepting_again_is_not_found(enabled):
    assert error(accept, enabled)[:2] == ("ResourceNotFoundException", 404)


def test_a_second_administrator_is_refused(aws, enabled):
    invite_from(aws, OTHER)
    code, http_status, message = error(accept, enabled, OTHER)
    assert (code, http_status) == ("InvalidInputException", 400)
    assert ADMINISTRATOR in message


def test_an_account_with_members_cannot_become_one(aws, administrator, enabled):
    invite_from(aws, OTHER, ADMINISTRATOR)
    assert error(accept, administrator, OTHER)[:2] == ("InvalidInputException", 400)


def test_a_membership_is_that_of_one_region(aws, enabled):
    aws(MEMBER, "us-east-1").enable_security_hub()
    assert "Administrator" not in aws(MEMBER, "us-east-1").get_administrator_account()


def test_leaving_keeps_the_invitation_and_it_can_be_accepted_again(administrator, enabled):
    before = invitation(enabled)["InvitationId"]
    enabled.disassociate_from_administrator_account()
    assert status(administrator) == "Resigned"
    assert "Administrator" not in enabled.get_administrator_account()
    assert invitation(enabled)["InvitationId"] == before
    accept(enabled)
    assert status(administrator) == "Enabled"


def test_leaving_without_an_administrator_is_not_found(member):
    assert error(member.disassociate_from_administrator_account)[:2] == ("ResourceNotFoundException", 404)


def test_declining_keeps_the_invitation_listed_and_marks_the_member_resigned(administrator, invited):
    assert invited.decline_invitations(AccountIds=[ADMINISTRATOR])["UnprocessedAccounts"] == []
    assert status(administrator) == "Resigned"
    assert invitation(invited)["MemberStatus"] == "Resigned"
    assert invited.get_invitations_count()["InvitationsCount"] == 1


def test_declining_can_leave_the_listed_status_as_it_was(emulator, administrator, invited):
    emulator.settings(declined_status="Invited")
    invited.decline_invitations(AccountIds=[ADMINISTRATOR])
    assert status(administrator) == "Resigned"
    assert invitation(invited)["MemberStatus"] == "Invited"


def test_a_declined_invitation_is_replaced_by_the_next(administrator, invited):
    invited.decline_invitations(AccountIds=[ADMINISTRATOR])
    administrator.invite_members(AccountIds=[MEMBER])
    assert invitation(invited)["MemberStatus"] == "Invited"
    assert invited.get_invitations_count()["InvitationsCount"] == 1


def test_an_invitation_that_was_declined_before_it_was_accepted_is_no_longer_declined(emulator, invited):
    invited.decline_invitations(AccountIds=[ADMINISTRATOR])
    accept(invited)
    emulator.settings(declined_invitations="refused")
    invited.disassociate_from_administrator_account()
    accept(invited)
    assert invited.get_administrator_account()["Administrator"]["AccountId"] == ADMINISTRATOR


def test_a_declined_invitation_can_be_made_useless(emulator, invited):
    emulator.settings(declined_invitations="refused")
    invited.decline_invitations(AccountIds=[ADMINISTRATOR])
    assert error(accept, invited)[:2] == ("ResourceNotFoundException", 404)


def test_a_deleted_invitation_is_gone(invited):
    assert invited.delete_invitations(AccountIds=[ADMINISTRATOR])["UnprocessedAccounts"] == []
    assert invitation(invited) is None


@pytest.mark.parametrize("setting, http_status", [("InvalidInputException", 400), ("InvalidAccessException", 401), ("AccessDeniedException", 403)])
def test_an_invited_account_can_be_refused_to_delete_its_invitation(emulator, invited, setting, http_status):
    emulator.settings(delete_invitations=setting)
    code, answered, message = error(invited.delete_invitations, AccountIds=[ADMINISTRATOR])
    assert (code, answered) == (setting, http_status)
    assert "not authorized to perform" not in message and "explicit deny" not in message
    assert invitation(invited)


def test_the_refusal_to_delete_can_leave_the_account_unprocessed(emulator, invited):
    emulator.settings(delete_invitations="UnprocessedAccounts")
    failed = invited.delete_invitations(AccountIds=[ADMINISTRATOR])["UnprocessedAccounts"]
    assert [account["AccountId"] for account in failed] == [ADMINISTRATOR]
    assert invitation(invited)


@pytest.mark.parametrize("setting", ["allowed", "UnprocessedAccounts", "InvalidInputException", "InvalidAccessException", "AccessDeniedException"])
def test_whoever_may_delete_invitations_needs_a_hub_and_names_accounts(emulator, aws, invited, setting):
    emulator.settings(delete_invitations=setting)
    assert error(aws(OTHER).delete_invitations, AccountIds=[ADMINISTRATOR])[:2] == ("InvalidAccessException", 401)
    for account_ids in ([], [ADMINISTRATOR, ADMINISTRATOR]):
        assert error(invited.delete_invitations, AccountIds=account_ids)[:2] == ("InvalidInputException", 400)


@pytest.mark.parametrize("setting", ["UnprocessedAccounts", "InvalidInputException", "InvalidAccessException", "AccessDeniedException"])
def test_where_only_administrators_delete_invitations_the_sender_can(emulator, administrator, invited, setting):
    emulator.settings(delete_invitations=setting)
    failed = administrator.delete_invitations(AccountIds=[MEMBER, OTHER])["UnprocessedAccounts"]
    assert [account["AccountId"] for account in failed] == [OTHER]
    assert invitation(invited) is None


def test_another_administrators_invitation_can_be_hidden_for_as_long_as_there_is_one(emulator, aws, enabled):
    emulator.settings(other_invitations="hidden")
    invite_from(aws, OTHER)
    assert [item["AccountId"] for item in enabled.list_invitations()["Invitations"]] == [ADMINISTRATOR]
    assert enabled.get_invitations_count()["InvitationsCount"] == 0
    enabled.disassociate_from_administrator_account()
    accept(enabled, OTHER)
    assert status(aws(OTHER)) == "Enabled"


def test_another_administrators_invitation_can_be_dropped_though_it_is_listed_as_sent(emulator, aws, enabled):
    emulator.settings(other_invitations="dropped")
    invite_from(aws, OTHER)
    assert status(aws(OTHER)) == "Invited"
    enabled.disassociate_from_administrator_account()
    assert invitation(enabled, OTHER) is None


def test_an_accepted_member_can_be_associated(emulator, administrator, enabled):
    emulator.settings(accepted_status="Associated")
    assert status(administrator) == "Associated"
    assert enabled.get_administrator_account()["Administrator"]["MemberStatus"] == "Associated"
    assert [member["AccountId"] for member in administrator.list_members(OnlyAssociated=True)["Members"]] == [MEMBER]


@pytest.mark.parametrize("name", ["decline_invitations", "delete_invitations"])
def test_what_cannot_be_declined_or_deleted_is_unprocessed(enabled, name):
    failed = getattr(enabled, name)(AccountIds=[ADMINISTRATOR, OTHER, "12345"])["UnprocessedAccounts"]
    assert [account["AccountId"] for account in failed] == [ADMINISTRATOR, OTHER, "12345"]
    assert enabled.get_administrator_account()["Administrator"]["AccountId"] == ADMINISTRATOR


def test_the_accepted_invitation_is_listed_and_not_counted(aws, enabled):
    invite_from(aws, OTHER)
    assert [item["AccountId"] for item in enabled.list_invitations()["Invitations"]] == [ADMINISTRATOR, OTHER]
    assert enabled.get_invitations_count()["InvitationsCount"] == 1


def test_the_accepted_invitation_can_be_absent_from_the_list(emulator, enabled):
    emulator.settings(accepted_invitations="hidden")
    assert enabled.list_invitations()["Invitations"] == []
    emulator.settings(no_invitations_answer="AccessDeniedException")
    assert error(enabled.list_invitations)[0] == "AccessDeniedException"


def test_invitations_are_listed_in_pages(aws, emulator):
    emulator.seed(invitations=[{"account_id": MEMBER, "count": 120}])
    pages = list(aws(MEMBER).get_paginator("list_invitations").paginate())
    assert [len(page["Invitations"]) for page in pages] == [50, 50, 20]
    assert len({item["AccountId"] for page in pages for item in page["Invitations"]}) == 120


@pytest.mark.parametrize("value", [0, 51])
def test_pages_of_invitations_hold_1_to_50(member, value):
    assert error(member.list_invitations, MaxResults=value)[:2] == ("InvalidInputException", 400)


def test_a_member_of_an_organization_receives_no_invitation(aws, emulator, administrator):
    emulator.seed(members=[{"account_id": MEMBER, "administrator": OTHER, "organization": True}])
    create(administrator, MEMBER)
    failed = administrator.invite_members(AccountIds=[MEMBER])["UnprocessedAccounts"]
    assert [account["AccountId"] for account in failed] == [MEMBER]
    assert aws(MEMBER).list_invitations()["Invitations"] == []


def test_a_member_of_an_organization_cannot_leave(aws, emulator):
    emulator.seed(members=[{"account_id": MEMBER, "administrator": OTHER, "organization": True}])
    shown = {"AccountId": OTHER, "MemberStatus": "Enabled"}
    assert aws(MEMBER).get_administrator_account()["Administrator"] == aws(MEMBER).get_master_account()["Master"] == shown
    code, http_status, message = error(aws(MEMBER).disassociate_from_administrator_account)
    assert (code, http_status) == ("AccessDeniedException", 403)
    assert "AWS Organizations" in message
    assert status(aws(OTHER)) == "Enabled"


def test_the_administrator_of_an_organization_can_disassociate_and_not_delete(aws, emulator):
    emulator.seed(members=[{"account_id": MEMBER, "administrator": OTHER, "organization": True}])
    aws(OTHER).disassociate_members(AccountIds=[MEMBER])
    assert status(aws(OTHER)) == "Removed"
    assert aws(OTHER).delete_members(AccountIds=[MEMBER])["UnprocessedAccounts"][0]["AccountId"] == MEMBER
