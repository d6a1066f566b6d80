# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of the files, which each worker takes one after the other."""

from __future__ import annotations


def pytest_collection_modifyitems(items):
    """Begin with the longest: nothing would be left to do beside it in the end."""
    items.sort(key=lambda item: item.path.name != "test_signals.py")
