# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about the check that all other tests here rely on: what no client of AWS would expect is told."""

from __future__ import annotations

import json

import pytest
from emulator.service import Answer
from emulator.service import error_answer

from .conftest import MEMBER
from .conftest import error
from .conftest import told

MEMBERS = {"Members": [{"AccountId": MEMBER, "MemberStatus": "Invited", "InvitedAt": "2026-01-31T12:00:00.000Z"}], "UnprocessedAccounts": []}


@pytest.mark.parametrize(
    "content, problem",
    [
        (MEMBERS, None),
        ({**MEMBERS, "Members": {}}, "Members: a list is expected"),
        ({"Members": [{"AccountId": 1}]}, "Members[0].AccountId: a string is expected"),
        ({"Members": [{"MemberStatus": " "}]}, "Members[0].MemberStatus: ' ' does not match"),
        ({"Members": [{"InvitedAt": "yesterday"}]}, "Members[0].InvitedAt: a time"),
        ({**MEMBERS, "Nonsense": 1}, "Nonsense is in no model"),
        ({"Members": [{"Nonsense": 1}]}, "Members[0].Nonsense is in no model"),
    ],
)
def test_an_answer_is_as_the_model_says(member, conformance, instead, content, problem):
    instead(Answer(200, json.dumps(content).encode(), {"Content-Type": "application/json"}))
    try:
        member.get_members(AccountIds=[MEMBER])
    except (AttributeError, TypeError, ValueError):
        pass  # botocore expects it no more than the check
    found = told(conformance)
    assert (problem is None) == (not found)
    assert problem is None or any(problem in one for one in found), found


def test_a_call_that_answers_nothing_answers_nothing(member, conformance, instead):
    instead(Answer(200, b'{"Done": true}', {"Content-Type": "application/json"}))
    member.disassociate_members(AccountIds=[MEMBER])
    # The model has an answer without members
    assert told(conformance)


@pytest.mark.parametrize(
    "code, http_status", [("Nonsense", 400), ("InvalidAccessException", 500), ("InternalFailure", 500), ("ResourceConflictException", 409)]
)
def test_an_error_is_one_that_the_model_has_for_the_call(member, conformance, instead, code, http_status):
    instead(error_answer("securityhub", code, "?", http_status))
    error(member.list_members)
    assert told(conformance) == [f"ListMembers: error {code} with status {http_status}"]


def test_an_answer_of_sts_is_as_the_model_says(aws, conformance, instead):
    credentials = "<Credentials><AccessKeyId>ASIA</AccessKeyId></Credentials>"
    instead(Answer(200, f"<AssumeRoleResponse><AssumeRoleResult>{credentials}</AssumeRoleResult></AssumeRoleResponse>".encode()))
    aws.sts.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/x", RoleSessionName="tests")
    assert any("SecretAccessKey: is required" in problem for problem in told(conformance))
