# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which standards a hub has enabled, and what is to be done about it: one account in one region. Private to this collection."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from collections.abc import Iterable
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from . import _errors as errors
from ._api import STANDARDS_PER_CALL
from ._api import SecurityHubApi
from ._api import batches
from ._api import standard_name
from ._waiting import Poller
from ._waiting import make_write
from ._waiting import once_known

if TYPE_CHECKING:
    from ._regions import Outcome

DELETING, FAILED, INCOMPLETE, PENDING = "DELETING", "FAILED", "INCOMPLETE", "PENDING"

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
# How AWS refuses a standard that it has not finished with
_SAYS_LATER = re.compile(r"try (again )?later", re.IGNORECASE)


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
    """What the playbook asks for, from names or ARNs. Raises SecurityHubError (invalid_input) for an empty one."""
    found = list(dict.fromkeys(standard_name(name.strip()) for name in names))
    if not all(found):
        raise errors.invalid_input("standards has an entry that names nothing. Take it out, or name a standard.")
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
        self._enabled: dict[str, dict[str, Any]] = {}
        # What this run has enabled, as AWS answered, and disabled, with the status it had: AWS may show it late
        self._enabled_now: dict[str, dict[str, Any]] = {}
        self._disabled_now: dict[str, str] = {}
        # What purging takes out
        self._surplus: list[str] = []

    def find(self) -> None:
        """Find out what there is, and what is enabled. Writes nothing.

        Raises SecurityHubError: invalid_input for a standard that is not there, besides what asking raises.
        """
        if self._is_foreseen:
            self._foresee()
            return
        self._catalogue = once_known(self._api.describe_standards, self._tells_of_new_hub, self._is_new)
        unknown = [name for name in self._desired.names if name not in self._catalogue]
        enabled_now = " Security Hub CSPM is enabled there now." if self._is_new else ""
        if unknown:
            raise errors.invalid_input(
                f"In {self._api.resolve_location()} there is no standard {', '.join(unknown)}. There are: {', '.join(sorted(self._catalogue))}.{enabled_now}"
            )
        self._read()
        others = [name for name in self._desired.names if self._catalogue[name]["manager"] and name not in self._enabled]
        if others:
            told = ", ".join(f"{name} ({self._catalogue[name]['manager']})" for name in others)
            raise errors.invalid_input(
                f"Another service manages a standard, and enables it, in {self._api.resolve_location()}: {told}. Take it out.{enabled_now}"
            )
        if not self._is_new:
            self._outcome.before = {**self._outcome.before, "standards": self._outcome.fields["hub"]["standards"]}

    @property
    def _is_foreseen(self) -> bool:
        """Whether there is no hub but in check mode's mind. AWS lists standards only where there is one."""
        return self._is_new and self._desired.check_mode

    def _foresee(self) -> None:
        self._enabled = {name: _foreseen(name, None) for name in self._desired.names}
        self._tell()
        if self._desired.names:
            self._outcome.warn(f"Whether these standards are there can't be told before Security Hub CSPM is enabled: {', '.join(self._desired.names)}.")

    def apply(self) -> None:
        """Enable and disable what differs, and wait where that is asked for.

        Raises SecurityHubError: timeout for a standard that is still on its way where that keeps the task from its end, and what became
        of one that AWS could not enable or disable.
        """
        if self._is_foreseen:
            return
        poller = Poller(self._desired.wait_timeout)
        if self._desired.purge:
            self._surplus = self._find_surplus()
        self._enable([name for name in self._desired.names if name not in self._enabled])
        self._disable([name for name in self._surplus if not self._is(name, PENDING)])
        # AWS refuses to enable what it is disabling, and to disable what it is enabling
        leaving = [name for name in self._desired.names if self._is(name, DELETING)]
        arriving = [name for name in self._surplus if self._is(name, PENDING)]
        if poller:
            self._wait(poller, lambda: [name for name in leaving if self._is(name, DELETING)] + [name for name in arriving if self._is(name, PENDING)])
            self._enable(leaving)
        self._disable_if_possible(arriving)
        if poller:
            self._wait(poller, lambda: [name for name in self._enabled if self._is(name, PENDING, DELETING)])
        self._check()

    def _find_surplus(self) -> list[str]:
        """What purging disables: of the enabled ones, those not asked for that are Security Hub CSPM's own."""
        others = [name for name in self._enabled if name not in self._desired.names and not self._is(name, DELETING)]
        unlisted = [name for name in others if name not in self._catalogue]
        if unlisted:
            self._outcome.warn(f"Not disabled, since AWS does not list whose standards they are: {', '.join(unlisted)}.")
        return [name for name in others if name in self._catalogue and _is_own(self._catalogue[name])]

    def _is(self, name: str, *statuses: str) -> bool:
        return name in self._enabled and self._enabled[name]["status"] in statuses

    def _is_on(self, name: str) -> bool:
        return name in self._enabled and not self._is(name, DELETING)

    def _enable(self, names: list[str]) -> None:
        """Enable standards that are not enabled."""
        for batch in batches([name for name in names if not self._is_on(name)], STANDARDS_PER_CALL):
            if self._desired.check_mode:
                self._enabled.update((name, _foreseen(name, self._catalogue[name]["arn"])) for name in batch)
                self._done()
                continue
            self._make(batch, self._call_to_enable, self._is_on)

    def _disable(self, names: list[str]) -> None:
        """Disable standards that are enabled."""
        for batch in batches([name for name in names if self._is_on(name)], STANDARDS_PER_CALL):
            if self._desired.check_mode:
                self._enabled.update((name, _being_deleted(self._enabled[name])) for name in batch)
                self._done()
                continue
            self._make(batch, self._call_to_disable, lambda name: not self._is_on(name))

    def _disable_if_possible(self, names: list[str]) -> None:
        """Disable standards that AWS may be enabling yet."""
        try:
            self._disable(names)
        except errors.SecurityHubError as e:
            pending = [name for name in names if self._is(name, PENDING)]
            if not pending or e.is_denial or not e.is_refusal:
                raise
            raise e.with_reason(
                errors.TIMEOUT,
                f"AWS is still enabling what is to be disabled in {self._api.resolve_location()}: {self._with_statuses(pending)}. "
                "Rerun the task later, or set wait=true.",
            ) from e

    def _call_to_enable(self, names: list[str]) -> None:
        answered = self._api.enable_standards([self._catalogue[name]["arn"] for name in names])
        enabled = {found["name"]: found for found in answered if found["name"] in names and found["status"] != DELETING}
        self._enabled_now.update(enabled)
        self._merge()
        if enabled:
            self._done()
        left_out = [name for name in names if name not in enabled]
        if left_out:
            where = self._api.resolve_location()
            raise errors.SecurityHubError(errors.TIMEOUT, f"AWS has not enabled {', '.join(left_out)} in {where} yet. Rerun the task later.", in_doubt=True)

    def _call_to_disable(self, names: list[str]) -> None:
        self._api.disable_standards([self._enabled[name]["subscription_arn"] for name in names])
        for name in names:
            self._disabled_now[name] = self._enabled[name]["status"]
        self._merge()

    def _make(self, names: list[str], call: Callable[[list[str]], None], is_so: Callable[[str], bool]) -> None:
        """Make a call for standards, of which somebody else may have seen to some meanwhile."""
        todo = list(names)

        def has_happened() -> bool:
            self._read()
            todo[:] = [name for name in todo if not is_so(name)]
            return not todo

        def may_pass(error: errors.SecurityHubError) -> bool:
            if self._tells_of_new_hub(error):
                return True
            if error.is_denial:
                return False
            before = len(todo)
            with contextlib.suppress(errors.SecurityHubError):
                has_happened()
            is_behind = error.reason == errors.TIMEOUT or _SAYS_LATER.search(error.aws_message or "") is not None
            return 0 < len(todo) < before or (is_behind and not any(self._is(name, PENDING, DELETING) for name in todo))

        made_now = make_write(lambda: call(todo), has_happened, may_pass)
        self._outcome.update(changed=made_now or self._outcome.changed)
        self._tell()

    def _tells_of_new_hub(self, error: errors.SecurityHubError) -> bool:
        return self._is_new and error.reason == errors.HUB_NOT_ENABLED

    def _done(self) -> None:
        self._outcome.update(changed=True)
        self._tell()

    def _read(self) -> None:
        """Ask AWS what is enabled."""
        found = once_known(self._api.get_standards, self._tells_of_new_hub, self._is_new)
        self._enabled = {subscription["name"]: subscription for subscription in found}
        for name, subscription in self._enabled.items():
            # What was on its way out when this run came may be shown so a while longer, and so may an earlier failure to disable it
            if subscription["status"] != DELETING:
                self._enabled_now.pop(name, None)
            if name in self._disabled_now and subscription["status"] != FAILED:
                self._disabled_now[name] = subscription["status"]
        self._disabled_now = {name: status for name, status in self._disabled_now.items() if name in self._enabled}
        self._merge()
        self._tell()

    def _merge(self) -> None:
        """Add to what AWS shows what is known from its answers."""
        self._enabled = {**self._enabled, **self._enabled_now}
        for name, before in self._disabled_now.items():
            if before == FAILED or not self._is(name, FAILED):
                self._enabled[name] = _being_deleted(self._enabled[name])

    def _tell(self) -> None:
        self._outcome.update(hub={**self._outcome.fields["hub"], "standards": list(self._enabled.values())})

    def _wait(self, poller: Poller, missing: Callable[[], list[str]]) -> None:
        """Wait until nothing is missing; in check mode nothing is on its way. Raises SecurityHubError (timeout)."""
        while missing() and not self._desired.check_mode:
            if not poller.wait():
                raise errors.SecurityHubError(
                    errors.TIMEOUT,
                    f"Not settled within {self._desired.wait_timeout} s in {self._api.resolve_location()}: {self._with_statuses(missing())}. "
                    "Rerun the task to wait on.",
                )
            self._read()

    def _with_statuses(self, names: Iterable[str]) -> str:
        """Standards and what AWS says of each, in words."""
        told = [(name, self._enabled[name]) for name in names]
        return ", ".join(f"{name} ({': '.join(filter(None, (found['status'], found['status_reason'])))})" for name, found in told)

    def _check(self) -> None:
        """Hold what came of it against what was asked for."""
        failed = [name for name in self._enabled if self._is(name, FAILED) and name in (*self._desired.names, *self._surplus)]
        if failed:
            code = self._enabled[failed[0]]["status_reason"]
            advice = "Rerun the task to disable it again."
            if failed[0] in self._desired.names:
                advice = "Disable such a standard (without it in standards, with purge_standards), then enable it again."
            raise errors.SecurityHubError(
                _REASON_OF_FAILURE.get(code, errors.AWS_ERROR),
                f"AWS could not do what was asked for in {self._api.resolve_location()}: {self._with_statuses(failed)}. {advice}",
                code=code,
            )
        leaving = [name for name in self._desired.names if self._is(name, DELETING)]
        if leaving:
            raise errors.SecurityHubError(
                errors.TIMEOUT,
                f"AWS is still disabling what is to be enabled in {self._api.resolve_location()}: {self._with_statuses(leaving)}. "
                "Rerun the task later, or set wait=true.",
            )
        incomplete = [name for name in self._desired.names if self._is(name, INCOMPLETE)]
        unrecorded = [name for name in incomplete if self._enabled[name]["status_reason"] == NO_RECORDER]
        if unrecorded:
            self._outcome.warn(
                f"AWS Config does not record in account {self._api.resolve_account_id()}, so Security Hub CSPM finds next to nothing: "
                f"{self._with_statuses(unrecorded)}. Set it up there, with all resources that the standards are about."
            )
        others = [name for name in incomplete if name not in unrecorded]
        if others:
            self._outcome.warn(f"AWS could not enable all controls in account {self._api.resolve_account_id()}: {self._with_statuses(others)}.")


def _is_own(standard: dict[str, Any]) -> bool:
    """Whether a standard is for AWS and Security Hub CSPM's own, not another service's such as AWS Control Tower's."""
    return standard["provider"] == "AWS" and not standard["manager"]


def _being_deleted(subscription: dict[str, Any]) -> dict[str, Any]:
    return {**subscription, "status": DELETING, "status_reason": None}


def _foreseen(name: str, arn: str | None) -> dict[str, Any]:
    """An enabled standard as AWS would show it at first."""
    return {"name": name, "arn": arn, "subscription_arn": None, "status": PENDING, "status_reason": None}
