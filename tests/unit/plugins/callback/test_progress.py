# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a task that runs on many hosts tells how far it is, and what."""

from __future__ import annotations

import types

import pytest

from ansible_collections.cloudsec.securityhub.plugins.callback.progress import CallbackModule
from ansible_collections.cloudsec.securityhub.plugins.callback.progress import Progress


def told(total, interval, *events):
    """The lines of a task that began at 100 s: for each host whether it failed, and how many seconds later it ended."""
    progress = Progress("Accept", total, interval, now=100)
    return [line for line in (progress.note(failed, 100 + later) for failed, later in events) if line]


def test_it_tells_how_many_hosts_are_done_and_how_long_the_others_take():
    assert told(10, 5, (False, 1), (False, 2), (False, 6)) == ["Accept: 3 of 10 hosts, about 14 s left"]


def test_failures_are_counted():
    assert told(4, 1, (True, 2), (False, 4), (True, 6)) == [
        "Accept: 1 of 4 hosts, 1 failed, about 6 s left",
        "Accept: 2 of 4 hosts, 1 failed, about 4 s left",
        "Accept: 3 of 4 hosts, 2 failed, about 2 s left",
    ]


def test_it_is_silent_in_between():
    assert len(told(100, 5, *[(False, second) for second in range(1, 21)])) == 4


@pytest.mark.parametrize("total", [1, 2])
def test_the_last_host_s_end_is_the_task_s(total):
    assert told(total, 1, *[(False, 10)] * total) == ["Accept: 1 of 2 hosts, about 10 s left"] * (total - 1)


def test_a_long_time_is_told_in_minutes():
    assert told(100, 1, (False, 10)) == ["Accept: 1 of 100 hosts, about 16 min left"]


def test_a_task_that_begins_on_each_host_anew_is_one(monkeypatch):
    """As the strategy free has it."""
    lines: list[str] = []
    display = types.SimpleNamespace(display=lambda line, color: lines.append(line), verbosity=0)
    variables = types.SimpleNamespace(get_vars=lambda play, include_hostvars: {"ansible_play_batch": ["a", "b", "c"]})
    task = types.SimpleNamespace(_uuid="1", run_once=False, get_name=lambda: "Accept")
    callback = CallbackModule(display=display)
    monkeypatch.setattr(callback, "get_option", lambda name: 0)
    callback.v2_playbook_on_play_start(types.SimpleNamespace(get_variable_manager=lambda: variables))
    for _host in "abc":
        callback.v2_playbook_on_task_start(task, False)
        callback.v2_runner_on_ok(types.SimpleNamespace(task=task))
    assert [line.split(",")[0] for line in lines] == ["Accept: 1 of 3 hosts", "Accept: 2 of 3 hosts"]
