# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an invitation's state is, and what is to be done about it: one account in one region.

No Ansible, no threads, no connections here. L{ensure} reads first and writes only the difference.
"""

from __future__ import annotations

import time
from collections import namedtuple

from . import errors
from . import turns
from .api import ENDED
from .settle import settle

# What the playbook asks for. administrator_id is the only administrator whose invitation is ever touched.
Wish = namedtuple("Wish", "state administrator_id invitation_id replace_administrator wait_timeout check_mode")

# An acceptance, as GetAdministratorAccount shows it in all but the oldest regions.
ENABLED = "Enabled"

_FIRST_POLL = 1
_SLOWEST_POLL = 10


def ensure(api, wish, outcome):
    """Bring the account's side of a membership to the state wished for.

    api: a L{SecurityHubApi}. wish: a L{Wish}; its wait_timeout is in seconds, 0 for not waiting.
    outcome: a dict of the region's result; changed, state, administrator, previous_administrator and, where it is there,
    invitation_remains are kept true in it at every step, so that they are right also when SecurityHubError is raised half-way.
    before and after are for diff mode.
    """
    if wish.state == "accepted" and api.place.known_account_id() == wish.administrator_id:
        raise errors.invalid_input(f"{wish.administrator_id} is the account itself in {api.place}: an administrator can't be its own member.")
    outcome["administrator"] = current = api.get_administrator()
    outcome["before"] = {"administrator": current}
    {"accepted": _accept, "declined": _decline, "absent": _remove}[wish.state](api, wish, current, outcome)
    outcome["state"] = wish.state
    outcome["after"] = {**outcome["before"], **outcome.pop("after", {}), "administrator": outcome["administrator"]}


def read(api, outcome, administrator_id=None, statuses=None):
    """The administrator, the invitations (of a sender and in statuses, where given) and the pending count, as they are."""
    outcome["administrator"] = api.get_administrator()
    outcome["invitations"] = [
        invitation
        for invitation in api.list_invitations()
        if administrator_id in (None, invitation["account_id"]) and (not statuses or invitation["member_status"] in statuses)
    ]
    outcome["pending_count"] = api.count_invitations()


def _accept(api, wish, current, outcome):
    if _is_from(current, wish):
        return
    if current and not wish.replace_administrator:
        raise errors.SecurityHubError(
            errors.DIFFERENT_ADMINISTRATOR,
            f"The administrator in {api.place} is {current['account_id']}, not {wish.administrator_id}. "
            "An account has one administrator at most in a region; set replace_administrator=true to leave that one first.",
        )
    # In check mode nobody has sent what would be waited for
    patience = _Patience(0 if wish.check_mode else wish.wait_timeout)
    # With another administrator in place, the new invitation is found before anything is given up
    if wish.invitation_id and not (current or patience or wish.check_mode):
        invitation = {"account_id": wish.administrator_id, "invitation_id": wish.invitation_id, "invited_at": None}
    else:
        invitation = _find_invitation(api, wish, patience)
    accepted = {**invitation, "member_status": ENABLED}
    if wish.check_mode:
        outcome.update(changed=True, administrator=accepted, previous_administrator=current)
        return
    if current:
        settle(api.leave_administrator, lambda: not _is_same(api.get_administrator(), current))
        outcome.update(changed=True, administrator=None, previous_administrator=current)
    try:
        settle(lambda: api.accept(wish.administrator_id, invitation["invitation_id"]), lambda: _is_from(api.get_administrator(), wish))
    except errors.SecurityHubError as e:
        raise _accept_failed(api, wish, invitation, current, e) from e
    outcome.update(changed=True, administrator=accepted)
    if patience:
        outcome["administrator"] = _wait_until_visible(api, wish, patience)


def _decline(api, wish, current, outcome):
    if _is_from(current, wish):
        raise errors.SecurityHubError(
            errors.ALREADY_ACCEPTED,
            f"The invitation from {wish.administrator_id} has been accepted already in {api.place}, so it can't be declined. "
            "Use state=absent to leave this administrator.",
        )

    outcome["before"]["invitations"] = found = _pending(api, wish)
    if not found:
        return
    if not wish.check_mode:
        settle(lambda: api.decline_invitation(wish.administrator_id), lambda: not _pending(api, wish))
    outcome.update(changed=True, after={"invitations": []})


def _remove(api, wish, current, outcome):
    leaving = _is_from(current, wish)
    outcome["before"]["invitations"] = received = _received(api, wish)
    if leaving:
        if not wish.check_mode:
            settle(api.leave_administrator, lambda: not _is_from(api.get_administrator(), wish))
        outcome.update(changed=True, administrator=None, previous_administrator=current)
    if leaving or received:
        # The invitation outlives the membership, also where it was not listed while that lasted
        _forget_invitation(api, wish, outcome)


def _forget_invitation(api, wish, outcome):
    """Delete the invitation. Where AWS leaves that to administrators, it is declined, unless it has been, and remains."""
    try:
        if not wish.check_mode:
            settle(lambda: api.delete_invitation(wish.administrator_id), lambda: not _received(api, wish))
    except errors.SecurityHubError as e:
        if not e.is_refusal:
            raise
        remaining = _received(api, wish)
        if remaining:
            outcome["invitation_remains"] = True
            if any(_is_pending(invitation) for invitation in remaining):
                settle(lambda: api.decline_invitation(wish.administrator_id), lambda: not _pending(api, wish))
                outcome["changed"] = True
                remaining = _received(api, wish)
            outcome["after"] = {"invitations": remaining}
            return
    outcome.update(changed=True, after={"invitations": []})


def _is_from(current, wish):
    return bool(current) and current["account_id"] == wish.administrator_id


def _is_same(current, other):
    return bool(current) and current["account_id"] == other["account_id"]


def _received(api, wish):
    """The invitations from the wished-for administrator, whatever their listed status says."""
    return [invitation for invitation in api.list_invitations() if invitation["account_id"] == wish.administrator_id]


def _pending(api, wish):
    """The invitations from the wished-for administrator that have not been declined, which stay listed all the same."""
    return [invitation for invitation in _received(api, wish) if _is_pending(invitation)]


def _is_pending(invitation):
    return (invitation["member_status"] or "").lower() not in ENDED


def _find_invitation(api, wish, patience):
    """The invitation to accept: the one named, or the newest from the administrator. Waits for it as long as patience lasts."""
    while True:
        received = _received(api, wish)
        wanted = [invitation for invitation in received if wish.invitation_id in (None, invitation["invitation_id"])]
        if wanted:
            return max(wanted, key=lambda invitation: invitation["invited_at"] or "")
        if not patience.wait():
            break
    if patience:
        raise errors.SecurityHubError(
            errors.TIMEOUT,
            f"No invitation from {wish.administrator_id} arrived in {api.place} within {wish.wait_timeout} s. {_how_to_invite(api, wish)}",
        )
    other = f" (its pending one has the ID {received[0]['invitation_id']})" if received else ""
    which = f"invitation {wish.invitation_id}" if wish.invitation_id else "invitation"
    raise errors.SecurityHubError(
        errors.INVITATION_NOT_FOUND, f"There is no {which} from {wish.administrator_id}{other} in {api.place}. {_how_to_invite(api, wish)}"
    )


def _how_to_invite(api, wish):
    account_id = api.place.account_id()
    if account_id == wish.administrator_id:
        return "This account is that administrator itself: an administrator can't be its own member."
    return (
        f"Let {wish.administrator_id} invite {account_id or 'this account'} in this region (CreateMembers, then InviteMembers), "
        "or set wait=true if the invitation is on its way."
    )


def _wait_until_visible(api, wish, patience):
    """The administrator as the service shows it once the acceptance has arrived everywhere."""
    while True:
        current = api.get_administrator()
        if _is_from(current, wish):
            return current
        if not patience.wait():
            raise errors.SecurityHubError(
                errors.TIMEOUT,
                f"The invitation from {wish.administrator_id} was accepted in {api.place}, but the account did not show its new "
                f"administrator within {wish.wait_timeout} s. Run the task again to check.",
            )


def _accept_failed(api, wish, invitation, left, error):
    """The error of an acceptance that did not happen, told so that nobody has to guess what state the account is in."""
    if error.code == "ResourceNotFoundException":
        error = error.retold(
            errors.INVITATION_NOT_FOUND,
            f"The invitation {invitation['invitation_id']} from {wish.administrator_id} does not exist any more in {api.place}: "
            f"{error.aws_message}. {_how_to_invite(api, wish)}",
        )
    if left:
        error = error.retold(
            error.reason,
            f"{error.message} The account has left {left['account_id']} already and has no administrator in this region now; "
            "run the task again when this is mended.",
        )
    return error


class _Patience:
    """A clock for waiting: polls at first often, then less so, until the time-out (seconds) is used up. False where there is none."""

    def __init__(self, timeout):
        self._timeout = timeout
        self._end = time.monotonic() + timeout
        self._delay = _FIRST_POLL

    def __bool__(self):
        return self._timeout > 0

    def wait(self):
        """Sleep until the next poll; False, at once, where the time is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            return False
        turns.sleep(min(self._delay, left))
        self._delay = min(2 * self._delay, _SLOWEST_POLL)
        return True
