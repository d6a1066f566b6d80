# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the Pythons of this machine that the collection supports, and link to them from one folder.

ansible-test takes any python3.X on PATH for one that works. pyenv has such a name for each Python
that it knows, and most of them only say that another version is chosen.
"""

from __future__ import annotations

import argparse
import glob
import os
import shutil
import subprocess

SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
# What a Python must have to be of use here.
PROBE = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2], sys.executable)"


def candidates(version):
    name = "python" + version
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found = shutil.which(name)
    if found:
        yield found
        folder = os.path.dirname(found)
        if os.path.basename(folder) == "shims":
            pyenv = os.path.dirname(folder)
    yield from sorted(glob.glob(os.path.join(pyenv, "versions", version + ".*", "bin", name)), reverse=True)


def executable(python, version):
    """The path that a Python knows itself by, or None if it doesn't work."""
    try:
        answer = subprocess.run([python, "-c", PROBE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    is_version, path = os.fsdecode(answer.stdout).strip().split(" ", 1)
    return path if is_version == version else None


def find_pythons():
    """The first working Python of each supported version: version to path."""
    found = {}
    for version in SUPPORTED:
        python = next(filter(None, (executable(path, version) for path in candidates(version))), None)
        if python:
            found[version] = python
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    args = parser.parse_args()

    shutil.rmtree(args.folder, ignore_errors=True)
    os.makedirs(args.folder)
    for version, python in find_pythons().items():
        os.symlink(python, os.path.join(args.folder, "python" + version))


if __name__ == "__main__":
    main()
