# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often the credentials of a task are found again."""

from __future__ import annotations

import threading
import time

import pytest
from botocore.credentials import ReadOnlyCredentials

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _credentials
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _errors as errors
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import NOWHERE


class Source:
    """Gives other credentials each time."""

    def __init__(self):
        self.count = 0
        self.failures = []

    def find(self):
        """Return the next credentials, or raise a failure that was set."""
        self.count += 1
        for failure in self.failures:
            raise failure
        return ReadOnlyCredentials(f"key{self.count}", f"secret{self.count}", "token")


@pytest.fixture(name="source")
def _source():
    return Source()


@pytest.fixture(name="secrets")
def _secrets():
    return set()


@pytest.fixture(name="credentials")
def _credentials_of_source(source, secrets):
    return _credentials.TaskCredentials(source.find, secrets)


@pytest.fixture(name="clock")
def _clock(monkeypatch):
    """A clock that stands still until it is put forward, in a list."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_expired_credentials_are_found_again_once_a_minute(source, credentials, clock):
    """AWS's sessions last 15 minutes: a task that lasts longer gets new ones each time, and one whose new ones are refused at once does not go on."""
    first = credentials.get_frozen_credentials()
    assert credentials.renew(first)
    second = credentials.get_frozen_credentials()
    assert (first.access_key, second.access_key) == ("key1", "key2")
    assert not credentials.renew(second) and source.count == 2
    clock[0] += 61
    assert credentials.renew(second) and source.count == 3


def test_credentials_that_another_thread_has_found_again_are_taken(source, credentials):
    first = credentials.get_frozen_credentials()
    found = []
    threads = [threading.Thread(target=lambda: found.append(credentials.renew(first))) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20 and source.count == 2


def test_failure_to_find_them_again_is_everybody_s(source, credentials, clock):
    """And nobody asks again at once."""
    source.failures.append(errors.make_error(errors.ASSUME_ROLE_FAILED, NOWHERE, "No"))
    for _thread in range(3):
        with pytest.raises(errors.SecurityHubError):
            credentials.renew(credentials.get_frozen_credentials())
    assert source.count == 2


def test_what_must_not_be_printed_is_known(credentials, secrets, clock):
    credentials.renew(credentials.get_frozen_credentials())
    assert {"secret1", "secret2", "token"} <= secrets
