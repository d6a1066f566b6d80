# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook invited, from the message in the queue to the membership."""

from __future__ import annotations

import copy
import json
import time

import pytest
from emulator_fixtures import REGIONS

from .controller import TEMPLATE as TEMPLATE_NAME

ADMINISTRATOR, STRANGER = "111111111111", "999999999999"
ALLOWED, ALSO_ALLOWED, OTHER = "200000000001", "200000000002", "200000000009"
REGION = REGIONS[0]
VARIABLES = {
    "securityhub_allowed_accounts": [ALLOWED, ALSO_ALLOWED],
    "securityhub_allowed_administrators": [ADMINISTRATOR],
    "securityhub_administrator_role_arn": "arn:aws:iam::{{ securityhub_administrator_id }}:role/SecurityHubAdministrator",
    "securityhub_member_role": "SecurityHubMember",
    "securityhub_wait_timeout": 1,
}
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'touch PWNED') }}"


def message(*accounts, administrator=ADMINISTRATOR, **detail):
    """What EventBridge puts into the queue after an administrator has called InviteMembers."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.securityhub",
        "account": administrator,
        "time": "2026-11-28T01:02:03Z",
        "region": REGION,
        "resources": [],
        "detail": {
            "eventVersion": "1.09",
            "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{administrator}:assumed-role/Security/alice", "accountId": administrator},
            "eventTime": "2026-11-28T01:02:03Z",
            "eventSource": "securityhub.amazonaws.com",
            "eventName": "InviteMembers",
            "awsRegion": REGION,
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "aws-cli/2.31.0",
            "requestParameters": {"AccountIds": list(accounts)},
            "responseElements": {"UnprocessedAccounts": []},
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": administrator,
            **detail,
        },
    }


# Whatever else stands in a message is not looked at
LOOKED_AT = [
    *[("source",), ("account",)],
    *[("detail", name) for name in ("eventSource", "eventName", "awsRegion", "recipientAccountId")],
    ("detail", "requestParameters", "AccountIds", 0),
]


def with_templates():
    """The message of an allowed account with a template in the place of each text that is looked at, and then of all others."""
    whole = message(ALLOWED)

    def places(found, path=()):
        for key, value in found.items() if isinstance(found, dict) else enumerate(found):
            if isinstance(value, (dict, list)):
                yield from places(value, (*path, key))
            elif isinstance(value, str):
                yield (*path, key)

    everywhere = list(places(whole))
    assert set(LOOKED_AT) < set(everywhere)
    for chosen in [*([path] for path in LOOKED_AT), [path for path in everywhere if path not in LOOKED_AT]]:
        changed = copy.deepcopy(whole)
        for *path, key in chosen:
            place = changed
            for step in path:
                place = place[step]
            place[key] = TEMPLATE
        yield changed


def invite(aws, *accounts, administrator=ADMINISTRATOR):
    """Accounts with a hub and an invitation, in the emulator."""
    aws.seed(administrators=[administrator], members=[{"account_id": account, "administrator": administrator, "status": "Invited"} for account in accounts])


def administrator_of(aws, account):
    """The account ID of the administrator that an account has."""
    found = aws.state(account, REGION).get("administrator")
    return found and found["AccountId"]


def acceptances(aws):
    """Who has accepted, in order."""
    return [call["account"] for call in aws.calls(operation="AcceptAdministratorInvitation")]


def test_only_what_is_allowed_is_onboarded(aws, queue, run, tmp_path):
    invite(aws, ALLOWED, ALSO_ALLOWED, OTHER)
    invite(aws, ALLOWED, administrator=STRANGER)
    for body in (
        "broken {",
        TEMPLATE,
        "null",
        "[]",
        {"detail": TEMPLATE},
        message(OTHER),
        message(ALLOWED, administrator=STRANGER),
        {**message(ALLOWED), "account": STRANGER},
        {**message(ALLOWED), "source": "somebody"},
        message(ALLOWED, errorCode="AccessDenied"),
        message(ALLOWED, responseElements={"UnprocessedAccounts": [{"AccountId": ALLOWED, "ProcessingResult": "No."}]}),
        message(ALLOWED, userAgent="APN/1.0 Ansible/2.21.5 cloudsec.securityhub"),
        message(ALLOWED, userIdentity={"arn": f"arn:aws:sts::{ADMINISTRATOR}:assumed-role/Security/ansible-cloudsec.securityhub"}),
        message(ALLOWED, eventName="CreateMembers"),
    ):
        queue.send(body)
    rulebook = run("invited", VARIABLES | queue.variables, queue=queue)
    rulebook.wait_until(lambda: queue.count() == 0 and "Not on the lists: 999999999999" in rulebook.output)
    # What is told by then has not made anybody accept, nor any call at all
    assert f"Not on the lists: {ADMINISTRATOR} invites {OTHER} in {REGION}." in rulebook.output
    assert aws.calls() == []
    queue.send(message(ALLOWED, OTHER, TEMPLATE))
    rulebook.wait_until(lambda: rulebook.runs_of("onboard") == 1)
    assert f"Invited by {ADMINISTRATOR} in {REGION}: {ALLOWED}. Not on the lists: {OTHER}." in rulebook.output
    assert acceptances(aws) == [ALLOWED]
    assert (administrator_of(aws, ALLOWED), administrator_of(aws, OTHER)) == (ADMINISTRATOR, None)
    # The same again has nothing to do; CloudTrail spells fields in two ways
    queue.send(message(ALLOWED, OTHER, requestParameters={"accountIds": [ALLOWED]}, responseElements=None))
    rulebook.wait_until(lambda: rulebook.runs_of("onboard") == 2)
    assert acceptances(aws) == [ALLOWED]
    assert queue.count() == 0
    assert not list(tmp_path.glob("**/PWNED"))


def test_a_template_in_any_field_runs_nothing_and_stops_nothing(aws, queue, run, tmp_path):
    invite(aws, ALLOWED, ALSO_ALLOWED)
    rulebook = run("invited", VARIABLES | queue.variables, queue=queue)
    for body in with_templates():
        queue.send(body)
    queue.send(message(ALSO_ALLOWED))
    rulebook.wait_until(lambda: ALSO_ALLOWED in acceptances(aws) and queue.count() == 0)
    # The last one, with templates where nobody looks, is as good as any
    assert acceptances(aws) == [ALLOWED, ALSO_ALLOWED]
    assert not list(tmp_path.glob("**/PWNED")) and "PWNED" not in rulebook.output


def test_the_envelope_of_sns_is_taken_off(aws, queue, run):
    """A topic stands before the queue, without raw message delivery."""
    invite(aws, ALLOWED, OTHER)
    envelope = {"Type": "Notification", "MessageId": "1", "TopicArn": f"arn:aws:sns:{REGION}:{ADMINISTRATOR}:invitations"}
    rulebook = run("invited", VARIABLES | queue.variables, queue=queue)
    queue.send({**envelope, "Message": TEMPLATE})
    queue.send({**envelope, "Message": json.dumps({**envelope, "Message": json.dumps(message(ALLOWED))})})
    queue.send({**envelope, "Message": json.dumps(message(OTHER))})
    rulebook.wait_until(lambda: f"Not on the lists: {ADMINISTRATOR} invites {OTHER} in {REGION}." in rulebook.output)
    assert acceptances(aws) == []
    queue.send({**envelope, "Message": json.dumps(message(ALLOWED, OTHER))})
    rulebook.wait_until(lambda: acceptances(aws) == [ALLOWED])


def test_a_message_waits_while_sqs_is_away(aws, queue, run):
    invite(aws, ALLOWED)
    rulebook = run("invited", VARIABLES | queue.variables, queue=queue)
    queue.send(message(OTHER))
    rulebook.wait_until(lambda: "Not on the lists" in rulebook.output)
    queue.stop()
    try:
        # As SQS's source does; systemd starts it again
        assert rulebook.ends() != 0
    finally:
        queue.start()
    queue.send(message(ALLOWED))
    again = run("invited", VARIABLES | queue.variables, queue=queue)
    again.wait_until(lambda: acceptances(aws) == [ALLOWED])


def test_an_onboarding_that_fails_is_not_tried_again(aws, queue, run):
    invite(aws, ALLOWED, ALSO_ALLOWED)
    aws.add_fault(operation="AssumeRole", params={"RoleArn": f"arn:aws:iam::{ALLOWED}:*"}, deny=True, times=None)
    rulebook = run("invited", VARIABLES | queue.variables, queue=queue)
    queue.send(message(ALLOWED))
    rulebook.wait_until(lambda: "assume_role_failed" in rulebook.output)
    queue.send(message(ALSO_ALLOWED))
    rulebook.wait_until(lambda: "1 of 1 memberships are in force." in rulebook.output)
    assert queue.count() == 0
    calls = aws.calls()
    time.sleep(3)
    assert aws.calls() == calls
    assert (administrator_of(aws, ALLOWED), administrator_of(aws, ALSO_ALLOWED)) == (None, ADMINISTRATOR)


LISTS = ["securityhub_allowed_accounts", "securityhub_allowed_administrators"]


@pytest.mark.parametrize(
    "rulebook, variable",
    [
        *[("invited", name) for name in (*LISTS, "securityhub_member_role", "securityhub_queue_name", "securityhub_queue_region")],
        *[("invited_controller", name) for name in (*LISTS, "securityhub_job_template")],
    ],
)
def test_without_what_is_required_it_ends_before_a_message_is_taken(queue, run, controller, rulebook, variable):
    queue.send(message(ALLOWED))
    given = {**VARIABLES, **queue.variables, "securityhub_job_template": TEMPLATE_NAME}
    del given[variable]
    ended = run(rulebook, given, *controller.arguments(rulebook), queue=queue)
    assert ended.ends() != 0
    assert variable in ended.output
    assert queue.count() == 1


@pytest.mark.parametrize(
    "rulebook, variable, value",
    [
        ("invited", LISTS[0], [int(ALLOWED)]),
        ("invited", LISTS[1], None),
        ("invited_controller", LISTS[0], []),
        ("invited_controller", LISTS[1], [ADMINISTRATOR, [ADMINISTRATOR]]),
        ("invited", LISTS[0], [ALLOWED, f"\ufeff{ALLOWED[1:]}"]),
    ],
)
def test_a_list_of_another_form_ends_it_before_a_message_is_taken(queue, run, controller, rulebook, variable, value):
    queue.send(message(ALLOWED))
    given = {**VARIABLES, **queue.variables, "securityhub_job_template": TEMPLATE_NAME, variable: value}
    ended = run(rulebook, given, *controller.arguments(rulebook), queue=queue)
    assert ended.ends() != 0
    assert f"{variable} is no list of account IDs in quotes. Invalid: " in ended.output
    # What can't be seen is shown
    assert "\ufeff" not in ended.output and ("\\ufeff" in ended.output or "\\ufeff" not in json.dumps(value))
    assert queue.count() == 1


def test_on_eda_controller_a_job_template_is_launched(aws, queue, run, controller):
    rulebook = run(
        "invited_controller",
        {**VARIABLES, **queue.variables, "securityhub_job_template": TEMPLATE_NAME},
        *controller.arguments("invited_controller"),
        queue=queue,
    )
    queue.send(message(OTHER))
    queue.send(message(ALLOWED, OTHER))
    rulebook.wait_until(lambda: controller.launches)
    queue.send(message(ALSO_ALLOWED, administrator=STRANGER))
    rulebook.wait_until(lambda: "Not on the lists: 999999999999" in rulebook.output)
    assert [controller.variables(launch) for launch in controller.launches] == [
        {"securityhub_administrator_id": ADMINISTRATOR, "securityhub_members": [{"account_id": ALLOWED}], "securityhub_regions": [REGION]}
    ]
    assert aws.calls() == []
