# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes that every module of this collection has."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment cloudsec.securityhub.attributes."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change; no call that writes is ever sent.
    support: full
  diff_mode:
    description: Returns what has changed, or would change in C(check_mode), when in diff mode.
    support: full
  platform:
    description: Runs where Python and boto3 are.
    support: full
    platforms: posix
  action_group:
    description: Use C(group/cloudsec.securityhub.aws) in C(module_defaults) to set defaults for all modules of this collection.
    support: full
    membership:
      - cloudsec.securityhub.aws
"""
