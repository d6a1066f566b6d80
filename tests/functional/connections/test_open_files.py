# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many files a task opens: connections are files, and a process may have only so many."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
from emulator.client import Client
from emulator_process import running_emulator

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_task
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub_info

ACCOUNT = "444444444444"
SCRIPT = str(pathlib.Path(__file__).parent / "run_module.py")


@pytest.fixture(name="emulator", scope="module")
def _emulator(tmp_path_factory):
    """An emulator with 17 regions and an account with a hub in each."""
    with running_emulator(str(tmp_path_factory.mktemp("emulator"))) as facts:
        Client(facts["url"]).seed(hubs=[ACCOUNT])
        yield facts


def options(emulator, **more):
    """Those of a task that looks at the hubs in all regions."""
    return {
        "regions": emulator["regions"],
        "endpoint_url": emulator["url"],
        "access_key": emulator["access_key"],
        "secret_key": emulator["secret_key"],
        "assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/Member",
        **more,
    }


def test_a_loop_over_many_clients_keeps_the_connections_of_the_last(emulator):
    """Of the clients of 20 profiles, say: each of another configuration."""
    opened = []
    for number in range(20):
        validated = ArgumentSpecValidator(securityhub_hub_info.SPEC["argument_spec"]).validate(options(emulator, aws_config={"read_timeout": 30 + number}))
        result = run_task(securityhub_hub_info.run, validated.validated_parameters, check_mode=False)
        assert not result.get("failed"), result["msg"]
        opened.append(len(os.listdir("/dev/fd")))
    assert max(opened) < opened[0] + 2 * len(emulator["regions"])


def run_with(free, task):
    """The result of a task in a process that may open so many files more than it has when the task begins."""
    command = [sys.executable, SCRIPT, "securityhub_hub_info", json.dumps(task), str(free)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)["result"]


ONCE = {"retries": {"max_attempts": 0}}


@pytest.mark.parametrize("free", [60, 12, 6])
def test_where_few_files_may_be_open_fewer_regions_are_called_at_once(emulator, free):
    """And none has to be tried again."""
    result = run_with(free, options(emulator, aws_config=ONCE))
    assert not result.get("failed"), result["msg"]
    assert all(outcome["hub"] for outcome in result["regions"])


@pytest.mark.parametrize("free", [0, 1])
def test_where_no_connection_can_be_made_the_error_says_why(emulator, free):
    result = run_with(free, options(emulator, aws_config=ONCE))
    assert result["failed"] and "ulimit -n" in result["msg"] and "defect" not in result["msg"]
    assert result["error"]["reason"] == "endpoint_unreachable"
