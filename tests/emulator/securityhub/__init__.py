# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""moto's Security Hub with everything that membership by invitation needs."""

from __future__ import annotations

from .models import securityhub_backends

__all__ = ["securityhub_backends"]
