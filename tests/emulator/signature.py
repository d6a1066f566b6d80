# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signed a request: AWS Signature Version 4 in the Authorization header, checked as AWS checks it, and refused in its words."""

from __future__ import annotations

import datetime
import hashlib
import hmac
from urllib.parse import parse_qsl
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .credentials import AccessKey
from .service import TOKEN_INVALID
from .service import Answer
from .service import Authorization
from .service import Call
from .service import Request
from .service import error_answer
from .service import read_authorization

ALGORITHM = "AWS4-HMAC-SHA256"
TIMESTAMP = "%Y%m%dT%H%M%SZ"
CLOCK_SKEW = datetime.timedelta(minutes=5)
# The same complaint, as Security Hub names it and as STS does, which speaks the query protocol.
CODES_OF_STS = {
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
DOES_NOT_MATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n"
    "The Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
)


class Refused(Exception):
    """A request that AWS does not take for its caller's. code: as Security Hub names it."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    def answer(self, service: str) -> Answer:
        """The refusal in the words of a service."""
        if service == "sts":
            message = self.message + "." if self.message == TOKEN_INVALID else self.message
            return error_answer(service, CODES_OF_STS[self.code], message, 403)
        return error_answer(service, self.code, self.message, 403)


class _Signer(SigV4Auth):
    """botocore's signer, for just the headers that the caller has signed, and for a query however it was encoded on the way."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers

    def canonical_query_string(self, request: AWSRequest) -> str:
        pairs = parse_qsl(request.url.partition("?")[2], keep_blank_values=True, encoding="latin-1")
        return "&".join("=".join(quote(text, safe="-_.~", encoding="latin-1") for text in pair) for pair in sorted(pairs))


def verify(request: Request, call: Call, key: AccessKey | None) -> None:
    """Check a request's signature by what belongs to its access key (None: nobody's). Raises Refused."""
    if not request.headers.get("Authorization"):
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    authorization = read_authorization(request)
    _check_parts(request, authorization)
    _check_time(request, authorization)
    if key is None or request.headers.get("X-Amz-Security-Token") != key.session_token:
        raise Refused("UnrecognizedClientException", TOKEN_INVALID)
    if key.has_expired:
        raise Refused("ExpiredTokenException", "The security token included in the request is expired")
    signer = _Signer(Credentials(call.access_key, key.secret_key), call.service, call.region)
    # The host is one of the signed headers; here it only makes the address a whole one
    signed = AWSRequest(request.method, f"http://host{request.target}", _signed_headers(request, authorization), request.body)
    signed.context["timestamp"] = request.headers["X-Amz-Date"]
    canonical = signer.canonical_request(signed)
    to_sign = signer.string_to_sign(signed, canonical)
    is_theirs = hmac.compare_digest(signer.signature(to_sign, signed).encode(), authorization.signature.encode())
    if not (is_theirs and _is_body_as_declared(request)):
        raise Refused("InvalidSignatureException", DOES_NOT_MATCH.format(canonical=canonical, to_sign=to_sign))


def _check_parts(request: Request, authorization: Authorization) -> None:
    """Whether the Authorization header is whole, and what must be signed is."""
    values = {"Credential": authorization.credential, "Signature": authorization.signature, "SignedHeaders": authorization.signed_headers}
    missing = [name for name, value in values.items() if not value]
    if authorization.algorithm != ALGORITHM or missing or authorization.repeats or "#" in request.target:
        wanted = "".join(f"Authorization header requires '{name}' parameter. " for name in missing)
        raise Refused("IncompleteSignatureException", f"{wanted}Authorization={authorization.algorithm}")
    if len(authorization.scope) != 5 or authorization.scope[4] != "aws4_request":
        raise Refused("IncompleteSignatureException", "Credential must have exactly 5 slash-delimited elements, the last of them aws4_request.")
    names = authorization.signed_headers.split(";")
    if names != sorted(names) or authorization.signed_headers != authorization.signed_headers.lower():
        raise Refused("InvalidSignatureException", "SignedHeaders must be sorted, and in lower case.")
    for name in ["host", *(name.lower() for name in request.headers if name.lower().startswith("x-amz-"))]:
        if name not in names:
            raise Refused("InvalidSignatureException", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    for name in names:
        if name not in request.headers:
            raise Refused("InvalidSignatureException", f"'{name}' is a 'SignedHeader', and the request doesn't have it.")


def _check_time(request: Request, authorization: Authorization) -> None:
    """Whether the request was signed just now, and on the day that its scope says."""
    timestamp = request.headers.get("X-Amz-Date", "")
    try:
        then = datetime.datetime.strptime(timestamp, TIMESTAMP).replace(tzinfo=datetime.timezone.utc)
    except ValueError as error:
        raise Refused("IncompleteSignatureException", "Authorization header requires existence of a 'X-Amz-Date' header with a date.") from error
    date = authorization.scope[1]
    if date != timestamp[:8]:
        message = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{timestamp[:8]}'."
        raise Refused("InvalidSignatureException", message)
    now = datetime.datetime.now(datetime.timezone.utc)
    if then < now - CLOCK_SKEW:
        end = (now - CLOCK_SKEW).strftime(TIMESTAMP)
        raise Refused("InvalidSignatureException", f"Signature expired: {timestamp} is now earlier than {end} ({now.strftime(TIMESTAMP)} - 5 min.)")
    if then > now + CLOCK_SKEW:
        end = (now + CLOCK_SKEW).strftime(TIMESTAMP)
        raise Refused("InvalidSignatureException", f"Signature not yet current: {timestamp} is still later than {end} ({now.strftime(TIMESTAMP)} + 5 min.)")


def _signed_headers(request: Request, authorization: Authorization) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name in authorization.signed_headers.split(";"):
        for value in request.headers.get_all(name, []):
            headers.add_header(name, value)
    return headers


def _is_body_as_declared(request: Request) -> bool:
    """The signature covers the hash that the header declares, where there is one, and not the body itself."""
    declared = request.headers.get("X-Amz-Content-SHA256")
    return declared is None or declared == hashlib.sha256(request.body).hexdigest()
