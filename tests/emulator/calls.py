# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The call log: every AWS call in the order in which it arrived."""

from __future__ import annotations

import collections
import threading
import time
import typing as t

from .service import Answer
from .service import Call

FILTERS = ("account", "region", "operation", "service", "access_key")


class CallLog:
    """A list of calls that many threads write to. What is secret in a request, its signature, is never kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, t.Any]] = []

    def begin(self, call: Call) -> dict[str, t.Any]:
        """Note a call that has arrived. Its answer is filled in by finish; till then status is null."""
        entry: dict[str, t.Any] = {
            "service": call.service,
            "operation": call.operation,
            "account": call.account,
            "region": call.region,
            "access_key": call.access_key,
            "params": call.params,
            "user_agent": call.user_agent,
            "time": time.time(),
            "status": None,
            "error_code": None,
            "request_id": None,
            "dropped": False,
            "faults": [],
            "instead": False,
        }
        with self._lock:
            entry["n"] = len(self._entries) + 1
            self._entries.append(entry)
        return entry

    @staticmethod
    def finish(entry: dict[str, t.Any], answer: Answer) -> None:
        """Note how a call was answered."""
        headers = {name.lower(): value for name, value in answer.headers.items()}
        entry["dropped"] = answer.dropped
        if not answer.dropped:
            entry["status"] = answer.status
            entry["request_id"] = headers.get("x-amzn-requestid")
        if answer.status >= 400:
            entry["error_code"] = headers.get("x-amzn-errortype")

    def find(self, **filters: str) -> list[dict[str, t.Any]]:
        """The calls, all or those that fit. Raises ValueError for a filter that does not exist."""
        unknown = set(filters) - set(FILTERS)
        if unknown:
            raise ValueError(f"unknown filter {sorted(unknown)[0]!r}; known: {', '.join(FILTERS)}")
        with self._lock:
            entries = list(self._entries)
        return [entry for entry in entries if all(entry[key] == value for key, value in filters.items())]

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._entries = []


def count_by_operation(entries: list[dict[str, t.Any]]) -> dict[str, int]:
    """How often each operation was called."""
    return dict(collections.Counter(str(entry["operation"]) for entry in entries))
