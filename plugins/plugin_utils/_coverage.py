# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is covered: a row with a verdict for each account in each region, and the files that show them. Private to this collection."""

from __future__ import annotations

import collections
import csv
import datetime
import io
import json
import pathlib
import re
from collections.abc import Iterable
from typing import Any
from typing import NamedTuple

from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import SecurityHubError
from ansible_collections.cloudsec.securityhub.plugins.module_utils._invitation import unanswered
from ansible_collections.cloudsec.securityhub.plugins.module_utils._masking import printable
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import ENABLED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import GONE
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import SUSPENDED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._result import Result
from ansible_collections.cloudsec.securityhub.plugins.module_utils._standards import ADVICE_ON
from ansible_collections.cloudsec.securityhub.plugins.module_utils._subscriptions import FAILED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._subscriptions import INCOMPLETE
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import ADMINISTRATOR_WORDS
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import MEMBER_WORDS

COVERED = "covered"
# In order of severity: a row has the first that fits
VERDICTS = (
    "unknown",
    "foreign_administrator",
    "suspended",
    "disagreement",
    "ended",
    "pending",
    "missing",
    "foreign_invitation",
    "incomplete",
    COVERED,
)
FIELDS = (
    "account_id",
    "email",
    "region",
    "member_status",
    "hub",
    "administrator_id",
    "pending_invitations",
    "standards_incomplete",
    "verdict",
    "reason",
    "message",
)

_TEMPLATE = pathlib.Path(__file__).with_name("_coverage_page.html")
_PLACE = '<script type="application/json" id="report">{}</script>'
# What could end the script, or the line, that the report stands in
_ESCAPED = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})

# Where a spreadsheet may take what follows for a formula: at the beginning, and after what other spreadsheets take for the end of a cell
_FORMULA = re.compile("(^|[;\t])(?=[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20])")

_STATUSES_ENDED = (*GONE, "Deleted")
_STATUSES_PENDING = ("Created", "Invited")

_ONBOARD_AGAIN = "End the membership with offboard, then onboard the account again."


class _Verdict(NamedTuple):
    """What a row comes to. A message says what that means there and what to do; a covered one needs none."""

    verdict: str
    message: str | None = None
    reason: str | None = None


class _Run(NamedTuple):
    """Whose coverage it is: the administrator that was asked, and those that an account may have."""

    administrator_id: str
    allowed: frozenset[str]


class _OwnView(NamedTuple):
    """What an account says of itself in a region; error: why it does not say all of it."""

    hub: str = "unknown"
    administrator_id: str | None = None
    pending_invitations: tuple[str, ...] = ()
    standards: tuple[dict[str, Any], ...] = ()
    error: SecurityHubError | None = None
    is_asked: bool = True
    has_standards: bool = True

    def describe_unapproved(self, run: _Run) -> list[str]:
        """Return sentences about administrators that are not allowed, for verdicts about something else: the account's own, and those that have invited it."""
        told = []
        if self.administrator_id and self.administrator_id not in run.allowed:
            told.append(f"The account's administrator is {self.administrator_id}, which is not allowed.")
        inviters = self.unapproved_administrators(run)
        if inviters:
            told.append(f"There is an invitation from {', '.join(inviters)}, which is not allowed.")
        return told

    def unapproved_administrators(self, run: _Run) -> list[str]:
        """Return the administrators that have invited the account and are not allowed."""
        return [sender for sender in self.pending_invitations if sender not in run.allowed]


_NOT_ASKED = _OwnView(is_asked=False)


def account_ids(seen: dict[str, Any], listed: Iterable[dict[str, Any]] | None) -> list[str]:
    """Return the accounts that have rows: those listed, and those that the administrator has in any region.

    seen: the result of securityhub_member_info. listed: securityhub_members, if there are.
    """
    of_administrator = {member["account_id"] for outcome in seen.get("regions") or [] for member in outcome["members"]}
    return sorted(of_administrator | {str(member["account_id"]) for member in listed or []})


def make_report(
    seen: dict[str, Any],
    administrator_id: str,
    regions: list[str],
    listed: Iterable[dict[str, Any]] | None = None,
    allowed_administrators: Iterable[str] | None = None,
    hubs: dict[str, dict[str, Any]] | None = None,
    invitations: dict[str, dict[str, Any]] | None = None,
    made_at: str | None = None,
) -> dict[str, Any]:
    """Return the report: made_at, administrator_id, regions, totals by verdict, rows.

    seen: the result of securityhub_member_info. administrator_id, regions: of the administrator that was asked, and where.
    listed: the accounts to have rows besides those seen, each with its account_id and perhaps email.
    allowed_administrators: whom accounts may have as administrator; left out, only the one that was asked.
    hubs, invitations: the results of securityhub_hub_info and of securityhub_invitation_info by account ID; left out, the accounts were not asked.
    made_at: ISO 8601, UTC; left out, now.
    """
    administrator_id = str(administrator_id)
    allowed = [administrator_id] if allowed_administrators is None else [str(account_id) for account_id in allowed_administrators]
    run = _Run(administrator_id, frozenset(allowed))
    by_administrator = Result(seen)
    emails = {str(member["account_id"]): member.get("email") for member in listed or []}
    members: dict[tuple[str, str], dict[str, Any]] = {}
    for outcome in seen.get("regions") or []:
        for member in outcome["members"]:
            members[member["account_id"], outcome["region"]] = member
            emails[member["account_id"]] = emails.get(member["account_id"]) or member.get("email")
    rows = []
    for account_id in account_ids(seen, listed):
        asked = None if hubs is None or invitations is None else (Result(hubs.get(account_id, {})), Result(invitations.get(account_id, {})))
        for region in regions:
            status = members.get((account_id, region), {}).get("member_status") or ""
            own = _own_view(*asked, region) if asked else _NOT_ASKED
            verdict = _with_unapproved(_judge(status, own, by_administrator.error(region), run), own, run)
            rows.append(
                {
                    "account_id": account_id,
                    "email": emails.get(account_id) or None,
                    "region": region,
                    "member_status": status,
                    "hub": own.hub,
                    "administrator_id": own.administrator_id,
                    "pending_invitations": list(own.pending_invitations),
                    "standards_incomplete": [standard["name"] for standard in own.standards],
                    "verdict": verdict.verdict,
                    "reason": verdict.reason,
                    "message": verdict.message,
                }
            )
    counts = collections.Counter(row["verdict"] for row in rows)
    return printable(
        {
            "made_at": made_at or datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "administrator_id": administrator_id,
            "regions": list(regions),
            "totals": {verdict: counts[verdict] for verdict in VERDICTS},
            "rows": rows,
        }
    )


def _own_view(hubs: Result, invitations: Result, region: str) -> _OwnView:
    """Return the account's own view. Where its hub is off, it has neither an administrator nor invitations: then the other calls fail, which is no error."""
    hub, error = hubs.outcome(region).get("hub"), hubs.error(region)
    if not hub and not error:
        return _OwnView(hub="off")
    received = invitations.outcome(region)
    administrator_id = (received.get("administrator") or {}).get("account_id")
    pending = {invitation["account_id"] for invitation in unanswered(received)}
    enabled = (hub or {}).get("standards") or []
    standards = [standard for standard in enabled if standard["status"] in (INCOMPLETE, FAILED)]
    return _OwnView(
        "on" if hub else "unknown",
        administrator_id,
        tuple(sorted(pending)),
        tuple(standards),
        error or invitations.error(region),
        has_standards=bool(enabled),
    )


def _judge(status: str, own: _OwnView, administrators_error: SecurityHubError | None, run: _Run) -> _Verdict:
    """Return the first verdict that fits. status: the administrator's, empty for no member. administrators_error: why that is not known."""
    if administrators_error:
        return _Verdict("unknown", f"The administrator's view can't be read. {administrators_error.message(ADMINISTRATOR_WORDS)}", administrators_error.reason)
    is_enabled = status in ENABLED
    # Without the account's own view, the administrator that shows a membership in force is the account's
    administrator_id = own.administrator_id or (run.administrator_id if is_enabled and not own.is_asked else None)
    if administrator_id and administrator_id not in run.allowed:
        return _with_own_error(
            _Verdict("foreign_administrator", _foreign_administrator(administrator_id, status, run)),
            own,
        )
    if is_enabled and own.error:
        told = f"{status} for the administrator, but the account itself can't be asked. {own.error.message(MEMBER_WORDS)}"
        return _Verdict("unknown", told, own.error.reason)
    if own.error or not own.is_asked:
        return _with_own_error(_judge_status(status, own) or _judge_in_force(own, run), own)
    if own.administrator_id and own.administrator_id != run.administrator_id:
        # Another approved one: skip the checks against this administrator
        return _judge_in_force(own, run)
    if status != SUSPENDED and is_enabled != bool(own.administrator_id):
        return _Verdict("disagreement", _disagreement(status, own), "hub_not_enabled" if own.hub == "off" else None)
    return _judge_status(status, own) or _judge_in_force(own, run)


def _foreign_administrator(administrator_id: str, status: str, run: _Run) -> str:
    """Return the message about an administrator that is not allowed. status: as of _judge."""
    if administrator_id == run.administrator_id:
        return f"The account's administrator is {administrator_id}, which was asked, and which is not one of securityhub_allowed_administrators."
    told = f"The account's administrator is {administrator_id}, which is not allowed and sees the account's findings. Find out whose it is."
    before = f"{run.administrator_id} still shows {status}: end that with offboard. Then" if status in ENABLED else "To move the account,"
    return f"{told} {before} run onboard with securityhub_replace_administrator."


def _judge_status(status: str, own: _OwnView) -> _Verdict | None:
    """Return the verdict on a membership that is not in force for the administrator; None where it is."""
    if status in ENABLED:
        return None
    is_off = own.hub == "off"
    how = "Run onboard with securityhub_enable_hubs: Security Hub CSPM is off there." if is_off else "Run onboard for the account."
    reason = "hub_not_enabled" if is_off else None
    if status == SUSPENDED:
        return _Verdict("suspended", "AWS has suspended the account, and ends that. An account that is closed can be removed with offboard.")
    if status in _STATUSES_ENDED:
        told = "The account has left the administrator (Resigned)." if status == "Resigned" else f"The administrator has removed the account ({status})."
        return _Verdict("ended", f"{told} To have it back: {how[0].lower()}{how[1:]}", reason)
    if status in _STATUSES_PENDING:
        told = "The account has not accepted the invitation yet." if status == "Invited" else "The account has not been invited yet."
        return _Verdict("pending", f"{told} {how}", reason)
    if not status:
        return _Verdict("missing", f"The account is no member. {how}", reason)
    return _Verdict("unknown", f"The administrator shows the status {status}, whose meaning is not known here. Look at the member in AWS's console.")


def _judge_in_force(own: _OwnView, run: _Run) -> _Verdict:
    """Return the verdict on a membership in force."""
    inviters = own.unapproved_administrators(run)
    if inviters:
        return _Verdict(
            "foreign_invitation",
            f"In force, but there is an invitation from {', '.join(inviters)}, which is not allowed. If nobody knows the sender, decline it in the account: "
            "securityhub_invitation, state: declined.",
        )
    if own.standards:
        names = ", ".join(f"{standard['name']} ({': '.join(filter(None, (standard['status'], standard['status_reason'])))})" for standard in own.standards)
        reasons = [standard["status_reason"] for standard in own.standards if standard["status_reason"]]
        known = [reason for reason in ADVICE_ON if reason in reasons]
        advice = [ADVICE_ON[reason] for reason in known]
        if not all(standard["status_reason"] in ADVICE_ON for standard in own.standards):
            advice.append("Look at the standard in the account's console, then disable and enable it again with securityhub_hub.")
        return _Verdict("incomplete", f"In force, but not all findings can come: {names}. {' '.join(advice)}", next(iter([*known, *reasons]), None))
    return _Verdict(COVERED, None if own.has_standards else "No standard is enabled, so no findings of Security Hub CSPM's own can come.")


def _disagreement(status: str, own: _OwnView) -> str:
    """Return the message about two views that disagree."""
    if own.administrator_id:
        return (
            f"The account has the administrator {own.administrator_id}, which shows {status or 'no member'}. Look again in some minutes. If it stays so, "
            "let the account leave with securityhub_invitation, state: absent, and onboard it again."
        )
    if own.hub == "off":
        return f"{status} for the administrator, but Security Hub CSPM is off in the account. Enable it with securityhub_hub, then look again."
    return f"{status} for the administrator, but the account has none. {_ONBOARD_AGAIN}"


def _with_unapproved(verdict: _Verdict, own: _OwnView, run: _Run) -> _Verdict:
    """Return the same verdict, with unapproved administrators that it is not about."""
    if verdict.verdict in ("foreign_administrator", "foreign_invitation"):
        return verdict
    return verdict._replace(message=" ".join(filter(None, [verdict.message, *own.describe_unapproved(run)])) or None)


def _with_own_error(verdict: _Verdict, own: _OwnView) -> _Verdict:
    """Return the same verdict, with what has kept the account from being asked, if something has."""
    if not own.error:
        return verdict
    return _Verdict(verdict.verdict, f"{verdict.message} The account itself can't be asked. {own.error.message(MEMBER_WORDS)}", own.error.reason)


def summary(report: dict[str, Any]) -> str:
    """Return the totals in one line."""
    totals = report["totals"]
    accounts = len({row["account_id"] for row in report["rows"]})
    rest = [f"{count} {verdict}" for verdict, count in totals.items() if count and verdict != COVERED]
    size = f"{accounts} account{'' if accounts == 1 else 's'} x {len(report['regions'])} region{'' if len(report['regions']) == 1 else 's'}"
    return f"{size}: {totals[COVERED]} of {len(report['rows'])} covered{''.join(f', {told}' for told in rest)}."


def as_json(report: dict[str, Any]) -> str:
    """Return the report as JSON, one row a line."""
    head = json.dumps({**report, "rows": []}, ensure_ascii=False, indent=2)
    rows = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in report["rows"])
    return head.removesuffix("[]\n}") + (f"[\n{rows}\n  ]\n}}\n" if rows else "[]\n}\n")


def as_csv(report: dict[str, Any]) -> str:
    """Return the rows as CSV with a header. Lists are joined by a space, null is empty, and no cell is a spreadsheet's formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows([_cell(row[field]) for field in FIELDS] for row in report["rows"])
    return text.getvalue()


def _cell(value: Any) -> str:
    return _FORMULA.sub(r"\1'", " ".join(value) if isinstance(value, list) else value or "")


def as_page(report: dict[str, Any], asked_accounts: bool = False) -> str:
    """Return the page that shows the report, whole. asked_accounts: whether the accounts' own views are in it."""
    text = json.dumps({**report, "options": {"asked_accounts": asked_accounts}}, ensure_ascii=False, separators=(",", ":"))
    before, after = _TEMPLATE.read_text(encoding="utf-8").split(_PLACE)
    return before + _PLACE.replace("{}", text.translate(_ESCAPED)) + after
