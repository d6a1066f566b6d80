# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about the hub."""

from __future__ import annotations

import pytest

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import error
from .conftest import status


def test_a_hub_is_off_until_it_is_enabled(aws):
    assert error(aws(MEMBER).describe_hub)[:2] == ("InvalidAccessException", 401)


def test_an_enabled_hub_describes_itself(aws):
    aws(MEMBER).enable_security_hub(ControlFindingGenerator="STANDARD_CONTROL")
    hub = aws(MEMBER).describe_hub()
    assert hub["HubArn"] == f"arn:aws:securityhub:eu-west-1:{MEMBER}:hub/default"
    assert hub["ControlFindingGenerator"] == "STANDARD_CONTROL"
    assert hub["AutoEnableControls"] is True
    assert hub["SubscribedAt"].endswith("Z")


def test_a_hub_is_enabled_in_one_region_only(aws):
    aws(MEMBER).enable_security_hub()
    assert error(aws(MEMBER, "us-east-1").describe_hub)[0] == "InvalidAccessException"


def test_enabling_twice_is_a_conflict(member):
    assert error(member.enable_security_hub)[:2] == ("ResourceConflictException", 409)


def test_default_standards_are_enabled_with_the_hub(member):
    arns = [standard["StandardsArn"] for standard in member.get_enabled_standards()["StandardsSubscriptions"]]
    assert any("aws-foundational-security-best-practices" in arn for arn in arns)
    assert any("cis-aws-foundations-benchmark" in arn for arn in arns)


def test_default_standards_can_be_left_out(aws):
    aws(MEMBER).enable_security_hub(EnableDefaultStandards=False)
    assert aws(MEMBER).get_enabled_standards()["StandardsSubscriptions"] == []


def test_only_the_settings_given_are_changed(member):
    member.update_security_hub_configuration(AutoEnableControls=False)
    member.update_security_hub_configuration(ControlFindingGenerator="STANDARD_CONTROL")
    hub = member.describe_hub()
    assert (hub["AutoEnableControls"], hub["ControlFindingGenerator"]) == (False, "STANDARD_CONTROL")


def test_an_unknown_setting_is_refused(member):
    assert error(member.update_security_hub_configuration, ControlFindingGenerator="NONE")[:2] == ("InvalidInputException", 400)


def test_tags_are_set_listed_and_removed(aws):
    client = aws(MEMBER)
    client.enable_security_hub(Tags={"team": "blue", "old": "x"})
    arn = client.describe_hub()["HubArn"]
    client.tag_resource(ResourceArn=arn, Tags={"stage": "test"})
    client.untag_resource(ResourceArn=arn, TagKeys=["old", "never-there"])
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "blue", "stage": "test"}


def test_only_the_own_hub_can_be_tagged(member):
    arn = f"arn:aws:securityhub:eu-west-1:{ADMINISTRATOR}:hub/default"
    assert error(member.tag_resource, ResourceArn=arn, Tags={"a": "b"})[:2] == ("ResourceNotFoundException", 404)


def test_a_disabled_hub_is_off(member):
    member.disable_security_hub()
    assert error(member.describe_hub)[:2] == ("InvalidAccessException", 401)
    assert error(member.disable_security_hub)[:2] == ("InvalidAccessException", 401)


IN_USE = "Cannot disable Security Hub on the Security Hub administrator"


def leave(administrator, member):
    """The only member leaves: Resigned."""
    member.disassociate_from_administrator_account()


def remove(administrator, member):
    """The only member is disassociated: Removed."""
    administrator.disassociate_members(AccountIds=[MEMBER])


def delete(administrator, member):
    """The only member is gone from the list, or Deleted."""
    remove(administrator, member)
    administrator.delete_members(AccountIds=[MEMBER])


@pytest.mark.parametrize("code, http_status", [("InvalidInputException", 400), ("InvalidAccessException", 401), ("AccessDeniedException", 403)], ids=str)
def test_an_administrator_of_members_cannot_disable_its_hub(administrator, enabled, emulator, code, http_status):
    if code != "InvalidInputException":
        emulator.settings(hub_in_use_answer=code)
    assert error(administrator.disable_security_hub) == (code, http_status, IN_USE)
    assert administrator.describe_hub()


@pytest.mark.parametrize("how", [leave, remove])
def test_any_member_on_the_list_keeps_an_administrator_from_disabling_its_hub(administrator, enabled, emulator, how):
    how(administrator, enabled)
    assert error(administrator.disable_security_hub)[2] == IN_USE
    emulator.settings(hub_in_use_by="enabled")
    administrator.disable_security_hub()


def test_an_invited_account_keeps_an_administrator_from_disabling_its_hub(administrator, invited):
    assert error(administrator.disable_security_hub)[2] == IN_USE


@pytest.mark.parametrize("listed", ["gone", "listed"])
def test_an_administrator_whose_members_are_deleted_can_disable_its_hub(administrator, enabled, emulator, listed):
    emulator.settings(deleted_members=listed)
    delete(administrator, enabled)
    administrator.disable_security_hub()


def test_a_member_that_disables_its_hub_is_no_longer_a_member(administrator, enabled):
    enabled.disable_security_hub()
    assert status(administrator) == "Resigned"
    enabled.enable_security_hub()
    assert "Administrator" not in enabled.get_administrator_account()


AGGREGATOR = f"arn:aws:securityhub:eu-west-1:{MEMBER}:finding-aggregator/00000000-0000-0000-0000-000000000000"
CALLS = [
    ("batch_disable_standards", {"StandardsSubscriptionArns": ["arn:aws:securityhub:eu-west-1:222222222222:subscription/x/v/1"]}),
    ("batch_enable_standards", {"StandardsSubscriptionRequests": [{"StandardsArn": "arn:aws:securityhub:eu-west-1::standards/x/v/1"}]}),
    ("accept_administrator_invitation", {"AdministratorId": ADMINISTRATOR, "InvitationId": "0" * 32}),
    ("accept_invitation", {"MasterId": ADMINISTRATOR, "InvitationId": "0" * 32}),
    ("create_finding_aggregator", {"RegionLinkingMode": "ALL_REGIONS"}),
    ("create_members", {"AccountDetails": [{"AccountId": MEMBER}]}),
    ("decline_invitations", {"AccountIds": [ADMINISTRATOR]}),
    ("delete_finding_aggregator", {"FindingAggregatorArn": AGGREGATOR}),
    ("delete_invitations", {"AccountIds": [ADMINISTRATOR]}),
    ("delete_members", {"AccountIds": [ADMINISTRATOR]}),
    ("describe_hub", {}),
    ("describe_standards", {}),
    ("disable_security_hub", {}),
    ("disassociate_from_administrator_account", {}),
    ("disassociate_from_master_account", {}),
    ("disassociate_members", {"AccountIds": [ADMINISTRATOR]}),
    ("get_administrator_account", {}),
    ("get_enabled_standards", {}),
    ("get_finding_aggregator", {"FindingAggregatorArn": AGGREGATOR}),
    ("get_invitations_count", {}),
    ("get_master_account", {}),
    ("get_members", {"AccountIds": [ADMINISTRATOR]}),
    ("invite_members", {"AccountIds": [ADMINISTRATOR]}),
    ("list_finding_aggregators", {}),
    ("list_invitations", {}),
    ("list_members", {}),
    ("update_finding_aggregator", {"FindingAggregatorArn": AGGREGATOR, "RegionLinkingMode": "ALL_REGIONS"}),
    ("update_security_hub_configuration", {"AutoEnableControls": True}),
]


NOT_SUBSCRIBED = ("InvalidAccessException", 401, f"Account {MEMBER} is not subscribed to AWS Security Hub")
# Other answers that were recorded at AWS
RECORDED = {
    "describe_hub": ("InvalidAccessException", 401, f"AccountId: {MEMBER} is not enabled for securityhub. Currentstate: false"),
    "list_members": ("BadRequestException", 400, "The request is rejected since no such resource found."),
}


@pytest.mark.parametrize("name, params", CALLS, ids=[name for name, _params in CALLS])
def test_nothing_works_while_the_hub_is_off(aws, name, params):
    assert error(getattr(aws(MEMBER), name), **params) == RECORDED.get(name, NOT_SUBSCRIBED)


@pytest.mark.parametrize("name, params", CALLS, ids=[name for name, _params in CALLS])
def test_the_hub_off_answer_can_be_the_same_for_all_calls(aws, emulator, name, params):
    emulator.settings(hub_off_answer="InvalidAccessException")
    assert error(getattr(aws(MEMBER), name), **params) == NOT_SUBSCRIBED


def test_every_answer_has_a_request_id_of_its_own(aws, emulator):
    """Those of the service, refusals and Security Token Service's too."""
    error(aws(MEMBER).describe_hub)
    error(aws(MEMBER).list_members)
    error(aws(MEMBER).enable_security_hub, ControlFindingGenerator="?")
    aws(MEMBER).enable_security_hub()
    aws(MEMBER).get_members(AccountIds=[ADMINISTRATOR])
    aws.sts.get_caller_identity()
    request_ids = [call["request_id"] for call in emulator.calls()]
    assert len(request_ids) >= 6 and len(set(request_ids)) == len(request_ids) and all(request_ids)


def test_empty_values_can_be_left_out(aws, emulator):
    emulator.settings(empty_values="left_out")
    client = aws(MEMBER)
    client.enable_security_hub(EnableDefaultStandards=False)
    arn = client.describe_hub()["HubArn"]
    answers = [client.list_members(), client.get_enabled_standards(), client.list_tags_for_resource(ResourceArn=arn), client.list_invitations()]
    assert [set(answer) for answer in answers] == [{"ResponseMetadata"}] * 4
    assert set(client.get_members(AccountIds=[ADMINISTRATOR])) == {"ResponseMetadata", "UnprocessedAccounts"}
    assert client.get_invitations_count()["InvitationsCount"] == 0
    assert error(aws(MEMBER, "us-east-1").describe_hub) == RECORDED["describe_hub"]


@pytest.mark.parametrize("name, params", CALLS, ids=[name for name, _params in CALLS])
def test_the_hub_off_answer_can_be_an_empty_bad_request(aws, emulator, name, params):
    emulator.settings(hub_off_answer="BadRequestException")
    assert error(getattr(aws(MEMBER), name), **params) == ("BadRequestException", 400, "")


def test_a_hub_is_enabled_whatever_answers_while_it_is_off(aws, emulator):
    emulator.settings(hub_off_answer="BadRequestException")
    aws(MEMBER).enable_security_hub()
    assert aws(MEMBER).describe_hub()["HubArn"]
