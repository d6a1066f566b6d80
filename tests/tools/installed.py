# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install the built collection as its users do."""

from __future__ import annotations

import os
import pathlib
import subprocess


def install(artifact: str, collections: pathlib.Path, venv: pathlib.Path, home: pathlib.Path, *options: str) -> None:
    """Install an artifact with ansible-galaxy of a virtual environment, and with nothing of this machine's settings. Raises CalledProcessError."""
    command = [str(venv / "bin" / "ansible-galaxy"), "collection", "install", "--offline", *options, "-p", str(collections), os.path.abspath(artifact)]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
