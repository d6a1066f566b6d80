# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for a folder of tests that share an emulator: its conftest.py imports them."""

from __future__ import annotations

import pytest
from emulator.client import Client
from emulator_process import running_emulator

# The two of the guides
REGIONS = ["eu-central-1", "us-east-1"]


@pytest.fixture(scope="session")
def facts(tmp_path_factory):
    """What the emulator says of itself."""
    with running_emulator(str(tmp_path_factory.mktemp("emulator")), ["--regions", ",".join(REGIONS)]) as found:
        yield found


@pytest.fixture
def aws(facts):
    """The control of the emulator, all as just started and without accounts."""
    control = Client(facts["url"])
    control.reset(seed=False)
    return control
