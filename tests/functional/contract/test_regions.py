# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several regions: all are tried at the same time, and no outcome is lost."""

from __future__ import annotations

import signal
import threading

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils._api import SecurityHubApi

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import REGIONS
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import GET
from .test_states import LIST


def test_every_region_in_the_order_asked(world):
    """The result has a region for each, in the order asked and each once."""
    world.pending(WANTED)
    regions = [REGIONS[2], REGIONS[0], REGIONS[2], REGIONS[1]]
    result = world.run(regions=regions)
    assert [outcome["region"] for outcome in result["regions"]] == [REGIONS[2], REGIONS[0], REGIONS[1]]
    assert result["changed"]
    assert "administrator" not in result
    for region in REGIONS:
        assert world.administrator(region) == WANTED
        assert world.calls(region) == [GET, LIST, ACCEPT]


def test_only_the_regions_asked_for(world):
    """No call goes anywhere else."""
    world.pending(WANTED)
    world.run(regions=REGIONS[:2])
    assert not world.calls(REGIONS[2])


def test_one_region_in_a_list(world):
    """With exactly one region, the administrator stands at the top level too, however it was asked for."""
    world.pending(WANTED)
    result = world.run(regions=[REGION, REGION])
    assert result["administrator"]["account_id"] == WANTED
    assert len(result["regions"]) == 1


def test_nothing_to_do_is_one_call_a_region(world):
    """A second run changes nothing, by one call in each region."""
    world.member_of(WANTED)
    result = world.run(regions=REGIONS)
    assert not result["changed"]
    assert sorted(call["region"] for call in world.control.calls(account=MEMBER)) == sorted(REGIONS)


@pytest.mark.parametrize("failing", range(3))
def test_one_region_fails(world, failing):
    """The others are done; changed tells the truth; message and error are the failed one's."""
    world.pending(WANTED)
    world.fault(GET, region=REGIONS[failing], error={"code": "InvalidInputException", "message": "No"})
    result = world.run(regions=REGIONS)
    assert result["failed"] and result["changed"]
    assert [bool(outcome.get("error")) for outcome in result["regions"]] == [number == failing for number in range(3)]
    assert [outcome["changed"] for outcome in result["regions"]] == [number != failing for number in range(3)]
    assert [outcome["state"] for outcome in result["regions"]] == ["unknown" if number == failing else "accepted" for number in range(3)]
    assert result["error"] == result["regions"][failing]["error"]
    assert result["msg"].splitlines() == ["1 of 3 regions failed", f"{REGIONS[failing]}: {result['error']['message']}"]


def test_a_defect_in_one_region(world, monkeypatch):
    """The others' outcomes are kept, and what an exception says of itself, which may be a secret, is not told."""
    accept = SecurityHubApi.accept

    def accept_or_fail(api, *args):
        if api.region == REGIONS[1]:
            raise KeyError(world.secret_key)
        accept(api, *args)

    monkeypatch.setattr(SecurityHubApi, "accept", accept_or_fail)
    world.pending(WANTED)
    result = world.run(regions=REGIONS)
    assert [outcome["state"] for outcome in result["regions"]] == ["accepted", "unknown", "accepted"]
    assert result["error"]["reason"] == "aws_error"
    assert "Unexpected KeyError (" in result["msg"] and "test_regions.py" in result["msg"]
    assert world.secret_key not in str(result)


def test_a_defect_before_any_region(world, monkeypatch):
    """It is told as every region's error."""
    monkeypatch.setattr("botocore.auth.SigV4Auth.add_auth", lambda *args: {}[world.secret_key])
    result = world.run(regions=REGIONS)
    assert [outcome["error"]["reason"] for outcome in result["regions"]] == ["aws_error"] * 3
    assert "Unexpected KeyError (" in result["msg"]
    assert world.secret_key not in str(result)


def test_regions_fail_for_reasons_of_their_own(world):
    """Each failed region has its line, in order; the first one's error is the task's. Nothing changed is told as that."""
    world.member_of(WANTED, regions=[REGIONS[1]])
    world.member_of(OTHER, regions=[REGIONS[0]])
    result = world.run(regions=REGIONS)
    assert result["failed"] and not result["changed"]
    assert [outcome.get("error", {}).get("reason") for outcome in result["regions"]] == ["different_administrator", None, "hub_not_enabled"]
    assert result["error"]["reason"] == "different_administrator"
    lines = result["msg"].splitlines()
    assert lines[0] == "2 of 3 regions failed"
    assert lines[1].startswith(REGIONS[0] + ": ") and lines[2].startswith(REGIONS[2] + ": ")
    assert len(lines) == 3


def test_what_is_alike_is_said_once(world):
    """Regions that fail alike share a line; the errors of the later ones point to the first. One that fails otherwise has its own."""
    world.member_of(OTHER, regions=[REGIONS[1]])
    result = world.run(regions=REGIONS)
    off, other = result["regions"][0]["error"]["message"], result["regions"][1]["error"]["message"]
    assert result["msg"].splitlines() == ["3 of 3 regions failed", f"{REGIONS[0]}, {REGIONS[2]}: {off}", f"{REGIONS[1]}: {other}"]
    assert MEMBER in off and REGIONS[0] in off and "Security Hub CSPM" in off
    assert result["regions"][2]["error"]["message"] == f"As in region {REGIONS[0]}."
    assert [outcome["error"]["reason"] for outcome in result["regions"]] == ["hub_not_enabled", "different_administrator", "hub_not_enabled"]
    assert [outcome["error"]["code"] for outcome in result["regions"]] == ["InvalidAccessException", None, "InvalidAccessException"]


def test_all_regions_fail_alike(world):
    """One line says so, whatever their names do in the message."""
    world.control.seed(hubs=[MEMBER])
    result = world.run(regions=REGIONS)
    assert result["msg"] == f"3 of 3 regions failed\nall 3 regions: {result['error']['message']}"
    assert len([outcome for outcome in result["regions"] if "As in region" not in outcome["error"]["message"]]) == 1


def test_other_messages_are_not_alike(world):
    """The same reason is not enough; nor is another region's name."""
    for region, said in zip(REGIONS, ["Not this", "Not that", f"Not here but in {REGIONS[0]}"], strict=True):
        world.fault(GET, region=region, error={"code": "InvalidInputException", "message": said})
    result = world.run(regions=REGIONS)
    assert len(result["msg"].splitlines()) == 4
    assert "As in region" not in str(result)


def test_messages_that_name_other_regions_are_not_alike(world):
    """Only a region's own name in its own message makes no difference."""
    for region, other in zip(REGIONS, [*REGIONS[1:], REGIONS[0]], strict=True):
        world.fault(GET, region=region, error={"code": "InvalidInputException", "message": f"Ask in {other}"})
    result = world.run(regions=REGIONS)
    assert len(result["msg"].splitlines()) == 4
    assert "As in region" not in str(result)


def test_all_regions_are_asked_at_the_same_time(world):
    """None is answered before all have been asked."""
    world.member_of(WANTED)
    world.fault(GET, times=None, together=len(REGIONS))
    result = world.run(regions=REGIONS, aws_config={**ONCE, "read_timeout": 60})
    assert not result["changed"] and not result.get("failed")


def test_regions_that_nobody_can_use(world):
    """One that the account has not opted in to, one that does not exist, one that can't exist: the others are done."""
    world.pending(WANTED)
    world.control.seed(opted_out={MEMBER: [REGIONS[1]]})
    result = world.run(regions=[REGIONS[0], REGIONS[1], "eu-nowhere-1", "not a region"])
    reasons = [outcome.get("error", {}).get("reason") for outcome in result["regions"]]
    assert reasons == [None, "region_not_enabled", "region_not_enabled", "region_not_enabled"]
    assert result["regions"][0]["administrator"]["account_id"] == WANTED
    assert world.calls().count("GetCallerIdentity") == 1


def test_role_is_assumed_once(world):
    """However many regions there are."""
    world.pending(WANTED)
    world.run(regions=REGIONS)
    assert world.control.count()["AssumeRole"] == 1


def test_role_that_fails_fails_everywhere(world):
    """No region is lost from the result though none could be tried."""
    world.fault("AssumeRole", deny=True)
    result = world.run(regions=REGIONS)
    assert [outcome["region"] for outcome in result["regions"]] == REGIONS
    assert {outcome["error"]["reason"] for outcome in result["regions"]} == {"assume_role_failed"}
    assert result["msg"] == f"3 of 3 regions failed\nall 3 regions: {result['error']['message']}"
    assert world.control.operations() == ["AssumeRole"]


def test_check_writes_nothing_anywhere(world):
    """Also with several regions."""
    world.pending(WANTED)
    assert world.run(check_mode=True, regions=REGIONS)["changed"]
    assert not world.writes()


def test_retries_of_one_region_leave_enough_for_the_others(world, clock):
    """Every region has the retries that it would have alone."""
    world.member_of(WANTED)
    for region in REGIONS:
        world.fault(GET, region=region, times=4, error={"code": "ThrottlingException"})
    result = world.run(regions=REGIONS)
    assert not result.get("failed")
    assert all(world.calls(region) == [GET] * 5 for region in REGIONS)


def test_throttled_region_is_told_alone(world):
    """limit_exceeded in one region, done in the others."""
    world.pending(WANTED)
    world.fault(GET, region=REGION, times=None, error={"code": "LimitExceededException", "message": "Slow down"})
    result = world.run(regions=REGIONS, aws_config=ONCE)
    assert [outcome.get("error", {}).get("reason") for outcome in result["regions"]] == ["limit_exceeded", None, None]


class TimeIsUp(BaseException):
    """What Ansible's timeout raises is no Exception either."""


def test_a_task_that_ends_early_makes_no_further_call(world):
    """As by Ansible's timeout or Ctrl-C: what is on its way ends, and nothing is written any more."""
    world.pending(WANTED)
    world.fault(GET, times=None, delay=1)

    def ring(number, frame):
        raise TimeIsUp

    before, threads = signal.signal(signal.SIGALRM, ring), set(threading.enumerate())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(TimeIsUp):
            world.run(regions=REGIONS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    for thread in set(threading.enumerate()) - threads:
        thread.join(30)
    assert set(world.calls()) <= {GET}
    assert not any(world.administrator(region) for region in REGIONS)
