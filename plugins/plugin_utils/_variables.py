# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the playbooks: mistakes in them, and what messages call them. Private to this collection."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _aggregator
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _settings
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _standards
from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import SecurityHubError
from ansible_collections.cloudsec.securityhub.plugins.module_utils._masking import printable
from ansible_collections.cloudsec.securityhub.plugins.module_utils._settings import ALL_REGIONS

_PREFIX = "securityhub_"
# The only other name of the playbooks' that has the prefix: what each account's host has, and the pattern of a role may have in it
_ACCOUNT_ID = "securityhub_account_id"

# The words of a message for the users of the playbooks, who set variables in place of options
_WORDS = {
    "rerun": "rerun the playbook",
    "Rerun": "Rerun the playbook",
    "enable_hub": "Enable Security Hub CSPM there first (onboard does with securityhub_enable_hubs)",
    "or_wait": "then rerun the playbook",
    **{
        f"option.{name}": _PREFIX + name
        for name in ("home_region", "leave_first", "linked_regions", "linking_mode", "members", "purge_standards", "replace_administrator", "standards")
    },
}
MEMBER_WORDS = {**_WORDS, "option.assume_role_arn": "securityhub_member_role", "option.expected_account_id": "securityhub_members"}
ADMINISTRATOR_WORDS = {
    **_WORDS,
    "option.assume_role_arn": "securityhub_administrator_role_arn",
    "option.expected_account_id": "securityhub_administrator_id",
}


def unknown_names(names: Collection[str], spec: dict[str, Any], members: Any) -> list[str]:
    """Return the variables, and the keys of members, that no playbook reads, each in a sentence that names the nearest one.

    names: of all variables that begin with _PREFIX. spec: the argument spec of those that are read. members: securityhub_members, whatever it is.
    """
    # What all names begin with makes none of them like another
    known = [name.removeprefix(_PREFIX) for name in spec]
    unknown = sorted(set(names) - set(spec) - {_ACCOUNT_ID})
    mistakes = [f"There is no variable {name}{_nearest(name.removeprefix(_PREFIX), known, _PREFIX)}" for name in unknown]
    if _ACCOUNT_ID in names:
        mistakes.append(f"Take out {_ACCOUNT_ID}: each account has its own.")
    keys = spec["securityhub_members"]["options"]
    found: dict[str, list[str]] = {}
    for number, member in enumerate(members if isinstance(members, list) else [], 1):
        if not isinstance(member, dict):
            mistakes.append(f"Each entry of securityhub_members needs an account_id, such as {{account_id: '444455556666'}}. Invalid: {member}.")
            continue
        for key in member:
            if key not in keys:
                found.setdefault(str(key), []).append(f"account {member['account_id']}" if "account_id" in member else f"entry {number}")
    for key, where in found.items():
        others = f" and {count(where[1:], 'other')}" if where[1:] else ""
        mistakes.append(f"In securityhub_members there is no key {key} ({where[0]}{others}){_nearest(key, keys)}")
    return printable(mistakes)


def _nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return the end of a sentence about an unknown name."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {prefix}{found[0]}?" if found else "."


def variable_mistakes(said: dict[str, Any]) -> list[str]:
    """Return the mistakes in variables that are there, and of the right types, as printable sentences.

    said: the variables without their prefix, each with its value or none, which templates of old releases turn into an empty text.
    """
    said = {name: None if value == "" else value for name, value in said.items()}
    mistakes = []
    if said["leave_first"] and not said["replace_administrator"]:
        mistakes.append("securityhub_leave_first leaves another administrator: set securityhub_replace_administrator to true as well.")
    members = account_ids(said)
    administrator_id, regions = str(said["administrator_id"]), said["regions"]
    if not _is_account_id(administrator_id):
        mistakes.append("Set securityhub_administrator_id to the administrator's account ID, 12 digits in quotes.")
    if isinstance(regions, str) or not regions:
        mistakes.append("Set securityhub_regions to a list of regions, such as [eu-central-1, us-east-1], or to [all].")
    elif len(regions) > 1 and ALL_REGIONS in _stripped(regions):
        mistakes.append("securityhub_regions has all beside other entries. Give all alone, or name the regions.")
    if not members and said["needs_members"]:
        mistakes.append("Set securityhub_members to a list of accounts, each with its account_id.")
    no_ids = [account_id for account_id in members if not _is_account_id(account_id)]
    if no_ids:
        mistakes.append(f"Each of securityhub_members needs an account_id of 12 digits in quotes. Invalid: {joined(no_ids)}.")
    repeated = [account_id for account_id in members if account_id == administrator_id or members.count(account_id) > 1]
    if repeated:
        mistakes.append(f"Name each account once in securityhub_members, and the administrator not at all. Invalid: {joined(repeated)}.")
    allowed = said["allowed_administrators"]
    if allowed is not None and (not isinstance(allowed, list) or not allowed or not all(_is_account_id(str(account_id)) for account_id in allowed)):
        mistakes.append("Set securityhub_allowed_administrators to a list of account IDs, each of 12 digits in quotes.")
    if not said["report"] and not said["needs_members"]:
        mistakes.append("Set securityhub_report to the folder for the report's files.")
    return printable([*mistakes, *_standards_mistakes(said), *_aggregation_mistakes(said)])


def _stripped(regions: list[str]) -> list[str]:
    return [str(region).strip() for region in regions]


def _standards_mistakes(said: dict[str, Any]) -> Iterator[str]:
    if said["standards"] is None:
        if said["purge_standards"]:
            yield "securityhub_purge_standards disables all but securityhub_standards, which is missing."
        return
    try:
        _standards.desired_standards(said["standards"], purge=False, wait_timeout=0, check_mode=True)
    except SecurityHubError as e:
        yield e.message(ADMINISTRATOR_WORDS)


def _aggregation_mistakes(said: dict[str, Any]) -> Iterator[str]:
    home_region = said["home_region"]
    if not home_region:
        if said["linking_mode"] or said["linked_regions"]:
            yield "securityhub_linking_mode and securityhub_linked_regions are about securityhub_home_region, which is missing."
        return
    if isinstance(said["regions"], list) and {home_region, ALL_REGIONS}.isdisjoint(_stripped(said["regions"])):
        yield f"securityhub_home_region is {home_region}, which is not one of securityhub_regions."
    try:
        desired = _aggregator.desired_state("present", said["linking_mode"], said["linked_regions"], check_mode=True)
        _aggregator.check_home_region(desired, home_region)
    except SecurityHubError as e:
        yield e.message(ADMINISTRATOR_WORDS)


def member_role_arn(role: str, account_id: str, regions: list[str], administrator_role_arn: str | None, connection: dict[str, Any]) -> str:
    """Return the ARN of an account's role by its name. Its partition is that of the regions; with [all], that of the administrator's role, or
    else that of the region that boto3 finds."""
    partition = _settings.task_partition(_stripped(regions), administrator_role_arn or None, connection.get("profile") or None)
    return _settings.role_arn(role, account_id, partition)


def account_ids(variables: dict[str, Any]) -> list[str]:
    """Return the members' account IDs. YAML has those without quotes and leading zeros as numbers."""
    return [str(member["account_id"]) for member in variables["members"]]


def _is_account_id(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{12}", text))


def joined(names: Iterable[str]) -> str:
    """Return names in a sentence, each once."""
    return ", ".join(dict.fromkeys(names))


def count(things: Collection[Any], name: str) -> str:
    """Return a number of things as text: 1 account, 2 accounts."""
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
