# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller without boto3: ansible-playbook can't import it, modules can."""

from __future__ import annotations

import sys

if any(word.endswith("ansible-playbook") for word in sys.orig_argv):
    sys.modules["boto3"] = None
    sys.modules["botocore"] = None
