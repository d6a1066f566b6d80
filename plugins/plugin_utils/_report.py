# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summaries of the playbooks: what came of onboarding and offboarding. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _aggregator
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _standards
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _subscriptions
from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import ORGANIZATION_MANAGED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import SecurityHubError
from ansible_collections.cloudsec.securityhub.plugins.module_utils._masking import printable
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import ENABLED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import GONE
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import NO_MEMBER
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import SUSPENDED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._result import with_whole_errors
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import ADMINISTRATOR_WORDS
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import MEMBER_WORDS
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import account_ids
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import count
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import joined

# More accounts than these are named at the end of their line, and more regions by their number where they are all of the run
_NAMED_ACCOUNTS = 5
_NAMED_REGIONS = 3

_HUB_OFF = "hub_not_enabled"
# The invitation has not come yet, or never will
_NOT_INVITED = "invitation_not_found"
_NOT_ARRIVED = (_NOT_INVITED, "timeout")

# What a standard's status means for findings, and what to do about its reason, or about itself
_FINDINGS_OF = {
    _subscriptions.INCOMPLETE: "not all findings can come",
    _subscriptions.FAILED: "not all findings can come",
    _subscriptions.PENDING: "findings come later",
}
_ADVICE_ON = {
    **_standards.ADVICE_ON,
    _subscriptions.PENDING: "Look again with securityhub_hub_info (gather: [standards]).",
}


class Failure(NamedTuple):
    """An error of the administrator or of an account, in a region."""

    who: str
    region: str
    error: SecurityHubError


class Line(NamedTuple):
    """A line of a summary: "WHO: BEFORE in REGIONS AFTER". error: what stands after the regions in place of after."""

    who: str
    before: str
    regions: Iterable[str]
    after: str = "."
    error: SecurityHubError | None = None


class Report:
    """A run with these accounts in these regions.

    variables: the playbook's: administrator_id, members, regions, check_mode.
    administrator: the results of the administrator's tasks. accounts: the results of each account's tasks, by account ID.
    pending: the regions where each account had something to do, by account ID; left out, all. foreseen: reasons that are no errors.
    foreseen_in_accounts: those that are none where an account itself has them.
    """

    def __init__(
        self,
        variables: dict[str, Any],
        administrator: Iterable[dict[str, Any]] = (),
        accounts: dict[str, list[dict[str, Any]]] | None = None,
        pending: dict[str, list[str]] | None = None,
        foreseen: Collection[str] = (),
        foreseen_in_accounts: Collection[str] = (),
    ) -> None:
        self.check_mode = variables["check_mode"]
        self.regions = variables["regions"]
        self.account_ids = account_ids(variables)
        self.accounts = accounts or {}
        self._administrator_id = str(variables["administrator_id"])
        self.administrator = self.name(self._administrator_id)
        failures = [failure for result in administrator for failure in _failures(self.administrator, result, self.regions)]
        for account_id, results in self.accounts.items():
            regions = (pending or {}).get(account_id, self.regions)
            failures += [failure for result in results for failure in _failures(account_id, result, regions)]
        expected = {self.administrator: foreseen}
        self._failures = [failure for failure in failures if failure.error.reason not in expected.get(failure.who, (*foreseen, *foreseen_in_accounts))]
        self._failed = {(failure.who, failure.region) for failure in self._failures}

    @property
    def errors(self) -> list[dict[str, str]]:
        """The failures as dicts of who, region and reason."""
        return [{"who": failure.who, "region": failure.region, "reason": failure.error.reason} for failure in self._failures]

    def name(self, account_id: str) -> str:
        """Return the name of an account in lines."""
        return f"administrator {account_id}" if account_id == self._administrator_id else account_id

    def left_by(self, outcome: dict[str, Any] | None) -> str | None:
        """Return the account ID of another administrator that an account has left in a region, or would leave in check mode. outcome: of accepting there."""
        left = outcome and (outcome["previous_administrator"] or (self.check_mode and outcome["administrator"]))
        return left["account_id"] if left and left["account_id"] != self._administrator_id else None

    def has_failed(self, who: str, region: str) -> bool:
        """Return whether anything went wrong for the administrator or an account in a region."""
        return (who, region) in self._failed

    def total(self, memberships: int, said: str) -> str:
        """Return the first line: how many memberships of all there should be."""
        expected = len(self.account_ids) * len(self.regions)
        return f"{count(self.account_ids, 'account')} x {count(self.regions, 'region')}: {memberships} of {expected} memberships {said}."

    def lines(self, lines: Iterable[Line]) -> list[str]:
        """Return lines as text. Those that differ in nothing but the account are one."""
        groups: dict[Any, list[Line]] = {}
        for line in lines:
            key = (line.before, self._named(line.regions), line.after, line.error and line.error.kind)
            groups.setdefault(key, []).append(line)
        texts = []
        for (before, regions, after, _kind), (first, *others) in groups.items():
            if first.error:
                words = ADMINISTRATOR_WORDS if first.who == self.administrator else MEMBER_WORDS
                after = f". {first.error.message(words)}"
            text, names = f"{before} in {regions}{after}", [first.who, *(line.who for line in others)]
            is_short = len(names) <= _NAMED_ACCOUNTS
            texts.append(f"{joined(names)}: {text}" if is_short else f"{count(names, 'account')}: {text} The accounts: {joined(names)}.")
        return texts

    def _named(self, regions: Iterable[str]) -> str:
        names = list(dict.fromkeys(regions))
        return f"all {len(names)} regions" if len(names) > _NAMED_REGIONS and set(names) == set(self.regions) else joined(names)

    def error_lines(self) -> list[str]:
        """Return the lines of all failures."""
        groups: dict[Any, list[Failure]] = {}
        for failure in sorted(self._failures, key=lambda failure: (failure.who, failure.error.reason)):
            groups.setdefault((failure.who, failure.error.kind), []).append(failure)
        return self.lines(
            Line(who, found[0].error.reason, [failure.region for failure in found], error=found[0].error) for (who, _kind), found in groups.items()
        )


def onboarding_pending(invited: dict[str, Any], variables: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the accounts with an invitation to accept, as a list of account_id and regions.

    invited: the result of inviting. variables: as of Report, and enable_hubs.
    """
    regions: dict[str, list[str]] = {}
    for outcome in invited.get("regions", []):
        waiting = [member["account_id"] for member in outcome["members"] if member["member_status"] == "Invited" and not member.get("error")]
        if variables["check_mode"] and variables["enable_hubs"] and outcome.get("error", {}).get("reason") == _HUB_OFF:
            # Nobody could be invited yet by a hub that is still to be enabled
            waiting = account_ids(variables)
        for account_id in waiting:
            regions.setdefault(account_id, []).append(outcome["region"])
    return [{"account_id": account_id, "regions": found} for account_id, found in sorted(regions.items())]


def failed_regions(result: dict[str, Any], regions: list[str]) -> list[str]:
    """Return the regions where a task has failed. regions: where it was to act."""
    return sorted({failure.region for failure in _failures("", result, regions)})


def onboarding_late(accepted: dict[str, dict[str, Any]], invited: dict[str, Any], standards: bool = False) -> dict[str, Any]:
    """Return which accounts found no invitation: late, the regions by account ID; and again, a list of regions and members that need another one.

    accepted: the results of accepting, by account ID. invited: the result of inviting. standards: whether standards are set before accepting:
    not where another administrator is in place yet, which is for the next run.
    An invitation that was sent in this run may be on its way. One that was sent earlier, or before the account left another administrator,
    has been dropped by AWS.
    """
    sent = {(member["account_id"], outcome["region"]) for outcome in invited.get("regions", []) for member in outcome["members"] if member["changed"]}
    late: dict[str, list[str]] = {}
    dropped: dict[str, list[str]] = {}
    for account_id, result in accepted.items():
        for outcome in result.get("regions", []):
            if outcome.get("error", {}).get("reason") != _NOT_INVITED or (standards and outcome["administrator"]):
                continue
            late.setdefault(account_id, []).append(outcome["region"])
            if outcome["previous_administrator"] or not (outcome["administrator"] or (account_id, outcome["region"]) in sent):
                dropped.setdefault(account_id, []).append(outcome["region"])
    alike: dict[tuple[str, ...], list[str]] = {}
    for account_id, regions in dropped.items():
        alike.setdefault(tuple(regions), []).append(account_id)
    again = [{"regions": list(regions), "members": [{"account_id": account_id} for account_id in account_ids]} for regions, account_ids in alike.items()]
    return {"late": late, "again": again}


def onboarding_report(
    seen: dict[str, Any],
    variables: dict[str, Any],
    administrator: list[dict[str, Any]],
    prepared: dict[str, Sequence[dict[str, Any]]],
    accepted: dict[str, dict[str, Any]],
    later: dict[str, dict[str, Any]],
    pending: dict[str, list[str]],
    standards: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return what came of onboarding: errors, late (lines), lines (the summary).

    seen: the result of looking at the members in the end. variables: as of Report, and enable_hubs, reinvite. administrator: as of Report.
    prepared, accepted, later: the results of what comes before accepting (of enabling the hub first), of accepting, and of accepting what
    arrived later, by account ID.
    standards: the results of looking at the standards in the end, by account ID.
    pending: who had to accept where, regions by account ID.
    """
    # What the run itself would bring about is no error for check mode to find missing
    foreseen = [_NOT_INVITED] + [_HUB_OFF] * variables["enable_hubs"] if variables["check_mode"] else []
    accepting = {account_id: _joined_results(result, later.get(account_id, {})) for account_id, result in accepted.items()}
    tasks = {account_id: [*prepared.get(account_id, ()), *results, standards.get(account_id, {})] for account_id, results in accepting.items()}
    report = Report(variables, [*administrator, seen], tasks, pending, foreseen)
    statuses = {(member["account_id"], outcome["region"]): member["member_status"] for outcome in seen.get("regions", []) for member in outcome["members"]}
    # AWS's to end, and the accounts' own wish
    as_they_are = (SUSPENDED,) if variables["reinvite"] else (SUSPENDED, *GONE)
    waiting: dict[tuple[str, str], list[str]] = {}
    left_alone: dict[tuple[str, str], list[str]] = {}
    for region in [] if report.check_mode else [outcome["region"] for outcome in seen.get("regions", [])]:
        for account_id in report.account_ids:
            status = statuses.get((account_id, region), "no member")
            if status in as_they_are:
                left_alone.setdefault((account_id, status), []).append(region)
            elif status not in ENABLED and not report.has_failed(report.administrator, region) and not report.has_failed(account_id, region):
                waiting.setdefault((account_id, status), []).append(region)
    late = report.lines(Line(account_id, f"still {status}", regions, ", though nothing failed.") for (account_id, status), regions in waiting.items())
    lines = [report.total(sum(status in ENABLED for status in statuses.values()), "are in force")]
    lines += report.lines(_at_once(administrator))
    lines += report.lines(line for account_id, results in accepting.items() for line in _accepting(account_id, results[0], report, pending))
    lines += report.lines(Line(account_id, status, regions, ", and left as it is.") for (account_id, status), regions in left_alone.items())
    lines += report.lines(
        # Enabling the hub is the first of what comes before
        Line(account_id, "not accepted", regions, ", since its standards could not be set.")
        for account_id, (_hub, *results) in prepared.items()
        for regions in (failed_regions(result, report.regions) for result in results)
        if regions
    )
    lines += report.lines(line for who, result in standards.items() for line in _without_findings(report.name(who), result))
    lines += report.lines(line for result in administrator for line in _not_linked(result, report))
    lines += report.error_lines() + late
    if not report.check_mode:
        lines += report.lines(_without_administrator(accepting))
    return {"errors": report.errors, "late": printable(late), "lines": printable(lines)}


def _joined_results(accepted: dict[str, Any], later: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results of accepting and of accepting what arrived later, as one; and what has kept the later task from any region, if something has."""
    last = {outcome["region"]: outcome for outcome in later.get("regions", [])}
    regions = []
    for first in with_whole_errors(accepted):
        outcome = last.get(first["region"], first)
        left = outcome["previous_administrator"] or first["previous_administrator"]
        regions.append({**outcome, "changed": first["changed"] or outcome["changed"], "previous_administrator": left})
    return [{**accepted, "regions": regions}, *([later] if later.get("msg") and not last else [])]


def _at_once(administrator: list[dict[str, Any]]) -> Iterator[Line]:
    """Return the Lines of accounts that became members by being created."""
    found: dict[str, list[str]] = {}
    for outcome in [outcome for result in administrator for outcome in result.get("regions", [])]:
        for member in outcome.get("members") or []:
            if member["member_status"] in ENABLED and member["previous_status"] not in ENABLED:
                found.setdefault(member["account_id"], []).append(outcome["region"])
    for account_id, regions in found.items():
        yield Line(account_id, "a member at once", regions, ", as an account of the administrator's organization.")


def _accepting(account_id: str, result: dict[str, Any], report: Report, pending: dict[str, list[str]]) -> Iterator[Line]:
    """Return the Lines of where an account has accepted, or would in check mode."""
    if report.check_mode:
        done = [region for region in pending.get(account_id, []) if not report.has_failed(account_id, region)]
    else:
        done = [outcome["region"] for outcome in result["regions"] if outcome["changed"] and not outcome.get("error")]
    outcomes = {outcome["region"]: outcome for outcome in result["regions"]}
    regions: dict[str, list[str]] = {}
    for region in done:
        left = report.left_by(outcomes.get(region))
        regions.setdefault(f", after leaving {left}." if left else ".", []).append(region)
    for after, found in regions.items():
        yield Line(account_id, "would be accepted" if report.check_mode else "accepted", found, after)


def _without_findings(who: str, result: dict[str, Any]) -> Iterator[Line]:
    """Return the Lines of where findings can't come, or not yet. result: of looking at the standards."""
    regions: dict[tuple[str, str], list[str]] = {}
    for outcome in result.get("regions", []):
        if outcome.get("error") or not outcome["hub"]:
            continue
        statuses: dict[tuple[str, str | None], list[str]] = {}
        for standard in outcome["hub"]["standards"]:
            statuses.setdefault((standard["status"], standard["status_reason"]), []).append(standard["name"])
        for (status, why), names in statuses.items():
            told = _FINDINGS_OF.get(status)
            if told:
                advice = f"{joined(names)} {status}{f' ({why})' * bool(why)}. {_ADVICE_ON.get(why or status, '')}".rstrip()
                regions.setdefault((told, f": {advice}"), []).append(outcome["region"])
        if not statuses:
            regions.setdefault(("no findings of its own can come", ": no standard is enabled."), []).append(outcome["region"])
    for (before, after), found in regions.items():
        yield Line(who, before, found, after)


def _not_linked(result: dict[str, Any], report: Report) -> Iterator[Line]:
    """Return the Lines of the regions whose findings don't come to the home region. result: of an administrator's task, perhaps about aggregation."""
    found = result.get("aggregator")
    if not found or result.get("error"):
        return
    regions = [region for region in report.regions if region != found["home_region"] and not _aggregator.is_linked(found, region)]
    if regions:
        after = f": they are not linked to the home region {found['home_region']} ({found['linking_mode']})."
        yield Line(report.administrator, "findings stay", regions, after)


def _without_administrator(accepting: dict[str, list[dict[str, Any]]]) -> Iterator[Line]:
    """Return the Lines of accounts that have left an administrator, or had none, and found no invitation to accept."""
    for account_id, (result, *_later) in accepting.items():
        regions = [
            outcome["region"]
            for outcome in result["regions"]
            if outcome.get("error") and not outcome["administrator"] and (outcome["previous_administrator"] or outcome["error"]["reason"] in _NOT_ARRIVED)
        ]
        if regions:
            yield Line(account_id, "without any administrator", regions, " now. Rerun the playbook: it is invited again.")


def offboarding_report(removed: dict[str, Any], variables: dict[str, Any], accounts: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return what came of offboarding: errors, lines (the summary).

    removed: the result of removing the members. variables and accounts: as of Report; an account's last result is that of leaving.
    """
    report = Report(variables, [removed], accounts, foreseen_in_accounts=[_HUB_OFF])  # which then has nothing to leave
    members = [(outcome["region"], member) for outcome in removed.get("regions", []) for member in outcome["members"]]
    gone = [member for _region, member in members if member["member_status"] in NO_MEMBER or _is_kept(member)]
    done: dict[tuple[str, str], list[str]] = {}
    for account_id, results in report.accounts.items():
        for outcome in results[-1].get("regions", []):
            if outcome["changed"]:
                done.setdefault((account_id, _leaving(outcome, report.check_mode)), []).append(outcome["region"])
    have_done = {(account_id, region) for (account_id, _what), regions in done.items() for region in regions}
    never: dict[str, list[str]] = {}
    for region, member in members:
        if member["previous_status"] in NO_MEMBER and member["member_status"] in NO_MEMBER and (member["account_id"], region) not in have_done:
            never.setdefault(member["account_id"], []).append(region)
    lines = [report.total(len(gone), "would end" if report.check_mode else "have ended")]
    lines += report.lines(Line(account_id, what, regions) for (account_id, what), regions in done.items())
    lines += report.lines(Line(account_id, "no membership to end", regions) for account_id, regions in never.items())
    return {"errors": report.errors, "lines": printable(lines + report.error_lines())}


def _is_kept(member: dict[str, Any]) -> bool:
    """Return whether a membership has ended although AWS keeps its entry, since the account belongs to the administrator's organization."""
    return member["member_status"] in GONE and (member.get("error") or {}).get("reason") == ORGANIZATION_MANAGED


def _leaving(outcome: dict[str, Any], check_mode: bool) -> str:
    """Return what an account has done, or would do, in a region to leave the administrator; an invitation that is left over goes with the membership."""
    if outcome["previous_administrator"]:
        return "would leave" if check_mode else "left"
    if outcome.get("invitation_remains"):
        return "declined the invitation"
    return "would delete the invitation" if check_mode else "deleted the invitation"


def _failures(who: str, result: dict[str, Any], regions: Iterable[str]) -> Iterator[Failure]:
    """Return all that failed in a task of the administrator or of an account. regions: where the task was to act."""
    if not result.get("regions"):
        if result.get("msg"):
            error = SecurityHubError.from_dict({"reason": "failed", **result.get("error", {}), "message": result["msg"]})
            for region in regions:
                yield Failure(who, region, error)
        return
    for outcome in with_whole_errors(result):
        of_members = [(member["account_id"], SecurityHubError.from_dict(member["error"])) for member in outcome.get("members") or [] if member.get("error")]
        for account_id, error in of_members:
            yield Failure(account_id, outcome["region"], error)
        if outcome.get("error"):
            error = SecurityHubError.from_dict(outcome["error"])
            # It may be the first member's
            if not any(_has_same_origin(error, of_member) for _account_id, of_member in of_members):
                yield Failure(who, outcome["region"], error)


def _has_same_origin(error: SecurityHubError, other: SecurityHubError) -> bool:
    """Return whether two errors come from the same response, whatever their messages say."""
    responses = (found.response._replace(message=None) for found in (error, other))
    return error.reason == other.reason and next(responses) == next(responses)
