# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody acts with another's credentials, however many accounts, roles and keys there are in a play, and the controller stays as it was."""

from __future__ import annotations

import collections
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import boto3
import pytest
from emulator.client import Client
from emulator_process import running_emulator

HERE = pathlib.Path(__file__).parent
REGIONS = ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-south-1", "ca-central-1"]
ACCOUNTS = 40
FORKS = 10
TURNS = 5


class Account:
    """An account of the play: whom it is invited by, where, and which credentials its tasks have."""

    def __init__(self, number, facts, sts, folder):
        self.account_id = str(200000000000 + number)
        self.administrator_id = str(900000000000 + number)
        self.regions = [REGIONS[number % 6], REGIONS[(number // 6 + number + 1) % 6]]
        self.role = f"arn:aws:iam::{self.account_id}:role/Role{number}"
        self.assumes = number % 4 == 0
        variables: dict[str, Any] = {"administrator_id": self.administrator_id, "regions": self.regions}
        # Whoever comes next to each other in a loop has credentials of another kind
        if self.assumes:
            variables.update(access_key=facts["access_key"], secret_key=facts["secret_key"])
            variables.update(role=self.role, external_id=f"external-{number}", session_name=f"session-{number}")
        else:
            keys = sts.assume_role(RoleArn=self.role, RoleSessionName=f"session-{number}", ExternalId=f"external-{number}")["Credentials"]
            keys = [keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]]
            if number % 4 == 1:
                variables.update(zip(["access_key", "secret_key", "session_token"], keys, strict=False))
            elif number % 4 == 2:
                variables["environment"] = dict(zip(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"], keys, strict=False))
            else:
                # Profiles of the same name, each in a file of its own
                config = folder / f"config{number}"
                config.write_text("[profile work]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n".format(*keys))
                variables.update(profile="work", environment={"AWS_CONFIG_FILE": str(config)})
        self.variables = variables


@pytest.fixture(name="environment")
def _environment(tmp_path):
    """An environment that says nothing of AWS."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO", "ANSIBLE_CONFIG"))}
    return {**environment, "HOME": str(tmp_path), "ANSIBLE_PYTHON_INTERPRETER": sys.executable, "AWS_EC2_METADATA_DISABLED": "true"}


def test_every_call_is_made_by_whom_it_is_for(tmp_path, environment):
    """Many accounts, each with credentials of one of four kinds; each host acts as several of them in turn, ten hosts at a time."""
    with running_emulator(str(tmp_path), ["--regions", ",".join(REGIONS)]) as facts:
        control = Client(facts["url"])
        sts = boto3.client("sts", "us-east-1", endpoint_url=facts["url"], aws_access_key_id=facts["access_key"], aws_secret_access_key=facts["secret_key"])
        accounts = [Account(number, facts, sts, tmp_path) for number in range(ACCOUNTS)]
        invitations = [{"account_id": account.account_id, "administrators": [account.administrator_id]} for account in accounts]
        control.seed(hubs=[account.account_id for account in accounts], invitations=invitations)
        control.clear_calls()
        # Nobody is at the same place of two loops, and all get their turns
        hosts = {
            account.account_id: {**account.variables, "turns": [accounts[(number + 7 * turn) % ACCOUNTS].account_id for turn in range(TURNS)]}
            for number, account in enumerate(accounts)
        }
        inventory = tmp_path / "inventory.json"
        inventory.write_text(json.dumps({"members": {"hosts": hosts, "vars": {"endpoint_url": facts["url"], "ansible_connection": "local"}}}))
        command = ["ansible-playbook", "-f", str(FORKS), "-i", str(inventory), str(HERE / "play.yml")]
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
        calls = control.calls()
        sessions = {session["access_key"]: session for session in control.sessions()}

    made = collections.Counter((call["account"], call["region"], call["operation"]) for call in calls if call["service"] == "securityhub")
    assert {place for place in made if place[2] == "AcceptAdministratorInvitation"} == {
        (account.account_id, region, "AcceptAdministratorInvitation") for account in accounts for region in account.regions
    }
    of_account = {account.account_id: account for account in accounts}
    for call in calls:
        if call["service"] == "securityhub":
            account = of_account[call["account"]]
            assert sessions[call["access_key"]]["role_arn"] == account.role
            assert call["region"] in account.regions
            assert call["params"].get("AdministratorId", account.administrator_id) == account.administrator_id
    for number, account in enumerate(accounts):
        keys = {call["access_key"] for call in calls if call["account"] == account.account_id}
        assumed = [call["params"] for call in calls if call["params"].get("RoleArn") == account.role]
        if account.assumes:
            # A session for each turn, and each as it was asked for
            assert len(keys) == len(assumed) == TURNS
            assert {(params["ExternalId"], params["RoleSessionName"]) for params in assumed} == {(f"external-{number}", f"session-{number}")}
        else:
            assert len(keys) == 1 and not assumed
        for region in account.regions:
            # Where two were about to accept at the same time, the second one has asked once more
            assert made[account.account_id, region, "GetAdministratorAccount"] == TURNS + made[account.account_id, region, "AcceptAdministratorInvitation"] - 1


def test_the_controller_stays_as_it_was(environment):
    """What the controller loads before it forks changes nothing there for other tasks and plugins."""
    ended = subprocess.run([sys.executable, str(HERE / "look_around.py")], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    before, after = json.loads(ended.stdout)
    assert before == after
