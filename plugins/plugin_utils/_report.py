# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks onboard and offboard tell of a run: mistakes in its variables, and what came of it. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import ENABLED
from ansible_collections.cloudsec.securityhub.plugins.module_utils._text import printable

EVERYWHERE = "all regions"


class Report:
    """A run with these accounts in these regions.

    variables: the playbook's: administrator_id, members, regions, check_mode.
    administrator: the results of the administrator's tasks. accounts: the results of each account's tasks, by account ID.
    """

    def __init__(
        self, variables: dict[str, Any], administrator: Iterable[dict[str, Any]] = (), accounts: dict[str, list[dict[str, Any]]] | None = None
    ) -> None:
        self.check_mode = variables["check_mode"]
        self.regions = list(dict.fromkeys(variables["regions"]))
        self.account_ids = _account_ids(variables)
        self.accounts = accounts or {}
        self.administrator = f"administrator {variables['administrator_id']}"
        self.errors = [error for result in administrator for error in _errors(self.administrator, result)]
        self.errors += [error for account_id, results in self.accounts.items() for result in results for error in _errors(account_id, result)]

    def has_failed(self, who: str, region: str) -> bool:
        """Whether anything went wrong for the administrator or an account in a region."""
        return any(error["who"] == who and error["region"] in (region, EVERYWHERE) for error in self.errors)

    def total(self, memberships: int, said: str) -> str:
        """The first line: how many memberships of all there should be."""
        expected = len(self.account_ids) * len(self.regions)
        return f"{len(self.account_ids)} accounts x {len(self.regions)} regions: {memberships} of {expected} memberships {said}."

    def error_lines(self) -> list[str]:
        """A line for everyone and each reason."""
        alike: dict[tuple[str, str], list[dict[str, str]]] = {}
        for error in self.errors:
            alike.setdefault((error["who"], error["reason"]), []).append(error)
        return [f"{who}: {reason} in {_joined(error['region'] for error in found)}. {found[0]['message']}" for (who, reason), found in sorted(alike.items())]


def variable_mistakes(variables: dict[str, Any]) -> list[str]:
    """What is wrong with the variables of a run, in sentences. They are there, and of the right types. variables: as of Report."""
    mistakes = []
    account_ids = _account_ids(variables)
    administrator_id = str(variables["administrator_id"])
    if not _is_account_id(administrator_id):
        mistakes.append("Set securityhub_administrator_id to the administrator's account ID, 12 digits in quotes.")
    if isinstance(variables["regions"], str) or not variables["regions"]:
        mistakes.append("Set securityhub_regions to a list of regions, such as [eu-central-1, us-east-1].")
    if not account_ids:
        mistakes.append("Set securityhub_members to a list of accounts, each with account_id and email.")
    no_ids = [account_id for account_id in account_ids if not _is_account_id(account_id)]
    if no_ids:
        mistakes.append(f"Each of securityhub_members needs an account_id of 12 digits in quotes. Not so: {_joined(no_ids)}.")
    repeated = [account_id for account_id in account_ids if account_id == administrator_id or account_ids.count(account_id) > 1]
    if repeated:
        mistakes.append(f"In securityhub_members each account may stand once, and the administrator not at all. Take out {_joined(repeated)}.")
    return mistakes


def onboarding_pending(invited: dict[str, Any], variables: dict[str, Any]) -> list[dict[str, Any]]:
    """The accounts with an invitation to accept, as a list of account_id and regions.

    invited: the result of inviting. variables: as of Report, and enable_hubs.
    """
    regions: dict[str, list[str]] = {}
    for outcome in invited.get("regions", []):
        waiting = [member["account_id"] for member in outcome["members"] if member["member_status"] == "Invited" and not member.get("error")]
        if variables["check_mode"] and variables["enable_hubs"] and outcome.get("error", {}).get("reason") == "hub_not_enabled":
            # Nobody could be invited yet by a hub that is still to be enabled
            waiting = _account_ids(variables)
        for account_id in waiting:
            regions.setdefault(account_id, []).append(outcome["region"])
    return [{"account_id": account_id, "regions": found} for account_id, found in sorted(regions.items())]


def onboarding_report(
    seen: dict[str, Any],
    variables: dict[str, Any],
    administrator: Iterable[dict[str, Any]],
    accounts: dict[str, list[dict[str, Any]]],
    pending: dict[str, list[str]],
) -> dict[str, Any]:
    """What came of onboarding: errors, late (lines), lines (the summary).

    seen: the result of looking at the members in the end. variables: as of Report, and enable_hubs. pending: who had to accept where,
    regions by account ID. administrator and accounts: as of Report; an account's last result is that of accepting.
    """
    report = Report(variables, [*administrator, seen], accounts)
    if report.check_mode:
        # What the run itself would bring about is no error for check mode to find missing
        foreseen = ["invitation_not_found"] + ["hub_not_enabled"] * variables["enable_hubs"]
        report.errors = [error for error in report.errors if error["reason"] not in foreseen]
    statuses = {(member["account_id"], outcome["region"]): member["member_status"] for outcome in seen.get("regions", []) for member in outcome["members"]}
    late = []
    for region in [] if report.check_mode else [outcome["region"] for outcome in seen.get("regions", [])]:
        for account_id in report.account_ids:
            status = statuses.get((account_id, region), "no member")
            if status not in ENABLED and not report.has_failed(report.administrator, region) and not report.has_failed(account_id, region):
                late.append(f"{account_id}: still {status} in {region}, though nothing failed.")
    lines = [report.total(sum(status in ENABLED for status in statuses.values()), "are in force")]
    for account_id, results in report.accounts.items():
        if report.check_mode:
            accepted = [region for region in pending.get(account_id, []) if not report.has_failed(account_id, region)]
        else:
            accepted = [outcome["region"] for outcome in results[-1].get("regions", []) if outcome["changed"] and not outcome.get("error")]
        if accepted:
            lines.append(f"{account_id}: {'would be accepted' if report.check_mode else 'accepted'} in {_joined(accepted)}.")
    return {"errors": report.errors, "late": printable(late), "lines": printable(lines + report.error_lines() + late)}


def offboarding_report(removed: dict[str, Any], variables: dict[str, Any], accounts: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What came of offboarding: errors, lines (the summary).

    removed: the result of removing the members. variables and accounts: as of Report; an account's last result is that of leaving.
    """
    report = Report(variables, [removed], accounts)
    gone = [member for outcome in removed.get("regions", []) for member in outcome["members"] if member["member_status"] in (None, "Deleted")]
    lines = [report.total(len(gone), "would end" if report.check_mode else "have ended")]
    for account_id, results in report.accounts.items():
        left = [outcome["region"] for outcome in results[-1].get("regions", []) if outcome["changed"]]
        if left:
            lines.append(f"{account_id}: {'would leave' if report.check_mode else 'left'} in {_joined(left)}.")
    return {"errors": report.errors, "lines": printable(lines + report.error_lines())}


def _errors(who: str, result: dict[str, Any]) -> Iterator[dict[str, str]]:
    """All that went wrong in a task, for the administrator or for accounts: who, region, reason, message."""
    if not result.get("regions"):
        if result.get("msg"):
            yield {"who": who, "region": EVERYWHERE, "reason": result.get("error", {}).get("reason", "failed"), "message": result["msg"]}
        return
    for outcome in result["regions"]:
        of_members = [(member["account_id"], member["error"]) for member in outcome.get("members") or [] if member.get("error")]
        for account_id, error in of_members:
            yield _error(account_id, outcome, error)
        # The error of a region may be the first member's, told once more
        if outcome.get("error") and not any(_from_aws(outcome["error"]) == _from_aws(error) for _account_id, error in of_members):
            yield _error(who, outcome, outcome["error"])


def _error(who: str, outcome: dict[str, Any], error: dict[str, Any]) -> dict[str, str]:
    return {"who": who, "region": outcome["region"], "reason": error["reason"], "message": error["message"]}


def _from_aws(error: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in error.items() if name != "message"}


def _account_ids(variables: dict[str, Any]) -> list[str]:
    """The members' account IDs. YAML has those without quotes and leading zeros as numbers."""
    return [str(member["account_id"]) for member in variables["members"]]


def _is_account_id(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{12}", text))


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
