# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring an administrator's members to a state: one region. Private to this collection.

The difference between the actual and the desired state is worked out first, account by account; then each step of it is made for all
accounts that need it, in batches. An account that the service leaves unprocessed gets an error of its own and the others go on, unless
the service shows that it is where the step leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from . import _errors as errors
from ._api import SecurityHubApi
from ._calls import batches
from ._waiting import SETTLING_TIMEOUT
from ._waiting import Doubt
from ._waiting import Poller
from ._waiting import make_write

if TYPE_CHECKING:
    from ._regions import Outcome

# In older regions an accepted member is Associated
ENABLED = ("Enabled", "Associated")
SUSPENDED = "AccountSuspended"
# Who has left, and whom the administrator has removed
GONE = ("Resigned", "Removed")
# An account that is not on the administrator's list, or no longer
NO_MEMBER = (None, "Deleted")
# All that AWS has
STATUSES = ("Created", "Invited", *ENABLED, "Removed", "Resigned", "Deleted", SUSPENDED)

# The statuses that tell that a step has been made, or that it is needless now; the first is what it leads to
_STATUSES_AFTER: dict[str, tuple[str | None, ...]] = {
    "create": ("Created", "Invited", *ENABLED),
    "invite": ("Invited", *ENABLED),
    "disassociate": ("Removed", "Resigned", *NO_MEMBER),
    "delete": NO_MEMBER,
}
# The service may not know everywhere yet that the one was made when the other is asked for
_FOLLOWS = {"invite": "create", "delete": "disassociate"}

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
        SUSPENDED: ("disassociate", "delete"),
    },
}

# Errors that every further call would meet too
_HOPELESS = (
    errors.ACCESS_DENIED,
    errors.CREDENTIALS,
    errors.ENDPOINT_UNREACHABLE,
    errors.HUB_NOT_ENABLED,
    errors.NO_ORGANIZATION,
    errors.NOT_DELEGATED_ADMINISTRATOR,
    errors.REGION_NOT_ENABLED,
)


class DesiredState(NamedTuple):
    """What the playbook asks for."""

    state: str
    # Whether members that have left or were removed are invited again, and those that have an invitation already
    reinvite: bool
    resend: bool
    # By account ID, in the order asked for
    emails: dict[str, str | None]
    check_mode: bool

    def steps(self) -> dict[str | None, tuple[str, ...]]:
        """Return what each status needs."""
        steps = dict(_STEPS[self.state])
        if self.state == "invited":
            if not self.reinvite:
                for status in GONE:
                    steps.pop(status)
            if self.resend:
                steps["Invited"] = ("invite",)
        return steps


def ensure(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    """Bring the administrator's side of the memberships to the desired state.

    api: a SecurityHubApi. desired: a DesiredState. outcome: the region's Outcome; changed, state and members are kept true in it at
    every step. Raises SecurityHubError for the region, with the accounts' own errors among the members, where any account failed.
    """
    if desired.state != "absent" and api.resolve_account_id() in desired.emails:
        raise api.error(errors.INVALID_INPUT, "{account} is the administrator itself in {place}: it can't be its own member. Take it out of members.")
    found = api.get_members(desired.emails)
    members = {account_id: _Member(account_id, email, found.get(account_id)) for account_id, email in desired.emails.items()}
    outcome.before = {account_id: member.status for account_id, member in members.items()}
    suspended = [account_id for account_id, member in members.items() if member.status == SUSPENDED]
    if suspended and desired.state != "absent":
        outcome.warn(f"Suspended by AWS, and left as they are: {', '.join(suspended)}. Once reactivated, they must be enabled by hand.")
    steps = desired.steps()
    kept: list[_Member] = []
    try:
        for step in ("create", "invite", "disassociate", "delete"):
            todo = [member for member in members.values() if step in steps.get(member.status, ()) and not member.error]
            for batch in batches(todo):
                if desired.check_mode:
                    for member in batch:
                        member.done(step)
                else:
                    _make(api, step, batch)
                    if step == "create":
                        _see_who_is_in_force(api, batch)
        if not desired.check_mode:
            _read_back(api, list(members.values()))
        if desired.state == "absent":
            kept = [member for member in members.values() if _explain_kept_entry(member)]
    finally:
        outcome.update(changed=any(member.changed for member in members.values()), members=[member.as_dict() for member in members.values()])
        outcome.after = {account_id: member.status for account_id, member in members.items()}
    failed = {member.account_id: member.error for member in members.values() if member.error}
    if failed:
        account_id, first = next(iter(failed.items()))
        what = "{failed} of {count} members failed in {place}; the first of them, {account_id}: {first}"
        if len(kept) == len(failed):
            what = "All memberships have ended in {place}, but {failed} of {count} entries can't be deleted; the first of them, {account_id}: {first}"
            what = "{first}" if len(members) == 1 else what
        message = first.what.followed_by(first.advice)
        raise first.replaced(what, place=api.resolve_place(), failed=len(failed), count=len(members), account_id=account_id, first=message)
    outcome.update(state=desired.state)


def read(api: SecurityHubApi, outcome: Outcome, account_ids: list[str] | None = None, statuses: list[str] | None = None) -> None:
    """Read the members into the outcome: all of them or those named, and of these the ones in any of the statuses, where some are given."""
    members = api.list_members() if account_ids is None else list(api.get_members(account_ids).values())
    outcome.update(members=[member for member in members if not statuses or member["member_status"] in statuses])


class _Member:
    """One account on its way from the status it was found in."""

    def __init__(self, account_id: str, email: str | None, found: dict[str, Any] | None) -> None:
        self.account_id = account_id
        self.details = found or {"email": email, "administrator_id": None, "invited_at": None, "updated_at": None}
        self.email = email
        self.previous_status: str | None = found["member_status"] if found else None
        self.previous_invited_at: str | None = found["invited_at"] if found else None
        self.status = self.previous_status
        self.changed = False
        self.error: errors.SecurityHubError | None = None
        self.steps: list[str] = []

    def done(self, step: str) -> None:
        """Note that a step was made."""
        self.steps.append(step)
        self.changed = True
        self.status = _STATUSES_AFTER[step][0]

    def is_at(self, status: str | None, step: str, changed: bool) -> None:
        """Note a status that AWS shows, to which the step leads. changed: whether it was made here."""
        self.steps.append(step)
        self.changed = self.changed or changed
        self.status = status

    def shows(self, step: str, found: dict[str, Any] | None) -> bool:
        """Return whether what AWS shows of the account, or None, means that a step was made, or that it is needless now."""
        status = found["member_status"] if found else None
        # An invitation that is sent once more leads nowhere else
        sent_before = step == "invite" and status == self.previous_status == "Invited"
        return status in _STATUSES_AFTER[step] and not (sent_before and found and found["invited_at"] == self.previous_invited_at)

    def as_dict(self) -> dict[str, Any]:
        """Return the account's part of the result."""
        result = {
            "account_id": self.account_id,
            **{name: self.details[name] for name in ("email", "administrator_id", "invited_at", "updated_at")},
            "member_status": self.status,
            "previous_status": self.previous_status,
            "changed": self.changed,
        }
        if self.error:
            result["error"] = self.error
        return result


def _make(api: SecurityHubApi, step: str, batch: list[_Member]) -> None:
    """Make one step for a batch of accounts, and note what became of each. For those that fail, the status that the service shows decides.

    Raises the error of a call that every further call would meet too.
    """
    todo = {member.account_id: member for member in batch}
    failed: dict[str, errors.SecurityHubError] = {}
    doubtful: set[str] = set()

    def is_temporary(account_id: str) -> bool:
        error = failed[account_id]
        follows = step == "disassociate" or _FOLLOWS.get(step) in todo[account_id].steps
        return follows and (error.is_already_so or error.is_about_association)

    def write(doubt: Doubt) -> None:
        asked = [member for account_id, member in todo.items() if account_id not in failed or is_temporary(account_id)]
        left_out = _call_for_each(api, step, asked, doubtful)
        for member in asked:
            failed.pop(member.account_id, None)
            if member.account_id not in left_out:
                todo.pop(member.account_id).done(step)
        failed.update(left_out)
        if not doubtful.isdisjoint(todo):
            doubt.raise_it()
        if todo:
            # One speaks for all: the one that leaves most hope
            raise min(failed.values(), key=lambda error: (not error.is_already_so, error.is_denied))

    def has_happened() -> bool:
        found = api.get_members(todo)
        for account_id, member in list(todo.items()):
            shown = found.get(account_id)
            if member.shows(step, shown):
                failed.pop(account_id)
                todo.pop(account_id).is_at(shown["member_status"] if shown else None, step, changed=account_id in doubtful)
        return not todo

    try:
        make_write(write, has_happened, lambda error: any(map(is_temporary, todo)))
    except errors.SecurityHubError:
        hopeless = next((error for error in failed.values() if error.reason in _HOPELESS), None)
        if hopeless and len(todo) == len(batch):
            raise hopeless from None
        for account_id, member in todo.items():
            member.error = failed[account_id]


def _see_who_is_in_force(api: SecurityHubApi, batch: list[_Member]) -> None:
    """Note which of the accounts that were created just now became members at once, as those of the administrator's organization do."""
    created = {member.account_id: member for member in batch if not member.error}
    if created:
        for account_id, found in api.get_members(created).items():
            created[account_id].status = found["member_status"]


def _call_for_each(api: SecurityHubApi, step: str, members: list[_Member], doubtful: set[str]) -> dict[str, errors.SecurityHubError]:
    """Make one step for accounts. Where a whole call is refused for accounts of an organization, only those are.

    doubtful: gets the account IDs for which the step may have worked although it failed. Returns the errors by account ID.
    """
    doubt = Doubt()
    try:
        left_out = _call(api, step, members, doubt)
    except errors.SecurityHubError as e:
        if e.reason == errors.ORGANIZATION_MANAGED and len(members) > 1:
            middle = len(members) // 2
            return {**_call_for_each(api, step, members[:middle], doubtful), **_call_for_each(api, step, members[middle:], doubtful)}
        left_out = {member.account_id: e for member in members}
    if doubt:
        doubtful.update(left_out)
    return left_out


def _call(api: SecurityHubApi, step: str, members: list[_Member], doubt: Doubt) -> dict[str, errors.SecurityHubError]:
    """Make one step for accounts. Returns the errors by account ID."""
    account_ids = [member.account_id for member in members]
    if step == "create":
        return api.create_members({member.account_id: member.email for member in members}, doubt)
    if step == "invite":
        return api.invite_members(account_ids, doubt)
    if step == "disassociate":
        return api.disassociate_members(account_ids, doubt)
    failed = api.delete_members(account_ids, doubt)
    # Which statuses must be disassociated first is the service's word, also where it has changed since the members were read
    associated = [member for member in members if "disassociate" not in member.steps and _must_be_disassociated(failed.get(member.account_id))]
    if associated:
        _make(api, "disassociate", associated)
        again = [member.account_id for member in associated if not member.error]
        failed = {account_id: error for account_id, error in failed.items() if account_id not in again}
        failed.update(api.delete_members(again, doubt) if again else {})
    return failed


def _must_be_disassociated(error: errors.SecurityHubError | None) -> bool:
    """Return whether AWS refuses to delete an account since it is still associated. error: of deleting it, if it failed."""
    return error is not None and error.is_about_association


def _explain_kept_entry(member: _Member) -> bool:
    """Return whether a membership has ended and AWS does not delete its entry, since the account belongs to the organization. Its error says so then."""
    error = member.error
    if error is None or error.reason != errors.ORGANIZATION_MANAGED or member.status not in GONE:
        return False
    member.error = error.replaced(
        "The membership of {account_id} has ended in {place}, but its entry ({status}) can't be deleted, "
        "since the account belongs to the organization: {words}.",
        "No further step is needed: take {account_id} out of {option.members}.",
        account_id=member.account_id,
        status=member.status,
        words=": ".join(filter(None, (error.code, error.response.message))).rstrip("."),
    )
    return True


def _read_back(api: SecurityHubApi, members: list[_Member]) -> None:
    """Read the details and times that the service shows now of the accounts that were written to. It may lag; the statuses stand.

    Where a later step has failed, the service decides what became of the earlier one.
    """
    poller = Poller(SETTLING_TIMEOUT)
    members = [member for member in members if member.changed]
    while members:
        try:
            found = api.get_members([member.account_id for member in members])
        except errors.SecurityHubError:
            return  # the writes are known to have worked; only their times are not
        unclear = []
        for member in members:
            shown = found.get(member.account_id)
            member.details = shown or member.details
            if member.error:
                member.status = shown["member_status"] if shown else None
                member.changed = member.status != member.previous_status
                if not member.changed:
                    unclear.append(member)
        if not unclear or not poller.wait():
            return
        members = unclear
