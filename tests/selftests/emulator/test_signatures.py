# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about who may call: the secret, the session token, and everything that a signature covers."""

from __future__ import annotations

import datetime
import hashlib
import http.client
import json
import urllib.parse

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .conftest import BASE_ACCESS_KEY
from .conftest import BASE_SECRET_KEY
from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGION
from .conftest import error

TOKEN_INVALID = "The security token included in the request is invalid"


def client(server, service, access_key=BASE_ACCESS_KEY, secret_key=BASE_SECRET_KEY, session_token=None):
    """A client with any keys."""
    return boto3.client(service, REGION, endpoint_url=server.url, config=ONCE, **keys(access_key, secret_key, session_token))


def keys(access_key, secret_key, session_token):
    """boto3's names for the three."""
    return {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key, "aws_session_token": session_token}


@pytest.fixture
def session(aws, emulator):
    """What AssumeRole gave out for the member."""
    return aws.sts.assume_role(RoleArn=f"arn:aws:iam::{MEMBER}:role/SecurityHubMember", RoleSessionName="tests")["Credentials"]


def test_a_wrong_secret_is_a_signature_that_does_not_match(server, emulator):
    code, http_status, message = error(client(server, "securityhub", secret_key="guessed").describe_hub)
    assert (code, http_status) == ("InvalidSignatureException", 403)
    assert message.startswith("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key")
    assert error(client(server, "sts", secret_key="guessed").get_caller_identity)[:2] == ("SignatureDoesNotMatch", 403)


def test_the_refusal_echoes_what_should_have_been_signed(server, emulator):
    _code, _status, message = error(client(server, "securityhub", secret_key="guessed").list_members, MaxResults=7, OnlyAssociated=False)
    canonical = message.split("The Canonical String for this request should have been\n'")[1].split("'\n\nThe String-to-Sign")[0].split("\n")
    assert canonical[:3] == ["GET", "/members", "MaxResults=7&OnlyAssociated=false"]
    assert f"host:{server.url.partition('//')[2]}" in canonical
    assert canonical[-2].split(";")[0] == "host"
    assert "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n" in message


def test_the_echo_of_a_session_has_its_token(server, session):
    """As AWS does; whoever prints the message has to think of it."""
    wrong = client(server, "securityhub", session["AccessKeyId"], "guessed", session["SessionToken"])
    assert f"x-amz-security-token:{session['SessionToken']}" in error(wrong.describe_hub)[2]


@pytest.mark.parametrize("token", [None, "another"], ids=["no token", "another token"])
def test_a_session_needs_its_token(server, session, token):
    given = (session["AccessKeyId"], session["SecretAccessKey"], token)
    assert error(client(server, "securityhub", *given).describe_hub) == ("UnrecognizedClientException", 403, TOKEN_INVALID)
    assert error(client(server, "sts", *given).get_caller_identity) == ("InvalidClientTokenId", 403, TOKEN_INVALID + ".")


def test_a_session_works_with_its_three_keys(server, session):
    given = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert client(server, "sts", *given).get_caller_identity()["Account"] == MEMBER


def test_a_user_s_key_has_no_token(server, emulator):
    assert error(client(server, "securityhub", session_token="any").describe_hub)[:2] == ("UnrecognizedClientException", 403)


def test_a_session_ends(server, session, monkeypatch):
    key = server.emulator.keys.find(session["AccessKeyId"])
    assert abs(key.expiration - session["Expiration"]) <= datetime.timedelta(seconds=1)
    monkeypatch.setattr(key, "expiration", datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1))
    given = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert error(client(server, "securityhub", *given).describe_hub)[:2] == ("ExpiredTokenException", 403)
    assert error(client(server, "sts", *given).get_caller_identity)[:2] == ("ExpiredToken", 403)


# What a signature covers


def signed(url, method="GET", path="/accounts", body=b"", service="securityhub", timestamp=None):
    """A request as botocore signs it: its headers."""
    request = AWSRequest(method, url + path, data=body)
    signer = SigV4Auth(Credentials(BASE_ACCESS_KEY, BASE_SECRET_KEY), service, REGION)
    if timestamp is None:
        signer.add_auth(request)
    else:
        request.context["timestamp"] = request.headers["X-Amz-Date"] = timestamp
        to_sign = signer.string_to_sign(request, signer.canonical_request(request))
        signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    return {"Host": url.partition("//")[2], **dict(request.headers.items())}


def send(url, headers, method="GET", path="/accounts", body=b""):
    """Send a request as it is; the code and message of the answer, whose hub is off where all is well."""
    connection = http.client.HTTPConnection(url.partition("//")[2], timeout=30)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer["Code"], answer["Message"]


def at(minutes):
    """A time some minutes from now, as signatures have it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")


def test_a_request_sent_as_it_was_signed_is_taken(server, emulator):
    assert send(server.url, signed(server.url))[0] == "InvalidAccessException"
    assert send(server.url, signed(server.url, timestamp=at(-4.7)))[0] == "InvalidAccessException"


def test_a_query_may_be_encoded_otherwise_than_it_was_signed(server, emulator):
    hub = "arn:aws:securityhub:eu-west-1:123456789012:hub/default"
    headers = signed(server.url, path="/accounts?HubArn=" + urllib.parse.quote(hub, safe=""))
    assert send(server.url, headers, path="/accounts?HubArn=" + hub)[0] == "InvalidAccessException"


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/administrator"},
        {"path": "/accounts?HubArn=x"},
        {"method": "DELETE"},
        {"body": b"{}"},
        {"X-Amz-Date": 60},  # seconds ago
        {"Host": "securityhub.eu-west-1.amazonaws.com"},
    ],
    ids=str,
)
def test_whatever_is_changed_on_the_way_does_not_match(server, emulator, change):
    change = {name: at(-value / 60) if name == "X-Amz-Date" else value for name, value in change.items()}
    sent = {name: change.pop(name) for name in ("method", "path", "body") if name in change}
    code, message = send(server.url, {**signed(server.url), **change}, **sent)
    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match")


def test_the_declared_hash_of_a_body_is_the_body_s(server, emulator):
    body = b'{"Tags": {"a": "b"}}'
    request = AWSRequest("POST", server.url + "/accounts", {"X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()}, body)
    SigV4Auth(Credentials(BASE_ACCESS_KEY, BASE_SECRET_KEY), "securityhub", REGION).add_auth(request)
    headers = {"Host": server.url.partition("//")[2], **dict(request.headers.items())}
    assert send(server.url, headers, "POST", body=b'{"Tags": {"a": "c"}}')[0] == "InvalidSignatureException"


@pytest.mark.parametrize("minutes, word", [(-5.3, "Signature expired"), (5.3, "Signature not yet current")])
def test_a_signature_is_of_now(server, emulator, minutes, word):
    code, message = send(server.url, signed(server.url, timestamp=at(minutes)))
    assert code == "InvalidSignatureException" and message.startswith(word)


@pytest.mark.parametrize("name", ["host", "x-amz-date"])
def test_host_and_amazons_own_headers_must_be_signed(server, emulator, name):
    headers = signed(server.url)
    names = "host;x-amz-date"
    headers["Authorization"] = headers["Authorization"].replace(f"={names}", "=" + names.replace(name, "").strip(";"))
    code, message = send(server.url, headers)
    assert code == "InvalidSignatureException" and f"'{name}' must be a 'SignedHeader'" in message


def test_a_token_that_is_not_signed_is_refused(server, session):
    assert "'x-amz-security-token' must be" in send(server.url, {**signed(server.url), "X-Amz-Security-Token": session["SessionToken"]})[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.partition(", Signature=")[0],
        lambda header: header.replace("/eu-west-1/", "/"),
        lambda header: header.replace("/aws4_request", "/another"),
        lambda header: header + ", Credential=x/20260101/eu-west-1/securityhub/aws4_request",
        lambda header: header.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        lambda header: "AWS4-HMAC-SHA256",
    ],
    ids=["no signature", "short scope", "another scope", "repeated", "another algorithm", "nothing"],
)
def test_an_incomplete_signature_is_called_so(server, emulator, change):
    headers = signed(server.url)
    assert send(server.url, {**headers, "Authorization": change(headers["Authorization"])})[0] == "IncompleteSignatureException"


@pytest.mark.parametrize("names", ["host;x-amz-date;x-not-there", "x-amz-date;host", "HOST;x-amz-date"])
def test_signed_headers_are_those_of_the_request_in_order(server, emulator, names):
    headers = signed(server.url)
    headers["Authorization"] = headers["Authorization"].replace("SignedHeaders=host;x-amz-date", f"SignedHeaders={names}")
    assert send(server.url, headers)[0] == "InvalidSignatureException"


def test_nothing_follows_what_was_signed(server, emulator):
    path = "/members?OnlyAssociated=false"
    assert send(server.url, signed(server.url, path=path), path=path + "#&MaxResults=99")[0] == "IncompleteSignatureException"


def test_a_signature_in_any_letters_is_just_wrong(server, emulator):
    headers = signed(server.url)
    headers["Authorization"] = headers["Authorization"].partition("Signature=")[0] + "Signature=\u00e9"
    assert send(server.url, headers)[0] == "InvalidSignatureException"


@pytest.mark.parametrize("host", ["[", "a b", ""])
def test_a_host_in_any_letters_is_just_wrong(server, emulator, host):
    assert send(server.url, {**signed(server.url), "Host": host})[0] == "InvalidSignatureException"


def test_what_the_emulator_does_not_have_is_a_clear_error(server, emulator):
    for service in ("iam", "nonsense"):
        assert send(server.url, signed(server.url, service=service), path="/accounts")[0] == "NotImplemented"
    sts = client(server, "sts")
    assert error(sts.get_session_token)[:2] == ("NotImplemented", 501)


def test_what_is_secret_in_a_presigned_request_is_not_logged(server, emulator):
    send(server.url, signed(server.url), path="/accounts?X-Amz-Signature=secret-1&X-Amz-Security-Token=secret-2&WebIdentityToken=secret-3")
    assert emulator.calls() and "secret-" not in str(emulator.calls())


@pytest.mark.parametrize("headers", [{"Content-Length": "abc"}, {"Content-Length": "-1"}, {"Transfer-Encoding": "chunked"}], ids=str)
def test_a_body_without_an_end_is_refused(server, emulator, headers):
    connection = http.client.HTTPConnection(server.url.partition("//")[2], timeout=30)
    connection.putrequest("POST", "/accounts")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()


def test_a_scope_of_another_day_is_refused(server, emulator):
    headers = signed(server.url)
    day = headers["X-Amz-Date"][:8]
    headers["Authorization"] = headers["Authorization"].replace(f"/{day}/", "/20260101/")
    assert send(server.url, headers)[1].startswith("Date in Credential scope does not match")


def test_without_a_signature_there_is_no_caller(server, emulator):
    code, message = send(server.url, {"Host": server.url.partition("//")[2]})
    assert (code, message) == ("MissingAuthenticationTokenException", "Missing Authentication Token")
