# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the locks: what pip installs, with the hashes of its files.

One lock serves all supported Pythons and systems: where they need different versions, it says which for which.
"""

from __future__ import annotations

import glob
import os
import subprocess
import sys

from find_pythons import SUPPORTED

FOLDER = os.path.join("tests", "requirements")
VERSIONS = os.path.join(FOLDER, "versions.in")
# What wants other versions than all else, and says which
APART = {"events": "3.12"}
# The release of "ansible" for the oldest Python says that it wants a newer one. Only its files are used.
OLDEST = {"amazon_aws": (["--no-deps"], "3.11")}
OPTIONS = [
    *("--quiet", "--upgrade", "--generate-hashes", "--universal"),
    # Nothing of this machine belongs into a lock.
    *("--no-emit-index-url", "--no-emit-find-links", "--no-config", "--custom-compile-command", "make locks"),
]


def main():
    for source in sorted(set(glob.glob(os.path.join(FOLDER, "*.in"))) - {VERSIONS}):
        lock = os.path.splitext(source)[0] + ".txt"
        name = os.path.splitext(os.path.basename(source))[0]
        options, oldest = OLDEST.get(name, ([], APART.get(name, SUPPORTED[0])))
        if name not in APART:
            options = [*options, "--constraints", VERSIONS]
        print(f"Writing {lock}", flush=True)
        subprocess.run(
            [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, "--python-version", oldest, *options, "--output-file", lock, source],
            stdin=subprocess.DEVNULL,
            check=True,
        )


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"uv could not write the lock (its words are above): exit code {failed.returncode}")
