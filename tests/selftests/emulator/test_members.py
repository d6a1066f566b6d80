# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about the administrator's side."""

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
THIRD = "444444444444"


def account_ids(count):
    return [f"4{number:011d}" for number in range(count)]


def test_a_created_member_is_listed_as_created(administrator):
    assert create(administrator, MEMBER) == []
    member = administrator.list_members(OnlyAssociated=False)["Members"][0]
    assert member["AccountId"] == MEMBER
    assert member["Email"] == "someone@example.com"
    assert member["AdministratorId"] == member["MasterId"] == ADMINISTRATOR
    assert member["MemberStatus"] == "Created"
    assert "InvitedAt" not in member


def test_members_are_those_of_one_region(aws, administrator):
    create(administrator, MEMBER)
    aws(ADMINISTRATOR, "us-east-1").enable_security_hub()
    assert aws(ADMINISTRATOR, "us-east-1").list_members(OnlyAssociated=False)["Members"] == []


def test_an_invited_member_is_listed_as_invited(administrator, invited):
    assert status(administrator) == "Invited"
    assert "InvitedAt" in administrator.get_members(AccountIds=[MEMBER])["Members"][0]


def test_only_associated_members_are_listed_by_default(administrator, enabled):
    create(administrator, OTHER)
    assert [member["AccountId"] for member in administrator.list_members()["Members"]] == [MEMBER]
    assert len(administrator.list_members(OnlyAssociated=False)["Members"]) == 2


def test_members_are_listed_in_pages(administrator):
    ids = account_ids(120)
    for start in range(0, 120, 50):
        create(administrator, *ids[start : start + 50])
    pages = list(administrator.get_paginator("list_members").paginate(OnlyAssociated=False))
    assert [len(page["Members"]) for page in pages] == [50, 50, 20]
    assert [member["AccountId"] for page in pages for member in page["Members"]] == ids


@pytest.mark.parametrize("value", [0, 51])
def test_pages_of_members_hold_1_to_50(administrator, value):
    assert error(administrator.list_members, MaxResults=value)[:2] == ("InvalidInputException", 400)


def test_a_wrong_token_is_refused(administrator):
    assert error(administrator.list_members, NextToken="nonsense")[:2] == ("InvalidInputException", 400)


@pytest.mark.parametrize("name", ["delete_members", "disassociate_members", "get_members", "invite_members"])
@pytest.mark.parametrize("count", [0, 51])
def test_a_call_takes_1_to_50_accounts(administrator, name, count):
    assert error(getattr(administrator, name), AccountIds=account_ids(count))[:2] == ("InvalidInputException", 400)


def test_51_members_cannot_be_created_at_once(administrator):
    details = [{"AccountId": account_id} for account_id in account_ids(51)]
    assert error(administrator.create_members, AccountDetails=details)[:2] == ("InvalidInputException", 400)
    assert administrator.list_members(OnlyAssociated=False)["Members"] == []


def test_an_account_that_cannot_be_created_does_not_stop_the_others(administrator):
    create(administrator, MEMBER)
    failed = create(administrator, "12345", ADMINISTRATOR, MEMBER, OTHER)
    assert [account["AccountId"] for account in failed] == ["12345", ADMINISTRATOR, MEMBER]
    assert all(account["ProcessingResult"] for account in failed)
    assert status(administrator, OTHER) == "Created"


def test_more_members_than_the_quota_are_refused(administrator, emulator):
    emulator.settings(max_members=1)
    create(administrator, MEMBER)
    assert error(create, administrator, OTHER)[:2] == ("LimitExceededException", 429)


def test_no_more_invitations_than_the_quota_await_an_answer(administrator, invited, emulator):
    emulator.settings(max_invitations=2)
    create(administrator, OTHER, THIRD)
    code, http_status, message = error(administrator.invite_members, AccountIds=[OTHER, THIRD])
    assert (code, http_status) == ("LimitExceededException", 429)
    assert "the maximum number of invitations, 2" in message
    assert (status(administrator, OTHER), status(administrator, THIRD)) == ("Created", "Created")
    # Neither who is not invited after all counts, nor who is invited again
    failed = administrator.invite_members(AccountIds=[MEMBER, OTHER, "555555555555"])["UnprocessedAccounts"]
    assert [account["AccountId"] for account in failed] == ["555555555555"]
    assert error(administrator.invite_members, AccountIds=[THIRD])[0] == "LimitExceededException"
    accept(invited)
    assert administrator.invite_members(AccountIds=[THIRD])["UnprocessedAccounts"] == []


def test_there_may_be_1000_invitations(administrator, emulator):
    emulator.seed(administrators=[ADMINISTRATOR], members=1000, settings={"max_members": 10000})
    create(administrator, OTHER)
    assert error(administrator.invite_members, AccountIds=[OTHER])[0] == "LimitExceededException"
    administrator.disassociate_members(AccountIds=["200000000001"])
    assert administrator.invite_members(AccountIds=[OTHER])["UnprocessedAccounts"] == []


def test_only_created_members_can_be_invited(administrator):
    failed = administrator.invite_members(AccountIds=[OTHER, "nonsense"])["UnprocessedAccounts"]
    assert [account["AccountId"] for account in failed] == [OTHER, "nonsense"]


def test_an_enabled_member_is_not_invited_again(administrator, enabled):
    assert administrator.invite_members(AccountIds=[MEMBER])["UnprocessedAccounts"][0]["AccountId"] == MEMBER
    assert status(administrator) == "Enabled"


def test_an_unknown_member_is_unprocessed(administrator, invited):
    answer = administrator.get_members(AccountIds=[MEMBER, OTHER])
    assert [member["AccountId"] for member in answer["Members"]] == [MEMBER]
    assert [account["AccountId"] for account in answer["UnprocessedAccounts"]] == [OTHER]


def test_a_disassociated_member_is_removed_and_has_no_administrator(administrator, enabled):
    answer = administrator.disassociate_members(AccountIds=[MEMBER])
    assert set(answer) == {"ResponseMetadata"}
    assert status(administrator) == "Removed"
    assert "Administrator" not in enabled.get_administrator_account()


def test_disassociating_a_stranger_does_nothing(administrator):
    administrator.disassociate_members(AccountIds=[OTHER])
    assert status(administrator, OTHER) is None


def test_an_enabled_member_cannot_be_deleted(administrator, enabled):
    failed = administrator.delete_members(AccountIds=[MEMBER])["UnprocessedAccounts"]
    assert [account["AccountId"] for account in failed] == [MEMBER]
    assert status(administrator) == "Enabled"


def test_a_deleted_member_is_gone(administrator, enabled):
    administrator.disassociate_members(AccountIds=[MEMBER])
    assert administrator.delete_members(AccountIds=[MEMBER])["UnprocessedAccounts"] == []
    assert status(administrator) is None
    assert invitation(enabled) is None


def test_a_deleted_member_can_be_listed_as_deleted(administrator, invited, emulator):
    emulator.settings(deleted_members="listed")
    administrator.delete_members(AccountIds=[MEMBER])
    assert status(administrator) == "Deleted"


def test_deleting_a_stranger_is_unprocessed(administrator):
    assert administrator.delete_members(AccountIds=[OTHER])["UnprocessedAccounts"][0]["AccountId"] == OTHER


def leave(administrator, member):
    member.disassociate_from_administrator_account()


def remove(administrator, member):
    administrator.disassociate_members(AccountIds=[MEMBER])


def delete(administrator, member):
    remove(administrator, member)
    administrator.delete_members(AccountIds=[MEMBER])
    create(administrator, MEMBER)


@pytest.mark.parametrize("how", [leave, remove, delete])
def test_a_former_member_can_be_invited_again_and_accept(administrator, enabled, how):
    how(administrator, enabled)
    assert administrator.invite_members(AccountIds=[MEMBER])["UnprocessedAccounts"] == []
    assert status(administrator) == "Invited"
    accept(enabled)
    assert status(administrator) == "Enabled"


def test_every_invitation_has_an_id_of_its_own(administrator, invited):
    first = invitation(invited)["InvitationId"]
    administrator.invite_members(AccountIds=[MEMBER])
    second = invitation(invited)["InvitationId"]
    assert first != second
    assert len(second) == 32 and int(second, 16)
    assert error(invited.accept_administrator_invitation, AdministratorId=ADMINISTRATOR, InvitationId=first)[0] == "ResourceNotFoundException"


def test_a_member_cannot_be_an_administrator(enabled):
    assert error(create, enabled, OTHER)[:2] == ("InvalidAccessException", 401)


def test_an_account_of_the_own_organization_is_a_member_as_soon_as_it_is_created(emulator, aws, administrator):
    emulator.seed(organizations=[{"account_id": ADMINISTRATOR, "accounts": [MEMBER]}])
    assert create(administrator, MEMBER, OTHER) == []
    assert (status(administrator), status(administrator, OTHER)) == ("Enabled", "Created")
    members = administrator.list_members(OnlyAssociated=False)["Members"]
    assert {member["AccountId"]: "Email" in member for member in members} == {MEMBER: False, OTHER: True}
    assert aws(MEMBER).get_administrator_account()["Administrator"]["AccountId"] == ADMINISTRATOR
    assert aws(MEMBER).get_enabled_standards()["StandardsSubscriptions"]
    assert aws(MEMBER).list_invitations()["Invitations"] == []


def test_an_account_of_the_own_organization_can_stay_created_and_is_not_invited(emulator, aws, administrator):
    emulator.seed(organizations=[{"account_id": ADMINISTRATOR, "accounts": [MEMBER]}], settings={"organization_members": "Created"})
    create(administrator, MEMBER)
    assert status(administrator) == "Created"
    assert [account["AccountId"] for account in administrator.invite_members(AccountIds=[MEMBER])["UnprocessedAccounts"]] == [MEMBER]


def test_an_account_of_the_own_organization_that_has_another_administrator_keeps_it(emulator, aws, administrator):
    members = [{"account_id": MEMBER, "administrator": OTHER, "status": "Enabled"}]
    emulator.seed(organizations=[{"account_id": ADMINISTRATOR, "accounts": [MEMBER]}], members=members)
    create(administrator, MEMBER)
    assert status(administrator) == "Created"
    assert aws(MEMBER).get_administrator_account()["Administrator"]["AccountId"] == OTHER
