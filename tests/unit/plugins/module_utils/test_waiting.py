# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often something is tried or asked, and for how long."""

from __future__ import annotations

import botocore.exceptions
import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _waiting


class Time:
    """A clock that only sleeping puts forward."""

    def __init__(self):
        self.now = 0
        self.slept = []

    def monotonic(self):
        """The time, in seconds."""
        return self.now

    def sleep(self, seconds):
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(name="clock")
def _clock(monkeypatch):
    """The time of what is tested, with jitter at its longest."""
    fake = Time()
    monkeypatch.setattr(_waiting, "time", fake)
    monkeypatch.setattr(_waiting.random, "uniform", lambda shortest, longest: longest)
    return fake


def answer(status, code="SomeCode"):
    """An error answer from AWS."""
    return botocore.exceptions.ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "ListMembers")


def call_with(outcomes):
    """A call with these outcomes, one after the other, and the calls that were made."""
    outcomes, made = iter(outcomes), []

    def call():
        outcome = next(outcomes)
        made.append(outcome)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return call, made


def test_a_call_that_works_is_made_once(clock):
    call, made = call_with([{}])
    assert _waiting.with_retries(call, _client.DEFAULT_RETRIES) == {} and len(made) == 1 and not clock.slept


def test_a_call_is_tried_again_until_it_works(clock):
    call, made = call_with([answer(500), answer(400, "Throttling"), {"ResponseMetadata": {}}])
    result = _waiting.with_retries(call, _client.DEFAULT_RETRIES)
    assert result["ResponseMetadata"]["RetryAttempts"] == 2 and len(made) == 3
    assert clock.slept == [1, 2]


def test_five_attempts_and_no_more(clock):
    call, made = call_with([answer(500)] * 9)
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        _waiting.with_retries(call, _client.DEFAULT_RETRIES._replace(last_after=None))
    assert len(made) == 5 and clock.slept == [1, 2, 4, 8]
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 4


def test_what_a_further_attempt_would_meet_too_is_told_at_once(clock):
    call, made = call_with([answer(403), {}])
    with pytest.raises(botocore.exceptions.ClientError):
        _waiting.with_retries(call, _client.DEFAULT_RETRIES)
    assert len(made) == 1


def test_no_attempt_begins_late(clock):
    """Each of these takes 10 s to time out."""

    def call():
        clock.now += 10
        raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://example.com")

    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        _waiting.with_retries(call, _client.DEFAULT_RETRIES)
    assert clock.now <= 30
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        _waiting.with_retries(call, _waiting.RetryPolicy(attempts=8, last_after=None))
    assert clock.slept[-1] == _waiting.SLOWEST_RETRY


@pytest.mark.parametrize(
    "retries, policy",
    [
        (None, (5, 20)),
        ({}, (5, 20)),
        ({"max_attempts": 0}, (1, None)),
        ({"max_attempts": 7}, (8, None)),
        ({"total_max_attempts": 7}, (7, None)),
        ({"total_max_attempts": 7, "max_attempts": 2}, (7, None)),
        ({"mode": "adaptive"}, (5, None)),
        ({"mode": "legacy", "max_attempts": 2}, (3, None)),
    ],
)
def test_retries_may_be_set(retries, policy):
    config, found = _client._read_config({"retries": retries} if retries is not None else {})  # pylint: disable=protected-access
    assert found == policy
    assert config.retries["total_max_attempts"] == 1 and config.retries["mode"] == (retries or {}).get("mode", "standard")
    assert config.read_timeout == 10


def test_polling_becomes_slower_and_ends_in_time(clock):
    poller = _waiting.Poller(30)
    while poller.wait():
        pass
    assert clock.slept == [1, 2, 4, 8, 10, 5]
    assert bool(poller)


def test_nobody_waits_without_a_timeout(clock):
    poller = _waiting.Poller(0)
    assert not poller and not poller.wait() and not clock.slept
