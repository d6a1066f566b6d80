# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the gates one after the other, stop at the first that fails, and sum up."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time

# The closing line of pytest, and of our integration runner.
CLOSING_LINE = re.compile(r"^=*\s*(?:\d+ \w+, )*?(\d+) passed\b.* in [\d.]+s")


def run_gate(command):
    """Run a gate with its output in view; returns its exit code and how many tests it says have passed."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    passed = 0
    assert process.stdout
    for line in process.stdout:
        print(line, end="", flush=True)
        closing = CLOSING_LINE.match(re.sub(r"\x1b\[[0-9;]*m", "", line))
        if closing:
            passed += int(closing[1])
    return process.wait(), passed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("make", help="the make that runs a gate")
    parser.add_argument("gates", nargs="+", metavar="gate")
    args = parser.parse_args()

    summary, total, failed = [], 0, None
    started = time.monotonic()
    for gate in args.gates:
        print(f"\n########## {gate} ##########", flush=True)
        began = time.monotonic()
        code, passed = run_gate([args.make, "--no-print-directory", gate])
        if code:
            failed = gate
        # A gate that doesn't count is one test.
        total += passed or (not code)
        summary.append((gate, "FAILED" if code else "passed", f"{passed} tests" if passed else "", time.monotonic() - began))
        if failed:
            break

    print("\n########## summary ##########")
    for gate, outcome, tests, seconds in summary:
        print(f"{gate:16} {outcome:8} {tests:12} {seconds:6.1f} s")
    for gate in args.gates[len(summary) :]:
        print(f"{gate:16} not run")
    print(f"===== {'1 failed, ' if failed else ''}{total} passed in {time.monotonic() - started:.2f}s =====", flush=True)
    sys.exit(f"make {failed} failed, see above." if failed else 0)


if __name__ == "__main__":
    main()
