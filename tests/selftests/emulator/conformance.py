# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the emulator answers, held against botocore's service models."""

from __future__ import annotations

import json

from botocore.parsers import create_parser
from emulator.service import operation_model
from emulator.validation import unknown_members
from emulator.validation import violations
from emulator.validation import violations_of_request

# Any operation may end with these, and with what the model lists for it.
COMMON_ERRORS = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "ExpiredToken": 403,
    "ExpiredTokenException": 403,
    "IncompleteSignature": 403,
    "IncompleteSignatureException": 403,
    "InvalidClientTokenId": 403,
    "InvalidInputException": 400,
    "InvalidSignatureException": 403,
    "LimitExceededException": 429,
    "MissingAuthenticationToken": 403,
    "MissingAuthenticationTokenException": 403,
    "SignatureDoesNotMatch": 403,
    "UnrecognizedClientException": 403,
    "ValidationError": 400,
    # Seen, and in no model: where the hub is off
    "BadRequestException": 400,
    # The emulator's own word for what it lacks
    "NotImplemented": 501,
}


def problems(request, call, entry, answer):
    """What no client of AWS would expect of an answer; a list of sentences. What a fault has put in its place is not looked at."""
    model = operation_model(call.service, call.operation)
    if model is None or entry["instead"]:
        return []
    if answer.status < 300:
        found = [f"it was asked for with {violation}" for violation in violations_of_request(request, call)]
        return named(model, found + (problems_of_query(model, answer) if call.service == "sts" else problems_of_json(model, answer)))
    code = entry["error_code"]
    shapes = {shape.error_code: shape for shape in model.error_shapes}
    known = {**COMMON_ERRORS, **{name: shape.metadata["error"]["httpStatusCode"] for name, shape in shapes.items()}}
    found = [] if known.get(code) == answer.status else [f"error {code} with status {answer.status}"]
    if code in shapes and call.service != "sts":
        found += violations(shapes[code], json.loads(answer.body))
    return named(model, found)


def named(model, found):
    """The problems of an operation."""
    return [f"{model.name}: {problem}" for problem in found]


def problems_of_json(model, answer):
    """What is wrong with the answer of a REST service: its JSON must have the members that the model has, and no others."""
    content = json.loads(answer.body) if answer.body else {}
    if model.output_shape is None:
        return [f"no answer was expected, not {content}"] if content else []
    return [
        *violations(model.output_shape, content, bounds=False),
        *(f"{name} is in no model" for name in unknown_members(model.output_shape, content)),
    ]


def problems_of_query(model, answer):
    """What is wrong with an answer of STS, as botocore reads its XML."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    parsed = create_parser("query").parse({"status_code": answer.status, "headers": headers, "body": answer.body}, model.output_shape)
    parsed.pop("ResponseMetadata")
    return list(violations(model.output_shape, json.loads(json.dumps(parsed, default=str)), bounds=False))
