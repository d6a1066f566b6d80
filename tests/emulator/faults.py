# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fault injection: what goes wrong, for which calls, how often."""

from __future__ import annotations

import base64
import dataclasses
import fnmatch
import itertools
import re
import threading
import time
import typing as t

from .service import OPERATIONS
from .service import Answer
from .service import Call
from .service import check_seconds
from .service import error_answer
from .service import json_answer
from .service import status_of
from .service import with_defaults

# How long calls wait for one another, in seconds.
TOGETHER_TIMEOUT = 60
IS_HEADER = re.compile(r"[!-9;-~]+: [\t -~\xa0-\xff]*")
BESIDE = ("delay", "together", "drip", "lag")  # what can stand beside an outcome
OUTCOMES = ("error", "deny", "drop", "response", "raw", "reset", "cut")


@dataclasses.dataclass
class Fault:
    """One fault, as the control API describes it. What is left out of the matching part matches every call."""

    operation: t.Any = "*"
    account: t.Any = "*"
    region: t.Any = "*"
    params: dict[str, str] = dataclasses.field(default_factory=dict)  # patterns for top-level parameters, by name
    skip: int = 0
    every: int = 1  # of the calls that are not skipped, each so many-th
    times: int | None = 1
    when: str = "before"
    delay: float = 0
    together: int = 0  # so many calls wait for one another, and then go on
    drip: float = 0  # seconds before each byte of the answer
    lag: float = 0  # how many seconds old the state is that the call meets
    error: dict[str, t.Any] | None = None
    deny: bool = False
    drop: bool = False
    response: dict[str, t.Any] | None = None
    raw: dict[str, t.Any] | None = None  # any bytes: status, headers, and body or base64
    reset: bool = False
    cut: str | None = None  # what ends halfway: body, or connection
    id: int = 0
    seen: int = 0  # calls that matched, also those that were let pass
    used: int = 0  # calls that the fault was done to

    def __post_init__(self) -> None:
        self._others = threading.Barrier(self.together or 1)

    @classmethod
    def from_dict(cls, values: t.Any) -> Fault:
        """Read a fault from the control API. Raises ValueError where it makes no sense, so that a typo is not a fault that never comes."""
        if not isinstance(values, dict):
            raise ValueError("a fault is an object")
        known = {field.name for field in dataclasses.fields(cls)} - {"id", "seen", "used"}
        unknown = set(values) - known
        if unknown:
            raise ValueError(f"unknown key {sorted(unknown)[0]!r} in a fault; known: {', '.join(sorted(known))}")
        if values.get("deny"):
            values = {"times": None, **values}
        fault = cls(**values)
        fault.check()
        return fault

    def check(self) -> None:
        """Raises ValueError where the parts don't fit together."""
        outcomes = [name for name in OUTCOMES if getattr(self, name) not in (None, False)]
        if len(outcomes) > 1 or not (outcomes or any(getattr(self, name) for name in BESIDE)):
            raise ValueError(f"a fault has one of {', '.join(OUTCOMES)}, or any of {', '.join(BESIDE)}, or both")
        for value in (self.delay, self.drip, self.lag):
            check_seconds(value)
        if self.every < 1:
            raise ValueError("every is 1 or more")
        if self.when not in ("before", "after"):
            raise ValueError("when is before or after")
        if self.error is not None and not self.error.get("code"):
            raise ValueError("an error needs a code")
        if self.raw is not None:
            raw_answer(self.raw)
        if self.cut not in (None, "body", "connection"):
            raise ValueError("cut is body or connection")
        for operation in _as_list(self.operation):
            if not fnmatch.filter(OPERATIONS, operation):
                raise ValueError(f"no operation of Security Hub, STS or Account Management is called {operation!r}")

    @property
    def is_outcome(self) -> bool:
        """Whether it decides the answer, and is more than a delay."""
        return any(getattr(self, name) not in (None, False) for name in OUTCOMES)

    def matches(self, call: Call) -> bool:
        """Whether the fault is meant for a call."""
        return (
            _fits(self.operation, call.operation)
            and _fits(self.account, call.account)
            and _fits(self.region, call.region)
            and all(_fits(pattern, call.params.get(name)) for name, pattern in self.params.items())
        )

    def take(self) -> bool:
        """Count one more call that matched; whether it is one that the fault is done to."""
        self.seen += 1
        if self.seen <= self.skip or (self.seen - self.skip) % self.every or (self.times is not None and self.used >= self.times):
            return False
        self.used += 1
        return True

    def wait(self) -> None:
        """Hold a call up: for the delay, and until the others are there. Raises BrokenBarrierError where they don't come in time."""
        time.sleep(self.delay)
        self._others.wait(TOGETHER_TIMEOUT)

    def answer(self, call: Call, caller_arn: str, real: Answer | None) -> Answer | None:
        """The answer that the fault puts in place of the real one, which is None before the effect; None for a mere delay."""
        if self.drop or self.reset:
            return Answer(0, dropped=True, reset=self.reset)
        if self.cut:
            return cut(real or empty_answer(call.service), connection=self.cut == "connection")
        if self.raw is not None:
            return raw_answer(self.raw)
        if self.response is not None:
            return json_answer(self.response)
        if self.deny:
            return denied(call, caller_arn)
        if self.error is not None:
            code = self.error["code"]
            return error_answer(call.service, code, self.error.get("message", ""), self.error.get("status") or status_of(code))
        return None


def _as_list(value: t.Any) -> list[str]:
    return value if isinstance(value, list) else [str(value)]


def _fits(patterns: t.Any, value: t.Any) -> bool:
    if patterns == "*":
        return True
    return any(fnmatch.fnmatchcase(str(value), pattern) for pattern in _as_list(patterns))


def denied(call: Call, caller_arn: str) -> Answer:
    """What IAM answers where no policy allows the action."""
    if call.service == "sts":
        resource = call.params.get("RoleArn", "*")
        code = "AccessDenied"
    elif call.service == "account":
        resource = f"arn:aws:account::{call.account}:account"
        code = "AccessDeniedException"
    else:
        resource = f"arn:aws:securityhub:{call.region}:{call.account}:hub/default"
        code = "AccessDeniedException"
    action = f"{call.service}:{call.operation}"
    message = f"User: {caller_arn} is not authorized to perform: {action} on resource: {resource}"
    return error_answer(call.service, code, f"{message} because no identity-based policy allows the {action} action")


def raw_answer(raw: t.Any) -> Answer:
    """What a fault describes byte by byte. Raises ValueError where that makes no sense."""
    if not isinstance(raw, dict) or set(raw) - {"status", "headers", "body", "base64"} or {"body", "base64"} <= set(raw):
        raise ValueError("a raw answer has status, headers, and either body or base64")
    status, headers, body = raw.get("status", 200), raw.get("headers", {}), raw.get("body", "")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError(f"the status of a raw answer is from 200 to 599, not {status!r}")
    if not isinstance(headers, dict) or not all(isinstance(value, str) and IS_HEADER.fullmatch(f"{name}: {value}") for name, value in headers.items()):
        raise ValueError("the headers of a raw answer are strings of one line, in Latin-1")
    if not isinstance(body, str):
        raise ValueError("the body of a raw answer is a string; other bytes go into base64")
    content = base64.b64decode(raw["base64"], validate=True) if "base64" in raw else body.encode()
    return Answer(status, content, with_defaults(headers, {"Content-Type": "text/html"}))


def empty_answer(service: str) -> Answer:
    """Where there is no real answer to cut: one that says that there is nothing."""
    if service == "sts":
        return Answer(200, b"<Response><ResponseMetadata></ResponseMetadata></Response>", {"Content-Type": "text/xml"})
    answer = json_answer({"Regions": []} if service == "account" else {"Members": [], "Invitations": []})
    answer.headers.pop("x-amzn-RequestId")  # it is not AWS's
    return answer


def cut(answer: Answer, connection: bool) -> Answer:
    """The first half of an answer: as if it were all, or with the connection ending where the rest should come."""
    whole = answer.body or b"{}"  # so that there is something to cut
    headers = {**answer.headers, **({"Content-Length": str(len(whole))} if connection else {})}
    return dataclasses.replace(answer, body=whole[: len(whole) // 2], headers=headers)


def longest(faults: list[Fault], name: str) -> float:
    """The most seconds that one of some faults has of what is called so; 0 where none has any."""
    return max((getattr(fault, name) for fault in faults), default=0)


class Faults:
    """All faults, in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> int:
        """Add a fault; the answer is its ID."""
        with self._lock:
            fault.id = next(self._ids)
            self._faults.append(fault)
        return fault.id

    def remove(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]

    def longest_lag(self) -> float:
        """How far back a fault looks; 0 where none does."""
        with self._lock:
            return longest(self._faults, "lag")

    def as_list(self) -> list[dict[str, t.Any]]:
        """All faults, with how often they were met and done."""
        with self._lock:
            return [dataclasses.asdict(fault) for fault in self._faults]

    def take(self, call: Call) -> list[Fault]:
        """The faults to do to a call: every delay that matches, and the first outcome.

        Outcomes that come later in the list wait for their turn, so that a list of faults is a sequence.
        """
        if not self._faults:
            return []
        taken: list[Fault] = []
        with self._lock:
            for fault in self._faults:
                if fault.is_outcome and any(other.is_outcome for other in taken):
                    continue
                if fault.matches(call) and fault.take():
                    taken.append(fault)
        return taken
