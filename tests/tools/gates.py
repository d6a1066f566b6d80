# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
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
        print("\n########## %s ##########" % gate, flush=True)
        began = time.monotonic()
        code, passed = run_gate([args.make, "--no-print-directory", gate])
        if code:
            failed = gate
        # A gate that doesn't count is one test.
        total += passed or (not code)
        summary.append((gate, "FAILED" if code else "passed", "%d tests" % passed if passed else "", time.monotonic() - began))
        if failed:
            break

    print("\n########## summary ##########")
    for gate, outcome, tests, seconds in summary:
        print("%-16s %-8s %-12s %6.1f s" % (gate, outcome, tests, seconds))
    for gate in args.gates[len(summary):]:
        print("%-16s not run" % gate)
    print("===== %s%d passed in %.2fs =====" % ("1 failed, " if failed else "", total, time.monotonic() - started), flush=True)
    sys.exit("make %s failed, see above." % failed if failed else 0)


if __name__ == "__main__":
    main()
