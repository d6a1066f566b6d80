# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which accounts an administrator has invited, by what CloudTrail has recorded."""

from __future__ import annotations

import json
import re
from typing import Any

DOCUMENTATION = r"""
---
short_description: Take from a message who has invited which accounts to AWS Security Hub CSPM, and nothing else
description:
  - An ansible-rulebook event filter plugin. An event of amazon.aws.aws_sqs_queue whose body is a call of C(InviteMembers), recorded by
    CloudTrail and sent by EventBridge, becomes an event with C(type=invited), C(administrator_id), C(region) and C(members), a list of
    dictionaries with C(account_id).
  - Where EventBridge sends to a topic of SNS, and that to the queue without raw message delivery, the body is SNS's envelope. It is taken
    off, once, and what is in it is looked at in the same way.
  - All else becomes an event with C(type=passed_over) and C(why). So do calls that failed and those of this collection itself, such as
    those of the playbook onboard, which accepts what it has sent. Accounts that AWS did not process are left out.
  - An event has nothing else of the message, and IDs and regions only in the form that AWS gives them, so that no text of a message can
    become a template or a command.
options: {}
"""

EXAMPLES = r"""
- amazon.aws.aws_sqs_queue:
    region: eu-central-1
    name: securityhub-invitations
  filters:
    - cloudsec.securityhub.invited_accounts: {}
"""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
# More characters than a message of SNS or of SQS can have
_LONGEST = 1024 * 1024
# In the user agent of this collection's calls, and in the name of its role sessions unless a task gives another
_COLLECTION = "cloudsec.securityhub"


def main(event: dict[str, Any]) -> dict[str, Any]:
    """The event that takes the place of the given one. Raises nothing, which would end the rulebook."""
    body = event.get("body")
    if _is_envelope(body):
        body = _content(body["Message"])
        if not isinstance(body, dict) or _is_envelope(body):
            return _passed_over("SNS has sent it, and its envelope has no event of EventBridge. Enable raw message delivery for the queue's subscription.")
    call = _of(body, "detail")
    if (_of(body, "source"), _of(call, "eventSource"), _of(call, "eventName")) != ("aws.securityhub", "securityhub.amazonaws.com", "InviteMembers"):
        return _passed_over("It is no call of InviteMembers.")
    if _of(call, "errorCode") is not None:
        return _passed_over("The call has failed.")
    administrator_id, region = _of(call, "recipientAccountId"), _of(call, "awsRegion")
    if not (_fits(_ACCOUNT_ID, administrator_id) and administrator_id == _of(body, "account") and _fits(_REGION, region)):
        return _passed_over("It names no administrator, or no region.")
    session_name = str(_of(_of(call, "userIdentity"), "arn")).rpartition("/")[2]
    if _COLLECTION in session_name or _COLLECTION in str(_of(call, "userAgent")):
        return _passed_over("This collection has made the call.")
    unprocessed = [_of(account, "AccountId") for account in _list(_of(_of(call, "responseElements"), "UnprocessedAccounts"))]
    named = _list(_of(_of(call, "requestParameters"), "AccountIds"))
    invited = dict.fromkeys(account_id for account_id in named if _fits(_ACCOUNT_ID, account_id) and account_id not in unprocessed)
    if not invited:
        return _passed_over("It has invited no account.")
    return {"type": "invited", "administrator_id": administrator_id, "region": region, "members": [{"account_id": account_id} for account_id in invited]}


def _is_envelope(body: Any) -> bool:
    """Return whether a body is SNS's envelope, which it has without raw message delivery."""
    return isinstance(body, dict) and body.get("Type") == "Notification" and "TopicArn" in body and "Message" in body


def _content(text: Any) -> Any:
    """Return what the text in an envelope is in JSON; None where it is not, or is too long or too deep."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _passed_over(why: str) -> dict[str, Any]:
    return {"type": "passed_over", "why": why}


def _of(found: Any, name: str) -> Any:
    """A field of what may be anything, by its name in the API or, as CloudTrail spells many, with a small first letter."""
    if not isinstance(found, dict):
        return None
    return found[name] if name in found else found.get(name[0].lower() + name[1:])


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _fits(pattern: re.Pattern[str], found: Any) -> bool:
    return isinstance(found, str) and bool(pattern.fullmatch(found))
