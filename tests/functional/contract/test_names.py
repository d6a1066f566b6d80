# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Old and new names of the calls: AWS tells policy writers to keep the old ones."""

from __future__ import annotations

import pytest

from .conftest import ONCE
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import DELETE
from .test_states import GET
from .test_states import LEAVE
from .test_states import LIST

OLDER = {GET: "GetMasterAccount", ACCEPT: "AcceptInvitation", LEAVE: "DisassociateFromMasterAccount"}


def prepare(world, operation):
    """A situation in which an operation is called, and the options of the task that calls it."""
    if operation == LEAVE:
        world.member_of(WANTED)
        return {"state": "absent"}
    world.pending(WANTED)
    return {}


@pytest.mark.parametrize("operation", OLDER)
def test_older_name_where_the_current_one_is_denied(world, operation):
    """A policy that knows only the older name is enough."""
    options = prepare(world, operation)
    world.fault(operation, deny=True)
    assert world.run(**options)["changed"]
    calls = world.calls()
    assert calls[calls.index(operation) + 1] == OLDER[operation]
    assert world.administrator() == (None if options else WANTED)


def test_only_older_names(world):
    """A policy written long ago: all three pairs at once, and the result is the same."""
    world.pending(WANTED)
    world.fault(list(OLDER), deny=True)
    accepted = world.run()
    assert accepted["administrator"] == world.run()["administrator"]
    assert world.run(state="absent")["changed"]
    assert world.administrator() is None
    assert set(OLDER.values()) <= set(world.calls())


@pytest.mark.parametrize("operation", OLDER)
def test_both_names_denied(world, operation):
    """access_denied, and the message names both actions, of which either is enough."""
    options = prepare(world, operation)
    world.fault([operation, OLDER[operation]], deny=True)
    result = world.run(**options)
    assert result["error"]["reason"] == "access_denied"
    assert result["error"]["operation"] == operation
    assert f"securityhub:{operation} or securityhub:{OLDER[operation]}" in result["msg"]
    assert not result["changed"]


@pytest.mark.parametrize("operation", OLDER)
@pytest.mark.parametrize("code", ["InvalidInputException", "InternalException", "ResourceConflictException"])
def test_older_name_is_not_for_other_failures(world, clock, operation, code):
    """Only a denial makes the older name worth a try."""
    options = prepare(world, operation)
    world.fault(operation, times=None, error={"code": code, "message": "No"})
    assert world.run(aws_config=ONCE, **options)["failed"]
    assert OLDER[operation] not in world.calls()


def test_denial_in_other_words(world):
    """InvalidAccessException that speaks of permission is a denial as well."""
    world.pending(WANTED)
    world.fault(GET, times=None, error={"code": "InvalidAccessException", "message": "The account does not have permission"})
    assert world.run()["changed"]
    assert world.calls() == [GET, OLDER[GET], LIST, ACCEPT]


@pytest.mark.parametrize("answer", ["empty", "ResourceNotFoundException", "AccessDeniedException", "BadRequestException"])
def test_none_under_the_older_name(world, answer):
    """No administrator has four shapes under the older name too."""
    world.pending(WANTED)
    world.fault(GET, deny=True)
    world.control.settings(no_administrator_answer=answer)
    assert world.run()["changed"]


@pytest.mark.parametrize("operation, state", [(LIST, "accepted"), (DELETE, "absent"), ("DeclineInvitations", "declined")])
def test_calls_with_one_name(world, operation, state):
    """The others have one name, and the message names that action."""
    world.pending(WANTED)
    world.fault(operation, deny=True)
    result = world.run(state=state)
    assert result["error"]["reason"] == "access_denied"
    assert f"Allow securityhub:{operation} to" in result["msg"]
    assert not result["changed"]
