# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the member's side of a membership to a state: one account in one region. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from . import _errors as errors
from ._api import ENDED
from ._api import SecurityHubApi
from ._waiting import REFUSAL_TIMEOUT
from ._waiting import SETTLING_TIMEOUT
from ._waiting import Doubt
from ._waiting import Poller
from ._waiting import make_write

if TYPE_CHECKING:
    from ._regions import Outcome

# An acceptance, as GetAdministratorAccount shows it in all but the oldest regions.
ENABLED = "Enabled"
# Of an invitation, in small letters
_ANSWERED = (*ENDED, "enabled", "associated")


class DesiredState(NamedTuple):
    """What the playbook asks for."""

    state: str
    # The only administrator whose invitation is ever touched
    administrator_id: str
    invitation_id: str | None
    replace_administrator: bool
    # Leave another administrator though no invitation is there yet: AWS may hold it back until then
    leave_first: bool
    # In seconds; 0 for not waiting
    wait_timeout: int
    check_mode: bool


def ensure(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    """Bring the account's side of a membership to the desired state. Reads first, and writes only the difference.

    api: a SecurityHubApi. desired: a DesiredState. outcome: the region's Outcome; changed, state, administrator, previous_administrator
    and, where it is there, invitation_remains are kept true in it at every step. Raises SecurityHubError.
    """
    if desired.state == "accepted" and api.known_account_id == desired.administrator_id:
        what = "administrator_id is {administrator_id}, the account that the task acts in ({place}). No account is its own administrator."
        raise api.error(errors.INVALID_INPUT, what, administrator_id=desired.administrator_id)
    current = api.get_administrator()
    outcome.update(administrator=current)
    outcome.before = {"administrator": current}
    after = {"accepted": _accept, "declined": _decline, "absent": _remove}[desired.state](api, desired, current, outcome)
    outcome.update(state=desired.state)
    outcome.after = {**outcome.before, **(after or {}), "administrator": outcome.fields["administrator"]}


def read(api: SecurityHubApi, outcome: Outcome, administrator_id: str | None = None, statuses: list[str] | None = None) -> None:
    """Read the administrator, the invitations (of a sender and in statuses, where given) and the pending count into the outcome."""
    outcome.update(administrator=api.get_administrator())
    invitations = [
        invitation
        for invitation in api.list_invitations()
        if administrator_id in (None, invitation["account_id"]) and (not statuses or invitation["member_status"] in statuses)
    ]
    outcome.update(invitations=invitations)
    outcome.update(pending_count=api.count_invitations())


def unanswered(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the invitations that nobody has accepted or declined. found: a region's part of the result of read()."""
    administrator_id = (found.get("administrator") or {}).get("account_id")
    return [
        invitation
        for invitation in found.get("invitations") or []
        # Older regions go on saying Invited of the one that was accepted
        if invitation["account_id"] != administrator_id and (invitation["member_status"] or "").lower() not in _ANSWERED
    ]


def _accept(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any] | None, outcome: Outcome) -> None:
    """Accept the invitation, and leave another administrator before where that is asked for."""
    # In check mode nobody has sent what would be waited for
    poller = Poller(0 if desired.check_mode else desired.wait_timeout)
    # With another administrator in place, the new invitation is found before anything is given up, unless leave_first says otherwise
    current, candidates = _find_invitations(api, desired, current, poller, outcome)
    if _is_from(current, desired):
        return
    if desired.check_mode:
        if current and not candidates:
            outcome.warn(f"The invitation from {desired.administrator_id} can't be looked for: AWS may hold it back until {current['account_id']} is left.")
        foreseen = candidates[0] if candidates else _unseen_invitation(desired)
        outcome.update(changed=True, administrator=_accepted(foreseen), previous_administrator=current)
        return
    if current:
        _leave(api, current, outcome)
        try:
            if not candidates:
                found, candidates = _find_invitations(api, desired, None, poller, outcome, left=current)
                if _is_from(found, desired):
                    return
            # The one that was left may still count for a moment
            _accept_invitation(api, desired, candidates, outcome, _is_about_former_administrator, timeout=max(REFUSAL_TIMEOUT, desired.wait_timeout))
        except errors.SecurityHubError as e:
            raise e.followed_by(
                "The account has left {former} already and has no administrator in this region now. Fix the cause, then {rerun}.",
                former=current["account_id"],
            ) from e
    else:
        _accept_invitation(api, desired, candidates, outcome)
    if poller:
        outcome.update(administrator=_wait_until_visible(api, desired, poller))


def _accept_invitation(
    api: SecurityHubApi,
    desired: DesiredState,
    candidates: list[dict[str, Any]],
    outcome: Outcome,
    is_temporary: Callable[[errors.SecurityHubError], bool] = lambda error: error.is_later,
    timeout: float = SETTLING_TIMEOUT,
) -> None:
    """Accept the first of these invitations that AWS still knows. is_temporary, timeout: as of make_write."""

    def accept(doubt: Doubt) -> None:
        outcome.update(administrator=_accepted(_accept_first(api, desired, candidates, doubt)))

    def is_accepted() -> bool:
        found = api.get_administrator()
        if _is_from(found, desired):
            outcome.update(administrator=found)
        return _is_from(found, desired)

    try:
        accepted_now = make_write(accept, is_accepted, is_temporary, timeout)
    except errors.SecurityHubError as e:
        if not e.is_missing:
            raise
        what = "The invitation {invitation_id} from {administrator_id} does not exist any more in {place}: {words}."
        facts = {"invitation_id": candidates[0]["invitation_id"], "words": e.response.message, "administrator_id": desired.administrator_id}
        raise e.replaced(what, _how_to_invite(api, desired), errors.INVITATION_NOT_FOUND, api.resolve_place(), **facts) from e
    outcome.update(changed=accepted_now or outcome.changed)


def _decline(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any] | None, outcome: Outcome) -> dict[str, Any] | None:
    """Decline the pending invitation. Returns what diff mode shows of it besides the administrator, or None."""
    if _is_from(current, desired):
        raise _already_accepted(api, desired)
    outcome.before["invitations"] = found = _pending(api, desired)
    if not found:
        return None
    if desired.check_mode:
        outcome.update(changed=True)
        return {"invitations": []}
    try:
        outcome.update(changed=make_write(partial(api.decline_invitation, desired.administrator_id), lambda: not _pending(api, desired)))
    except errors.SecurityHubError as e:
        if e.is_refused and _is_from(api.get_administrator(), desired):
            raise _already_accepted(api, desired) from e
        raise
    return {"invitations": []}


def _already_accepted(api: SecurityHubApi, desired: DesiredState) -> errors.SecurityHubError:
    what = "The invitation from {administrator_id} has been accepted already in {place}, so it can't be declined."
    return api.error(errors.ALREADY_ACCEPTED, what, "Use state=absent to leave this administrator.", administrator_id=desired.administrator_id)


def _remove(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any] | None, outcome: Outcome) -> dict[str, Any] | None:
    """Leave the administrator, and delete its invitation. Returns what diff mode shows of it besides the administrator, or None."""
    leaving = current if _is_from(current, desired) else None
    outcome.before["invitations"] = received = _received(api, desired)
    if desired.check_mode:
        if leaving:
            outcome.update(administrator=None, previous_administrator=leaving)
        outcome.update(changed=bool(leaving or received))
        return {"invitations": []} if leaving or received else None
    if leaving:
        _leave(api, leaving, outcome)
    if leaving or received:
        # The invitation outlives the membership, also where it was not listed while that lasted
        return {"invitations": _forget_invitation(api, desired, outcome)}
    return None


def _leave(api: SecurityHubApi, current: dict[str, Any], outcome: Outcome) -> None:
    """Leave the current administrator. Retry where AWS says that there is none, but goes on showing it."""
    left_now = make_write(api.leave_administrator, lambda: not _is_same(api.get_administrator(), current), _is_about_leaving)
    outcome.update(changed=left_now or outcome.changed, administrator=None, previous_administrator=current)


def _forget_invitation(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> list[dict[str, Any]]:
    """Delete the invitation. Where AWS leaves that to administrators, it is declined, unless it has been. Returns the invitations that remain."""
    has_left = outcome.fields["previous_administrator"] is not None

    def is_temporary(error: errors.SecurityHubError) -> bool:
        return error.is_later or (has_left and _is_about_membership(error))

    try:
        deleted_now = make_write(partial(api.delete_invitation, desired.administrator_id), lambda: not _received(api, desired), is_temporary)
    except errors.SecurityHubError as e:
        if not e.is_refused:
            raise
        remaining = _received(api, desired)
        if remaining:
            outcome.update(invitation_remains=True)
            if any(_is_pending(invitation) for invitation in remaining):
                declined_now = make_write(partial(api.decline_invitation, desired.administrator_id), lambda: not _pending(api, desired), is_temporary)
                outcome.update(changed=declined_now or outcome.changed)
                remaining = _received(api, desired)
            return remaining
        deleted_now = False
    outcome.update(changed=deleted_now or outcome.changed)
    return []


def _is_about_leaving(error: errors.SecurityHubError) -> bool:
    """Return whether AWS refuses to leave an administrator for now only, perhaps since it does not know of the membership yet."""
    return error.is_already_so or error.is_later


def _is_about_former_administrator(error: errors.SecurityHubError) -> bool:
    """Return whether AWS refuses to accept since the administrator that was just left still counts, which passes."""
    return error.is_refused and (error.reason in (errors.INVALID_INPUT, errors.AWS_ERROR) or error.is_about_membership)


def _is_about_membership(error: errors.SecurityHubError) -> bool:
    """Return whether AWS refuses a write since the membership that was just left still counts, which passes."""
    return error.is_refused and error.is_about_membership


def _is_from(current: dict[str, Any] | None, desired: DesiredState) -> bool:
    return current is not None and current["account_id"] == desired.administrator_id


def _is_same(current: dict[str, Any] | None, other: dict[str, Any]) -> bool:
    return current is not None and current["account_id"] == other["account_id"]


def _received(api: SecurityHubApi, desired: DesiredState) -> list[dict[str, Any]]:
    """Return the invitations from the desired administrator, whatever their listed status says."""
    return [invitation for invitation in api.list_invitations() if invitation["account_id"] == desired.administrator_id]


def _pending(api: SecurityHubApi, desired: DesiredState) -> list[dict[str, Any]]:
    """Return the invitations from the desired administrator that have not been declined, which stay listed all the same."""
    return [invitation for invitation in _received(api, desired) if _is_pending(invitation)]


def _is_pending(invitation: dict[str, Any]) -> bool:
    return (invitation["member_status"] or "").lower() not in ENDED


def _find_invitations(
    api: SecurityHubApi,
    desired: DesiredState,
    current: dict[str, Any] | None,
    poller: Poller,
    outcome: Outcome,
    left: dict[str, Any] | None = None,
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the administrator as it is now, and the invitations to accept: the one named, or all from the desired administrator, the newest first.

    Waits for them as long as poller lasts. There are none only where the desired administrator is the current one, or where another one
    is to be left first. left: the one that has been left, and that AWS may show for a moment.
    """
    if desired.invitation_id and not (current or poller or desired.check_mode):
        return current, [_unseen_invitation(desired)]
    while True:
        if _is_from(current, desired):
            return current, []
        if current and not desired.replace_administrator:
            raise api.error(
                errors.DIFFERENT_ADMINISTRATOR,
                "The administrator in {place} is {current}, not {administrator_id}. An account has one administrator at most in a region; "
                "set {option.replace_administrator}=true to leave that one first.",
                current=current["account_id"],
                administrator_id=desired.administrator_id,
            )
        received = _received(api, desired)
        wanted = [invitation for invitation in received if desired.invitation_id in (None, invitation["invitation_id"])]
        if wanted or (current and desired.leave_first):
            return current, sorted(wanted, key=lambda invitation: invitation["invited_at"] or "", reverse=True)
        # It may have been accepted meanwhile, by somebody else or by a run before this one
        current = api.get_administrator()
        if left and _is_same(current, left):
            current = None
        outcome.update(administrator=current)
        if not _is_from(current, desired) and not poller.wait():
            break
    advice = _how_to_invite(api, desired, waited=bool(poller))
    facts = {"administrator_id": desired.administrator_id, "current": current and current["account_id"]}
    if current:
        advice = "AWS may hold it back while {current} is the administrator: {option.leave_first}=true leaves that one first. " + advice
    if poller:
        what = "No invitation from {administrator_id} arrived in {place} within {timeout} s."
        raise api.error(errors.TIMEOUT, what, advice, timeout=desired.wait_timeout, **facts)
    what = "There is no {which} from {administrator_id}{other} in {place}."
    facts["other"] = f" (its pending one has the ID {received[0]['invitation_id']})" if received else ""
    facts["which"] = f"invitation {desired.invitation_id}" if desired.invitation_id else "invitation"
    raise api.error(errors.INVITATION_NOT_FOUND, what, advice, **facts)


def _accept_first(api: SecurityHubApi, desired: DesiredState, candidates: list[dict[str, Any]], doubt: Doubt) -> dict[str, Any]:
    """Accept the first of these invitations that AWS still knows, and return it. Raises the last one's error where it knows none."""
    for invitation in candidates:
        try:
            api.accept(desired.administrator_id, invitation["invitation_id"], doubt)
            return invitation
        except errors.SecurityHubError as e:
            if not e.is_missing or invitation is candidates[-1]:
                raise
    raise ValueError("There is nothing to accept")


def _accepted(invitation: dict[str, Any]) -> dict[str, Any]:
    """Return an invitation as an administrator, once it is accepted."""
    return {**invitation, "member_status": ENABLED}


def _unseen_invitation(desired: DesiredState) -> dict[str, Any]:
    """Return an invitation of which nothing is known but its sender, and its ID where one was asked for."""
    return {"account_id": desired.administrator_id, "invitation_id": desired.invitation_id, "invited_at": None}


def _how_to_invite(api: SecurityHubApi, desired: DesiredState, waited: bool = False) -> str:
    """Return the template of how the invitation comes about. AWS: as resolve_account_id."""
    if api.resolve_account_id() == desired.administrator_id:
        return "This account is that administrator itself: an administrator can't be its own member."
    next_step = "then {rerun}" if waited else "{or_wait}"
    return "Let {administrator_id} invite {account} in this region (CreateMembers, then InviteMembers), " + next_step + "."


def _wait_until_visible(api: SecurityHubApi, desired: DesiredState, poller: Poller) -> dict[str, Any]:
    """Return the administrator as the service shows it once the acceptance has arrived everywhere."""
    while True:
        current = api.get_administrator()
        if current and _is_from(current, desired):
            return current
        if not poller.wait():
            raise api.error(
                errors.TIMEOUT,
                "The invitation from {administrator_id} was accepted in {place}, but the account did not show its new administrator within {timeout} s.",
                "{Rerun} to check.",
                timeout=desired.wait_timeout,
                administrator_id=desired.administrator_id,
            )
