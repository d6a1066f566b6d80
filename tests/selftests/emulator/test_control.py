# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about the call log, seeding, state and reset."""

from __future__ import annotations

import concurrent.futures
import time

import pytest
from botocore.exceptions import ConnectionClosedError

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import accept
from .conftest import create
from .conftest import error
from .conftest import invitation
from .conftest import is_refused
from .conftest import status
from .conftest import wait_for

OTHER = "333333333333"


def test_every_call_is_logged_in_order(emulator, aws):
    aws(MEMBER).enable_security_hub()
    error(aws(MEMBER, "us-east-1").describe_hub)
    aws(MEMBER).get_administrator_account()
    calls = [call for call in emulator.calls() if call["service"] == "securityhub"]
    assert [call["operation"] for call in calls] == ["EnableSecurityHub", "DescribeHub", "GetAdministratorAccount"]
    assert [call["status"] for call in calls] == [200, 401, 200]
    assert [call["error_code"] for call in calls] == [None, "InvalidAccessException", None]
    assert [call["region"] for call in calls] == ["eu-west-1", "us-east-1", "eu-west-1"]
    assert {call["account"] for call in calls} == {MEMBER}
    assert [call["n"] for call in calls] == sorted(call["n"] for call in calls)


def test_a_call_is_logged_with_what_it_said(emulator, member):
    answer = member.list_members(OnlyAssociated=False, MaxResults=7)
    call = emulator.calls(operation="ListMembers")[0]
    assert call["params"] == {"OnlyAssociated": "false", "MaxResults": "7"}
    assert call["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert "Boto3" in call["user_agent"]


def test_calls_can_be_filtered_counted_and_forgotten(emulator, administrator, member):
    member.list_members()
    assert emulator.operations(account=MEMBER) == ["EnableSecurityHub", "ListMembers"]
    assert emulator.count(operation="EnableSecurityHub") == {"EnableSecurityHub": 2}
    emulator.clear_calls()
    assert emulator.calls() == []


def test_an_unknown_filter_is_refused(emulator):
    with pytest.raises(ValueError, match="colour"):
        emulator.calls(colour="blue")


def test_signatures_are_not_logged(emulator, member):
    assert "Signature" not in str(emulator.calls())


@pytest.mark.parametrize("seeded", ["Created", "Invited", "Enabled", "Removed", "Resigned", "Deleted", "AccountSuspended"])
def test_a_member_can_be_seeded_in_every_status(emulator, aws, seeded):
    emulator.seed(administrators=[ADMINISTRATOR], members=[{"account_id": MEMBER, "status": seeded}])
    assert status(aws(ADMINISTRATOR)) == seeded
    assert bool(invitation(aws(MEMBER))) == (seeded in ("Invited", "Enabled", "Resigned"))
    assert ("Administrator" in aws(MEMBER).get_administrator_account()) == (seeded == "Enabled")


def test_a_seeded_invitation_can_be_accepted(emulator, aws):
    emulator.seed(administrators=[ADMINISTRATOR], members=[MEMBER])
    accept(aws(MEMBER))
    assert emulator.member_status(ADMINISTRATOR, MEMBER, "eu-west-1") == "Enabled"
    assert emulator.member_status(ADMINISTRATOR, MEMBER, "us-east-1") == "Invited"


def test_a_seed_can_be_of_some_regions_and_without_a_hub(emulator, aws):
    emulator.seed(administrators=[ADMINISTRATOR], members=[{"account_id": MEMBER, "regions": ["us-east-1"], "hub": False}])
    assert status(aws(ADMINISTRATOR)) is None
    assert status(aws(ADMINISTRATOR, "us-east-1")) == "Invited"
    assert error(aws(MEMBER, "us-east-1").list_invitations)[0] == "InvalidAccessException"


def test_members_can_be_seeded_by_number(emulator):
    assert emulator.seed(administrators=[ADMINISTRATOR], members=3)["members"] == ["200000000001", "200000000002", "200000000003"]


def test_invitations_of_named_administrators_can_be_seeded(emulator, aws):
    emulator.seed(invitations=[{"account_id": MEMBER, "administrators": [OTHER, ADMINISTRATOR]}])
    assert [item["AccountId"] for item in aws(MEMBER).list_invitations()["Invitations"]] == [OTHER, ADMINISTRATOR]


@pytest.mark.parametrize(
    "seed",
    [
        {"member": []},
        {"members": [{"account_id": MEMBER}]},
        {"administrators": [111111111111]},
        {"administrators": ["12345"]},
        {"administrators": [ADMINISTRATOR], "members": [{"account_id": MEMBER, "status": "Fine"}]},
        {"administrators": [{"account_id": ADMINISTRATOR, "region": "eu-west-1"}]},
        {"hubs": [{"account_id": MEMBER, "regions": ["eu-nowhere-1"]}]},
        {"regions": ["eu-nowhere-1"]},
        {"settings": {"no_administrator_answer": "shrug"}},
        {"settings": {"shrug": 1}},
        {"settings": {"max_members": "many"}},
    ],
)
def test_a_seed_that_makes_no_sense_is_refused(emulator, seed):
    with pytest.raises(ValueError):
        emulator.seed(seed)


def test_state_tells_all_of_a_membership(emulator, administrator, enabled):
    state = emulator.state()
    assert state[ADMINISTRATOR]["eu-west-1"]["members"][MEMBER]["MemberStatus"] == "Enabled"
    assert state[MEMBER]["eu-west-1"]["administrator"]["AccountId"] == ADMINISTRATOR
    assert emulator.state(MEMBER, "eu-west-1")["invitations"][0]["AccountId"] == ADMINISTRATOR
    assert emulator.state(MEMBER, "eu-west-1")["hub"]["AutoEnableControls"] is True


def test_reset_forgets_everything_but_access_keys(emulator, aws, enabled):
    emulator.add_fault(operation="*", drop=True)
    emulator.settings(max_members=1)
    emulator.reset()
    assert (emulator.state(), emulator.faults(), emulator.calls()) == ({}, [], [])
    assert emulator.settings()["max_members"] == 1000
    assert error(aws(MEMBER).describe_hub)[0] == "InvalidAccessException"


def test_reset_puts_other_accounts_in_place(emulator, aws, enabled):
    emulator.reset(seed={"hubs": [ADMINISTRATOR]})
    assert aws(ADMINISTRATOR).describe_hub()
    assert error(aws(MEMBER).describe_hub)[0] == "InvalidAccessException"


def test_an_outage_lasts_and_forgets_nothing(emulator, server, enabled):
    begin = time.monotonic()
    emulator.outage(0.3)
    wait_for(lambda: not is_refused(server.url))
    assert time.monotonic() - begin >= 0.3
    assert enabled.get_administrator_account()["Administrator"]["AccountId"] == ADMINISTRATOR
    assert emulator.operations(account=MEMBER)[-1] == "GetAdministratorAccount"


def test_an_outage_ends_calls_that_wait_for_their_answer(emulator, server, member):
    emulator.add_fault(operation="DescribeHub", together=2)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(member.describe_hub)
        wait_for(lambda: emulator.calls(operation="DescribeHub"))
        emulator.outage(0)
        with pytest.raises(ConnectionClosedError):
            call.result()
    wait_for(lambda: not is_refused(server.url))
    assert member.describe_hub()


def test_one_outage_can_follow_another(emulator, server, member):
    for _number in range(3):
        emulator.outage(0.01)
        wait_for(lambda: not is_refused(server.url))
    assert member.describe_hub()


@pytest.mark.parametrize("body", [None, {}, {"seconds": "10"}, {"seconds": -1}, {"seconds": True}])
def test_an_outage_that_makes_no_sense_is_refused(emulator, body):
    with pytest.raises(ValueError):
        emulator.request("POST", "outage", body)


def test_an_unknown_path_is_not_found(emulator):
    with pytest.raises(ValueError, match="no GET"):
        emulator.request("GET", "nothing")


def test_many_clients_at_once_lose_nothing(emulator, aws):
    ids = [f"5{number:011d}" for number in range(40)]
    emulator.seed(administrators=[ADMINISTRATOR], members=ids)
    clients = [aws(account_id) for account_id in ids]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(accept, clients))
    assert len(aws(ADMINISTRATOR).list_members()["Members"]) == 40
    assert emulator.count()["AcceptAdministratorInvitation"] == 40


def test_ordinary_calls_can_set_everything_up(emulator, administrator, member):
    assert create(administrator, MEMBER) == []
    administrator.invite_members(AccountIds=[MEMBER])
    accept(member)
    assert emulator.member_status(ADMINISTRATOR, MEMBER, "eu-west-1") == "Enabled"
