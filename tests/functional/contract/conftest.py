# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emulator in a process of its own, and the module's function as a task would call it."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

import boto3
import pytest
from emulator.client import Client
from emulator_process import running_emulator

# Where Ansible finds collections, Python can find them too.
sys.path.extend(path for path in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep) if path and path not in sys.path)

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_task
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation

WANTED = "111111111111"
OTHER = "222222222222"
THIRD = "333333333333"
MEMBER = "444444444444"
REGION = "eu-west-1"
REGIONS = ["eu-west-1", "us-east-1", "ap-south-1"]
WRITES = (
    "AcceptAdministratorInvitation",
    "AcceptInvitation",
    "DeclineInvitations",
    "DeleteInvitations",
    "DisassociateFromAdministratorAccount",
    "DisassociateFromMasterAccount",
)
# Faults that last are not worth waiting for.
ONCE = {"retries": {"total_max_attempts": 1}}
TWICE = {"retries": {"total_max_attempts": 2}}


class OptionsRefused(Exception):
    """What Ansible itself says of options that don't fit the module's specification."""


class World:
    """The emulated accounts, and the module at work in one of them."""

    def __init__(self, control, facts):
        self.control = control
        self.endpoint_url = facts["url"]
        self.access_key = facts["access_key"]
        self.secret_key = facts["secret_key"]
        self.base_account = facts["base_account"]

    @staticmethod
    def role(account):
        """A role of an account."""
        return f"arn:aws:iam::{account}:role/SecurityHubMember"

    def sts(self):
        """A client for STS, as the base account."""
        keys = {"aws_access_key_id": self.access_key, "aws_secret_access_key": self.secret_key}
        return boto3.client("sts", region_name=REGION, endpoint_url=self.endpoint_url, **keys)

    def options(self, **options):
        """A task's options: the member's role in one region, unless options say otherwise. None leaves one out."""
        defaults = {
            "access_key": self.access_key,
            "secret_key": self.secret_key,
            "endpoint_url": self.endpoint_url,
            "assume_role_arn": self.role(MEMBER),
            "region": None if "regions" in options else REGION,
        }
        return {name: value for name, value in {**defaults, **options}.items() if value is not None}

    def run(self, check_mode=False, **options):
        """The result of securityhub_invitation. Raises OptionsRefused."""
        return self.run_module(securityhub_invitation, check_mode, **{"administrator_id": WANTED, **options})

    def run_module(self, module, check_mode=False, **options):
        """The result of any module of the collection, with the states of its diff at the top level. Raises OptionsRefused."""
        # A changed environment means new clients
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        spec = {name: value for name, value in module.SPEC.items() if name != "supports_check_mode"}
        validated = ArgumentSpecValidator(**spec).validate(self.options(**options))
        if validated.error_messages:
            raise OptionsRefused("; ".join(validated.error_messages))
        result = run_task(module.run, validated.validated_parameters, check_mode, diff_mode=True)
        return {**result, **result.get("diff", {})}

    def pending(self, *administrators, account=MEMBER):
        """Invitations that nobody has answered yet, oldest first."""
        self.control.seed(hubs=[account], invitations=[{"account_id": account, "administrators": list(administrators)}])

    def member_of(self, administrator, account=MEMBER, **more):
        """A membership, or what is left of one."""
        self.control.seed(members=[{"account_id": account, "administrator": administrator, "status": "Enabled", **more}])

    def fault(self, operation, **fault):
        """Something goes wrong with an operation."""
        self.control.add_fault(operation=operation, **fault)

    def lag(self, operation, fast):
        """What an operation reads, or is judged by, is five seconds old."""
        self.fault(operation, times=None, lag=fast.real(5))

    def calls(self, region=None, account=MEMBER):
        """The names of the calls as the member, in order."""
        return self.control.operations(account=account, **({"region": region} if region else {}))

    def writes(self):
        """The calls that change something."""
        return [call for call in self.control.calls() if call["operation"] in WRITES]

    def administrator(self, region=REGION, account=MEMBER):
        """The account ID of the administrator as the emulator has it."""
        found = self.control.state(account, region).get("administrator")
        return found and found["AccountId"]

    def senders(self, region=REGION, account=MEMBER):
        """Whose invitations the account holds."""
        return [invitation["AccountId"] for invitation in self.control.state(account, region).get("invitations", [])]

    def invitation_id(self, administrator=WANTED):
        """The ID of a sender's invitation."""
        invitations = self.control.state(MEMBER, REGION)["invitations"]
        return next(invitation["InvitationId"] for invitation in invitations if invitation["AccountId"] == administrator)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    """The emulator, running."""
    with running_emulator(str(tmp_path_factory.mktemp("emulator")), ["--regions", ",".join(REGIONS)]) as facts:
        yield World(Client(facts["url"]), facts)


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """An empty home folder; the same for all, since a client is kept for as long as its surroundings stay the same."""
    return str(tmp_path_factory.mktemp("home"))


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, home):
    """Nothing that the machine has set for AWS, and no names looked up in the network."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BOTO")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    look_up = socket.getaddrinfo

    def only_this_machine(host, *args, **kwargs):
        if host != "127.0.0.1":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", only_this_machine)


@pytest.fixture
def world(emulator):
    """The emulated accounts, all as just started."""
    emulator.control.reset(seed=False)
    return emulator


class Clock:
    """A clock for each thread, which its sleeping puts forward at once, and which goes so many times faster than the real one."""

    def __init__(self, monotonic):
        self.speed = 1
        self._monotonic = monotonic
        self._start = monotonic()
        self._thread = threading.local()

    @property
    def slept(self):
        """How long this thread has slept, in seconds."""
        return getattr(self._thread, "slept", 0)

    def monotonic(self):
        """The time, in seconds."""
        return self._start + (self._monotonic() - self._start) * self.speed + self.slept

    def sleep(self, seconds):
        """Let the time pass."""
        assert seconds >= 0
        self._thread.slept = self.slept + seconds


@pytest.fixture
def clock(monkeypatch):
    """Time in this process passes by sleeping only, so that bounds of minutes are tested at once and on a busy machine too."""
    fake = Clock(time.monotonic)
    monkeypatch.setattr(time, "monotonic", fake.monotonic)
    monkeypatch.setattr(time, "sleep", fake.sleep)
    return fake


class Fast:
    """A clock that goes five times as fast as the real one, for what both ends of a call take time for."""

    SPEED = 5

    def __init__(self):
        self._monotonic, self._sleep = time.monotonic, time.sleep
        self._start = time.monotonic()

    def monotonic(self):
        """The time, in seconds."""
        return self._start + (self._monotonic() - self._start) * self.SPEED

    def sleep(self, seconds):
        """Let the time pass."""
        self._sleep(seconds / self.SPEED)

    def real(self, seconds):
        """So many seconds of this clock in real ones, for the emulator, which is another process."""
        return seconds / self.SPEED


@pytest.fixture
def fast(monkeypatch):
    """Five seconds of this process pass in one."""
    clock = Fast()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock
