# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cross-Region aggregation: which regions' findings an account has sent to its home region."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from .exceptions import InvalidInputException

# Whether a mode names regions
LINKING_MODES = {"ALL_REGIONS": False, "ALL_REGIONS_EXCEPT_SPECIFIED": True, "SPECIFIED_REGIONS": True, "NO_REGIONS": False}


@dataclass
class FindingAggregator:
    """A finding aggregator. An account has one at most, over all regions."""

    account_id: str
    home_region: str
    partition: str
    mode: str = "ALL_REGIONS"
    regions: list[str] = field(default_factory=list)
    aggregator_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:securityhub:{self.home_region}:{self.account_id}:finding-aggregator/{self.aggregator_id}"

    def link(self, mode: str, regions: list[str] | None, known: Iterable[str]) -> None:
        """Aggregate by another mode from now on. known: the regions that exist."""
        regions = regions or []
        if mode not in LINKING_MODES:
            raise InvalidInputException(f"Invalid parameter value for RegionLinkingMode: one of {', '.join(LINKING_MODES)} is expected.")
        if bool(regions) != LINKING_MODES[mode]:
            expected = "are required" if LINKING_MODES[mode] else "can't be given"
            raise InvalidInputException(f"Invalid parameter value for Regions: they {expected} when RegionLinkingMode is {mode}.")
        if len(set(regions)) < len(regions):
            raise InvalidInputException("Invalid parameter value for Regions: the same value stands there more than once.")
        if self.home_region in regions:
            raise InvalidInputException(f"Invalid parameter value for Regions: {self.home_region} is the aggregation Region.")
        unknown = [region for region in regions if region not in known]
        if unknown:
            raise InvalidInputException(f"Invalid parameter value for Regions: there is no {unknown[0]}.")
        self.mode, self.regions = mode, list(regions)

    def as_dict(self) -> dict[str, Any]:
        aggregator: dict[str, Any] = {
            "FindingAggregatorArn": self.arn,
            "FindingAggregationRegion": self.home_region,
            "RegionLinkingMode": self.mode,
        }
        if self.regions:
            aggregator["Regions"] = self.regions
        return aggregator
