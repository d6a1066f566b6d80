# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A botocore with a defect that tells secrets, for a Python that finds this file."""

from __future__ import annotations

import botocore.auth


def _add_auth(self, request):
    raise RuntimeError(f"{request.url} can't be signed with {self.credentials.secret_key} and {self.credentials.token}")


botocore.auth.SigV4Auth.add_auth = _add_auth
