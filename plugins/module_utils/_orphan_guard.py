# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop a task when the process that started it is gone. Private to this collection.

Ansible ends its workers and their modules, but not where it is killed or its terminal goes away. They would go on, sleep and make calls.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable

# Between two looks at whether the caller is still there, in seconds
INTERVAL = 1


def end_with_parent(parent: int) -> None:
    """Have this process end soon after the process that forked it. parent: that one's ID, which it may not have any more."""

    def wait() -> None:
        while os.getppid() == parent:
            time.sleep(INTERVAL)

    _end_after(wait)


def end_with_reader() -> None:
    """Have a module end soon after who reads its result: that is Ansible's worker, or, for an asynchronous task, the wrapper that stays with it.

    The reader's end shows where there is a pipe to it. A module that writes to anything else, as a file or a terminal, goes on.
    """
    output = sys.__stdout__.fileno() if sys.__stdout__ else -1
    if output < 0 or not stat.S_ISFIFO(os.fstat(output).st_mode):
        return
    reader = select.poll()
    # For no event but the pipe's end, which is always told; by a descriptor of its own, which nobody closes
    reader.register(os.dup(output), 0)

    def wait() -> None:
        while not reader.poll(INTERVAL * 1000):
            pass

    _end_after(wait)


def _end_after(wait: Callable[[], None]) -> None:
    """Have this process end when wait() returns, whatever it does then."""

    def watch() -> None:
        wait()
        # As Ctrl-C does: so Ansible's worker takes its modules with it, and a module removes what it was unpacked to
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(INTERVAL)
        os._exit(1)

    with contextlib.suppress(RuntimeError):  # where the system has no thread left, the task can still be done
        threading.Thread(target=watch, daemon=True).start()
