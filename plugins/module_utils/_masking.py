# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make text from AWS, a library or the user fit to be printed: without secrets, with escape sequences for what can't be seen. Private to this collection."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

MASK = "********"  # Ansible's own, for what is marked no_log

# Control characters (terminals' and newlines, which would begin a line that nobody has written), marks that turn the direction of
# writing, and halves of characters, which nothing can print
_CONTROLS = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff"
# Characters that can't be seen, and spaces that look like the usual one, as spreadsheets and web pages leave them behind in IDs
_INVISIBLE = "\xa0\xad\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200b\u202f\u205f-\u2065\u2800\u3164\ufeff\uffa0\U000e0001"
# Scripts, emoji and ideographs have these after characters of their own: joiners, the ideographic space, variation selectors, tags
_JOINING = "\u200c\u200d\u3000\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef"
_UNPRINTABLE = re.compile(f"(?:[{_CONTROLS}{_INVISIBLE}]|(?<![^\x00-\x7f])[{_JOINING}])[{_CONTROLS}{_INVISIBLE}{_JOINING}]*")

# How a character may be quoted, in URLs, JSON, Python and HTML; and what may stand where a line was broken
_HEX = "[0-9A-Fa-f]"
_QUOTED = re.compile(rf"(?:%|\\x)({_HEX}{{2}})|\\u({_HEX}{{4}})|\\U({_HEX}{{8}})|(&(?:#[0-9]{{1,7}}|#[xX]{_HEX}{{1,6}}|[A-Za-z]{{2,6}});)|\\(.)|\s+", re.DOTALL)
_BREAKS = "nrt"
# Quoted text may have been quoted again
_MOST_LAYERS = 5


def printable(value: Any, convert: Callable[[Any], Any] = str) -> Any:
    """Return the same value (of strings, lists, dicts and what else JSON has) with every unprintable character as its escape sequence.

    convert(exception): returns such a value for an exception in it.
    """
    if isinstance(value, str):
        return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), value)
    if isinstance(value, list):
        return [printable(item, convert) for item in value]
    if isinstance(value, dict):
        return {printable(name): printable(item, convert) for name, item in value.items()}
    return printable(convert(value)) if isinstance(value, Exception) else value


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that takes the secrets (strings) out of a text.

    They are recognized as they are, quoted in one of the usual ways, or broken into lines.
    """
    plain_secrets = {_plain(secret)[0] for secret in secrets} - {""}
    shortest = min(map(len, plain_secrets), default=None)
    return lambda text: text if shortest is None or len(text) < shortest else _without(text, plain_secrets)


def _without(text: str, plain_secrets: set[str]) -> str:
    plain, places = _plain(text)
    found = []
    for secret in plain_secrets:
        start = plain.find(secret)
        while start >= 0:
            found.append((places[start][0], places[start + len(secret) - 1][1]))
            start = plain.find(secret, start + 1)
    kept, end = [], 0
    for first, last in sorted(found):
        if first >= end:
            kept += [text[end:first], MASK]
        end = max(end, last)
    return "".join(kept) + text[end:]


def _plain(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a text with nothing quoted and without white space; and for each of its characters, from where to where it stood in the text."""
    places = [(index, index + 1) for index in range(len(text))]
    for _layer in range(_MOST_LAYERS):
        pieces, kept, end = [], [], 0
        for found in _QUOTED.finditer(text):
            character = _unquoted(found)
            if character is None:
                continue
            pieces += [text[end : found.start()], character]
            kept += places[end : found.start()] + [(places[found.start()][0], places[found.end() - 1][1])] * len(character)
            end = found.end()
        if not pieces:
            break
        text, places = "".join(pieces) + text[end:], kept + places[end:]
    return text, places


def _unquoted(found: re.Match[str]) -> str | None:
    """Return what a match of _QUOTED stands for; None where it only looks like something quoted."""
    *codes, entity, escaped = found.groups()
    if any(codes):
        return chr(min(int("".join(filter(None, codes)), 16), 0x10FFFF))
    if entity:
        character = html.unescape(entity)
        return None if character == entity else character
    return "" if escaped is None or escaped in _BREAKS else escaped
