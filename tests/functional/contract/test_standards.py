# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The standards of a hub: just those that were named, with no call too many, however long AWS takes for them."""

from __future__ import annotations

import concurrent.futures

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub_info

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGION
from .conftest import REGIONS
from .conftest import TWICE

DESCRIBE, ENABLE, UPDATE = "DescribeHub", "EnableSecurityHub", "UpdateSecurityHubConfiguration"
OFFERED, ENABLED, ON, OFF = "DescribeStandards", "GetEnabledStandards", "BatchEnableStandards", "BatchDisableStandards"
LOOKING = [DESCRIBE, OFFERED, ENABLED]
FSBP, CIS = "aws-foundational-security-best-practices/v/1.0.0", "cis-aws-foundations-benchmark/v/3.0.0"
OLD_CIS = "cis-aws-foundations-benchmark/v/1.2.0"  # a ruleset
NIST, PCI = "nist-800-53/v/5.0.0", "pci-dss/v/4.0.1"
AZURE, TOWER = "cis-azure-foundations-benchmark/v/3.0.0", "service-managed-aws-control-tower/v/1.0.0"
READS = ["Get*", "List*", "Describe*"]
NO_HUB = {"code": "InvalidAccessException", "message": f"Account {MEMBER} is not subscribed to AWS Security Hub"}


def hub(world, *standards, **options):
    """The result of securityhub_hub."""
    return world.run_module(securityhub_hub, **{"standards": list(standards), **options})


def just(world, *standards, **options):
    """The same with all other standards disabled."""
    return hub(world, *standards, purge_standards=True, **options)


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


def put(world, *standards, **more):
    """An account with its hub on, and with these standards."""
    world.control.seed(hubs=[{"account_id": MEMBER, "standards": list(standards), **more}])


def known(world):
    """The names of the standards that the emulator has enabled."""
    return {arn.split("/", 1)[1] for arn in world.control.state(MEMBER, REGION)["hub"]["Standards"]}


def told(result):
    """The status of each standard in a result, by name."""
    return {standard["name"]: standard["status"] for standard in result["hub"]["standards"]}


def named(world, operation):
    """The names of the standards that each call of an operation was about."""
    found = []
    for call in world.control.calls(account=MEMBER, operation=operation):
        arns = call["params"].get("StandardsSubscriptionArns") or [entry["StandardsArn"] for entry in call["params"]["StandardsSubscriptionRequests"]]
        found.append([arn.split("/", 1)[1] for arn in arns])
    return found


def arn(name, kind="standards"):
    """The ARN of a standard in the region."""
    return f"arn:aws:securityhub:{'' if kind == 'ruleset' else REGION}::{kind}/{name}"


def subscription(name, status="READY", reason=None):
    """An enabled standard as AWS tells it."""
    found = {"StandardsArn": arn(name), "StandardsSubscriptionArn": f"arn:aws:securityhub:{REGION}:{MEMBER}:subscription/{name}", "StandardsInput": {}}
    return {**found, "StandardsStatus": status, **({"StandardsStatusReason": {"StatusReasonCode": reason}} if reason else {})}


def shown(world, *answers):
    """What AWS tells to be enabled, before it tells what is."""
    for answer in answers:
        world.fault(ENABLED, response={"StandardsSubscriptions": answer})


# --- What is called ---


def test_what_is_missing_is_enabled_once(world):
    put(world, FSBP)
    result = done(hub(world, FSBP, CIS))
    assert result["changed"] and told(result) == {FSBP: "READY", CIS: "PENDING"}
    assert world.calls() == [*LOOKING, ON] and named(world, ON) == [[CIS]]
    world.control.clear_calls()
    again = done(hub(world, FSBP, CIS))
    assert again["changed"] is False and told(again) == {FSBP: "READY", CIS: "READY"}
    assert world.calls() == LOOKING
    assert again["hub"]["standards"][1] == {
        "name": CIS,
        "arn": arn(CIS),
        "subscription_arn": f"arn:aws:securityhub:{REGION}:{MEMBER}:subscription/{CIS}",
        "status": "READY",
        "status_reason": None,
    }


def test_nothing_is_asked_where_standards_are_not_named(world):
    put(world, FSBP)
    result = done(hub(world, standards=None, wait=True))
    assert "standards" not in result["hub"] and world.calls() == [DESCRIBE]


@pytest.mark.parametrize("purge", [False, True])
def test_waiting_asks_nothing_where_nothing_is_on_its_way(world, purge):
    put(world, FSBP, TOWER)
    assert not done(hub(world, FSBP, purge_standards=purge, wait=True))["changed"]
    assert world.calls() == LOOKING


def test_an_empty_list_enables_nothing(world):
    put(world, FSBP)
    assert not done(hub(world))["changed"] and known(world) == {FSBP}


@pytest.mark.parametrize("kind, name", [("standards", CIS), ("ruleset", OLD_CIS)])
@pytest.mark.parametrize(
    "way", ["{kind}/{name}", " {name} ", "arn:aws:securityhub:{region}::{kind}/{name}", "arn:aws-cn:securityhub:cn-north-1::{kind}/{name}"]
)
def test_a_standard_is_known_by_any_of_its_names(world, kind, name, way):
    """Region and partition of an ARN don't matter; and it is one standard, however it is spelled."""
    put(world)
    result = done(hub(world, name, way.format(kind=kind, name=name, region="ap-south-1")))
    assert told(result) == {name: "PENDING"}
    [call] = world.control.calls(account=MEMBER, operation=ON)
    assert call["params"]["StandardsSubscriptionRequests"] == [{"StandardsArn": arn(name, kind)}]


def test_the_partition_of_a_region_counts(world):
    """Elsewhere the ARNs are others, and one list serves all the same."""
    world.control.seed(regions=[*REGIONS, "cn-north-1"])
    assert done(just(world, arn(CIS), assume_role_arn=f"arn:aws-cn:iam::{MEMBER}:role/Member", region="cn-north-1"))["changed"]
    [call] = world.control.calls(account=MEMBER, operation=ON)
    assert call["params"]["StandardsSubscriptionRequests"] == [{"StandardsArn": f"arn:aws-cn:securityhub:cn-north-1::standards/{CIS}"}]


def test_settings_and_tags_are_seen_to_as_well(world):
    put(world)
    result = done(hub(world, CIS, auto_enable_controls=False, tags={"team": "a"}))
    assert world.calls() == [*LOOKING, UPDATE, "ListTagsForResource", "TagResource", ON]
    assert (result["hub"]["auto_enable_controls"], result["hub"]["tags"], told(result)) == (False, {"team": "a"}, {CIS: "PENDING"})


def test_more_than_a_call_takes(world):
    """25 are enabled by a call, and 25 are disabled."""
    wanted, others = [[f"{kind}/v/{number}" for number in range(30)] for kind in ("wanted", "other")]
    world.control.seed(hubs=[MEMBER])
    world.fault(OFFERED, times=None, response={"Standards": [{"StandardsArn": arn(name)} for name in wanted + others]})
    world.fault(ENABLED, times=None, response={"StandardsSubscriptions": [subscription(name) for name in others]})
    for batch in (wanted[:25], wanted[25:]):
        world.fault(ON, response={"StandardsSubscriptions": [subscription(name, "PENDING") for name in batch]})
    world.fault(OFF, times=None, response={"StandardsSubscriptions": []})
    assert done(just(world, *wanted))["changed"]
    assert world.calls() == [*LOOKING, ON, ON, OFF, OFF]
    assert named(world, ON) == [wanted[:25], wanted[25:]] and named(world, OFF) == [others[:25], others[25:]]


def test_all_pages_are_read(world):
    put(world, FSBP, CIS)
    for operation, key, pages in (
        (OFFERED, "Standards", [{"StandardsArn": arn(FSBP)}, {"StandardsArn": arn(CIS)}]),
        (ENABLED, "StandardsSubscriptions", [subscription(FSBP), subscription(CIS)]),
    ):
        world.fault(operation, response={key: pages[:1], "NextToken": "next"})
        world.fault(operation, response={key: pages[1:]})
    assert not done(just(world, FSBP, CIS))["changed"]
    assert world.calls() == [DESCRIBE, OFFERED, OFFERED, ENABLED, ENABLED]
    assert world.control.calls(operation=OFFERED)[0]["params"]["MaxResults"] in (100, "100")


def test_each_region_for_itself(world):
    """A standard that one region lacks fails there alone."""
    put(world)
    world.fault(OFFERED, region=REGIONS[1], response={"Standards": [{"StandardsArn": arn(FSBP)}]})
    result = hub(world, CIS, regions=REGIONS)
    failed(result, "invalid_input", REGIONS[1], CIS, FSBP, changed=True)
    assert [outcome["changed"] for outcome in result["regions"]] == [True, False, True]


def test_the_info_module_reads_what_it_is_asked_for(world):
    put(world, FSBP, {"name": CIS, "status": "INCOMPLETE", "reason": "INTERNAL_ERROR"}, tags={"a": "b"})
    for gather, calls in ((["standards"], [ENABLED]), (["tags"], ["ListTagsForResource"]), (["tags", "standards"], ["ListTagsForResource", ENABLED]), ([], [])):
        world.control.clear_calls()
        found = done(world.run_module(securityhub_hub_info, gather=gather))["hub"]
        assert world.calls() == [DESCRIBE, *calls]
        assert {"tags", "standards"} & set(found) == set(gather)
    found = world.run_module(securityhub_hub_info, gather=["standards"])
    assert told(found) == {FSBP: "READY", CIS: "INCOMPLETE"} and found["hub"]["standards"][1]["status_reason"] == "INTERNAL_ERROR"
    world.control.reset(seed=False)
    assert done(world.run_module(securityhub_hub_info, gather=["standards"]))["hub"] is None


def test_what_the_info_module_could_read_is_told_where_one_call_is_denied(world):
    put(world, FSBP, tags={"a": "b"})
    world.fault(ENABLED, deny=True)
    result = world.run_module(securityhub_hub_info, gather=["standards", "tags"])
    failed(result, "access_denied", f"securityhub:{ENABLED}")
    assert result["hub"]["tags"] == {"a": "b"} and "standards" not in result["hub"]


# --- What can't be ---


@pytest.mark.parametrize("check_mode", [False, True], ids=["task", "check"])
def test_a_standard_that_is_not_there(world, check_mode):
    """It fails before anything is written, and the message names those that are."""
    put(world, FSBP)
    failed(just(world, FSBP, "cis/v/9", "x", tags={"a": "b"}, check_mode=check_mode), "invalid_input", "no standard cis/v/9, x.", CIS, OLD_CIS, TOWER)
    assert world.calls() == [DESCRIBE, OFFERED]


@pytest.mark.parametrize("options, about", [
    ({"standards": [FSBP, " "]}, "names nothing"),
    ({"standards": ["standards/"]}, "names nothing"),
    ({"standards": [arn("")]}, "names nothing"),
    ({"standards": None, "purge_standards": True}, "an empty one to disable all"),
])  # fmt: skip
@pytest.mark.parametrize("state", ["present", "absent"])
def test_options_that_are_invalid(world, options, about, state):
    result = hub(world, state=state, **options)
    failed(result, "invalid_input", about)
    assert result["regions"] == [] and not world.control.calls()


@pytest.mark.parametrize("operation", [OFFERED, ENABLED, ON, OFF])
def test_a_call_that_is_denied_is_named(world, operation):
    put(world, FSBP)
    world.fault(operation, deny=True)
    failed(just(world, CIS), "access_denied", f"securityhub:{operation}", changed=operation == OFF)
    assert world.calls()[-1] == operation, "nothing is asked after a denial"


@pytest.mark.parametrize("operation", [ON, OFF])
def test_central_configuration(world, operation):
    world.control.settings(standards_managed="centrally")
    put(world, FSBP)
    failed(hub(world, CIS) if operation == ON else just(world), "organization_managed", "central configuration policy", "delegated")
    assert world.calls() == [*LOOKING, operation]


def test_throttling_is_met_again(world, clock):
    put(world, FSBP)
    for operation in (OFFERED, ENABLED, ON, OFF):
        world.fault(operation, times=2, error={"code": "ThrottlingException", "message": "Rate exceeded", "status": 429})
    assert done(just(world, CIS))["changed"] and known(world) == {CIS}
    world.fault(ON, times=None, error={"code": "LimitExceededException", "message": "Rate exceeded"})
    failed(hub(world, NIST, aws_config=ONCE), "limit_exceeded", "throttl")


@pytest.mark.parametrize("operation", [ON, OFF])
def test_what_aws_takes_later_is_asked_for_again(world, clock, operation):
    """Its words are about a standard that AWS does not show as pending any more, or about another one."""
    put(world, FSBP)
    world.fault(operation, times=2, error={"code": "InvalidInputException", "message": "StandardsSubscription(s) in state PENDING, please try later"})
    assert done(just(world, CIS))["changed"] and known(world) == {CIS}
    assert world.calls().count(operation) == 3


def test_a_refusal_is_told_at_once(world):
    """One that has nothing to do with what AWS or somebody else is doing."""
    put(world)
    world.fault(ON, times=None, error={"code": "InvalidInputException", "message": "No"})
    failed(hub(world, CIS), "invalid_input", "No")
    assert world.calls().count(ON) == 1


# --- Purging ---


def test_purging_disables_the_others_and_leaves_those_of_others_alone(world):
    """Of another provider, and managed by another service."""
    put(world, FSBP, OLD_CIS, AZURE, TOWER, NIST)
    result = done(just(world, FSBP, PCI))
    assert result["changed"] and world.calls() == [*LOOKING, ON, OFF]
    assert (named(world, ON), named(world, OFF)) == ([[PCI]], [[OLD_CIS, NIST]])
    assert known(world) == {FSBP, AZURE, TOWER, PCI}
    assert told(result) == {FSBP: "READY", AZURE: "READY", TOWER: "READY", PCI: "PENDING", OLD_CIS: "DELETING", NIST: "DELETING"}
    world.control.clear_calls()
    assert not done(just(world, FSBP, PCI))["changed"]
    assert world.calls() == LOOKING


def test_without_purging_the_others_stay(world):
    put(world, FSBP, OLD_CIS)
    done(hub(world, CIS))
    assert known(world) == {FSBP, OLD_CIS, CIS}


def test_an_empty_list_takes_out_all(world):
    put(world, FSBP, OLD_CIS, AZURE)
    assert done(just(world))["changed"]
    assert world.calls() == [*LOOKING, OFF] and known(world) == {AZURE}


def test_older_answers_tell_nothing_of_providers(world):
    world.control.settings(standards_fields="older")
    put(world, FSBP, OLD_CIS)
    assert done(just(world, CIS))["changed"] and known(world) == {CIS}


def test_what_aws_does_not_list_is_not_purged(world):
    """Nobody knows whose it is."""
    put(world, FSBP, NIST)
    world.fault(OFFERED, response={"Standards": [{"StandardsArn": arn(FSBP)}]})
    result = done(just(world))
    assert named(world, OFF) == [[FSBP]]
    [warning] = result["warnings"]
    assert NIST in warning and FSBP not in warning and REGION in warning


def test_another_service_s_standard_is_refused_where_it_is_not_enabled(world):
    put(world)
    failed(hub(world, NIST, TOWER), "invalid_input", f"{TOWER} (Control Tower). Take it out.")
    assert world.calls() == LOOKING
    put(world, TOWER)
    assert done(hub(world, NIST, TOWER))["changed"] and known(world) == {NIST, TOWER}


@pytest.mark.parametrize("product, purged", [(None, True), ("Security Hub", True), ("AWS Security Hub CSPM", True), ("Control Tower", False)])
def test_whose_a_standard_is(world, product, purged):
    put(world, FSBP)
    managed = {"StandardsManagedBy": {"Company": "AWS", "Product": product}} if product else {}
    world.fault(OFFERED, response={"Standards": [{"StandardsArn": arn(FSBP), **managed}]})
    assert done(just(world))["changed"] is purged


# --- A new hub ---


def test_a_new_hub_has_what_was_named_beside_the_defaults(world):
    result = done(hub(world, CIS))
    assert world.calls() == [DESCRIBE, ENABLE, DESCRIBE, OFFERED, ENABLED, ON]
    assert known(world) == {FSBP, OLD_CIS, CIS} == set(told(result))


@pytest.mark.parametrize("default", [None, True])
def test_a_new_hub_with_purging_is_enabled_without_the_defaults(world, default):
    result = done(just(world, CIS, enable_default_standards=default))
    [call] = world.control.calls(operation=ENABLE)
    assert call["params"] == {"EnableDefaultStandards": False}
    assert known(world) == {CIS} == set(told(result)) and OFF not in world.calls()
    assert result["before"] == {REGION: None}


def test_a_new_hub_without_any_standard(world):
    result = done(just(world))
    assert known(world) == set() and result["hub"]["standards"] == []
    assert world.calls() == [DESCRIBE, ENABLE, DESCRIBE, OFFERED, ENABLED]


def test_a_standard_that_is_not_there_leaves_a_new_hub_on(world):
    """DescribeStandards needs a hub. The next run, with another name, goes on from there."""
    failed(just(world, "cis/v/9", CIS), "invalid_input", "no standard cis/v/9", "enabled there now", changed=True)
    assert known(world) == set()
    assert done(just(world, CIS))["changed"] and known(world) == {CIS}


def test_a_hub_that_somebody_else_has_just_enabled(world):
    """With the defaults, which are purged."""
    world.control.seed(hubs=[MEMBER])
    world.fault(DESCRIBE, error=NO_HUB)
    assert done(just(world, CIS))["changed"] and known(world) == {CIS}


def test_nothing_is_asked_where_the_hub_is_disabled(world):
    put(world, FSBP)
    assert done(hub(world, CIS, state="absent"))["changed"]
    assert world.calls() == [DESCRIBE, "DisableSecurityHub"]


# --- Check mode, and diffs ---

CHANGES: dict[str, tuple] = {
    "nothing": ([FSBP, TOWER], [FSBP], {"purge_standards": True}),
    "one more": ([FSBP], [FSBP, CIS], {}),
    "others": ([FSBP, OLD_CIS, TOWER, AZURE], [CIS, OLD_CIS], {"purge_standards": True}),
    "none": ([FSBP, OLD_CIS], [], {"purge_standards": True}),
    "more settings": ([FSBP], [CIS], {"auto_enable_controls": False, "tags": {"a": "b"}}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_check_mode_writes_nothing_and_foretells_what_is_done(world, what):
    before, standards, options = CHANGES[what]
    put(world, *before)
    foretold = done(hub(world, *standards, check_mode=True, **options))
    assert set(world.calls()) <= {*LOOKING, "ListTagsForResource"} and known(world) == set(before)
    found = done(hub(world, *standards, **options))
    assert foretold["changed"] == found["changed"] == (what != "nothing")
    assert told(foretold) == told(found)
    assert foretold["before"] == found["before"]
    assert told({"hub": foretold["before"][REGION]}) == dict.fromkeys(before, "READY")
    assert foretold["after"] == {REGION: foretold["hub"]} and found["after"] == {REGION: found["hub"]}


def test_check_mode_waits_for_nothing(world, clock):
    put(world, FSBP, {"name": NIST, "status": "DELETING"}, {"name": PCI, "status": "PENDING"})
    result = done(just(world, NIST, CIS, wait=True, check_mode=True))
    assert told(result) == {FSBP: "DELETING", NIST: "PENDING", CIS: "PENDING", PCI: "DELETING"} and result["changed"]
    assert clock.slept == 0 and world.calls() == LOOKING


@pytest.mark.parametrize("purge", [False, True])
def test_check_mode_can_not_ask_where_there_is_no_hub(world, purge):
    """It says so, and foretells what was named."""
    result = done(hub(world, CIS, "cis/v/9", purge_standards=purge, wait=True, check_mode=True))
    assert result["changed"] and told(result) == {CIS: "PENDING", "cis/v/9": "PENDING"}
    assert world.calls() == [DESCRIBE]
    [warning] = result["warnings"]
    assert CIS in warning and "can't be told" in warning


def test_check_mode_warns_of_nothing_where_nothing_was_named(world):
    assert "warnings" not in done(just(world, check_mode=True))


# --- What AWS takes its time for ---


def test_one_that_is_deleted_counts_as_not_enabled(world):
    """Without waiting that is a failure, and it is not tried."""
    put(world, FSBP, {"name": CIS, "status": "DELETING"})
    failed(hub(world, CIS), "timeout", f"{CIS} (DELETING)", "wait=true")
    assert world.calls() == LOOKING


def test_what_else_is_to_be_done_is_done_beside_one_that_is_deleted(world):
    put(world, NIST, {"name": CIS, "status": "DELETING"})
    failed(just(world, FSBP, CIS), "timeout", f"{CIS} (DELETING)", changed=True)
    assert named(world, ON) == [[FSBP]] and named(world, OFF) == [[NIST]]


def test_one_that_is_deleted_is_not_purged_again(world):
    put(world, FSBP, {"name": CIS, "status": "DELETING"})
    assert not done(just(world, FSBP))["changed"]
    assert world.calls() == LOOKING


def test_one_that_is_still_enabled_can_not_be_purged(world):
    """AWS refuses it, and the message says why."""
    put(world, FSBP, {"name": CIS, "status": "PENDING"})
    failed(just(world, FSBP), "timeout", f"{CIS} (PENDING)", "still enabling", "wait=true")
    assert known(world) == {FSBP, CIS} and world.calls().count(OFF) == 1


@pytest.mark.parametrize(
    "lagging, deleting",
    [([], "refused"), ([], "ignored"), ([ON, OFF], "refused"), ([ON, OFF], "ignored"), (["*"], "refused")],
    ids=["refused", "ignored", "writes, refused", "writes, ignored", "all, refused"],
)
def test_what_is_on_its_way_is_waited_for(world, fast, lagging, deleting):
    """What is going is enabled again, what is coming is disabled: also where AWS shows it settled, and still refuses."""
    world.control.settings(standards_delay=fast.real(3), deleting_standards=deleting)
    put(world, CIS)
    done(just(world, NIST))
    if lagging:
        world.lag(lagging, fast)
    result = done(just(world, CIS, wait=True))
    assert result["changed"] and told(result) == {CIS: "READY"} and known(world) == {CIS}


def test_one_that_is_still_enabled_is_purged_afterwards(world, clock):
    put(world, CIS)
    shown(world, [subscription(CIS, "PENDING")], [subscription(CIS, "PENDING")])
    assert told(done(just(world, wait=True))) == {}
    assert world.calls() == [*LOOKING, ENABLED, ENABLED, OFF, ENABLED]


def test_what_else_is_purged_does_not_wait_for_one_that_is_still_enabled(world):
    put(world, NIST, {"name": CIS, "status": "PENDING"})
    failed(just(world), "timeout", changed=True)
    assert known(world) == {CIS}


def test_aws_may_disable_what_it_is_enabling(world):
    world.control.settings(pending_standards="disabled")
    put(world, {"name": CIS, "status": "PENDING"})
    assert done(just(world))["changed"] and known(world) == set()


@pytest.mark.parametrize("fault, reason", [({"deny": True}, "access_denied"), ({"error": {"code": "InternalException"}, "times": None}, "internal_error")])
def test_what_has_nothing_to_do_with_enabling_is_told_as_it_is(world, clock, fault, reason):
    put(world, {"name": CIS, "status": "PENDING"})
    world.fault(OFF, **fault)
    failed(just(world, aws_config=ONCE), reason)


def test_waiting_ends_when_aws_is_done(world, fast):
    world.control.settings(standards_delay=fast.real(4))
    put(world, OLD_CIS)
    result = done(just(world, FSBP, CIS, wait=True))
    assert told(result) == {FSBP: "READY", CIS: "READY"} and result["changed"]
    assert world.calls()[:5] == [*LOOKING, ON, OFF] and set(world.calls()[5:]) == {ENABLED}


@pytest.mark.parametrize("status", ["PENDING", "DELETING"])
@pytest.mark.parametrize("asked", [True, False], ids=["asked for", "another"])
def test_waiting_has_an_end(world, clock, status, asked):
    """The message says what is not settled; nothing is told as changed for it."""
    put(world, FSBP, {"name": CIS, "status": status})
    failed(hub(world, CIS if asked else FSBP, wait=True, wait_timeout=90), "timeout", f"{CIS} ({status})", "90 s", MEMBER, REGION)
    assert 80 < clock.slept <= 90 and 10 <= world.calls().count(ENABLED) <= 20


@pytest.mark.parametrize("wait_timeout", [0, -5])
def test_no_time_to_wait(world, wait_timeout):
    put(world, {"name": CIS, "status": "PENDING"})
    assert told(done(hub(world, CIS, wait=True, wait_timeout=wait_timeout))) == {CIS: "PENDING"}
    assert world.calls() == LOOKING


@pytest.mark.parametrize("code, reason", [
    ("INTERNAL_ERROR", "internal_error"), ("MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED", "limit_exceeded"),
    ("NO_AVAILABLE_CONFIGURATION_RECORDER", "aws_error"), (None, "aws_error"),
])  # fmt: skip
@pytest.mark.parametrize("wait", [False, True])
def test_one_that_has_failed_is_a_failure(world, code, reason, wait):
    put(world, FSBP, {"name": CIS, "status": "FAILED", **({"reason": code} if code else {})})
    error = failed(hub(world, FSBP, CIS, wait=wait), reason, f"{CIS} (FAILED{': ' * bool(code)}{code or ''})", "then enable it again")
    assert error["code"] == code
    assert not done(hub(world, FSBP, wait=wait))["changed"], "another one is nobody's business"


def test_one_that_fails_while_it_is_enabled(world, clock):
    world.control.settings(standards_end="FAILED")
    put(world)
    failed(hub(world, CIS, wait=True), "internal_error", "FAILED: INTERNAL_ERROR", changed=True)


@pytest.mark.parametrize("before", ["READY", "FAILED"])
def test_one_that_can_not_be_disabled(world, clock, before):
    """A failure that AWS showed before does not count."""
    put(world, {"name": CIS, "status": before})
    for status in (before, before, "DELETING", "FAILED"):
        shown(world, [subscription(CIS, status, "INTERNAL_ERROR" if status == "FAILED" else None)])
    failed(just(world, wait=True), "internal_error", f"{CIS} (FAILED: INTERNAL_ERROR)", "disable it again", changed=True)
    assert world.calls() == [*LOOKING, OFF, ENABLED, ENABLED, ENABLED]


def test_one_that_could_not_be_disabled_is_disabled_again(world):
    put(world, {"name": CIS, "status": "FAILED", "reason": "INTERNAL_ERROR"})
    assert done(just(world))["changed"] and known(world) == set()


def test_no_recorder_of_aws_config_is_warned_of(world, clock):
    """Security Hub CSPM finds next to nothing then; the standard is enabled all the same."""
    put(world, FSBP, config_recorder=False)
    result = done(hub(world, CIS, wait=True))
    assert result["changed"] and told(result) == {FSBP: "INCOMPLETE", CIS: "INCOMPLETE"}
    [warning] = result["warnings"]
    assert "AWS Config" in warning and f"{CIS} (INCOMPLETE: NO_AVAILABLE_CONFIGURATION_RECORDER)" in warning
    assert FSBP not in warning and REGION in warning and f"account {MEMBER}" in warning
    assert "finds next to nothing" in warning
    assert result["hub"]["standards"][1]["status_reason"] == "NO_AVAILABLE_CONFIGURATION_RECORDER"
    assert done(hub(world, CIS))["warnings"] == [warning], "also without waiting"


def test_other_reasons_for_incomplete_standards_are_warned_of_too(world):
    put(world, {"name": CIS, "status": "INCOMPLETE", "reason": "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED"}, {"name": NIST, "status": "INCOMPLETE"})
    result = done(hub(world, CIS, NIST))
    [warning] = result["warnings"]
    assert f"{CIS} (INCOMPLETE: MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED), {NIST} (INCOMPLETE)" in warning and "AWS Config does not record" not in warning


# --- Answers that are lost or late, and others at work ---


@pytest.mark.parametrize("fault", [{"error": {"code": "InternalException"}}, {"drop": True}], ids=["server error", "dropped"])
@pytest.mark.parametrize("retries", [ONCE, TWICE], ids=["once", "retried"])
@pytest.mark.parametrize("operation", [ON, OFF])
def test_a_write_that_worked_is_not_reported_failed(world, clock, operation, retries, fault):
    put(world, FSBP)
    world.fault(operation, when="after", **fault)
    result = done(hub(world, FSBP, CIS, aws_config=retries) if operation == ON else just(world, aws_config=retries))
    assert result["changed"]
    assert known(world) == ({FSBP, CIS} if operation == ON else set()) == set(told(result))


@pytest.mark.parametrize("operation", [ON, OFF])
def test_a_write_that_did_not_work_is_reported_failed(world, clock, operation):
    put(world, FSBP)
    world.fault(operation, times=None, error={"code": "InternalException"})
    result = hub(world, FSBP, CIS, aws_config=ONCE) if operation == ON else just(world, aws_config=ONCE)
    failed(result, "internal_error")
    assert told(result) == {FSBP: "READY"} and 8 < clock.slept <= 12


def test_a_standard_that_the_answer_left_out_is_looked_for(world, clock):
    put(world)
    world.fault(ON, when="after", response={"StandardsSubscriptions": [subscription(CIS, "PENDING")]})
    assert told(done(hub(world, CIS, NIST))) == {CIS: "READY", NIST: "READY"}


def test_a_standard_that_every_answer_leaves_out_is_a_failure(world, clock):
    """What was enabled beside it is told."""
    put(world)
    world.fault(ON, times=None, response={"StandardsSubscriptions": [subscription(CIS, "PENDING")]})
    failed(hub(world, CIS, NIST), "timeout", f"has not enabled {NIST}", MEMBER, REGION, changed=True)
    assert 8 < clock.slept <= 12


@pytest.mark.parametrize("new, wait, lagging", [
    (False, True, [ON, OFF]), (False, True, READS), (False, True, ["*"]),
    (True, False, [ON, OFF]), (True, False, READS), (True, True, ["*"]),
], ids=["writes", "reads", "all", "new hub, writes", "new hub, reads", "new hub, all"])  # fmt: skip
def test_aws_looks_at_what_was_five_seconds_ago(world, fast, new, wait, lagging):
    if not new:
        put(world, FSBP, OLD_CIS)
    world.lag(lagging, fast)
    result = done(just(world, FSBP, CIS, NIST, wait=wait))
    assert result["changed"] and known(world) == {FSBP, CIS, NIST}
    assert {FSBP, CIS, NIST} <= set(told(result))
    if wait:
        assert set(told(result).values()) == {"READY"} and OLD_CIS not in told(result)


def test_how_it_was_may_be_shown_once_more(world, clock):
    """One that is enabled anew is not forgotten when somebody who lags behind says that it is being deleted, and then that it is gone."""
    put(world)
    shown(world, [subscription(CIS, "DELETING")], [], [subscription(CIS, "DELETING")], [])
    assert told(done(hub(world, CIS, wait=True))) == {CIS: "READY"}


def test_a_failure_that_aws_shows_late_is_an_earlier_one(world, fast):
    put(world, {"name": CIS, "status": "FAILED", "reason": "INTERNAL_ERROR"})
    world.lag(READS, fast)
    assert told(done(just(world, wait=True))) == {}


@pytest.mark.parametrize("operation, retries", [(ON, ONCE), (OFF, TWICE)])
def test_what_is_written_and_not_answered_shows_late(world, fast, operation, retries):
    put(world, FSBP)
    world.lag(READS, fast)
    world.fault(operation, when="after", drop=True)
    result = done(just(world, CIS, aws_config=retries))
    assert result["changed"] and known(world) == {CIS}


def test_a_hub_that_was_just_enabled_may_not_be_known_everywhere(world, clock):
    for operation in (OFFERED, ENABLED, ON):
        world.fault(operation, times=3, error=NO_HUB)
    assert done(just(world, CIS))["changed"] and known(world) == {CIS}


@pytest.mark.parametrize("operation", [OFFERED, ENABLED, ON])
def test_one_that_is_not_known_in_the_end_is_a_failure(world, clock, operation):
    world.fault(operation, times=None, error=NO_HUB)
    failed(just(world, CIS), "hub_not_enabled", changed=True)
    assert 8 < clock.slept <= 12


@pytest.mark.parametrize("operation", [OFFERED, ENABLED])
def test_a_hub_that_was_on_before_is_known(world, clock, operation):
    put(world)
    world.fault(operation, error=NO_HUB)
    failed(just(world, CIS), "hub_not_enabled")
    assert clock.slept == 0


def test_a_hub_that_was_on_before_is_not_asked_twice_to_enable(world, clock):
    put(world)
    world.fault(ON, times=None, error=NO_HUB)
    failed(hub(world, CIS), "hub_not_enabled")
    assert world.calls().count(ON) == 1


@pytest.mark.parametrize("operation", [ON, OFF])
def test_two_runs_at_once(world, fast, operation):
    put(world, FSBP)
    world.fault(operation, times=2, together=2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(just, world, *([FSBP, CIS] if operation == ON else []), wait=True) for _each in range(2)]
        results = [done(run.result()) for run in runs]
    assert any(result["changed"] for result in results)
    for result in results:
        assert set(told(result)) == known(world) == ({FSBP, CIS} if operation == ON else set())


def test_what_somebody_else_has_disabled_meanwhile_is_not_this_run_s_change(world):
    put(world)
    shown(world, [subscription(CIS)])
    result = done(just(world))
    assert result["changed"] is False and told(result) == {}


def test_the_rest_of_what_somebody_else_has_disabled_meanwhile_is_disabled(world, clock):
    """AWS refuses a call with a standard in it that is not enabled, and does nothing then."""
    put(world, NIST)
    shown(world, [subscription(CIS), subscription(NIST)])
    assert done(just(world))["changed"] and known(world) == set()
    assert named(world, OFF) == [[CIS, NIST], [NIST]]


def test_what_somebody_else_has_enabled_meanwhile_is_no_failure(world):
    put(world, CIS)
    shown(world, [])
    assert told(done(hub(world, CIS))) == {CIS: "READY"}
