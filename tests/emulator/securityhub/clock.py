# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time, as those see it who see what there was some time ago."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from time import monotonic


class Clock:
    """Seconds. What changes by itself as time passes is told by this clock; used under the emulator's lock only."""

    def __init__(self) -> None:
        self._behind: float = 0

    def now(self) -> float:
        """The time, or that of the past that is looked at."""
        return monotonic() - self._behind

    @contextlib.contextmanager
    def set_back(self, seconds: float) -> Iterator[None]:
        """Be behind for a while."""
        self._behind = seconds
        try:
            yield
        finally:
            self._behind = 0


clock = Clock()
