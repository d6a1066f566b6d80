# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Eventual consistency: calls that are answered by what the accounts of their region looked like some time ago."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import pickle
import typing as t

from .securityhub.clock import clock
from .securityhub.models import SecurityHubBackend
from .securityhub.models import securityhub_backends
from .service import Answer
from .service import Call
from .service import Request

READS = ("Get", "List", "Describe")
ACCOUNT_LISTS = ("AccountIds", "AccountDetails")


class History:
    """Pictures of a region's accounts, one after each change, as far back as somebody looks. Used under the emulator's lock only."""

    def __init__(self) -> None:
        self._reach: float = 0
        self._pictures: dict[str, list[tuple[float, bytes]]] = {}  # by region: since when it looked so, and how

    def keep(self, seconds: float) -> None:
        """Keep what is not older from now on; nothing at all for 0."""
        self._reach = seconds
        if not seconds:
            self.forget()

    def forget(self) -> None:
        """Begin anew: what is there now counts as having been there for ever."""
        self._pictures.clear()

    def answer(self, request: Request, call: Call, lag: float, ask: t.Callable[[Request], Answer]) -> Answer:
        """What a service answers whose knowledge is so many seconds old. A write that the old state allows is done to the present one."""
        region, is_read = str(call.region), str(call.operation).startswith(READS)
        if not lag:
            return ask(request) if is_read else self._change(region, request, ask)
        with self._past(region, lag):
            old = ask(request)
        if is_read or old.status >= 400:
            return old
        return self._change_accepted(region, request, old, ask)

    def _change_accepted(self, region: str, request: Request, old: Answer, ask: t.Callable[[Request], Answer]) -> Answer:
        """Do a write for the accounts that the old state has not refused."""
        refused = _unprocessed(old)
        if not refused:
            return self._change(region, request, ask)
        body = json.loads(request.body)
        name = next(name for name in ACCOUNT_LISTS if name in body)
        accepted = [entry for entry in body[name] if _account_of(entry) not in refused]
        if not accepted:
            return old
        answer = self._change(region, dataclasses.replace(request, body=json.dumps({**body, name: accepted}).encode()), ask)
        if answer.status >= 400:
            return answer
        refused.update(_unprocessed(answer))
        in_order = [refused[account_id] for account_id in map(_account_of, body[name]) if account_id in refused]
        return dataclasses.replace(answer, body=json.dumps({**json.loads(answer.body), "UnprocessedAccounts": in_order}).encode())

    def _change(self, region: str, request: Request, ask: t.Callable[[Request], Answer]) -> Answer:
        """Have a write done, and keep how it leaves the region."""
        if not self._reach:
            return ask(request)
        if region not in self._pictures:
            self._pictures[region] = [(-math.inf, _picture(region))]
        answer = ask(request)
        pictures = self._pictures[region]
        pictures.append((clock.now(), _picture(region)))
        # Of those that are older than anybody looks, only the last says what it looked like then
        while len(pictures) > 1 and pictures[1][0] <= clock.now() - self._reach:
            del pictures[0]
        return answer

    @contextlib.contextmanager
    def _past(self, region: str, seconds: float) -> t.Iterator[None]:
        """Put the region back, for a while. What is changed meanwhile is a copy."""
        pictures = self._pictures.get(region) or [(-math.inf, _picture(region))]
        moment = clock.now() - seconds
        old = next((picture for since, picture in reversed(pictures) if since <= moment), pictures[0][1])
        present = _exchange(region, _restore(region, old))
        try:
            with clock.set_back(seconds):
                yield
        finally:
            _exchange(region, present)


def _backends(region: str) -> dict[str, SecurityHubBackend]:
    return {account_id: backend for account_id, name, backend in securityhub_backends.iter_backends() if name == region}


def _picture(region: str) -> bytes:
    """All accounts of a region, as bytes, in which nothing can change. Their organizations, which moto keeps elsewhere, are left out."""
    states = {account_id: dict(vars(backend)) for account_id, backend in _backends(region).items()}
    for state in states.values():
        state.pop("org_backend")
    return pickle.dumps(states)


def _restore(region: str, picture: bytes) -> dict[str, SecurityHubBackend]:
    backends = {}
    for account_id, state in pickle.loads(picture).items():
        backends[account_id] = SecurityHubBackend(region, account_id)
        backends[account_id].__dict__.update(state)
    return backends


def _exchange(region: str, backends: dict[str, SecurityHubBackend]) -> dict[str, SecurityHubBackend]:
    """Put these accounts in the place of a region's, which are returned."""
    present = _backends(region)
    for account_id in present:
        del securityhub_backends[account_id][region]
    for account_id, backend in backends.items():
        securityhub_backends[account_id][region] = backend
    return present


def _account_of(entry: t.Any) -> str:
    return entry["AccountId"] if isinstance(entry, dict) else entry


def _unprocessed(answer: Answer) -> dict[str, dict[str, str]]:
    """The entries of UnprocessedAccounts in an answer, by account."""
    return {entry["AccountId"]: entry for entry in json.loads(answer.body or b"{}").get("UnprocessedAccounts", ())}
