# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run some gates on each supported Python of this machine, with the ansible-core and amazon.aws that go with it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from find_pythons import SUPPORTED
from find_pythons import find_pythons


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("make", help="the make that runs a gate")
    parser.add_argument("build", help="the folder for everything generated")
    parser.add_argument("gates", nargs="+", metavar="gate")
    args = parser.parse_args()

    pythons = find_pythons()
    outcomes = {}
    for version, python in pythons.items():
        # A folder of its own: the versions' environments don't push one another out.
        build = os.path.join(args.build, "python" + version)
        code = subprocess.run(
            [sys.executable, os.path.join("tests", "tools", "gates.py"), args.make, *args.gates],
            # Not as options: the gates' own make finds them in the environment.
            env=dict(os.environ, MAKEFLAGS="", PYTHON=python, BUILD=build),
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        outcomes[version] = "FAILED" if code else "passed"

    print("\n########## matrix ##########")
    for version in SUPPORTED:
        print(f"Python {version:6} {outcomes.get(version, 'skipped: no such Python, with venv and ensurepip, was found here')}")
    sys.exit(1 if "FAILED" in outcomes.values() else 0)


if __name__ == "__main__":
    main()
