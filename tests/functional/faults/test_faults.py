# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong with whatever call: the result tells the truth, no other region is touched, and the next run puts it right.

A sample of the matrix; with FAULTS=all in the environment all of it.
"""

from __future__ import annotations

import os
import re

import pytest

from .cells import FAULTY
from .cells import HEALTHY
from .cells import Cell
from .cells import all_cells
from .cells import state_of
from .conftest import Run
from .conftest import Story

IS_WRITE = re.compile(r"Accept|Batch|Disassociate|Decline|Delete|Create|Invite(?!d)|Enable|Disable|Update|Tag|Untag")
# An attempt after the longest wait, reading and asking what has happened; ten times as much on a busy machine
SLOWEST = 80
ANSWERED_BY_NOTHING = (
    "AcceptAdministratorInvitation",
    "DisassociateFromAdministratorAccount",
    "DisassociateMembers",
    "EnableSecurityHub",
    "DisableSecurityHub",
    "DeleteFindingAggregator",
    "UpdateSecurityHubConfiguration",
    "TagResource",
    "UntagResource",
)
SHARE = {True: 43, False: 149}  # of all cells one in so many, run directly and as modules


def nobody_could_know_better(cell: Cell) -> str | None:
    """Why a task can't tell what is the case: what went wrong is what AWS itself says to something else. None where it can."""
    if cell.call == "GetAdministratorAccount" and cell.fault in ("404", "empty"):
        return "AWS says so that there is no administrator."
    if cell.call in ("GetMembers", "DescribeHub", "ListFindingAggregators") and cell.fault == "404":
        return "AWS says so that there is no such member, no hub or no aggregator."
    if cell.fault == "empty" and cell.when == "before" and cell.call in ANSWERED_BY_NOTHING:
        return "AWS says so that the write has worked."
    if cell.is_write and cell.when == "after" and cell.fault in ("400", "403", "404", "throttled"):
        return "AWS says so that it has done nothing; what is the case then is taken for somebody else's work."
    return None


def chosen() -> list[tuple[Cell, bool]]:
    """The cells that are run, each with the way of running."""
    cells = all_cells()
    everything = os.environ.get("FAULTS") == "all"
    return [(cell, directly) for directly, share in SHARE.items() for cell in cells if everything or cell.number % share == 0]


CASES = chosen()


def outcome_in(run: Run, region: str) -> dict:
    """A region's part of a result."""
    return next(outcome for outcome in run.result["regions"] if outcome["region"] == region)


def writes_in(run: Run, region: str) -> list[dict]:
    """The calls in a region that change something."""
    return [call for call in run.calls if call["region"] == region and IS_WRITE.match(call["operation"])]


def check_region(cell: Cell, story: Story, number: int, region: str) -> None:
    """That a run tells of a region what AWS then holds."""
    run = story.runs[number]
    before = state_of(cell, story.runs[number - 1].states if number else story.before, region)
    after = state_of(cell, run.states, region)
    outcome = outcome_in(run, region)
    error = outcome.get("error")
    assert outcome["changed"] == (before != after), (before, after, error)
    if error:
        assert outcome.get("state", "unknown") == "unknown"
        return
    assert cell.task.goal(after, cell.accounts), after
    if "administrator" in outcome:
        assert (outcome["administrator"] and outcome["administrator"]["account_id"]) == after["administrator"]
    if cell.task.module == "securityhub_member":
        assert outcome["members"][0]["member_status"] == after["status"]
        assert outcome["members"][0]["previous_status"] == before["status"]
    if cell.task.module == "securityhub_member_info":
        assert [found["member_status"] for found in outcome["members"]] == [after["status"]]
    if cell.task.module == "securityhub_invitation_info":
        assert [found["account_id"] for found in outcome["invitations"]] == [cell.accounts["administrator"]]
        assert outcome["pending_count"] == 1
    if "hub" in outcome:
        assert (outcome["hub"] is None) == (after["hub"] is None)
    if outcome.get("hub") and "standards" in outcome["hub"]:
        assert sorted(found["name"] for found in outcome["hub"]["standards"] if found["status"] != "DELETING") == after["standards"]
    if "aggregator" in outcome:
        found = outcome["aggregator"]
        assert (found and (found["linking_mode"].upper(), found["linked_regions"])) == after["aggregator"]


def check_faulty_region(cell: Cell, story: Story) -> None:
    """That what went wrong is told by its name, in one short line, that the rest is true, and that no more was written than was needed."""
    run = story.runs[0]
    error = outcome_in(run, FAULTY).get("error") if run.result.get("regions") else run.result["error"]
    if error:
        assert error["reason"] in cell.reasons
        assert "defect" not in error["message"]
        assert "\n" not in error["message"] and len(error["message"]) < 1000
    if run.result.get("regions"):
        check_region(cell, story, 0, FAULTY)
    expected = cell.expected_writes
    assert {call["operation"] for call in writes_in(run, FAULTY)} <= set(expected)
    for operation in expected:
        made = [call for call in writes_in(run, FAULTY) if call["operation"] == operation]
        assert sum(not call["faults"] for call in made) <= 1, "one more than was needed"


@pytest.mark.parametrize("cell, directly", CASES, ids=[f"{cell}, {'directly' if directly else 'as a module'}" for cell, directly in CASES])
def test_cell(stories, cell, directly):
    """One square of the matrix."""
    story = stories.of(cell, directly)
    faulty, second, third = story.runs
    if faulty.result.get("regions"):
        for region in set(cell.regions) - {FAULTY}:
            assert "error" not in outcome_in(faulty, region) or cell.call == "AssumeRole"
            check_region(cell, story, 0, region)
        assert sorted(call["operation"] for call in writes_in(faulty, HEALTHY)) in ([], sorted(cell.task.writes))
    if not nobody_could_know_better(cell):
        check_faulty_region(cell, story)
    times = [call["time"] for call in faulty.calls]
    assert not times or max(times) - min(times) < SLOWEST
    for number, run in ((1, second), (2, third)):
        assert not run.result.get("failed"), run.result.get("msg")
        for region in cell.regions:
            check_region(cell, story, number, region)
    assert not third.result["changed"]
    assert not writes_in(third, HEALTHY) + writes_in(third, FAULTY)
