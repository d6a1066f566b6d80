# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages as values, which become text when a result or a summary is written. Private to this collection.

A Message holds references in place of the names that depend on the place or on the reader. Two messages are equal where they say the
same of two places, and the readers of a task and of a playbook get the names that each of them sets.
"""

from __future__ import annotations

import re
import string
import types
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple
from typing import TypeAlias

# The words of a task's reader. An option that is not in a reader's words goes by its own name.
TASK_WORDS: Mapping[str, str] = types.MappingProxyType(
    {
        "rerun": "rerun the task",
        "Rerun": "Rerun the task",
        "enable_hub": "Enable Security Hub CSPM there first",
        "or_wait": "or set wait=true if the invitation is on its way",
        "option.home_region": "region",
    }
)
_OPTION = "option."
_PLACE = ("place", "account", "region")


class Place(NamedTuple):
    """Where a call is made. account_id: None where it is not known. region: None for the task as a whole."""

    account_id: str | None = None
    region: str | None = None

    def __str__(self) -> str:
        if not self.region:
            return "this task"
        return f"{'account ' + self.account_id if self.account_id else 'this account'}, region {self.region}"


NOWHERE = Place()


class Reference(NamedTuple):
    """A part of a message that depends on the place (_PLACE) or on the reader (TASK_WORDS, or an option as option.NAME)."""

    name: str


_Part: TypeAlias = "str | Reference"


class Message(tuple["_Part", ...]):
    """What is to be said, as a tuple of text and References."""

    @classmethod
    def of(cls, template: str, place: Place = NOWHERE, **facts: Any) -> Message:
        """Return the message of a template.

        template: text of this collection's own, in the form of str.format. Its fields are facts and References.
        place: the place that the facts tell of. Where a fact has its account ID or region as a word, it refers to them.
        facts: text of any origin, which is never taken for a template, or other messages.
        Raises KeyError for a field that is neither.
        """
        parts: list[_Part] = []
        for text, field, _format, _conversion in string.Formatter().parse(template):
            parts.append(text)
            if field is None:
                continue
            if field not in facts:
                if field not in (*_PLACE, *TASK_WORDS) and not field.startswith(_OPTION):
                    raise KeyError(field)
                parts.append(Reference(field))
            elif isinstance(facts[field], Message):
                parts += facts[field]
            else:
                parts += _split_at_names(str(facts[field]), place)
        return cls(_joined(parts))

    def followed_by(self, other: Message) -> Message:
        """Return both messages as one."""
        return Message(_joined([*self, " " * bool(self and other), *other]))

    def render(self, place: Place, words: Mapping[str, str] = TASK_WORDS) -> str:
        """Return the text for a place, in the words of a reader."""
        names = {"place": str(place), "account": place.account_id or "this account", "region": str(place.region), **words}
        return "".join(part if isinstance(part, str) else names.get(part.name, part.name.removeprefix(_OPTION)) for part in self)

    def as_json(self) -> list[Any]:
        """Return the parts in a form that JSON has."""
        return [part if isinstance(part, str) else list(part) for part in self]

    @classmethod
    def from_json(cls, parts: Iterable[Any]) -> Message:
        """Return the message of what as_json() returned."""
        return cls(part if isinstance(part, str) else Reference(*part) for part in parts)


def _split_at_names(text: str, place: Place) -> list[_Part]:
    """Return the parts of a text, with References where it has the place's account ID or region as a word."""
    names = {name: Reference(field) for field, name in (("account", place.account_id), ("region", place.region)) if name}
    if not names:
        return [text]
    pieces = re.split(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])", text)
    return [names.get(piece, piece) for piece in pieces]


def _joined(parts: Iterable[_Part]) -> list[_Part]:
    """Return the parts without empty text, and with texts that follow one another in one."""
    joined: list[_Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part:
            joined.append(part)
    return joined
