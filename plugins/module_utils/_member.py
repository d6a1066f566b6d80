# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which members an administrator has, and what is to be done about them: one region. Private to this collection.

The difference between the actual and the desired state is worked out first, account by account; then each step of it is made for all
accounts that need it, in batches. An account that the service leaves unprocessed gets an error of its own and the others go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from . import _errors as errors
from ._api import SecurityHubApi
from ._api import batches

if TYPE_CHECKING:
    from ._regions import Outcome

# In older regions an accepted member is Associated
ENABLED = ("Enabled", "Associated")

# The statuses that tell that a step has been made; the first is what it leads to
_STATUSES_AFTER: dict[str, tuple[str | None, ...]] = {
    "create": ("Created",),
    "invite": ("Invited", *ENABLED),
    "disassociate": ("Removed",),
    "delete": (None, "Deleted"),
}

# What each status needs, step by step, to reach a state. A status not named here needs nothing: the membership is under way, in force
# or (AccountSuspended) in AWS's hands. None stands for an account that is no member.
_STEPS: dict[str, dict[str | None, tuple[str, ...]]] = {
    "invited": {
        None: ("create", "invite"),
        "Deleted": ("create", "invite"),
        "Created": ("invite",),
        "Removed": ("invite",),
        "Resigned": ("invite",),
    },
    "present": {None: ("create",), "Deleted": ("create",)},
    "absent": {
        "Created": ("delete",),
        "Invited": ("delete",),
        "Removed": ("delete",),
        "Resigned": ("delete",),
        "Enabled": ("disassociate", "delete"),
        "Associated": ("disassociate", "delete"),
        "AccountSuspended": ("disassociate", "delete"),
    },
}

# Errors that every further call would meet too
_HOPELESS = (
    errors.ACCESS_DENIED,
    errors.CREDENTIALS,
    errors.ENDPOINT_UNREACHABLE,
    errors.HUB_NOT_ENABLED,
    errors.REGION_NOT_ENABLED,
)


class DesiredState(NamedTuple):
    """What the playbook asks for."""

    state: str
    # By account ID, in the order asked for
    emails: dict[str, str | None]
    check_mode: bool


def ensure(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    """Bring the administrator's side of the memberships to the desired state.

    api: a SecurityHubApi. desired: a DesiredState. outcome: the region's Outcome; changed, state and members are kept true in it at
    every step. Raises SecurityHubError for the region, with the accounts' own errors among the members, where any account failed.
    """
    if desired.state != "absent" and api.resolve_account_id() in desired.emails:
        raise errors.invalid_input(
            f"{api.resolve_account_id()} is the administrator itself in {api.resolve_location()}: it can't be its own member. Take it out of members."
        )
    found = api.get_members(desired.emails)
    members = {account_id: _Member(account_id, email, found.get(account_id)) for account_id, email in desired.emails.items()}
    outcome.before = {account_id: member.status for account_id, member in members.items()}
    try:
        for step in ("create", "invite", "disassociate", "delete"):
            todo = [member for member in members.values() if member.needs(step, desired.state)]
            for batch in batches(todo):
                _make(api, step, batch, desired.check_mode)
        if not desired.check_mode:
            _read_back(api, [member for member in members.values() if member.changed])
    finally:
        outcome.update(changed=any(member.changed for member in members.values()), members=[member.as_dict() for member in members.values()])
        outcome.after = {account_id: member.status for account_id, member in members.items()}
    failed = {member.account_id: member.error for member in members.values() if member.error}
    if failed:
        account_id, first = next(iter(failed.items()))
        where = api.resolve_location()
        raise first.with_reason(first.reason, f"{len(failed)} of {len(members)} members failed in {where}; the first of them, {account_id}: {first.message}")
    outcome.update(state=desired.state)


def read(api: SecurityHubApi, outcome: Outcome, account_ids: list[str] | None = None, statuses: list[str] | None = None) -> None:
    """The members as they are: all of them or those named, and of these the ones in any of the statuses, where some are given."""
    members = api.list_members() if account_ids is None else list(api.get_members(account_ids).values())
    outcome.update(members=[member for member in members if not statuses or member["member_status"] in statuses])


class _Member:
    """One account on its way from the status it was found in."""

    def __init__(self, account_id: str, email: str | None, found: dict[str, Any] | None) -> None:
        self.account_id = account_id
        self.details = found or {"email": email, "administrator_id": None, "invited_at": None, "updated_at": None}
        self.email = email
        self.previous_status: str | None = found["member_status"] if found else None
        self.status = self.previous_status
        self.changed = False
        self.error: errors.SecurityHubError | None = None
        self._steps: tuple[str, ...] | None = None

    def needs(self, step: str, state: str) -> bool:
        """Whether the account needs this step to reach the state, now that the earlier ones are made."""
        if self._steps is None:
            self._steps = _STEPS[state].get(self.status, ())
        return step in self._steps and not self.error

    def done(self, step: str) -> None:
        """The step was made."""
        self.changed = True
        self.status = _STATUSES_AFTER[step][0]

    def as_dict(self) -> dict[str, Any]:
        """The account's part of the result."""
        result = {
            "account_id": self.account_id,
            **{name: self.details[name] for name in ("email", "administrator_id", "invited_at", "updated_at")},
            "member_status": self.status,
            "previous_status": self.previous_status,
            "changed": self.changed,
        }
        if self.error:
            result["error"] = self.error.as_dict()
        return result


def _make(api: SecurityHubApi, step: str, batch: list[_Member], check_mode: bool) -> None:
    """Make one step for a batch of accounts, and note what became of each."""
    failed = {}
    if not check_mode:
        try:
            failed = _call(api, step, [member.account_id for member in batch], batch)
        except errors.SecurityHubError as e:
            failed = _errors_after_failure(api, step, batch, e)
    for member in batch:
        member.error = failed.get(member.account_id)
        if not member.error:
            member.done(step)


def _call(api: SecurityHubApi, step: str, account_ids: list[str], batch: list[_Member]) -> dict[str, errors.SecurityHubError]:
    """One step for a batch. Returns the errors by account ID."""
    if step == "create":
        return api.create_members({member.account_id: member.email for member in batch})
    if step == "invite":
        return api.invite_members(account_ids)
    if step == "disassociate":
        return api.disassociate_members(account_ids)
    failed = api.delete_members(account_ids)
    # Which statuses must be disassociated first is the service's word, also where it has changed since the members were read
    associated = [account_id for account_id, error in failed.items() if "disassociat" in (error.aws_message or "").lower()]
    if associated:
        api.disassociate_members(associated)
        for member in batch:
            if member.account_id in associated:
                member.done("disassociate")
        failed = {**{account_id: error for account_id, error in failed.items() if account_id not in associated}, **api.delete_members(associated)}
    return failed


def _errors_after_failure(api: SecurityHubApi, step: str, batch: list[_Member], error: errors.SecurityHubError) -> dict[str, errors.SecurityHubError]:
    """After a step failed as a whole, ask for which accounts it worked all the same. Returns the errors by account ID.

    Raises the error itself where nothing can be told, or where it would meet every further call too.
    """
    try:
        found = api.get_members([member.account_id for member in batch])
    except errors.SecurityHubError:
        raise error from None
    failed = {member.account_id: error for member in batch if found.get(member.account_id, {}).get("member_status") not in _STATUSES_AFTER[step]}
    if error.reason in _HOPELESS and len(failed) == len(batch):
        raise error
    return failed


def _read_back(api: SecurityHubApi, members: list[_Member]) -> None:
    """The details and times that the service shows now of the accounts that were written to. It may lag; the statuses stand."""
    if not members:
        return
    try:
        found = api.get_members([member.account_id for member in members])
    except errors.SecurityHubError:
        return  # the writes are known to have worked; only their times are not
    for member in members:
        if found.get(member.account_id):
            member.details = found[member.account_id]
