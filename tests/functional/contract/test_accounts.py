# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The right account, or none: expected_account_id."""

from __future__ import annotations

import module_list
import pytest

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGIONS
from .conftest import WANTED
from .test_states import GET

IDENTITY = "GetCallerIdentity"
MODULES = [module_list.load(name) for name in module_list.names()]
EVERY_MODULE = pytest.mark.parametrize(
    "module, options", [(module, module_list.smallest_task(module)) for module in MODULES], ids=[module.__name__.rpartition(".")[2] for module in MODULES]
)


def in_regions(module, regions):
    """The option that has a module act in regions; one that takes one region only acts in the first of them."""
    return {"region": regions[0]} if module_list.acts_in_one_region(module) else {"regions": regions}


@EVERY_MODULE
@pytest.mark.parametrize("regions", [REGIONS[:1], REGIONS], ids=["one region", "several regions"])
@pytest.mark.parametrize("check_mode", [False, True], ids=["task", "check"])
def test_another_account_than_expected(world, module, options, regions, check_mode):
    """The role was forgotten: the caller's own account, a member and an administrator with members, stays as it is."""
    world.member_of(WANTED, account=world.base_account)
    world.control.seed(members=[{"account_id": OTHER, "administrator": world.base_account, "status": "Enabled"}])
    result = world.run_module(module, check_mode, assume_role_arn=None, expected_account_id=MEMBER, **in_regions(module, regions), **options)
    assert result["failed"] and not result["changed"]
    assert "regions" not in result
    assert result["error"]["reason"] == "wrong_account"
    assert MEMBER in result["msg"] and world.base_account in result["msg"]
    assert world.control.operations() == [IDENTITY]


@EVERY_MODULE
def test_the_role_of_another_account_than_expected(world, module, options):
    """The role's ARN tells, so not even the role is assumed."""
    result = world.run_module(module, expected_account_id=OTHER, **options)
    assert result["error"]["reason"] == "wrong_account" and "regions" not in result
    assert MEMBER in result["msg"] and OTHER in result["msg"]
    assert not world.control.calls()


@EVERY_MODULE
def test_the_account_expected(world, module, options):
    """With a role nobody is asked; without one, STS is, once a task."""
    world.control.seed(hubs=[MEMBER, world.base_account])
    assert not world.run_module(module, expected_account_id=MEMBER, **options).get("failed")
    assert IDENTITY not in world.control.operations()
    world.control.seed(hubs=[MEMBER, world.base_account])
    world.control.clear_calls()
    result = world.run_module(module, assume_role_arn=None, expected_account_id=world.base_account, **in_regions(module, REGIONS), **options)
    assert not result.get("failed"), result["msg"]
    assert world.control.operations().count(IDENTITY) == 1 and world.control.operations()[0] == IDENTITY


@pytest.mark.parametrize(
    "fault, reason",
    [
        ({"error": {"code": "ExpiredToken", "message": "Expired"}}, "credentials"),
        ({"error": {"code": "InvalidClientTokenId", "message": "The security token included in the request is invalid."}}, "credentials"),
        ({"error": {"code": "InternalFailure", "status": 500}}, "internal_error"),
        ({"error": {"code": "Throttling", "message": "Rate exceeded"}}, "limit_exceeded"),
        ({"drop": True}, "endpoint_unreachable"),
    ],
    ids=["expired", "invalid", "server error", "throttled", "dropped"],
)
def test_nobody_can_be_asked_whose_account_it_is(world, fault, reason):
    """Then it may be anybody's: nothing is done there."""
    world.member_of(WANTED, account=world.base_account)
    world.fault(IDENTITY, times=None, **fault)
    result = world.run(state="absent", assume_role_arn=None, expected_account_id=world.base_account, aws_config=ONCE)
    assert result["error"]["reason"] == reason
    assert "regions" not in result and not result["changed"]
    assert set(world.control.operations()) == {IDENTITY}


@pytest.mark.parametrize("value", ["12345", "11111111111a", " 444444444444", "444444444444\n"])
def test_what_is_expected_is_an_account_id(world, value):
    """Anything else is refused before any call."""
    result = world.run(expected_account_id=value)
    assert result["error"]["reason"] == "invalid_input"
    assert "expected_account_id" in result["msg"] and "12 digits" in result["msg"]
    assert not world.control.calls()


def test_nothing_is_expected_by_an_empty_value(world):
    """As a playbook has it where a variable is not set."""
    world.member_of(WANTED)
    assert world.run(expected_account_id="")["regions"][0]["state"] == "accepted"
    assert world.calls() == [GET]


def test_the_account_is_known_to_later_messages(world):
    """Who was asked once is not asked again."""
    world.control.seed(hubs=[world.base_account])
    result = world.run(assume_role_arn=None, expected_account_id=world.base_account)
    assert result["error"]["reason"] == "invitation_not_found" and world.base_account in result["msg"]
    assert world.control.operations().count(IDENTITY) == 1
