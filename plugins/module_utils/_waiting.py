# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retrying a call, polling, and making a write whose response may be lost, with their intervals. Private to this collection."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple
from typing import TypeVar

from . import _errors as errors

# Between attempts of a call: 1 s at first, twice as long each time, 20 s at most; jittered from half to all of it
SLOWEST_RETRY = 20
# Temporary rejections are retried for as long as other calls are, in seconds
REFUSAL_TIMEOUT = 30
# How long to read until a write shows, in seconds: it can take some 5 for one to be seen everywhere
SETTLING_TIMEOUT = 12


Answer = TypeVar("Answer")


class RetryPolicy(NamedTuple):
    """How often a call is made."""

    # None: as many as there is time for
    attempts: int | None
    # No attempt begins later than this after the first, in seconds; None: no such bound. One of the two is given
    last_after: float | None


class Doubt:
    """Whether a write may have had its effect although its response says otherwise, or none came.

    Whoever makes a write has one, and each of its attempts notes in it what is not known. True once an attempt may have worked.
    """

    def __init__(self) -> None:
        self._exists = False

    def __bool__(self) -> bool:
        return self._exists

    def raise_it(self) -> None:
        """Note that the write may have worked."""
        self._exists = True

    def note(self, exception: Exception) -> None:
        """Note how an attempt ended. exception: botocore's."""
        self._exists = self._exists or errors.may_have_worked(exception)


def with_retries(
    call: Callable[[], Answer], policy: RetryPolicy, doubt: Doubt | None = None, is_final: Callable[[Exception], bool] = lambda exception: False
) -> Answer:
    """Return the result of a call, which is made again after throttling, a server error or a lost connection.

    call() makes one attempt. doubt: of the write that the call is for. is_final(exception): whether another attempt would fail likewise.
    Raises the last attempt's exception.
    """
    began = time.monotonic()
    retries = 0
    while True:
        try:
            return call()
        except errors.FAILURES as e:
            if doubt is not None:
                doubt.note(e)
            retries += 1
            delay = random.uniform(0.5, 1) * min(2 ** (retries - 1), SLOWEST_RETRY)
            if policy.last_after is not None:
                # The last attempt is made when the time is up, so that an interruption half as long is survived whatever the delays
                left = began + policy.last_after - time.monotonic()
                delay = min(delay, left)
            if delay <= 0 or retries == policy.attempts or not errors.is_transient(e) or is_final(e):
                raise
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
        """Sleep until the next poll. Return False, at once, when the time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(self._delay * (random.uniform(0.5, 1) if self._jitter else 1), left))
        self._delay = min(2 * self._delay, self._slowest)
        return True


def retry_until_visible(call: Callable[[], Answer], is_invisible: Callable[[errors.SecurityHubError], bool], is_new: bool) -> Answer:
    """Return the result of a call about something that, if is_new, this run has made: AWS may not show it everywhere yet.

    is_invisible(error): whether an error says that AWS does not know it. Raises SecurityHubError.
    """
    poller = Poller(SETTLING_TIMEOUT if is_new else 0)
    while True:
        try:
            return call()
        except errors.SecurityHubError as e:
            if not is_invisible(e) or not poller.wait():
                raise


def make_write(
    write: Callable[[Doubt], object],
    has_happened: Callable[[], bool],
    is_temporary: Callable[[errors.SecurityHubError], bool] = lambda error: error.is_later,
    timeout: float = SETTLING_TIMEOUT,
) -> bool:
    """Make a write. If it fails, the state that AWS shows decides: it can have worked though its response was lost, or be so without it.

    write(doubt): raises SecurityHubError. has_happened(): reads the state; raises the same.
    is_temporary(error): whether to retry after this rejection; by default where AWS asks to try later.
    timeout: for how long, in seconds.
    Returns whether this write made it so; False where it was so already. Raises the write's error where it is not so.
    """
    poller = Poller(timeout)
    doubt = Doubt()
    while True:
        try:
            write(doubt)
            return True
        except errors.SecurityHubError as e:
            error = e
        retry = is_temporary(error)
        if error.is_denied and not (doubt or retry):
            raise error
        while True:
            try:
                if has_happened():
                    return bool(doubt)
            except errors.SecurityHubError:
                raise error from None
            if not (doubt or retry or error.is_already_so) or not poller.wait():
                raise error
            if retry:
                break
