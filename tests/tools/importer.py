# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a built collection as Galaxy does when it is uploaded, and take its warnings as errors."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys

# How galaxy-importer begins a line about something it dislikes.
COMPLAINT = re.compile(r"^(WARNING|ERROR|CRITICAL): ", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifact")
    args = parser.parse_args()

    folder, artifact = os.path.split(os.path.abspath(args.artifact))
    config = os.path.abspath(os.path.join("tests", "tools", "galaxy-importer.cfg"))
    environment = dict(
        os.environ,
        GALAXY_IMPORTER_CONFIG=config,
        # It sets ANSIBLE_COLLECTIONS_PATH to its own; Ansible finds amazon.aws on Python's path as well.
        PYTHONPATH=os.environ["ANSIBLE_COLLECTIONS_PATH"],
        NO_COLOR="1",
    )
    ended = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", artifact],
        # It leaves its result there, as importer_result.json.
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = ended.stdout.decode(errors="replace")
    print(output, end="")
    if ended.returncode or COMPLAINT.search(output):
        sys.exit(f"galaxy-importer is not content with {artifact}.")


if __name__ == "__main__":
    main()
