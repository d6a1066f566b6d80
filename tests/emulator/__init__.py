# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emulator of Security Hub membership over HTTP: many accounts, many regions, faults on demand.

Importing this package imports nothing else: the client needs the standard library only, the server needs moto.
"""

from __future__ import annotations
