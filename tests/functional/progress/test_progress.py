# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback plugin progress, as a user of a terminal sees it, and as a log does not."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys

import pytest

TIMEOUT = 120
HOSTS = [f"account-{number}" for number in range(6)]
PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  strategy: "{{ strategy | default('linear') }}"
  serial: "{{ batch | default(6) }}"
  tasks:
    - name: Take a while
      ansible.builtin.command: sleep 0.1
      changed_when: false
      failed_when: inventory_hostname == 'account-0'
      ignore_errors: true
    - name: Look once
      ansible.builtin.command: sleep 0.1
      changed_when: false
      run_once: true
"""
LINE = re.compile(r"^([\w ]+): (\d) of (\d) hosts(?:, 1 failed)?, about \d+ s left\r?$", re.MULTILINE)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A play of six hosts, one after the other."""
    # Else Ansible may look at several results at once on a busy machine, and most of them come too early to be told
    monkeypatch.setenv("CLOUDSEC_SECURITYHUB_PROGRESS_INTERVAL", "0")
    path = tmp_path / "play.yml"
    path.write_text(PLAY, encoding="utf-8")
    return ["ansible-playbook", "-f", "1", "-i", ",".join(HOSTS), "-e", f"ansible_python_interpreter={sys.executable}", str(path)]


def on_a_terminal(command):
    """What a command prints on a terminal."""
    here, there = pty.openpty()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=there, stderr=there) as process:
        os.close(there)
        printed = b""
        with contextlib.suppress(OSError):  # raised where the terminal's last user is gone
            while chunk := os.read(here, 65536):
                printed += chunk
        assert process.wait(timeout=TIMEOUT) == 0, printed
    os.close(here)
    return re.sub(r"\x1b\[[0-9;]*m", "", printed.decode())


def test_a_terminal_shows_how_far_a_task_is(command, monkeypatch):
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "cloudsec.securityhub.progress")
    printed = on_a_terminal(command)
    assert LINE.findall(printed) == [("Take a while", number, "6") for number in "12345"]
    assert printed.count(" hosts, 1 failed, about") == 5


def test_hosts_are_counted_in_batches_where_each_goes_its_own_way(command, monkeypatch):
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "cloudsec.securityhub.progress")
    told = LINE.findall(on_a_terminal([*command, "-e", "strategy=free", "-e", "batch=3"]))
    assert sorted(told) == sorted([("Take a while", number, "3") for number in "12"] * 2)


def test_a_log_shows_nothing_of_it(command, monkeypatch):
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "cloudsec.securityhub.progress")
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    assert " left" not in ended.stdout + ended.stderr and "Take a while" in ended.stdout


def test_nothing_is_shown_unless_it_is_enabled(command):
    assert " left" not in on_a_terminal(command)
