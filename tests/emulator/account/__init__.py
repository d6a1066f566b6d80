# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's Account Management with the list of regions."""

from __future__ import annotations

from .models import account_backends

__all__ = ["account_backends"]
