# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a request means to AWS: which service, which operation, with which parameters; and how AWS words an error."""

from __future__ import annotations

import dataclasses
import email.message
import json
import math
import re
import typing as t
import uuid
from urllib.parse import parse_qs
from urllib.parse import unquote
from xml.sax.saxutils import escape

from botocore.model import OperationModel
from botocore.model import ServiceModel
from moto.core.utils import get_service_model

ACCOUNT = get_service_model("account")
SECURITY_HUB = get_service_model("securityhub")
STS = get_service_model("sts")
# What the query protocol and presigned requests have beside an operation's parameters, and secrets that the call log must not keep.
IS_NO_PARAMETER = re.compile(r"(Action|Version|X-Amz-.*|SAMLAssertion)$", re.IGNORECASE)
IS_SECRET = re.compile(r"WebIdentityToken$", re.IGNORECASE)
# Of a request that no signature names one for
UNSIGNED_REGION = "us-east-1"
TOKEN_INVALID = "The security token included in the request is invalid"

# Codes that are in no service's model.
OTHER_STATUSES = {
    "AccessDenied": 403,
    "BadRequestException": 400,
    "ExpiredToken": 403,
    "ExpiredTokenException": 403,
    "InternalFailure": 500,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "NotImplemented": 501,
    "OptInRequired": 403,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
    "ThrottlingException": 400,
    "TooManyRequestsException": 429,
    "UnrecognizedClientException": 403,
    "ValidationException": 400,
}


def _status_codes() -> dict[str, int]:
    shapes = [*ACCOUNT.error_shapes, *SECURITY_HUB.error_shapes]
    return {**OTHER_STATUSES, **{shape.error_code: shape.metadata["error"]["httpStatusCode"] for shape in shapes}}


class Routes:
    """Which requests mean which operations of a REST service."""

    def __init__(self, model: ServiceModel):
        self._literal: dict[tuple[str, str], str] = {}
        self._others: list[tuple[str, re.Pattern[str], str]] = []  # those with parameters in their path
        for name in model.operation_names:
            http = model.operation_model(name).http
            if "{" in http["requestUri"]:
                pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>.+)", http["requestUri"])
                self._others.append((http["method"], re.compile(pattern), name))
            else:
                self._literal[http["method"], http["requestUri"]] = name

    def find(self, method: str, path: str) -> tuple[str | None, dict[str, str]]:
        """The operation of a request, None where there is none, and the parameters in its path."""
        if (method, path) in self._literal:
            return self._literal[method, path], {}
        for other_method, pattern, name in self._others:
            match = pattern.fullmatch(path) if method == other_method else None
            if match:
                return name, {key: unquote(value) for key, value in match.groupdict().items()}
        return None, {}


STATUS_CODES = _status_codes()
ROUTES = {"account": Routes(ACCOUNT), "securityhub": Routes(SECURITY_HUB)}
OPERATIONS = frozenset(ACCOUNT.operation_names) | frozenset(SECURITY_HUB.operation_names) | frozenset(STS.operation_names)


def operation_model(service: str, operation: str | None) -> OperationModel | None:
    """What botocore's model says of an operation; None for one that it doesn't have."""
    model = {"account": ACCOUNT, "securityhub": SECURITY_HUB, "sts": STS}.get(service)
    return model.operation_model(operation) if model and operation in model.operation_names else None


def status_of(code: str) -> int:
    """The HTTP status that goes with an error code; 400 where nobody says."""
    return STATUS_CODES.get(code, 400)


@dataclasses.dataclass
class Request:
    """One HTTP request, read completely."""

    method: str
    target: str
    headers: email.message.Message
    body: bytes

    def __post_init__(self) -> None:
        self.path, _sep, self.query = self.target.partition("?")


@dataclasses.dataclass
class Answer:
    """One HTTP answer, and how it is sent. The connection ends after one whose own Content-Length does not fit its body."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    dropped: bool = False  # it is never sent: the connection is closed instead
    reset: bool = False  # and where it is dropped, by a TCP RST
    drip: float = 0  # seconds before each byte
    outage: float | None = None  # seconds for which nobody listens any more once it is sent


@dataclasses.dataclass
class Call:
    """A request to AWS, as far as it can be told before it is answered."""

    service: str
    operation: str | None
    region: str | None
    access_key: str | None
    params: dict[str, t.Any]
    user_agent: str
    account: str | None = None


@dataclasses.dataclass
class Authorization:
    """The parts of a request's Authorization header; those that it doesn't have are empty."""

    algorithm: str
    credential: str
    signed_headers: str
    signature: str
    repeats: bool  # whether a part stands there more than once

    @property
    def scope(self) -> list[str]:
        """KEY, 20240101, eu-west-1, securityhub and aws4_request, where the credential is one."""
        return self.credential.split("/")


def read_authorization(request: Request) -> Authorization:
    """Read AWS4-HMAC-SHA256 Credential=KEY/20240101/eu-west-1/securityhub/aws4_request, SignedHeaders=…, Signature=…"""
    algorithm, _sep, rest = (request.headers.get("Authorization") or "").partition(" ")
    parts = [part.strip().partition("=")[::2] for part in rest.split(",")]
    values = dict(reversed(parts))
    return Authorization(algorithm, values.get("Credential", ""), values.get("SignedHeaders", ""), values.get("Signature", ""), len(values) < len(parts))


def is_unsigned(request: Request) -> bool:
    """Whether a request asks for a role by a token, which is all that proves who asks."""
    return request.method == "POST" and "Authorization" not in request.headers and b"Action=AssumeRoleWithWebIdentity&" in request.body


def read_call(request: Request) -> Call:
    """Find out what is asked for. Service and region stand in the signature, as moto reads them."""
    scope = read_authorization(request).scope
    access_key, region, service = (scope[0], scope[2], scope[3]) if len(scope) == 5 else (None, None, "unknown")
    if is_unsigned(request):
        region, service = UNSIGNED_REGION, "sts"
    operation, in_path = ROUTES[service].find(request.method, request.path) if service in ROUTES else (None, {})
    params = {**_params(service, request), **in_path}
    return Call(
        service=service,
        operation=operation if service in ROUTES else _action(request, params),
        region=region,
        access_key=access_key,
        params={key: "not recorded" if IS_SECRET.match(key) else value for key, value in params.items() if not IS_NO_PARAMETER.match(key)},
        user_agent=request.headers.get("User-Agent", ""),
    )


def _params(service: str, request: Request) -> dict[str, t.Any]:
    params: dict[str, t.Any] = {key: values if len(values) > 1 else values[0] for key, values in parse_qs(request.query).items()}
    if service == "sts":
        params.update((key, values[0]) for key, values in parse_qs(request.body.decode(errors="replace")).items())
    elif request.body:
        params.update(_json_object(request.body))
    return params


def _json_object(body: bytes) -> dict[str, t.Any]:
    try:
        value = json.loads(body)
    except (RecursionError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _action(request: Request, params: dict[str, t.Any]) -> str | None:
    """The operation of a request to a service that has no routes."""
    action = params.get("Action") or request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    return action if isinstance(action, str) and action else None


def error_answer(service: str, code: str, message: str, status: int | None = None) -> Answer:
    """An error as the service words it: JSON, or XML for the services that speak the query protocol."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": code}
    if service == "sts":
        body = (
            "<ErrorResponse><Error><Type>Sender</Type>"
            f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        headers["Content-Type"] = "text/xml"
    else:
        body = json.dumps({"message": message} if service == "account" else {"Message": message, "Code": code})
        headers["Content-Type"] = "application/json"
    return Answer(status or status_of(code), body.encode(), headers)


def check_seconds(value: t.Any) -> float:
    """A number of seconds from outside. Raises ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"seconds are a number from 0 on, not {value!r}")
    return value


def with_defaults(headers: dict[str, str], defaults: dict[str, str]) -> dict[str, str]:
    """The headers, and those of the defaults that they lack, in whatever case they are written."""
    said = {name.lower() for name in headers}
    return {**{name: value for name, value in defaults.items() if name.lower() not in said}, **headers}


def json_answer(value: t.Any, status: int = 200) -> Answer:
    """Any value as JSON."""
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid.uuid4())}
    return Answer(status, json.dumps(value).encode(), headers)
