# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests and answers held against botocore's service model: required members, types, enums, patterns, lengths and ranges.

botocore's own validator checks a part of that, and only what its clients send.
"""

from __future__ import annotations

import datetime
import json
import re
import typing as t
from urllib.parse import parse_qs

from botocore.model import Shape

from .service import Call
from .service import Request
from .service import operation_model

TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
    "integer": (int,),
    "list": (list,),
    "long": (int,),
    "map": (dict,),
    "string": (str,),
    "structure": (dict,),
    "timestamp": (str,),
}


def violations_of_request(request: Request, call: Call) -> list[str]:
    """What is wrong with the parameters of a request, a sentence for each."""
    model = operation_model(call.service, call.operation)
    if model is None or model.input_shape is None:
        return []
    try:
        parameters = _parameters_of_sts(call, model.input_shape) if call.service == "sts" else _parameters(request, call, model.input_shape)
    except ValueError as error:
        return [str(error)]
    return list(violations(model.input_shape, parameters))


def _parameters_of_sts(call: Call, shape: t.Any) -> dict[str, t.Any]:
    """The simple parameters of a request to STS, whose protocol puts lists and structures together from many: they are not looked at."""
    simple = {name: member for name, member in shape.members.items() if member.type_name in ("boolean", "integer", "string")}
    return {name: _from_text(simple[name], value) for name, value in call.params.items() if name in simple}


def _parameters(request: Request, call: Call, shape: t.Any) -> dict[str, t.Any]:
    """The parameters of a request to a REST service, by their names in the model. Raises ValueError."""
    try:
        query = parse_qs(request.query, keep_blank_values=True, errors="strict")
        body = json.loads(request.body.decode()) if request.body else {}
    except UnicodeDecodeError as error:
        raise ValueError("The request is not encoded as UTF-8.") from error
    except (RecursionError, ValueError) as error:
        raise ValueError("The request body is not JSON.") from error
    if not isinstance(body, dict):
        raise ValueError("The request body is not a JSON object.")
    parameters = {name: value for name, value in body.items() if name in shape.members}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location == "querystring" and member.serialization["name"] in query:
            parameters[name] = _from_query(member, query[member.serialization["name"]])
        elif location == "uri":
            parameters[name] = call.params[member.serialization["name"]]
    return parameters


def _from_query(shape: Shape, values: list[str]) -> t.Any:
    """The value that a query string has for a member."""
    return values if shape.type_name == "list" else _from_text(shape, values[0])


def _from_text(shape: Shape, text: str) -> t.Any:
    """A value of a simple shape; the text itself where it is no such value."""
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return int(text) if shape.type_name == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII) else text


def violations(shape: Shape, value: t.Any, name: str = "", bounds: bool = True) -> t.Iterator[str]:
    """What is wrong with a value from JSON, a sentence for each.

    name: how the value is called in the sentences. bounds: whether lengths and ranges count; the service's own answers don't keep
    to them (an untagged hub has an empty map of tags).
    """
    if not _is_of(TYPES[shape.type_name], value):
        yield f"{name}: a {shape.type_name} is expected."
        return
    if bounds:
        yield from _out_of_bounds(shape, value, name)
    if shape.type_name == "structure":
        yield from _in_structure(shape, value, name, bounds)
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from violations(shape.member, item, f"{name}[{number}]", bounds)
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from violations(shape.key, key, f"the name {key!r} in {name}", bounds)
            yield from violations(shape.value, item, f"{name}.{key}", bounds)
    elif shape.type_name == "string":
        yield from _in_string(shape, value, name)
    elif shape.type_name == "timestamp" and not _is_time(value):
        yield f"{name}: a time in ISO 8601 is expected."


def _is_of(types: tuple[type, ...], value: t.Any) -> bool:
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _out_of_bounds(shape: Shape, value: t.Any, name: str) -> t.Iterator[str]:
    size = len(value) if isinstance(value, (str, list, dict)) else value
    if size < shape.metadata.get("min", size) or size > shape.metadata.get("max", size):
        yield f"{name}: {shape.metadata.get('min', 0)} to {shape.metadata.get('max', 'any number')} are allowed, not {size}."


def _in_structure(shape: t.Any, value: dict[str, t.Any], name: str, bounds: bool) -> t.Iterator[str]:
    # To JSON, null and left out are the same
    given = {key: item for key, item in value.items() if item is not None}
    for key in shape.required_members:
        if key not in given:
            yield f"{name}.{key}: is required.".lstrip(".")
    for key, item in given.items():
        if key in shape.members:
            yield from violations(shape.members[key], item, f"{name}.{key}".lstrip("."), bounds)


def _in_string(shape: t.Any, value: str, name: str) -> t.Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{name}: {value!r} is none of {', '.join(shape.enum)}."
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value, re.ASCII):
        yield f"{name}: {value!r} does not match {pattern}."


def _is_time(value: str) -> bool:
    try:
        datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def unknown_members(shape: Shape, value: t.Any, name: str = "") -> t.Iterator[str]:
    """The names in a value, at any depth, that its shape doesn't have; for answers, which must not say what nobody reads."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for key, item in value.items():
            where = f"{name}.{key}".lstrip(".")
            if key in shape.members:
                yield from unknown_members(shape.members[key], item, where)
            else:
                yield where
    elif shape.type_name == "list" and isinstance(value, list):
        for number, item in enumerate(value):
            yield from unknown_members(shape.member, item, f"{name}[{number}]")
