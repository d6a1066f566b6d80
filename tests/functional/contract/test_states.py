# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every state in every starting situation, as a task and as a check, with the calls that are made and no others."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation_info

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import THIRD
from .conftest import WANTED
from .conftest import WRITES

GET, LIST, HUB = "GetAdministratorAccount", "ListInvitations", "DescribeHub"
ACCEPT, LEAVE = "AcceptAdministratorInvitation", "DisassociateFromAdministratorAccount"
DECLINE, DELETE = "DeclineInvitations", "DeleteInvitations"

SITUATIONS = {
    "nothing": lambda world: world.control.seed(hubs=[MEMBER]),
    "pending": lambda world: world.pending(WANTED),
    "pending from another": lambda world: world.pending(OTHER),
    "pending from several": lambda world: world.pending(OTHER, WANTED, THIRD),
    "accepted": lambda world: world.member_of(WANTED),
    "accepted, not listed": lambda world: (world.member_of(WANTED), world.control.settings(accepted_invitations="hidden")),
    "other administrator": lambda world: world.member_of(OTHER),
    "other administrator, pending": lambda world: (world.member_of(OTHER), world.pending(WANTED)),
    "resigned": lambda world: world.member_of(WANTED, status="Resigned"),
    "declined": lambda world: world.member_of(WANTED, status="Resigned", declined=True),
    "organization": lambda world: world.member_of(WANTED, organization=True),
    "other organization, pending": lambda world: (world.member_of(OTHER, organization=True), world.pending(WANTED)),
    "hub off": lambda world: world.member_of(WANTED, status="Invited", hub=False),
    "hub off, bad request": lambda world: (
        world.member_of(WANTED, status="Invited", hub=False),
        world.control.settings(hub_off_answer="BadRequestException"),
    ),
}


class Expected:
    """The result and the calls of a task."""

    def __init__(self, calls, administrator=None, changed=False, previous=None, reason=None):
        self.calls = calls
        self.administrator = administrator
        self.changed = changed
        self.previous = previous
        self.reason = reason


def fails(reason, calls, administrator=None):
    """A task that fails, having changed nothing."""
    return Expected(calls, administrator, reason=reason)


def unchanged(calls, administrator=None):
    """A task that finds everything as it was asked for."""
    return Expected(calls, administrator)


def changes(calls, administrator=None, previous=None):
    """A task that changes something."""
    return Expected(calls, administrator, changed=True, previous=previous)


HUB_OFF = {
    "hub off": fails("hub_not_enabled", [GET]),
    "hub off, bad request": fails("hub_not_enabled", [GET, HUB]),
}
ACCEPTED = {
    **HUB_OFF,
    "nothing": fails("invitation_not_found", [GET, LIST, GET]),
    "pending": changes([GET, LIST, ACCEPT], WANTED),
    "pending from another": fails("invitation_not_found", [GET, LIST, GET]),
    "pending from several": changes([GET, LIST, ACCEPT], WANTED),
    "accepted": unchanged([GET], WANTED),
    "accepted, not listed": unchanged([GET], WANTED),
    "other administrator": fails("different_administrator", [GET], OTHER),
    "other administrator, pending": fails("different_administrator", [GET], OTHER),
    "resigned": changes([GET, LIST, ACCEPT], WANTED),
    "declined": changes([GET, LIST, ACCEPT], WANTED),
    "organization": unchanged([GET], WANTED),
    "other organization, pending": fails("different_administrator", [GET], OTHER),
}
REPLACED = {
    **ACCEPTED,
    "other administrator": fails("invitation_not_found", [GET, LIST, GET], OTHER),
    "other administrator, pending": changes([GET, LIST, LEAVE, ACCEPT], WANTED, OTHER),
    "other organization, pending": fails("organization_managed", [GET, LIST, LEAVE], OTHER),
}
DECLINED = {
    **HUB_OFF,
    "nothing": unchanged([GET, LIST]),
    "pending": changes([GET, LIST, DECLINE]),
    "pending from another": unchanged([GET, LIST]),
    "pending from several": changes([GET, LIST, DECLINE]),
    "accepted": fails("already_accepted", [GET], WANTED),
    "accepted, not listed": fails("already_accepted", [GET], WANTED),
    "other administrator": unchanged([GET, LIST], OTHER),
    "other administrator, pending": changes([GET, LIST, DECLINE], OTHER),
    "resigned": unchanged([GET, LIST]),
    "declined": unchanged([GET, LIST]),
    "organization": fails("already_accepted", [GET], WANTED),
    "other organization, pending": changes([GET, LIST, DECLINE], OTHER),
}
ABSENT = {
    **HUB_OFF,
    "nothing": unchanged([GET, LIST]),
    "pending": changes([GET, LIST, DELETE]),
    "pending from another": unchanged([GET, LIST]),
    "pending from several": changes([GET, LIST, DELETE]),
    "accepted": changes([GET, LIST, LEAVE, DELETE], None, WANTED),
    "accepted, not listed": changes([GET, LIST, LEAVE, DELETE], None, WANTED),
    "other administrator": unchanged([GET, LIST], OTHER),
    "other administrator, pending": changes([GET, LIST, DELETE], OTHER),
    "resigned": changes([GET, LIST, DELETE]),
    "declined": changes([GET, LIST, DELETE]),
    "organization": fails("organization_managed", [GET, LIST, LEAVE], WANTED),
    "other organization, pending": changes([GET, LIST, DELETE], OTHER),
}
TASKS: dict[str, tuple[dict, dict]] = {
    "accepted": ({"state": "accepted"}, ACCEPTED),
    "accepted, replacing": ({"state": "accepted", "replace_administrator": True}, REPLACED),
    "declined": ({"state": "declined"}, DECLINED),
    "absent": ({"state": "absent"}, ABSENT),
}
# What only a write reveals, a check can't foresee.
FORESEEN_OTHERWISE = {
    ("accepted, replacing", "other organization, pending"): changes([GET, LIST], WANTED, OTHER),
    ("absent", "organization"): changes([GET, LIST], None, WANTED),
}
TABLE = [(task, situation) for task, (_options, expectations) in TASKS.items() for situation in expectations]


def account_of(administrator):
    """The account ID in an administrator of a result."""
    return administrator and administrator["account_id"]


def verify(result, options, expected):
    """The result is as expected, and the region's part of it agrees with the whole."""
    (outcome,) = result["regions"]
    assert outcome["region"] == REGION
    assert (result["changed"], outcome["changed"]) == (expected.changed, expected.changed)
    assert outcome["state"] == ("unknown" if expected.reason else options["state"])
    assert account_of(outcome["administrator"]) == expected.administrator
    assert account_of(outcome["previous_administrator"]) == expected.previous
    assert result["administrator"] == outcome["administrator"]
    assert bool(result.get("failed")) == bool(expected.reason)
    assert result.get("error", {}).get("reason") == expected.reason
    if expected.reason:
        assert outcome["error"] == result["error"]
        assert result["msg"] == result["error"]["message"]
        assert MEMBER in result["msg"] and REGION in result["msg"]
    else:
        assert "error" not in outcome and "msg" not in result


@pytest.mark.parametrize("task, situation", TABLE)
def test_task(world, task, situation):
    """The task does what its state means, by exactly these calls."""
    options, expectations = TASKS[task]
    expected = expectations[situation]
    SITUATIONS[situation](world)
    strangers = set(world.senders()) - {WANTED}
    result = world.run(**options)
    verify(result, options, expected)
    assert world.calls() == expected.calls
    # The one administrator's invitation is touched, and only that
    assert set(world.senders()) - {WANTED} == strangers
    assert all(set(call["params"].get("AccountIds", [WANTED])) == {WANTED} for call in world.writes())
    assert world.administrator() == (WANTED if situation == "organization" else expected.administrator)
    if options["state"] == "absent" and not expected.reason:
        assert WANTED not in world.senders()


@pytest.mark.parametrize("task, situation", TABLE)
def test_check(world, task, situation):
    """A check foretells the task's result, and writes nothing."""
    options, expectations = TASKS[task]
    expected = FORESEEN_OTHERWISE.get((task, situation), expectations[situation])
    SITUATIONS[situation](world)
    before = world.control.state(MEMBER, REGION)
    verify(world.run(check_mode=True, **options), options, expected)
    assert world.calls() == [call for call in expected.calls if call not in WRITES]
    assert world.control.state(MEMBER, REGION) == before


@pytest.mark.parametrize("task, situation", [entry for entry in TABLE if TASKS[entry[0]][1][entry[1]].changed])
def test_again(world, task, situation):
    """A task that has changed something finds nothing to change the next time, and writes nothing."""
    options, _expectations = TASKS[task]
    SITUATIONS[situation](world)
    assert world.run(**options)["changed"]
    world.control.clear_calls()
    result = world.run(**options)
    assert not result["changed"] and not result.get("failed")
    assert not world.writes()
    if options["state"] == "accepted":
        assert world.calls() == [GET]


def test_administrator_is_told_as_the_service_tells_it(world):
    """The administrator of a result has these four fields, and the accepted one is the one found by the next task."""
    world.pending(WANTED)
    accepted = world.run()["administrator"]
    assert set(accepted) == {"account_id", "invitation_id", "invited_at", "member_status"}
    assert accepted["invitation_id"] == world.invitation_id()
    assert accepted["member_status"] == "Enabled"
    assert world.run()["administrator"] == accepted


@pytest.mark.parametrize("answer", ["empty", "ResourceNotFoundException", "AccessDeniedException", "BadRequestException"])
def test_no_administrator_has_four_shapes(world, answer):
    """All of them mean none, and none of them makes the older twin or DescribeHub be called."""
    world.pending(WANTED)
    world.control.settings(no_administrator_answer=answer)
    assert world.run()["changed"]
    assert world.calls() == [GET, LIST, ACCEPT]


@pytest.mark.parametrize("answer", ["empty", "AccessDeniedException"])
def test_no_invitations_have_two_shapes(world, answer):
    """Both mean that there is none; a denial by IAM has another message."""
    world.control.seed(hubs=[MEMBER])
    world.control.settings(no_invitations_answer=answer)
    assert world.run()["error"]["reason"] == "invitation_not_found"
    assert not world.run(state="absent").get("failed")
    read = world.run_module(securityhub_invitation_info)
    assert not read.get("failed") and read["invitations"] == []
    world.fault(LIST, deny=True)
    assert world.run()["error"]["reason"] == "access_denied"


def test_ended_membership_is_no_administrator(world):
    """What the service may still show of a membership that has ended does not count as an administrator."""
    world.pending(WANTED)
    ended = {"AccountId": OTHER, "InvitationId": "0" * 32, "MemberStatus": "Resigned"}
    world.fault(GET, response={"Administrator": ended})
    assert world.run()["changed"]
    assert world.calls() == [GET, LIST, ACCEPT]


def test_all_pages_are_read(world):
    """The invitation is found on the last of several pages."""
    world.control.seed(hubs=[MEMBER], invitations=[{"account_id": MEMBER, "count": 120}])
    world.pending(WANTED)
    result = world.run()
    assert account_of(result["administrator"]) == world.administrator() == WANTED
    assert world.calls() == [GET, LIST, LIST, LIST, ACCEPT]


def test_newest_invitation_is_accepted(world):
    """Of several invitations of the administrator the newest counts, wherever it is listed."""
    world.pending(WANTED)
    old = {"AccountId": WANTED, "InvitationId": "0" * 32, "InvitedAt": "2020-01-01T00:00:00.000Z", "MemberStatus": "Invited"}
    new = {**old, "InvitationId": world.invitation_id(), "InvitedAt": "2026-01-01T00:00:00.500Z"}
    middle = {**old, "InvitationId": "1" * 32, "InvitedAt": "2026-01-01T00:00:00Z"}
    world.fault(LIST, response={"Invitations": [old, new, middle]})
    assert world.run()["administrator"]["invitation_id"] == new["InvitationId"]
    assert world.administrator() == WANTED


def test_invitation_id_spares_the_search(world):
    """The invitation named is accepted without looking it up."""
    world.pending(OTHER, WANTED)
    result = world.run(invitation_id=world.invitation_id())
    assert account_of(result["administrator"]) == world.administrator() == WANTED
    assert world.calls() == [GET, ACCEPT]


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("of_another", [False, True])
def test_invitation_id_that_does_not_fit(world, clock, of_another, check_mode):
    """An ID that nobody knows, or another sender's: invitation_not_found, and nothing is accepted."""
    world.pending(OTHER, WANTED)
    wrong = world.invitation_id(OTHER) if of_another else "0" * 32
    result = world.run(check_mode, invitation_id=wrong)
    assert result["error"]["reason"] == "invitation_not_found"
    assert wrong in result["msg"] and WANTED in result["msg"]
    assert not result["changed"]
    assert world.administrator() is None
    assert check_mode != bool(world.writes())


def test_replacing_with_a_wrong_invitation_id_leaves_nobody(world):
    """The invitation named is found before the old administrator is left, or nothing is done."""
    world.member_of(OTHER)
    world.pending(WANTED)
    result = world.run(invitation_id="0" * 32, replace_administrator=True)
    assert result["error"]["reason"] == "invitation_not_found"
    assert world.administrator() == OTHER
    assert not world.writes()


def test_unprocessed_account_is_an_error(world, clock):
    """Declining that leaves the account unprocessed did not work."""
    world.pending(WANTED)
    world.fault(DECLINE, times=None, response={"UnprocessedAccounts": [{"AccountId": WANTED, "ProcessingResult": "No reason."}]})
    result = world.run(state="declined")
    assert result["error"]["reason"] == "aws_error"
    assert "No reason." in result["error"]["message"]
    assert not result["changed"]


REFUSED = ["UnprocessedAccounts", "InvalidInputException", "InvalidAccessException", "AccessDeniedException"]


@pytest.mark.parametrize("refusal", REFUSED)
@pytest.mark.parametrize("situation", ["pending", "pending from several", "accepted", "resigned", "other administrator, pending"])
def test_an_invitation_that_only_administrators_may_delete_is_declined(world, clock, refusal, situation):
    """It remains, the result says so, and the next run finds nothing to change."""
    SITUATIONS[situation](world)
    world.control.settings(delete_invitations=refusal)
    was_declined = situation == "resigned"
    first = world.run(state="absent")
    assert not first.get("failed"), first["msg"]
    (outcome,) = first["regions"]
    assert (outcome["state"], outcome["invitation_remains"], outcome["changed"]) == ("absent", True, not was_declined)
    assert [call["operation"] for call in world.writes() if call["operation"] == DECLINE] == ([] if situation in ("resigned", "accepted") else [DECLINE])
    assert WANTED in world.senders() and world.administrator() in (None, OTHER)
    second = world.run(state="absent")
    assert clock.slept == 0, "a refusal leaves nothing in doubt"
    assert not second.get("failed") and second["changed"] is False
    assert second["regions"][0]["invitation_remains"] is True
    assert second["before"] == second["after"] and second["before"][REGION]["invitations"]


def test_a_deletion_that_worked_and_was_not_answered_declines_nothing(world, clock):
    """The list may show the invitation a moment longer."""
    world.pending(WANTED)
    listed = world.control.state(MEMBER, REGION)["invitations"][0]
    listed.pop("Declined")
    world.fault(DELETE, when="after", drop=True)
    world.fault(LIST, skip=1, times=2, response={"Invitations": [listed]})
    result = world.run(state="absent")
    assert result["changed"] and not result.get("failed")
    assert not result["regions"][0]["invitation_remains"]
    assert world.senders() == [] and DECLINE not in world.calls()


@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidAccessException", "InvalidInputException"])
@pytest.mark.parametrize("lost", [True, False], ids=["deleted by a lost answer", "not listed"])
def test_an_invitation_that_is_not_there_need_not_be_deleted(world, clock, code, lost):
    """Whatever AWS says of deleting it, "none" among it: the list tells."""
    refusal = {"code": code, "message": "The request is rejected since no such resource found"}
    if lost:
        world.pending(WANTED)
        world.fault(DELETE, when="after", drop=True)
    else:
        world.member_of(WANTED)
        world.fault(LIST, times=None, response={"Invitations": []})
    world.fault(DELETE, skip=int(lost), times=None, error=refusal)
    result = world.run(state="absent")
    assert result["changed"] and not result.get("failed"), result["msg"]
    assert result["regions"][0]["invitation_remains"] is False
    assert world.administrator() is None and DECLINE not in world.calls()


def test_a_refusal_is_told_also_where_the_rest_fails(world):
    """invitation_remains is true as soon as it is known."""
    world.member_of(WANTED)
    world.control.settings(delete_invitations="AccessDeniedException", declined_status="Invited")
    world.fault(LIST, skip=1, times=1, response={"Invitations": [{"AccountId": WANTED, "InvitationId": "0" * 32, "MemberStatus": "Invited"}]})
    world.fault(LIST, skip=2, times=None, error={"code": "InternalException", "message": "Oops"})
    world.fault(DECLINE, deny=True)
    result = world.run(state="absent", aws_config=ONCE)
    assert result["failed"] and result["changed"]
    assert result["regions"][0]["invitation_remains"] is True


def test_declining_what_can_not_be_deleted_may_be_answered_by_nobody(world, clock):
    """It worked all the same."""
    world.pending(WANTED)
    world.control.settings(delete_invitations="InvalidInputException")
    world.fault(DECLINE, when="after", error={"code": "InternalException", "message": "Oops"})
    result = world.run(state="absent", aws_config=ONCE)
    assert result["changed"] and not result.get("failed"), result["msg"]
    assert result["after"][REGION]["invitations"][0]["member_status"] == "Resigned"


def test_an_invitation_that_is_deleted_does_not_remain(world):
    """The result of the usual case, and of the check that predicts it."""
    world.pending(WANTED)
    assert [world.run(check_mode, state="absent")["regions"][0]["invitation_remains"] for check_mode in (True, False)] == [False, False]
    assert "invitation_remains" not in world.run(state="declined")["regions"][0]


@pytest.mark.parametrize("refusal", REFUSED)
def test_check_predicts_the_deletion(world, refusal):
    """Only the call itself shows that it is refused."""
    world.pending(WANTED)
    world.control.settings(delete_invitations=refusal)
    result = world.run(check_mode=True, state="absent")
    assert result["changed"] and not result["regions"][0]["invitation_remains"]
    assert not world.writes()


def test_declining_again_is_a_change_where_the_service_does_not_show_that_it_was_declined(world):
    """Nobody could know better."""
    world.pending(WANTED)
    world.control.settings(delete_invitations="UnprocessedAccounts", declined_status="Invited")
    for _twice in range(2):
        result = world.run(state="absent")
        assert result["changed"] and result["regions"][0]["invitation_remains"] and not result.get("failed")


@pytest.mark.parametrize(
    "fault, reason",
    [
        ({"deny": True}, "access_denied"),
        ({"error": {"code": "AccessDeniedException", "message": "An explicit deny in a policy"}}, "access_denied"),
        ({"error": {"code": "LimitExceededException", "message": "Slow down"}}, "limit_exceeded"),
        ({"error": {"code": "InternalException", "message": "Oops"}}, "internal_error"),
        ({"error": {"code": "ExpiredTokenException", "message": "Expired"}}, "credentials"),
        ({"drop": True}, "endpoint_unreachable"),
        ({"response": {"UnprocessedAccounts": [{"AccountId": WANTED, "ProcessingResult": "Internal error, try again"}]}}, "internal_error"),
    ],
    ids=["denied", "explicit deny", "throttled", "server error", "expired", "dropped", "unprocessed"],
)
def test_a_deletion_that_is_not_refused_but_fails_is_a_failure(world, clock, fault, reason):
    """Nothing is declined that nobody asked to be."""
    world.pending(WANTED)
    world.fault(DELETE, **{"times": None, **fault})
    result = world.run(state="absent", aws_config=ONCE)
    assert result["error"]["reason"] == reason
    assert (result["changed"], result["regions"][0]["invitation_remains"]) == (False, False)
    assert DECLINE not in world.calls()


def test_declining_what_can_not_be_deleted_can_fail_too(world):
    """Its own error is told."""
    world.member_of(WANTED)
    world.pending(OTHER)
    world.control.settings(delete_invitations="InvalidInputException", declined_status="Invited")
    world.fault(DECLINE, deny=True)
    result = world.run(state="absent", administrator_id=OTHER)
    assert (result["error"]["reason"], result["error"]["operation"]) == ("access_denied", DECLINE)
    assert result["changed"] is False


def test_diff_shows_before_and_after(world):
    """What diff mode shows is there whether something was changed or would be."""
    world.pending(WANTED)
    foretold = world.run(check_mode=True)
    done = world.run()
    assert done["before"] == foretold["before"] == {REGION: {"administrator": None}}
    assert done["after"] == foretold["after"]
    assert done["after"][REGION]["administrator"] == done["administrator"]


@pytest.mark.parametrize("state", ["declined", "absent"])
def test_diff_shows_the_invitations_that_are_gone_and_no_others(world, state):
    """They are gone once; the task after it has nothing to show."""
    world.pending(WANTED)
    first, second = [world.run(state=state) for _twice in range(2)]
    assert [invitation["account_id"] for invitation in first["before"][REGION]["invitations"]] == [WANTED]
    assert first["after"][REGION]["invitations"] == []
    assert not second["changed"] and second["before"] == second["after"]
