# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every interval and bound: retrying a call, polling, and checking a write whose answer was lost. Private to this collection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

from . import _errors as errors

# Between attempts of a call: 1 s at first, twice as long each time, 20 s at most; jittered from nothing to all of it
SLOWEST_RETRY = 20
# An ambiguous BadRequestException is asked again for as long as other calls are retried, in seconds
BAD_REQUEST_TIMEOUT = 30
# A hub that was enabled just now is asked for until it shows, in seconds
HUB_TIMEOUT = 10
_POLLS_AFTER_LOST_ANSWER = 3


class RetryPolicy(NamedTuple):
    """How often a call is made."""

    attempts: int
    # No attempt begins later than this after the first, in seconds; None: no such bound
    last_after: float | None


def with_retries(call: Callable[[], dict[str, Any]], policy: RetryPolicy) -> dict[str, Any]:
    """The result of a call that is made again where botocore's exception tells of throttling, a server error or a lost connection.

    call() makes one attempt. How many more than one were made is noted as botocore does it: RetryAttempts in ResponseMetadata.
    Raises the last attempt's exception.
    """
    began = time.monotonic()
    retries = 0
    while True:
        try:
            answer = call()
        except errors.FAILURES as e:
            errors.note_retries(getattr(e, "response", None), retries)
            delay = random.uniform(0, min(2**retries, SLOWEST_RETRY))
            is_late = policy.last_after is not None and time.monotonic() + delay - began > policy.last_after
            if is_late or retries + 1 >= policy.attempts or not errors.is_transient(e):
                raise
        else:
            errors.note_retries(answer, retries)
            return answer
        time.sleep(delay)
        retries += 1


class Poller:
    """Sleeps between polls, longer each time, until the timeout is used up. False where there is no timeout.

    timeout, first, slowest: in seconds. jitter: whether each sleep is shortened by up to a half.
    """

    def __init__(self, timeout: float, first: float = 1, slowest: float = 10, jitter: bool = False) -> None:
        self._timeout = timeout
        self._end = time.monotonic() + timeout
        self._delay = first
        self._slowest = slowest
        self._jitter = jitter

    def __bool__(self) -> bool:
        return self._timeout > 0

    def wait(self) -> bool:
        """Sleep until the next poll. Returns False, at once, where the time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(self._delay * (random.uniform(0.5, 1) if self._jitter else 1), left))
        self._delay = min(2 * self._delay, self._slowest)
        return True


def verify_write(write: Callable[[], object], has_happened: Callable[[], bool]) -> None:
    """Make a write; where its outcome is in doubt, ask whether it has happened. Raises the write's error if it has not.

    A request can have worked though its answer was lost, or though a retry of it was refused because the first try had worked.
    write() and has_happened() raise SecurityHubError.
    """
    try:
        write()
    except errors.SecurityHubError as error:
        if error.reason in (errors.ACCESS_DENIED, errors.ORGANIZATION_MANAGED):
            raise
        # A refusal is checked once; after a lost answer the effect may take a moment to show
        polls = _POLLS_AFTER_LOST_ANSWER if error.leaves_doubt else 1
        for seconds in range(polls):
            time.sleep(seconds)
            try:
                if has_happened():
                    return
            except errors.SecurityHubError:
                raise error from None
        raise
