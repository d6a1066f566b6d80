# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about accounts, access keys and regions."""

from __future__ import annotations

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import ONCE
from .conftest import create
from .conftest import error


def client(server, service, region="eu-west-1", access_key="AKIA0000000000000000"):
    return boto3.client(service, region, endpoint_url=server.url, config=ONCE, aws_access_key_id=access_key, aws_secret_access_key="any")


def test_the_base_key_is_a_user_of_the_base_account(aws):
    assert aws.sts.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/emulator"


def test_an_assumed_role_is_one_of_its_account(aws):
    identity = aws.as_account(MEMBER).client("sts", endpoint_url=aws.url).get_caller_identity()
    assert identity["Account"] == MEMBER
    assert identity["Arn"] == f"arn:aws:sts::{MEMBER}:assumed-role/SecurityHubMember/tests"


def test_a_test_can_ask_which_sessions_were_given_out(aws, emulator):
    role = f"arn:aws:iam::{MEMBER}:role/SecurityHubMember"
    keys = aws.sts.assume_role(RoleArn=role, RoleSessionName="asked", ExternalId="sesame")["Credentials"]
    assert {
        "account": MEMBER,
        "role_arn": role,
        "session_name": "asked",
        "external_id": "sesame",
        "access_key": keys["AccessKeyId"],
        "secret_key": keys["SecretAccessKey"],
        "session_token": keys["SessionToken"],
    } in emulator.sessions()


def test_what_is_not_a_role_cannot_be_assumed(aws):
    assert error(aws.sts.assume_role, RoleArn="arn:aws:iam::123:role/nonsense", RoleSessionName="tests")[:2] == ("ValidationError", 400)


@pytest.mark.parametrize("region, partition, is_refused", [("eu-west-1", "aws-cn", True), ("cn-north-1", "aws", True), ("cn-north-1", "aws-cn", False)])
def test_a_role_of_another_partition_cannot_be_assumed(aws, region, partition, is_refused):
    sts = aws.session.client("sts", region, endpoint_url=aws.url, config=ONCE)
    options = {"RoleArn": f"arn:{partition}:iam::{MEMBER}:role/Any", "RoleSessionName": "tests"}
    if is_refused:
        assert error(sts.assume_role, **options) == ("ValidationError", 400, "Request ARN is invalid")
    else:
        assert sts.assume_role(**options)["Credentials"]


def test_a_role_is_assumed_by_a_token_without_a_signature(aws, emulator):
    """The call log doesn't have the token."""
    unsigned = Config(signature_version=UNSIGNED)
    sts = boto3.client("sts", region_name="eu-west-1", endpoint_url=aws.url, config=unsigned)
    options = {"RoleArn": f"arn:aws:iam::{MEMBER}:role/Any", "RoleSessionName": "tests", "WebIdentityToken": "a-secret-token"}
    keys = sts.assume_role_with_web_identity(**options)["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "eu-west-1")
    assert session.client("sts", endpoint_url=aws.url).get_caller_identity()["Account"] == MEMBER
    assert "a-secret-token" not in str(emulator.calls())


def test_accounts_do_not_see_each_other(aws, member):
    assert error(aws(ADMINISTRATOR).describe_hub)[0] == "InvalidAccessException"


def test_an_unknown_key_is_refused(server, emulator):
    code, http_status, message = error(client(server, "securityhub").describe_hub)
    assert (code, http_status) == ("UnrecognizedClientException", 403)
    assert message == "The security token included in the request is invalid"
    assert error(client(server, "sts").get_caller_identity)[:2] == ("InvalidClientTokenId", 403)


@pytest.mark.parametrize("region", ["me-south-1", "eu-nowhere-1"])
def test_a_region_that_is_not_enabled_does_not_know_the_token(aws, region):
    code, http_status, message = error(aws(MEMBER, region).describe_hub)
    assert (code, http_status) == ("UnrecognizedClientException", 403)
    assert message == "The security token included in the request is invalid"


def test_sts_works_in_a_region_that_is_not_enabled(aws):
    sts = aws.as_account(MEMBER).client("sts", "me-south-1", endpoint_url=aws.url)
    assert sts.get_caller_identity()["Account"] == MEMBER


def test_one_account_can_have_opted_out_of_a_region(aws, emulator):
    emulator.seed(opted_out={MEMBER: ["us-east-1"]}, hubs=[MEMBER, ADMINISTRATOR])
    assert error(aws(MEMBER, "us-east-1").describe_hub)[0] == "UnrecognizedClientException"
    assert aws(MEMBER).describe_hub()
    assert aws(ADMINISTRATOR, "us-east-1").describe_hub()


def test_too_many_calls_at_once_are_throttled(emulator, aws):
    emulator.seed(hubs=[MEMBER], settings={"rate": 0.001, "burst": 2})
    aws(MEMBER).describe_hub()
    aws(MEMBER).describe_hub()
    assert error(aws(MEMBER).describe_hub)[:2] == ("LimitExceededException", 429)
    assert aws(MEMBER, "us-east-1").describe_hub()


def test_what_the_emulator_lacks_is_a_clear_error(member):
    code, http_status, message = error(member.get_insights)
    assert (code, http_status, message) == ("NotImplemented", 501, "The emulator has no GetInsights")


def test_connections_are_reused(server, aws, member):
    create(member, ADMINISTRATOR)
    before = server.connections
    for _number in range(5):
        member.list_members()
    assert server.connections == before
