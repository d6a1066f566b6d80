# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often something is tried or asked, and for how long."""

from __future__ import annotations

import botocore.exceptions
import pytest
from botocore.parsers import ResponseParserError

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _errors as errors
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
    doubt = _waiting.Doubt()
    assert _waiting.with_retries(call, _client.DEFAULT_RETRIES, doubt) == {"ResponseMetadata": {}}
    assert doubt and len(made) == 3
    assert clock.slept == [1, 2]


def test_as_many_attempts_as_asked_for(clock):
    call, made = call_with([answer(500)] * 9)
    with pytest.raises(botocore.exceptions.ClientError):
        _waiting.with_retries(call, _waiting.RetryPolicy(attempts=5, last_after=None))
    assert len(made) == 5 and clock.slept == [1, 2, 4, 8]


@pytest.mark.parametrize("jitter", [0, 0.5, 1])
def test_half_the_time_is_survived_whatever_the_delays(clock, monkeypatch, jitter):
    """And the last attempt is made when the time is up."""
    monkeypatch.setattr(_waiting.random, "uniform", lambda shortest, longest: shortest + jitter * (longest - shortest))
    began = []

    def call():
        began.append(clock.now)
        raise answer(503)

    with pytest.raises(botocore.exceptions.ClientError):
        _waiting.with_retries(call, _client.DEFAULT_RETRIES)
    assert began[-1] == 20
    assert any(10 <= when <= 20 for when in began)


@pytest.mark.parametrize(
    "outcomes, in_doubt",
    [
        ([answer(500), answer(404)], True),
        ([answer(400, "Throttling"), answer(404)], False),
        ([botocore.exceptions.EndpointConnectionError(endpoint_url="https://example.com"), answer(404)], False),
        ([botocore.exceptions.ReadTimeoutError(endpoint_url="https://example.com"), answer(404)], True),
        ([ResponseParserError("?"), answer(429), answer(404)], True),
        ([answer(404)], False),
    ],
)
def test_a_refusal_is_in_doubt_where_an_attempt_before_it_may_have_worked(clock, outcomes, in_doubt):
    call, _made = call_with(outcomes)
    doubt = _waiting.Doubt()
    with pytest.raises(botocore.exceptions.ClientError):
        _waiting.with_retries(call, _client.DEFAULT_RETRIES, doubt)
    assert bool(doubt) == in_doubt


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
        (None, (None, 20)),
        ({}, (None, 20)),
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


def error(reason, code, http_status):
    """The error of an answer from AWS."""
    made = errors.make_error(reason, errors.NOWHERE, "?")
    made.response = errors.Response(code=code, http_status=http_status)
    return made


LOST = error(errors.INTERNAL_ERROR, None, 500)
NOT_FOUND = error(errors.AWS_ERROR, "ResourceNotFoundException", 404)
REFUSED = error(errors.INVALID_INPUT, "InvalidInputException", 400)
DENIED = error(errors.ACCESS_DENIED, "AccessDeniedException", 403)


def write_with(outcomes):
    """A write with these errors, one after the other, or None where it works; and how often it was made. After LOST, it may have worked."""
    outcomes, made = iter(outcomes), []

    def write(doubt):
        failure = next(outcomes)
        made.append(failure)
        if failure is LOST:
            doubt.raise_it()
        if failure:
            raise failure

    return write, made


@pytest.mark.parametrize("failure, asked", [(LOST, 5), (NOT_FOUND, 5), (REFUSED, 1), (DENIED, 0)], ids=["in doubt", "not found", "refused", "denied"])
def test_a_write_that_fails_is_asked_about(clock, failure, asked):
    """For as long as it may take to show, where it may have been made, by this run or another one."""
    write, made = write_with([failure])
    polls = []

    def has_happened():
        polls.append(clock.now)
        return False

    with pytest.raises(errors.SecurityHubError) as raised:
        _waiting.make_write(write, has_happened)
    assert raised.value is failure and len(made) == 1
    assert len(polls) == asked and clock.now <= _waiting.SETTLING_TIMEOUT


@pytest.mark.parametrize("failure, by_it", [(LOST, True), (NOT_FOUND, False), (REFUSED, False)], ids=["in doubt", "not found", "refused"])
def test_whose_change_it_is(clock, failure, by_it):
    """A first and only attempt that was refused is not what made it so."""
    write, _made = write_with([failure])
    assert _waiting.make_write(write, lambda: True) is by_it


def test_a_write_that_works_is_not_asked_about(clock):
    write, _made = write_with([None])
    assert _waiting.make_write(write, lambda: pytest.fail("asked")) is True


def test_a_write_is_made_again_where_its_refusal_passes(clock):
    write, made = write_with([DENIED, REFUSED, None])
    assert _waiting.make_write(write, lambda: False, is_temporary=lambda failure: True) is True
    assert len(made) == 3 and clock.slept == [1, 2]


def test_a_later_refusal_does_not_hide_what_an_earlier_attempt_did(clock):
    """The first attempt worked though its answer was lost; so this run has changed it."""
    write, made = write_with([LOST, REFUSED])
    shown = iter([False, True])
    assert _waiting.make_write(write, lambda: next(shown), is_temporary=lambda failure: failure is LOST) is True
    assert len(made) == 2


def test_where_nobody_can_be_asked_the_error_of_the_write_is_told(clock):
    write, _made = write_with([LOST])

    def has_happened():
        raise DENIED

    with pytest.raises(errors.SecurityHubError) as raised:
        _waiting.make_write(write, has_happened)
    assert raised.value is LOST
