# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a call to Security Hub CSPM is made: under either of its names, in pages, with errors that say where. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

from . import _errors as errors
from ._messages import Place
from ._session import Session
from ._waiting import REFUSAL_TIMEOUT
from ._waiting import Doubt
from ._waiting import Poller

# Both the largest page that the service gives and the most accounts that it takes in a call
PAGE_SIZE = 50

Item = TypeVar("Item")
# A client's method and its parameters
_Call = tuple[str, dict[str, Any]]

_OLDER_ACTION = {
    "GetAdministratorAccount": "GetMasterAccount",
    "AcceptAdministratorInvitation": "AcceptInvitation",
    "DisassociateFromAdministratorAccount": "DisassociateFromMasterAccount",
}


class RegionCalls:
    """The calls of one account in one region.

    Every method raises SecurityHubError; throttling, server errors and lost connections have been retried before. doubt: of the write that
    a call is for.
    """

    def __init__(self, session: Session, region: str) -> None:
        self._session = session
        self._region = region
        self._client = session.client("securityhub", region)
        self._denied: dict[str, errors.SecurityHubError] = {}

    @property
    def region(self) -> str:
        """Where calls are made."""
        return self._region

    @property
    def known_account_id(self) -> str | None:
        """The account's ID, or None where only a call would tell."""
        return self._session.known_account_id

    def resolve_account_id(self) -> str | None:
        """Return the account's ID, or None where even STS can't tell. AWS: sts:GetCallerIdentity, unless it is known."""
        return self._session.resolve_account_id()

    def resolve_place(self) -> Place:
        """Return where calls are made, for a message. AWS: as resolve_account_id."""
        return Place(self.resolve_account_id(), self._region)

    def error(self, reason: str, what: str, advice: str = "", **facts: Any) -> errors.SecurityHubError:
        """Return an error in this place. what, advice, facts: as of errors.make_error. AWS: as resolve_account_id."""
        return errors.make_error(reason, self.resolve_place(), what, advice, **facts)

    def _call(self, method: str, parameters: dict[str, Any], doubt: Doubt | None = None) -> dict[str, Any]:
        """Return the response of one call; {} where AWS says that there is nothing of the kind."""
        return self._settle_bad_requests(method, lambda: self._client.call(method, doubt, **parameters))

    def _list(self, method: str, items: str, page_size: int = PAGE_SIZE, **parameters: Any) -> list[dict[str, Any]]:
        """Return all pages of a list; [] where AWS says that there is nothing of the kind."""
        return self._settle_bad_requests(method, lambda: self._client.list_all(method, items, MaxResults=page_size, **parameters)) or []

    def _call_for_account(self, method: str, account_id: str, doubt: Doubt) -> None:
        """Make a call that takes a list of accounts, for one: what it left unprocessed is an error."""
        for error in self._unprocessed(method, {"AccountIds": [account_id]}, doubt).values():
            raise error

    def _unprocessed(self, method: str, parameters: dict[str, Any], doubt: Doubt) -> dict[str, errors.SecurityHubError]:
        """Make a call that takes a list of accounts. Returns what it left unprocessed, as errors by account ID."""
        left_out = self._call(method, parameters, doubt).get("UnprocessedAccounts", [])
        place = self.resolve_place() if left_out else Place()
        return {left["AccountId"]: errors.unprocessed(_operation(method), left["AccountId"], left.get("ProcessingResult"), place) for left in left_out}

    def _either(self, current: _Call, older: _Call, doubt: Doubt | None = None) -> dict[str, Any]:
        """Make the current call, or its older twin where IAM denies the current one: many policies know only the older name."""
        denied = self._denied.get(current[0])
        if denied is None:
            try:
                return self._call(*current, doubt)
            except errors.SecurityHubError as e:
                if e.reason != errors.ACCESS_DENIED:
                    raise
                denied = e
        try:
            response = self._call(*older, doubt)
        except errors.SecurityHubError as e:
            if e.reason != errors.ACCESS_DENIED:
                raise
            raise denied from e
        self._denied[current[0]] = denied
        return response

    def _settle_bad_requests(self, method: str, call: Callable[[], Any]) -> Any:
        """Make a call and translate its errors; settle a BadRequestException, which means "hub is off" or "try again"."""
        poller = Poller(REFUSAL_TIMEOUT, first=0.5, slowest=8, jitter=True)
        while True:
            try:
                return call()
            except errors.FAILURES as e:
                if errors.means_none(e):
                    return {}
                if not errors.is_ambiguous(e):
                    raise self._explain(e, _iam_actions(_operation(method))) from e
                if method != "enable_security_hub":
                    self._require_hub(e)
                if not poller.wait():
                    raise self._explain(e) from e

    def _explain(self, exception: Exception, actions: Sequence[str] = ()) -> errors.SecurityHubError:
        return self._session.explain(exception, self._region, actions)

    def _require_hub(self, bad_request: Exception) -> None:
        """Raise hub_not_enabled for an ambiguous exception unless DescribeHub shows that the hub is on. AWS: DescribeHub.

        Where DescribeHub itself fails, and not for that reason nor for want of permission, its own error is raised.
        """
        try:
            self._client.call("describe_hub")
        except errors.FAILURES as e:
            described = self._explain(e)
            if described.reason == errors.ACCESS_DENIED:
                why = "Security Hub CSPM is probably not enabled (securityhub:DescribeHub, which would tell, is denied)"
            elif described.reason == errors.HUB_NOT_ENABLED or errors.means_none(e) or errors.is_ambiguous(e):
                why = "Security Hub CSPM is not enabled"
            else:
                raise described from e
            error, advice = self._explain(bad_request), errors.ADVICE[errors.HUB_NOT_ENABLED]
            what = why + " in {place}: {operation} answered {code}."
            raise error.replaced(what, advice, errors.HUB_NOT_ENABLED, operation=error.response.operation, code=error.code) from e


def batches(items: Iterable[Item], size: int = PAGE_SIZE) -> list[list[Item]]:
    """Return the items in lists that one call takes."""
    items = list(items)
    return [items[start : start + size] for start in range(0, len(items), size)]


def _operation(method: str) -> str:
    """Return the AWS name of a client's method."""
    return "".join(word.capitalize() for word in method.split("_"))


def _iam_actions(operation: str) -> list[str]:
    """Return the IAM actions any of which allows an operation."""
    return [f"securityhub:{name}" for name in (operation, _OLDER_ACTION.get(operation)) if name]
