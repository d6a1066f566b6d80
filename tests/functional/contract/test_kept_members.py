# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members that are not simply invited: of the organization, gone on purpose, suspended, or to be invited once more."""

from __future__ import annotations

import pytest

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import REGIONS
from .conftest import THIRD
from .conftest import WANTED
from .test_members import CREATE
from .test_members import DELETE
from .test_members import DISASSOCIATE
from .test_members import GET
from .test_members import INVITE
from .test_members import accounts
from .test_members import run
from .test_members import writes


@pytest.fixture(name="admin")
def _admin(world):
    """The emulated accounts, with an administrator that has no members."""
    world.control.seed(administrators=[WANTED])
    return world


def listed(world, status, account=MEMBER):
    """An account on the administrator's list, in a status."""
    world.control.seed(members=[{"account_id": account, "administrator": WANTED, "status": status}])


def of_organization(world, *account_ids):
    """Accounts of the organization whose delegated administrator the administrator is."""
    world.control.seed(organizations=[{"account_id": WANTED, "accounts": list(account_ids)}])


# --- The administrator's organization ---


def test_members_of_the_organization_are_not_invited(admin):
    """They are in force as soon as they are created; the others are invited. A second run changes nothing."""
    of_organization(admin, MEMBER)
    result = run(admin, [{"account_id": MEMBER}, {"account_id": OTHER}])
    assert not result.get("failed"), result["msg"]
    assert [(member["member_status"], member["changed"]) for member in result["members"]] == [("Enabled", True), ("Invited", True)]
    assert [call["params"]["AccountIds"] for call in admin.control.calls(operation=INVITE)] == [[OTHER]]
    assert run(admin, [{"account_id": MEMBER}, {"account_id": OTHER}])["changed"] is False


def test_only_members_of_the_organization(admin):
    """Nobody is left to be invited."""
    of_organization(admin, MEMBER)
    assert run(admin, [{"account_id": MEMBER}])["members"][0]["member_status"] == "Enabled"
    assert writes(admin) == [CREATE]


def test_a_member_of_the_organization_that_is_only_created(admin):
    """Its status says as much as is true."""
    of_organization(admin, MEMBER)
    result = run(admin, [{"account_id": MEMBER}], state="present")
    assert result["members"][0]["member_status"] == "Enabled"


def test_in_force_while_it_is_invited(admin):
    """An account that InviteMembers leaves out, since it is a member by then, is no error."""
    of_organization(admin, MEMBER)
    admin.fault(GET, skip=1, times=1, response={"Members": []})  # nobody sees that it is in force already
    result = run(admin, [{"account_id": MEMBER}])
    assert not result.get("failed"), result["msg"]
    assert writes(admin) == [CREATE, INVITE]
    assert result["members"][0]["member_status"] == "Enabled"


@pytest.mark.parametrize("refusals", ["accounts", "calls"])
@pytest.mark.parametrize("count", [1, 3, 120])
def test_what_is_refused_for_the_organization_is_refused_for_its_accounts_alone(admin, refusals, count):
    """Whether AWS leaves such accounts unprocessed or refuses the call, the others are invited, and each has its own reason."""
    admin.control.settings(organization_members="Created", organization_refusals=refusals)
    members = accounts(count)
    refused = [member["account_id"] for member in members[::60]]
    of_organization(admin, *refused)
    result = run(admin, members)
    assert result["error"]["reason"] == "organization_managed"
    failed = {member["account_id"]: member["error"]["reason"] for member in result["members"] if "error" in member}
    assert failed == dict.fromkeys(refused, "organization_managed") or count == 1
    assert sum(member["member_status"] == "Invited" for member in result["members"]) == (count - len(refused) if count > 1 else 0)
    # Halving what was refused comes to the account in question soon
    assert admin.control.count(account=WANTED)[INVITE] <= 30


@pytest.mark.parametrize("refusals", ["accounts", "calls"])
def test_members_of_the_organization_are_not_deleted(admin, refusals):
    """The others are, and the result says what became of each."""
    admin.control.settings(organization_refusals=refusals)
    admin.control.seed(members=[{"account_id": MEMBER, "administrator": WANTED, "status": "Enabled", "organization": True}])
    listed(admin, "Invited", OTHER)
    result = run(admin, [{"account_id": MEMBER}, {"account_id": OTHER}], state="absent", aws_config=ONCE)
    assert result["members"][0]["error"]["reason"] == "organization_managed"
    assert (result["members"][1]["member_status"], result["members"][1]["changed"]) == (None, True)
    assert result["changed"]
    assert result["msg"].startswith(
        f"All memberships have ended in account {WANTED}, region {REGION}, but 1 of 2 entries can't be deleted; the first of them, {MEMBER}: "
    )


def ended(world, status):
    """How the message begins where the membership has ended and the entry stays."""
    return f"The membership of {MEMBER} has ended in account {WANTED}, region {REGION}, but its entry ({status}) can't be deleted, "


@pytest.mark.parametrize("refusals", ["accounts", "calls"])
@pytest.mark.parametrize("before, status", [("Enabled", "Removed"), ("Removed", "Removed"), ("Resigned", "Resigned")])
def test_a_membership_that_has_ended_is_told_before_the_entry_that_stays(admin, before, status, refusals):
    """The member's message begins with it, and with one member the task's too. Nothing is left to do but to take it out of the list."""
    admin.control.settings(organization_refusals=refusals)
    admin.control.seed(members=[{"account_id": MEMBER, "administrator": WANTED, "status": before, "organization": True}])
    result = run(admin, [{"account_id": MEMBER}], state="absent")
    assert result["changed"] is (before == "Enabled")
    [member] = result["members"]
    assert (member["member_status"], member["error"]["reason"]) == (status, "organization_managed")
    for message in (result["msg"], result["error"]["message"], member["error"]["message"]):
        assert message.startswith(ended(admin, status) + "since the account belongs to the organization: ")
        assert "managed through AWS Organizations" in message
        assert message.endswith(f" No further step is needed: take {MEMBER} out of members.")
    assert writes(admin) == [DISASSOCIATE, DELETE] if before == "Enabled" else [DELETE]


def test_a_membership_that_ends_is_told_as_ended_though_aws_shows_it_late(admin, fast):
    """What the administrator reads may be older than its own write."""
    admin.control.seed(members=[{"account_id": MEMBER, "administrator": WANTED, "status": "Enabled", "organization": True}])
    admin.lag(GET, fast)
    result = run(admin, [{"account_id": MEMBER}], state="absent")
    assert result["changed"] and result["msg"].startswith(ended(admin, "Removed"))


def test_an_account_that_is_not_invited_is_not_told_to_have_ended(admin):
    """Its membership has, but that is not what was asked for."""
    admin.control.seed(members=[{"account_id": MEMBER, "administrator": WANTED, "status": "Removed", "organization": True}])
    result = run(admin, [{"account_id": MEMBER}])
    assert result["error"]["reason"] == "organization_managed" and "has ended" not in result["msg"]


def test_what_else_fails_is_not_told_as_an_entry_that_stays(admin):
    """Only where all that failed are such entries does the task's message begin with the end of all memberships."""
    admin.control.seed(members=[{"account_id": MEMBER, "administrator": WANTED, "status": "Enabled", "organization": True}])
    listed(admin, "Enabled", OTHER)
    refusal = {"UnprocessedAccounts": [{"AccountId": OTHER, "ProcessingResult": "No"}, {"AccountId": MEMBER, "ProcessingResult": "By your organization"}]}
    admin.fault(DELETE, times=None, response=refusal)
    result = run(admin, [{"account_id": MEMBER}, {"account_id": OTHER}], state="absent", aws_config=ONCE)
    assert result["msg"].startswith(f"2 of 2 members failed in account {WANTED}, region {REGION}; the first of them, {MEMBER}: " + ended(admin, "Removed"))
    assert "has ended" not in result["members"][1]["error"]["message"]


# --- reinvite ---


@pytest.mark.parametrize("status", ["Resigned", "Removed"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_who_has_left_is_let_go(admin, status, check_mode):
    """Unchanged and no failure; others are invited."""
    listed(admin, status)
    listed(admin, "Created", OTHER)
    result = run(admin, [{"account_id": MEMBER}, {"account_id": OTHER}], reinvite=False, check_mode=check_mode)
    assert not result.get("failed")
    assert [(member["member_status"], member["changed"]) for member in result["members"]] == [(status, False), ("Invited", True)]
    assert writes(admin) == ([] if check_mode else [INVITE])
    assert run(admin, [{"account_id": MEMBER}])["members"][0]["member_status"] == "Invited"


def test_who_has_left_is_removed_all_the_same(admin):
    """It is about inviting only."""
    listed(admin, "Resigned")
    assert run(admin, [{"account_id": MEMBER}], reinvite=False, state="absent")["changed"]
    assert writes(admin) == [DELETE]


# --- resend ---


@pytest.mark.parametrize("status, again", [("Invited", [INVITE]), ("Enabled", []), ("Created", [INVITE]), (None, [CREATE, INVITE])])
def test_one_more_invitation(admin, status, again):
    """Only who has one that was not accepted gets another."""
    if status:
        listed(admin, status)
    sent = admin.senders() and admin.invitation_id()
    result = run(admin, [{"account_id": MEMBER}], resend=True)
    assert result["changed"] is bool(again) and writes(admin) == again
    assert result["members"][0]["member_status"] == ("Enabled" if status == "Enabled" else "Invited")
    if status == "Invited":
        assert admin.invitation_id() != sent
        assert result["members"][0]["previous_status"] == "Invited" and result["members"][0]["changed"]
        assert not run(admin, [{"account_id": MEMBER}])["changed"]


def test_one_more_invitation_in_check_mode(admin):
    """It is foretold, and not sent."""
    listed(admin, "Invited")
    assert run(admin, [{"account_id": MEMBER}], resend=True, check_mode=True)["changed"]
    assert writes(admin) == []


def test_one_more_invitation_that_fails(admin):
    """The one that was sent before is no proof that this one was."""
    listed(admin, "Invited")
    admin.fault(INVITE, times=None, error={"code": "LimitExceededException", "message": "Rate exceeded"})
    result = run(admin, [{"account_id": MEMBER}], resend=True, aws_config=ONCE)
    assert result["failed"] and not result["changed"]
    assert result["members"][0]["error"]["reason"] == "limit_exceeded"


def test_one_more_invitation_whose_answer_is_lost(admin):
    """Its time tells that it was sent."""
    listed(admin, "Invited")
    sent = admin.invitation_id()
    admin.fault(INVITE, when="after", drop=True)
    result = run(admin, [{"account_id": MEMBER}], resend=True, aws_config=ONCE)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and admin.invitation_id() != sent


# --- Suspended accounts ---


@pytest.mark.parametrize("state", ["invited", "present"])
def test_suspended_accounts_are_named(admin, state):
    """Unchanged, with a warning that says so once for all regions."""
    admin.control.seed(members=[{"account_id": account, "administrator": WANTED, "status": "AccountSuspended"} for account in (MEMBER, OTHER)])
    listed(admin, "Enabled", THIRD)
    result = run(admin, [{"account_id": account} for account in (MEMBER, OTHER, THIRD)], state=state, regions=REGIONS)
    assert not result.get("failed") and not result["changed"]
    [warning] = result["warnings"]
    assert warning.startswith(f"In all 3 regions: Suspended by AWS, and left as they are: {MEMBER}, {OTHER}. ")
    assert "by hand" in warning


def test_suspended_accounts_are_removed(admin):
    """As any other, without a warning."""
    listed(admin, "AccountSuspended")
    result = run(admin, [{"account_id": MEMBER}], state="absent")
    assert result["changed"] and "warnings" not in result
    assert admin.control.member_status(WANTED, MEMBER, REGION) is None
