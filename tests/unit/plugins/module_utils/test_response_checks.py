# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is taken for an answer of AWS's, and what is not."""

from __future__ import annotations

import copy
import json

import botocore.model
import botocore.session
import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _response_checks

NONE_OF_AWS = [b"null", b"[]", b'"x"', b"<html>Hello</html>", b"\xff\xfe", b'{"Memb', b'{"message": "Hello"}']
NEEDS = {
    "ListInvitations": b'{"Invitations": []}',
    "ListMembers": b'{"Members": []}',
    "GetMembers": b'{"Members": []}',
    "GetInvitationsCount": b'{"InvitationsCount": 0}',
    "DescribeHub": b'{"HubArn": "arn"}',
    "ListTagsForResource": b'{"Tags": {}}',
    "CreateMembers": b'{"UnprocessedAccounts": []}',
    "InviteMembers": b'{"UnprocessedAccounts": []}',
    "DeleteMembers": b'{"UnprocessedAccounts": []}',
    "DeclineInvitations": b'{"UnprocessedAccounts": []}',
    "DeleteInvitations": b'{"UnprocessedAccounts": []}',
    "DescribeStandards": b'{"Standards": []}',
    "GetEnabledStandards": b'{"StandardsSubscriptions": []}',
    "BatchEnableStandards": b'{"StandardsSubscriptions": []}',
    "BatchDisableStandards": b'{"StandardsSubscriptions": []}',
    "ListFindingAggregators": b'{"FindingAggregators": []}',
    "GetFindingAggregator": b'{"FindingAggregatorArn": "arn"}',
    "CreateFindingAggregator": b'{"FindingAggregatorArn": "arn"}',
    "UpdateFindingAggregator": b'{"FindingAggregatorArn": "arn"}',
}
MAY_BE_EMPTY = [
    "GetAdministratorAccount",
    "GetMasterAccount",
    "AcceptAdministratorInvitation",
    "AcceptInvitation",
    "DisassociateFromAdministratorAccount",
    "DisassociateFromMasterAccount",
    "DisassociateMembers",
    "EnableSecurityHub",
    "DisableSecurityHub",
    "UpdateSecurityHubConfiguration",
    "DeleteFindingAggregator",
    "TagResource",
    "UntagResource",
]


@pytest.fixture(name="parsers", scope="module")
def _parsers():
    return _response_checks.CheckedParsers(botocore.session.Session().get_component("response_parser_factory"))


@pytest.fixture(name="parse", scope="module")
def _parse(parsers):
    """A function that has an answer to an operation of Security Hub, or STS, parsed."""
    session = botocore.session.Session()

    def parse(operation, body, status=200, service="securityhub", **headers):
        shape = session.get_service_model(service).operation_model(operation).output_shape
        response = {"status_code": status, "headers": headers, "body": body, "context": {}}
        parsed = parsers.create_parser("query" if service == "sts" else "rest-json").parse(response, shape)
        return {name: value for name, value in parsed.items() if name != "ResponseMetadata"}

    return parse


def refused(parse, *args, **kwargs):
    """The message about something that is not AWS's."""
    with pytest.raises(_response_checks.NotFromAws) as raised:
        parse(*args, **kwargs)
    return str(raised.value)


@pytest.mark.parametrize("operation", [*NEEDS, *MAY_BE_EMPTY])
def test_what_is_none_of_awss_is_no_answer_to_anything(parse, operation):
    for body in NONE_OF_AWS:
        assert f"{len(body)} bytes" in refused(parse, operation, body)


@pytest.mark.parametrize("operation", NEEDS)
def test_an_answer_has_what_was_asked_for(parse, operation):
    assert parse(operation, NEEDS[operation])
    for body in (b"", b"{}"):
        assert "is missing" in refused(parse, operation, body)


REQUEST_ID = {"x-amzn-requestid": "1-2"}
LISTS = {operation: body for operation, body in NEEDS.items() if body.endswith((b"[]}", b"{}}"))}


@pytest.mark.parametrize("operation", LISTS)
@pytest.mark.parametrize("left_out", [b"{}", b" {} ", b'{"NextToken": null}'])
def test_a_list_that_aws_leaves_out_is_empty(parse, operation, left_out):
    """It has AWS's request ID, and is JSON that fits the model."""
    assert parse(operation, left_out, **REQUEST_ID) == parse(operation, LISTS[operation], **REQUEST_ID)


def test_of_a_page_without_a_list_the_rest_counts(parse):
    assert parse("ListMembers", b'{"NextToken": "a", "Members": null}', **REQUEST_ID) == {"NextToken": "a", "Members": []}
    left = {"AccountId": "1", "ProcessingResult": "No"}
    assert parse("GetMembers", json.dumps({"UnprocessedAccounts": [left]}).encode(), **REQUEST_ID) == {"Members": [], "UnprocessedAccounts": [left]}


@pytest.mark.parametrize("operation", sorted(NEEDS.keys() - LISTS.keys()))
def test_what_there_is_one_of_is_not_left_out(parse, operation):
    assert "is missing" in refused(parse, operation, b"{}", **REQUEST_ID)


@pytest.mark.parametrize("service", ["securityhub", "sts"])
@pytest.mark.parametrize("body", [b"", b"<html/>", b"[]", b"null", b'{"Memb', b'{"message": "Hello"}', b'{"Members": {}}', b'{"Members": [{}]}'])
def test_a_request_id_makes_no_answer_of_what_is_none(parse, body, service):
    operation = {"securityhub": "ListMembers", "sts": "AssumeRole"}[service]
    assert refused(parse, operation, body, service=service, **REQUEST_ID)


def test_an_empty_request_id_is_none(parse):
    assert "is missing" in refused(parse, "ListMembers", b"{}", **{"x-amzn-requestid": ""})


@pytest.mark.parametrize("operation", MAY_BE_EMPTY)
def test_nothing_is_an_answer_where_there_is_nothing_to_say(parse, operation):
    assert parse(operation, b"") == parse(operation, b"{}") == {}


@pytest.mark.parametrize(
    "operation, body",
    [
        ("ListInvitations", b'{"Invitations": {}}'),
        ("ListInvitations", b'{"Invitations": "none"}'),
        ("ListInvitations", b'{"Invitations": [null]}'),
        ("ListInvitations", b'{"Invitations": [{"AccountId": 5}]}'),
        ("ListInvitations", b'{"Invitations": [{}]}'),
        ("ListInvitations", b'{"Invitations": [], "NextToken": 5}'),
        ("ListInvitations", b'{"Invitations": [{"AccountId": "1", "InvitedAt": "some day"}]}'),
        ("GetMembers", b'{"Members": [], "UnprocessedAccounts": [{"ProcessingResult": "?"}]}'),
        ("GetAdministratorAccount", b'{"Administrator": {}}'),
        ("GetAdministratorAccount", b'{"Administrator": []}'),
        ("GetInvitationsCount", b'{"InvitationsCount": "1"}'),
        ("DescribeHub", b'{"HubArn": "arn", "AutoEnableControls": "yes"}'),
        ("ListTagsForResource", b'{"Tags": []}'),
        ("ListTagsForResource", b'{"Tags": {"a": 1}}'),
        ("DescribeStandards", b'{"Standards": [{"Name": "x"}]}'),
        ("DescribeStandards", b'{"Standards": [{"StandardsArn": "arn", "StandardsManagedBy": "x"}]}'),
        ("GetEnabledStandards", b'{"StandardsSubscriptions": [{"StandardsArn": "arn", "StandardsSubscriptionArn": "arn"}]}'),
        ("GetEnabledStandards", b'{"StandardsSubscriptions": [{"StandardsArn": "arn", "StandardsStatus": "READY"}]}'),
        ("BatchEnableStandards", b'{"StandardsSubscriptions": [{"StandardsSubscriptionArn": "arn", "StandardsStatus": "READY"}]}'),
        ("ListFindingAggregators", b'{"FindingAggregators": [{}]}'),
        ("GetFindingAggregator", b'{"FindingAggregatorArn": "arn", "Regions": "all"}'),
    ],
)
def test_values_of_other_types_are_not_awss(parse, operation, body):
    assert refused(parse, operation, body)


def test_what_is_new_in_an_answer_is_no_harm(parse):
    assert parse("ListInvitations", b'{"Invitations": [{"AccountId": "1", "New": 1}], "Newer": {}}') == {"Invitations": [{"AccountId": "1"}]}


PROVIDERS = b'{"Standards": [{"StandardsArn": "a", "Provider": "Azure"}, {"StandardsArn": "b"}, {"StandardsArn": "c", "Provider": 5}]}'


def test_a_botocore_that_knows_no_providers_tells_them(parsers):
    """They decide about what is purged. One that is no text is none."""
    definitions = copy.deepcopy(botocore.session.Session().get_service_data("securityhub"))
    definitions["shapes"]["Standard"]["members"].pop("Provider", None)
    shape = botocore.model.ServiceModel(definitions, "securityhub").operation_model("DescribeStandards").output_shape
    parsed = parsers.create_parser("rest-json").parse({"status_code": 200, "headers": {}, "body": PROVIDERS, "context": {}}, shape)
    assert parsed["Standards"] == [{"StandardsArn": "a", "Provider": "Azure"}, {"StandardsArn": "b"}, {"StandardsArn": "c"}]


def test_a_body_that_is_shorter_than_announced_is_not_an_empty_one(parse):
    assert "cut short" in refused(parse, "GetAdministratorAccount", b"", **{"content-length": "120"})


@pytest.mark.parametrize("body", [b"", b"<html><body/></html>", b"<html>", b"{}", b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"])
@pytest.mark.parametrize("operation", ["AssumeRole", "GetCallerIdentity"])
def test_sts_answers_with_what_was_asked_for(parse, operation, body):
    assert refused(parse, operation, body, service="sts")


@pytest.mark.parametrize("status", [302, 400, 403, 404, 429])
@pytest.mark.parametrize("body", [b"", b"<html>Log in</html>", b'{"message": "Log in"}', b"[]", b'{"Code": "AccessDeniedException", "Message": ["Log in"]}'])
def test_a_refusal_without_awss_code_is_not_awss(parse, status, body):
    assert f"HTTP status {status}" in refused(parse, "ListInvitations", body, status)


def test_a_refusal_of_aws(parse):
    assert parse("ListInvitations", b"", 400, **{"x-amzn-errortype": "BadRequestException"})["Error"]["Code"] == "BadRequestException"
    assert parse("ListInvitations", b'{"Code": "InvalidAccessException"}', 401)["Error"]["Code"] == "InvalidAccessException"
    assert parse("AssumeRole", b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", 403, "sts")["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize("body", [b"", b"<html>x</html>", b"<!DOCTYPE html>" + b"x " * 9000, b'{"message": "x"}', b"[]"])
def test_of_a_server_that_fails_the_status_is_told(parse, body):
    assert parse("ListInvitations", body, 503)["Error"] == {"Code": "503", "Message": "Service Unavailable"}


def test_only_the_beginning_of_what_came_is_told_in_one_line_and_in_whole_words(parse):
    """Half a secret that a page repeats would not be masked."""
    told = refused(parse, "ListInvitations", b"<html>\n<head>\n" + b"word " * 10 + b"x" * 200 + b"</head>" * 3000, **{"content-type": "text/html"})
    assert told.endswith("(HTTP status 200, text/html, 21264 bytes): <html> <head> word word word word word word word word word word [...]")
    assert "xx" not in told and "\n" not in told
