# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every file says whose it is and under which licence, unless it is prose, empty or written by a tool."""

from __future__ import annotations

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
HEADER = [
    "# Copyright (c) Contributors to the cloudsec.securityhub project",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
]
WITHOUT_PLACE = {".md", ".rst", ".txt", ".pyc", ".png"}
# By antsibull-changelog, and what a test run leaves
BY_TOOLS = {"changelogs", "output", "__pycache__"}


def files_with_a_header():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - BY_TOOLS)
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if path.suffix not in WITHOUT_PLACE and name != "LICENSE" and path.stat().st_size:
                yield pytest.param(path, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize("path", files_with_a_header())
def test_a_file_begins_with_its_licence(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    # After "#!", the encoding, "---" and empty lines
    first = lines.index(HEADER[0])
    assert first < 5
    assert lines[first : first + 3] == HEADER
