# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Threads that take turns: one computes, all are waited for, and nothing is held afterwards."""

from __future__ import annotations

import socket
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


@pytest.fixture(name="lines")
def _lines():
    """Four pairs of connected sockets."""
    lines = [socket.socketpair() for _number in range(4)]
    yield lines
    for line in lines:
        for sock in line:
            sock.close()


def test_all_wait_for_sockets_at_the_same_time(lines):
    """Each waits for the one that begins after it; the last one for a thread that does something else meanwhile."""
    heard = []

    def act(number):
        if number == len(lines):
            turns.sleep(0.05)
        else:
            assert turns.wait_for(lines[number][0], 10)
            heard.append(number)
        if number:
            lines[number - 1][1].send(b"x")

    turns.for_each(act, range(len(lines) + 1), 8)
    assert heard == [3, 2, 1, 0]


def test_a_wait_for_a_socket_ends_with_its_time(lines):
    waited = {}

    def act(number):
        started = time.monotonic()
        assert not turns.wait_for(lines[number][0], 0.1 * number)
        waited[number] = time.monotonic() - started

    turns.for_each(act, range(4), 4)
    assert sorted(waited) == list(waited) and all(0.1 * number <= waited[number] < 0.1 * number + 2 for number in waited)


def test_who_comes_back_goes_on_though_all_others_wait_for_sockets(lines):
    """The one who watches the sockets meanwhile is told."""

    def act(number):
        if number:
            assert turns.wait_for(lines[number][0], 30)
            return
        for line in lines[1:]:
            turns.sleep(0.05)
            line[1].send(b"x")

    started = time.monotonic()
    turns.for_each(act, range(4), 4)
    assert time.monotonic() - started < 10


def test_a_connection_that_ends_can_be_read(lines):
    lines[0][1].close()
    assert turns.wait_for(lines[0][0], 10)
    turns.for_each(lambda number: turns.wait_for(lines[0][0], 10) or pytest.fail("not readable"), range(2), 1)


def test_outside_of_for_each_a_socket_is_waited_for_too(lines):
    assert not turns.wait_for(lines[0][0], 0.01)
    lines[0][1].send(b"x")
    assert turns.wait_for(lines[0][0], None)


def test_one_item_needs_no_thread():
    seen = []
    turns.for_each(lambda item: seen.append((item, threading.current_thread())), ["a"], 8)
    assert seen == [("a", threading.current_thread())]


@pytest.mark.parametrize("given", [0, 1, 3])
def test_where_the_system_gives_no_more_threads_those_there_are_do_all(given, monkeypatch):
    start = threading.Thread.start
    threads = []

    def start_if_given(thread):
        if len(threads) == given:
            raise RuntimeError("can't start new thread")
        threads.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_if_given)
    done = []
    turns.for_each(done.append, list(range(6)), most_threads=6)
    assert sorted(done) == list(range(6))


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
