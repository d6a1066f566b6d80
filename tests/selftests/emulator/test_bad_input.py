# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about parameters that the service can't take: an answer of 400, never one of 500, and nothing is done."""

from __future__ import annotations

import pytest

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import create
from .conftest import error
from .conftest import status
from .test_signatures import send
from .test_signatures import signed

INVALID = ("InvalidInputException", 400)
LISTS_OF_ACCOUNTS = ["decline_invitations", "delete_invitations", "delete_members", "disassociate_members", "get_members", "invite_members"]
HUB = f"arn:aws:securityhub:eu-west-1:{MEMBER}:hub/default"


@pytest.mark.parametrize("name", LISTS_OF_ACCOUNTS)
@pytest.mark.parametrize(
    "value",
    [None, [], MEMBER, [None], [123456789012], [""], ["  "], [[MEMBER]], [MEMBER, MEMBER], [f"{number:012}" for number in range(51)]],
    ids=["none", "empty", "text", "null", "number", "blank", "spaces", "nested", "twice", "51"],
)
def test_a_list_of_accounts_is_one_of_text(administrator, name, value):
    assert error(getattr(administrator, name), **({} if value is None else {"AccountIds": value}))[:2] == INVALID


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [{}],
        [{"AccountId": 1}],
        [{"AccountId": MEMBER, "Email": ""}],
        [{"AccountId": MEMBER, "Email": 7}],
        [{"AccountId": MEMBER}] * 2,
    ],
    ids=["none", "empty", "no account", "number", "blank email", "email a number", "twice"],
)
def test_members_are_created_from_whole_details(administrator, value):
    assert error(administrator.create_members, **({} if value is None else {"AccountDetails": value}))[:2] == INVALID
    assert status(administrator) is None


@pytest.mark.parametrize(
    "tags",
    [{}, {"aws:mine": "x"}, {"": "x"}, {"a b": "x"}, {"a" * 129: "x"}, {"a": "x" * 257}, {"a": 1}, {str(number): "x" for number in range(51)}],
    ids=["none", "of AWS", "no name", "a space", "a long name", "a long value", "a number", "51"],
)
def test_tags_are_as_the_model_says(aws, member, tags):
    assert error(member.tag_resource, ResourceArn=HUB, Tags=tags)[:2] == INVALID
    assert member.list_tags_for_resource(ResourceArn=HUB)["Tags"] == {}
    if tags:
        assert error(aws(ADMINISTRATOR).enable_security_hub, Tags=tags)[:2] == INVALID
        assert error(aws(ADMINISTRATOR).describe_hub)[0] == "InvalidAccessException"


def test_a_hub_has_50_tags_at_most(member):
    member.tag_resource(ResourceArn=HUB, Tags={f"name-{number}": "x" for number in range(40)})
    assert error(member.tag_resource, ResourceArn=HUB, Tags={f"more-{number}": "x" for number in range(11)})[:2] == INVALID
    assert len(member.list_tags_for_resource(ResourceArn=HUB)["Tags"]) == 40


@pytest.mark.parametrize("names", [[], [""], ["a", "a"], [str(number) for number in range(51)]], ids=["empty", "blank", "twice", "51"])
def test_names_of_tags_are_as_the_model_says(member, names):
    assert error(member.untag_resource, ResourceArn=HUB, TagKeys=names)[:2] == INVALID


@pytest.mark.parametrize("params", [{"EnableDefaultStandards": "yes"}, {"ControlFindingGenerator": "NONE"}, {"ControlFindingGenerator": 1}], ids=str)
def test_a_hub_is_not_enabled_by_nonsense(aws, params):
    assert error(aws(MEMBER).enable_security_hub, **params)[:2] == INVALID
    assert error(aws(MEMBER).describe_hub)[0] == "InvalidAccessException"


@pytest.mark.parametrize("params", [{"AutoEnableControls": "yes"}, {"AutoEnableControls": 1}], ids=str)
def test_a_hub_is_not_set_to_nonsense(member, params):
    assert error(member.update_security_hub_configuration, **params)[:2] == INVALID


@pytest.mark.parametrize(
    "params", [{}, {"AdministratorId": ADMINISTRATOR}, {"InvitationId": "0" * 32}, {"AdministratorId": ADMINISTRATOR, "InvitationId": " "}], ids=str
)
def test_an_invitation_is_accepted_by_both_ids(invited, params):
    assert error(invited.accept_administrator_invitation, **params)[:2] == INVALID


PCI = {"StandardsArn": "arn:aws:securityhub:eu-west-1::standards/pci-dss/v/4.0.1"}


@pytest.mark.parametrize("requests", [None, [], [{}], [{**PCI, "StandardsInput": {"a": 1}}], [PCI] * 26], ids=str)
def test_1_to_25_standards_are_enabled_at_once(member, requests):
    assert error(member.batch_enable_standards, **({} if requests is None else {"StandardsSubscriptionRequests": requests}))[:2] == INVALID
    assert len(member.get_enabled_standards()["StandardsSubscriptions"]) == 2
    assert len(member.batch_enable_standards(StandardsSubscriptionRequests=[PCI] * 25)["StandardsSubscriptions"]) == 25


@pytest.mark.parametrize("number", [None, 0, 26])
def test_1_to_25_standards_are_disabled_at_once(member, number):
    arn = member.get_enabled_standards()["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]
    assert error(member.batch_disable_standards, **({} if number is None else {"StandardsSubscriptionArns": [arn] * number}))[:2] == INVALID
    assert len(member.get_enabled_standards()["StandardsSubscriptions"]) == 2
    assert len(member.batch_disable_standards(StandardsSubscriptionArns=[arn] * 25)["StandardsSubscriptions"]) == 25


@pytest.mark.parametrize("number", [0, 26])
def test_1_to_25_subscriptions_are_asked_for_at_once(member, number):
    arn = member.get_enabled_standards()["StandardsSubscriptions"][0]["StandardsSubscriptionArn"]
    assert error(member.get_enabled_standards, StandardsSubscriptionArns=[arn] * number)[:2] == INVALID


@pytest.mark.parametrize("token", ["nonsense", "e30=", "W10=", "MTIz", "bnVsbA==", "eyJ1bmlxdWVBdHRyaWJ1dGVzIjogIngifQ==", "//79"])
def test_a_token_that_the_service_has_not_made_is_refused(administrator, token):
    create(administrator, MEMBER)
    assert error(administrator.list_members, NextToken=token, OnlyAssociated=False)[:2] == INVALID
    assert error(administrator.list_invitations, NextToken=token)[:2] == INVALID


def test_a_token_is_that_of_one_question(administrator):
    create(administrator, *[f"5000000000{number}" for number in range(10, 30)])
    token = administrator.list_members(OnlyAssociated=False, MaxResults=5)["NextToken"]
    assert len(administrator.list_members(OnlyAssociated=False, MaxResults=5, NextToken=token)["Members"]) == 5
    assert error(administrator.list_members, OnlyAssociated=True, MaxResults=5, NextToken=token)[:2] == INVALID


@pytest.mark.parametrize("size", [0, 51, -1, "many", 1.5])
def test_the_size_of_a_page_is_a_number(administrator, size):
    for name in ("list_members", "list_invitations"):
        assert error(getattr(administrator, name), MaxResults=size)[:2] == INVALID


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b'{"AccountIds": ["\xe9"]}', b"{", b"[]", b'"text"', b"null", b"{}{}", b"[" * 200000, b'{"a":' * 200000],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_is_a_json_object_in_utf_8(server, emulator, body):
    emulator.seed(hubs=[server.emulator.keys.base_account])
    headers = signed(server.url, "POST", "/members/invite", body)
    assert send(server.url, headers, "POST", "/members/invite", body)[0] == "InvalidInputException"


@pytest.mark.parametrize(
    "path, body",
    [
        ("/members/invite", b'{"AccountIds": {"a": "b"}}'),
        ("/members", b'{"AccountDetails": "text"}'),
        ("/members", b'{"AccountDetails": ["222222222222"]}'),
        ("/accounts", b'{"Tags": []}'),
        ("/accounts", b'{"EnableDefaultStandards": "true"}'),
    ],
    ids=repr,
)
def test_no_type_stands_for_another(server, emulator, path, body):
    emulator.seed(hubs=[server.emulator.keys.base_account])
    assert send(server.url, signed(server.url, "POST", path, body), "POST", path, body)[0] == "InvalidInputException"


@pytest.mark.parametrize("path", ["/members?NextToken=%FF", "/members?OnlyAssociated=perhaps", "/accounts?HubArn=%20"])
def test_a_query_is_of_the_model_s_types_in_utf_8(server, emulator, path):
    emulator.seed(hubs=[server.emulator.keys.base_account])
    assert send(server.url, signed(server.url, path=path), path=path)[0] == "InvalidInputException"


@pytest.mark.parametrize(
    "params",
    [
        {"RoleArn": "x", "RoleSessionName": "tests"},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x"},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "no spaces"},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "a"},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "J\u00fcrgen"},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "tests", "ExternalId": "a b"},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "tests", "DurationSeconds": 1},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "tests", "DurationSeconds": 99999999999999},
        {"RoleArn": f"arn:aws:iam::{MEMBER}:role/x", "RoleSessionName": "tests", "DurationSeconds": "abc"},
    ],
    ids=["ARN", "no session", "session", "short session", "other letters", "external ID", "too short", "too long", "no number"],
)
def test_a_role_is_asked_for_in_sts_s_terms(aws, emulator, params):
    assert error(aws.sts.assume_role, **params)[:2] == ("ValidationError", 400)


@pytest.mark.parametrize("given", [{}, {"ExternalId": "guessed"}], ids=["none", "another"])
def test_a_trust_policy_can_ask_for_an_external_id(aws, emulator, given):
    emulator.seed(external_ids={MEMBER: "sesame"})
    role = {"RoleArn": f"arn:aws:iam::{MEMBER}:role/SecurityHubMember", "RoleSessionName": "tests"}
    code, http_status, message = error(aws.sts.assume_role, **role, **given)
    assert (code, http_status) == ("AccessDenied", 403)
    assert "is not authorized to perform: sts:AssumeRole" in message
    assert aws.sts.assume_role(**role, ExternalId="sesame")["Credentials"]
