# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS leaves out of a response is empty; what did not come from AWS stays an error, also where it repeats AWS's request ID."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_finding_aggregator
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_finding_aggregator_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member_info

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGION
from .conftest import WANTED

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
# As AWS sends them
HEADERS = {"Content-Type": "application/json", "x-amzn-RequestId": "7d5c1d7e-9f0b-4c5d-8a53-0b1f5f0a7c11"}
BY_NOBODY = {"Content-Type": "application/json"}
PAGE = "<!DOCTYPE html><html><body>Please sign in.</body></html>"
LISTS_OF_OTHER_TYPES = (
    '{"Members": "none", "Invitations": {"a": 1}, "InvitationsCount": "many", "UnprocessedAccounts": 7, "Tags": ["a"], '
    '"StandardsSubscriptions": "none", "FindingAggregators": [1]}'
)
OTHERS_OF_OTHER_TYPES = '{"Members": [], "UnprocessedAccounts": [{"AccountId": 5}], "InvitationsCount": "1", "Tags": {"a": 1}, "NextToken": 5}'


@pytest.fixture(name="sparing")
def _sparing(world):
    """The emulated accounts, with a service that leaves out lists and maps that are empty."""
    world.control.settings(empty_values="left_out")
    return world


def done(result):
    """The result of a task that has not failed."""
    assert not result.get("failed"), result["msg"]
    return result


def as_administrator(world, module, **options):
    """The result of a module, as the administrator."""
    return done(world.run_module(module, assume_role_arn=world.role(WANTED), **options))


# --- What AWS leaves out ---


def test_no_invitations(sparing):
    sparing.control.seed(hubs=[MEMBER])
    assert sparing.run()["error"]["reason"] == "invitation_not_found"
    assert done(sparing.run(state="absent"))["changed"] is False
    assert done(sparing.run(state="declined"))["changed"] is False
    found = done(sparing.run_module(securityhub_invitation_info))
    assert (found["invitations"], found["pending_count"], found["administrator"]) == ([], 0, None)


@pytest.mark.parametrize("state", ["accepted", "declined", "absent"])
def test_no_account_that_is_left_unprocessed(sparing, state):
    """Of the member's calls."""
    sparing.pending(WANTED)
    assert done(sparing.run(state=state))["changed"]
    assert done(sparing.run(state=state))["changed"] is False


def test_no_member_that_is_left_unprocessed(sparing):
    """Of the administrator's calls, from no member to a member and back."""
    sparing.control.seed(administrators=[WANTED])
    assert as_administrator(sparing, securityhub_member_info)["members"] == []
    assert as_administrator(sparing, securityhub_member_info, account_ids=[MEMBER])["members"] == []
    members = [{"account_id": MEMBER}]
    assert as_administrator(sparing, securityhub_member, members=members)["members"][0]["member_status"] == "Invited"
    assert as_administrator(sparing, securityhub_member, members=members)["changed"] is False
    assert as_administrator(sparing, securityhub_member_info)["members"][0]["account_id"] == MEMBER
    assert as_administrator(sparing, securityhub_member, members=members, state="absent")["changed"]
    assert sparing.control.member_status(WANTED, MEMBER, REGION) is None


def test_no_standards_and_no_tags(sparing):
    assert done(sparing.run_module(securityhub_hub, enable_default_standards=False))["changed"]
    hub = done(sparing.run_module(securityhub_hub_info, gather=["tags", "standards"]))["hub"]
    assert (hub["tags"], hub["standards"]) == ({}, [])
    assert done(sparing.run_module(securityhub_hub, tags={"team": "blue"}, standards=[FSBP]))["changed"]
    hub = done(sparing.run_module(securityhub_hub_info, gather=["tags", "standards"]))["hub"]
    assert (hub["tags"], [standard["name"] for standard in hub["standards"]]) == ({"team": "blue"}, [FSBP])
    assert done(sparing.run_module(securityhub_hub, tags={}, standards=[], purge_standards=True))["changed"]
    hub = done(sparing.run_module(securityhub_hub_info, gather=["tags", "standards"]))["hub"]
    assert (hub["tags"], hub["standards"]) == ({}, [])


def test_no_finding_aggregator(sparing):
    sparing.control.seed(hubs=[MEMBER])
    assert done(sparing.run_module(securityhub_finding_aggregator_info))["aggregator"] is None
    assert done(sparing.run_module(securityhub_finding_aggregator, state="absent"))["changed"] is False
    assert done(sparing.run_module(securityhub_finding_aggregator, linking_mode="no_regions"))["changed"]
    assert done(sparing.run_module(securityhub_finding_aggregator_info))["aggregator"]["linked_regions"] == []


def test_no_regions(world):
    """That the account has none is told, not that somebody else has answered."""
    world.fault("ListRegions", response={})
    error = world.run(regions=["all"], aws_config=ONCE)["error"]
    assert error["reason"] == "region_not_enabled"


def test_no_standards_at_all(world):
    """DescribeStandards and BatchEnableStandards; what was not answered is looked for."""
    world.control.seed(hubs=[{"account_id": MEMBER, "standards": []}])
    world.fault("DescribeStandards", response={})
    error = world.run_module(securityhub_hub, standards=[FSBP], aws_config=ONCE)["error"]
    assert error["reason"] == "invalid_input" and FSBP in error["message"]
    world.fault("BatchEnableStandards", when="after", response={})
    assert done(world.run_module(securityhub_hub, standards=[FSBP], aws_config=ONCE))["changed"]


def test_a_page_without_its_list_is_not_the_last(world):
    world.pending(WANTED)
    world.fault("ListInvitations", response={"NextToken": "more"})
    world.fault("ListInvitations", response={"Invitations": [{"AccountId": WANTED, "InvitationId": "a" * 32}]})
    result = world.run(check_mode=True)
    assert done(result)["changed"] and result["administrator"]["invitation_id"] == "a" * 32


# --- What is not AWS's ---

READS = ["ListInvitations", "GetInvitationsCount", "ListMembers", "GetMembers", "ListTagsForResource", "GetEnabledStandards", "ListFindingAggregators"]


def read(world, operation):
    """The error of a task for which an operation is called, made once."""
    module, options = {
        "ListInvitations": (securityhub_invitation_info, {}),
        "GetInvitationsCount": (securityhub_invitation_info, {}),
        "ListMembers": (securityhub_member_info, {}),
        "GetMembers": (securityhub_member_info, {"account_ids": [WANTED]}),
        "ListTagsForResource": (securityhub_hub_info, {}),
        "GetEnabledStandards": (securityhub_hub_info, {"gather": ["standards"]}),
        "ListFindingAggregators": (securityhub_finding_aggregator_info, {}),
    }[operation]
    return world.run_module(module, aws_config=ONCE, **options)["error"]


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("body", [PAGE, "", "[]", "null", '{"Memb', '{"message": "Hello"}', LISTS_OF_OTHER_TYPES, OTHERS_OF_OTHER_TYPES])
def test_a_body_that_is_not_aws_s_with_aws_s_request_id(world, operation, body):
    """Something between AWS and the task has replaced it, or cut it short."""
    world.control.seed(hubs=[MEMBER])
    world.fault(operation, raw={"headers": HEADERS, "body": body})
    assert read(world, operation)["reason"] == "endpoint_unreachable"


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("how", ["body", "connection"])
def test_the_first_half_of_aws_s_response(world, operation, how):
    """It keeps AWS's headers."""
    world.control.seed(hubs=[MEMBER])
    world.fault(operation, when="after", cut=how)
    assert read(world, operation)["reason"] == "endpoint_unreachable"


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("body", ["{}", ""])
def test_an_empty_response_of_nobody_s(world, operation, body):
    """Without AWS's request ID it shows nothing."""
    world.control.seed(hubs=[MEMBER])
    world.fault(operation, raw={"headers": BY_NOBODY, "body": body})
    assert read(world, operation)["reason"] == "endpoint_unreachable"


def test_what_there_is_one_of_is_not_left_out(world):
    """Nothing stands for an ARN or a number, also where AWS has answered."""
    world.control.seed(hubs=[MEMBER], aggregators=[{"account_id": MEMBER, "region": REGION}])
    for operation, module in (
        ("DescribeHub", securityhub_hub_info),
        ("GetFindingAggregator", securityhub_finding_aggregator_info),
        ("GetInvitationsCount", securityhub_invitation_info),
    ):
        world.fault(operation, response={})
        error = world.run_module(module, aws_config=ONCE)["error"]
        assert error["reason"] == "endpoint_unreachable" and "is missing" in error["message"]


@pytest.mark.parametrize("operation", ["CreateMembers", "InviteMembers", "DeleteMembers"])
def test_a_write_that_nobody_has_answered_is_looked_at(world, clock, operation):
    """Without AWS's request ID, {} is no sign that it worked; with it, every account was processed."""
    world.control.seed(administrators=[WANTED], members=[{"account_id": MEMBER, "administrator": WANTED, "status": "Invited"}])
    state = {"CreateMembers": "present", "InviteMembers": "invited", "DeleteMembers": "absent"}[operation]
    if operation != "DeleteMembers":
        world.control.reset(seed={"administrators": [WANTED]})
    world.fault(operation, raw={"headers": BY_NOBODY, "body": "{}"})
    options = {"members": [{"account_id": MEMBER}], "state": state, "assume_role_arn": world.role(WANTED)}
    result = world.run_module(securityhub_member, aws_config=ONCE, **options)
    assert result["error"]["reason"] == "endpoint_unreachable"
