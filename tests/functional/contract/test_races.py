# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once on the same account: no failure, and each tells as changed what it has changed itself, no more and no less."""

from __future__ import annotations

import concurrent.futures

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import TWICE
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import GET
from .test_states import LIST

LOST = {"when": "after", "drop": True}
NOT_FOUND = {"error": {"code": "ResourceNotFoundException", "message": "No such invitation"}}


def at_once(world, module, together, **options):
    """The results of two runs, none of which goes on from an operation before the other one has come there too."""
    world.fault(together, times=2, together=2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(world.run_module, module, **options) for _each in range(2)]
        results = [run.result() for run in runs]
    for result in results:
        assert not result.get("failed"), result["msg"]
    return results


def effective(world, operation):
    """How many calls of an operation AWS has answered without an error."""
    return sum(call["status"] == 200 for call in world.control.calls(operation=operation))


INVITATIONS: dict[str, tuple] = {
    "accepted": (lambda world: world.pending(WANTED), {"state": "accepted"}, ACCEPT, 1),
    "replaced": (lambda world: (world.member_of(OTHER), world.pending(WANTED)), {"replace_administrator": True}, "DisassociateFromAdministratorAccount", None),
    "left": (lambda world: world.member_of(WANTED), {"state": "absent"}, "DisassociateFromAdministratorAccount", None),
    "deleted": (lambda world: world.pending(WANTED), {"state": "absent"}, "DeleteInvitations", 1),
    "declined": (lambda world: world.pending(WANTED), {"state": "declined"}, "DeclineInvitations", 2),
}


@pytest.mark.parametrize("situation", INVITATIONS)
@pytest.mark.parametrize("together", ["before reading", "before writing"])
def test_two_runs_of_the_account(world, fast, situation, together):
    prepare, options, write, changes = INVITATIONS[situation]
    prepare(world)
    results = at_once(world, securityhub_invitation, GET if together == "before reading" else write, administrator_id=WANTED, **options)
    assert world.administrator() == (WANTED if options.get("state", "accepted") == "accepted" else None)
    if changes and together == "before writing":
        assert sum(result["changed"] for result in results) == changes, "declining twice is done twice, as AWS sees it"
    assert any(result["changed"] for result in results)
    for result in results:
        assert (result["administrator"] and result["administrator"]["account_id"]) == world.administrator()


MEMBERS: dict[str, tuple] = {
    "created": (None, {"state": "present"}, "CreateMembers", 1, "Created"),
    "created and invited": (None, {"state": "invited"}, "CreateMembers", None, "Invited"),
    "disassociated": ("Enabled", {"state": "absent"}, "DisassociateMembers", None, None),
    "deleted": ("Created", {"state": "absent"}, "DeleteMembers", 1, None),
}


@pytest.mark.parametrize("situation", MEMBERS)
def test_two_runs_of_the_administrator(world, fast, situation):
    before, options, write, changes, after = MEMBERS[situation]
    world.control.seed(administrators=[WANTED])
    if before:
        world.member_of(WANTED, status=before)
    options = {"members": [{"account_id": MEMBER}], "assume_role_arn": world.role(WANTED), **options}
    results = at_once(world, securityhub_member, write, **options)
    assert world.control.member_status(WANTED, MEMBER, REGION) == after
    assert [result["members"][0]["member_status"] for result in results] == [after, after]
    if changes:
        assert sum(result["changed"] for result in results) == changes
    assert any(result["changed"] for result in results)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_two_runs_on_a_hub(world, fast, state):
    if state == "absent":
        world.control.seed(hubs=[MEMBER])
    write = "EnableSecurityHub" if state == "present" else "DisableSecurityHub"
    results = at_once(world, securityhub_hub, write, state=state)
    assert sorted(result["changed"] for result in results) == [False, True]
    assert bool(world.control.state(MEMBER, REGION)["hub"]) == (state == "present")
    assert effective(world, write) == 1


def test_an_acceptance_by_somebody_else_is_not_this_run_s_change(world):
    """It came between reading and writing: the only attempt was refused."""
    world.member_of(WANTED)
    world.fault(GET, response={})
    result = world.run()
    assert not result.get("failed") and result["changed"] is False
    assert world.calls() == [GET, LIST, ACCEPT, GET]


@pytest.mark.parametrize("refusal", [NOT_FOUND, {"deny": True}, {"error": {"code": "InvalidInputException", "message": "Already a member"}}])
def test_a_refusal_of_the_second_attempt_is_this_run_s_change(world, clock, refusal):
    """The first one was made, and its answer was lost."""
    world.pending(WANTED)
    world.fault([ACCEPT, "AcceptInvitation"], **LOST)
    world.fault([ACCEPT, "AcceptInvitation"], **{"times": None, **refusal})
    result = world.run(aws_config=TWICE)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True


def test_a_refusal_of_the_second_attempt_under_the_older_name_is_this_run_s_change_too(world, clock):
    """The current name is denied at once; the first attempt under the older one was made, and its answer was lost."""
    world.pending(WANTED)
    world.fault(ACCEPT, times=None, deny=True)
    world.fault("AcceptInvitation", **LOST)
    world.fault("AcceptInvitation", **{"times": None, **NOT_FOUND})
    result = world.run(aws_config=TWICE)
    assert result["changed"] is True and result["administrator"]["account_id"] == WANTED


def test_a_refusal_under_the_older_name_is_this_run_s_change_too(world, clock):
    """The current name is denied, after an attempt that was made and whose answer was lost."""
    world.pending(WANTED)
    world.fault(ACCEPT, **LOST)
    world.fault(ACCEPT, deny=True)
    result = world.run(aws_config=TWICE)
    assert result["changed"] is True and result["administrator"]["account_id"] == WANTED
    assert world.calls() == [GET, LIST, ACCEPT, ACCEPT, "AcceptInvitation", GET]


def twins(world, *invitation_ids):
    """What ListInvitations answers to: these invitations of one administrator, the newest last."""
    found = [
        {"AccountId": WANTED, "InvitationId": invitation_id, "MemberStatus": "Invited", "InvitedAt": f"2026-01-0{number}T00:00:00Z"}
        for number, invitation_id in enumerate(invitation_ids, 1)
    ]
    world.fault(LIST, times=None, response={"Invitations": found})


def test_of_two_invitations_the_newest_is_dead(world):
    world.pending(WANTED)
    good = world.invitation_id()
    twins(world, good, "0" * 32)
    result = world.run()
    assert result["changed"] and result["administrator"]["invitation_id"] == good
    assert world.calls() == [GET, LIST, ACCEPT, ACCEPT]


def test_of_two_invitations_both_are_dead(world, clock):
    world.control.seed(hubs=[MEMBER], administrators=[WANTED])
    twins(world, "1" * 32, "0" * 32)
    result = world.run()
    assert result["error"]["reason"] == "invitation_not_found" and not result["changed"]
    assert [call["params"]["InvitationId"] for call in world.writes()] == ["0" * 32, "1" * 32]


def test_another_invitation_is_no_way_around_a_refusal(world, clock):
    """Only one that does not exist any more leads to the next."""
    world.pending(WANTED)
    twins(world, world.invitation_id(), "0" * 32)
    world.fault(ACCEPT, times=None, error={"code": "InvalidInputException", "message": "No"})
    assert world.run()["error"]["reason"] == "invalid_input"
    assert len(world.writes()) == 1


def test_the_one_that_was_named_has_no_twin(world, clock):
    world.pending(WANTED)
    twins(world, world.invitation_id(), "0" * 32)
    assert world.run(invitation_id="0" * 32, wait=True)["error"]["reason"] == "invitation_not_found"


def members(world, *account_ids, **options):
    """The result of securityhub_member, as the administrator."""
    members_to_be = [{"account_id": account_id} for account_id in account_ids]
    return world.run_module(securityhub_member, assume_role_arn=world.role(WANTED), members=members_to_be, **options)


@pytest.mark.parametrize("state", ["invited", "present", "absent"])
def test_a_member_that_could_not_be_looked_at_is_not_taken_for_none(world, state):
    """GetMembers leaves it unprocessed; the list of all members tells."""
    world.member_of(WANTED)
    world.fault("GetMembers", response={"Members": [], "UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": "Internal error"}]})
    result = members(world, MEMBER, state=state, check_mode=True)
    assert result["members"][0]["previous_status"] == "Enabled"
    assert result["changed"] == (state == "absent")


def test_where_the_list_is_denied_nothing_is_made_up_either(world):
    world.member_of(WANTED)
    world.fault("GetMembers", times=None, response={"Members": [], "UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": "Internal error"}]})
    world.fault("ListMembers", deny=True)
    result = members(world, MEMBER)
    assert result["error"]["reason"] == "access_denied" and "securityhub:ListMembers" in result["msg"]
    assert "CreateMembers" not in world.control.operations(account=WANTED)


@pytest.mark.parametrize("said", ["Account is not a member", "The account is not associated with this administrator", "No such member", "not found"])
def test_an_account_that_is_no_member_is_created(world, said):
    world.control.seed(administrators=[WANTED])
    world.fault("GetMembers", response={"Members": [], "UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": said}]})
    assert members(world, MEMBER)["changed"]
    assert "ListMembers" not in world.control.operations(account=WANTED)


def test_a_member_of_the_organization_that_can_not_be_removed_is_told_unchanged(world, clock):
    """AWS says nothing to disassociating it, and refuses to delete it."""
    world.member_of(WANTED, organization=True)
    world.fault("DisassociateMembers", times=None, response={})
    result = members(world, MEMBER, state="absent")
    assert result["failed"] and not result["changed"]
    (member,) = result["members"]
    assert (member["member_status"], member["changed"], member["error"]["reason"]) == ("Enabled", False, "organization_managed")
    assert "has ended" not in member["error"]["message"]


def test_a_step_that_was_made_before_the_one_that_failed_is_told(world, clock):
    """Disassociated, but not deleted."""
    world.member_of(WANTED)
    world.fault("DeleteMembers", times=None, error={"code": "InternalException"})
    result = members(world, MEMBER, state="absent", aws_config=ONCE)
    assert result["failed"] and result["changed"]
    assert result["members"][0]["member_status"] == world.control.member_status(WANTED, MEMBER, REGION) == "Removed"


def test_an_enabling_that_is_refused_as_a_bad_request_is_not_told_as_a_hub_that_is_off(world, clock):
    world.fault("EnableSecurityHub", times=None, error={"code": "BadRequestException", "message": "No"})
    result = world.run_module(securityhub_hub)
    assert result["error"]["reason"] == "aws_error" and result["error"]["code"] == "BadRequestException"
    assert "Enable Security Hub" not in result["msg"] and not result["changed"]


def test_an_enabling_that_is_not_allowed_is_not_told_as_a_hub_that_is_off(world):
    world.fault("EnableSecurityHub", times=None, error={"code": "InvalidAccessException", "message": "Account is not subscribed"})
    assert world.run_module(securityhub_hub)["error"]["reason"] == "access_denied"
