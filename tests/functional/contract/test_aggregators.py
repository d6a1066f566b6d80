# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cross-Region aggregation: one home region for an account, set with no call too many; and the module that reads it from any region."""

from __future__ import annotations

import concurrent.futures

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_finding_aggregator
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_finding_aggregator_info

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGION
from .conftest import REGIONS
from .conftest import TWICE
from .conftest import WANTED

LIST, GET = "ListFindingAggregators", "GetFindingAggregator"
CREATE, UPDATE, DELETE = "CreateFindingAggregator", "UpdateFindingAggregator", "DeleteFindingAggregator"
ELSEWHERE, THIRD_REGION = REGIONS[1], REGIONS[2]
READS = ["Get*", "List*"]
NOT_FOUND = {"code": "ResourceNotFoundException", "message": "The request was rejected because no finding aggregator was found."}


@pytest.fixture(name="world")
def _world(world):
    """The emulated accounts, with Security Hub CSPM enabled in one of them."""
    world.control.seed(hubs=[MEMBER])
    return world


def aggregate(world, **options):
    """The result of securityhub_finding_aggregator."""
    return world.run_module(securityhub_finding_aggregator, **options)


def end(world, **options):
    """The same where there is to be none."""
    return aggregate(world, state="absent", **options)


def look(world, **options):
    """The result of securityhub_finding_aggregator_info."""
    return world.run_module(securityhub_finding_aggregator_info, **options)


def put(world, mode="ALL_REGIONS", regions=(), region=REGION):
    """The account has an aggregator."""
    world.control.seed(aggregators=[{"account_id": MEMBER, "region": region, "mode": mode, **({"regions": list(regions)} if regions else {})}])


def known(world, region=REGION):
    """The mode and the regions of the aggregator in a home region, as the emulator has it; None where there is none."""
    found = world.control.state(MEMBER, region)["aggregator"]
    return found and (found["RegionLinkingMode"], found.get("Regions", []))


def done(result):
    """The result of a task that has not failed."""
    assert not result.get("failed"), result["msg"]
    return result


def failed(result, reason, *about, changed=False):
    """The error of a task, whose message has these words in it."""
    assert result["failed"] and result["error"]["reason"] == reason, result
    assert all(word in result["msg"] for word in about), result["msg"]
    assert result["changed"] is changed
    return result["error"]


def params(world, operation):
    """What a call was made with."""
    [call] = world.control.calls(account=MEMBER, operation=operation)
    return call["params"]


# --- What is called ---


def test_it_is_created_once(world):
    result = done(aggregate(world))
    assert result["changed"] and world.calls() == [LIST, CREATE]
    assert params(world, CREATE) == {"RegionLinkingMode": "ALL_REGIONS"}
    found = result["aggregator"]
    assert found["arn"].startswith(f"arn:aws:securityhub:{REGION}:{MEMBER}:finding-aggregator/")
    assert (found["home_region"], found["linking_mode"], found["linked_regions"]) == (REGION, "all_regions", [])
    assert result["regions"] == [{"region": REGION, "changed": True, "state": "present", "aggregator": found}]
    world.control.clear_calls()
    again = done(aggregate(world))
    assert again["changed"] is False and again["aggregator"] == found
    assert world.calls() == [LIST, GET]


MODES: dict[str, tuple] = {
    "all_regions": ("ALL_REGIONS", None),
    "all_regions_except_specified": ("ALL_REGIONS_EXCEPT_SPECIFIED", [ELSEWHERE]),
    "specified_regions": ("SPECIFIED_REGIONS", [ELSEWHERE, THIRD_REGION]),
    "no_regions": ("NO_REGIONS", None),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("before", [None, *MODES])
def test_any_mode_from_any_other(world, before, mode):
    """A difference is written, and no more; no regions are left over from an earlier mode."""
    if before:
        put(world, *[value or [] for value in MODES[before]])
    name, regions = MODES[mode]
    foretold = done(aggregate(world, linking_mode=mode, linked_regions=regions, check_mode=True))
    assert set(world.calls()) <= {LIST, GET}
    world.control.clear_calls()
    result = done(aggregate(world, linking_mode=mode, linked_regions=regions))
    assert world.calls() == ([LIST, GET] if before else [LIST]) + ([] if before == mode else [UPDATE] if before else [CREATE])
    assert foretold["changed"] == result["changed"] == (before != mode)
    assert (known(world)[0], sorted(known(world)[1])) == (name, sorted(regions or []))
    assert {**foretold["aggregator"], "arn": result["aggregator"]["arn"]} == result["aggregator"]
    assert (foretold["aggregator"]["arn"] is None) == (before is None)
    assert (foretold["before"], foretold["after"]) == (result["before"], {REGION: foretold["aggregator"]})
    assert (result["before"][REGION] and result["before"][REGION]["linking_mode"]) == before and result["after"] == {REGION: result["aggregator"]}
    world.control.clear_calls()
    assert done(aggregate(world, linking_mode=mode, linked_regions=regions))["changed"] is False
    assert world.calls() == [LIST, GET]


@pytest.mark.parametrize("mode", MODES)
def test_without_a_mode_it_stays_as_it_is(world, mode):
    put(world, *[value or [] for value in MODES[mode]])
    result = done(aggregate(world))
    assert result["changed"] is False and result["aggregator"]["linking_mode"] == mode
    assert world.calls() == [LIST, GET]


def test_regions_are_compared_without_order_and_told_sorted(world):
    put(world, "SPECIFIED_REGIONS", [ELSEWHERE, THIRD_REGION])
    result = done(aggregate(world, linking_mode="specified_regions", linked_regions=[f" {THIRD_REGION} ", ELSEWHERE, THIRD_REGION]))
    assert result["changed"] is False and result["aggregator"]["linked_regions"] == sorted([ELSEWHERE, THIRD_REGION])
    assert done(aggregate(world, linking_mode="specified_regions", linked_regions=[ELSEWHERE]))["changed"]
    assert params(world, UPDATE)["Regions"] == [ELSEWHERE]


def test_regions_that_aws_names_beside_another_mode_are_no_difference(world):
    """Such as those that are linked at the moment."""
    put(world)
    arn = look(world)["aggregator"]["arn"]
    world.fault(GET, times=None, response={"FindingAggregatorArn": arn, "RegionLinkingMode": "ALL_REGIONS", "Regions": [ELSEWHERE]})
    result = done(aggregate(world, linking_mode="all_regions"))
    assert not result["changed"] and result["aggregator"]["linked_regions"] == [ELSEWHERE]
    assert result["aggregator"]["home_region"] == REGION


def test_it_is_deleted_once(world):
    put(world)
    foretold = done(end(world, check_mode=True))
    assert foretold["changed"] and foretold["aggregator"] is None and known(world)
    world.control.clear_calls()
    result = done(end(world))
    assert result["changed"] and result["aggregator"] is None and result["regions"][0]["state"] == "absent"
    assert world.calls() == [LIST, GET, DELETE] and known(world) is None
    assert result["before"][REGION]["linking_mode"] == "all_regions" and result["after"] == foretold["after"] == {REGION: None}
    world.control.clear_calls()
    assert not done(end(world))["changed"]
    assert world.calls() == [LIST]


def test_the_aggregator_is_on_a_later_page(world):
    put(world)
    shown = [{"FindingAggregatorArn": look(world)["aggregator"]["arn"]}]
    world.control.clear_calls()
    world.fault(LIST, response={"FindingAggregators": [], "NextToken": "next"})
    world.fault(LIST, response={"FindingAggregators": shown})
    assert not done(aggregate(world))["changed"]
    assert world.calls() == [LIST, LIST, GET]


def test_the_home_region_may_come_from_the_environment(world, monkeypatch):
    monkeypatch.setenv("AWS_REGION", REGION)
    assert done(aggregate(world, region=None))["aggregator"]["home_region"] == REGION
    assert done(look(world, region=None))["aggregator"]["home_region"] == REGION


@pytest.mark.parametrize("region", REGIONS)
def test_it_is_found_from_any_region(world, region):
    put(world, "SPECIFIED_REGIONS", [ELSEWHERE])
    result = done(look(world, region=region))
    assert (result["aggregator"]["home_region"], result["aggregator"]["linked_regions"]) == (REGION, [ELSEWHERE])
    assert [outcome["region"] for outcome in result["regions"]] == [region]
    assert (world.calls(region), world.calls()) == ([LIST, GET] if region == REGION else [LIST], [LIST, GET])
    assert world.control.calls(operation=GET)[0]["region"] == REGION


def test_none_is_found(world):
    result = done(look(world))
    assert result["aggregator"] is None and not result["changed"] and world.calls() == [LIST]
    world.fault(LIST, error=NOT_FOUND)
    assert done(look(world))["aggregator"] is None


def test_what_is_known_is_told_where_the_home_region_can_not_be_asked(world):
    put(world)
    world.fault(GET, deny=True)
    result = look(world, region=ELSEWHERE)
    failed(result, "access_denied", f"securityhub:{GET}", REGION)
    assert (result["aggregator"]["home_region"], result["aggregator"]["linking_mode"], result["aggregator"]["linked_regions"]) == (REGION, None, None)


# --- Another home region ---


@pytest.mark.parametrize("run", [aggregate, end], ids=["present", "absent"])
@pytest.mark.parametrize("check_mode", [False, True], ids=["task", "check"])
def test_a_home_region_can_not_be_changed(world, run, check_mode):
    """The message names it, nothing is written, and its own region is not even asked."""
    put(world, region=ELSEWHERE)
    result = run(world, check_mode=check_mode)
    failed(result, "different_home_region", f"is {ELSEWHERE}, not {REGION}", MEMBER, "state=absent")
    assert world.calls() == [LIST]
    assert result["aggregator"] == {**result["aggregator"], "home_region": ELSEWHERE, "linking_mode": None, "linked_regions": None}
    assert result["aggregator"]["arn"] and result["regions"][0]["state"] == "unknown"


def test_moving_to_another_home_region(world):
    put(world, region=ELSEWHERE)
    assert done(end(world, region=ELSEWHERE))["changed"]
    assert done(aggregate(world))["changed"]
    assert known(world) and not known(world, ELSEWHERE)


# --- What can't be ---


@pytest.mark.parametrize("run", [aggregate, end, look], ids=["present", "absent", "info"])
@pytest.mark.parametrize("regions", [REGIONS, [REGION], ["all"], []], ids=["several", "one", "all", "none"])
def test_regions_are_refused(world, run, regions):
    """It is one for an account. Also beside region, as where module_defaults has the one and the task the other."""
    for region in (None, REGION):
        result = run(world, regions=regions, region=region)
        failed(result, "invalid_input", "regions is given", "{{ omit }}", "module_defaults")
        assert result["regions"] == []
    assert not world.control.calls()


@pytest.mark.parametrize(
    "options, about",
    [
        ({"linked_regions": [ELSEWHERE]}, "linked_regions goes with"),
        ({"linking_mode": "all_regions", "linked_regions": [ELSEWHERE]}, "linked_regions goes with"),
        ({"linking_mode": "no_regions", "linked_regions": []}, "linked_regions goes with"),
        ({"linking_mode": "specified_regions"}, "needs linked_regions"),
        ({"linking_mode": "all_regions_except_specified", "linked_regions": []}, "needs linked_regions"),
        ({"linking_mode": "specified_regions", "linked_regions": [REGION, ELSEWHERE]}, f"{REGION}, which is the home region"),
        ({"linking_mode": "all_regions_except_specified", "linked_regions": [REGION]}, f"{REGION}, which is the home region"),
        ({"linking_mode": "specified_regions", "linked_regions": ["Frankfurt", ELSEWHERE, ""]}, "an invalid region: '', 'Frankfurt'"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_options_that_are_invalid(world, options, about, state):
    result = aggregate(world, state=state, **options)
    failed(result, "invalid_input", about)
    assert result["regions"] == [] and not world.control.calls()


def test_a_home_region_from_the_environment_is_not_linked_to_itself_either(world, monkeypatch):
    monkeypatch.setenv("AWS_REGION", REGION)
    failed(aggregate(world, region=None, linking_mode="specified_regions", linked_regions=[REGION]), "invalid_input", "home region itself")
    assert not world.calls()


def test_a_region_that_aws_does_not_know(world):
    """Which ones there are is AWS's to say."""
    put(world)
    failed(aggregate(world, linking_mode="specified_regions", linked_regions=["xx-north-9"]), "invalid_input", "xx-north-9")
    assert known(world) == ("ALL_REGIONS", [])


@pytest.mark.parametrize("operation", [LIST, GET, CREATE, UPDATE, DELETE])
def test_a_call_that_is_denied_is_named(world, operation):
    if operation != CREATE:
        put(world)
    world.fault(operation, deny=True)
    result = end(world) if operation == DELETE else aggregate(world, linking_mode="no_regions")
    failed(result, "access_denied", f"securityhub:{operation}")
    assert world.calls()[-1] == operation, "nothing is asked after a denial"


@pytest.mark.parametrize("operation", [CREATE, UPDATE, DELETE])
@pytest.mark.parametrize("code, reason", [("AccessDeniedException", "access_denied"), ("InvalidInputException", "invalid_input")])
def test_a_refusal_that_speaks_of_organizations_is_no_membership_s(world, operation, code, reason):
    """Aggregation is the account's own, whoever manages its membership."""
    if operation != CREATE:
        put(world)
    said = "The account belongs to an organization with central configuration."
    world.fault(operation, times=None, error={"code": code, "message": said})
    failed(end(world) if operation == DELETE else aggregate(world, linking_mode="no_regions"), reason, said)


@pytest.mark.parametrize("code, reason", [("AccessDeniedException", "access_denied"), ("InvalidInputException", "invalid_input")])
@pytest.mark.parametrize("organization", [False, True])
@pytest.mark.parametrize("before", [None, "ALL_REGIONS"], ids=["create", "update"])
def test_a_member_can_have_none(world, code, reason, organization, before):
    """The message says where a member's findings come together; nobody's policy is to be blamed."""
    world.control.settings(member_aggregator_answer=code)
    if before:
        put(world)
    world.member_of(WANTED, organization=organization)
    failed(aggregate(world, linking_mode="no_regions"), reason, "member account", "in the administrator's account")
    assert known(world) == (before and (before, []))


@pytest.mark.parametrize("operation", [CREATE, UPDATE, DELETE])
def test_a_write_that_aws_takes_later_is_made_again(world, clock, operation):
    if operation != CREATE:
        put(world)
    world.fault(operation, times=2, error={"code": "InvalidInputException", "message": "It is being changed, please try again later"})
    assert done(end(world) if operation == DELETE else aggregate(world, linking_mode="no_regions"))["changed"]
    assert world.calls().count(operation) == 3


@pytest.mark.parametrize("run", [aggregate, end, look], ids=["present", "absent", "info"])
def test_the_hub_is_off(world, run):
    world.control.reset(seed=False)
    failed(run(world), "hub_not_enabled", "Enable Security Hub CSPM")
    assert world.calls() == [LIST]


def test_throttling_is_met_again(world, clock):
    for operation in (LIST, GET, CREATE, UPDATE, DELETE):
        world.fault(operation, times=2, error={"code": "ThrottlingException", "message": "Rate exceeded", "status": 429})
    assert done(aggregate(world))["changed"]
    assert done(aggregate(world, linking_mode="no_regions"))["changed"]
    assert done(end(world))["changed"]
    world.fault(CREATE, times=None, error={"code": "LimitExceededException", "message": "Rate exceeded"})
    failed(aggregate(world, aws_config=ONCE), "limit_exceeded", "throttl")


# --- Answers that are lost or late, and others at work ---


SITUATIONS: dict[str, tuple] = {
    CREATE: (None, {"linking_mode": "no_regions"}, ("NO_REGIONS", [])),
    UPDATE: ("ALL_REGIONS", {"linking_mode": "no_regions"}, ("NO_REGIONS", [])),
    DELETE: ("ALL_REGIONS", {"state": "absent"}, None),
}
EVERY_WRITE = pytest.mark.parametrize("operation", SITUATIONS)


def prepare(world, operation):
    """A situation in which a write is needed. Returns the task's options, and what is to be known afterwards."""
    before, options, after = SITUATIONS[operation]
    if before:
        put(world, before)
    return options, after


@EVERY_WRITE
@pytest.mark.parametrize("fault", [{"error": {"code": "InternalException"}}, {"drop": True}], ids=["server error", "dropped"])
@pytest.mark.parametrize("retries", [ONCE, TWICE], ids=["once", "retried"])
def test_a_write_that_worked_is_not_reported_failed(world, clock, operation, fault, retries):
    options, after = prepare(world, operation)
    world.fault(operation, when="after", **fault)
    result = done(aggregate(world, aws_config=retries, **options))
    assert result["changed"] and known(world) == after
    assert (result["aggregator"] and result["aggregator"]["linking_mode"]) == (after and "no_regions")


@EVERY_WRITE
def test_a_write_that_did_not_work_is_reported_failed(world, clock, operation):
    options, _after = prepare(world, operation)
    before = look(world)["aggregator"]
    world.fault(operation, times=None, error={"code": "InternalException"})
    result = aggregate(world, aws_config=ONCE, **options)
    failed(result, "internal_error")
    assert result["aggregator"] == before and 8 < clock.slept <= 12


@EVERY_WRITE
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "not answered"])
def test_a_write_shows_late(world, fast, operation, lost):
    options, after = prepare(world, operation)
    world.lag(READS, fast)
    if lost:
        world.fault(operation, when="after", drop=True)
    assert done(aggregate(world, aws_config=ONCE, **options))["changed"]
    again = done(aggregate(world, **options))
    assert known(world) == after
    assert not again["changed"] or operation == UPDATE, "AWS says to a second update that it has worked"


@EVERY_WRITE
def test_two_runs_at_once(world, fast, operation):
    options, after = prepare(world, operation)
    world.fault(operation, times=2, together=2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(aggregate, world, **options) for _each in range(2)]
        results = [done(run.result()) for run in runs]
    assert sorted(result["changed"] for result in results) == [operation == UPDATE, True] and known(world) == after
    assert [result["aggregator"] and result["aggregator"]["linking_mode"] for result in results] == [after and "no_regions"] * 2


@pytest.mark.parametrize("code", ["InvalidInputException", "LimitExceededException", "AccessDeniedException"])
def test_somebody_else_creates_it_meanwhile(world, clock, code):
    """Whatever AWS says then, it is updated where that one is another, and not told as created."""
    world.control.settings(second_aggregator_answer=code)
    put(world)
    world.fault(LIST, response={"FindingAggregators": []})
    assert done(aggregate(world))["changed"] is False
    assert world.calls().count(CREATE) == 1 or code == "LimitExceededException"
    world.fault(LIST, response={"FindingAggregators": []})
    assert done(aggregate(world, linking_mode="no_regions"))["changed"] is True
    assert known(world) == ("NO_REGIONS", [])


@pytest.mark.parametrize("code", ["InvalidInputException", "AccessDeniedException"])
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "not answered before"])
def test_somebody_else_creates_it_in_another_region_meanwhile(world, clock, code, lost):
    world.control.settings(second_aggregator_answer=code)
    put(world, region=ELSEWHERE)
    world.fault(LIST, response={"FindingAggregators": []})
    if lost:
        world.fault(CREATE, error={"code": "InternalException"})
    result = aggregate(world, aws_config=TWICE)
    failed(result, "different_home_region", f"is {ELSEWHERE}, not {REGION}")
    assert result["aggregator"]["home_region"] == ELSEWHERE and not known(world)


def test_one_that_was_created_somewhere_meanwhile_shows_late(world, fast):
    world.control.settings(second_aggregator_answer="AccessDeniedException")
    world.lag(READS, fast)
    done(aggregate(world))
    assert done(aggregate(world, linking_mode="no_regions"))["changed"]
    assert known(world) == ("NO_REGIONS", [])


def test_one_that_exists_and_never_shows(world, clock):
    """AWS's refusal is told in the end, with its own reason."""
    put(world)
    world.fault(LIST, times=None, response={"FindingAggregators": []})
    failed(aggregate(world), "invalid_input", "already has a finding aggregator")
    assert 8 < clock.slept <= 12


def test_one_that_was_deleted_again_is_not_told_as_there(world, clock):
    """Somebody else had created it: it was seen once, and then no more."""
    put(world)
    arn = look(world)["aggregator"]["arn"]
    for shown in (False, True, False):
        world.fault(LIST, response={"FindingAggregators": [{"FindingAggregatorArn": arn}] * shown})
    failed(aggregate(world), "timeout", "Rerun the task", REGION)


@pytest.mark.parametrize("run, calls", [
    (lambda world: aggregate(world, linking_mode="no_regions"), [LIST, GET, LIST, CREATE]), (end, [LIST, GET, LIST]), (look, [LIST, GET, LIST]),
], ids=["present", "absent", "info"])  # fmt: skip
def test_one_that_is_listed_may_be_gone(world, clock, run, calls):
    """It was deleted between the two calls that look."""
    arn = f"arn:aws:securityhub:{REGION}:{MEMBER}:finding-aggregator/gone"
    world.fault(LIST, response={"FindingAggregators": [{"FindingAggregatorArn": arn}]})
    result = done(run(world))
    assert world.calls() == calls and result["changed"] == (CREATE in calls) == bool(result["aggregator"])


@pytest.mark.parametrize("run", [aggregate, end, look], ids=["present", "absent", "info"])
def test_one_that_is_listed_and_never_found_is_a_failure(world, clock, run):
    put(world)
    world.fault(GET, times=None, error=NOT_FOUND)
    result = run(world)
    failed(result, "aws_error", NOT_FOUND["message"])
    assert result["aggregator"]["home_region"] == REGION and 8 < clock.slept <= 12


def test_one_that_is_deleted_while_it_is_updated(world, clock):
    """The failure tells that it is gone; the next run creates it."""
    put(world)
    arn = look(world)["aggregator"]["arn"]
    end(world)
    world.fault(LIST, response={"FindingAggregators": [{"FindingAggregatorArn": arn}]})
    world.fault(GET, response={"FindingAggregatorArn": arn, "RegionLinkingMode": "ALL_REGIONS"})
    result = aggregate(world, linking_mode="no_regions")
    failed(result, "aws_error", "no finding aggregator was found")
    assert result["aggregator"] is None
    assert done(aggregate(world, linking_mode="no_regions"))["changed"]


def test_one_that_somebody_else_deletes_is_not_this_run_s_change(world):
    put(world)
    arn = look(world)["aggregator"]["arn"]
    end(world)
    world.fault(LIST, response={"FindingAggregators": [{"FindingAggregatorArn": arn}]})
    world.fault(GET, response={"FindingAggregatorArn": arn, "RegionLinkingMode": "ALL_REGIONS"})
    result = done(end(world))
    assert result["changed"] is False and result["aggregator"] is None
    assert world.calls()[-2:] == [DELETE, LIST]
