# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about cross-Region aggregation: one finding aggregator for an account, changed in its home region only."""

from __future__ import annotations

import re

import pytest

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import REGION
from .conftest import error

INVALID = ("InvalidInputException", 400)
NOT_FOUND = ("ResourceNotFoundException", 404)
OTHER = "us-east-1"


@pytest.fixture
def here(aws):
    """An account in the home region."""
    aws(MEMBER).enable_security_hub()
    return aws(MEMBER)


@pytest.fixture
def there(aws):
    """The account in another region."""
    aws(MEMBER, OTHER).enable_security_hub()
    return aws(MEMBER, OTHER)


def body(answer):
    """An answer without what boto3 adds."""
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def create(client, mode="ALL_REGIONS", **params):
    """Create an aggregator; its ARN."""
    return client.create_finding_aggregator(RegionLinkingMode=mode, **params)["FindingAggregatorArn"]


def listed(client):
    """The ARNs that ListFindingAggregators tells."""
    return [aggregator["FindingAggregatorArn"] for aggregator in client.list_finding_aggregators()["FindingAggregators"]]


def get(client, arn):
    """Mode and regions of an aggregator."""
    aggregator = client.get_finding_aggregator(FindingAggregatorArn=arn)
    return aggregator["RegionLinkingMode"], aggregator.get("Regions")


def test_an_account_has_none_at_first(here):
    assert listed(here) == []


def test_an_aggregator_is_created_in_its_home_region(here):
    created = body(here.create_finding_aggregator(RegionLinkingMode="SPECIFIED_REGIONS", Regions=[OTHER, "us-west-2"]))
    arn = created["FindingAggregatorArn"]
    assert re.fullmatch(rf"arn:aws:securityhub:{REGION}:{MEMBER}:finding-aggregator/[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}", arn)
    assert created == {
        "FindingAggregatorArn": arn,
        "FindingAggregationRegion": REGION,
        "RegionLinkingMode": "SPECIFIED_REGIONS",
        "Regions": [OTHER, "us-west-2"],
    }
    assert body(here.get_finding_aggregator(FindingAggregatorArn=arn)) == created
    assert listed(here) == [arn]


@pytest.mark.parametrize("mode", ["ALL_REGIONS", "NO_REGIONS"])
def test_modes_for_all_or_none_name_no_regions(here, mode):
    assert "Regions" not in here.create_finding_aggregator(RegionLinkingMode=mode)
    arn = listed(here)[0]
    assert error(here.update_finding_aggregator, FindingAggregatorArn=arn, RegionLinkingMode=mode, Regions=[OTHER])[:2] == INVALID
    assert get(here, arn) == (mode, None)


NONSENSE = [
    {"RegionLinkingMode": "EVERYTHING"},
    {"RegionLinkingMode": "all_regions"},
    {"RegionLinkingMode": " "},
    {},
    {"RegionLinkingMode": "ALL_REGIONS", "Regions": [OTHER]},
    {"RegionLinkingMode": "NO_REGIONS", "Regions": [OTHER]},
    {"RegionLinkingMode": "SPECIFIED_REGIONS", "Regions": OTHER},
]
for both in ("SPECIFIED_REGIONS", "ALL_REGIONS_EXCEPT_SPECIFIED"):
    NONSENSE += [{"RegionLinkingMode": both}]
    NONSENSE += [{"RegionLinkingMode": both, "Regions": regions} for regions in ([], [OTHER, OTHER], [REGION], ["eu-nowhere-1"], ["us-gov-west-1"], [""])]


@pytest.mark.parametrize("params", NONSENSE, ids=str)
def test_what_makes_no_sense_is_refused(here, params):
    assert error(here.create_finding_aggregator, **params)[:2] == INVALID
    assert listed(here) == []
    arn = create(here, "ALL_REGIONS_EXCEPT_SPECIFIED", Regions=[OTHER])
    assert error(here.update_finding_aggregator, FindingAggregatorArn=arn, **params)[:2] == INVALID
    assert get(here, arn) == ("ALL_REGIONS_EXCEPT_SPECIFIED", [OTHER])


def test_an_aggregator_is_updated(here):
    arn = create(here)
    updated = body(here.update_finding_aggregator(FindingAggregatorArn=arn, RegionLinkingMode="ALL_REGIONS_EXCEPT_SPECIFIED", Regions=[OTHER]))
    assert updated == body(here.get_finding_aggregator(FindingAggregatorArn=arn))
    assert get(here, arn) == ("ALL_REGIONS_EXCEPT_SPECIFIED", [OTHER])
    here.update_finding_aggregator(FindingAggregatorArn=arn, RegionLinkingMode="NO_REGIONS")
    assert get(here, arn) == ("NO_REGIONS", None)


def test_a_deleted_aggregator_is_gone(here, there):
    arn = create(here)
    here.delete_finding_aggregator(FindingAggregatorArn=arn)
    assert listed(here) == listed(there) == []
    assert error(here.get_finding_aggregator, FindingAggregatorArn=arn)[:2] == NOT_FOUND
    assert error(here.delete_finding_aggregator, FindingAggregatorArn=arn)[:2] == NOT_FOUND
    assert create(there) != arn


@pytest.mark.parametrize("code, http_status", [("InvalidInputException", 400), ("LimitExceededException", 429), ("AccessDeniedException", 403)])
def test_an_account_has_one_over_all_regions(emulator, here, there, code, http_status):
    if code != "InvalidInputException":
        emulator.settings(second_aggregator_answer=code)
    arn = create(here)
    for client in (here, there):
        assert error(client.create_finding_aggregator, RegionLinkingMode="NO_REGIONS")[:2] == (code, http_status)
        assert listed(client) == [arn]
    assert get(here, arn) == ("ALL_REGIONS", None)


def test_another_account_has_its_own(here, administrator):
    arn = create(here)
    assert listed(administrator) == []
    other = create(administrator)
    assert (listed(here), listed(administrator)) == ([arn], [other])
    assert error(administrator.get_finding_aggregator, FindingAggregatorArn=arn)[:2] == NOT_FOUND


def test_the_home_region_is_where_an_aggregator_is_changed(here, there):
    arn = create(here)
    code, http_status, message = error(there.update_finding_aggregator, FindingAggregatorArn=arn, RegionLinkingMode="NO_REGIONS")
    assert (code, http_status) == INVALID and REGION in message
    assert error(there.delete_finding_aggregator, FindingAggregatorArn=arn)[:2] == INVALID
    assert error(there.get_finding_aggregator, FindingAggregatorArn=arn)[:2] == NOT_FOUND
    assert listed(there) == [arn]
    assert get(here, arn) == ("ALL_REGIONS", None)


@pytest.mark.parametrize("arn", ["x", f"arn:aws:securityhub:{REGION}:{MEMBER}:finding-aggregator/0", f"arn:aws:securityhub:{REGION}:{MEMBER}:hub/default"])
def test_an_unknown_aggregator_is_not_found(here, arn):
    create(here)
    assert error(here.get_finding_aggregator, FindingAggregatorArn=arn)[:2] == NOT_FOUND
    assert error(here.update_finding_aggregator, FindingAggregatorArn=arn, RegionLinkingMode="NO_REGIONS")[:2] == NOT_FOUND
    assert error(here.delete_finding_aggregator, FindingAggregatorArn=arn)[:2] == NOT_FOUND


def test_the_partition_is_the_region_s(emulator, aws):
    emulator.seed(regions=[REGION, "us-gov-west-1"], hubs=[MEMBER])
    assert create(aws(MEMBER, "us-gov-west-1")).startswith("arn:aws-us-gov:securityhub:us-gov-west-1:")
    assert listed(aws(MEMBER)) == []
    assert create(aws(MEMBER)).startswith("arn:aws:")


def test_the_call_log_knows_the_arn_in_a_path(emulator, here):
    arn = create(here)
    here.get_finding_aggregator(FindingAggregatorArn=arn)
    here.delete_finding_aggregator(FindingAggregatorArn=arn)
    assert [call["params"] for operation in ("GetFindingAggregator", "DeleteFindingAggregator") for call in emulator.calls(operation=operation)] == [
        {"FindingAggregatorArn": arn}
    ] * 2


def test_a_list_is_paged(here):
    create(here)
    assert "NextToken" not in here.list_finding_aggregators(MaxResults=1)
    assert error(here.list_finding_aggregators, MaxResults=101)[:2] == INVALID
    assert error(here.list_finding_aggregators, NextToken="nonsense")[:2] == INVALID


@pytest.mark.parametrize("answer, http_status", [("AccessDeniedException", 403), ("InvalidInputException", 400)])
def test_a_member_has_its_administrator_aggregate(emulator, enabled, answer, http_status):
    emulator.settings(member_aggregator_answer=answer)
    said = (answer, http_status, "A finding aggregator cannot be created by a member account.")
    assert error(enabled.create_finding_aggregator, RegionLinkingMode="ALL_REGIONS") == said
    assert listed(enabled) == []


def test_a_member_can_end_an_earlier_aggregation_only(emulator, aws):
    emulator.seed(administrators=[ADMINISTRATOR], aggregators=[MEMBER], members=[{"account_id": MEMBER, "organization": True}])
    client = aws(MEMBER)
    arn = listed(client)[0]
    code, http_status, message = error(client.update_finding_aggregator, FindingAggregatorArn=arn, RegionLinkingMode="NO_REGIONS")
    assert (code, http_status) == ("AccessDeniedException", 403)
    assert message == "A finding aggregator cannot be updated by a member account of an organization."
    assert get(client, arn) == ("ALL_REGIONS", None)
    client.delete_finding_aggregator(FindingAggregatorArn=arn)
    assert listed(client) == []


def test_a_disabled_hub_aggregates_nothing(here, there):
    create(here)
    here.disable_security_hub()
    assert listed(there) == []
    here.enable_security_hub()
    assert listed(here) == []


def test_a_linked_region_can_be_disabled(here, there):
    arn = create(here)
    there.disable_security_hub()
    assert listed(here) == [arn]


def test_aggregators_can_be_seeded(emulator, aws):
    linked = {"account_id": MEMBER, "region": OTHER, "mode": "SPECIFIED_REGIONS", "regions": [REGION]}
    emulator.seed(hubs=[{"account_id": MEMBER, "regions": [REGION]}], aggregators=[linked, ADMINISTRATOR])
    arn = listed(aws(MEMBER))[0]
    assert get(aws(MEMBER, OTHER), arn) == ("SPECIFIED_REGIONS", [REGION])
    assert emulator.state(MEMBER, OTHER)["aggregator"] == {
        "FindingAggregatorArn": arn,
        "FindingAggregationRegion": OTHER,
        "RegionLinkingMode": "SPECIFIED_REGIONS",
        "Regions": [REGION],
    }
    assert emulator.state(MEMBER, REGION)["aggregator"] is None
    assert get(aws(ADMINISTRATOR), listed(aws(ADMINISTRATOR))[0]) == ("ALL_REGIONS", None)


@pytest.mark.parametrize(
    "entry",
    [
        {"account_id": MEMBER, "region": "eu-nowhere-1"},
        {"account_id": MEMBER, "mode": "EVERYTHING"},
        {"account_id": MEMBER, "mode": "SPECIFIED_REGIONS"},
        {"account_id": MEMBER, "linked": [OTHER]},
    ],
    ids=str,
)
def test_an_aggregator_that_makes_no_sense_is_not_seeded(emulator, entry):
    with pytest.raises(ValueError):
        emulator.seed(aggregators=[entry])


def test_a_second_aggregator_is_not_seeded(emulator):
    with pytest.raises(ValueError, match="already has"):
        emulator.seed(aggregators=[MEMBER, {"account_id": MEMBER, "region": OTHER}])


def test_aggregation_can_lag_in_the_home_region(emulator, clock, here, there):
    emulator.add_fault(operation=["ListFindingAggregators", "UpdateFindingAggregator"], region=REGION, times=None, lag=10)
    arn = create(here)
    assert listed(here) == []
    assert error(here.update_finding_aggregator, FindingAggregatorArn=arn, RegionLinkingMode="NO_REGIONS")[:2] == NOT_FOUND
    assert get(here, arn) == ("ALL_REGIONS", None)
    clock.wait(10)
    assert listed(here) == [arn]
    here.update_finding_aggregator(FindingAggregatorArn=arn, RegionLinkingMode="NO_REGIONS")
    assert get(here, arn) == ("NO_REGIONS", None)
    here.delete_finding_aggregator(FindingAggregatorArn=arn)
    assert listed(here) == [arn]
    clock.wait(10)
    assert listed(here) == []


def test_paths_of_other_operations_are_told_as_missing(here):
    assert error(here.get_insight_results, InsightArn="arn:aws:securityhub:::insight/securityhub/default/1")[:2] == ("NotImplemented", 501)
