# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""regions: [all] is every region that the account has enabled and that has Security Hub CSPM."""

from __future__ import annotations

import json
import pathlib
import socket

import botocore
import module_list
import pytest

from .conftest import MEMBER
from .conftest import OTHER
from .conftest import REGIONS
from .conftest import WANTED
from .test_secrets import EVERY_MODULE
from .test_states import ACCEPT
from .test_states import GET
from .test_states import LIST

ALL = {"regions": ["all"]}
LIST_REGIONS = "ListRegions"


def regions_of(result):
    """The regions that a result is about, in its order."""
    return [outcome["region"] for outcome in result["regions"]]


def test_every_enabled_region(world):
    """In alphabetical order, asked for once; the result is as if they had been named."""
    world.pending(WANTED)
    result = world.run(**ALL)
    assert not result.get("failed") and result["changed"]
    assert regions_of(result) == sorted(REGIONS)
    assert all(world.calls(region) == [LIST_REGIONS] * (region == "us-east-1") + [GET, LIST, ACCEPT] for region in REGIONS)
    assert result["regions_left_out"] == []
    assert "regions_left_out" not in world.run(regions=REGIONS)
    assert not world.run(**ALL)["changed"]


def test_what_the_account_can_not_use_is_left_out(world):
    """Only the statuses ENABLED and ENABLED_BY_DEFAULT count, whatever botocore knows."""
    world.control.seed(regions=[*REGIONS, "me-south-1"])
    world.member_of(WANTED)
    world.control.seed(
        region_statuses={MEMBER: {"me-south-1": "ENABLED", REGIONS[0]: "DISABLED", "af-south-1": "ENABLING", "ap-east-1": "DISABLING"}},
        opted_out={MEMBER: [REGIONS[2]]},
    )
    assert regions_of(world.run(**ALL)) == ["me-south-1", REGIONS[1]]


def test_a_filter_that_aws_ignores(world):
    """What it lists is looked at all the same."""
    world.member_of(WANTED)
    regions = [{"RegionName": name, "RegionOptStatus": status} for name, status in ((REGIONS[0], "ENABLED"), ("af-south-1", "DISABLED"))]
    world.fault(LIST_REGIONS, response={"Regions": regions})
    assert regions_of(world.run(**ALL)) == [REGIONS[0]]


def test_all_pages(world):
    """However small they are."""
    world.control.settings(list_regions_page=1)
    world.member_of(WANTED)
    assert regions_of(world.run(**ALL)) == sorted(REGIONS)
    assert world.calls().count(LIST_REGIONS) == len(REGIONS)


@EVERY_MODULE
def test_every_module(world, module, options):
    """None has a way of its own, but for those that take one region; nor in check mode."""
    if module_list.acts_in_one_region(module):
        assert world.run_module(module, region="all", **options)["error"]["reason"] == "invalid_input"
        return
    world.control.seed(hubs=[MEMBER])
    for check_mode in (True, False):
        result = world.run_module(module, check_mode, **ALL, **options)
        assert regions_of(result) == sorted(REGIONS)
        assert result["regions_left_out"] == []


def test_one_enabled_region(world):
    """Its fields stand at the top level too."""
    world.member_of(WANTED)
    world.control.seed(opted_out={MEMBER: REGIONS[1:]})
    assert world.run(**ALL)["administrator"]["account_id"] == WANTED


def test_one_region_fails(world):
    """The others are done; the message counts them all."""
    world.pending(WANTED)
    world.fault(GET, region=REGIONS[0], error={"code": "InvalidInputException", "message": "No"})
    result = world.run(**ALL)
    assert result["changed"] and result["msg"].startswith("1 of 3 regions failed\n")
    assert regions_of(result) == sorted(REGIONS)


def test_regions_that_botocore_does_not_know_like_this(world, monkeypatch, tmp_path):
    """One that it has never heard of is tried; one that it knows to lack the service is left out, and the result says so."""
    data = json.loads((pathlib.Path(botocore.__file__).parent / "data" / "endpoints.json").read_text(encoding="utf-8"))
    for partition in data["partitions"]:
        for service in ("ec2", "securityhub"):
            partition["services"].get(service, {"endpoints": {}})["endpoints"].pop(REGIONS[2], None)
        partition["services"].get("securityhub", {"endpoints": {}})["endpoints"].pop(REGIONS[0], None)
    (tmp_path / "endpoints.json").write_text(json.dumps(data), encoding="utf-8")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    world.member_of(WANTED)
    world.control.seed(regions=[*REGIONS, "xx-new-1"], region_statuses={MEMBER: {"xx-new-1": "ENABLED"}})
    result = world.run(**ALL)
    assert regions_of(result) == [REGIONS[2], REGIONS[1], "xx-new-1"]  # in alphabetical order
    assert result["regions_left_out"] == [REGIONS[0]]
    assert not world.calls(REGIONS[0])
    # Named, it is tried all the same
    assert world.run(regions=[REGIONS[0]])["administrator"]["account_id"] == WANTED


def test_not_allowed_to_ask(world):
    """The action is named, and what to do without it; nothing is called but STS, and no region stands in the result."""
    world.pending(WANTED)
    world.fault(LIST_REGIONS, deny=True)
    result = world.run(**ALL)
    assert result["error"]["reason"] == "access_denied"
    assert all(words in result["msg"] for words in (MEMBER, "Allow account:ListRegions", "Or name the regions"))
    assert "regions" not in result and not result["changed"]
    assert world.calls() == [LIST_REGIONS]


@pytest.mark.parametrize(
    "fault, reason",
    [
        ({"error": {"code": "TooManyRequestsException"}}, "limit_exceeded"),
        ({"error": {"code": "InternalServerException", "status": 500}}, "internal_error"),
        ({"drop": True}, "endpoint_unreachable"),
        ({"response": {}}, "region_not_enabled"),
        ({"raw": {"headers": {"Content-Type": "application/json"}, "body": "{}"}}, "endpoint_unreachable"),
        ({"response": {"Regions": "us-east-1"}}, "endpoint_unreachable"),
        ({"raw": {"body": "<html>Sign in</html>"}}, "endpoint_unreachable"),
        ({"error": {"code": "ValidationException"}}, "invalid_input"),
        ({"response": {"Regions": []}}, "region_not_enabled"),
    ],
    ids=str,
)
def test_no_list_of_regions(world, clock, fault, reason):
    """Without it nothing is done, and what passes is survived."""
    world.pending(WANTED)
    world.fault(LIST_REGIONS, times=None, **fault)
    result = world.run(**ALL)
    assert result["error"]["reason"] == reason
    assert "in place of all" in result["msg"]
    assert set(world.calls()) == {LIST_REGIONS}
    assert "regions" not in result
    if reason not in ("invalid_input", "region_not_enabled"):
        world.control.clear_faults()
        world.fault(LIST_REGIONS, times=3, **fault)
        assert world.run(**ALL)["changed"]


def test_another_account_than_expected(world):
    """Its regions are not asked for."""
    result = world.run(**ALL, assume_role_arn=None, expected_account_id=MEMBER)
    assert result["error"]["reason"] == "wrong_account"
    assert world.control.operations() == ["GetCallerIdentity"]


def test_a_role_that_is_refused(world):
    """There are no regions yet to tell it of."""
    world.fault("AssumeRole", deny=True)
    result = world.run(**ALL)
    assert result["error"]["reason"] == "assume_role_failed"
    assert "regions" not in result
    assert "1 of" not in result["msg"]


@pytest.mark.parametrize(
    "options, variable, home",
    [
        ({"assume_role_arn": f"arn:aws-cn:iam::{MEMBER}:role/Member"}, None, "cn-northwest-1"),
        ({"assume_role_arn": f"arn:aws-us-gov:iam::{MEMBER}:role/Member"}, "eu-west-1", "us-gov-west-1"),
        ({"assume_role_arn": f"arn:aws:iam::{MEMBER}:role/Member"}, "cn-north-1", "us-east-1"),
        ({"assume_role_arn": None}, "cn-north-1", "cn-northwest-1"),
        ({"assume_role_arn": None}, None, "us-east-1"),
    ],
    ids=str,
)
def test_partition(world, monkeypatch, options, variable, home):
    """That of the role, else of the region that boto3 finds, else the commercial one; it is asked where the partition answers for all."""
    if variable:
        monkeypatch.setenv("AWS_REGION", variable)
    world.run(**ALL, **options)
    assert [call["region"] for call in world.control.calls(operation=LIST_REGIONS)] == [home]


@pytest.mark.parametrize("host", ["vpce-0a1b-2c3d.securityhub.eu-west-1.vpce.amazonaws.com", "securityhub-fips.us-east-1.api.aws", "securityhub.example.com"])
def test_an_endpoint_of_security_hub_alone(world, monkeypatch, host):
    """One that is AWS's own is not asked about roles and regions; any other is."""
    port = world.endpoint_url.rpartition(":")[2]
    look_up, looked_up = socket.getaddrinfo, []

    def here(name, *args, **kwargs):
        looked_up.append(name)
        return look_up("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.endpoint_url)
    world.member_of(WANTED)
    looked_up.clear()
    own_connections = {"user_agent_extra": host}
    result = world.run(**ALL, endpoint_url=f"http://{host}:{port}", aws_config=own_connections)
    assert not result.get("failed"), result["msg"]
    assert regions_of(result) == sorted(REGIONS)
    assert set(looked_up) == ({host} if "example" in host else {host, "127.0.0.1"})


@pytest.mark.parametrize("service, operation", [("STS", "AssumeRole"), ("ACCOUNT", LIST_REGIONS)])
def test_an_endpoint_of_another_service(world, monkeypatch, service, operation):
    """The environment's own variable for a service wins over endpoint_url."""
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://127.0.0.1:9")
    result = world.run(**ALL, aws_config={"retries": {"total_max_attempts": 1}})
    assert result["error"]["reason"] == "endpoint_unreachable" and "127.0.0.1:9" in result["msg"]
    assert operation not in world.control.operations()


@pytest.mark.parametrize("service", ["STS", "ACCOUNT"])
def test_an_endpoint_of_another_service_that_is_to_be_ignored(world, monkeypatch, service):
    """AWS's variable for that makes them all as if they were not set."""
    world.member_of(WANTED)
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert not world.run(**ALL).get("failed")


def test_each_account_has_its_own(world):
    """Each account is asked for its own regions."""
    world.member_of(WANTED)
    world.member_of(WANTED, account=OTHER)
    world.control.seed(opted_out={OTHER: REGIONS[:2]})
    assert regions_of(world.run(**ALL)) == sorted(REGIONS)
    assert regions_of(world.run(**ALL, assume_role_arn=world.role(OTHER))) == [REGIONS[2]]
