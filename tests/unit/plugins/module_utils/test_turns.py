# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Threads that take turns: one computes, all are waited for, and nothing is held afterwards."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import turns


def test_only_one_computes_at_a_time():
    computing, most = [], []

    def act(item):
        computing.append(item)
        most.append(len(computing))
        time.sleep(0.001)
        computing.remove(item)
        turns.sleep(0)

    turns.for_each(act, range(20), 8)
    assert max(most) == 1 and len(most) == 20


def test_all_wait_at_the_same_time():
    together = threading.Barrier(4, timeout=10)

    def act(item):  # pylint: disable=unused-argument
        with turns.given():
            together.wait()

    turns.for_each(act, range(4), 4)


def test_one_item_needs_no_thread():
    seen = []
    turns.for_each(lambda item: seen.append((item, threading.current_thread())), ["a"], 8)
    assert seen == [("a", threading.current_thread())]


def test_no_more_threads_than_items_or_than_allowed():
    names = set()

    def act(item):  # pylint: disable=unused-argument
        names.add(threading.current_thread().name)
        turns.sleep(0.01)

    turns.for_each(act, range(10), 3)
    assert len(names) == 3


def test_an_exception_gives_the_turn_back_and_arrives():
    def act(item):
        raise ValueError(item)

    with pytest.raises(ValueError):
        turns.for_each(act, range(3), 3)
    turns.for_each(lambda item: turns.sleep(0), range(3), 3)


def test_when_the_task_is_over_its_threads_stop_at_their_next_step():
    steps, started = [], threading.Event()

    def act(item):
        if item == 0:
            started.wait(10)
            raise KeyboardInterrupt
        started.set()
        for step in range(100):
            steps.append(step)
            turns.sleep(0.05)

    with pytest.raises(KeyboardInterrupt):
        turns.for_each(lambda item: act(item) if item else _outside_its_turn(act, item), range(2), 2)
    made = len(steps)
    time.sleep(0.3)
    assert len(steps) <= made + 1


def _outside_its_turn(act, item):
    with turns.given():
        act(item)


def test_outside_of_for_each_there_are_no_turns():
    turns.take()
    turns.take()
    turns.give()
    with turns.given():
        pass
