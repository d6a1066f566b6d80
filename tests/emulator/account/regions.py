# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which regions there are, and how each account stands to them."""

from __future__ import annotations

import re
import typing as t

from moto.core.base_backend import AccountSpecificBackend
from moto.utilities.utils import get_partition

# The regions that are enabled in every account.
DEFAULT_REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3",
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip
# Where a partition answers for all of its regions.
HOME_REGIONS = ("us-east-1", "cn-northwest-1", "us-gov-west-1")
STATUSES = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT")
REGION_NAME = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")


class Regions:
    """The regions that all accounts are opted in to, and what is different for some of them."""

    def __init__(self) -> None:
        self.reset(())

    def reset(self, names: t.Iterable[str]) -> None:
        """Every account is opted in to these regions, and to no others."""
        self.names = list(names)
        self.opted_out: dict[str, list[str]] = {}
        self._told: dict[str, dict[str, str]] = {}  # by account, then by region

    def tell(self, account: str, statuses: dict[str, str]) -> None:
        """Set what an account is told of some regions. Raises ValueError for what is no region's name, or no status."""
        for region, status in statuses.items():
            if not REGION_NAME.fullmatch(region):
                raise ValueError(f"{region!r} is not a region's name")
            if status not in STATUSES:
                raise ValueError(f"a region's status can be {', '.join(STATUSES)}, not {status!r}")
        self._told.setdefault(account, {}).update(statuses)

    def status(self, account: str | None, region: str | None) -> str:
        """How an account stands to a region, as the service calls it."""
        told = self._told.get(str(account), {}).get(str(region))
        if told:
            return told
        if region not in self.names or region in self.opted_out.get(str(account), ()):
            return "DISABLED"
        return "ENABLED_BY_DEFAULT" if region in DEFAULT_REGIONS else "ENABLED"

    def is_usable(self, account: str | None, region: str | None) -> bool:
        """Whether an account can make calls in a region."""
        return self.status(account, region) in ("ENABLED", "ENABLED_BY_DEFAULT")

    def of_partition(self, partition: str, account: str) -> list[str]:
        """The names of all regions of a partition that botocore knows, and of those that only this account is told of."""
        known = AccountSpecificBackend.get_session().get_available_regions("ec2", partition)
        more = [region for region in (*self.names, *self._told.get(account, ())) if get_partition(region) == partition]
        return sorted({*known, *more})


regions = Regions()
