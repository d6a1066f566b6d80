# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an invitation's state is, and what is to be done about it: one account in one region. Private to this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from . import _errors as errors
from ._api import ENDED
from ._api import SecurityHubApi
from ._waiting import Poller
from ._waiting import verify_write

if TYPE_CHECKING:
    from ._regions import Outcome

# An acceptance, as GetAdministratorAccount shows it in all but the oldest regions.
ENABLED = "Enabled"


class DesiredState(NamedTuple):
    """What the playbook asks for."""

    state: str
    # The only administrator whose invitation is ever touched
    administrator_id: str
    invitation_id: str | None
    replace_administrator: bool
    # In seconds; 0 for not waiting
    wait_timeout: int
    check_mode: bool


def ensure(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    """Bring the account's side of a membership to the desired state. Reads first, and writes only the difference.

    api: a SecurityHubApi. desired: a DesiredState. outcome: the region's Outcome; changed, state, administrator, previous_administrator
    and, where it is there, invitation_remains are kept true in it at every step. Raises SecurityHubError.
    """
    if desired.state == "accepted" and api.known_account_id == desired.administrator_id:
        raise errors.invalid_input(f"{desired.administrator_id} is the account itself in {api.resolve_location()}: an administrator can't be its own member.")
    current = api.get_administrator()
    outcome.update(administrator=current)
    outcome.before = {"administrator": current}
    after = {"accepted": _accept, "declined": _decline, "absent": _remove}[desired.state](api, desired, current, outcome)
    outcome.update(state=desired.state)
    outcome.after = {**outcome.before, **(after or {}), "administrator": outcome.fields["administrator"]}


def read(api: SecurityHubApi, outcome: Outcome, administrator_id: str | None = None, statuses: list[str] | None = None) -> None:
    """The administrator, the invitations (of a sender and in statuses, where given) and the pending count, as they are."""
    outcome.update(administrator=api.get_administrator())
    invitations = [
        invitation
        for invitation in api.list_invitations()
        if administrator_id in (None, invitation["account_id"]) and (not statuses or invitation["member_status"] in statuses)
    ]
    outcome.update(invitations=invitations)
    outcome.update(pending_count=api.count_invitations())


def _accept(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any] | None, outcome: Outcome) -> None:
    """Accept the invitation, and leave another administrator before where that is asked for."""
    if _is_from(current, desired):
        return
    if current and not desired.replace_administrator:
        raise errors.SecurityHubError(
            errors.DIFFERENT_ADMINISTRATOR,
            f"The administrator in {api.resolve_location()} is {current['account_id']}, not {desired.administrator_id}. "
            "An account has one administrator at most in a region; set replace_administrator=true to leave that one first.",
        )
    # In check mode nobody has sent what would be waited for
    poller = Poller(0 if desired.check_mode else desired.wait_timeout)
    # With another administrator in place, the new invitation is found before anything is given up
    if desired.invitation_id and not (current or poller or desired.check_mode):
        invitation: dict[str, Any] = {"account_id": desired.administrator_id, "invitation_id": desired.invitation_id, "invited_at": None}
    else:
        invitation = _find_invitation(api, desired, poller)
    accepted = {**invitation, "member_status": ENABLED}
    if desired.check_mode:
        outcome.update(changed=True, administrator=accepted, previous_administrator=current)
        return
    if current:
        verify_write(api.leave_administrator, lambda: not _is_same(api.get_administrator(), current))
        outcome.update(changed=True, administrator=None, previous_administrator=current)
    try:
        verify_write(lambda: api.accept(desired.administrator_id, invitation["invitation_id"]), lambda: _is_from(api.get_administrator(), desired))
    except errors.SecurityHubError as e:
        raise _accept_failed(api, desired, invitation, current, e) from e
    outcome.update(changed=True, administrator=accepted)
    if poller:
        outcome.update(administrator=_wait_until_visible(api, desired, poller))


def _decline(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any] | None, outcome: Outcome) -> dict[str, Any] | None:
    """Decline the pending invitation. Returns what diff mode shows of it besides the administrator, or None."""
    if _is_from(current, desired):
        raise errors.SecurityHubError(
            errors.ALREADY_ACCEPTED,
            f"The invitation from {desired.administrator_id} has been accepted already in {api.resolve_location()}, so it can't be declined. "
            "Use state=absent to leave this administrator.",
        )
    outcome.before["invitations"] = found = _pending(api, desired)
    if not found:
        return None
    if not desired.check_mode:
        verify_write(lambda: api.decline_invitation(desired.administrator_id), lambda: not _pending(api, desired))
    outcome.update(changed=True)
    return {"invitations": []}


def _remove(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any] | None, outcome: Outcome) -> dict[str, Any] | None:
    """Leave the administrator, and delete its invitation. Returns what diff mode shows of it besides the administrator, or None."""
    leaving = _is_from(current, desired)
    outcome.before["invitations"] = received = _received(api, desired)
    if leaving:
        if not desired.check_mode:
            verify_write(api.leave_administrator, lambda: not _is_from(api.get_administrator(), desired))
        outcome.update(changed=True, administrator=None, previous_administrator=current)
    if leaving or received:
        # The invitation outlives the membership, also where it was not listed while that lasted
        return {"invitations": _forget_invitation(api, desired, outcome)}
    return None


def _forget_invitation(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> list[dict[str, Any]]:
    """Delete the invitation. Where AWS leaves that to administrators, it is declined, unless it has been. Returns the invitations that remain."""
    try:
        if not desired.check_mode:
            verify_write(lambda: api.delete_invitation(desired.administrator_id), lambda: not _received(api, desired))
    except errors.SecurityHubError as e:
        if not e.is_refusal:
            raise
        remaining = _received(api, desired)
        if remaining:
            outcome.update(invitation_remains=True)
            if any(_is_pending(invitation) for invitation in remaining):
                verify_write(lambda: api.decline_invitation(desired.administrator_id), lambda: not _pending(api, desired))
                outcome.update(changed=True)
                remaining = _received(api, desired)
            return remaining
    outcome.update(changed=True)
    return []


def _is_from(current: dict[str, Any] | None, desired: DesiredState) -> bool:
    return current is not None and current["account_id"] == desired.administrator_id


def _is_same(current: dict[str, Any] | None, other: dict[str, Any]) -> bool:
    return current is not None and current["account_id"] == other["account_id"]


def _received(api: SecurityHubApi, desired: DesiredState) -> list[dict[str, Any]]:
    """The invitations from the desired administrator, whatever their listed status says."""
    return [invitation for invitation in api.list_invitations() if invitation["account_id"] == desired.administrator_id]


def _pending(api: SecurityHubApi, desired: DesiredState) -> list[dict[str, Any]]:
    """The invitations from the desired administrator that have not been declined, which stay listed all the same."""
    return [invitation for invitation in _received(api, desired) if _is_pending(invitation)]


def _is_pending(invitation: dict[str, Any]) -> bool:
    return (invitation["member_status"] or "").lower() not in ENDED


def _find_invitation(api: SecurityHubApi, desired: DesiredState, poller: Poller) -> dict[str, Any]:
    """The invitation to accept: the one named, or the newest from the administrator. Waits for it as long as poller lasts."""
    while True:
        received = _received(api, desired)
        wanted = [invitation for invitation in received if desired.invitation_id in (None, invitation["invitation_id"])]
        if wanted:
            return max(wanted, key=lambda invitation: invitation["invited_at"] or "")
        if not poller.wait():
            break
    where = api.resolve_location()
    if poller:
        raise errors.SecurityHubError(
            errors.TIMEOUT, f"No invitation from {desired.administrator_id} arrived in {where} within {desired.wait_timeout} s. {_how_to_invite(api, desired)}"
        )
    other = f" (its pending one has the ID {received[0]['invitation_id']})" if received else ""
    which = f"invitation {desired.invitation_id}" if desired.invitation_id else "invitation"
    raise errors.SecurityHubError(
        errors.INVITATION_NOT_FOUND, f"There is no {which} from {desired.administrator_id}{other} in {where}. {_how_to_invite(api, desired)}"
    )


def _how_to_invite(api: SecurityHubApi, desired: DesiredState) -> str:
    account_id = api.resolve_account_id()
    if account_id == desired.administrator_id:
        return "This account is that administrator itself: an administrator can't be its own member."
    return (
        f"Let {desired.administrator_id} invite {account_id or 'this account'} in this region (CreateMembers, then InviteMembers), "
        "or set wait=true if the invitation is on its way."
    )


def _wait_until_visible(api: SecurityHubApi, desired: DesiredState, poller: Poller) -> dict[str, Any]:
    """The administrator as the service shows it once the acceptance has arrived everywhere."""
    while True:
        current = api.get_administrator()
        if current and _is_from(current, desired):
            return current
        if not poller.wait():
            raise errors.SecurityHubError(
                errors.TIMEOUT,
                f"The invitation from {desired.administrator_id} was accepted in {api.resolve_location()}, but the account did not show its new "
                f"administrator within {desired.wait_timeout} s. Run the task again to check.",
            )


def _accept_failed(
    api: SecurityHubApi, desired: DesiredState, invitation: dict[str, Any], left: dict[str, Any] | None, error: errors.SecurityHubError
) -> errors.SecurityHubError:
    """The error of an acceptance that did not happen, told so that nobody has to guess what state the account is in."""
    if error.code == "ResourceNotFoundException":
        error = error.with_reason(
            errors.INVITATION_NOT_FOUND,
            f"The invitation {invitation['invitation_id']} from {desired.administrator_id} does not exist any more in {api.resolve_location()}: "
            f"{error.aws_message}. {_how_to_invite(api, desired)}",
        )
    if left:
        error = error.with_reason(
            error.reason,
            f"{error.message} The account has left {left['account_id']} already and has no administrator in this region now. "
            "Fix the cause, then rerun the task.",
        )
    return error
