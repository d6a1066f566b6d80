# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is tried again, how often, and for how long."""

from __future__ import annotations

import time

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import clients

from .conftest import REGIONS, TWICE, WANTED
from .test_states import ACCEPT, GET, LIST

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
def test_five_attempts_are_made(world, monkeypatch, fault):
    """Four retries, whatever the trouble."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    world.member_of(WANTED)
    world.fault(GET, times=4, **fault)
    assert not world.run().get("failed")
    assert world.calls() == [GET] * 5
    world.control.clear_calls()
    world.fault(GET, times=5, **fault)
    assert world.run()["failed"]
    assert world.calls() == [GET] * 5


@pytest.mark.parametrize("aws_config, attempts", [({}, range(2, 4)), (TWICE, [2]), ({"retries": {"mode": "legacy", "total_max_attempts": 2}}, [2])])
def test_a_call_that_is_not_answered_comes_to_an_end(world, monkeypatch, aws_config, attempts):
    """No attempt begins after a while, unless the task sets how many there are to be."""
    monkeypatch.setattr(clients, "LAST_ATTEMPT_AFTER", 1.5)
    world.member_of(WANTED)
    world.fault(GET, times=None, delay=1.5)
    began = time.monotonic()
    result = world.run(aws_config={"read_timeout": 0.6, **aws_config})
    assert result["error"]["reason"] == "endpoint_unreachable"
    assert len(world.calls()) in attempts
    assert time.monotonic() - began < 6


def test_an_acceptance_that_is_not_found_on_a_retry_may_take_a_moment_to_show(world):
    """The first attempt worked and was not answered; the administrator now shows only when asked again."""
    world.pending(WANTED)
    world.fault(ACCEPT, when="after", **SERVER_ERROR)
    world.fault(GET, skip=1, response={})
    result = world.run(aws_config=TWICE)
    assert result["changed"] and not result.get("failed")
    assert world.calls() == [GET, LIST, ACCEPT, ACCEPT, GET, GET]
