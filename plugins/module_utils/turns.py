# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Threads that take turns: one computes while the others wait for the network.

Python computes in one thread at a time anyway. Left to themselves, threads compete for that and spend more CPU on competing than on
their work (three times as much with 17 regions); taking turns, they cost what one thread would, and still wait all at once.
A thread outside L{for_each} takes no turns, and everything here does nothing for it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

_turn = threading.Lock()
_this_thread = threading.local()


class Stopped(BaseException):
    """Raised in a thread whose task is over; not an Exception, so that nothing mistakes it for a failed call."""


def for_each(act, items, most_threads):
    """Call act with every item; in threads that take turns, most_threads at most, where there is more than one item."""
    if len(items) == 1:
        act(items[0])
        return
    stop = threading.Event()

    def act_in_turn(item):
        _this_thread.stop = stop
        try:
            take()
            act(item)
        finally:
            give()

    executor = ThreadPoolExecutor(max_workers=min(len(items), most_threads))
    try:
        list(executor.map(act_in_turn, items))
    except BaseException:
        # Left early (a task's timeout), what has not begun never begins, and what is under way makes no further call
        stop.set()
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def take(**kwargs):  # pylint: disable=unused-argument
    """Wait for this thread's turn, unless it has it. Any arguments, so that it can handle botocore's events.

    Raises Stopped where the task is over.
    """
    stop = getattr(_this_thread, "stop", None)
    if stop and not getattr(_this_thread, "has_turn", False):
        _turn.acquire()  # pylint: disable=consider-using-with
        _this_thread.has_turn = True
    if stop and stop.is_set():
        raise Stopped


def give():
    """Let another thread compute."""
    if getattr(_this_thread, "has_turn", False):
        _this_thread.has_turn = False
        _turn.release()


@contextlib.contextmanager
def given():
    """Let others compute while this thread waits for something; then wait for the next turn."""
    give()
    try:
        yield
    finally:
        take()


def sleep(seconds):
    """time.sleep that lets others compute, and ends early where the task is over."""
    stop = getattr(_this_thread, "stop", None)
    with given():
        (stop.wait if stop else time.sleep)(seconds)
