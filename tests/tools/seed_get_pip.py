# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put our get_pip.py where ansible-test looks for the one it has downloaded, unless it has."""

from __future__ import annotations

import os
import re
import shutil
import sys

import ansible_test


def pip_version():
    """The release of pip that this ansible-test wants; part of the script's file name."""
    source = os.path.join(ansible_test.__path__[0], "_internal", "python_requirements.py")
    with open(source, encoding="utf-8") as stream:
        found = re.search(r"""\bpip=['"]([0-9.]+)['"]""", stream.read())
    if not found:
        sys.exit(f"Could not find in {source} which pip ansible-test wants.")
    return found[1]


def main():
    cache = os.path.expanduser("~/.ansible/test/cache")
    script = os.path.join(cache, f"get_pip_{pip_version().replace('.', '_')}.py")
    if not os.path.exists(script):
        os.makedirs(cache, exist_ok=True)
        shutil.copyfile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "get_pip.py"), script)


if __name__ == "__main__":
    main()
