# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried again, how often, and for how long."""

from __future__ import annotations

import time

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member_info

from .conftest import REGION
from .conftest import REGIONS
from .conftest import TWICE
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import GET
from .test_states import LIST

SERVER_ERROR = {"error": {"code": "InternalException", "message": "Oops"}}
THROTTLED = {"error": {"code": "ThrottlingException", "message": "Rate exceeded", "status": 429}}


@pytest.mark.parametrize("mode", ["standard", "adaptive"])
def test_no_region_uses_up_the_retries_of_another(world, monkeypatch, mode):
    """botocore has 35 retries for a client; all regions share one client here, and each has them all."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    world.member_of(WANTED)
    for region in REGIONS:
        world.fault(GET, region=region, times=15, **SERVER_ERROR)
    result = world.run(regions=REGIONS, aws_config={"retries": {"total_max_attempts": 20, "mode": mode}})
    assert not result.get("failed"), result["msg"]
    assert [len(world.calls(region=region)) for region in REGIONS] == [16] * len(REGIONS)


def test_every_task_begins_with_all_its_retries(world, monkeypatch):
    """The client stays; what one task's calls have used up does not count for the next one's."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    world.member_of(WANTED)
    for _task in range(3):
        world.fault(GET, times=19, **SERVER_ERROR)
        assert not world.run(aws_config={"retries": {"total_max_attempts": 20}}).get("failed")


@pytest.mark.parametrize("fault", [SERVER_ERROR, THROTTLED, {"drop": True}], ids=["server error", "throttled", "dropped"])
def test_attempts_are_made_for_20_seconds(world, clock, fault):
    """Whatever the trouble, and however long the delays happen to be."""
    world.member_of(WANTED)
    world.fault(GET, times=4, **fault)
    assert not world.run().get("failed")
    assert world.calls() == [GET] * 5
    world.control.clear_calls()
    world.fault(GET, times=None, **fault)
    before = clock.slept
    assert world.run()["failed"]
    assert 15 < clock.slept - before <= 20
    assert 5 <= len(world.calls()) <= 7


def test_a_call_that_is_not_answered_comes_to_an_end(world, clock):
    """No attempt begins after a while: each of them waits for 10 s, so there are three at most, and not five."""
    clock.speed = 20
    world.fault(GET, times=None, delay=1)
    result = world.run(assume_role_arn=None, aws_config={"read_timeout": 0.5})
    assert result["error"]["reason"] == "endpoint_unreachable"
    assert 1 <= len(world.control.calls()) <= 3
    assert clock.slept < 20


@pytest.mark.parametrize("retries", [{"total_max_attempts": 4}, {"mode": "legacy", "total_max_attempts": 4}], ids=["standard", "legacy"])
def test_whoever_says_how_often_to_try_gets_as_many_attempts(world, clock, retries):
    """However long each of them takes."""
    clock.speed = 50
    world.fault(GET, times=None, delay=1)
    assert world.run(assume_role_arn=None, aws_config={"read_timeout": 0.5, "retries": retries})["failed"]
    assert world.control.operations() == [GET] * 4


@pytest.mark.parametrize("fault", [SERVER_ERROR, THROTTLED, {"drop": True}], ids=["server error", "throttled", "dropped"])
def test_a_call_that_goes_on_failing_is_given_up_within_the_bound(world, clock, fault):
    """Half a minute, as the documentation says."""
    world.member_of(WANTED)
    world.fault(GET, times=None, **fault)
    assert world.run()["failed"]
    assert 0 < clock.slept <= 40


def test_what_a_retry_has_cost_comes_back_when_it_has_worked(world, monkeypatch):
    """120 calls of one region, each but the first of which works at the second attempt: more retries than a region has at once."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    world.control.seed(administrators=[WANTED])
    world.fault("GetMembers", times=None, every=2, **THROTTLED)
    account_ids = [str(number) for number in range(500000000000, 500000000000 + 50 * 120)]
    result = world.run_module(securityhub_member_info, assume_role_arn=world.role(WANTED), account_ids=account_ids)
    assert not result.get("failed"), result["msg"]
    assert world.control.count(account=WANTED, region=REGION) == {"GetMembers": 239}


def test_an_acceptance_that_is_not_found_on_a_retry_may_take_a_moment_to_show(world):
    """The first attempt worked and was not answered; the administrator now shows only when asked again."""
    world.pending(WANTED)
    world.fault(ACCEPT, when="after", **SERVER_ERROR)
    world.fault(GET, skip=1, response={})
    result = world.run(aws_config=TWICE)
    assert result["changed"] and not result.get("failed")
    assert world.calls() == [GET, LIST, ACCEPT, ACCEPT, GET, GET]
