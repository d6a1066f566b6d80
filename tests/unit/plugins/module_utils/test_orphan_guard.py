# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module ends with the reader of its standard output, and with nothing else."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _orphan_guard

# Does what a module does, and cleans up in the end
MODULE = """
import importlib.util, signal, sys, time
path, seconds, interrupt, cleaned_up = sys.argv[1:]
signal.signal(signal.SIGINT, signal.SIG_IGN if interrupt == "ignored" else signal.default_int_handler)
spec = importlib.util.spec_from_file_location("caller", path)
caller = importlib.util.module_from_spec(spec)
spec.loader.exec_module(caller)
caller.INTERVAL = 0.1
try:
    caller.end_with_reader()
    time.sleep(float(seconds))
finally:
    open(cleaned_up, "w").close()
"""


@pytest.fixture(name="start")
def _start(tmp_path):
    """Start a module that takes so many seconds."""
    started = []

    def start(output, seconds, interrupt="heard", **more):
        command = [sys.executable, "-c", MODULE, _orphan_guard.__file__, str(seconds), interrupt, str(tmp_path / "cleaned up")]
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL, **more))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("interrupt, code", [("heard", -signal.SIGINT), ("ignored", 1)])
def test_a_module_ends_with_its_reader(start, tmp_path, interrupt, code):
    """In the background of a shell it is made to ignore Ctrl-C."""
    module = start(subprocess.PIPE, 120, interrupt)
    module.stdout.close()
    assert module.wait(60) == code
    assert (tmp_path / "cleaned up").exists() == (interrupt == "heard")


def test_it_goes_on_while_there_is_a_reader(start):
    module = start(subprocess.PIPE, 1)
    assert module.wait(60) == 0
    module.stdout.close()


@pytest.mark.parametrize("kind", ["file", "null device", "socket", "terminal"])
def test_it_goes_on_where_nothing_is_known_of_a_reader(start, tmp_path, kind):
    reader, writer = socket.socketpair()
    if kind == "file":
        output = os.open(tmp_path / "output", os.O_WRONLY | os.O_CREAT)
    elif kind == "null device":
        output = os.open(os.devnull, os.O_WRONLY)
    elif kind == "socket":
        output = writer.detach()
    else:
        _reader, output = pty.openpty()
    module = start(output, 1)
    os.close(output)
    if kind == "socket":
        reader.shutdown(socket.SHUT_WR)  # as sshd does when there is no more input
    assert module.wait(60) == 0


def test_it_goes_on_without_any_output(start):
    assert start(None, 1, preexec_fn=lambda: os.close(1)).wait(60) == 0


def test_a_system_without_threads_has_tasks_all_the_same(monkeypatch):
    def fail(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_orphan_guard.threading.Thread, "start", fail)
    _orphan_guard.end_with_parent(0)
