# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The form of a task's result: written from its outcome, and read again by the playbooks. Private to this collection."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from ._errors import SecurityHubError
from ._masking import masker
from ._masking import printable
from ._regions import UNKNOWN
from ._regions import Outcome
from ._regions import TaskOutcome

# The playbooks set it for their own tasks: errors in results are values then, which they put into the words of their readers
ERRORS_AS_VALUES = "CLOUDSEC_SECURITYHUB_ERRORS_AS_VALUES"


def write_result(task: TaskOutcome, diff_mode: bool = False) -> dict[str, Any]:
    """Return the result of a task, as it leaves for the playbook."""
    write = _writer(task)
    if task.error:
        error = write(task.error)
        regions: dict[str, Any] = {} if task.outcomes is None else {"regions": []}
        return {"changed": False, "failed": True, "error": error, "msg": error["message"], **regions}
    outcomes = task.outcomes or []
    groups = _group(outcomes)
    pointers = {outcome.region: group[0].region for group in groups for outcome in group[1:]}
    written = [_write_outcome(outcome, write, pointers.get(outcome.region)) for outcome in outcomes]
    result: dict[str, Any] = {"changed": any(outcome.changed for outcome in outcomes), "regions": written}
    if len(written) == 1:
        result.update((field, written[0][field]) for field in task.promoted_fields)
    if task.regions_left_out is not None:
        result["regions_left_out"] = task.regions_left_out
    warnings = _warnings(outcomes)
    if warnings:
        result["warnings"] = warnings
    if diff_mode and any(outcome.before is not UNKNOWN for outcome in outcomes):
        result["diff"] = {
            "before": {outcome.region: None if outcome.before is UNKNOWN else outcome.before for outcome in outcomes},
            "after": {outcome.region: _after(outcome) for outcome in outcomes},
        }
    result = printable(result, write)
    failures = [region for region in result["regions"] if "error" in region]
    if failures:
        messages = {outcome.region: written["error"]["message"] for outcome, written in zip(outcomes, result["regions"], strict=True) if outcome.error}
        result.update(failed=True, error=failures[0]["error"], msg=_message(groups, messages, len(outcomes)))
    return result


_Write = Callable[[SecurityHubError], "dict[str, Any]"]


def _writer(task: TaskOutcome) -> _Write:
    """Return a function that writes the task's errors, printable and without secrets."""
    with_values = ERRORS_AS_VALUES in os.environ
    mask = functools.cache(lambda: masker(task.secrets()))  # read where something failed
    return lambda error: printable(error.as_dict(mask(), with_values))


def _write_outcome(outcome: Outcome, write: _Write, pointer: str | None) -> dict[str, Any]:
    """Return a region's part of a result. pointer: the earlier region that failed alike."""
    result = {"region": outcome.region, "changed": outcome.changed, **outcome.fields}
    if outcome.error:
        result["error"] = write(outcome.error)
        if pointer:
            result["error"]["message"] = f"As in region {pointer}."
            if "parts" in result["error"]:
                result["error"].update(parts=None, as_in=pointer)
    return result


def _group(outcomes: list[Outcome]) -> list[list[Outcome]]:
    """Return the outcomes that failed, those that failed alike in a list each."""
    groups: dict[Any, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.error:
            groups.setdefault(outcome.error.kind, []).append(outcome)
    return list(groups.values())


def _message(groups: list[list[Outcome]], messages: Mapping[str, str], count: int) -> str:
    """Return the task's message: a line for each group of regions that failed alike. messages: as written, by region. count: of all regions."""
    if count == 1:
        return messages[groups[0][0].region]
    # The first of a group has the whole message
    lines = [f"{_name([outcome.region for outcome in group], count)}: {messages[group[0].region]}" for group in groups]
    return "\n".join([f"{len(messages)} of {count} regions failed", *lines])


def _warnings(outcomes: list[Outcome]) -> list[str]:
    """Return the warnings of all regions, each once."""
    regions: dict[str, list[str]] = {}
    for outcome in outcomes:
        for text in outcome.warnings:
            regions.setdefault(text, []).append(outcome.region)
    return [f"In {_name(names, len(outcomes))}: {text}" for text, names in regions.items()]


def _name(regions: list[str], count: int) -> str:
    """Return some regions as text. count: of all regions."""
    if len(regions) < count or count == 1:
        return ", ".join(regions)
    return "both regions" if count == 2 else f"all {count} regions"


def _after(outcome: Outcome) -> Any:
    """Return what diff mode shows. Where a region failed, it is as it was unless it was changed."""
    if outcome.after is not UNKNOWN:
        return outcome.after
    return None if outcome.changed or outcome.before is UNKNOWN else outcome.before


def with_whole_errors(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the regions of a result of the playbooks' own tasks, where no error points to another region's."""
    regions = {outcome["region"]: outcome for outcome in result.get("regions") or []}
    pointers = {region: (outcome.get("error") or {}).get("as_in") for region, outcome in regions.items()}
    parts = {region: {"parts": regions[pointer]["error"]["parts"], "as_in": None} for region, pointer in pointers.items() if pointer}
    return [{**outcome, "error": {**outcome["error"], **parts[region]}} if region in parts else outcome for region, outcome in regions.items()]


class Result:
    """A result of the playbooks' own tasks. It may have failed as a whole, or be missing (an empty one)."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        self._outcomes = {outcome["region"]: outcome for outcome in with_whole_errors(result)}
        failure = {"reason": "failed", **(result.get("error") or {}), "message": result.get("msg") or "The task has no result."}
        self._failure = SecurityHubError.from_dict(failure)

    def outcome(self, region: str) -> dict[str, Any]:
        """Return what is known of a region."""
        return self._outcomes.get(region, {})

    def error(self, region: str) -> SecurityHubError | None:
        """Return what failed in a region, or the task as a whole; None where nothing did."""
        if region not in self._outcomes:
            return self._failure
        error = self._outcomes[region].get("error")
        return SecurityHubError.from_dict(error) if error else None
