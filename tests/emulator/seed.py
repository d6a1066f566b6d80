# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seeding: accounts, members, invitations and more put in place without a call, from a description in JSON."""

from __future__ import annotations

import typing as t

from moto.core.exceptions import ServiceException

from .securityhub.models import Administrator
from .securityhub.models import Invitation
from .securityhub.models import Member
from .securityhub.models import SecurityHubBackend
from .securityhub.models import is_account_id
from .securityhub.models import securityhub_backends

STATUSES = ("Created", "Invited", "Enabled", "Removed", "Resigned", "Deleted", "AccountSuspended")
KEYS = {
    "hubs": {"account_id", "config_recorder", "regions", "standards", "tags"},
    "administrators": {"account_id", "regions"},
    "organizations": {"account_id", "accounts", "regions"},
    "members": {"account_id", "administrator", "config_recorder", "declined", "email", "hub", "organization", "regions", "standards", "status"},
    "invitations": {"account_id", "administrators", "count", "hub", "regions"},
    "aggregators": {"account_id", "mode", "region", "regions"},
}


def generated_id(prefix: int, number: int) -> str:
    """An account ID: 12 digits, the first says what for, the last count from 1."""
    return f"{prefix}{number:011d}"


def member_ids(count: int) -> list[str]:
    """The IDs of members that only a number was given of: 200000000001 and so on."""
    return [generated_id(2, number) for number in range(1, count + 1)]


class Seed:
    """Applies one description. Raises ValueError for what it does not understand."""

    def __init__(self, description: dict[str, t.Any], regions: list[str]):
        self.description = description
        self.regions = regions
        self.administrators: list[str] = []
        self.members: list[str] = []

    def apply(self) -> None:
        """Put everything in place."""
        for entry in self._entries("hubs"):
            for backend in self._backends(entry["account_id"], entry):
                enable(backend, entry)
        for entry in self._entries("administrators"):
            self._note(self.administrators, entry["account_id"])
            for backend in self._backends(entry["account_id"], entry):
                enable(backend)
        for entry in self._entries("organizations"):
            for backend in self._backends(entry["account_id"], entry):
                backend.organization_accounts.update(check_account_id(account_id) for account_id in entry.get("accounts") or [])
        for entry in self._entries("aggregators"):  # before the members, which can have one from an earlier time
            self._aggregator(entry)
        for entry in self._entries("members"):
            self._member(entry)
        for entry in self._entries("invitations"):
            self._invitations(entry)

    def _entries(self, name: str) -> list[dict[str, t.Any]]:
        """The entries of one list. A bare account ID stands for an entry with nothing else; a number of members for as many IDs."""
        values = self.description.get(name) or []
        if name == "members" and isinstance(values, int):
            values = member_ids(values)
        entries = [value if isinstance(value, dict) else {"account_id": value} for value in values]
        for entry in entries:
            unknown = set(entry) - KEYS[name]
            if unknown:
                raise ValueError(f"unknown key {sorted(unknown)[0]!r} in {name}; known: {', '.join(sorted(KEYS[name]))}")
            check_account_id(entry.get("account_id"))
        return entries

    @staticmethod
    def _note(accounts: list[str], account_id: str) -> None:
        if account_id not in accounts:
            accounts.append(account_id)

    def _backends(self, account_id: str, entry: dict[str, t.Any]) -> t.Iterator[SecurityHubBackend]:
        for region in entry.get("regions") or self.regions:
            if region not in self.regions:
                raise ValueError(f"region {region!r} is not one of the emulator's: {', '.join(self.regions)}")
            yield securityhub_backends[account_id][region]

    def _administrator_of(self, entry: dict[str, t.Any]) -> str:
        if not entry.get("administrator") and not self.administrators:
            raise ValueError("a member needs an administrator: name one in the entry, or list one in administrators")
        return check_account_id(entry.get("administrator") or self.administrators[0])

    def _member(self, entry: dict[str, t.Any]) -> None:
        account_id, administrator_id = entry["account_id"], self._administrator_of(entry)
        status = entry.get("status", "Enabled" if entry.get("organization") else "Invited")
        if status not in STATUSES:
            raise ValueError(f"status can be {', '.join(STATUSES)}, not {status!r}")
        self._note(self.members, account_id)
        for backend in self._backends(account_id, entry):
            if entry.get("hub", True):
                enable(backend, entry)
            administrator = securityhub_backends[administrator_id][backend.region_name]
            enable(administrator)
            associate(administrator, backend, status, entry)

    def _invitations(self, entry: dict[str, t.Any]) -> None:
        senders = entry.get("administrators") or [generated_id(9, number) for number in range(1, int(entry.get("count", 1)) + 1)]
        self._note(self.members, entry["account_id"])
        for backend in self._backends(entry["account_id"], entry):
            if entry.get("hub", True):
                enable(backend)
            for sender in senders:
                administrator = securityhub_backends[check_account_id(sender)][backend.region_name]
                enable(administrator)
                associate(administrator, backend, "Invited", {})

    def _aggregator(self, entry: dict[str, t.Any]) -> None:
        """The entry's regions are those that are linked, its region is the home region."""
        home = {"regions": [entry.get("region") or self.regions[0]]}
        for backend in self._backends(entry["account_id"], home):
            enable(backend)
            try:
                backend.create_finding_aggregator(entry.get("mode", "ALL_REGIONS"), entry.get("regions"))
            except ServiceException as error:
                raise ValueError(error.message) from error


def check_account_id(value: t.Any) -> str:
    """Raises ValueError for what is not 12 digits in a string: in YAML and JSON a bare number loses its leading zeros."""
    if not is_account_id(value):
        raise ValueError(f"an account ID is a string of 12 digits, not {value!r}")
    return value


def enable(backend: SecurityHubBackend, entry: dict[str, t.Any] | None = None) -> None:
    """Enable the hub, unless it is, with the standards of an entry or else those that are enabled by default."""
    entry = entry or {}
    if not backend.enabled:
        backend.enable_security_hub(enable_default_standards=False, tags=entry.get("tags"))
        backend.standards.put_defaults()
    if "config_recorder" in entry:
        backend.standards.config_recorder = bool(entry["config_recorder"])
    if "standards" in entry:
        backend.standards.clear()
        for standard in entry["standards"]:
            put_standard(backend, standard if isinstance(standard, dict) else {"name": standard})


def put_standard(backend: SecurityHubBackend, entry: dict[str, t.Any]) -> None:
    """Have a standard enabled for long. Raises ValueError for what it does not understand."""
    if "name" not in entry or set(entry) - {"name", "status", "reason"}:
        raise ValueError(f"a standard is a name, or an object with a name, a status and its reason, not {entry!r}")
    backend.standards.put(**entry)


def associate(administrator: SecurityHubBackend, backend: SecurityHubBackend, status: str, entry: dict[str, t.Any]) -> None:
    """Put an account on an administrator's list, and leave at the account what such a history leaves there."""
    account_id, administrator_id = backend.account_id, administrator.account_id
    organization = bool(entry.get("organization"))
    member = Member(account_id, administrator_id, entry.get("email", f"{account_id}@example.com"), status, organization=organization)
    invitation = Invitation(administrator_id, status, bool(entry.get("declined")))
    administrator.members[account_id] = member
    if status != "Created":
        member.invited_at = invitation.invited_at
    if status in ("Invited", "Enabled", "Resigned") and not organization:
        backend.receive(invitation)
    if status == "Enabled":
        backend.administrator = Administrator(administrator_id, invitation.invited_at, None if organization else invitation.invitation_id, organization)
