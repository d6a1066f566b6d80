# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about the list of regions that an account is told."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from emulator.service import error_answer
from emulator.service import json_answer

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGIONS
from .conftest import error
from .conftest import told

NEW = "xx-new-1"  # no botocore knows it


@pytest.fixture
def account(aws):
    """A function that makes a client of Account Management, of the member."""

    def client(region="us-east-1"):
        return aws.as_account(MEMBER).client("account", region, endpoint_url=aws.url, config=ONCE)

    return client


def statuses(client, **params):
    """Each region's status, from all pages."""
    pages = list(client.get_paginator("list_regions").paginate(**params))
    entries = [entry for page in pages for entry in page["Regions"]]
    found = {entry["RegionName"]: entry["RegionOptStatus"] for entry in entries}
    assert len(found) == len(entries)
    return found


def test_all_regions_of_the_partition_are_told(account):
    found = statuses(account())
    assert {name for name, status in found.items() if status == "ENABLED_BY_DEFAULT"} == set(REGIONS)
    assert found["me-south-1"] == found["eu-west-2"] == "DISABLED"
    assert not [name for name in found if name.startswith(("cn-", "us-gov-", "us-iso"))]


def test_a_region_that_not_every_account_has_is_enabled(account, emulator):
    emulator.seed(regions=["us-east-1", "me-south-1"])
    found = statuses(account())
    assert (found["us-east-1"], found["me-south-1"], found["eu-west-1"]) == ("ENABLED_BY_DEFAULT", "ENABLED", "DISABLED")


def test_each_account_is_told_what_it_has_opted_out_of(account, aws, emulator):
    emulator.seed(opted_out={MEMBER: ["eu-west-1"]})
    assert statuses(account())["eu-west-1"] == "DISABLED"
    other = aws.session.client("account", "us-east-1", endpoint_url=aws.url)
    assert statuses(other)["eu-west-1"] == "ENABLED_BY_DEFAULT"


@pytest.mark.parametrize("status, usable", [("ENABLED", True), ("ENABLED_BY_DEFAULT", True), ("ENABLING", False), ("DISABLING", False), ("DISABLED", False)])
@pytest.mark.parametrize("region", ["eu-west-1", "me-south-1", NEW])
def test_an_account_can_use_the_regions_that_it_is_told_are_enabled(account, aws, emulator, region, status, usable):
    emulator.seed(region_statuses={MEMBER: {region: status}})
    assert statuses(account())[region] == status
    if usable:
        aws(MEMBER, region).enable_security_hub()
        assert f":{region}:" in aws(MEMBER, region).describe_hub()["HubArn"]
    else:
        assert error(aws(MEMBER, region).describe_hub)[0] == "UnrecognizedClientException"


def test_a_new_region_is_one_of_the_account_that_is_told_of_it(account, aws, emulator):
    aws(MEMBER).enable_security_hub()  # the account is there already
    emulator.seed(region_statuses={MEMBER: {NEW: "ENABLED"}})
    assert NEW not in statuses(aws.session.client("account", "us-east-1", endpoint_url=aws.url))
    assert error(aws("333333333333", NEW).describe_hub)[0] == "UnrecognizedClientException"
    assert error(aws(MEMBER, NEW).describe_hub)[0] == "InvalidAccessException"
    emulator.reset()
    assert error(aws(MEMBER, NEW).describe_hub)[0] == "UnrecognizedClientException"
    assert NEW not in statuses(account())


def test_a_new_region_can_be_one_of_all_accounts(account, aws, emulator):
    emulator.seed(region_statuses={MEMBER: {NEW: "ENABLED"}}, regions=[*REGIONS, NEW], administrators=["333333333333"], members=[MEMBER])
    assert aws("333333333333", NEW).list_members(OnlyAssociated=False)["Members"][0]["MemberStatus"] == "Invited"
    assert statuses(aws.session.client("account", "us-east-1", endpoint_url=aws.url))[NEW] == "ENABLED"
    emulator.reset()
    with pytest.raises(ValueError, match=f"there is no region '{NEW}'"):
        emulator.seed(regions=[NEW])


@pytest.mark.parametrize("wrong", [{MEMBER: {"eu-west-1": "CLOSED"}}, {MEMBER: {"Europe": "ENABLED"}}, {"123": {"eu-west-1": "ENABLED"}}], ids=str)
def test_a_status_that_makes_no_sense_is_refused(emulator, wrong):
    with pytest.raises(ValueError, match="ValueError"):
        emulator.seed(region_statuses=wrong)


def test_regions_can_be_asked_for_by_status(account, emulator):
    emulator.seed(region_statuses={MEMBER: {"me-south-1": "ENABLING"}})
    found = statuses(account(), RegionOptStatusContains=["ENABLING", "ENABLED_BY_DEFAULT"])
    assert found == {**dict.fromkeys(REGIONS, "ENABLED_BY_DEFAULT"), "me-south-1": "ENABLING"}
    assert statuses(account(), RegionOptStatusContains=["DISABLING"]) == {}


@pytest.mark.parametrize("page, asked, expected", [(2, None, 2), (2, 50, 2), (50, 3, 3), (4, 3, 3)])
def test_there_are_pages(account, emulator, page, asked, expected):
    whole = statuses(account())
    emulator.settings(list_regions_page=page)
    params = {} if asked is None else {"MaxResults": asked}
    first = account().list_regions(**params)
    assert len(first["Regions"]) == expected
    assert first["NextToken"]
    following = account().list_regions(**params, NextToken=first["NextToken"])
    assert [entry["RegionName"] for entry in first["Regions"] + following["Regions"]] == sorted(whole)[: 2 * expected]
    assert statuses(account()) == whole


@pytest.mark.parametrize(
    "params",
    [
        {"NextToken": "nonsense"},
        {"NextToken": "e30="},
        {"MaxResults": 0},
        {"MaxResults": 51},
        {"MaxResults": "x"},
        {"RegionOptStatusContains": ["OPEN"]},
        {"AccountId": "1"},
    ],
    ids=str,
)
def test_what_the_model_does_not_allow_is_refused(account, params):
    assert error(account().list_regions, **params)[:2] == ("ValidationException", 400)


def test_a_token_is_for_the_same_question(account, emulator):
    emulator.settings(list_regions_page=1)
    token = account().list_regions()["NextToken"]
    assert error(account().list_regions, NextToken=token, RegionOptStatusContains=["ENABLED"])[0] == "ValidationException"


def test_nobody_manages_the_accounts_of_an_organization(account):
    assert error(account().list_regions, AccountId="333333333333")[:2] == ("AccessDeniedException", 403)


@pytest.mark.parametrize("region, others", [("us-east-1", "cn-"), ("cn-northwest-1", "us-"), ("us-gov-west-1", "eu-")])
def test_each_partition_answers_at_home(account, region, others):
    found = statuses(account(region))
    assert region in found
    assert not [name for name in found if name.startswith(others)]


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-east-1", NEW])
def test_no_other_region_answers(account, emulator, region):
    emulator.seed(region_statuses={MEMBER: {region: "ENABLED"}})
    assert error(account(region).list_regions) == ("SignatureDoesNotMatch", 403, "Credential should be scoped to a valid region.")


def test_of_account_management_there_is_no_more(account):
    assert error(account().get_alternate_contact, AlternateContactType="SECURITY")[:2] == ("NotImplemented", 501)
    assert error(account().enable_region, RegionName="me-south-1")[:2] == ("NotImplemented", 501)


def test_a_key_of_nobody_is_refused(server, emulator):
    keys = {"aws_access_key_id": "AKIA0000000000000000", "aws_secret_access_key": "any"}
    stranger = boto3.client("account", "us-east-1", endpoint_url=server.url, config=ONCE, **keys)
    assert error(stranger.list_regions)[:2] == ("UnrecognizedClientException", 403)


# As other calls: the call log, throttling and faults


def test_the_call_log_has_it(account, emulator):
    account().list_regions(MaxResults=1)
    call = emulator.calls(service="account")[0]
    assert (call["operation"], call["account"], call["region"], call["params"]) == ("ListRegions", MEMBER, "us-east-1", {"MaxResults": 1})
    assert (call["status"], call["error_code"], bool(call["request_id"])) == (200, None, True)


def test_it_is_throttled_apart_from_security_hub(account, aws, emulator):
    emulator.seed(hubs=[MEMBER], settings={"rate": 0.001, "burst": 1})
    account().list_regions()
    assert error(account().list_regions)[:2] == ("TooManyRequestsException", 429)
    assert emulator.calls()[-1]["error_code"] == "TooManyRequestsException"
    assert aws(MEMBER, "us-east-1").describe_hub()


def test_it_can_be_denied_as_iam_does(account, emulator):
    emulator.add_fault(operation="ListRegions", account=MEMBER, deny=True)
    code, http_status, message = error(account().list_regions)
    assert (code, http_status) == ("AccessDeniedException", 403)
    assert f"is not authorized to perform: account:ListRegions on resource: arn:aws:account::{MEMBER}:account because" in message


def test_it_can_fail(account, emulator):
    emulator.add_fault(operation="ListRegions", error={"code": "InternalServerException", "message": "Try later"})
    assert error(account().list_regions) == ("InternalServerException", 500, "Try later")
    emulator.add_fault(operation="ListRegions", drop=True)
    with pytest.raises(ConnectionClosedError):
        account().list_regions()
    emulator.add_fault(operation="ListRegions", cut="body")
    assert "Regions" not in account().list_regions()
    emulator.add_fault(operation="ListRegions", response={"Regions": []})
    assert account().list_regions()["Regions"] == []
    assert account().list_regions()["Regions"]


def test_it_does_not_lag(account, emulator):
    emulator.add_fault(operation="ListRegions", times=None, lag=3600)
    emulator.seed(opted_out={MEMBER: ["eu-west-1"]})
    assert statuses(account())["eu-west-1"] == "DISABLED"


# The check that all of these tests rely on


def test_its_answers_are_held_against_its_model(account, conformance, instead):
    instead(json_answer({"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "OPEN"}]}))
    account().list_regions()
    assert any("'OPEN' is none of" in problem for problem in told(conformance))
    instead(json_answer({"Areas": []}))
    account().list_regions()
    assert told(conformance) == ["ListRegions: Areas is in no model"]
    instead(error_answer("account", "ConflictException", "?"))
    error(account().list_regions)
    assert told(conformance) == ["ListRegions: error ConflictException with status 409"]
    instead(error_answer("securityhub", "AccessDeniedException", "?"))  # Message, where this service has message
    error(account().list_regions)
    assert told(conformance) == ["ListRegions: message: is required."]
