# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A counterpart fast enough to measure clients against: the few calls of an acceptance, with a latency, and nothing else.

The emulator of the tests is moto, which takes some milliseconds of CPU for each call: more than the clients that are measured. This
server takes a twentieth of that. tests/selftests/bench compares its answers with the emulator's.

Every account has an invitation from one administrator in every region, whether that has sent it or not. An access key holds its
account's ID, so that assuming a role leaves no state here. Signatures are not checked.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import hashlib
import json
import ssl
import sys
from typing import Any
from urllib.parse import parse_qsl

ADMINISTRATOR = "111111111111"
BASE_ACCOUNT = "123456789012"
BASE_ACCESS_KEY = "AKIABENCH00000000001"
SECRET_KEY = "bench-secret-key-is-not-checked-000001"
SESSION_TOKEN = "bench-session-token-" + 300 * "x"
INVITED_AT = "2026-01-31T12:00:00.000000Z"
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}


NO_MEMBER = "The request is rejected because the given account ID is not a member of the current account."


class Refused(Exception):
    """An error as the service words it: status, code and message."""


class Accounts:
    """What the accounts have accepted, and which calls were made as whom."""

    def __init__(self):
        self.accepted = set()
        self.listed: dict[tuple[str, str], str] = {}  # a member's status on the administrator's list, by place
        self.calls: collections.Counter[tuple[tuple[str, str], str]] = collections.Counter()

    def security_hub(self, method, path, body, place):
        """Answer a Security Hub call made at a place, an (account, region); returns what is sent as JSON."""
        operation = OPERATIONS.get((method, path.partition("?")[0]))
        if not operation:
            raise Refused(404, "ResourceNotFoundException", f"The benchmark's server has no {method} {path}")
        self.calls[place, operation.__name__] += 1
        return operation(self, place, body)

    def get_administrator_account(self, place, body):  # pylint: disable=unused-argument
        """GetAdministratorAccount."""
        return {"Administrator": invitation(place, "Enabled")} if place in self.accepted else {}

    def list_invitations(self, place, body):  # pylint: disable=unused-argument
        """ListInvitations: an accepted invitation stays listed."""
        return {"Invitations": [invitation(place, "Enabled" if place in self.accepted else "Invited")]}

    def accept_administrator_invitation(self, place, body):
        """AcceptAdministratorInvitation: only the account's own invitation, and only once."""
        asked = json.loads(body)
        if place in self.accepted or asked != {"AdministratorId": ADMINISTRATOR, "InvitationId": invitation(place, "")["InvitationId"]}:
            raise Refused(404, "ResourceNotFoundException", "The request is rejected because the invitation was not found.")
        self.accepted.add(place)
        return {}

    def get_members(self, place, body):
        """GetMembers, of the administrator."""
        places = [(account, place[1]) for account in json.loads(body)["AccountIds"]]
        found = [member(known, "Enabled" if known in self.accepted else self.listed[known]) for known in places if known in self.listed]
        unknown = [{"AccountId": account, "ProcessingResult": NO_MEMBER} for account, region in places if (account, region) not in self.listed]
        return {"Members": found, "UnprocessedAccounts": unknown}

    def create_members(self, place, body):
        """CreateMembers."""
        self.listed.update({(details["AccountId"], place[1]): "Created" for details in json.loads(body)["AccountDetails"]})
        return {"UnprocessedAccounts": []}

    def invite_members(self, place, body):
        """InviteMembers."""
        self.listed.update({(account, place[1]): "Invited" for account in json.loads(body)["AccountIds"]})
        return {"UnprocessedAccounts": []}

    def sts(self, body, access_key, account):
        """Answer an STS call; returns what is sent as XML."""
        asked = dict(parse_qsl(body.decode()))
        operation = asked["Action"]
        self.calls[(account, "sts"), operation] += 1
        if operation == "AssumeRole":
            role_account, role = asked["RoleArn"].split(":")[4], asked["RoleArn"].rpartition("/")[2]
            key, session = f"ASIA{role_account}0000", asked["RoleSessionName"]
            result = (
                f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{SECRET_KEY}</SecretAccessKey>"
                f"<SessionToken>{SESSION_TOKEN}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
                f"<AssumedRoleUser><AssumedRoleId>AROABENCH00000000001:{session}</AssumedRoleId>"
                f"<Arn>arn:aws:sts::{role_account}:assumed-role/{role}/{session}</Arn></AssumedRoleUser><PackedPolicySize>6</PackedPolicySize>"
            )
        elif operation == "GetCallerIdentity":
            arn = f"arn:aws:iam::{account}:user/bench" if access_key == BASE_ACCESS_KEY else f"arn:aws:sts::{account}:assumed-role/bench"
            result = f"<Arn>{arn}</Arn><UserId>{access_key}</UserId><Account>{account}</Account>"
        else:
            raise Refused(400, "InvalidAction", f"The benchmark's server has no {operation}")
        return (
            f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{operation}Result>{result}</{operation}Result>'
            f"<ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata></{operation}Response>"
        )

    def report(self):
        """What has happened so far, for the benchmark to check."""
        return {
            "accepted": sorted(self.accepted),
            "calls": [[*place, operation, count] for (place, operation), count in self.calls.items()],
        }


OPERATIONS = {
    ("GET", "/administrator"): Accounts.get_administrator_account,
    ("GET", "/invitations"): Accounts.list_invitations,
    ("POST", "/administrator"): Accounts.accept_administrator_invitation,
    ("POST", "/members/get"): Accounts.get_members,
    ("POST", "/members"): Accounts.create_members,
    ("POST", "/members/invite"): Accounts.invite_members,
}


def invitation(place, status):
    """The invitation of an account in a region."""
    return {
        "AccountId": ADMINISTRATOR,
        "InvitationId": hashlib.md5("/".join(place).encode(), usedforsecurity=False).hexdigest(),
        "InvitedAt": INVITED_AT,
        "MemberStatus": status,
    }


def member(place, status):
    """An account on the administrator's list."""
    times = {"InvitedAt": INVITED_AT} if status != "Created" else {}
    return {"AccountId": place[0], "AdministratorId": ADMINISTRATOR, "MasterId": ADMINISTRATOR, "MemberStatus": status, "UpdatedAt": INVITED_AT, **times}


def account_of(access_key):
    """The account that an access key stands for."""
    if access_key == BASE_ACCESS_KEY:
        return BASE_ACCOUNT
    if access_key.startswith("ASIA") and len(access_key) == 20:
        return access_key[4:16]
    raise Refused(403, "UnrecognizedClientException", "The security token included in the request is invalid")


class Connection(asyncio.Protocol):
    """HTTP/1.1 with kept connections, as far as botocore speaks it."""

    def __init__(self, accounts, latency):
        self.accounts = accounts
        self.latency = latency
        self.transport: Any = None
        self.received = b""

    def connection_made(self, transport):
        """Remember whom to answer."""
        self.transport = transport

    def data_received(self, data):
        """Answer every request that has arrived whole."""
        self.received += data
        while True:
            head, separator, rest = self.received.partition(b"\r\n\r\n")
            if not separator:
                return
            request_line, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if ": " in line)}
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self.received = rest[length:]
            method, path = request_line.split(" ")[:2]
            self.answer(method, path, headers, rest[:length])

    def answer(self, method, path, headers, body):
        """Do what a request asks for at once, and send the answer after the latency."""
        if path.startswith("/_bench/"):
            if path == "/_bench/reset":
                self.accounts.accepted.clear()
                self.accounts.listed.clear()
            if path in ("/_bench/reset", "/_bench/forget"):
                self.accounts.calls.clear()
            self.transport.write(answer(200, "application/json", json.dumps(self.accounts.report())))
            return
        try:
            # AWS4-HMAC-SHA256 Credential=KEY/20260131/eu-west-1/securityhub/aws4_request, ...
            access_key, _date, region, service = headers["authorization"].partition("Credential=")[2].split("/", 4)[:4]
            account = account_of(access_key)
            if service == "sts":
                written = answer(200, "text/xml", self.accounts.sts(body, access_key, account))
            else:
                written = answer(200, "application/json", json.dumps(self.accounts.security_hub(method, path, body, (account, region))))
        except Refused as e:
            status, code, message = e.args
            written = answer(status, "application/json", json.dumps({"Code": code, "Message": message}), f"x-amzn-ErrorType: {code}\r\n")
        asyncio.get_running_loop().call_later(self.latency, self.transport.write, written)


def answer(status, content_type, body, header=""):
    """The bytes of an HTTP answer."""
    body = body.encode()
    return (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{header}x-amzn-RequestId: bench\r\n\r\n"
    ).encode() + body


async def serve(latency, context, ready):
    """Serve on a free port of the loopback interface for ever; ready(port) is called once. context: for TLS, or None."""
    accounts = Accounts()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(accounts, latency), "127.0.0.1", 0, ssl=context, backlog=1024)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def main():
    """Print the port that was found free, and serve until killed or until whoever started this closes its end of standard input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=30, help="of each call, in milliseconds")
    parser.add_argument("--certificate", help="a file with a certificate and its key, to serve over TLS")
    args = parser.parse_args()
    context = None
    if args.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.certificate)

    async def run():
        asyncio.get_running_loop().add_reader(sys.stdin, sys.exit)
        await serve(args.latency / 1000, context, lambda port: print(port, flush=True))

    asyncio.run(run())


if __name__ == "__main__":
    main()
