# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one administrator to another, also where AWS holds the new invitation back until the old one is left."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member

from .conftest import MEMBER
from .conftest import OTHER
from .conftest import REGIONS
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import GET
from .test_states import LEAVE
from .test_states import LIST

REPLACE = {"replace_administrator": True}
LEAVE_FIRST = {"replace_administrator": True, "leave_first": True}


@pytest.fixture(name="held")
def _held(world):
    """A member of another administrator, whose new invitation AWS holds back until it has left."""
    world.member_of(OTHER)
    world.control.settings(other_invitations="hidden")
    world.pending(WANTED)
    return world


@pytest.fixture(name="dropped")
def _dropped(world):
    """A member of another administrator, whose new invitation AWS has dropped."""
    world.member_of(OTHER)
    world.control.settings(other_invitations="dropped")
    invite(world)
    world.control.clear_calls()
    return world


def invite(world, **options):
    """The result of inviting the member as the new administrator."""
    world.control.seed(hubs=[WANTED])
    return world.run_module(securityhub_member, assume_role_arn=world.role(WANTED), members=[{"account_id": MEMBER}], **options)


def test_an_invitation_that_is_held_back(held):
    """Without leave_first, nothing is written, and the message names what would help."""
    result = held.run(**REPLACE)
    assert result["error"]["reason"] == "invitation_not_found" and not result["changed"]
    assert all(words in result["msg"] for words in ("AWS may hold it back", OTHER, "leave_first=true", WANTED, MEMBER))
    assert held.administrator() == OTHER and not held.writes()


def test_waiting_does_not_help(held, clock):
    """A time-out names it too."""
    result = held.run(**REPLACE, wait=True)
    assert result["error"]["reason"] == "timeout" and "leave_first=true" in result["msg"]
    assert not held.writes()


def test_leaving_first(held):
    """The other administrator is left, then the invitation is found and accepted."""
    result = held.run(**LEAVE_FIRST)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and result["administrator"]["account_id"] == held.administrator() == WANTED
    assert result["regions"][0]["previous_administrator"]["account_id"] == OTHER
    assert held.calls() == [GET, LIST, LEAVE, LIST, ACCEPT]
    assert not held.run(**LEAVE_FIRST)["changed"]


def test_an_invitation_that_is_listed_is_found_first(world):
    """Nothing is given up earlier than need be."""
    world.member_of(OTHER)
    world.pending(WANTED)
    assert world.run(**LEAVE_FIRST)["changed"]
    assert world.calls() == [GET, LIST, LEAVE, ACCEPT]


@pytest.mark.parametrize("options", [{}, {"wait": True, "wait_timeout": 60}], ids=["at once", "waiting"])
def test_it_does_not_come(dropped, clock, options):
    """The result tells that the account has left, and the next run accepts what is sent then."""
    result = dropped.run(**LEAVE_FIRST, **options)
    assert result["failed"] and result["changed"]
    assert result["error"]["reason"] == ("timeout" if options else "invitation_not_found")
    assert f"has left {OTHER} already" in result["msg"] and "rerun the task" in result["msg"]
    assert "leave_first" not in result["msg"]
    assert result["administrator"] is None
    assert result["regions"][0]["previous_administrator"]["account_id"] == OTHER
    assert dropped.administrator() is None
    assert clock.slept <= (60 if options else 0)
    invite(dropped, resend=True)
    assert dropped.run(**LEAVE_FIRST)["changed"]
    assert dropped.administrator() == WANTED


def test_it_comes_later(dropped, clock):
    """It is waited for."""
    dropped.control.settings(other_invitations="delivered")
    dropped.pending(WANTED)
    dropped.fault(LIST, times=4, response={"Invitations": []})
    result = dropped.run(**LEAVE_FIRST, wait=True)
    assert not result.get("failed"), result["msg"]
    assert dropped.calls()[:3] == [GET, LIST, LEAVE]
    assert dropped.administrator() == WANTED


def test_the_one_that_was_left_still_shows(held, fast):
    """For a moment it counts neither as the administrator nor as a reason to wait for nothing."""
    held.lag(GET, fast)
    result = held.run(**LEAVE_FIRST)
    assert not result.get("failed"), result["msg"]
    assert held.administrator() == WANTED
    assert held.calls().count(LEAVE) == 1


def test_the_one_that_was_left_is_not_told_as_the_administrator(dropped, fast):
    """Also where it still shows when no invitation is found."""
    dropped.lag(GET, fast)
    result = dropped.run(**LEAVE_FIRST)
    assert result["error"]["reason"] == "invitation_not_found"
    assert result["administrator"] is None and "leave_first" not in result["msg"]


def test_a_named_invitation(held):
    """It is accepted after leaving, without a look-up that could miss it."""
    held.control.settings(other_invitations="delivered")
    named = held.invitation_id()
    held.control.settings(other_invitations="hidden")
    result = held.run(**LEAVE_FIRST, invitation_id=named)
    assert result["administrator"]["invitation_id"] == named
    assert held.calls() == [GET, LIST, LEAVE, ACCEPT]


def test_check_mode(held):
    """Changed, with a warning for all regions that could not be looked into."""
    held.member_of(OTHER, regions=REGIONS)
    result = held.run(check_mode=True, **LEAVE_FIRST, regions=REGIONS)
    assert result["changed"] and not held.writes()
    assert [outcome["administrator"]["account_id"] for outcome in result["regions"]] == [WANTED] * 3
    assert [outcome["previous_administrator"]["account_id"] for outcome in result["regions"]] == [OTHER] * 3
    assert result["warnings"] == [f"In all 3 regions: The invitation from {WANTED} can't be looked for: AWS may hold it back until {OTHER} is left."]


def test_check_mode_where_it_is_listed(world):
    """There is nothing to warn of."""
    world.member_of(OTHER)
    world.pending(WANTED)
    result = world.run(check_mode=True, **LEAVE_FIRST)
    assert result["changed"] and "warnings" not in result


def test_leaving_first_without_replacing(world):
    """It would leave somebody whom nobody has allowed to leave."""
    world.member_of(OTHER)
    result = world.run(leave_first=True)
    assert result["error"]["reason"] == "invalid_input" and "replace_administrator" in result["msg"]
    assert not world.control.calls()
