# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event filter invited_accounts: what it takes from a message, and that nothing else gets through."""

from __future__ import annotations

import json
import pathlib
import runpy

import pytest

FILTER = pathlib.Path(__file__).parents[3] / "extensions/eda/plugins/event_filter/invited_accounts.py"
ADMINISTRATOR, ONE, TWO = "111111111111", "200000000001", "200000000002"
HOSTILE = "{{ lookup('pipe', 'id') }}"


@pytest.fixture(scope="module")
def passed():
    """The filter, as ansible-rulebook loads it."""
    return runpy.run_path(str(FILTER))["main"]


def event(body=None, **detail):
    """An event of the queue's source."""
    call = {
        "eventSource": "securityhub.amazonaws.com",
        "eventName": "InviteMembers",
        "awsRegion": "eu-west-1",
        "recipientAccountId": ADMINISTRATOR,
        "userIdentity": {"arn": f"arn:aws:sts::{ADMINISTRATOR}:assumed-role/Security/alice"},
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": {"AccountIds": [ONE, TWO]},
        "responseElements": {"UnprocessedAccounts": []},
        **detail,
    }
    return {"body": {"source": "aws.securityhub", "account": ADMINISTRATOR, "detail": call, **(body or {})}, "meta": {"MessageId": "1"}}


def invited(*accounts, region="eu-west-1"):
    """What becomes of it."""
    return {"type": "invited", "administrator_id": ADMINISTRATOR, "region": region, "members": [{"account_id": account} for account in accounts]}


@pytest.mark.parametrize(
    "given, wanted",
    [
        ({}, invited(ONE, TWO)),
        ({"requestParameters": {"accountIds": [TWO, ONE, TWO]}}, invited(TWO, ONE)),
        ({"awsRegion": "us-gov-west-1"}, invited(ONE, TWO, region="us-gov-west-1")),
        ({"awsRegion": "eusc-de-east-1"}, invited(ONE, TWO, region="eusc-de-east-1")),
        ({"responseElements": None}, invited(ONE, TWO)),
        ({"responseElements": {"unprocessedAccounts": [{"accountId": ONE}]}}, invited(TWO)),
        ({"responseElements": {"UnprocessedAccounts": [{"AccountId": TWO}, None, 7]}}, invited(ONE)),
        ({"requestParameters": {"AccountIds": [ONE, 200000000002, HOSTILE, None, [], {}, ONE + "0", "٢٠٠٠٠٠٠٠٠٠٠١", ONE + "\n"]}}, invited(ONE)),
        ({"userIdentity": None, "userAgent": None}, invited(ONE, TWO)),
        ({"errorCode": None}, invited(ONE, TWO)),
    ],
)
def test_who_was_invited(passed, given, wanted):
    assert passed(event(**given)) == wanted


@pytest.mark.parametrize(
    "given, why",
    [
        ({"body": "text"}, "no call"),
        ({"body": None}, "no call"),
        ({"body": [HOSTILE]}, "no call"),
        ({"body": {"detail": {}}}, "no call"),
        ({}, "no call"),
        (event({"source": "mine"}), "no call"),
        (event({"source": [1]}), "no call"),
        (event(eventName="CreateMembers"), "no call"),
        (event(eventSource="guardduty.amazonaws.com"), "no call"),
        (event(errorCode="AccessDenied"), "failed"),
        (event(errorCode=""), "failed"),
        (event({"account": "999999999999"}), "no administrator"),
        (event(recipientAccountId=HOSTILE), "no administrator"),
        (event({"account": HOSTILE}, recipientAccountId=HOSTILE), "no administrator"),
        (event(awsRegion=HOSTILE), "no region"),
        (event(awsRegion="eu-west-1\n"), "no region"),
        (event(requestParameters=None), "no account"),
        (event(requestParameters={"AccountIds": ONE}), "no account"),
        (event(responseElements={"UnprocessedAccounts": [{"AccountId": ONE}, {"AccountId": TWO}]}), "no account"),
        (event(userAgent="APN/1.0 Ansible/2.21.5 cloudsec.securityhub"), "This collection"),
        (event(userIdentity={"arn": f"arn:aws:sts::{ADMINISTRATOR}:assumed-role/Security/ansible-cloudsec.securityhub"}), "This collection"),
    ],
)
def test_what_is_passed_over(passed, given, why):
    found = passed(given)
    assert (found["type"], set(found)) == ("passed_over", {"type", "why"})
    assert why in found["why"]


def test_nothing_else_of_a_message_gets_through(passed):
    whole = event(requestParameters={"AccountIds": [ONE], "other": HOSTILE}, errorMessage=HOSTILE)
    whole["body"].update({"id": HOSTILE, "time": HOSTILE, "resources": [HOSTILE]})
    whole["meta"]["MessageId"] = HOSTILE
    assert "{{" not in json.dumps(passed(whole))
