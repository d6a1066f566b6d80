# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handles incoming account requests, invokes methods, returns responses."""

from __future__ import annotations

from moto.account.responses import AccountResponse as MotoAccountResponse
from moto.core.responses import ActionResult

from ..paging import page
from ..securityhub.settings import settings
from .exceptions import AccessDeniedException
from .exceptions import ValidationException
from .models import account_backends


class AccountResponse(MotoAccountResponse):
    """What moto answers, and the list of regions."""

    def list_regions(self) -> ActionResult:
        """A page of them. One may hold fewer than were asked for."""
        if self._get_param("AccountId"):
            raise AccessDeniedException("Only the management account of an organization, or its delegated administrator, can name another account.")
        size = min(self._get_param("MaxResults") or settings.list_regions_page, settings.list_regions_page)
        backend = account_backends[self.current_account][self.partition]
        statuses = self._get_param("RegionOptStatusContains")
        return ActionResult(page("Regions", backend.list_regions, self._get_param("NextToken"), size, ValidationException, region_opt_status_contains=statuses))
