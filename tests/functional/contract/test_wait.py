# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting: for an invitation to arrive, and for an acceptance to be visible."""

from __future__ import annotations

import pytest

from .conftest import MEMBER
from .conftest import OTHER
from .conftest import REGION
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import GET
from .test_states import LIST

NOBODY: dict = {"response": {}}


def test_invitation_arrives_while_waiting(world, clock):
    """It is accepted as soon as it is there."""
    world.pending(WANTED)
    world.fault(LIST, times=2, response={"Invitations": []})
    result = world.run(wait=True)
    assert result["changed"] and not result.get("failed")
    assert result["administrator"]["account_id"] == world.administrator() == WANTED
    assert world.calls() == [GET, LIST, GET, LIST, GET, LIST, ACCEPT, GET]


def test_named_invitation_arrives_while_waiting(world, clock):
    """An older invitation of the same administrator is not what was waited for."""
    world.pending(WANTED)
    named = world.invitation_id()
    listed = {"AccountId": WANTED, "InvitationId": "0" * 32, "MemberStatus": "Invited"}
    world.fault(LIST, times=2, response={"Invitations": [listed]})
    result = world.run(wait=True, invitation_id=named)
    assert result["administrator"]["invitation_id"] == named
    assert world.calls() == [GET, LIST, GET, LIST, GET, LIST, ACCEPT, GET]


@pytest.mark.parametrize("options, seconds", [({}, 120), ({"wait_timeout": 300}, 300)], ids=["by default", "as asked for"])
def test_invitation_does_not_arrive(world, clock, options, seconds):
    """It is waited for as long as asked for, and the time-out says what was missing, and who has to do what."""
    world.control.seed(hubs=[MEMBER])
    result = world.run(wait=True, **options)
    assert 0.9 * seconds < clock.slept <= seconds
    assert result["error"]["reason"] == "timeout"
    assert f"within {seconds} s" in result["msg"]
    assert "No invitation" in result["msg"] and "InviteMembers" in result["msg"]
    assert "then rerun the task" in result["msg"] and "wait=true" not in result["msg"]
    assert all(word in result["msg"] for word in (WANTED, MEMBER, REGION))
    assert not result["changed"] and not world.writes()
    # Often at first, then less so
    assert 10 < world.calls().count(LIST) < 60


def test_acceptance_is_visible_later(world, clock):
    """The task ends when the account shows its new administrator."""
    world.pending(WANTED)
    world.fault(GET, times=3, **NOBODY)
    result = world.run(wait=True)
    assert result["administrator"]["account_id"] == WANTED
    assert world.calls() == [GET, LIST, ACCEPT, GET, GET, GET]


def test_acceptance_does_not_become_visible(world, clock):
    """Changed and failed; the message says what was done and what was missing."""
    world.pending(WANTED)
    world.fault(GET, times=None, **NOBODY)
    result = world.run(wait=True, wait_timeout=60)
    assert 50 < clock.slept <= 60
    assert result["error"]["reason"] == "timeout"
    assert result["changed"] and result["regions"][0]["changed"]
    assert "was accepted" in result["msg"] and "did not show" in result["msg"]
    assert all(word in result["msg"] for word in (WANTED, MEMBER, REGION))


def test_no_waiting_unless_asked(world):
    """Without wait, nothing is asked again after accepting."""
    world.pending(WANTED)
    assert world.run()["changed"]
    assert world.calls() == [GET, LIST, ACCEPT]


@pytest.mark.parametrize("check_mode", [False, True])
def test_nothing_to_wait_for(world, check_mode):
    """Already accepted: one call, as without waiting."""
    world.member_of(WANTED)
    assert not world.run(check_mode, wait=True)["changed"]
    assert world.calls() == [GET]


def test_check_does_not_wait(world, clock):
    """Nobody has sent what a check would wait for."""
    world.control.seed(hubs=[MEMBER])
    result = world.run(check_mode=True, wait=True)
    assert clock.slept == 0
    assert result["error"]["reason"] == "invitation_not_found"


def test_other_administrator_is_not_waited_for(world):
    """What waiting can't mend fails at once."""
    world.member_of(OTHER)
    result = world.run(wait=True)
    assert result["error"]["reason"] == "different_administrator"
    assert world.calls() == [GET]
