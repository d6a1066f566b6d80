# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AccountBackend class with the list of regions, which moto lacks."""

from __future__ import annotations

from typing import Any
from typing import ClassVar

from moto.account.models import AccountBackend as MotoAccountBackend
from moto.core.base_backend import BackendDict
from moto.utilities.paginator import paginate
from moto.utilities.utils import PARTITION_NAMES

from .exceptions import ValidationException
from .regions import regions


class AccountBackend(MotoAccountBackend):
    """An account in a partition."""

    PAGINATION_MODEL: ClassVar[dict[str, Any]] = {
        "list_regions": {
            "input_token": "next_token",
            "limit_key": "max_results",
            "limit_default": 50,
            "unique_attribute": "RegionName",
            "fail_on_invalid_token": ValidationException,
        },
    }

    @paginate(pagination_model=PAGINATION_MODEL)
    def list_regions(self, region_opt_status_contains: list[str] | None = None) -> list[dict[str, str]]:
        """All regions of the partition, or those with one of some statuses."""
        statuses = {name: regions.status(self.account_id, name) for name in regions.of_partition(self.partition, self.account_id)}
        return [
            {"RegionName": name, "RegionOptStatus": status}
            for name, status in statuses.items()
            if not region_opt_status_contains or status in region_opt_status_contains
        ]


account_backends = BackendDict(AccountBackend, "account", use_boto3_regions=False, additional_regions=PARTITION_NAMES)
