# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes whose outcome is not known: settled by asking what is the case, and never reported failed when they worked."""

from __future__ import annotations

import pytest

from .conftest import ONCE
from .conftest import OTHER
from .conftest import TWICE
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import DECLINE
from .test_states import DELETE
from .test_states import GET
from .test_states import LEAVE
from .test_states import LIST

SERVER_ERROR = {"error": {"code": "InternalException", "message": "Oops"}}
DROPPED = {"drop": True}
LOST = {"server error": SERVER_ERROR, "dropped": DROPPED}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("retries", [ONCE, TWICE], ids=["once", "retried, not found any more"])
def test_acceptance_that_worked_is_not_reported_failed(world, fault, retries):
    """The answer is lost after the effect; a retry finds the invitation gone. The administrator now tells."""
    world.pending(WANTED)
    world.fault(ACCEPT, when="after", **fault)
    result = world.run(aws_config=retries)
    assert result["changed"] and not result.get("failed")
    assert result["administrator"]["account_id"] == world.administrator() == WANTED
    assert world.calls() == [GET, LIST] + [ACCEPT] * (1 if retries is ONCE else 2) + [GET]


@pytest.mark.parametrize("when", ["before", "after"])
def test_acceptance_that_took_too_long_is_not_reported_failed(world, when):
    """The answer comes later than anybody waits for it; the effect may take a moment too."""
    world.pending(WANTED)
    world.fault(ACCEPT, when=when, delay=3)
    result = world.run(aws_config={**ONCE, "read_timeout": 2})
    assert result["changed"] and not result.get("failed")
    assert world.administrator() == WANTED


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_acceptance_is_tried_again(world, clock, fault):
    """A failure before the effect is retried, and that is all."""
    world.pending(WANTED)
    world.fault(ACCEPT, **fault)
    assert world.run(aws_config=TWICE)["changed"]
    assert world.calls() == [GET, LIST, ACCEPT, ACCEPT]


@pytest.mark.parametrize("fault, reason", [(SERVER_ERROR, "internal_error"), (DROPPED, "endpoint_unreachable")], ids=LOST)
def test_acceptance_that_did_not_work_is_reported_failed(world, clock, fault, reason):
    """Asked in vain, also a moment later, the acceptance has failed; nothing has changed."""
    world.pending(WANTED)
    world.fault(ACCEPT, times=None, **fault)
    result = world.run(aws_config=ONCE)
    assert result["failed"] and not result["changed"]
    assert result["error"]["reason"] == reason
    assert result["regions"][0]["state"] == "unknown"
    assert result["administrator"] is None
    assert world.calls() == [GET, LIST, ACCEPT] + [GET] * 5
    assert 8 < clock.slept <= 12


def test_answer_stays_unknown_where_nobody_can_be_asked(world):
    """Where asking fails too, the acceptance's own error is told."""
    world.pending(WANTED)
    world.fault(ACCEPT, **SERVER_ERROR)
    world.fault(GET, skip=1, times=None, error={"code": "LimitExceededException"})
    result = world.run(aws_config=ONCE)
    assert result["error"]["reason"] == "internal_error"
    assert result["error"]["operation"] == ACCEPT


def test_invitation_gone_meanwhile(world, clock):
    """Not found on accept, and not because it had been accepted: invitation_not_found, with AWS's words kept."""
    world.pending(WANTED)
    world.fault(ACCEPT, error={"code": "ResourceNotFoundException", "message": "No such invitation"})
    error = world.run()["error"]
    assert error["reason"] == "invitation_not_found"
    assert (error["code"], error["http_status"]) == ("ResourceNotFoundException", 404)
    assert "No such invitation" in error["message"]
    assert world.calls() == [GET, LIST, ACCEPT] + [GET] * 5, "it may have been accepted a moment ago"


def test_somebody_else_accepted_it_meanwhile(world, clock):
    """Another administrator where ours was to be: a failure."""
    world.pending(WANTED, OTHER)
    refusal = {"code": "InvalidInputException", "message": "The current account is already associated"}
    world.fault(ACCEPT, error=refusal)
    world.fault(GET, skip=1, response={"Administrator": {"AccountId": OTHER, "MemberStatus": "Enabled"}})
    result = world.run()
    assert result["error"]["reason"] == "invalid_input"
    assert not result["changed"]


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_leaving_that_worked_goes_on(world, fault):
    """The old administrator is gone though the answer was lost: the new one is accepted."""
    world.member_of(OTHER)
    world.pending(WANTED)
    world.fault(LEAVE, when="after", **fault)
    result = world.run(replace_administrator=True, aws_config=ONCE)
    assert result["changed"] and not result.get("failed")
    assert result["regions"][0]["previous_administrator"]["account_id"] == OTHER
    assert world.calls() == [GET, LIST, LEAVE, GET, ACCEPT]
    assert world.administrator() == WANTED


def test_leaving_that_did_not_work_changes_nothing(world, clock):
    """The old administrator stays, and is told as the present one."""
    world.member_of(OTHER)
    world.pending(WANTED)
    world.fault(LEAVE, times=None, **SERVER_ERROR)
    result = world.run(replace_administrator=True, aws_config=ONCE)
    assert result["error"]["reason"] == "internal_error"
    assert not result["changed"]
    assert result["administrator"]["account_id"] == world.administrator() == OTHER
    assert result["regions"][0]["previous_administrator"] is None
    assert ACCEPT not in world.calls()


def test_accepting_that_fails_after_leaving_is_told_plainly(world, clock):
    """The account has no administrator now: changed, and the message names the one that was left."""
    world.member_of(OTHER)
    world.pending(WANTED)
    world.fault(ACCEPT, times=None, error={"code": "InvalidInputException", "message": "No"})
    result = world.run(replace_administrator=True)
    assert result["failed"] and result["changed"]
    assert result["administrator"] is None and world.administrator() is None
    assert result["regions"][0]["previous_administrator"]["account_id"] == OTHER
    assert result["error"]["reason"] == "invalid_input"
    assert f"has left {OTHER}" in result["msg"]
    world.control.clear_faults()
    assert world.run(replace_administrator=True)["administrator"]["account_id"] == WANTED


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("retries", [ONCE, TWICE], ids=["once", "retried"])
@pytest.mark.parametrize("state, operation", [("declined", DECLINE), ("absent", DELETE), ("absent", LEAVE)])
def test_other_writes_that_worked_are_not_reported_failed(world, clock, state, operation, retries, fault):
    """What holds for accepting holds for declining, deleting and leaving."""
    if operation == LEAVE:
        world.member_of(WANTED)
    else:
        world.pending(WANTED)
    world.fault(operation, when="after", **fault)
    result = world.run(state=state, aws_config=retries)
    assert result["changed"] and not result.get("failed")
    assert world.administrator() is None
    assert (world.senders() == []) == (state == "absent")


def test_half_of_absent_is_told(world, clock):
    """Left, but the invitation could not be deleted: failed and changed."""
    world.member_of(WANTED)
    world.fault(DELETE, times=None, deny=True)
    result = world.run(state="absent")
    assert result["failed"] and result["changed"]
    assert result["error"]["reason"] == "access_denied"
    assert result["administrator"] is None
    assert result["regions"][0]["previous_administrator"]["account_id"] == WANTED
