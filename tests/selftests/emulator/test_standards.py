# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about security standards: what there is, what is enabled of it, and how that comes and goes."""

from __future__ import annotations

import pytest

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import REGION
from .conftest import create
from .conftest import error

INVALID = ("InvalidInputException", 400)
DENIED = ("AccessDeniedException", 403)
FOUNDATIONAL = "aws-foundational-security-best-practices/v/1.0.0"
CIS_1_2 = "cis-aws-foundations-benchmark/v/1.2.0"
AZURE = "cis-azure-foundations-benchmark/v/3.0.0"
CONTROL_TOWER = "service-managed-aws-control-tower/v/1.0.0"
NIST = "nist-800-53/v/5.0.0"
PCI = "pci-dss/v/4.0.1"


def arn(name, region=REGION, partition="aws"):
    """The ARN of a standard by what follows standards/ in it."""
    return f"arn:{partition}:securityhub:{region}::standards/{name}"


def subscription_arn(name, account=MEMBER, region=REGION):
    """The ARN of an account's subscription."""
    return f"arn:aws:securityhub:{region}:{account}:subscription/{name}"


def enable(client, *names):
    """Enable standards; the answer's subscriptions."""
    requests = [{"StandardsArn": name if name.startswith("arn:") else arn(name)} for name in names]
    return client.batch_enable_standards(StandardsSubscriptionRequests=requests)["StandardsSubscriptions"]


def disable(client, *names):
    """Disable standards; the answer's subscriptions."""
    return client.batch_disable_standards(StandardsSubscriptionArns=[subscription_arn(name) for name in names])["StandardsSubscriptions"]


def statuses(client):
    """What GetEnabledStandards tells: names and statuses, and reasons where there are any."""
    told = {}
    for subscription in client.get_enabled_standards()["StandardsSubscriptions"]:
        reason = subscription.get("StandardsStatusReason", {}).get("StatusReasonCode")
        status = subscription["StandardsStatus"]
        told[subscription["StandardsSubscriptionArn"].partition(":subscription/")[2]] = f"{status} {reason}" if reason else status
    return told


def by_arn(client, **params):
    """What DescribeStandards tells, by ARN."""
    return {standard["StandardsArn"]: standard for standard in client.describe_standards(**params)["Standards"]}


@pytest.fixture
def bare(aws):
    """An account whose hub has no standards."""
    aws(MEMBER).enable_security_hub(EnableDefaultStandards=False)
    return aws(MEMBER)


# What there is


def test_a_region_tells_its_standards(member):
    known = by_arn(member)
    assert {
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
        *(arn(f"cis-aws-foundations-benchmark/v/{version}") for version in ("1.4.0", "3.0.0", "5.0.0")),
        *map(arn, (FOUNDATIONAL, NIST, PCI, AZURE, CONTROL_TOWER, "nist-800-171/v/2.0.0", "pci-dss/v/3.2.1", "aws-resource-tagging-standard/v/1.0.0")),
    } == set(known)
    assert {standard["StandardsArn"] for standard in known.values() if standard["EnabledByDefault"]} == {
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
        arn(FOUNDATIONAL),
    }
    assert known[arn(PCI)]["Name"] == "PCI DSS v4.0.1" and known[arn(PCI)]["Description"]


def test_standards_have_arns_of_their_region_and_partition(aws, emulator):
    emulator.seed(regions=[REGION, "us-gov-west-1"], hubs=[{"account_id": MEMBER, "regions": ["us-gov-west-1"]}])
    client = aws(MEMBER, "us-gov-west-1")
    known = by_arn(client)
    assert arn(PCI, "us-gov-west-1", "aws-us-gov") in known
    assert "arn:aws-us-gov:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0" in known
    assert enable(client, arn(PCI, "us-gov-west-1", "aws-us-gov"))[0]["StandardsSubscriptionArn"].startswith("arn:aws-us-gov:securityhub:us-gov-west-1:")


def test_standards_tell_whose_they_are(member):
    known = by_arn(member)
    assert {key: known[arn(PCI)][key] for key in ("Provider", "StandardsManagedBy")} == {
        "Provider": "AWS",
        "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
    }
    assert known[arn(AZURE)]["Provider"] == "Azure"
    assert known[arn(CONTROL_TOWER)]["StandardsManagedBy"]["Product"] == "Control Tower"
    assert {subscription["Provider"] for subscription in member.get_enabled_standards()["StandardsSubscriptions"]} == {"AWS"}


def test_older_answers_do_not_tell_whose_standards_are(emulator, member):
    emulator.settings(standards_fields="older")
    assert set(by_arn(member)[arn(AZURE)]) == {"StandardsArn", "Name", "Description", "EnabledByDefault"}
    assert not any("Provider" in subscription for subscription in [*enable(member, PCI), *member.get_enabled_standards()["StandardsSubscriptions"]])


def test_standards_are_told_by_provider(member):
    assert list(by_arn(member, Providers=["Azure"])) == [arn(AZURE)]
    assert len(by_arn(member, Providers=["AWS", "Azure"])) == len(by_arn(member)) == 12
    enable(member, AZURE)
    told = member.get_enabled_standards(Providers=["Azure"])["StandardsSubscriptions"]
    assert [(subscription["StandardsArn"], subscription["Provider"]) for subscription in told] == [(arn(AZURE), "Azure")]
    assert error(member.describe_standards, Providers=["Elsewhere"])[:2] == INVALID
    assert error(member.get_enabled_standards, Providers=["Elsewhere"])[:2] == INVALID


def test_standards_are_told_page_by_page(member):
    enable(member, PCI, NIST, AZURE)
    for name, key, size in (("describe_standards", "Standards", 5), ("get_enabled_standards", "StandardsSubscriptions", 2)):
        whole = getattr(member, name)()
        assert "NextToken" not in whole
        pages = [page[key] for page in member.get_paginator(name).paginate(PaginationConfig={"PageSize": size})]
        assert len(pages) == 3 and [item for page in pages for item in page] == whole[key]
        token = getattr(member, name)(MaxResults=size)["NextToken"]
        assert error(getattr(member, name), MaxResults=size, NextToken=token, Providers=["AWS"])[:2] == INVALID
        assert error(getattr(member, name), NextToken="nonsense")[:2] == INVALID


@pytest.mark.parametrize("size", [0, 101, -1, "many"])
def test_a_page_has_1_to_100_standards(member, size):
    assert error(member.describe_standards, MaxResults=size)[:2] == INVALID
    assert error(member.get_enabled_standards, MaxResults=size)[:2] == INVALID


# Enabling and disabling


def test_a_standard_is_enabled(bare):
    inputs = {"some": "input"}
    answer = bare.batch_enable_standards(StandardsSubscriptionRequests=[{"StandardsArn": arn(PCI), "StandardsInput": inputs}])
    expected = {
        "StandardsSubscriptionArn": subscription_arn(PCI),
        "StandardsArn": arn(PCI),
        "StandardsInput": inputs,
        "StandardsStatus": "PENDING",
        "StandardsControlsUpdatable": "NOT_READY_FOR_UPDATES",
        "Provider": "AWS",
    }
    assert answer["StandardsSubscriptions"] == [expected]
    ready = {**expected, "StandardsStatus": "READY", "StandardsControlsUpdatable": "READY_FOR_UPDATES"}
    assert bare.get_enabled_standards()["StandardsSubscriptions"] == [ready]
    assert bare.get_enabled_standards(StandardsSubscriptionArns=[subscription_arn(PCI)])["StandardsSubscriptions"] == [ready]
    assert bare.get_enabled_standards(StandardsSubscriptionArns=[subscription_arn(NIST)])["StandardsSubscriptions"] == []


def test_a_standard_is_enabled_in_one_region_of_one_account(aws, bare, administrator):
    aws(MEMBER, "us-east-1").enable_security_hub()
    enable(bare, PCI)
    for client in (administrator, aws(MEMBER, "us-east-1")):
        assert PCI not in statuses(client)


def test_a_standard_is_disabled(member):
    assert [subscription["StandardsStatus"] for subscription in disable(member, CIS_1_2)] == ["DELETING"]
    assert statuses(member) == {FOUNDATIONAL: "READY"}
    assert error(disable, member, CIS_1_2)[:2] == INVALID
    enable(member, "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0")
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY"}


def test_enabling_takes_a_while(emulator, clock, bare):
    emulator.settings(standards_delay=30)
    enable(bare, PCI)
    clock.wait(29.9)
    assert statuses(bare) == {PCI: "PENDING"}
    assert emulator.state(MEMBER, REGION)["hub"]["StandardsStatuses"] == {arn(PCI): "PENDING"}
    clock.wait(0.1)
    assert statuses(bare) == {PCI: "READY"}


def test_disabling_takes_a_while(emulator, clock, member):
    emulator.settings(standards_delay=30)
    disable(member, CIS_1_2)
    clock.wait(29.9)
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "DELETING"}
    assert emulator.state(MEMBER, REGION)["hub"]["Standards"] == [arn(FOUNDATIONAL)]
    clock.wait(0.1)
    assert statuses(member) == {FOUNDATIONAL: "READY"}


def test_standards_that_come_with_a_hub_take_a_while_too(aws, emulator, clock):
    emulator.settings(standards_delay=30)
    aws(MEMBER).enable_security_hub()
    assert statuses(aws(MEMBER)) == {FOUNDATIONAL: "PENDING", CIS_1_2: "PENDING"}


def test_an_enabled_standard_is_answered_as_it_is(emulator, clock, member):
    assert [subscription["StandardsStatus"] for subscription in enable(member, FOUNDATIONAL, PCI)] == ["READY", "PENDING"]
    emulator.settings(standards_delay=30)
    assert [subscription["StandardsStatus"] for subscription in enable(member, NIST, PCI)] == ["PENDING", "READY"]
    clock.wait(20)
    assert enable(member, NIST)[0]["StandardsStatus"] == "PENDING"
    clock.wait(10)
    assert statuses(member)[NIST] == "READY"


def test_a_standard_on_its_way_out_is_left_alone(emulator, clock, member):
    emulator.settings(standards_delay=30)
    disable(member, FOUNDATIONAL)
    for call in (enable, disable):
        code, http_status, message = error(call, member, *((PCI, FOUNDATIONAL) if call is enable else (CIS_1_2, FOUNDATIONAL)))
        assert (code, http_status) == INVALID
        assert message == f'StandardsSubscription(s) in state DELETING, please try later: ["{subscription_arn(FOUNDATIONAL)}"]'
    assert statuses(member) == {FOUNDATIONAL: "DELETING", CIS_1_2: "READY"}
    clock.wait(30)
    enable(member, FOUNDATIONAL)
    assert statuses(member) == {CIS_1_2: "READY", FOUNDATIONAL: "PENDING"}


def test_calls_for_a_standard_on_its_way_out_can_be_ignored(emulator, clock, member):
    emulator.settings(standards_delay=30, deleting_standards="ignored")
    disable(member, FOUNDATIONAL)
    clock.wait(20)
    assert [subscription["StandardsStatus"] for subscription in enable(member, FOUNDATIONAL)] == ["DELETING"]
    assert [subscription["StandardsStatus"] for subscription in disable(member, FOUNDATIONAL)] == ["DELETING"]
    clock.wait(10)
    assert statuses(member) == {CIS_1_2: "READY"}


def test_a_standard_on_its_way_in_cannot_be_disabled(emulator, clock, member):
    emulator.settings(standards_delay=30)
    enable(member, PCI)
    code, http_status, message = error(disable, member, CIS_1_2, PCI)
    assert (code, http_status) == INVALID
    assert message == f'StandardsSubscription(s) in state PENDING, please try later: ["{subscription_arn(PCI)}"]'
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY", PCI: "PENDING"}
    emulator.settings(pending_standards="disabled")
    disable(member, PCI)
    assert statuses(member)[PCI] == "DELETING"


@pytest.mark.parametrize(
    "unknown",
    [
        arn("pci-dss/v/9.9.9"),
        arn(PCI, region="us-east-1"),
        arn(PCI, region=""),
        arn(PCI, partition="aws-cn"),
        f"arn:aws:securityhub:{REGION}::ruleset/{CIS_1_2}",
        f"arn:aws:securityhub:{REGION}::arn:aws:securityhub:::ruleset/{CIS_1_2}",
    ],
)
def test_only_standards_of_the_region_are_enabled(bare, unknown):
    code, http_status, message = error(enable, bare, PCI, unknown)
    assert (code, http_status) == INVALID
    assert message == f'Invalid StandardsSubscriptionRequest(s): [{{"StandardsArn": "{unknown}"}}]'
    assert statuses(bare) == {}


@pytest.mark.parametrize("unknown", [subscription_arn(NIST), subscription_arn(CIS_1_2, account=ADMINISTRATOR), arn(PCI)])
def test_only_enabled_standards_are_disabled(member, unknown):
    code, http_status, message = error(member.batch_disable_standards, StandardsSubscriptionArns=[subscription_arn(CIS_1_2), unknown])
    assert (code, http_status) == INVALID
    assert message == f'Invalid StandardsSubscriptionArn(s): ["{unknown}"]'
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY"}


def test_what_another_service_manages_is_its_own(emulator, aws):
    emulator.seed(hubs=[{"account_id": MEMBER, "standards": [CONTROL_TOWER, PCI]}])
    client = aws(MEMBER)
    code, http_status, message = error(enable, client, NIST, CONTROL_TOWER)
    assert (code, http_status) == DENIED and message.endswith("is managed by Control Tower.")
    assert error(disable, client, PCI, CONTROL_TOWER)[:2] == DENIED
    assert statuses(client) == {CONTROL_TOWER: "READY", PCI: "READY"}


def test_an_administrator_can_configure_standards_for_all(emulator, member):
    emulator.settings(standards_managed="centrally")
    said = "This account is currently associated with a central configuration policy, so only the administrator can access this operation."
    assert error(enable, member, PCI) == (*DENIED, said)
    assert error(disable, member, CIS_1_2) == (*DENIED, said)
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY"}
    assert by_arn(member)
    member.disable_security_hub()
    member.enable_security_hub()
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY"}


def test_a_disabled_hub_has_no_standards(emulator, clock, member):
    emulator.settings(standards_delay=30)
    disable(member, CIS_1_2)
    member.disable_security_hub()
    assert emulator.state(MEMBER, REGION)["hub"] is None
    member.enable_security_hub(EnableDefaultStandards=False)
    assert statuses(member) == {}


# How that ends


NOT_RECORDED = "INCOMPLETE NO_AVAILABLE_CONFIGURATION_RECORDER"


def test_without_a_recorder_standards_are_incomplete(emulator, clock, member):
    emulator.settings(config_recorder="off", standards_delay=30)
    enable(member, PCI)
    assert statuses(member) == {FOUNDATIONAL: NOT_RECORDED, CIS_1_2: NOT_RECORDED, PCI: "PENDING"}
    clock.wait(30)
    assert statuses(member)[PCI] == NOT_RECORDED
    emulator.settings(config_recorder="on")
    assert set(statuses(member).values()) == {"READY"}


def test_an_account_can_be_without_a_recorder(emulator, aws):
    emulator.seed(
        hubs=[{"account_id": ADMINISTRATOR, "config_recorder": False, "regions": [REGION]}],
        administrators=[ADMINISTRATOR],
        members=[{"account_id": MEMBER, "config_recorder": True}],
    )
    assert set(statuses(aws(ADMINISTRATOR)).values()) == {NOT_RECORDED}
    assert set(statuses(aws(ADMINISTRATOR, "us-east-1")).values()) == {"READY"}
    emulator.settings(config_recorder="off")
    assert set(statuses(aws(MEMBER)).values()) == {"READY"}
    aws(MEMBER).disable_security_hub()
    aws(MEMBER).enable_security_hub()
    assert set(statuses(aws(MEMBER)).values()) == {"READY"}


def test_standards_can_fail_from_now_on(emulator, clock, member):
    emulator.settings(standards_end="FAILED", standards_delay=30)
    enable(member, PCI)
    assert statuses(member)[PCI] == "PENDING"
    clock.wait(30)
    emulator.settings(standards_end="READY", standards_delay=0)
    enable(member, NIST)
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY", PCI: "FAILED INTERNAL_ERROR", NIST: "READY"}
    assert enable(member, PCI)[0]["StandardsStatus"] == "FAILED"
    disable(member, PCI)
    enable(member, PCI)
    assert statuses(member)[PCI] == "READY"


# Seeds


def test_seeded_hubs_have_the_standards_that_are_named(emulator, aws):
    failed = {"name": NIST, "status": "FAILED", "reason": "INTERNAL_ERROR"}
    emulator.seed(
        hubs=[{"account_id": ADMINISTRATOR, "standards": []}],
        administrators=[ADMINISTRATOR],
        members=[{"account_id": MEMBER, "standards": [PCI, failed, {"name": AZURE, "status": "PENDING"}], "status": "Enabled"}],
    )
    assert statuses(aws(ADMINISTRATOR)) == {}
    assert statuses(aws(MEMBER)) == {PCI: "READY", NIST: "FAILED INTERNAL_ERROR", AZURE: "PENDING"}


def test_a_seed_replaces_the_standards_of_a_hub(emulator, member):
    emulator.seed(hubs=[{"account_id": MEMBER}])
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY"}
    emulator.seed(hubs=[{"account_id": MEMBER, "standards": [PCI]}])
    assert statuses(member) == {PCI: "READY"}


def test_seeded_standards_have_been_there_for_long(emulator, aws):
    emulator.seed(settings={"standards_delay": 30, "standards_end": "FAILED"}, hubs=[MEMBER, {"account_id": ADMINISTRATOR, "standards": [PCI]}])
    assert set(statuses(aws(MEMBER)).values()) == {"READY"}
    assert statuses(aws(ADMINISTRATOR)) == {PCI: "READY"}


def test_a_fixed_status_stays_until_the_standard_is_disabled(emulator, aws, clock):
    emulator.seed(hubs=[{"account_id": MEMBER, "standards": [{"name": PCI, "status": "FAILED"}, {"name": NIST, "status": "DELETING"}]}])
    client = aws(MEMBER)
    clock.wait(1000)
    assert statuses(client) == {PCI: "FAILED", NIST: "DELETING"}
    assert error(enable, client, NIST)[:2] == INVALID
    disable(client, PCI)
    enable(client, PCI)
    assert statuses(client) == {NIST: "DELETING", PCI: "READY"}


@pytest.mark.parametrize(
    "standard",
    [
        7,
        "pci-dss",
        arn(PCI),
        {},
        {"name": PCI, "state": "READY"},
        {"name": PCI, "status": "FINE"},
        {"name": PCI, "reason": "INTERNAL_ERROR"},
        {"name": PCI, "status": "FAILED", "reason": "WHATEVER"},
    ],
    ids=str,
)
def test_a_standard_that_makes_no_sense_is_refused(emulator, standard):
    with pytest.raises(ValueError, match=r"a standard|no standard"):
        emulator.seed(hubs=[{"account_id": MEMBER, "standards": [standard]}])


# Eventual consistency


def test_an_old_answer_has_old_statuses(emulator, clock, member):
    emulator.settings(standards_delay=20)
    emulator.add_fault(operation="GetEnabledStandards", times=None, lag=10)
    enable(member, PCI)
    disable(member, CIS_1_2)
    clock.wait(9.9)
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "READY"}
    clock.wait(0.1)
    assert statuses(member) == {FOUNDATIONAL: "READY", CIS_1_2: "DELETING", PCI: "PENDING"}
    clock.wait(19.9)
    assert statuses(member)[PCI] == "PENDING"
    assert emulator.state(MEMBER, REGION)["hub"]["StandardsStatuses"] == {arn(FOUNDATIONAL): "READY", arn(PCI): "READY"}
    clock.wait(0.1)
    assert statuses(member) == {FOUNDATIONAL: "READY", PCI: "READY"}


def test_what_was_enabled_before_counts_as_old(emulator, clock, member):
    enable(member, PCI)
    disable(member, CIS_1_2)
    emulator.add_fault(operation="GetEnabledStandards", times=None, lag=10)
    assert statuses(member) == {FOUNDATIONAL: "READY", PCI: "READY"}


def test_a_standard_can_be_unknown_to_what_lags(emulator, clock, member):
    emulator.add_fault(operation="BatchDisableStandards", times=None, lag=10)
    enable(member, PCI)
    assert error(disable, member, PCI)[:2] == INVALID
    clock.wait(10)
    disable(member, PCI)
    assert PCI not in statuses(member)


def test_an_account_of_the_organization_is_taken_in_with_standards(emulator, administrator, aws):
    emulator.seed(organizations=[{"account_id": ADMINISTRATOR, "accounts": [MEMBER]}])
    create(administrator, MEMBER)
    assert statuses(aws(MEMBER)) == {FOUNDATIONAL: "READY", CIS_1_2: "READY"}
