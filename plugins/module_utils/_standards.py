# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the standards of a hub to a state: one account in one region. Private to this collection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from collections.abc import Iterable
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from . import _errors as errors
from ._api import STANDARDS_PER_CALL
from ._api import SecurityHubApi
from ._api import standard_name
from ._calls import batches
from ._subscriptions import DELETING
from ._subscriptions import FAILED
from ._subscriptions import INCOMPLETE
from ._subscriptions import PENDING
from ._subscriptions import Subscriptions
from ._waiting import Doubt
from ._waiting import Poller
from ._waiting import make_write
from ._waiting import retry_until_visible

if TYPE_CHECKING:
    from ._regions import Outcome

# Why a standard has failed, where the reason is more than AWS's word for it
_REASON_OF_FAILURE = {
    "INTERNAL_ERROR": errors.INTERNAL_ERROR,
    "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED": errors.LIMIT_EXCEEDED,
}
NO_RECORDER = "NO_AVAILABLE_CONFIGURATION_RECORDER"
# What to do about a standard's reason
ADVICE_ON = {
    NO_RECORDER: "AWS Config does not record there: set it up, or next to nothing is found.",
    "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED": "The account's quota of AWS Config rules is used up: raise it, or disable other standards.",
}


class DesiredStandards(NamedTuple):
    """What the playbook asks for."""

    # As of standard_name()
    names: list[str]
    # Whether AWS's other standards are disabled
    purge: bool
    # In seconds; 0 for not waiting
    wait_timeout: int
    check_mode: bool


def desired_standards(names: Iterable[str], purge: bool, wait_timeout: int, check_mode: bool) -> DesiredStandards:
    """Return what the playbook asks for, from names or ARNs. Raises SecurityHubError (invalid_input) for an empty one."""
    found = list(dict.fromkeys(standard_name(name.strip()) for name in names))
    if not all(found):
        raise errors.invalid_input("{option.standards} has an entry that names nothing. Take it out, or name a standard.")
    return DesiredStandards(found, purge, wait_timeout, check_mode)


class Standards:
    """The standards of a hub on their way to the desired state.

    api: a SecurityHubApi. desired: a DesiredStandards. outcome: the region's Outcome; changed, and the standards of its hub, are kept true
    in it at every step. is_new: whether the hub was enabled just now.
    """

    def __init__(self, api: SecurityHubApi, desired: DesiredStandards, outcome: Outcome, is_new: bool) -> None:
        self._api = api
        self._desired = desired
        self._outcome = outcome
        self._is_new = is_new
        self._catalogue: dict[str, dict[str, Any]] = {}
        self._enabled = Subscriptions()
        # What purging takes out
        self._surplus: list[str] = []

    def find(self) -> None:
        """Read which standards there are, and which are enabled. Writes nothing.

        Raises SecurityHubError: invalid_input for a standard that is not there, besides what the calls raise.
        """
        if self._is_predicted:
            self._predict()
            return
        self._catalogue = retry_until_visible(self._api.describe_standards, self._is_about_new_hub, self._is_new)
        unknown = [name for name in self._desired.names if name not in self._catalogue]
        if unknown:
            raise self._invalid("In {place} there is no standard {unknown}. There are: {known}.", unknown=unknown, known=sorted(self._catalogue))
        self._refresh()
        managers = {name: self._catalogue[name]["manager"] for name in self._desired.names if name not in self._enabled}
        others = [f"{name} ({manager})" for name, manager in managers.items() if manager]
        if others:
            raise self._invalid("Another service manages a standard, and enables it, in {place}: {others}. Take it out.", others=others)
        if not self._is_new:
            self._outcome.before = {**self._outcome.before, "standards": self._outcome.fields["hub"]["standards"]}

    def apply(self) -> None:
        """Enable and disable what differs, and wait where that is asked for.

        Raises SecurityHubError: timeout for a standard that is still on its way where that keeps the task from its end, and what became
        of one that AWS could not enable or disable.
        """
        if self._is_predicted:
            return
        poller = Poller(self._desired.wait_timeout)
        if self._desired.purge:
            self._surplus = self._find_surplus()
        self._enable([name for name in self._desired.names if name not in self._enabled])
        self._disable([name for name in self._surplus if not self._enabled.has_status(name, PENDING)])
        # AWS refuses to enable what it is disabling, and to disable what it is enabling
        leaving = [name for name in self._desired.names if self._enabled.has_status(name, DELETING)]
        arriving = [name for name in self._surplus if self._enabled.has_status(name, PENDING)]
        if poller:
            self._wait(poller, lambda: [*self._with_status(leaving, DELETING), *self._with_status(arriving, PENDING)])
            self._enable(leaving)
        self._disable_if_possible(arriving)
        if poller:
            self._wait(poller, lambda: self._with_status(self._enabled, PENDING, DELETING))
        self._check()

    @property
    def _is_predicted(self) -> bool:
        """Whether the hub exists in check mode's prediction only. AWS lists standards only where there is one."""
        return self._is_new and self._desired.check_mode

    def _predict(self) -> None:
        for name in self._desired.names:
            self._enabled.predict_enabled(name, None)
        self._show()
        if self._desired.names:
            self._outcome.warn(f"Whether these standards are there can't be told before Security Hub CSPM is enabled: {', '.join(self._desired.names)}.")

    def _invalid(self, template: str, **names: Iterable[str]) -> errors.SecurityHubError:
        if self._is_new:
            template += " Security Hub CSPM is enabled there now."
        return self._api.error(errors.INVALID_INPUT, template, **{field: ", ".join(found) for field, found in names.items()})

    def _find_surplus(self) -> list[str]:
        """Return what purging disables: of the enabled ones, those not asked for that are Security Hub CSPM's own."""
        others = [name for name in self._enabled if name not in self._desired.names and not self._enabled.has_status(name, DELETING)]
        unlisted = [name for name in others if name not in self._catalogue]
        if unlisted:
            self._outcome.warn(f"Not disabled, since AWS does not list whose standards they are: {', '.join(unlisted)}.")
        return [name for name in others if name in self._catalogue and _is_own(self._catalogue[name])]

    def _with_status(self, names: Iterable[str], *statuses: str) -> list[str]:
        return [name for name in names if self._enabled.has_status(name, *statuses)]

    def _enable(self, names: list[str]) -> None:
        """Enable standards that are not enabled."""
        for batch in batches([name for name in names if not self._enabled.is_on(name)], STANDARDS_PER_CALL):
            if self._desired.check_mode:
                for name in batch:
                    self._enabled.predict_enabled(name, self._catalogue[name]["arn"])
                self._show(changed=True)
                continue
            self._make(batch, self._call_to_enable, self._enabled.is_on)

    def _disable(self, names: list[str]) -> None:
        """Disable standards that are enabled."""
        for batch in batches([name for name in names if self._enabled.is_on(name)], STANDARDS_PER_CALL):
            if self._desired.check_mode:
                for name in batch:
                    self._enabled.predict_disabled(name)
                self._show(changed=True)
                continue
            self._make(batch, self._call_to_disable, lambda name: not self._enabled.is_on(name))

    def _disable_if_possible(self, names: list[str]) -> None:
        """Disable standards that AWS may be enabling yet."""
        try:
            self._disable(names)
        except errors.SecurityHubError as e:
            pending = self._with_status(names, PENDING)
            if not pending or e.is_denied or not e.is_refused:
                raise
            what, facts = "AWS is still enabling what is to be disabled in {place}: {standards}.", {"standards": self._enabled.describe(pending)}
            raise e.replaced(what, "{Rerun} later, or set wait=true.", errors.TIMEOUT, self._api.resolve_place(), **facts) from e

    def _call_to_enable(self, names: list[str], doubt: Doubt) -> None:
        answered = self._api.enable_standards([self._catalogue[name]["arn"] for name in names], doubt)
        enabled = {found["name"]: found for found in answered if found["name"] in names and found["status"] != DELETING}
        self._enabled.note_enabled(enabled)
        if enabled:
            self._show(changed=True)
        left_out = [name for name in names if name not in enabled]
        if left_out:
            doubt.raise_it()
            raise self._api.error(errors.TIMEOUT, "AWS has not enabled {standards} in {place} yet.", "{Rerun} later.", standards=", ".join(left_out))

    def _call_to_disable(self, names: list[str], doubt: Doubt) -> None:
        self._api.disable_standards([self._enabled[name]["subscription_arn"] for name in names], doubt)
        self._enabled.note_disabled(names)

    def _make(self, names: list[str], call: Callable[[list[str], Doubt], None], is_so: Callable[[str], bool]) -> None:
        """Make a call for standards, some of which another caller may have enabled or disabled meanwhile."""
        todo = list(names)

        def has_happened() -> bool:
            self._refresh()
            todo[:] = [name for name in todo if not is_so(name)]
            return not todo

        def is_temporary(error: errors.SecurityHubError) -> bool:
            if self._is_about_new_hub(error):
                return True
            if error.is_denied:
                return False
            before = len(todo)
            with contextlib.suppress(errors.SecurityHubError):
                has_happened()
            is_behind = error.reason == errors.TIMEOUT or error.is_later
            return 0 < len(todo) < before or (is_behind and not self._with_status(todo, PENDING, DELETING))

        made_now = make_write(lambda doubt: call(todo, doubt), has_happened, is_temporary)
        self._show(changed=made_now or self._outcome.changed)

    def _is_about_new_hub(self, error: errors.SecurityHubError) -> bool:
        return self._is_new and error.reason == errors.HUB_NOT_ENABLED

    def _refresh(self) -> None:
        """Read what AWS shows as enabled."""
        self._enabled.refresh(retry_until_visible(self._api.get_standards, self._is_about_new_hub, self._is_new))
        self._show()

    def _show(self, changed: bool | None = None) -> None:
        self._outcome.update(changed=changed, hub={**self._outcome.fields["hub"], "standards": self._enabled.as_list()})

    def _wait(self, poller: Poller, missing: Callable[[], list[str]]) -> None:
        """Wait until nothing is missing; in check mode nothing is on its way. Raises SecurityHubError (timeout)."""
        while missing() and not self._desired.check_mode:
            if not poller.wait():
                facts = {"timeout": self._desired.wait_timeout, "standards": self._enabled.describe(missing())}
                raise self._api.error(errors.TIMEOUT, "Not settled within {timeout} s in {place}: {standards}.", "{Rerun} to wait on.", **facts)
            self._refresh()

    def _check(self) -> None:
        """Compare what AWS shows with what was asked for. Raises SecurityHubError."""
        failed = self._with_status([name for name in self._enabled if name in (*self._desired.names, *self._surplus)], FAILED)
        if failed:
            code = self._enabled[failed[0]]["status_reason"]
            advice = "{Rerun} to disable it again."
            if failed[0] in self._desired.names:
                advice = "Disable such a standard (without it in {option.standards}, with {option.purge_standards}), then enable it again."
            what = "AWS could not do what was asked for in {place}: {standards}."
            error = self._api.error(_REASON_OF_FAILURE.get(code, errors.AWS_ERROR), what, advice, standards=self._enabled.describe(failed))
            error.response = errors.Response(code=code)
            raise error
        leaving = self._with_status(self._desired.names, DELETING)
        if leaving:
            what, facts = "AWS is still disabling what is to be enabled in {place}: {standards}.", {"standards": self._enabled.describe(leaving)}
            raise self._api.error(errors.TIMEOUT, what, "{Rerun} later, or set wait=true.", **facts)
        incomplete = self._with_status(self._desired.names, INCOMPLETE)
        unrecorded = [name for name in incomplete if self._enabled[name]["status_reason"] == NO_RECORDER]
        if unrecorded:
            self._outcome.warn(
                f"AWS Config does not record in account {self._api.resolve_account_id()}, so Security Hub CSPM finds next to nothing: "
                f"{self._enabled.describe(unrecorded)}. Set it up there, with all resources that the standards are about."
            )
        others = [name for name in incomplete if name not in unrecorded]
        if others:
            self._outcome.warn(f"AWS could not enable all controls in account {self._api.resolve_account_id()}: {self._enabled.describe(others)}.")


def _is_own(standard: dict[str, Any]) -> bool:
    """Return whether a standard is for AWS and Security Hub CSPM's own, not another service's such as AWS Control Tower's."""
    return standard["provider"] == "AWS" and not standard["manager"]
