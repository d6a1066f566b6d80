# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source securityhub_invitations on the emulator, run by its path in a process of its own, as ansible-rulebook runs it."""

from __future__ import annotations

import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

import pytest
from emulator_fixtures import REGIONS
from emulator_process import credentials_of

SOURCE = pathlib.Path(__file__).parents[3] / "extensions/eda/plugins/event_source/securityhub_invitations.py"
# Events as lines of JSON. As ansible-rulebook does, the queue adds to the event that it is given.
RUN = """
import asyncio, json, runpy, sys
class Queue:
    async def put(self, event):
        print(json.dumps(event), flush=True)
        event["meta"] = {}
asyncio.run(runpy.run_path(sys.argv[1])["main"](Queue(), json.loads(sys.argv[2])))
"""
ADMINISTRATOR, STRANGER = "111111111111", "999999999999"
ONE, TWO, THREE = "200000000001", "200000000002", "200000000003"
LONGEST = 60  # seconds, also on a busy machine


class Source:
    """The source, running."""

    def __init__(self, process):
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)

    def events(self, count):
        """The next events, in no order."""
        return sorted((json.loads(self._lines.get(timeout=LONGEST)) for _each in range(count)), key=str)

    def is_silent(self):
        """Whether it has told nothing since."""
        return self._lines.empty()


@pytest.fixture
def start(facts, tmp_path):
    """Start the source with these options, or others beside them."""
    started = []
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))},
        "HOME": str(tmp_path),
        **credentials_of(facts),
    }

    def start(stderr=None, **options):
        args = {"accounts": [ONE, TWO, THREE], "role": "SecurityHubMember", "regions": REGIONS, "interval": 1, **options}
        command = [sys.executable, "-c", RUN, str(SOURCE), json.dumps(args)]
        started.append(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True))
        return Source(started[-1])

    yield start
    for process in started:
        process.kill()
        process.wait()


def invite(aws, account, administrator=ADMINISTRATOR, regions=(REGIONS[0],)):
    """An account with a hub and an invitation."""
    aws.seed(hubs=[account], invitations=[{"account_id": account, "administrators": [administrator], "regions": list(regions)}])


def rounds(aws, account, count):
    """Wait until an account was asked some more times."""
    wanted = aws.count(account=account).get("ListInvitations", 0) + count * len(REGIONS) + 1
    until = time.monotonic() + LONGEST
    while aws.count(account=account).get("ListInvitations", 0) < wanted:
        assert time.monotonic() < until, aws.calls()
        time.sleep(0.1)


def test_each_invitation_is_told_once(aws, start):
    aws.seed(hubs=[ONE, TWO, THREE])
    invite(aws, ONE, regions=REGIONS)
    invite(aws, TWO, STRANGER)
    source = start()
    found = source.events(3)
    assert [(event["account_id"], event["region"], event["administrator_id"]) for event in found] == [
        (ONE, REGIONS[0], ADMINISTRATOR),
        (ONE, REGIONS[1], ADMINISTRATOR),
        (TWO, REGIONS[0], STRANGER),
    ]
    assert all(set(event) == {"type", "account_id", "region", "administrator_id", "invitation_id", "invited_at"} for event in found)
    [invitation] = aws.state(TWO, REGIONS[0])["invitations"]
    assert (found[2]["type"], found[2]["invitation_id"]) == ("invitation", invitation["InvitationId"])
    rounds(aws, TWO, 3)
    assert source.is_silent()
    invite(aws, THREE)
    assert [event["account_id"] for event in source.events(1)] == [THREE]
    assert {call["operation"] for call in aws.calls(service="securityhub")} <= {"GetAdministratorAccount", "ListInvitations", "GetInvitationsCount"}


def test_what_is_accepted_or_declined_is_not_told(aws, start):
    members = [{"account_id": ONE, "status": "Enabled"}, {"account_id": TWO, "status": "Resigned", "declined": True}]
    aws.seed(hubs=[THREE], administrators=[ADMINISTRATOR], members=members)
    assert aws.state(TWO, REGIONS[0])["invitations"]
    source = start()
    rounds(aws, ONE, 2)
    rounds(aws, THREE, 2)
    assert source.is_silent()


def test_an_account_that_can_not_be_asked_is_an_event_and_stops_no_other(aws, start):
    aws.seed(hubs=[ONE, TWO, THREE])
    aws.add_fault(operation="AssumeRole", params={"RoleArn": f"arn:aws:iam::{ONE}:*"}, deny=True, times=None)
    aws.add_fault(operation="GetAdministratorAccount", account=TWO, region=REGIONS[0], deny=True, times=None)
    aws.add_fault(operation="GetMasterAccount", account=TWO, region=REGIONS[0], deny=True, times=None)
    invite(aws, TWO, regions=REGIONS[1:])
    source = start()
    found = source.events(4)
    assert [(event["type"], event["account_id"], event["region"], event.get("reason")) for event in found] == [
        ("error", ONE, REGIONS[0], "assume_role_failed"),
        ("error", ONE, REGIONS[1], "assume_role_failed"),
        ("error", TWO, REGIONS[0], "access_denied"),
        ("invitation", TWO, REGIONS[1], None),
    ]
    # The whole message, in each
    assert all("role" in event["message"] and len(event["message"]) > 60 for event in found[:2])
    rounds(aws, TWO, 2)
    assert source.is_silent()
    # It has gone, and comes back
    aws.clear_faults()
    rounds(aws, ONE, 2)
    assert source.is_silent()
    aws.add_fault(operation="AssumeRole", params={"RoleArn": f"arn:aws:iam::{ONE}:*"}, deny=True, times=None)
    assert [event["reason"] for event in source.events(2)] == ["assume_role_failed"] * 2


def test_throttling_is_waited_for_or_told_and_stops_no_other(aws, start):
    throttled = {"error": {"code": "ThrottlingException", "message": "Rate exceeded", "status": 429}}
    aws.seed(hubs=[THREE])
    invite(aws, ONE)
    invite(aws, TWO)
    aws.add_fault(operation="ListInvitations", account=ONE, times=2, **throttled)
    aws.add_fault(operation="ListInvitations", account=THREE, region=REGIONS[0], times=None, **throttled)
    source = start()
    found = source.events(3)
    assert [(event["type"], event["account_id"], event.get("reason")) for event in found] == [
        ("error", THREE, "limit_exceeded"),
        ("invitation", ONE, None),
        ("invitation", TWO, None),
    ]


def test_all_regions_and_the_external_id(aws, start):
    aws.seed(hubs=[ONE])
    invite(aws, ONE, regions=REGIONS[1:])
    source = start(accounts=[ONE], regions=["all"], external_id="only-you", role="arn:aws:iam::{{securityhub_account_id}}:role/path/Any")
    assert [event["region"] for event in source.events(1)] == REGIONS[1:]
    assert (f"arn:aws:iam::{ONE}:role/path/Any", "only-you") in [(session["role_arn"], session["external_id"]) for session in aws.sessions()]


def test_role_by_its_name_in_another_partition(aws, start):
    """It belongs to the partition of the regions."""
    aws.seed(regions=["cn-north-1"], hubs=[ONE])
    invite(aws, ONE, regions=["cn-north-1"])
    source = start(accounts=[ONE], regions=["cn-north-1"])
    assert [(event["type"], event["region"]) for event in source.events(1)] == [("invitation", "cn-north-1")]
    assert f"arn:aws-cn:iam::{ONE}:role/SecurityHubMember" in [session["role_arn"] for session in aws.sessions()]


def test_what_can_not_be_seen_in_an_event_is_shown(aws, start):
    """A region with a no-break space in its name, as web pages write it."""
    found = start(accounts=[ONE], regions=["eu\xa0west-1"]).events(1)
    assert (found[0]["region"], found[0]["reason"]) == ("eu\\xa0west-1", "region_not_enabled")
    assert "eu\\xa0west-1" in found[0]["message"] and "\xa0" not in found[0]["message"]


def test_what_is_wrong_with_a_profile_is_told_of_each_account(aws, start):
    """Here the environment has keys, too."""
    found = start(profile="nobody").events(3)
    assert [(event["account_id"], event["region"], event["reason"]) for event in found] == [(account, None, "invalid_input") for account in (ONE, TWO, THREE)]
    assert all("profile" in event["message"] for event in found)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"accounts": None}, "Set accounts to a list"),
        ({"accounts": "200000000001"}, "Set accounts to a list"),
        ({"accounts": [ONE, "1234"]}, "Set accounts to a list"),
        ({"accounts": [int(ONE)]}, "Set accounts to a list"),
        ({"regions": "eu-west-1"}, "Set regions to a list"),
        ({"regions": []}, "Set regions to a list"),
        ({"role": ""}, "Set role to"),
        ({"role": "arn:aws:iam::{{ account_id }}:role/SecurityHubMember"}, "Set role to"),
        ({"interval": 0}, "Set interval to"),
        ({"interval": "soon"}, "Set interval to"),
        ({"interval": "inf"}, "Set interval to"),
        # What can't be seen is shown
        ({"accounts": [ONE, f"\ufeff{TWO}"]}, f"Set accounts to a list of account IDs, each of 12 digits in quotes. Invalid: '\\ufeff{TWO}'."),
        ({"accounts": [f"{ONE}\r"]}, f"Set accounts to a list of account IDs, each of 12 digits in quotes. Invalid: '{ONE}\\r'."),
        ({"accounts": [f"{ONE}\u3164"]}, f"Set accounts to a list of account IDs, each of 12 digits in quotes. Invalid: '{ONE}\\u3164'."),
    ],
)
def test_wrong_options_are_refused(start, options, says):
    source = start(stderr=subprocess.PIPE, **options)
    _output, errors = source.process.communicate(timeout=LONGEST)
    assert source.process.returncode == 1
    assert f"ValueError: {says}" in errors
