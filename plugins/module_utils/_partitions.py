# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regions and partitions, as far as botocore's data has them. Private to this collection."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from . import _errors as errors
from ._botocore_session import shared_session

_DEFAULT_PARTITION = "aws"


def partition_of(region: str | None) -> str:
    """Return the partition of a region; the default one for no region, or one that botocore can't place."""
    try:
        return shared_session().get_partition_for_region(region) if region else _DEFAULT_PARTITION
    except errors.FAILURES:
        return _DEFAULT_PARTITION


def known_regions(partition: str, service: str = "ec2") -> list[str]:
    """Return the regions of a partition that have a service, as far as botocore knows; EC2 is everywhere."""
    return shared_session().get_available_regions(service, partition)


def is_known_region(region: str) -> bool:
    """Return whether botocore knows the region, in any partition."""
    return any(region in known_regions(partition) for partition in shared_session().get_available_partitions())


def nearest_region(name: str) -> str | None:
    """Return the region that a wrong name is most like; None where it is like none."""
    known = [region for partition in shared_session().get_available_partitions() for region in known_regions(partition)]
    close = difflib.get_close_matches(name, known, n=5, cutoff=0.7)
    # One that has the same letters in another order goes before the others
    return max(close, key=lambda region: sorted(region) == sorted(name), default=None)


def home_region(partition: str, regions: Sequence[str] = ()) -> str:
    """Return the region that botocore's data calls a partition's global one.

    Every account has it, STS answers there whatever else the account has opted in to, and so does account:ListRegions.
    regions: those to choose from where botocore does not know the partition.
    """
    found = [outputs["implicitGlobalRegion"] for name, outputs in _outputs() if name == partition and "implicitGlobalRegion" in outputs]
    return next(iter([*found, *regions, *known_regions(partition)]), None) or home_region(_DEFAULT_PARTITION)


def is_security_hub_address(endpoint_url: str | None) -> bool:
    """Return whether an endpoint is Security Hub's own at AWS, such as that of a VPC endpoint, where no other service answers."""
    host = urlsplit(endpoint_url or "").hostname or ""
    if not {"securityhub", "securityhub-fips"}.intersection(host.split(".")):
        return False
    suffixes = [outputs.get(kind) for _name, outputs in _outputs() for kind in ("dnsSuffix", "dualStackDnsSuffix")]
    return any(host.endswith(f".{suffix}") for suffix in suffixes if suffix)


def _outputs() -> list[tuple[str, dict[str, Any]]]:
    """Return botocore's data of each partition, with the partition's name."""
    return [(partition["id"], partition["outputs"]) for partition in shared_session().get_data("partitions")["partitions"]]
