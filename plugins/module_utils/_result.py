# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task's result, read region by region. Private to this collection."""

from __future__ import annotations

import re
from typing import Any

_AS_IN = re.compile(r"As in region (\S+)\.")


def as_in(region: str) -> str:
    """The message of an error that is the same as in an earlier region."""
    return f"As in region {region}."


class Result:
    """A task's result. It may have failed as a whole, or not be there at all (an empty one).

    regions: those that have a part in it.
    """

    def __init__(self, result: dict[str, Any]) -> None:
        self._outcomes = {outcome["region"]: outcome for outcome in result.get("regions") or []}
        self._failure = {"reason": "failed", **(result.get("error") or {}), "message": result.get("msg") or "The task has no result."}
        self.regions = list(self._outcomes)

    def outcome(self, region: str | None) -> dict[str, Any]:
        """What is known there."""
        return self._outcomes.get(region, {})

    def error(self, region: str | None) -> dict[str, Any] | None:
        """What went wrong there, or as a whole, with the whole message; None where nothing did."""
        if region not in self._outcomes:
            return self._failure
        error = self._outcomes[region].get("error")
        if not error:
            return None
        alike = _AS_IN.fullmatch(error["message"])
        if not alike or alike[1] not in self._outcomes:
            return error
        message = self._outcomes[alike[1]]["error"]["message"]
        return {**error, "message": re.sub(rf"(?<![\w-]){re.escape(alike[1])}(?![\w-])", str(region), message)}
