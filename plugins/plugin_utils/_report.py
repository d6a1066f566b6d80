# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks tell of a run: what came of onboarding and offboarding. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _aggregator
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _standards
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import ENABLED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import GONE
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import NO_MEMBER
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import SUSPENDED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._text import printable
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import account_ids
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import count
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._variables import for_playbooks
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
    _standards.INCOMPLETE: "not all findings can come",
    _standards.FAILED: "not all findings can come",
    _standards.PENDING: "findings come later",
}
_ADVICE_ON = {
    **_standards.ADVICE_ON,
    _standards.PENDING: "Look again with securityhub_hub_info (gather: [standards]).",
}

# What leaves two errors of an account alike in different regions
_ALIKE = ("reason", "code", "operation")


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
        errors = [error for result in administrator for error in _errors(self.administrator, result, self.regions)]
        for account_id, results in self.accounts.items():
            regions = (pending or {}).get(account_id, self.regions)
            errors += [error for result in results for error in _errors(account_id, result, regions)]
        self.errors = [
            error for error in errors if error["reason"] not in (foreseen if error["who"] == self.administrator else (*foreseen, *foreseen_in_accounts))
        ]
        self._failed = {(error["who"], error["region"]) for error in self.errors}

    def name(self, account_id: str) -> str:
        """What an account is called in lines."""
        return f"administrator {account_id}" if account_id == self._administrator_id else account_id

    def left_by(self, outcome: dict[str, Any] | None) -> str | None:
        """The account ID of another administrator that an account has left in a region, or would leave in check mode. outcome: of accepting there."""
        left = outcome and (outcome["previous_administrator"] or (self.check_mode and outcome["administrator"]))
        return left["account_id"] if left and left["account_id"] != self._administrator_id else None

    def has_failed(self, who: str, region: str) -> bool:
        """Whether anything went wrong for the administrator or an account in a region."""
        return (who, region) in self._failed

    def total(self, memberships: int, said: str) -> str:
        """The first line: how many memberships of all there should be."""
        expected = len(self.account_ids) * len(self.regions)
        return f"{count(self.account_ids, 'account')} x {count(self.regions, 'region')}: {memberships} of {expected} memberships {said}."

    def lines(self, told: Iterable[tuple[str, str, Iterable[str], str]]) -> list[str]:
        """Lines that tell what befell whom: "WHO: BEFORE in REGIONS AFTER". Those whom the same befell share one.

        told: who, what stands before the regions, the regions, what stands after them; that may name the account.
        """
        alike: dict[str, tuple[str, list[str]]] = {}
        for who, before, regions, after in told:
            line = f"{before} in {self._named(regions)}{after}"
            alike.setdefault(line.replace(who, ""), (line, []))[1].append(who)
        return [
            f"{joined(names)}: {line}" if len(names) <= _NAMED_ACCOUNTS else f"{count(names, 'account')}: {line} The accounts: {joined(names)}."
            for line, names in alike.values()
        ]

    def _named(self, regions: Iterable[str]) -> str:
        names = list(dict.fromkeys(regions))
        return f"all {len(names)} regions" if len(names) > _NAMED_REGIONS and set(names) == set(self.regions) else joined(names)

    def error_lines(self) -> list[str]:
        """The lines of all that went wrong."""
        alike: dict[tuple[str, ...], list[dict[str, str]]] = {}
        for error in self.errors:
            alike.setdefault((error["who"], *(str(error[name]) for name in _ALIKE)), []).append(error)
        return self.lines(
            # In further regions, the message may only point to the first one's
            (who, reason, (error["region"] for error in found), f". {for_playbooks(found[0]['message'])}")
            for (who, reason, *_rest), found in sorted(alike.items())
        )


def onboarding_pending(invited: dict[str, Any], variables: dict[str, Any]) -> list[dict[str, Any]]:
    """The accounts with an invitation to accept, as a list of account_id and regions.

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
    """Where a task has failed. regions: where it was to act."""
    return sorted({error["region"] for error in _errors("", result, regions)})


def onboarding_late(accepted: dict[str, dict[str, Any]], invited: dict[str, Any], standards: bool = False) -> dict[str, Any]:
    """Who found no invitation: late, the regions by account ID; and again, those who need another one, as a list of regions and members.

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
    """What came of onboarding: errors, late (lines), lines (the summary).

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
    late = report.lines((account_id, f"still {status}", regions, ", though nothing failed.") for (account_id, status), regions in waiting.items())
    lines = [report.total(sum(status in ENABLED for status in statuses.values()), "are in force")]
    lines += report.lines(_at_once(administrator))
    lines += report.lines(told for account_id, results in accepting.items() for told in _accepting(account_id, results[0], report, pending))
    lines += report.lines((account_id, status, regions, ", and left as it is.") for (account_id, status), regions in left_alone.items())
    lines += report.lines(
        # Enabling the hub is the first of what comes before
        (account_id, "not accepted", regions, ", since its standards could not be set.")
        for account_id, (_hub, *results) in prepared.items()
        for regions in (failed_regions(result, report.regions) for result in results)
        if regions
    )
    lines += report.lines(told for who, result in standards.items() for told in _without_findings(report.name(who), result))
    lines += report.lines(told for result in administrator for told in _not_linked(result, report))
    lines += report.error_lines() + late
    if not report.check_mode:
        lines += report.lines(_without_administrator(accepting))
    return {"errors": report.errors, "late": printable(late), "lines": printable(lines)}


def _joined_results(accepted: dict[str, Any], later: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of accepting and of accepting what arrived later, as one; and what has kept the later task from any region, if something has."""
    last = {outcome["region"]: outcome for outcome in later.get("regions", [])}
    regions = []
    for first in accepted.get("regions", []):
        outcome = last.get(first["region"], first)
        left = outcome["previous_administrator"] or first["previous_administrator"]
        regions.append({**outcome, "changed": first["changed"] or outcome["changed"], "previous_administrator": left})
    return [{**accepted, "regions": regions}, *([later] if later.get("msg") and not last else [])]


def _at_once(administrator: list[dict[str, Any]]) -> Iterator[tuple[str, str, list[str], str]]:
    """Who became a member by being created, for Report.lines."""
    found: dict[str, list[str]] = {}
    for outcome in [outcome for result in administrator for outcome in result.get("regions", [])]:
        for member in outcome.get("members") or []:
            if member["member_status"] in ENABLED and member["previous_status"] not in ENABLED:
                found.setdefault(member["account_id"], []).append(outcome["region"])
    for account_id, regions in found.items():
        yield account_id, "a member at once", regions, ", as an account of the administrator's organization."


def _accepting(account_id: str, result: dict[str, Any], report: Report, pending: dict[str, list[str]]) -> Iterator[tuple[str, str, list[str], str]]:
    """Where an account has accepted, or would in check mode, for Report.lines."""
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
        yield account_id, "would be accepted" if report.check_mode else "accepted", found, after


def _without_findings(who: str, result: dict[str, Any]) -> Iterator[tuple[str, str, list[str], str]]:
    """Where findings can't come, or not yet, for Report.lines. result: of looking at the standards."""
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
        yield who, before, found, after


def _not_linked(result: dict[str, Any], report: Report) -> Iterator[tuple[str, str, list[str], str]]:
    """Which regions' findings don't come to the home region, for Report.lines. result: of an administrator's task, perhaps about aggregation."""
    found = result.get("aggregator")
    if not found or result.get("error"):
        return
    regions = [region for region in report.regions if region != found["home_region"] and not _aggregator.is_linked(found, region)]
    if regions:
        yield report.administrator, "findings stay", regions, f": they are not linked to the home region {found['home_region']} ({found['linking_mode']})."


def _without_administrator(accepting: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, str, list[str], str]]:
    """Who has left an administrator, or had none, and found no invitation to accept, for Report.lines."""
    for account_id, (result, *_later) in accepting.items():
        regions = [
            outcome["region"]
            for outcome in result["regions"]
            if outcome.get("error") and not outcome["administrator"] and (outcome["previous_administrator"] or outcome["error"]["reason"] in _NOT_ARRIVED)
        ]
        if regions:
            yield account_id, "without any administrator", regions, " now. Rerun the playbook: it is invited again."


def offboarding_report(removed: dict[str, Any], variables: dict[str, Any], accounts: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What came of offboarding: errors, lines (the summary).

    removed: the result of removing the members. variables and accounts: as of Report; an account's last result is that of leaving.
    """
    report = Report(variables, [removed], accounts, foreseen_in_accounts=[_HUB_OFF])  # which then has nothing to leave
    members = [(outcome["region"], member) for outcome in removed.get("regions", []) for member in outcome["members"]]
    gone = [member for _region, member in members if member["member_status"] in NO_MEMBER]
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
    lines += report.lines((account_id, what, regions, ".") for (account_id, what), regions in done.items())
    lines += report.lines((account_id, "no membership to end", regions, ".") for account_id, regions in never.items())
    return {"errors": report.errors, "lines": printable(lines + report.error_lines())}


def _leaving(outcome: dict[str, Any], check_mode: bool) -> str:
    """What an account has done, or would do, in a region to leave the administrator; an invitation that is left over goes with the membership."""
    if outcome["previous_administrator"]:
        return "would leave" if check_mode else "left"
    if outcome.get("invitation_remains"):
        return "declined the invitation"
    return "would delete the invitation" if check_mode else "deleted the invitation"


def _errors(who: str, result: dict[str, Any], regions: Iterable[str]) -> Iterator[dict[str, Any]]:
    """All that went wrong in a task, for the administrator or for accounts: who, region, reason, code, operation, message.

    regions: where the task was to act.
    """
    if not result.get("regions"):
        if result.get("msg"):
            error = result.get("error", {"reason": "failed"})
            for region in regions:
                yield _error(who, region, {**error, "message": result["msg"]})
        return
    for outcome in result["regions"]:
        of_members = [(member["account_id"], member["error"]) for member in outcome.get("members") or [] if member.get("error")]
        for account_id, error in of_members:
            yield _error(account_id, outcome["region"], error)
        # The error of a region may be the first member's, told once more
        if outcome.get("error") and not any(_from_aws(outcome["error"]) == _from_aws(error) for _account_id, error in of_members):
            yield _error(who, outcome["region"], outcome["error"])


def _error(who: str, region: str, error: dict[str, Any]) -> dict[str, Any]:
    return {"who": who, "region": region, "message": error["message"], **{name: error.get(name) for name in _ALIKE}}


def _from_aws(error: dict[str, Any]) -> dict[str, Any]:
    """An error without its wording: aws_message is null where message has it in it."""
    return {name: value for name, value in error.items() if name not in ("message", "aws_message")}
