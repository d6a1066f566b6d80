# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rulebooks that ansible-rulebook runs, with moto's SQS and the emulator for AWS."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import logging
import os
import pathlib
import signal
import subprocess
import time
import typing

import boto3
import pytest
import rulebooks
from emulator_fixtures import REGIONS
from emulator_fixtures import aws
from emulator_fixtures import facts
from moto.server import ThreadedMotoServer

from .controller import running_controller

__all__ = ["aws", "facts"]
logging.getLogger("werkzeug").setLevel(logging.ERROR)
# Seconds, also on a busy machine
LONGEST = 120
STOP_TIMEOUT = 30


@pytest.fixture(scope="session")
def environment():
    """What rulebooks run in."""
    found = json.loads((pathlib.Path(os.environ["EVENTS"]) / "environment.json").read_text(encoding="utf-8"))
    if "missing" in found:
        pytest.skip(found["missing"])
    return found


class Queue:
    """A queue of moto's SQS, which can go away and come back without its messages being lost: another server has the same state."""

    def __init__(self, name):
        self.name = name
        self.port = 0
        self._server: typing.Any = None
        self.start()
        self._sqs = self.client("sqs", REGIONS[0])

    def create(self):
        """Have it made, unless somebody else does."""
        self._sqs.create_queue(QueueName=self.name)
        return self

    @property
    def variables(self):
        """Those of a rulebook that reads it."""
        return {"securityhub_queue_name": self.name, "securityhub_queue_region": REGIONS[0]}

    @property
    def url(self):
        """The address of SQS, and of moto's other services."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, service, region):
        """A client of one of these."""
        return boto3.client(service, region_name=region, endpoint_url=self.url, aws_access_key_id="key", aws_secret_access_key="secret")

    @functools.cached_property
    def _url(self):
        return self._sqs.get_queue_url(QueueName=self.name)["QueueUrl"]

    def start(self):
        """Be there, at the same address as before."""
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]

    def stop(self):
        """Go away."""
        self._server.stop()

    def send(self, body):
        """Put a message into the queue, as JSON unless it is a text."""
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def take(self):
        """A message, as it was sent, which is in the queue no more. Raises KeyError where there is none."""
        (found,) = self._sqs.receive_message(QueueUrl=self._url)["Messages"]
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=found["ReceiptHandle"])
        return json.loads(found["Body"])

    def count(self):
        """How many messages there are, with those that somebody has taken and not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(int(value) for value in self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"].values())


@pytest.fixture
def queue(tmp_path):
    """A queue of the test's own."""
    queue = Queue(tmp_path.name).create()
    yield queue
    queue.stop()


@pytest.fixture
def controller():
    """The controller's API."""
    with running_controller() as server:
        yield server


class Rulebook:
    """A rulebook that runs."""

    def __init__(self, process, log):
        self.process = process
        self._log = log

    @property
    def output(self):
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_until(self, holds):
        """Wait until something holds. It must go on running meanwhile."""
        until = time.monotonic() + LONGEST
        while not holds():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < until, self.output
            time.sleep(0.2)

    def ends(self):
        """Wait for its end, and return its exit status."""
        return self.process.wait(LONGEST)

    def runs_of(self, playbook):
        """How many runs of a playbook have ended, by its last play."""
        return self.output.count({"onboard": "TASK [Fail if anything that was asked for is missing]", "accept": "PLAY [Accept in each account]"}[playbook])


@pytest.fixture
def start(environment, facts, tmp_path):
    """Start a command of ansible-rulebook, as a user does who has installed the collection by ansible-galaxy and set nothing for Ansible."""
    started: list[subprocess.Popen] = []

    def start(command, queue=None):
        log = tmp_path / f"{len(started)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command,
                env=rulebooks.environment(environment, facts, EDA_JOB_TEMPLATE_REFRESH_DELAY="0.2", **({"AWS_ENDPOINT_URL_SQS": queue.url} if queue else {})),
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(process)
        return Rulebook(process, log)

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_TIMEOUT)


@pytest.fixture
def run(start, tmp_path):
    """Run a rulebook of the collection with variables."""
    (tmp_path / "inventory.yml").write_text(rulebooks.INVENTORY, encoding="utf-8")
    numbers = itertools.count()

    def run(rulebook, variables, *arguments, queue=None):
        path = tmp_path / f"variables-{next(numbers)}.json"
        path.write_text(json.dumps(variables), encoding="utf-8")
        command = ["ansible-rulebook", "--rulebook", f"cloudsec.securityhub.{rulebook}", "--inventory", "inventory.yml", "--vars", str(path)]
        return start([*command, *arguments], queue)

    return run
