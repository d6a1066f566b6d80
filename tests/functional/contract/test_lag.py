# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eventual consistency: AWS reads, or judges a write by, what was five seconds ago. Nothing fails for it, and nothing is made up."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import TWICE
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import DECLINE
from .test_states import DELETE
from .test_states import GET
from .test_states import LEAVE
from .test_states import LIST

READS = ["Get*", "List*", "Describe*"]
LOST = {"when": "after", "drop": True}


def members(world, **options):
    """The result of securityhub_member for one account, as the administrator."""
    return world.run_module(securityhub_member, assume_role_arn=world.role(WANTED), members=[{"account_id": MEMBER}], **options)


def hub(world, **options):
    """The result of securityhub_hub."""
    return world.run_module(securityhub_hub, **options)


def changed(result):
    """Whether a task has changed something; it has not failed."""
    assert not result.get("failed"), result["msg"]
    return result["changed"]


@pytest.mark.parametrize("retries", [ONCE, TWICE], ids=["once", "retried"])
def test_an_acceptance_whose_answer_was_lost_shows_late(world, fast, retries):
    world.pending(WANTED)
    world.lag(READS, fast)
    world.fault(ACCEPT, **LOST)
    assert changed(world.run(aws_config=retries))
    assert world.administrator() == WANTED


@pytest.mark.parametrize("accepted", ["listed", "hidden"])
def test_a_run_right_after_the_acceptance_finds_nothing_to_do(world, fast, accepted):
    world.control.settings(accepted_invitations=accepted)
    world.pending(WANTED)
    world.lag(READS, fast)
    assert changed(world.run())
    result = world.run()
    assert not changed(result)
    assert result["administrator"]["account_id"] == WANTED


def test_whoever_waits_for_an_invitation_sees_that_it_was_accepted_meanwhile(world, fast):
    """By somebody else: there is no invitation any more to wait for."""
    world.control.settings(accepted_invitations="hidden")
    world.member_of(WANTED)
    world.fault(GET, times=2, response={})
    result = world.run(wait=True, wait_timeout=60)
    assert not changed(result)
    assert result["administrator"]["account_id"] == WANTED
    assert not world.writes()


def test_no_invitation_and_yet_a_member(world):
    """Who the administrator is is asked once more before a failure is told."""
    world.control.settings(accepted_invitations="hidden")
    world.member_of(WANTED)
    world.fault(GET, response={})
    assert not changed(world.run())
    assert world.calls() == [GET, LIST, GET]


@pytest.mark.parametrize("lagging", [[ACCEPT], READS, ["*"]], ids=["writes", "reads", "all"])
def test_the_administrator_that_was_left_counts_a_moment_longer(world, fast, lagging):
    """Accepting is refused for as long, and then works: no account is left without an administrator."""
    world.member_of(OTHER)
    world.pending(WANTED)
    world.lag(lagging, fast)
    result = world.run(replace_administrator=True)
    assert changed(result)
    assert world.administrator() == result["administrator"]["account_id"] == WANTED
    assert result["regions"][0]["previous_administrator"]["account_id"] == OTHER


def test_a_refusal_after_leaving_that_does_not_pass_is_told_in_the_end(world, clock):
    """Within the bound of retries, and with wait within its time-out."""
    world.member_of(OTHER)
    world.pending(WANTED)
    world.fault(ACCEPT, times=None, error={"code": "InvalidInputException", "message": f"Already associated with administrator account {OTHER}"})
    result = world.run(replace_administrator=True)
    assert result["error"]["reason"] == "invalid_input" and f"has left {OTHER}" in result["msg"]
    assert 20 < clock.slept <= 31
    world.member_of(OTHER)
    before = clock.slept
    assert world.run(replace_administrator=True, wait=True, wait_timeout=90)["failed"]
    assert 60 < clock.slept - before <= 91


@pytest.mark.parametrize("lagging", [[LEAVE], [DELETE], READS, ["*"]], ids=["leaving", "deleting", "reads", "all"])
def test_leaving_and_deleting_follow_on_one_another(world, fast, lagging):
    world.member_of(WANTED)
    world.lag(lagging, fast)
    result = world.run(state="absent")
    assert changed(result) and not result["regions"][0]["invitation_remains"]
    assert world.administrator() is None and world.senders() == []


def test_a_run_right_after_leaving_finds_nothing_to_do(world, fast):
    """The first leave does not show yet; leaving again is refused."""
    world.member_of(WANTED)
    world.lag(READS, fast)
    assert changed(world.run(state="absent"))
    assert not changed(world.run(state="absent"))
    assert DECLINE not in world.calls()


def test_leaving_right_after_accepting(world, fast):
    """AWS shows the administrator, and says that there is none to leave."""
    world.pending(WANTED)
    world.lag([LEAVE], fast)
    assert changed(world.run())
    assert changed(world.run(state="absent"))
    assert world.administrator() is None


def test_declining_whose_answer_was_lost_shows_late(world, fast):
    world.pending(WANTED)
    world.lag(READS, fast)
    world.fault(DECLINE, **LOST)
    assert changed(world.run(state="declined", aws_config=ONCE))
    assert [call["operation"] for call in world.writes()] == [DECLINE]


@pytest.mark.parametrize("lagging", [["InviteMembers"], READS, ["*"]], ids=["inviting", "reads", "all"])
def test_inviting_follows_on_creating(world, fast, lagging):
    world.control.seed(administrators=[WANTED])
    world.lag(lagging, fast)
    assert changed(members(world))
    assert world.control.member_status(WANTED, MEMBER, REGION) == "Invited"
    assert not [call for call in world.control.operations(account=WANTED) if call.startswith("Delete")]


@pytest.mark.parametrize("lagging", [["DeleteMembers"], READS, ["*"]], ids=["deleting", "reads", "all"])
def test_deleting_follows_on_disassociating(world, fast, lagging):
    world.member_of(WANTED)
    world.lag(lagging, fast)
    result = members(world, state="absent")
    assert changed(result) and result["members"][0]["member_status"] is None
    assert world.control.member_status(WANTED, MEMBER, REGION) is None


@pytest.mark.parametrize("state, before, operation", [
    ("invited", None, "CreateMembers"),
    ("invited", "Created", "InviteMembers"),
    ("absent", "Enabled", "DisassociateMembers"),
    ("absent", "Created", "DeleteMembers"),
])  # fmt: skip
@pytest.mark.parametrize("retries", [ONCE, TWICE], ids=["once", "retried"])
def test_what_the_administrator_writes_and_is_not_answered_shows_late(world, fast, state, before, operation, retries):
    """What was to follow follows."""
    world.control.seed(administrators=[WANTED])
    if before:
        world.member_of(WANTED, status=before)
    world.lag(READS, fast)
    world.fault(operation, **LOST)
    result = members(world, state=state, aws_config=retries)
    assert changed(result)
    assert world.control.member_status(WANTED, MEMBER, REGION) == result["members"][0]["member_status"] == ("Invited" if state == "invited" else None)


def test_a_second_run_right_after_the_first_has_created_and_invited(world, fast):
    world.control.seed(administrators=[WANTED])
    world.lag(READS, fast)
    assert changed(members(world))
    world.control.clear_calls()
    second = members(world)
    # What it reads, at once or later, may be the instant between creating and inviting; nobody could know then that the account has been invited
    assert not changed(second) or "InviteMembers" in world.control.operations(account=WANTED)
    assert world.control.member_status(WANTED, MEMBER, REGION) == "Invited"


SETTINGS = {"auto_enable_controls": False, "control_finding_generator": "STANDARD_CONTROL", "tags": {"team": "blue"}}


@pytest.mark.parametrize("lagging", [["UpdateSecurityHubConfiguration"], ["ListTagsForResource"], READS, ["*"]], ids=["settings", "tags", "reads", "all"])
def test_a_hub_is_set_right_after_it_was_enabled(world, fast, lagging):
    world.lag(lagging, fast)
    assert changed(hub(world, **SETTINGS))
    found = world.control.state(MEMBER, REGION)["hub"]
    assert (found["AutoEnableControls"], found["ControlFindingGenerator"], found["Tags"]) == (False, "STANDARD_CONTROL", {"team": "blue"})


@pytest.mark.parametrize("retries", [ONCE, TWICE], ids=["once", "retried"])
@pytest.mark.parametrize("operation", ["EnableSecurityHub", "UpdateSecurityHubConfiguration", "TagResource", "UntagResource", "DisableSecurityHub"])
def test_what_is_written_about_a_hub_and_not_answered_shows_late(world, fast, operation, retries):
    if operation != "EnableSecurityHub":
        world.control.seed(hubs=[{"account_id": MEMBER, "tags": {"old": "x"}}])
    world.lag(READS, fast)
    world.fault(operation, **LOST)
    absent = operation == "DisableSecurityHub"
    assert changed(hub(world, aws_config=retries, **({"state": "absent"} if absent else SETTINGS)))
    found = world.control.state(MEMBER, REGION)["hub"]
    assert (found is None) if absent else (found["Tags"] == {"team": "blue"} and found["AutoEnableControls"] is False)
