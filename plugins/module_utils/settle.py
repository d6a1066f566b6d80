# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Writes whose outcome is in doubt."""

from __future__ import annotations

from . import errors
from . import turns

_POLLS_AFTER_LOST_ANSWER = 3


def settle(write, has_happened):
    """Make a write; where its outcome is in doubt, ask what is the case now. Raises the write's error if it did not happen.

    A request can have worked though its answer was lost, or though a retry of it was refused because the first try had worked.
    write() and has_happened() raise SecurityHubError; has_happened() tells whether the write's effect is there.
    """
    try:
        write()
    except errors.SecurityHubError as error:
        if error.reason in (errors.ACCESS_DENIED, errors.ORGANIZATION_MANAGED):
            raise
        # A refusal is checked once; after a lost answer the effect may take a moment to show
        polls = _POLLS_AFTER_LOST_ANSWER if error.leaves_doubt else 1
        for poll in range(polls):
            turns.sleep(poll)
            try:
                if has_happened():
                    return
            except errors.SecurityHubError:
                raise error from None
        raise
