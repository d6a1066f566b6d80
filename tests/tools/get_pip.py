# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand in for the script with which ansible-test puts pip into its virtual environments.

ansible-test fetches that script from a host of its own, which not every machine can reach.
Python carries a pip itself, and the package index has the rest.
"""

from __future__ import annotations

import subprocess
import sys

# Options that the script knows and pip doesn't.
FOREIGN = ("--no-setuptools", "--no-wheel")


def main():
    python = [sys.executable, "-m"]
    subprocess.run([*python, "ensurepip"], stdout=subprocess.DEVNULL, check=True)
    wanted = [word for word in sys.argv[1:] if word not in FOREIGN]
    subprocess.run([*python, "pip", "install", "--quiet", *wanted], check=True)


if __name__ == "__main__":
    main()
