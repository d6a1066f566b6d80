# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about the command, and about the AWS CLI on what it starts."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys

import boto3
import emulator
import pytest
from botocore.exceptions import EndpointConnectionError
from emulator.client import Client

from .conftest import ONCE
from .conftest import is_refused
from .conftest import wait_for

PACKAGE_PARENT = next(str(pathlib.Path(path).parent) for path in emulator.__path__ if (pathlib.Path(path) / "server.py").exists())


@contextlib.contextmanager
def running(folder, *options):
    """The command, running, and what its ready file says."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "emulator", "--ready-file", str(ready), "--parent", str(os.getpid()), *options]
    environment = {**os.environ, "PYTHONPATH": PACKAGE_PARENT, "MOTO_ACCOUNT_ID": "999999999999", "AWS_PROFILE": "does-not-exist"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(lambda: ready.exists() or process.poll() is not None)
            yield process, json.loads(ready.read_text())
        finally:
            process.terminate()


def test_it_says_how_to_reach_it(tmp_path):
    with running(tmp_path, "--members", "2", "--member", "333333333333", "--hub-off", "333333333333", "--regions", "eu-west-1") as (process, ready):
        assert ready["pid"] == process.pid
        assert ready["members"] == ["200000000001", "200000000002", "333333333333"]
        assert ready["regions"] == ["eu-west-1"]
        assert ready["role_arn_pattern"] == "arn:aws:iam::{account_id}:role/SecurityHubMember"
        assert process.stdout.readline().endswith("Administrators: 111111111111. Members: 200000000001, 200000000002, 333333333333.\n")
        line = process.stdout.readline()
        assert f"AWS_ENDPOINT_URL={ready['url']}" in line and ready["access_key"] in line
        client = Client(ready["url"])
        assert client.member_status(ready["administrators"][0], "200000000001", "eu-west-1") == "Invited"
        assert client.state("333333333333", "eu-west-1")["hub"] is None


def test_members_need_not_be_invited(tmp_path):
    with running(tmp_path, "--members", "1", "--no-invite") as (_process, ready):
        client = Client(ready["url"])
        assert client.state(ready["administrators"][0], "eu-west-1")["members"] == {}
        assert client.state("200000000001", "eu-west-1")["hub"]


def test_a_seed_file_adds_to_the_options(tmp_path):
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"members": [{"account_id": "444444444444", "status": "Enabled"}]}))
    with running(tmp_path, "--members", "1", "--seed", str(seed)) as (_process, ready):
        client = Client(ready["url"])
        assert ready["members"] == ["200000000001", "444444444444"]
        assert client.member_status(ready["administrators"][0], "444444444444", "us-east-1") == "Enabled"
        client.reset(seed=False)
        assert client.state() == {}
        client.reset()
        assert client.health()["members"] == ["200000000001", "444444444444"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told(tmp_path, number):
    with running(tmp_path) as (process, ready):
        Client(ready["url"]).health()
        process.send_signal(number)
        assert process.wait(60) == 0
    assert not (tmp_path / "ready.json").exists()


def test_it_stops_in_an_outage(tmp_path):
    with running(tmp_path) as (process, ready):
        keys = {"aws_access_key_id": ready["access_key"], "aws_secret_access_key": ready["secret_key"]}
        aws = boto3.client("sts", "eu-west-1", endpoint_url=ready["url"], config=ONCE, **keys)
        aws.get_caller_identity()
        Client(ready["url"]).outage(600)
        assert is_refused(ready["url"])
        with pytest.raises(EndpointConnectionError):
            aws.get_caller_identity()
        process.terminate()
        assert process.wait(60) == 0
        assert process.stderr.read() == ""


def test_it_stops_when_its_parent_ends(tmp_path):
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent,
        running(tmp_path, "--parent", str(parent.pid)) as (process, _ready),
    ):
        parent.kill()
        assert process.wait(60) == 0


def test_a_port_that_is_in_use_is_a_clear_error(tmp_path):
    with running(tmp_path) as (_process, ready):
        port = ready["url"].rpartition(":")[2]
        command = [sys.executable, "-m", "emulator", "--port", port]
        result = subprocess.run(command, env={**os.environ, "PYTHONPATH": PACKAGE_PARENT}, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stderr.strip() == f"The emulator can't start: port {port} is in use. Name another with --port, or none for a free one."


def test_a_seed_that_makes_no_sense_is_a_clear_error(tmp_path):
    command = [sys.executable, "-m", "emulator", "--regions", "eu-nowhere-1"]
    result = subprocess.run(command, env={**os.environ, "PYTHONPATH": PACKAGE_PARENT}, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stderr.strip() == "The emulator can't start: there is no region 'eu-nowhere-1'"
