# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore's data says of partitions and regions."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _partitions
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _variables

HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1", "aws-iso": "us-iso-east-1", "aws-iso-f": "us-isof-south-1"}


@pytest.mark.parametrize("partition, region", HOME_REGIONS.items())
def test_home_region(partition, region):
    """AWS calls it implicitGlobalRegion."""
    assert _partitions.home_region(partition) == region


def test_home_region_of_a_partition_that_botocore_does_not_know():
    """It is one that the task names, or else the default partition's."""
    assert _partitions.home_region("aws-moon", ["moon-east-1"]) == "moon-east-1"
    assert _partitions.home_region("aws-moon") == "us-east-1"


@pytest.mark.parametrize(
    "name, nearest",
    [("us-esat-1", "us-east-1"), ("eu-centrl-1", "eu-central-1"), ("cn-nroth-1", "cn-north-1"), ("frankfurt", None), ("", None)],
)
def test_nearest_region(name, nearest):
    assert _partitions.nearest_region(name) == nearest


@pytest.mark.parametrize(
    "regions, administrator_role, configured, partition",
    [
        (["eu-west-1"], None, "cn-north-1", "aws"),
        (["cn-north-1"], "arn:aws:iam::111111111111:role/Administrator", "eu-west-1", "aws-cn"),
        ([" us-gov-east-1"], None, None, "aws-us-gov"),
        (["all"], "arn:aws-us-gov:iam::111111111111:role/Administrator", "eu-west-1", "aws-us-gov"),
        (["all"], None, "cn-north-1", "aws-cn"),
        (["all"], "", None, "aws"),
    ],
)
def test_role_by_its_name(monkeypatch, regions, administrator_role, configured, partition):
    """It belongs to the partition of the regions; with [all], of the administrator's role, or else of the region that boto3 finds."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    if configured:
        monkeypatch.setenv("AWS_REGION", configured)
    arn = _variables.member_role_arn("security/Member", "444455556666", regions, administrator_role, {})
    assert arn == f"arn:{partition}:iam::444455556666:role/security/Member"
    assert _variables.member_role_arn("/security/Member", "444455556666", regions, administrator_role, {}) == arn


def test_role_by_its_name_in_the_partition_of_a_profile_s_region(monkeypatch, tmp_path):
    """The profile is that of securityhub_connection."""
    (tmp_path / "config").write_text("[profile china]\nregion = cn-north-1\n", encoding="utf-8")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    arn = _variables.member_role_arn("Member", "444455556666", ["all"], None, {"profile": "china"})
    assert arn == "arn:aws-cn:iam::444455556666:role/Member"
