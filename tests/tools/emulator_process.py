# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the emulator as a process of its own, and stop it again."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time

START_TIMEOUT = 60
STOP_TIMEOUT = 10


@contextlib.contextmanager
def running_emulator(folder, options=()):
    """Run the emulator on a free port and yield what its ready file says, the address as "url".

    folder: where its ready file and its log go.
    options: further words for its command line.
    Raises RuntimeError when it ends or stays silent instead of getting ready.
    """
    ready_file = os.path.join(folder, "emulator.json")
    log_file = os.path.join(folder, "emulator.log")
    if os.path.exists(ready_file):
        os.unlink(ready_file)
    command = [sys.executable, "-m", "emulator", "--port", "0", "--ready-file", ready_file, "--parent", str(os.getpid()), *options]
    environment = dict(os.environ, PYTHONPATH=os.path.abspath("tests"))
    with open(log_file, "wb") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _wait_until_ready(process, ready_file, log_file)
    finally:
        _stop(process)


def credentials_of(facts):
    """Environment variables with which the account that an emulator starts with reaches it.

    facts: what running_emulator() yields.
    """
    return {
        "AWS_ACCESS_KEY_ID": facts["access_key"],
        "AWS_SECRET_ACCESS_KEY": facts["secret_key"],
        "AWS_ENDPOINT_URL": facts["url"],
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _wait_until_ready(process, ready_file, log_file):
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        # A file without a line in it is still being written.
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError), open(ready_file, encoding="utf-8") as stream:
            return json.load(stream)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    happened = f"did not get ready within {START_TIMEOUT} seconds" if process.poll() is None else f"ended with exit code {process.returncode}"
    with open(log_file, encoding="utf-8", errors="replace") as stream:
        raise RuntimeError(f"The emulator {happened}. Its output:\n{stream.read()}")


def _stop(process):
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
