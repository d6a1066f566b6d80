# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retrying a call, polling, and making a write whose answer may be lost, with their intervals. Private to this collection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple
from typing import TypeVar

from . import _errors as errors

# Between attempts of a call: 1 s at first, twice as long each time, 20 s at most; jittered from half to all of it
SLOWEST_RETRY = 20
# A refusal that may pass is met again for as long as other calls are retried, in seconds
REFUSAL_TIMEOUT = 30
# AWS is asked for so long whether a write shows, in seconds: it can take some 5 for one to be seen everywhere
SETTLING_TIMEOUT = 12


Answer = TypeVar("Answer")


class RetryPolicy(NamedTuple):
    """How often a call is made."""

    # None: as many as there is time for
    attempts: int | None
    # No attempt begins later than this after the first, in seconds; None: no such bound. One of the two is given
    last_after: float | None


def with_retries(call: Callable[[], Answer], policy: RetryPolicy) -> Answer:
    """The result of a call that is made again where botocore's exception tells of throttling, a server error or a lost connection.

    call() makes one attempt. Of the last one it is noted if one before it may have worked (see errors.is_in_doubt).
    Raises the last attempt's exception.
    """
    began = time.monotonic()
    retries = 0
    in_doubt = False
    while True:
        try:
            outcome = call()
        except errors.FAILURES as e:
            if in_doubt:
                errors.note_doubt(e)
            in_doubt = in_doubt or errors.may_have_worked(e)
            retries += 1
            delay = random.uniform(0.5, 1) * min(2 ** (retries - 1), SLOWEST_RETRY)
            if policy.last_after is not None:
                # The last attempt is made when the time is up, so that an interruption half as long is survived whatever the delays
                left = began + policy.last_after - time.monotonic()
                delay = min(delay, left)
            if delay <= 0 or retries == policy.attempts or not errors.is_transient(e):
                raise
        else:
            if in_doubt:
                errors.note_doubt(outcome)
            return outcome
        time.sleep(delay)


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


def once_known(call: Callable[[], Answer], is_unknown: Callable[[errors.SecurityHubError], bool], is_new: bool) -> Answer:
    """The result of a call about something that, if is_new, was made just now, and that AWS may not know everywhere yet: then it is asked again."""
    poller = Poller(SETTLING_TIMEOUT if is_new else 0)
    while True:
        try:
            return call()
        except errors.SecurityHubError as e:
            if not is_unknown(e) or not poller.wait():
                raise


def make_write(
    write: Callable[[], object],
    has_happened: Callable[[], bool],
    may_pass: Callable[[errors.SecurityHubError], bool] = lambda error: False,
    timeout: float = SETTLING_TIMEOUT,
) -> bool:
    """Make a write. Where it fails, the state that AWS shows decides: it can have worked though its answer was lost, or be so without it.

    write(): raises SecurityHubError. has_happened(): asks AWS; raises the same.
    may_pass(error): whether a refusal is of a kind that passes, so that the write is made again.
    timeout: for how long, in seconds.
    Returns whether this write made it so; False where it was so already. Raises the write's error where it is not so.
    """
    poller = Poller(timeout)
    in_doubt = False
    while True:
        try:
            write()
            return True
        except errors.SecurityHubError as e:
            error = e
        in_doubt = in_doubt or error.in_doubt
        passes = may_pass(error)
        if error.is_denial and not (in_doubt or passes):
            raise error
        while True:
            try:
                if has_happened():
                    return in_doubt
            except errors.SecurityHubError:
                raise error from None
            if not (in_doubt or passes or error.says_it_is_so) or not poller.wait():
                raise error
            if passes:
                break
