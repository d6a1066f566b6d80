# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page of the documentation wants its reader to write and to run."""

from __future__ import annotations

import re
import textwrap

BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$|^\n((?: {4,7}\S[^\n]*\n)+)", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"# ([\w.-]+)\n")


def blocks(path):
    """The blocks of a page in their order: language (none: commands), the name of its file in its first line or None, and text."""
    for _indent, language, block, plain in BLOCK.findall(path.read_text(encoding="utf-8")):
        text = textwrap.dedent(block or plain)
        named = NAME.match(text)
        yield language, named and named[1], text
