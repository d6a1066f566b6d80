# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Act in many regions at once: the outcome of every region is kept, and none is lost. Private to this collection."""

from __future__ import annotations

import collections
import contextlib
import copy
import logging
import queue
import threading
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from . import _errors as errors
from ._account import Account
from ._api import SecurityHubApi
from ._client import connections_at_once
from ._settings import read_settings

UNKNOWN = object()
Item = TypeVar("Item")


class Outcome:
    """What is known of one region so far: kept true at every step, so that it also holds where something fails half-way.

    fields: what the result has for the region, besides region, changed and error.
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
        """Let the task warn of something in this region. text: a sentence that does not name the region."""
        self.warnings.append(text)

    def update(self, changed: bool | None = None, **fields: Any) -> None:
        """Set fields and, unless it is None, changed."""
        self.fields.update(fields)
        if changed is not None:
            self.changed = changed


class TaskOutcome(NamedTuple):
    """What came of a task, as values.

    outcomes: of the regions, in the order asked; None where the task failed before any region was asked. error: why it did.
    promoted_fields: those that stand at the result's top level too, where there is only one region.
    regions_left_out: what find_regions() returned; None unless the task acted everywhere.
    secrets: what must not stand in the result.
    """

    outcomes: list[Outcome] | None
    error: errors.SecurityHubError | None = None
    promoted_fields: Sequence[str] = ()
    regions_left_out: list[str] | None = None
    secrets: Callable[[], Iterable[str]] = tuple


def run_in_regions(
    options: Mapping[str, Any], act: Callable[[SecurityHubApi, Outcome], None], initial_result: dict[str, Any], promoted_fields: Sequence[str]
) -> TaskOutcome:
    """Act in every region that the options ask for, as the account that they ask for.

    options: a module's validated options.
    act(api, outcome): acts in one region and keeps its Outcome up to date; raises SecurityHubError.
    initial_result: an outcome's fields while nothing is known. promoted_fields: as of TaskOutcome.
    Raises SecurityHubError (invalid_input) for options that can't work, before any call.
    """
    account = Account(read_settings(options))
    left_out: list[str] | None = None

    def outcomes_of_all() -> list[Outcome]:
        return [Outcome(region, copy.deepcopy(initial_result)) for region in account.regions]

    def act_in(outcome: Outcome) -> None:
        with _failure_in([outcome]):
            act(SecurityHubApi(account.session, outcome.region), outcome)

    try:
        with _SILENT_LIBRARY:
            account.check_role()
            outcomes = outcomes_of_all()
            with _failure_in(outcomes):
                account.session.sign_in()
            if not any(outcome.error for outcome in outcomes):
                account.check_caller()
                if account.acts_everywhere:
                    with _failure_in([]):
                        left_out = account.find_regions()
                    outcomes = outcomes_of_all()
                with _failure_in(outcomes):
                    _for_each(act_in, outcomes, account.session.stop)
    except errors.SecurityHubError as e:
        return TaskOutcome(None, e, secrets=account.session.secrets)
    return TaskOutcome(outcomes, None, promoted_fields, left_out, account.session.secrets)


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
