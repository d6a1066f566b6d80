# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS can't be reached for ten seconds: every task goes on when it is back, whatever the network says meanwhile."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_finding_aggregator
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_finding_aggregator_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member_info

from .conftest import MEMBER
from .conftest import REGIONS
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import GET

SECONDS = 10
TROUBLE: dict[str, dict] = {
    "dropped": {"drop": True},
    "reset": {"reset": True},
    "unavailable": {"raw": {"status": 503, "body": "<html><body>Service Unavailable</body></html>"}},
    "a page": {"raw": {"body": "<html><body>The line is down.</body></html>"}},
}
# Every module, the options of its task and whether it acts as the administrator
TASKS: dict[str, tuple] = {
    "finding aggregator": (securityhub_finding_aggregator, {}, False),
    "finding aggregator info": (securityhub_finding_aggregator_info, {}, False),
    "hub": (securityhub_hub, {"tags": {"team": "blue"}}, False),
    "hub info": (securityhub_hub_info, {}, False),
    "invitation info": (securityhub_invitation_info, {}, False),
    "member": (securityhub_member, {"members": [{"account_id": MEMBER}]}, True),
    "member info": (securityhub_member_info, {}, True),
}


@pytest.fixture(name="begun")
def _begun(world):
    """The emulated accounts, with an invitation in every region."""
    world.pending(WANTED)
    return world


def test_nobody_answers_for_ten_seconds(begun, fast):
    """Connections are refused: not even the role can be assumed."""
    begun.control.outage(fast.real(SECONDS))
    result = begun.run(regions=REGIONS)
    assert not result.get("failed"), result["msg"]
    assert [begun.administrator(region) for region in REGIONS] == [WANTED] * len(REGIONS)


def test_nor_does_whoever_assumes_the_role_of_a_profile(begun, fast, monkeypatch, tmp_path):
    config = tmp_path / "config"
    keys = f"aws_access_key_id={begun.access_key}\naws_secret_access_key={begun.secret_key}\n"
    role = f"role_arn={begun.role(MEMBER)}\nsource_profile=base\nendpoint_url={begun.endpoint_url}\n"
    config.write_text(f"[profile base]\n{keys}[profile work]\n{role}", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    begun.control.outage(fast.real(SECONDS))
    result = begun.run(profile="work", assume_role_arn=None, access_key=None, secret_key=None)
    assert not result.get("failed"), result["msg"]


@pytest.mark.parametrize("task", TASKS)
def test_every_module_waits_for_the_end(begun, fast, task):
    module, options, as_administrator = TASKS[task]
    begun.control.outage(fast.real(SECONDS))
    result = begun.run_module(module, assume_role_arn=begun.role(WANTED if as_administrator else MEMBER), **options)
    assert not result.get("failed"), result["msg"]


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("operation, when", [("AssumeRole", "before"), (GET, "before"), (ACCEPT, "before"), (ACCEPT, "after")])
def test_nobody_understands_what_is_answered_for_ten_seconds(begun, fast, operation, when, trouble):
    """It begins in the middle; what was done is done once, and told."""
    begun.fault(operation, times=None, when=when, **TROUBLE[trouble])
    over = threading.Timer(fast.real(SECONDS), begun.control.clear_faults)
    over.start()
    try:
        result = begun.run()
    finally:
        over.join()
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and result["administrator"]["account_id"] == begun.administrator() == WANTED


def test_an_outage_without_an_end_comes_to_one(begun, clock):
    """The address answers nobody: each call is given up after its bound, and no further one is made."""
    result = begun.run(endpoint_url="http://127.0.0.1:9", regions=REGIONS)
    assert result["error"]["reason"] == "endpoint_unreachable" and not result["changed"]
    assert 15 < clock.slept <= 20
