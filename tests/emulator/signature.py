# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Who signed a request: AWS Signature Version 4 in the Authorization header, checked as AWS checks it, and refused in its words."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .credentials import AccessKey
from .service import TOKEN_INVALID, Answer, Call, Request, error_answer

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
    """botocore's signer, for just the headers that the caller has signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.headers


def verify(request: Request, call: Call, key: AccessKey | None) -> None:
    """Check a request's signature by what belongs to its access key (None: nobody's). Raises Refused."""
    if not request.headers.get("Authorization"):
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    signed_names, signature = _parts(request)
    timestamp = _timestamp(request, signed_names)
    if key is None:
        raise Refused("UnrecognizedClientException", TOKEN_INVALID)
    if request.headers.get("X-Amz-Security-Token") != key.session_token:
        raise Refused("UnrecognizedClientException", TOKEN_INVALID)
    if key.has_expired:
        raise Refused("ExpiredTokenException", "The security token included in the request is expired")
    signer = _Signer(Credentials(call.access_key, key.secret_key), call.service, call.region)
    signed = AWSRequest(request.method, f"http://{request.headers.get('Host')}{request.target}", _signed_headers(request, signed_names), request.body)
    signed.context["timestamp"] = timestamp
    canonical = signer.canonical_request(signed)
    to_sign = signer.string_to_sign(signed, canonical)
    if not (hmac.compare_digest(signer.signature(to_sign, signed), signature) and _is_body_as_declared(request)):
        raise Refused("InvalidSignatureException", DOES_NOT_MATCH.format(canonical=canonical, to_sign=to_sign))


def _parts(request: Request) -> tuple[list[str], str]:
    """The names of the signed headers, and the signature, from the Authorization header."""
    authorization = request.headers["Authorization"]
    algorithm, _sep, rest = authorization.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    if algorithm != ALGORITHM or missing:
        wanted = "".join(f" Authorization header requires '{name}' parameter." for name in missing)
        raise Refused("IncompleteSignatureException", f"{wanted} Authorization={algorithm}".strip())
    scope = parts["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request":
        raise Refused("IncompleteSignatureException", f"Credential must have exactly 5 slash-delimited elements, got '{parts['Credential']}'")
    names = parts["SignedHeaders"].lower().split(";")
    for name in ["host", *(name.lower() for name in request.headers if name.lower().startswith("x-amz-"))]:
        if name not in names:
            raise Refused("InvalidSignatureException", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    return names, parts["Signature"]


def _timestamp(request: Request, signed_names: list[str]) -> str:
    """When the request was signed, as the signature has it; that may not be long ago, nor on another day than its scope says."""
    timestamp = request.headers.get("X-Amz-Date", "")
    if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", timestamp) or "x-amz-date" not in signed_names:
        raise Refused(
            "IncompleteSignatureException", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    date = request.headers["Authorization"].partition("Credential=")[2].split("/")[1]
    if date != timestamp[:8]:
        message = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{timestamp[:8]}'."
        raise Refused("InvalidSignatureException", message)
    try:
        then = datetime.datetime.strptime(timestamp, TIMESTAMP).replace(tzinfo=datetime.timezone.utc)
    except ValueError as error:
        raise Refused("IncompleteSignatureException", f"'{timestamp}' is no date.") from error
    now = datetime.datetime.now(datetime.timezone.utc)
    if then < now - CLOCK_SKEW:
        end = (now - CLOCK_SKEW).strftime(TIMESTAMP)
        raise Refused("InvalidSignatureException", f"Signature expired: {timestamp} is now earlier than {end} ({now.strftime(TIMESTAMP)} - 5 min.)")
    if then > now + CLOCK_SKEW:
        end = (now + CLOCK_SKEW).strftime(TIMESTAMP)
        raise Refused("InvalidSignatureException", f"Signature not yet current: {timestamp} is still later than {end} ({now.strftime(TIMESTAMP)} + 5 min.)")
    return timestamp


def _signed_headers(request: Request, names: list[str]) -> HTTPHeaders:
    headers = HTTPHeaders()
    for name in names:
        for value in request.headers.get_all(name, []):
            headers.add_header(name, value)
    return headers


def _is_body_as_declared(request: Request) -> bool:
    """The signature covers the hash that the header declares, where there is one, and not the body itself."""
    declared = request.headers.get("X-Amz-Content-SHA256")
    return declared is None or declared == hashlib.sha256(request.body).hexdigest()
