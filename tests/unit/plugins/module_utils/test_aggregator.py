# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which regions a finding aggregator links."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _aggregator


@pytest.mark.parametrize(
    "mode, named, other",
    [("all_regions", True, True), ("all_regions_except_specified", False, True), ("specified_regions", True, False), ("no_regions", False, False)],
)
def test_what_is_linked(mode, named, other):
    found = {"linking_mode": mode, "linked_regions": ["eu-west-1"]}
    assert (_aggregator.is_linked(found, "eu-west-1"), _aggregator.is_linked(found, "us-east-1")) == (named, other)


def test_nothing_is_linked_where_the_mode_is_not_known():
    assert not _aggregator.is_linked({"linking_mode": None, "linked_regions": None}, "eu-west-1")
