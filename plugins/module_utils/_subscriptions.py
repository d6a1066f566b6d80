# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The standards that a hub has enabled: what AWS shows, and what this run has written. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

DELETING, FAILED, INCOMPLETE, PENDING = "DELETING", "FAILED", "INCOMPLETE", "PENDING"


class Subscriptions:
    """The enabled standards of a hub by name, each a dict as of SecurityHubApi.get_standards().

    AWS shows writes late, so this run's own stand above what AWS shows until AWS shows them too.
    """

    def __init__(self) -> None:
        self._enabled: dict[str, dict[str, Any]] = {}
        # What this run has enabled, as AWS answered, and disabled, with the status it had
        self._enabled_now: dict[str, dict[str, Any]] = {}
        self._disabled_now: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._enabled)

    def __contains__(self, name: str) -> bool:
        return name in self._enabled

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._enabled[name]

    def as_list(self) -> list[dict[str, Any]]:
        """Return the standards as the result has them."""
        return list(self._enabled.values())

    def has_status(self, name: str, *statuses: str) -> bool:
        """Return whether a standard has one of the statuses."""
        return name in self._enabled and self._enabled[name]["status"] in statuses

    def is_on(self, name: str) -> bool:
        """Return whether a standard is enabled, or being enabled."""
        return name in self._enabled and not self.has_status(name, DELETING)

    def predict_enabled(self, name: str, arn: str | None) -> None:
        """Have a standard enabled as AWS would show it at first."""
        self._enabled[name] = {"name": name, "arn": arn, "subscription_arn": None, "status": PENDING, "status_reason": None}

    def predict_disabled(self, name: str) -> None:
        """Have a standard disabled as AWS would show it at first."""
        self._enabled[name] = {**self._enabled[name], "status": DELETING, "status_reason": None}

    def note_enabled(self, enabled: dict[str, dict[str, Any]]) -> None:
        """Note what AWS has answered of standards that were enabled, by name."""
        self._enabled_now.update(enabled)
        self._merge()

    def note_disabled(self, names: Iterable[str]) -> None:
        """Note which standards were disabled."""
        for name in names:
            self._disabled_now[name] = self._enabled[name]["status"]
        self._merge()

    def refresh(self, shown: Iterable[dict[str, Any]]) -> None:
        """Take over what AWS shows now."""
        self._enabled = {subscription["name"]: subscription for subscription in shown}
        for name, subscription in self._enabled.items():
            # What was on its way out when this run came may be shown so a while longer, and so may an earlier failure to disable it
            if subscription["status"] != DELETING:
                self._enabled_now.pop(name, None)
            if name in self._disabled_now and subscription["status"] != FAILED:
                self._disabled_now[name] = subscription["status"]
        self._disabled_now = {name: status for name, status in self._disabled_now.items() if name in self._enabled}
        self._merge()

    def describe(self, names: Iterable[str]) -> str:
        """Return standards with their statuses, as text."""
        found = [(name, self._enabled[name]) for name in names]
        return ", ".join(f"{name} ({': '.join(filter(None, (shown['status'], shown['status_reason'])))})" for name, shown in found)

    def _merge(self) -> None:
        self._enabled = {**self._enabled, **self._enabled_now}
        for name, before in self._disabled_now.items():
            if before == FAILED or not self.has_status(name, FAILED):
                self.predict_disabled(name)
