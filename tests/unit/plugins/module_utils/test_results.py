# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a task's result is put together, and what is read from its options."""

from __future__ import annotations

import json

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _errors as errors
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _result
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _settings
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Place
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import Outcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._result import write_result


def outcome(region, reason=None, changed=False, before=(), after=(), **fields):
    """A region's outcome."""
    made = Outcome(region, fields)
    made.update(changed=changed)
    if reason:
        made.error = errors.make_error(reason, Place(None, region), "Bad in {region}.")
    if before != ():
        made.before = before
    if after != ():
        made.after = after
    return made


def result_of(outcomes, promoted_fields, diff_mode=False):
    """The result of a task with these outcomes."""
    return write_result(TaskOutcome(outcomes, promoted_fields=promoted_fields), diff_mode)


def test_one_region_stands_at_the_top_level():
    result = result_of([outcome("a", hub={"x": 1})], ["hub"])
    assert result["hub"] == {"x": 1}
    assert "failed" not in result


def test_several_regions_do_not():
    assert "hub" not in result_of([outcome("a", hub=1), outcome("b", hub=2)], ["hub"])


def test_a_failure_tells_each_failed_region_and_changes_stay_true():
    result = result_of([outcome("a", changed=True), outcome("b", "timeout"), outcome("c", "credentials")], [])
    assert result["failed"] and result["changed"]
    assert result["msg"] == "2 of 3 regions failed\nb: Bad in b.\nc: Bad in c."
    assert result["error"]["reason"] == "timeout"


def test_the_message_of_the_only_region_is_the_errors():
    assert result_of([outcome("a", "timeout")], [])["msg"] == "Bad in a."


def test_regions_that_failed_alike_have_the_message_once():
    failed = [outcome(region, "timeout") for region in ("a", "b")]
    result = result_of(failed, [])
    assert result["msg"] == "2 of 2 regions failed\nboth regions: Bad in a."
    assert [found["error"]["message"] for found in result["regions"]] == ["Bad in a.", "As in region a."]
    assert "parts" not in result["error"] and "as_in" not in result["regions"][1]["error"]


def test_the_playbooks_get_errors_as_values(monkeypatch):
    """Where one points to another region, its words are those of that one, for its own place."""
    monkeypatch.setenv(_result.ERRORS_AS_VALUES, "true")
    result = json.loads(json.dumps(result_of([outcome(region, "timeout") for region in ("a", "b")], [])))
    assert result["regions"][1]["error"]["parts"] is None
    read = _result.Result(result)
    assert [error and error.message() for error in map(read.error, ("a", "b"))] == ["Bad in a.", "Bad in b."]
    assert str(_result.Result({**result, "regions": []}).error("a")) == "Bad in a."
    assert str(_result.Result({}).error("a")) == "The task has no result."


@pytest.mark.parametrize("before", [1, None])
@pytest.mark.parametrize("diff_mode", [True, False])
def test_a_diff_is_given_where_it_is_asked_for(diff_mode, before):
    result = result_of([outcome("a", before=before, after=2)], [], diff_mode)
    assert result.get("diff") == ({"before": {"a": before}, "after": {"a": 2}} if diff_mode else None)
    assert "before" not in result and "before" not in result["regions"][0]
    assert "diff" not in result_of([outcome("a")], [], diff_mode)


def test_a_diff_shows_nothing_for_a_region_that_failed_before_it_was_changed():
    failed = [outcome("a", "timeout", before=1), outcome("b", "timeout", before=1, changed=True), outcome("c", "timeout")]
    diff = result_of(failed, [], diff_mode=True)["diff"]
    assert (diff["before"], diff["after"]) == ({"a": 1, "b": 1, "c": None}, {"a": 1, "b": None, "c": None})


@pytest.mark.parametrize("value", ["", "12345", "1234567890123", "12345678901a", "１２３４５６７８９０１２", "123456789012\n"])
def test_only_twelve_digits_are_an_account_id(value):
    with pytest.raises(errors.SecurityHubError, match="12 digits"):
        _settings.account_id_option({"id": value}, "id")


def client(service="securityhub"):
    """The client that tasks without particular options share."""
    return _client.ClientFactory(None, True, None)._shared_client(service)  # pylint: disable=protected-access


def test_a_client_makes_no_call_on_its_own():
    with pytest.raises(KeyError):
        client().describe_hub()


@pytest.mark.parametrize("service", ["securityhub", "sts", "account"])
def test_each_service_has_a_client_for_all_regions(service):
    """The other way to make calls is the slower one, and bounds less."""
    assert client(service)


def test_clients_are_shared_until_the_environment_is_another(monkeypatch):
    first = client()
    assert client() is first
    monkeypatch.setenv(_result.ERRORS_AS_VALUES, "true")
    assert client() is first, "botocore does not read it"
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert client() is not first
