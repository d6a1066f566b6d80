# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the gates one after the other, stop at the first that fails, and sum up.

One that keeps a single core busy can run beside the others, from the start. What it says is printed when its turn comes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

# The closing line of pytest, and of our integration runner.
CLOSING_LINE = re.compile(r"^=*\s*(?:\d+ \w+, )*?(\d+) passed\b.* in [\d.]+s")


class Gate:
    """A gate that runs.

    seconds: how long it took, once it has ended.
    """

    def __init__(self, command):
        self._began = time.monotonic()
        self.seconds = 0.0
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout or ():
            self._lines.put(line)
        self.seconds = time.monotonic() - self._began
        self._lines.put(None)

    def show(self):
        """Have its output in view until it ends; returns its exit code and how many tests it says have passed."""
        passed = 0
        for line in iter(self._lines.get, None):
            print(line, end="", flush=True)
            closing = CLOSING_LINE.match(re.sub(r"\x1b\[[0-9;]*m", "", line))
            if closing:
                passed += int(closing[1])
        return self._process.wait(), passed

    def stop(self):
        """End it, and all that it has started, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("make", help="the make that runs a gate")
    parser.add_argument("gates", nargs="+", metavar="gate")
    parser.add_argument("--beside", metavar="GATE", help="the one that runs beside the others")
    args = parser.parse_args()

    def start(gate):
        return Gate([args.make, "--no-print-directory", gate])

    summary, total, failed = [], 0, None
    started = time.monotonic()
    beside = start(args.beside) if args.beside in args.gates else None
    running = None
    try:
        for gate in args.gates:
            print(f"\n########## {gate} ##########", flush=True)
            running = beside if beside and gate == args.beside else start(gate)
            code, passed = running.show()
            if code:
                failed = gate
            # A gate that doesn't count is one test.
            total += passed or (not code)
            summary.append((gate, "FAILED" if code else "passed", f"{passed} tests" if passed else "", running.seconds))
            if failed:
                break
    finally:
        for left in (running, beside):
            if left:
                left.stop()

    print("\n########## summary ##########")
    for gate, outcome, tests, seconds in summary:
        print(f"{gate:16} {outcome:8} {tests:12} {seconds:6.1f} s")
    for gate in args.gates[len(summary) :]:
        print(f"{gate:16} not run")
    print(f"===== {'1 failed, ' if failed else ''}{total} passed in {time.monotonic() - started:.2f}s =====", flush=True)
    sys.exit(f"make {failed} failed, see above." if failed else 0)


if __name__ == "__main__":
    main()
