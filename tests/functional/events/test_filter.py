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


def enveloped(body, **fields):
    """An event whose body SNS has put into its envelope, as it does without raw message delivery."""
    envelope = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": f"arn:aws:sns:eu-west-1:{ADMINISTRATOR}:invitations",
        "Message": body if isinstance(body, str) else json.dumps(body),
        "Timestamp": "2026-11-28T01:02:03.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE==",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService.pem",
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        **fields,
    }
    return {"body": envelope, "meta": {"MessageId": "1"}}


def test_the_envelope_of_sns_is_taken_off(passed):
    assert passed(enveloped(event()["body"])) == invited(ONE, TWO)
    with_attributes = {"MessageAttributes": {}, "Subject": HOSTILE, "detail": event(awsRegion="us-east-1")["body"]["detail"]}
    assert passed(enveloped(event()["body"], **with_attributes)) == invited(ONE, TWO)


@pytest.mark.parametrize(
    "given, why",
    [
        (event(errorCode="AccessDenied"), "failed"),
        (event({"account": "999999999999"}), "no administrator"),
        (event({"source": "mine"}), "no call"),
        (event(awsRegion=HOSTILE), "no region"),
        (event(requestParameters={"AccountIds": [HOSTILE]}), "no account"),
        (event(userAgent="cloudsec.securityhub"), "This collection"),
    ],
)
def test_what_is_in_the_envelope_is_looked_at_as_strictly(passed, given, why):
    found = passed(enveloped(given["body"]))
    assert (found["type"], set(found)) == ("passed_over", {"type", "why"})
    assert why in found["why"]


@pytest.mark.parametrize(
    "given",
    [
        enveloped("broken {"),
        enveloped(HOSTILE),
        enveloped(""),
        enveloped("null"),
        enveloped("[]"),
        enveloped(json.dumps(json.dumps(event()["body"]))),
        enveloped("[" * 100_000),
        enveloped("9" * 5_000),
        enveloped(event({"padding": " " * 1024 * 1024})["body"]),
        enveloped("", Message=event()["body"]),
        enveloped("", Message=None),
        enveloped(enveloped(event()["body"])["body"]),
    ],
    ids=lambda given: str(given["body"]["Message"])[:20],
)
def test_what_can_not_be_taken_out_of_the_envelope_is_passed_over(passed, given):
    """The reason says what to do, and nothing of the message."""
    found = passed(given)
    assert (found["type"], set(found)) == ("passed_over", {"type", "why"})
    assert "SNS" in found["why"] and "raw message delivery" in found["why"] and HOSTILE not in found["why"]


@pytest.mark.parametrize("fields", [{"Type": "SubscriptionConfirmation"}, {"Type": None}, {"Type": ["Notification"]}])
def test_what_is_no_notification_is_no_envelope(passed, fields):
    assert "no call" in passed(enveloped(event()["body"], **fields))["why"]


def test_nothing_else_of_a_message_gets_through(passed):
    whole = event(requestParameters={"AccountIds": [ONE], "other": HOSTILE}, errorMessage=HOSTILE)
    whole["body"].update({"id": HOSTILE, "time": HOSTILE, "resources": [HOSTILE]})
    whole["meta"]["MessageId"] = HOSTILE
    assert "{{" not in json.dumps(passed(whole))
    assert "{{" not in json.dumps(passed(enveloped(whole["body"], Subject=HOSTILE, TopicArn=HOSTILE)))
