# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hubs: enabled, set and disabled with no call too many; and the modules that only read."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import REGIONS
from .conftest import THIRD
from .conftest import TWICE
from .conftest import WANTED

DESCRIBE, ENABLE, DISABLE, UPDATE = "DescribeHub", "EnableSecurityHub", "DisableSecurityHub", "UpdateSecurityHubConfiguration"
TAGS, TAG, UNTAG = "ListTagsForResource", "TagResource", "UntagResource"


def hub(world, **options):
    """The result of securityhub_hub."""
    return world.run_module(securityhub_hub, **options)


def enabled(world, **more):
    """An account with its hub on, and nothing called yet."""
    world.control.seed(hubs=[{"account_id": MEMBER, **more}])


def params(world, operation):
    """What a call was made with."""
    [call] = [call for call in world.control.calls(account=MEMBER) if call["operation"] == operation]
    return call["params"]


def test_a_hub_is_enabled_once(world):
    result = hub(world)
    assert result["changed"] and result["hub"]["hub_arn"].endswith(f":{REGION}:{MEMBER}:hub/default")
    assert world.calls() == [DESCRIBE, ENABLE, DESCRIBE]
    world.control.clear_calls()
    assert hub(world)["changed"] is False
    assert world.calls() == [DESCRIBE]


def test_only_what_was_named_is_asked_for(world):
    hub(world)
    assert params(world, ENABLE) == {}


def test_what_was_named_is_asked_for_when_the_hub_is_enabled(world):
    result = hub(world, enable_default_standards=False, control_finding_generator="STANDARD_CONTROL", auto_enable_controls=False, tags={"team": "a"})
    assert params(world, ENABLE) == {"EnableDefaultStandards": False, "ControlFindingGenerator": "STANDARD_CONTROL", "Tags": {"team": "a"}}
    assert params(world, UPDATE) == {"AutoEnableControls": False}
    found = world.run_module(securityhub_hub_info)["hub"]
    assert {name: found[name] for name in result["hub"]} == result["hub"]
    assert (found["auto_enable_controls"], found["control_finding_generator"], found["tags"]) == (False, "STANDARD_CONTROL", {"team": "a"})


def test_settings_that_differ_are_updated_and_no_others(world):
    enabled(world)
    assert hub(world, auto_enable_controls=True, control_finding_generator="STANDARD_CONTROL")["changed"]
    assert params(world, UPDATE) == {"ControlFindingGenerator": "STANDARD_CONTROL"}
    world.control.clear_calls()
    assert not hub(world, control_finding_generator="STANDARD_CONTROL")["changed"]
    assert world.calls() == [DESCRIBE]


def test_default_standards_are_no_matter_for_an_enabled_hub(world):
    enabled(world)
    assert not hub(world, enable_default_standards=False)["changed"]


@pytest.mark.parametrize(
    "options,calls,after",
    [
        ({"tags": {"a": "1", "b": "2"}}, [], {"a": "1", "b": "2"}),
        ({"tags": {"a": "9"}}, [TAG, UNTAG], {"a": "9"}),
        ({"tags": {"c": 3}, "purge_tags": False}, [TAG], {"a": "1", "b": "2", "c": "3"}),
        ({"tags": {}}, [UNTAG], {}),
        ({}, None, {"a": "1", "b": "2"}),
    ],
    ids=["the same", "purged", "added", "none", "not named"],
)
def test_tags_become_what_was_named(world, options, calls, after):
    enabled(world, tags={"a": "1", "b": "2"})
    result = hub(world, **options)
    assert result["changed"] == bool(calls)
    assert world.calls() == [DESCRIBE] + ([] if calls is None else [TAGS, *calls])
    assert world.run_module(securityhub_hub_info)["hub"]["tags"] == after


@pytest.mark.parametrize("options", [{}, {"auto_enable_controls": False, "tags": {"a": "b"}}, {"state": "absent"}], ids=["enable", "set", "disable"])
def test_check_mode_writes_nothing_and_foretells_the_change(world, options):
    if options:
        enabled(world)
    result = hub(world, check_mode=True, **options)
    assert result["changed"] is True
    assert set(world.calls()) <= {DESCRIBE, TAGS}
    assert hub(world, **options)["changed"] is True


@pytest.mark.parametrize("options", [{"tags": {"a": "9"}}, {"tags": {}}, {"tags": {"c": "3"}, "purge_tags": False}], ids=["purged", "none", "added"])
def test_check_mode_foretells_tags_and_touches_none(world, options):
    enabled(world, tags={"a": "1", "b": "2"})
    foretold = hub(world, check_mode=True, **options)
    assert world.calls() == [DESCRIBE, TAGS]
    assert world.run_module(securityhub_hub_info)["hub"]["tags"] == {"a": "1", "b": "2"}
    done = hub(world, **options)
    assert foretold["changed"] is done["changed"] is True
    assert foretold["hub"]["tags"] == done["hub"]["tags"] == world.run_module(securityhub_hub_info)["hub"]["tags"]


def test_check_mode_foretells_the_tags_of_a_hub_that_is_off(world):
    assert hub(world, check_mode=True, tags={"a": "b"})["hub"]["tags"] == {"a": "b"}


def test_a_hub_that_somebody_else_has_just_enabled_is_no_failure(world):
    enabled(world)
    world.fault(DESCRIBE, error={"code": "InvalidAccessException", "message": "Account is not subscribed to AWS Security Hub"})
    result = hub(world, control_finding_generator="STANDARD_CONTROL")
    assert not result.get("failed"), result["msg"]
    assert world.calls() == [DESCRIBE, ENABLE, DESCRIBE, UPDATE]


def test_a_hub_that_somebody_else_has_just_enabled_is_not_this_task_s_change(world):
    enabled(world)
    world.fault(DESCRIBE, error={"code": "InvalidAccessException", "message": "Account is not subscribed to AWS Security Hub"})
    result = hub(world)
    assert world.calls() == [DESCRIBE, ENABLE, DESCRIBE]
    assert result["changed"] is False and result["hub"]["hub_arn"]


@pytest.mark.parametrize("answer", ["recorded", "InvalidAccessException", "BadRequestException"])
def test_a_hub_is_off_whatever_the_service_says_for_it(world, answer):
    """Also where DescribeHub itself answers a BadRequestException, which is told to be ambiguous elsewhere."""
    world.control.settings(hub_off_answer=answer)
    told = world.run_module(securityhub_hub_info)
    assert told["hub"] is None and not told.get("failed")
    assert not hub(world, state="absent")["changed"]
    assert hub(world)["changed"]
    assert world.run_module(securityhub_hub_info)["hub"]["hub_arn"]


@pytest.mark.parametrize("state,operation", [("present", ENABLE), ("absent", DISABLE)])
def test_a_write_that_worked_is_not_reported_failed(world, state, operation):
    if state == "absent":
        enabled(world)
    world.fault(operation, when="after", error={"code": "InternalException", "status": 500}, times=None)
    result = hub(world, state=state, aws_config=ONCE)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True
    assert bool(result["hub"]) == (state == "present")


def test_a_hub_that_was_enabled_by_an_attempt_without_an_answer_is_told_as_changed(world):
    """The retry is told that it is enabled already."""
    world.fault(ENABLE, when="after", error={"code": "InternalException", "status": 500})
    result = hub(world, aws_config=TWICE)
    assert not result.get("failed"), result["msg"]
    assert world.calls().count(ENABLE) == 2
    assert result["changed"] is True


@pytest.mark.parametrize("times", [2, None])
def test_a_hub_that_was_just_enabled_may_take_a_moment_to_show(world, clock, times):
    world.fault(DESCRIBE, skip=1, times=times, error={"code": "InvalidAccessException", "message": "Account is not subscribed to AWS Security Hub"})
    result = hub(world, auto_enable_controls=False)
    assert world.calls()[:2] == [DESCRIBE, ENABLE]
    assert result["changed"] is True
    if times:
        assert result["hub"]["auto_enable_controls"] is False
    else:
        assert (result["error"]["reason"], world.calls().count(DESCRIBE)) == ("timeout", 6)
        assert 8 < clock.slept <= 12


def test_a_hub_is_disabled_once(world):
    enabled(world)
    assert hub(world, state="absent")["changed"] and world.calls() == [DESCRIBE, DISABLE]
    assert not hub(world, state="absent")["changed"]


@pytest.mark.parametrize("code", ["InvalidInputException", "InvalidAccessException", "AccessDeniedException"])
@pytest.mark.parametrize("status", ["Enabled", "Created", "Resigned"])
def test_an_administrator_with_members_is_not_disabled(world, code, status):
    """Whatever the code, the message tells; it fails at once, and says how many members there are."""
    world.control.settings(hub_in_use_answer=code)
    world.member_of(MEMBER, account=OTHER, status=status)
    world.member_of(MEMBER, account=THIRD, status=status)
    result = hub(world, state="absent")
    assert result["failed"] and not result["changed"]
    assert result["hub"], "it is still there"
    error = result["error"]
    assert (error["reason"], error["code"]) == ("hub_in_use", code) and "Cannot disable" in error["aws_message"]
    assert "2 members" in result["msg"] and "state=absent" in result["msg"]
    assert world.calls() == [DESCRIBE, DISABLE, "ListMembers", DESCRIBE]


def test_the_last_member_has_just_gone(world, fast):
    """AWS goes on for a moment to say that it is an administrator: it is tried again."""
    world.member_of(MEMBER, account=OTHER)
    world.lag(DISABLE, fast)
    world.run_module(securityhub_member, assume_role_arn=world.role(MEMBER), members=[{"account_id": OTHER}], state="absent")
    world.control.clear_calls()
    result = hub(world, state="absent")
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and result["hub"] is None
    assert world.calls().count(DISABLE) > 1


@pytest.mark.parametrize("denied", [False, True], ids=["no members", "ListMembers is denied"])
def test_an_administrator_for_ever(world, clock, denied):
    """It is tried for a while; then the message says what is known."""
    enabled(world)
    world.fault(DISABLE, times=None, error={"code": "InvalidInputException", "message": "Cannot disable Security Hub on the Security Hub administrator"})
    if denied:
        world.fault("ListMembers", deny=True)
    result = hub(world, state="absent")
    assert result["error"]["reason"] == "hub_in_use"
    assert 25 < clock.slept <= 30
    assert ("Remove the account's members first" if denied else "in a few minutes") in result["msg"]
    assert MEMBER in result["msg"] and REGION in result["msg"]


CENTRAL = [
    "This account is currently associated with a central configuration policy, so only the administrator can access this operation.",
    "The account is under central configuration.",
]


@pytest.mark.parametrize("said", CENTRAL)
@pytest.mark.parametrize("operation, options", [(ENABLE, {}), (UPDATE, {"auto_enable_controls": False}), (DISABLE, {"state": "absent"})])
def test_central_configuration(world, operation, options, said):
    """What the organization configures is not the account's to change; no policy of IAM's is to be blamed."""
    if operation != ENABLE:
        enabled(world)
    world.fault(operation, times=None, error={"code": "AccessDeniedException", "message": said})
    result = hub(world, **options)
    assert result["error"]["reason"] == "organization_managed" and not result["changed"]
    assert said in result["msg"] and "delegated" in result["msg"] and "Allow securityhub:" not in result["msg"]


LATER = "StandardsSubscription(s) in state PENDING, please try later"


@pytest.mark.parametrize("operation, options", [
    (ENABLE, {}),
    (UPDATE, {"auto_enable_controls": False}),
    (TAG, {"tags": {"team": "a"}}),
    (DISABLE, {"state": "absent"}),
])  # fmt: skip
def test_a_write_that_aws_takes_later_is_made_again(world, clock, operation, options):
    if operation != ENABLE:
        enabled(world)
    world.fault(operation, times=2, error={"code": "InvalidInputException", "message": LATER})
    result = hub(world, **options)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and world.calls().count(operation) == 3


def test_a_write_that_aws_never_takes_is_to_be_made_later(world, clock):
    """No option is wrong."""
    enabled(world)
    world.fault(UPDATE, times=None, error={"code": "InvalidInputException", "message": LATER})
    result = hub(world, auto_enable_controls=False)
    assert result["error"]["reason"] == "invalid_input" and result["msg"].endswith("AWS is still at work on what is to be changed: rerun the task later.")
    assert 10 < clock.slept <= 13


def test_a_call_that_is_denied_is_named(world):
    world.fault(ENABLE, deny=True)
    result = hub(world)
    assert result["error"]["reason"] == "access_denied" and "securityhub:EnableSecurityHub" in result["msg"]


def test_hubs_of_several_regions_are_told_in_order_and_an_absent_one_is_no_failure(world):
    world.control.seed(hubs=[{"account_id": MEMBER, "regions": REGIONS[:1]}])
    result = world.run_module(securityhub_hub_info, regions=REGIONS)
    assert [bool(outcome["hub"]) for outcome in result["regions"]] == [True, False, False]
    assert not result.get("failed") and not result["changed"]


def test_invitations_are_told_from_all_senders_over_all_pages(world):
    world.control.seed(hubs=[MEMBER], invitations=[{"account_id": MEMBER, "count": 120}])
    result = world.run_module(securityhub_invitation_info)
    assert len(result["invitations"]) == result["pending_count"] == 120
    assert world.control.count(account=MEMBER)["ListInvitations"] == 3
    assert result["administrator"] is None and result["changed"] is False


def test_invitations_are_filtered_by_sender_and_status(world):
    world.pending(OTHER, WANTED, THIRD)
    result = world.run_module(securityhub_invitation_info, administrator_id=WANTED)
    assert [invitation["account_id"] for invitation in result["invitations"]] == [WANTED]
    assert result["pending_count"] == 3
    assert world.run_module(securityhub_invitation_info, statuses=["Resigned"])["invitations"] == []


def test_an_accepted_invitation_is_not_pending(world):
    world.member_of(WANTED)
    result = world.run_module(securityhub_invitation_info)
    assert result["administrator"]["account_id"] == WANTED
    assert result["pending_count"] == 0


def test_what_could_be_read_is_told_where_one_call_is_denied(world):
    world.pending(WANTED)
    world.fault("GetInvitationsCount", deny=True)
    result = world.run_module(securityhub_invitation_info)
    assert result["error"]["reason"] == "access_denied"
    assert len(result["invitations"]) == 1 and result["pending_count"] is None


def test_modules_that_read_write_nothing(world):
    world.pending(WANTED)
    for module in (securityhub_hub_info, securityhub_invitation_info):
        world.run_module(module)
    assert {call["operation"] for call in world.control.calls(account=MEMBER)} == {
        DESCRIBE,
        TAGS,
        "GetAdministratorAccount",
        "ListInvitations",
        "GetInvitationsCount",
    }
