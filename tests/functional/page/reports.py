# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made reports for the coverage page: small, hostile and large."""

from __future__ import annotations

import functools

ADMINISTRATOR = "111111111111"
STRANGER = "999999999999"
VERDICTS = [
    "unknown",
    "foreign_administrator",
    "suspended",
    "disagreement",
    "ended",
    "pending",
    "missing",
    "foreign_invitation",
    "incomplete",
    "covered",
]
REGIONS = [
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
]
# What a row of each verdict has beside the ordinary
FIELDS: dict[str, dict] = {
    "unknown": {"hub": "unknown", "administrator_id": None, "reason": "assume_role_failed", "message": "The role security-audit could not be assumed."},
    "foreign_administrator": {"administrator_id": STRANGER, "message": f"The administrator is {STRANGER}, which is not allowed."},
    "suspended": {"member_status": "AccountSuspended", "message": "AWS has suspended the account."},
    "disagreement": {"administrator_id": None, "message": "The administrator says Enabled; the account has no administrator."},
    "ended": {"member_status": "Resigned", "administrator_id": None, "message": "The account has left."},
    "pending": {"member_status": "Invited", "administrator_id": None, "message": "The account has not accepted."},
    "missing": {"member_status": "", "administrator_id": None, "message": "The account is no member."},
    "foreign_invitation": {"pending_invitations": [STRANGER], "message": f"{STRANGER} has sent an invitation, and is not allowed."},
    "incomplete": {
        "standards_incomplete": ["aws-foundational-security-best-practices/v/1.0.0"],
        "reason": "NO_AVAILABLE_CONFIGURATION_RECORDER",
        "message": "A standard is INCOMPLETE: AWS Config does not record.",
    },
    "covered": {},
}


def row(account_id, region, verdict="covered", **fields):
    """One row of a report, as its verdict goes."""
    ordinary = {
        "account_id": account_id,
        "email": f"aws+{account_id}@example.com",
        "region": region,
        "member_status": "Enabled",
        "hub": "on",
        "administrator_id": ADMINISTRATOR,
        "pending_invitations": [],
        "standards_incomplete": [],
        "verdict": verdict,
        "reason": None,
        "message": None,
    }
    return ordinary | FIELDS[verdict] | fields


def report(rows):
    """A whole report of these rows."""
    return {
        "made_at": "2026-11-28T01:02:03Z",
        "administrator_id": ADMINISTRATOR,
        "regions": list(dict.fromkeys(row["region"] for row in rows)),
        "totals": {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in VERDICTS},
        "rows": rows,
    }


def account(number):
    """The ID of the account of this number."""
    return f"{222200000000 + number}"


def small():
    """Twelve accounts in three regions: each verdict in an account of its own, the worst in the last but one, and "missing" twice more."""
    rows = [row(account(number), region) for number in range(12) for region in REGIONS[7:10]]
    for number, verdict in enumerate([*VERDICTS[:9], "missing", "missing"]):
        place = (10 - number) * 3 + number % 3
        rows[place] = row(rows[place]["account_id"], rows[place]["region"], verdict)
    return report(rows)


@functools.cache
def large(accounts=1000, regions=tuple(REGIONS)):
    """A thousand accounts in 17 regions, or as many as are asked for, nearly all covered."""
    rows = []
    for number in range(accounts):
        for place, region in enumerate(regions):
            at = number * len(regions) + place
            verdict = "covered"
            if number % 40 == 7:
                verdict = "missing"
            elif number % 97 == 5:
                verdict = "pending"
            elif at % 331 == 0:
                verdict = VERDICTS[at // 331 % 9]
            elif place == 12 and number % 5 == 0:
                verdict = "incomplete"
            rows.append(row(account(number), region, verdict))
    return report(rows)


@functools.cache
def one_in_thousand():
    """All covered but one cell, in the last row but three."""
    rows = [row(account(number), region) for number in range(1000) for region in REGIONS]
    rows[996 * len(REGIONS) + 11] |= row(account(996), REGIONS[11], "foreign_administrator")
    return report(rows)


HOSTILE = [
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "\"'><svg onload=window.hit=1>",
    "<!--<script>",
    "{{ 7 * 7 }}{% raw %}${7*7}`",
    "\u202egnihton si siht\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\u2028\u2029\u0000\ud7ff&lt;b&gt;",
    "long" * 5000,
]


def hostile():
    """Each hostile text as email, message, reason, standard, sender and status."""
    rows = []
    for number, text in enumerate(HOSTILE):
        fields = {"email": text, "message": text, "reason": text, "standards_incomplete": [text], "pending_invitations": [text], "member_status": text}
        rows.append(row(account(number), "eu-west-1", "incomplete", **fields))
        rows.append(row(account(number), "us-east-1"))
    return report(rows)
