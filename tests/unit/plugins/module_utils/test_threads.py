# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regions at the same time, and a task that ends early."""

from __future__ import annotations

import signal
import threading
import time

import botocore.credentials
import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _regions


@pytest.fixture(name="stopped")
def _stopped():
    """Whether the task was stopped."""
    return threading.Event()


def for_each(act, items, stopped):
    """The function that is tested."""
    _regions._for_each(act, items, stopped.set)  # pylint: disable=protected-access


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 200])
def test_each_item_once(stopped, count):
    done: list = []
    for_each(done.append, range(count), stopped)
    assert sorted(done) == list(range(count)) and not stopped.is_set()


def test_all_at_the_same_time(stopped):
    together = threading.Barrier(20, timeout=60)
    for_each(lambda item: together.wait(), range(20), stopped)


def test_a_single_item_needs_no_thread(stopped):
    threads = []
    for_each(lambda item: threads.append(threading.current_thread()), [1], stopped)
    assert threads == [threading.current_thread()]


@pytest.mark.parametrize("given", [0, 1, 3])
def test_a_system_that_gives_fewer_threads(stopped, monkeypatch, given):
    """Those that it gives do all of the work."""
    started: list = []
    start = threading.Thread.start

    def start_or_fail(thread):
        if len(started) == given:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_fail)
    done: list = []
    for_each(done.append, range(10), stopped)
    assert sorted(done) == list(range(10))


@pytest.mark.parametrize("raised", [KeyError, IndexError, KeyboardInterrupt])
def test_what_is_raised_ends_it_at_once(stopped, raised):
    """The others may be waiting for somebody who takes his time."""
    over = threading.Event()

    def act(item):
        if item == 3:
            raise raised("three")
        over.wait(60)

    began = time.monotonic()
    with pytest.raises(raised):
        for_each(act, range(5), stopped)
    assert stopped.is_set() and time.monotonic() - began < 50
    over.set()


def test_a_signal_ends_it_at_once(stopped):
    """As Ansible's timeout and Ctrl-C do."""
    over = threading.Event()

    def ring(number, frame):
        raise TimeoutError("the task's time is up")

    before = signal.signal(signal.SIGUSR1, ring)
    try:
        timer = threading.Timer(0.2, signal.pthread_kill, [threading.main_thread().ident, signal.SIGUSR1])
        timer.start()
        with pytest.raises(TimeoutError):
            for_each(lambda item: over.wait(60), range(5), stopped)
        assert stopped.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)
        over.set()


def test_the_threads_of_a_task_do_not_keep_its_process(stopped):
    threads = []
    for_each(lambda item: threads.append(threading.current_thread().daemon), range(3), stopped)
    assert threads == [True] * 3


def test_no_call_is_made_by_a_task_that_is_over(stopped):
    """Neither another one nor another attempt at the same."""
    calls = []

    def fail(method, **parameters):
        calls.append(method)
        stopped.set()
        raise _client.botocore.exceptions.ConnectionClosedError(endpoint_url="https://example.com")

    client = _client.RegionClient(
        fail, "eu-west-1", botocore.credentials.Credentials("key", "secret"), _client.RetryPolicy(attempts=5, last_after=None), stopped
    )
    with pytest.raises(_client.Stopped):
        client.call("describe_hub")
    with pytest.raises(_client.Stopped):
        client.call("list_members")
    assert calls == ["describe_hub"]
    assert not issubclass(_client.Stopped, Exception)
