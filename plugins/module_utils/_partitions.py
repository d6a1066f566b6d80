# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regions and partitions, as far as botocore's data has them. Private to this collection."""

from __future__ import annotations

from urllib.parse import urlsplit

from . import _errors as errors
from ._client import shared_session

_DEFAULT_PARTITION = "aws"

# Regions that every account of a partition has; STS answers there whatever else the account has opted in to.
_HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
# Where account:ListRegions is answered, if that is another one
_HOME_REGIONS_OF_ACCOUNT_MANAGEMENT = {"aws-cn": "cn-northwest-1"}


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


def home_region(partition: str, regions: list[str]) -> str:
    """Return a region that every account of a partition has. regions: those to choose from where the partition is unknown."""
    known = _HOME_REGIONS.get(partition) or next(iter(regions), None)
    return known or next(iter(known_regions(partition)), _HOME_REGIONS[_DEFAULT_PARTITION])


def account_management_region(partition: str, home: str) -> str:
    """Return the region that answers account:ListRegions. home: the partition's home region."""
    return _HOME_REGIONS_OF_ACCOUNT_MANAGEMENT.get(partition, home)


def is_security_hub_address(endpoint_url: str | None) -> bool:
    """Return whether an endpoint is Security Hub's own at AWS, such as that of a VPC endpoint, where no other service answers."""
    host = urlsplit(endpoint_url or "").hostname or ""
    if not {"securityhub", "securityhub-fips"}.intersection(host.split(".")):
        return False
    partitions = shared_session().get_data("endpoints")["partitions"]
    kinds = [kind for partition in partitions for kind in (partition, *partition["defaults"].get("variants", ()))]
    return any(host.endswith("." + kind["dnsSuffix"]) for kind in kinds)
