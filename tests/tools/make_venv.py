# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a virtual environment and install a list of requirements into it.

Runs with the machine's own Python and nothing but its standard library.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

OLDEST = (3, 10)


def pip_options(requirements):
    """What pip must be told about a list of requirements, a lock (NAME.txt) or names without versions (NAME.in)."""
    # A package that had to be built would bring what builds it, in a version that no lock has.
    locked = ["--require-hashes", "--only-binary", ":all:"] if requirements.endswith(".txt") else []
    return ["-qq", "--disable-pip-version-check", *locked, "--requirement", requirements]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venv")
    parser.add_argument("requirements")
    args = parser.parse_args()

    if sys.version_info < OLDEST:
        sys.exit(f"This is Python {sys.version.split()[0]}; at least {OLDEST[0]}.{OLDEST[1]} is needed. Name a newer one: make PYTHON=python3.12")
    try:
        import ensurepip
        import venv
    except ImportError as error:
        sys.exit(
            f"{sys.executable} lacks the module {error.name}, which making a virtual environment takes."
            " On Debian and Ubuntu it comes with the package python3-venv. Or name another Python: make PYTHON=python3.12"
        )
    del ensurepip

    # An environment half made, or made for other requirements, is no base for the next one.
    shutil.rmtree(args.venv, ignore_errors=True)
    print(f"Making {args.venv} from {args.requirements} (Python {sys.version.split()[0]})", flush=True)
    venv.create(args.venv, with_pip=True)
    python = os.path.join(args.venv, "bin", "python")
    subprocess.run([python, "-m", "pip", "install", *pip_options(args.requirements)], stdin=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"pip could not install the requirements (its words are above): exit code {failed.returncode}")
