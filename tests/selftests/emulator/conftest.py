# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One emulator for all tests, set back for each; AWS clients of any account, made by AssumeRole as in life."""

from __future__ import annotations

import os
import pkgutil
import socket
import sys
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

# pytest imports this folder under the name of what it tests: let the tests see the real package behind it.
package = sys.modules[__package__]
package.__path__ = pkgutil.extend_path(package.__path__, __package__)

from emulator.securityhub import clock as emulator_clock
from emulator.server import BASE_ACCESS_KEY
from emulator.server import BASE_SECRET_KEY
from emulator.server import EmulatorServer

from .conformance import problems

ADMINISTRATOR = "111111111111"
MEMBER = "222222222222"
REGION = "eu-west-1"
REGIONS = ["eu-west-1", "us-east-1"]
# A client that never tries again, and leaves it to the service to refuse what is wrong.
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, parameter_validation=False)
HASTY = ONCE.merge(Config(read_timeout=0.2))


@pytest.fixture(scope="package", autouse=True)
def no_aws_environment():
    """What is set on a machine for AWS must not reach the tests."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    yield
    os.environ.update(kept)


@pytest.fixture(scope="package")
def server(no_aws_environment):
    """The emulator, with nothing in it."""
    with EmulatorServer(regions=REGIONS) as running:
        yield running


@pytest.fixture(autouse=True)
def conformance(server):
    """Nothing is answered that botocore's service models don't know."""
    found = []
    server.emulator.observers[:] = [lambda *seen: found.extend(problems(*seen))]
    yield found
    assert not found


@pytest.fixture
def instead(server, monkeypatch):
    """A function that has the emulator give an answer of its own."""

    def answer(value):
        monkeypatch.setattr(server.emulator, "_ask_moto", lambda request, call: value)

    return answer


@pytest.fixture
def emulator(server):
    """Its control API, everything as just started."""
    server.client.reset()
    return server.client


class Aws:
    """Clients of the AWS API, kept for the next test: access keys outlive a reset."""

    def __init__(self, url):
        self.url = url
        self.session = boto3.Session(BASE_ACCESS_KEY, BASE_SECRET_KEY, region_name=REGION)
        self.sts = self.session.client("sts", endpoint_url=url, config=ONCE)
        self.sessions = {}
        self.clients = {}

    def as_account(self, account):
        """A boto3 session of an account."""
        if account not in self.sessions:
            role = f"arn:aws:iam::{account}:role/SecurityHubMember"
            keys = self.sts.assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
            self.sessions[account] = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)
        return self.sessions[account]

    def hasty(self, account):
        """A Security Hub client that does not wait."""
        return self.as_account(account).client("securityhub", endpoint_url=self.url, config=HASTY)

    def __call__(self, account, region=REGION):
        """A Security Hub client of an account in a region. It never tries again."""
        if (account, region) not in self.clients:
            self.clients[account, region] = self.as_account(account).client("securityhub", region, endpoint_url=self.url, config=ONCE)
        return self.clients[account, region]


@pytest.fixture(scope="package")
def session_aws(server):
    """The clients of all tests."""
    return Aws(server.url)


@pytest.fixture
def aws(session_aws, emulator):
    """Clients, on an emulator that is as just started."""
    return session_aws


@pytest.fixture
def administrator(aws):
    """The administrator, its hub enabled."""
    aws(ADMINISTRATOR).enable_security_hub()
    return aws(ADMINISTRATOR)


@pytest.fixture
def member(aws):
    """An account with its hub enabled, and nothing else."""
    aws(MEMBER).enable_security_hub()
    return aws(MEMBER)


@pytest.fixture
def invited(administrator, member):
    """The account, invited by the administrator."""
    create(administrator, MEMBER)
    administrator.invite_members(AccountIds=[MEMBER])
    return member


@pytest.fixture
def enabled(invited):
    """The account, having accepted."""
    accept(invited)
    return invited


class Clock:
    """Time that passes when a test says so."""

    now = 1000.0

    def __call__(self):
        return self.now

    def wait(self, seconds):
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """The emulator's time."""
    clock = Clock()
    monkeypatch.setattr(emulator_clock, "monotonic", clock)
    return clock


def create(client, *account_ids):
    """Create members; the answer is UnprocessedAccounts."""
    details = [{"AccountId": account_id, "Email": "someone@example.com"} for account_id in account_ids]
    return client.create_members(AccountDetails=details)["UnprocessedAccounts"]


def invitation(client, sender=ADMINISTRATOR):
    """The invitation of one sender as ListInvitations tells it; None where there is none."""
    found = [item for item in client.list_invitations()["Invitations"] if item["AccountId"] == sender]
    return found[0] if found else None


def accept(client, sender=ADMINISTRATOR):
    """Accept a sender's invitation."""
    client.accept_administrator_invitation(AdministratorId=sender, InvitationId=invitation(client, sender)["InvitationId"])


def status(client, account_id=MEMBER):
    """What an administrator's list says of an account."""
    members = client.list_members(OnlyAssociated=False)["Members"]
    return next((member["MemberStatus"] for member in members if member["AccountId"] == account_id), None)


def wait_for(condition, seconds=30):
    """Wait until a condition is true; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_refused(url):
    """Whether nobody listens at an address."""
    host, port = url.rpartition("/")[2].split(":")
    try:
        socket.create_connection((host, int(port)), timeout=30).close()
    except ConnectionRefusedError:
        return True
    return False


def error(call, *args, **kwargs):
    """Code, HTTP status and message of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


def told(found):
    """What the check has found, which is no failure of this test then."""
    problems = list(found)
    found.clear()
    return problems
