# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How a task's result is put together, and what is read from its options."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import clients
from ansible_collections.cloudsec.securityhub.plugins.module_utils import errors
from ansible_collections.cloudsec.securityhub.plugins.module_utils import options
from ansible_collections.cloudsec.securityhub.plugins.module_utils import regions
from ansible_collections.cloudsec.securityhub.plugins.module_utils import settle


def outcome(region, reason=None, **more):
    """A region's outcome."""
    error = {"error": errors.SecurityHubError(reason, f"Bad in {region}.").as_dict()} if reason else {}
    return {"region": region, "changed": False, **error, **more}


def test_one_region_stands_at_the_top_level():
    result = regions.summarize([outcome("a", hub={"x": 1})], alone=["hub"])
    assert result["hub"] == {"x": 1}
    assert "failed" not in result


def test_several_regions_do_not():
    assert "hub" not in regions.summarize([outcome("a", hub=1), outcome("b", hub=2)], alone=["hub"])


def test_a_failure_tells_each_failed_region_and_changes_stay_true():
    result = regions.summarize([outcome("a", changed=True), outcome("b", "timeout"), outcome("c", "credentials")], alone=[])
    assert result["failed"] and result["changed"]
    assert result["msg"] == "2 of 3 regions failed\nb: Bad in b.\nc: Bad in c."
    assert result["error"]["reason"] == "timeout"


def test_the_message_of_the_only_region_is_the_errors():
    assert regions.summarize([outcome("a", "timeout")], alone=[])["msg"] == "Bad in a."


@pytest.mark.parametrize("diff_mode", [True, False])
def test_a_diff_is_given_where_it_is_asked_for(diff_mode):
    result = options.presented(regions.summarize([outcome("a", before=1, after=2)], alone=[]), diff_mode)
    assert result.get("diff") == ({"before": {"a": 1}, "after": {"a": 2}} if diff_mode else None)
    assert "before" not in result and "before" not in result["regions"][0]


def test_a_diff_shows_nothing_for_a_region_that_failed_before_it_was_changed():
    failed = [outcome("a", "timeout", before=1), outcome("b", "timeout", before=1, changed=True)]
    result = regions.summarize(failed, alone=[])
    assert (result["before"], result["after"]) == ({"a": 1, "b": 1}, {"a": 1, "b": None})


@pytest.mark.parametrize("value", ["", "12345", "1234567890123", "12345678901a", "１２３４５６７８９０１２", "123456789012\n"])
def test_only_twelve_digits_are_an_account_id(value):
    with pytest.raises(errors.SecurityHubError, match="12 digits"):
        options.account_id_option({"id": value}, "id")


def test_a_client_makes_no_call_on_its_own():
    client = clients.shared_client("securityhub")
    with pytest.raises(KeyError):
        client.describe_hub()


def test_clients_are_shared_until_the_environment_is_another(monkeypatch):
    first = clients.shared_client("securityhub")
    assert clients.shared_client("securityhub") is first
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert clients.shared_client("securityhub") is not first


@pytest.mark.parametrize("status,polls", [(500, 3), (None, 3), (400, 1)])
def test_a_write_in_doubt_is_asked_about(monkeypatch, status, polls):
    monkeypatch.setattr(settle.turns, "sleep", lambda seconds: None)
    asked = []

    def write():
        raise errors.SecurityHubError(errors.INTERNAL_ERROR, "?", http_status=status)

    with pytest.raises(errors.SecurityHubError):
        settle.settle(write, lambda: asked.append(1))
    assert len(asked) == polls
    settle.settle(write, lambda: True)
