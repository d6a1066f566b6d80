# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a response came from AWS. Private to this collection.

botocore takes a body that it can't read, such as a proxy's page or half an answer, for an empty one: nobody is a member, or a write has
worked. Here each response is checked against what its operation has to return, before anything is concluded from it.

Whether AWS sends a list that is empty is not known of each operation. So a response with AWS's request ID whose body is JSON that fits
the model is AWS's, and a list that is missing in it is empty. Without the ID, a missing list shows that something else has answered.
"""

from __future__ import annotations

import json
from typing import Any

try:
    from botocore.parsers import ResponseParserError
except ImportError:
    ResponseParserError = Exception  # the module reports the missing library

# AWS sends it with every response
_REQUEST_ID = "x-amzn-requestid"
# What there can be none of: where AWS leaves it out, it is empty
_COLLECTIONS: dict[str, Any] = {"list": list, "map": dict}
# What an answer must have, by the name of its shape without "Response". Every other operation may answer {}, or nothing at all.
_MUST_HAVE = {
    "AssumeRole": "Credentials",
    "BatchDisableStandards": "StandardsSubscriptions",
    "BatchEnableStandards": "StandardsSubscriptions",
    "CreateFindingAggregator": "FindingAggregatorArn",
    "CreateMembers": "UnprocessedAccounts",
    "DeclineInvitations": "UnprocessedAccounts",
    "DeleteInvitations": "UnprocessedAccounts",
    "DeleteMembers": "UnprocessedAccounts",
    "DescribeHub": "HubArn",
    "DescribeStandards": "Standards",
    "GetCallerIdentity": "Account",
    "GetEnabledStandards": "StandardsSubscriptions",
    "GetFindingAggregator": "FindingAggregatorArn",
    "GetInvitationsCount": "InvitationsCount",
    "GetMembers": "Members",
    "InviteMembers": "UnprocessedAccounts",
    "ListFindingAggregators": "FindingAggregators",
    "ListInvitations": "Invitations",
    "ListMembers": "Members",
    "ListRegions": "Regions",
    "ListTagsForResource": "Tags",
    "UpdateFindingAggregator": "FindingAggregatorArn",
}
# What is about something, or a list about several, and so must name it
_MUST_NAME: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("Administrator", "Invitations", "Master", "Members", "UnprocessedAccounts"), ("AccountId",)),
    "FindingAggregators": ("FindingAggregatorArn",),
    "Standards": ("StandardsArn",),
    "StandardsSubscriptions": ("StandardsSubscriptionArn", "StandardsArn", "StandardsStatus"),
}
# The type that JSON has for a shape; whether a timestamp is one, its parser says
_TYPES: dict[str, Any] = {"boolean": bool, "integer": int, "list": list, "long": int, "map": dict, "string": str, "structure": dict}
# Of what came, in a message
_MOST_SHOWN = 120
_MOST_READ = 10_000


class NotFromAws(ResponseParserError):
    """Something that is not AWS has answered, or AWS's answer has been damaged on its way."""

    def __init__(self, why: str, response: dict[str, Any]) -> None:
        kind = response["headers"].get("content-type", "no type")
        came = _beginning(response["body"])
        super().__init__(f"{why} (HTTP status {response['status_code']}, {kind}, {len(response['body'])} bytes){': ' * bool(came)}{came}")


def check_responses(session: Any) -> None:
    """Install the response checks in the clients that a session makes."""
    session.register_component("response_parser_factory", CheckedParsers(session.get_component("response_parser_factory")))


class CheckedParsers:
    """In place of botocore's factory of parsers: the same parsers, which raise NotFromAws for an answer that can't be AWS's.

    factory: botocore's own. Whatever else a botocore asks of it, it gets.
    """

    def __init__(self, factory: Any) -> None:
        self._factory = factory

    def create_parser(self, protocol: str) -> Any:
        """Return the parser of a protocol, with the checks."""
        return _CheckedParser(self._factory.create_parser(protocol), is_json="json" in protocol)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factory, name)


class _CheckedParser:
    def __init__(self, parser: Any, is_json: bool) -> None:
        self._parser = parser
        self._is_json = is_json

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """Return what botocore's parser makes of a response, a dict of status_code, headers and body. Raises NotFromAws."""
        _check_length(response)
        if response["status_code"] >= 300:
            return self._parse_error(response, shape)
        parsed = self._parsed(response, shape)
        if shape is None:
            return parsed
        members = {name: value for name, value in parsed.items() if name in shape.members}
        if self._is_json:
            raw = _json_object(response)
            if not _fits(raw, shape):
                raise NotFromAws("It has values of other types", response)
            if not members and any(value is not None for value in raw.values()):
                raise NotFromAws("Nothing in it belongs to such an answer", response)
            _keep_providers(members, raw)
        required = _MUST_HAVE.get(shape.name.removesuffix("Response"))
        if required and required not in members:
            empty = _COLLECTIONS.get(shape.members[required].type_name)
            if empty is None or not (response["body"] and response["headers"].get(_REQUEST_ID)):
                raise NotFromAws(f"{required} is missing", response)
            parsed[required] = empty()
        for name in members.keys() & _MUST_NAME.keys():
            found = members[name]
            for key in _MUST_NAME[name]:
                if not all(item.get(key) for item in (found if isinstance(found, list) else [found])):
                    raise NotFromAws(f"{name} has no {key}", response)
        return parsed

    def _parse_error(self, response: dict[str, Any], shape: Any) -> Any:
        """Return AWS's error. A server error without AWS's words has only its status, as botocore does it for some of them."""
        try:
            parsed = self._parsed(response, shape)
            if shape is not None and shape.metadata.get("exception"):
                return parsed  # further fields of an error that was looked at before
            error = parsed.get("Error", {})
            has_code = not self._is_json or "x-amzn-errortype" in response["headers"] or not {"code", "Code", "__type"}.isdisjoint(_json_object(response))
            if has_code and error.get("Code") and all(isinstance(error.get(name, ""), str) for name in ("Code", "Message")):
                return parsed
            raise NotFromAws("It is no error of AWS's", response)
        except NotFromAws:
            if response["status_code"] < 500:
                raise
            return self._parser.parse({**response, "body": b""}, shape)

    def _parsed(self, response: dict[str, Any], shape: Any) -> Any:
        try:
            return self._parser.parse(response, shape)
        except Exception as e:  # pylint: disable=broad-except
            # botocore's parsers take the types of what they read for granted
            raise NotFromAws("It can't be read", response) from e

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)


def _check_length(response: dict[str, Any]) -> None:
    """Raise NotFromAws for a body that was cut short: a connection that is lost leaves one, and botocore does not look."""
    announced = response["headers"].get("content-length")
    if announced is not None and announced != str(len(response["body"])):
        raise NotFromAws(f"It was cut short, {announced} bytes were announced", response)


def _json_object(response: dict[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(response["body"] or b"{}")
    except (RecursionError, ValueError) as e:
        raise NotFromAws("It is not JSON", response) from e
    if not isinstance(found, dict):
        raise NotFromAws("It is not a JSON object", response)
    return found


def _fits(value: Any, shape: Any) -> bool:
    """Return whether a value has the type that the model says. botocore goes through a dict or a string in place of a list as if it were one."""
    if value is None:
        return True  # as if it were not there
    if not isinstance(value, _TYPES.get(shape.type_name, object)):
        return False
    if shape.type_name == "structure":
        return all(_fits(value[name], member) for name, member in shape.members.items() if name in value)
    if shape.type_name == "list":
        return all(item is not None and _fits(item, shape.member) for item in value)
    if shape.type_name == "map":
        return all(_fits(item, shape.value) for item in value.values())
    return True


def _keep_providers(members: dict[str, Any], raw: dict[str, Any]) -> None:
    """Add whose each standard is, which decides about taking it out. botocore before 1.44 knows nothing of it."""
    for standard, answered in zip(members.get("Standards") or (), raw.get("Standards") or (), strict=True):
        if isinstance(answered.get("Provider"), str):
            standard["Provider"] = answered["Provider"]


def _beginning(body: bytes) -> str:
    """Return the beginning of a body, in one line. It ends between words: half of a secret that the text repeats would not be recognized as one."""
    text = " ".join(body[:_MOST_READ].decode("utf-8", "replace").split())
    if len(text) <= _MOST_SHOWN and len(body) <= _MOST_READ:
        return text
    return text[: max(text.rfind(mark, 0, _MOST_SHOWN) for mark in " >,") + 1].rstrip() + " [...]"
