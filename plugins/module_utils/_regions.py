# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same function in many regions at once: every outcome is gathered, none is lost, and the result is made of them. Private to this collection."""

from __future__ import annotations

import collections
import contextlib
import copy
import logging
import queue
import re
import threading
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

from . import _errors as errors
from ._account import Account
from ._api import SecurityHubApi
from ._client import connections_at_once
from ._module import account_id_option
from ._result import as_in
from ._text import printable
from ._text import with_masked_messages

UNKNOWN = object()
Item = TypeVar("Item")


class Outcome:
    """What is known of one region so far: kept true at every step, so that it also holds where something fails half-way.

    fields: what the result tells of the region, besides region, changed and error.
    before, after: for diff mode; UNKNOWN until they are set.
    """

    def __init__(self, region: str, fields: dict[str, Any]) -> None:
        self.region = region
        self.changed = False
        self.fields = fields
        self.before: Any = UNKNOWN
        self.after: Any = UNKNOWN
        self.error: errors.SecurityHubError | None = None
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Let the task warn of something in this region. text: a sentence that says nothing of the region."""
        self.warnings.append(text)

    def update(self, changed: bool | None = None, **fields: Any) -> None:
        """Set fields and, unless it is None, changed."""
        self.fields.update(fields)
        if changed is not None:
            self.changed = changed

    def as_dict(self) -> dict[str, Any]:
        """The region's part of the result."""
        result = {"region": self.region, "changed": self.changed, **self.fields}
        return {**result, "error": self.error.as_dict()} if self.error else result


def run_in_regions(
    options: dict[str, Any], act: Callable[[SecurityHubApi, Outcome], None], initial_result: dict[str, Any], promoted_fields: Sequence[str]
) -> dict[str, Any]:
    """Act in every region that the options ask for, as the account that they ask for, and return the task's result.

    options: a module's validated options.
    act(api, outcome): acts in one region and keeps its Outcome up to date; raises SecurityHubError.
    initial_result: an outcome's fields while nothing is known.
    promoted_fields: those that stand at the result's top level too, where there is only one region.
    """
    try:
        if options.get("expected_account_id"):
            account_id_option(options, "expected_account_id")
        account = Account(options)
    except errors.SecurityHubError as e:
        return failure_result(e, regions=[])
    more: dict[str, Any] = {}

    def outcomes_of_all() -> list[Outcome]:
        return [Outcome(region, copy.deepcopy(initial_result)) for region in account.regions]

    def act_in(outcome: Outcome) -> None:
        with _failure_in([outcome]):
            act(SecurityHubApi(account, outcome.region), outcome)

    try:
        with _SILENT_LIBRARY:
            account.check_role()
            outcomes = outcomes_of_all()
            with _failure_in(outcomes):
                account.sign_in()
            if not any(outcome.error for outcome in outcomes):
                account.check_caller()
                if account.acts_everywhere:
                    with _failure_in([]):
                        more["regions_left_out"] = account.find_regions()
                    outcomes = outcomes_of_all()
                with _failure_in(outcomes):
                    _for_each(act_in, outcomes, account.stop)
    except errors.SecurityHubError as e:
        return failure_result(e, secrets=account.secrets())
    return {**result_of(outcomes, promoted_fields, account.secrets), **more}


def _for_each(act: Callable[[Item], None], items: list[Item], stop: Callable[[], None]) -> None:
    """Call act with every item: in threads, where there is more than one.

    What act raises is raised here, at once; so is what a signal's handler raises meanwhile. Before that, stop() is called.
    """
    if len(items) == 1:
        act(items[0])
        return
    left = collections.deque(items)
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            while True:
                try:
                    item = left.popleft()
                except IndexError:
                    break
                act(item)
        except BaseException as e:  # pylint: disable=broad-except
            ended.put(e)
        else:
            ended.put(None)

    try:
        started = _start(work, min(len(items), connections_at_once()))
        if not started:
            work()
        for _thread in range(started or 1):
            failure = ended.get()
            if failure:
                raise failure
    except BaseException:
        stop()
        raise


def _start(work: Callable[[], None], count: int) -> int:
    """Start as many threads as the system gives, and return how many that were. A process that ends does not wait for them."""
    for number in range(count):
        try:
            threading.Thread(target=work, daemon=True).start()
        except RuntimeError:
            return number
    return count


class _Silence:
    """Lets botocore log nothing while any task runs. It logs refusals whole, and Ansible's own log (log_path) would take them, with whatever secrets they echo.

    The event source runs tasks beside one another in one process.
    """

    def __init__(self) -> None:
        self._logger = logging.getLogger("botocore")
        self._lock = threading.Lock()
        self._tasks = 0
        self._before = True

    def __enter__(self) -> None:
        with self._lock:
            if not self._tasks:
                self._before, self._logger.propagate = self._logger.propagate, False
            self._tasks += 1

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            self._tasks -= 1
            if not self._tasks:
                self._logger.propagate = self._before


_SILENT_LIBRARY = _Silence()


@contextlib.contextmanager
def _failure_in(outcomes: list[Outcome]) -> Iterator[None]:
    """Keep what is raised as these outcomes' error; where there are none yet, raise it as the task's. A defect must not take the other outcomes with it."""
    try:
        yield
    except errors.SecurityHubError as e:
        error = e
    except Exception as e:  # pylint: disable=broad-except
        error = errors.unexpected(e)
    else:
        return
    if not outcomes:
        raise error
    for outcome in outcomes:
        outcome.error = error


def result_of(outcomes: list[Outcome], promoted_fields: Sequence[str], secrets: Callable[[], Iterable[str]] = tuple) -> dict[str, Any]:
    """The result of a task from its regions' outcomes. Its before and after, by region, are for diff mode.

    secrets(): what must not stand in it; asked for where something failed.
    """
    regions = [outcome.as_dict() for outcome in outcomes]
    if any(outcome.error for outcome in outcomes):
        regions = with_masked_messages(regions, secrets())
    regions = printable(regions)
    result = {"changed": any(outcome.changed for outcome in outcomes), "regions": regions}
    if any(outcome.before is not UNKNOWN for outcome in outcomes):
        before = {outcome.region: None if outcome.before is UNKNOWN else outcome.before for outcome in outcomes}
        result["before"] = printable(before)
        result["after"] = printable({outcome.region: _after(outcome, before[outcome.region]) for outcome in outcomes})
    if len(regions) == 1:
        result.update((field, regions[0][field]) for field in promoted_fields)
    warnings = _warnings(outcomes)
    if warnings:
        result["warnings"] = printable(warnings)
    failures = [region for region in regions if "error" in region]
    if failures:
        groups = _alike(failures)
        result.update(failed=True, error=failures[0]["error"], msg=_message(groups, len(outcomes)))
        for first, *others in groups:
            for other in others:
                other["error"]["message"] = as_in(first["region"])
    return result


def _warnings(outcomes: list[Outcome]) -> list[str]:
    """The warnings of all regions, each once."""
    regions: dict[str, list[str]] = {}
    for outcome in outcomes:
        for text in outcome.warnings:
            regions.setdefault(text, []).append(outcome.region)
    return [f"In {_named(names, len(outcomes))}: {text}" for text, names in regions.items()]


def _named(regions: list[str], asked: int) -> str:
    """Some regions of those asked for, in words."""
    return ", ".join(regions) if len(regions) < asked or asked == 1 else f"all {asked} regions"


def _message(groups: list[list[dict[str, Any]]], asked: int) -> str:
    """The task's message: a line for each group of regions that failed alike."""
    if asked == 1:
        return groups[0][0]["error"]["message"]
    lines = [f"{sum(map(len, groups))} of {asked} regions failed"]
    for group in groups:
        lines.append(f"{_named([failure['region'] for failure in group], asked)}: {group[0]['error']['message']}")
    return "\n".join(lines)


def _alike(failures: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The regions that failed, those that failed alike in a list each."""
    groups: list[list[dict[str, Any]]] = []
    for failure in failures:
        group = next((group for group in groups if _are_alike(group[0], failure)), None)
        if group:
            group.append(failure)
        else:
            groups.append([failure])
    return groups


def _are_alike(failure: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two regions failed for the same reason and with the same message, which may tell of their own names."""
    same_message = failure["error"]["message"] == other["error"]["message"] or _without_region(failure) == _without_region(other)
    return same_message and failure["error"]["reason"] == other["error"]["reason"]


def _without_region(failure: dict[str, Any]) -> str:
    return re.sub(rf"(?<![\w-]){re.escape(failure['region'])}(?![\w-])", "REGION", failure["error"]["message"])


def _after(outcome: Outcome, before: Any) -> Any:
    """What diff mode shows. Where a region failed, it is as it was unless it was changed."""
    if outcome.after is UNKNOWN:
        return None if outcome.changed else before
    return outcome.after


def failure_result(error: errors.SecurityHubError, secrets: Iterable[str] = (), **fields: Any) -> dict[str, Any]:
    """The result of a task that failed before any region was asked. secrets: what must not stand in it."""
    told = printable(with_masked_messages(error.as_dict(), secrets))
    return {"changed": False, "failed": True, "error": told, "msg": told["message"], **fields}
