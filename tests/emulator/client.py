# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of the control API, for tests. Needs nothing but the standard library."""

from __future__ import annotations

import json
import typing as t
import urllib.error
import urllib.parse
import urllib.request

# Requests go to this machine: no proxy that the environment names may stand between.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Client:
    """Talks to one emulator."""

    def __init__(self, url: str, timeout: float = 60):
        self.url = url.rstrip("/")
        self.timeout = timeout

    def request(self, method: str, path: str, body: t.Any = None, **query: t.Any) -> t.Any:
        """One request to the control API. Raises ValueError with the emulator's message where it refuses."""
        url = f"{self.url}/_emulator/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with _opener.open(request, timeout=self.timeout) as response:
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise ValueError(f"{method} {url}: {error.read().decode()}") from error

    def health(self) -> dict[str, t.Any]:
        """Regions, administrators and members that the emulator was seeded with."""
        return self.request("GET", "health")

    def calls(self, **filters: str) -> list[dict[str, t.Any]]:
        """Every AWS call in order, or those of an account, region, operation, service or access_key."""
        return self.request("GET", "calls", **filters)["calls"]

    def operations(self, **filters: str) -> list[str]:
        """Only the names of the operations called, in order."""
        return [call["operation"] for call in self.calls(**filters)]

    def count(self, **filters: str) -> dict[str, int]:
        """How often each operation was called."""
        return self.request("GET", "calls", **filters)["by_operation"]

    def clear_calls(self) -> None:
        """Forget all calls."""
        self.request("DELETE", "calls")

    def sessions(self) -> list[dict[str, str]]:
        """All sessions that AssumeRole gave out since the start: account, role_arn, session_name, external_id and the three keys."""
        return self.request("GET", "sessions")["sessions"]

    def add_fault(self, **fault: t.Any) -> int:
        """Add a fault; the answer is its ID."""
        return self.request("POST", "faults", fault)["ids"][0]

    def faults(self) -> list[dict[str, t.Any]]:
        """All faults, with how often they were done."""
        return self.request("GET", "faults")["faults"]

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.request("DELETE", "faults")

    def reset(self, seed: bool | dict[str, t.Any] = True) -> dict[str, t.Any]:
        """Everything back to just-started, with or without the seed it was started with, or with another one."""
        return self.request("POST", "reset", {"seed": seed})

    def outage(self, seconds: float) -> None:
        """Have the emulator close all connections and refuse new ones for so many seconds, from now on. It forgets nothing."""
        self.request("POST", "outage", {"seconds": seconds})

    def seed(self, description: dict[str, t.Any] | None = None, **more: t.Any) -> dict[str, t.Any]:
        """Put accounts in place."""
        return self.request("POST", "seed", {**(description or {}), **more})

    def settings(self, **values: t.Any) -> dict[str, t.Any]:
        """Change settings, if any are given; the answer is all of them."""
        return self.request("POST", "settings", values)

    def state(self, account: str | None = None, region: str | None = None) -> dict[str, t.Any]:
        """Hub, administrator, members and invitations, by account and region; of one account: by region; with a region too: just that."""
        query = {key: value for key, value in (("account", account), ("region", region)) if value}
        accounts = self.request("GET", "state", **query)["accounts"]
        if account is None:
            return accounts
        regions = accounts.get(account, {})
        return regions if region is None else regions.get(region, {})

    def member_status(self, administrator: str, member: str, region: str) -> str | None:
        """What an administrator's list says of a member; None where it is not listed."""
        members = self.state(administrator, region).get("members", {})
        return members[member]["MemberStatus"] if member in members else None

    def aws_environment(self, region: str | None = None) -> dict[str, str]:
        """Environment variables with which boto3 and the AWS CLI reach the emulator as its base account."""
        health = self.health()
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": health["access_key"],
            "AWS_SECRET_ACCESS_KEY": health["secret_key"],
            "AWS_DEFAULT_REGION": region or health["regions"][0],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
