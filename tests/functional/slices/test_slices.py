# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory in two slices, each run by an ansible-runner of its own, at the same time."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).parent
from emulator_process import running_emulator

ADMINISTRATOR = "111111111111"
REGIONS = ["eu-west-1", "us-east-1", "ap-south-1"]
SLICES = {"first": "members[0:9]", "second": "members[10:19]"}


def prepare(folder, emulator):
    """The folder that ansible-runner works in."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "administrator_id": ADMINISTRATOR, "regions": REGIONS}
    variables.update(endpoint_url=emulator["url"], access_key=emulator["access_key"], secret_key=emulator["secret_key"])
    for name in ("inventory", "project"):
        (folder / name).mkdir(parents=True)
    inventory = {"members": {"hosts": {key: {} for key in emulator["members"]}, "vars": variables}}
    (folder / "inventory" / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    shutil.copy(HERE / "accept.yml", folder / "project")


def test_two_slices_at_once(tmp_path):
    """All have accepted, each account and region by one acceptance, though neither slice knows of the other."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["AWS_EC2_METADATA_DISABLED"] = "true"
    options = ["--administrator", ADMINISTRATOR, "--members", "20", "--regions", ",".join(REGIONS)]
    with running_emulator(str(tmp_path), options) as emulator, contextlib.ExitStack() as runs:
        # The first account of each slice is answered when both are asked, so that the two run at the same time
        first = [emulator["members"][0], emulator["members"][10]]
        fault = {"operation": "GetAdministratorAccount", "account": first, "region": REGIONS[0], "times": 2, "together": 2}
        urllib.request.urlopen(urllib.request.Request(emulator["url"] + "/_emulator/faults", json.dumps(fault).encode())).close()
        started = []
        for name, limit in SLICES.items():
            prepare(tmp_path / name, emulator)
            command = ["ansible-runner", "run", str(tmp_path / name), "-p", "accept.yml", "--limit", limit, "--forks", "5"]
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
            started.append(runs.enter_context(process))
        for process in started:
            printed = process.communicate(timeout=300)[0]
            assert process.returncode == 0, printed
            assert printed.count("changed=1") == 10 and "failed=1" not in printed, printed
        with urllib.request.urlopen(emulator["url"] + "/_emulator/calls?service=securityhub") as answer:
            calls = json.load(answer)["calls"]
    wanted = {(account, region): 1 for account in emulator["members"] for region in REGIONS}
    for operation in ("GetAdministratorAccount", "ListInvitations", "AcceptAdministratorInvitation"):
        assert collections.Counter((call["account"], call["region"]) for call in calls if call["operation"] == operation) == wanted
