# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other people's clients, boto3 and the AWS CLI, make each call that the emulator is about, at its strictest."""

from __future__ import annotations

import collections
import importlib.util
import json
import os
import subprocess
import sys

import boto3
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from emulator_process import credentials_of
from emulator_process import running_emulator

ADMINISTRATOR, MEMBER, REGION = "333333333333", "222222222222", "eu-west-1"
HUB = f"arn:aws:securityhub:{REGION}:{ADMINISTRATOR}:hub/default"
SESSION = ("AccessKeyId", "SecretAccessKey", "SessionToken")
VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

# Who calls what, with which parameters (a function of what was answered so far, by operation), and what is expected of the answer:
# a part of it, or the code of an error.
Step = collections.namedtuple("Step", "account operation parameters expected")


def steps(account, *calls):
    """Several steps of one account."""
    return [Step(account, operation, parameters, expected) for operation, parameters, expected in calls]


def accept(name):
    """The parameters of accepting what was listed last."""
    return lambda answers: {name: ADMINISTRATOR, "InvitationId": answers["ListInvitations"]["Invitations"][0]["InvitationId"]}


def found(operation, name):
    """The parameter that names what an operation has answered."""
    return lambda answers: {name: answers[operation][name]}


MEMBERSHIP = [
    *steps(
        ADMINISTRATOR,
        ("DescribeHub", {}, "InvalidAccessException"),
        ("EnableSecurityHub", {"EnableDefaultStandards": False, "Tags": {"team": "blue"}}, {}),
        ("EnableSecurityHub", {}, "ResourceConflictException"),
        ("UpdateSecurityHubConfiguration", {"AutoEnableControls": False, "ControlFindingGenerator": "STANDARD_CONTROL"}, {}),
        ("DescribeHub", {"HubArn": HUB}, {"HubArn": HUB, "AutoEnableControls": False, "ControlFindingGenerator": "STANDARD_CONTROL"}),
        ("TagResource", {"ResourceArn": HUB, "Tags": {"stage": "test"}}, {}),
        ("UntagResource", {"ResourceArn": HUB, "TagKeys": ["team"]}, {}),
        ("ListTagsForResource", {"ResourceArn": HUB}, {"Tags": {"stage": "test"}}),
        ("CreateMembers", {"AccountDetails": [{"AccountId": MEMBER, "Email": "member@example.com"}]}, {"UnprocessedAccounts": []}),
        ("GetMembers", {"AccountIds": [MEMBER]}, {"UnprocessedAccounts": []}),
        ("InviteMembers", {"AccountIds": [MEMBER]}, {"UnprocessedAccounts": []}),
    ),
    *steps(
        MEMBER,
        ("ListInvitations", {}, "InvalidAccessException"),
        ("EnableSecurityHub", {}, {}),
        ("GetInvitationsCount", {}, {"InvitationsCount": 1}),
        ("DeclineInvitations", {"AccountIds": [ADMINISTRATOR]}, {"UnprocessedAccounts": []}),
        ("ListInvitations", {}, {}),
        ("AcceptInvitation", accept("MasterId"), {}),
        ("GetMasterAccount", {}, {}),
        ("DisassociateFromMasterAccount", {}, {}),
        ("AcceptAdministratorInvitation", accept("AdministratorId"), {}),
        ("GetAdministratorAccount", {}, {}),
        ("AcceptAdministratorInvitation", accept("AdministratorId"), "ResourceNotFoundException"),
    ),
    *steps(ADMINISTRATOR, ("ListMembers", {"OnlyAssociated": True}, {}), ("DisableSecurityHub", {}, "InvalidInputException")),
    *steps(
        MEMBER,
        ("DisassociateFromAdministratorAccount", {}, {}),
        ("DeleteInvitations", {"AccountIds": [ADMINISTRATOR]}, {"UnprocessedAccounts": []}),
        ("DeleteInvitations", {"AccountIds": []}, "InvalidInputException"),
        ("DisableSecurityHub", {}, {}),
    ),
    *steps(
        ADMINISTRATOR,
        ("DisassociateMembers", {"AccountIds": [MEMBER]}, {}),
        ("DeleteMembers", {"AccountIds": [MEMBER]}, {"UnprocessedAccounts": []}),
        ("DisableSecurityHub", {}, {}),
    ),
]
PCI = f"arn:aws:securityhub:{REGION}::standards/pci-dss/v/4.0.1"
SUBSCRIPTION = f"arn:aws:securityhub:{REGION}:{MEMBER}:subscription/pci-dss/v/4.0.1"
ARN = "FindingAggregatorArn"
CONFIGURATION = steps(
    MEMBER,
    ("DescribeStandards", {}, "InvalidAccessException"),
    ("EnableSecurityHub", {"EnableDefaultStandards": False}, {}),
    ("DescribeStandards", {"Providers": ["AWS"]}, {}),
    ("BatchEnableStandards", {"StandardsSubscriptionRequests": [{"StandardsArn": PCI}]}, {}),
    ("GetEnabledStandards", {"StandardsSubscriptionArns": [SUBSCRIPTION], "Providers": ["AWS", "Azure"]}, {}),
    ("BatchDisableStandards", {"StandardsSubscriptionArns": [SUBSCRIPTION]}, {}),
    ("CreateFindingAggregator", {"RegionLinkingMode": "SPECIFIED_REGIONS", "Regions": ["us-east-1"]}, {"Regions": ["us-east-1"]}),
    ("GetFindingAggregator", found("CreateFindingAggregator", ARN), {"FindingAggregationRegion": REGION, "Regions": ["us-east-1"]}),
    ("ListFindingAggregators", {}, {}),
    ("UpdateFindingAggregator", lambda answers: {**found("GetFindingAggregator", ARN)(answers), "RegionLinkingMode": "NO_REGIONS"}, {"Regions": None}),
    ("DeleteFindingAggregator", found("UpdateFindingAggregator", ARN), {}),
    ("GetFindingAggregator", found("UpdateFindingAggregator", ARN), "ResourceNotFoundException"),
)
OPERATIONS = {step.operation for step in MEMBERSHIP + CONFIGURATION}


class Boto3:
    """boto3, one session for each account."""

    def __init__(self, emulator):
        base = {"aws_access_key_id": emulator["access_key"], "aws_secret_access_key": emulator["secret_key"]}
        sts = boto3.client("sts", REGION, endpoint_url=emulator["url"], **base)
        self._url = emulator["url"]
        self._sessions = {}
        for account in (ADMINISTRATOR, MEMBER):
            role = emulator["role_arn_pattern"].format(account_id=account)
            given = sts.assume_role(RoleArn=role, RoleSessionName="clients")["Credentials"]
            keys = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), (given[name] for name in SESSION), strict=True))
            self._sessions[account] = boto3.Session(**keys)

    def call(self, account, operation, parameters, service="securityhub", region=REGION):
        """The answer of a call, or the code of its error."""
        client = self._sessions[account].client(service, region, endpoint_url=self._url)
        try:
            return getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            return error.response["Error"]["Code"]


class AwsCli:
    """The AWS CLI, a process for each call."""

    def __init__(self, emulator):
        self._environment = {
            **os.environ,
            **credentials_of(emulator),
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
        }
        self._role = emulator["role_arn_pattern"]
        self._keys: dict = {}

    def call(self, account, operation, parameters, service="securityhub", region=REGION):
        """The answer of a call, or the code of its error."""
        if account not in self._keys:
            role = {"RoleArn": self._role.format(account_id=account), "RoleSessionName": "clients"}
            answer = self._run("sts", "assume-role", role, {})["Credentials"]
            self._keys[account] = dict(zip(VARIABLES, (answer[name] for name in SESSION), strict=True))
        return self._run(service, xform_name(operation, "-"), parameters, {**self._keys[account], "AWS_DEFAULT_REGION": region})

    def _run(self, service, command, parameters, environment):
        words = [sys.executable, "-m", "awscli", service, command, "--output", "json", "--cli-input-json", json.dumps(parameters)]
        ended = subprocess.run(
            words, env={**self._environment, **environment}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )
        if ended.returncode:
            assert "An error occurred (" in ended.stderr, ended.stderr
            return ended.stderr.partition("An error occurred (")[2].partition(")")[0]
        return json.loads(ended.stdout or "{}")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


CLI_IS_MISSING = pytest.mark.skipif(importlib.util.find_spec("awscli") is None, reason="the AWS CLI (awscli) is not installed")


CLIENTS = [Boto3, pytest.param(AwsCli, marks=CLI_IS_MISSING)]


def play(story, client):
    """Make the calls of a story, one after the other; the answers, by operation."""
    answers: dict = {}
    for step in story:
        parameters = step.parameters(answers) if callable(step.parameters) else step.parameters
        answer = client.call(step.account, step.operation, parameters)
        if isinstance(step.expected, str):
            assert answer == step.expected, step
        else:
            assert not isinstance(answer, str), (step, answer)
            assert {name: answer.get(name) for name in step.expected} == step.expected, step
            answers[step.operation] = answer
    return answers


@pytest.mark.parametrize("client_class", CLIENTS)
def test_each_call_of_a_membership_is_made_and_answered(client_class, tmp_path):
    with running_emulator(str(tmp_path), ["--regions", REGION]) as emulator:
        answers = play(MEMBERSHIP, client_class(emulator))
    assert answers["GetMembers"]["Members"][0]["MemberStatus"] == "Created"
    assert answers["ListInvitations"]["Invitations"][0]["MemberStatus"] == "Resigned"
    assert answers["GetMasterAccount"]["Master"]["AccountId"] == ADMINISTRATOR
    assert answers["GetAdministratorAccount"]["Administrator"]["AccountId"] == ADMINISTRATOR
    assert [member["MemberStatus"] for member in answers["ListMembers"]["Members"]] == ["Enabled"]


@pytest.mark.parametrize("client_class", CLIENTS)
def test_each_call_of_standards_and_aggregation_is_made_and_answered(client_class, tmp_path):
    with running_emulator(str(tmp_path), ["--regions", REGION]) as emulator:
        answers = play(CONFIGURATION, client_class(emulator))
    assert {standard["StandardsArn"]: standard["Provider"] for standard in answers["DescribeStandards"]["Standards"]}[PCI] == "AWS"
    statuses = {"BatchEnableStandards": "PENDING", "GetEnabledStandards": "READY", "BatchDisableStandards": "DELETING"}
    for operation, status in statuses.items():
        assert [found["StandardsStatus"] for found in answers[operation]["StandardsSubscriptions"]] == [status]
    assert answers["ListFindingAggregators"]["FindingAggregators"] == [{ARN: answers["CreateFindingAggregator"][ARN]}]


@pytest.mark.parametrize("client_class", CLIENTS)
def test_regions_are_listed_in_the_home_region(client_class, tmp_path):
    with running_emulator(str(tmp_path), ["--regions", f"{REGION},me-south-1"]) as emulator:
        client = client_class(emulator)
        wanted = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
        answer = client.call(MEMBER, "ListRegions", wanted, "account", "us-east-1")
        assert {entry["RegionName"]: entry["RegionOptStatus"] for entry in answer["Regions"]} == {REGION: "ENABLED_BY_DEFAULT", "me-south-1": "ENABLED"}
        assert client.call(MEMBER, "ListRegions", {"NextToken": "x"}, "account", "us-east-1") == "ValidationException"
        assert client.call(MEMBER, "ListRegions", {}, "account", REGION) == "SignatureDoesNotMatch"


def test_the_stories_have_each_call_of_what_the_emulator_is_about():
    model = botocore.session.get_session().get_service_model("securityhub")
    about = ("/accounts", "/administrator", "/findingAggregator/", "/invitations", "/master", "/members", "/standards", "/tags")
    controls = ("/standards/control",)  # of a standard, one by one
    routes = {name: model.operation_model(name).http["requestUri"] for name in model.operation_names}
    assert {name for name, route in routes.items() if route.startswith(about) and not route.startswith(controls)} == OPERATIONS
