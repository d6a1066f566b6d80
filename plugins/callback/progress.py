# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a task is that runs on many hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: notification
version_added: 1.0.0
short_description: Tell how far a long task is
description:
  - While a task runs on many hosts, tells from time to time on how many of them it is done, on how many it failed, and about how long
    the others will take. It is made for plays over accounts, such as those of the playbooks of this collection, and works with any.
  - A task counts as failed where Ansible shows it as failed, which those of the playbook coverage are not. Its report tells.
  - It says nothing where the output is no terminal, so that logs stay as they are.
author:
  - cloudsec.securityhub contributors (@cloudsec)
requirements:
  - enabled in the configuration (C(callbacks_enabled))
options:
  interval:
    description:
      - How long to be silent between two lines, in seconds. A task that is done before that says nothing.
    type: float
    default: 5
    ini:
      - section: callback_cloudsec_securityhub_progress
        key: interval
    env:
      - name: CLOUDSEC_SECURITYHUB_PROGRESS_INTERVAL
"""

EXAMPLES = r"""
example: |
  # In ansible.cfg
  [defaults]
  callbacks_enabled = cloudsec.securityhub.progress
"""

import sys
import time
from typing import Any

from ansible.plugins.callback import CallbackBase


class Progress:
    """One task on its way through a play's hosts.

    name: the task's. total: how many hosts there are. interval: in seconds. now: the time at its beginning, of a monotonic clock.
    """

    def __init__(self, name: str, total: int, interval: float, now: float) -> None:
        self._name = name
        self._total = total
        self._interval = interval
        self._began = self._told = now
        self._done = 0
        self._failed = 0

    def note(self, failed: bool, now: float) -> str | None:
        """The task has ended on a host. Returns a line to print, or None while it is too early for the next one, or for a last one too late."""
        self._done += 1
        self._failed += failed
        if now - self._told < self._interval or self._done >= self._total:
            return None
        self._told = now
        left = (now - self._began) / self._done * (self._total - self._done)
        told = f", {self._failed} failed" if self._failed else ""
        return f"{self._name}: {self._done} of {self._total} hosts{told}, about {_duration(left)} left"


def _duration(seconds: float) -> str:
    """A length of time in words, as exact as an estimate is."""
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


class CallbackModule(CallbackBase):
    """Ansible's events, counted."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "cloudsec.securityhub.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: Any = None) -> None:
        super().__init__(display=display)
        self._play: Any = None
        self._tasks: dict[str, Progress] = {}
        self.disabled = not sys.stdout.isatty()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play begins, or its next batch of hosts."""
        self._play = play
        self._tasks.clear()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task begins, on the first of its hosts. With the strategy free, others may still run, and this is told again and again."""
        if task._uuid not in self._tasks:
            variables = self._play.get_variable_manager().get_vars(play=self._play, include_hostvars=False)
            total = 1 if task.run_once is True else len(variables["ansible_play_batch"])
            self._tasks[task._uuid] = Progress(task.get_name(), total, self.get_option("interval"), time.monotonic())

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task has ended well on a host."""
        self._note(result, failed=False)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A host has skipped a task."""
        self._note(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task has failed on a host."""
        self._note(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host could not be reached."""
        self._note(result, failed=True)

    def _note(self, result: Any, failed: bool) -> None:
        task = result.task if hasattr(result, "task") else result._task  # private until ansible-core 2.19
        progress = self._tasks.get(task._uuid)
        line = progress and progress.note(failed, time.monotonic())
        if line:
            self._display.display(line, color="bright blue")
