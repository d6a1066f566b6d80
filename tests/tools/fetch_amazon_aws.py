# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the collection amazon.aws where the staged collection finds it.

The package index has it only inside the package "ansible". That one is taken as a file,
the one collection is unpacked from it, and the rest is thrown away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

from make_venv import pip_options

PREFIX = "ansible_collections/amazon/aws/"
# Its Python is not ours to mind: only files of one collection are used.
OPTIONS = ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collections", help="the folder that holds ansible_collections")
    parser.add_argument("requirements", help="the list that names the package")
    args = parser.parse_args()

    print(f"Taking amazon.aws out of the package in {args.requirements}", flush=True)
    shutil.rmtree(os.path.join(args.collections, PREFIX), ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", *pip_options(args.requirements), "--dest", folder, *OPTIONS],
            stdin=subprocess.DEVNULL,
            check=True,
        )
        (wheel,) = os.listdir(folder)
        with zipfile.ZipFile(os.path.join(folder, wheel)) as archive:
            archive.extractall(args.collections, [name for name in archive.namelist() if name.startswith(PREFIX)])


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"pip could not fetch the package (its words are above): exit code {failed.returncode}")
