# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emulator for the event source."""

from __future__ import annotations

from emulator_fixtures import aws
from emulator_fixtures import facts

__all__ = ["aws", "facts"]
