# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about eventual consistency: calls that meet the state of some time ago."""

from __future__ import annotations

import pytest

from .conftest import ADMINISTRATOR
from .conftest import MEMBER
from .conftest import REGION
from .conftest import accept
from .conftest import create
from .conftest import error
from .conftest import invitation
from .conftest import status
from .conftest import wait_for

OTHER = "333333333333"
THIRD = "444444444444"


def lag(emulator, **fault):
    """Let calls meet a state of 10 seconds ago, from now on."""
    return emulator.add_fault(**{"times": None, "lag": 10, **fault})


def ids(entries):
    """The accounts of a list in an answer."""
    return [entry["AccountId"] for entry in entries]


def test_a_read_sees_what_there_was(emulator, clock, administrator):
    lag(emulator, operation="ListMembers")
    create(administrator, MEMBER)
    clock.wait(5)
    administrator.invite_members(AccountIds=[MEMBER])
    clock.wait(4.9)
    assert status(administrator) is None
    clock.wait(0.1)
    assert status(administrator) == "Created"
    clock.wait(4.9)
    assert status(administrator) == "Created"
    clock.wait(0.1)
    assert status(administrator) == "Invited"


def test_the_call_log_tells_of_the_fault(emulator, administrator):
    lag(emulator, operation="ListMembers")
    status(administrator)
    call = emulator.calls(operation="ListMembers")[0]
    assert (call["status"], call["faults"], call["instead"]) == (200, [1], False)


def test_time_passes_by_itself(emulator, administrator):
    lag(emulator, operation="ListMembers", lag=0.01)
    create(administrator, MEMBER)
    wait_for(lambda: status(administrator) == "Created")


@pytest.mark.parametrize("match", [{"operation": "ListMembers"}, {"account": MEMBER}, {"region": "us-east-1"}, {"params": {"AccountIds": "*3*"}}])
def test_other_calls_see_what_there_is(emulator, clock, administrator, match):
    lag(emulator, **match)
    create(administrator, MEMBER)
    assert ids(administrator.get_members(AccountIds=[MEMBER])["Members"]) == [MEMBER]


def test_a_region_does_not_lag_by_what_happens_in_another(emulator, aws, clock, administrator):
    aws(ADMINISTRATOR, "us-east-1").enable_security_hub()
    lag(emulator, region=REGION)
    for client in (administrator, aws(ADMINISTRATOR, "us-east-1")):
        create(client, MEMBER)
    assert (status(administrator), status(aws(ADMINISTRATOR, "us-east-1"))) == (None, "Created")
    clock.wait(10)
    assert status(administrator) == "Created"


def test_an_account_can_be_new_to_what_lags(emulator, aws, clock):
    lag(emulator)
    error(aws(MEMBER).describe_hub)
    aws(MEMBER).enable_security_hub()
    assert error(aws(MEMBER).describe_hub)[0] == "InvalidAccessException"
    clock.wait(10)
    assert aws(MEMBER).describe_hub()


def test_a_write_that_the_old_state_refuses_does_nothing(emulator, clock, administrator, member):
    lag(emulator, operation="AcceptAdministratorInvitation")
    create(administrator, MEMBER)
    administrator.invite_members(AccountIds=[MEMBER])
    assert error(accept, member)[0] == "ResourceNotFoundException"
    assert emulator.member_status(ADMINISTRATOR, MEMBER, REGION) == "Invited"
    clock.wait(10)
    accept(member)
    assert emulator.member_status(ADMINISTRATOR, MEMBER, REGION) == "Enabled"


def test_a_write_that_the_old_state_allows_is_done_to_the_present(emulator, clock, administrator):
    lag(emulator, operation="CreateMembers")
    create(administrator, MEMBER)
    assert create(administrator, OTHER) == []
    assert ids(administrator.list_members(OnlyAssociated=False)["Members"]) == [MEMBER, OTHER]


def test_a_hub_can_be_in_use_for_a_moment_after_the_last_member_went(emulator, clock, administrator, enabled):
    lag(emulator, operation="DisableSecurityHub")
    administrator.disassociate_members(AccountIds=[MEMBER])
    administrator.delete_members(AccountIds=[MEMBER])
    assert status(administrator) is None
    clock.wait(9.9)
    assert "on the Security Hub administrator" in error(administrator.disable_security_hub)[2]
    assert administrator.describe_hub()
    clock.wait(0.1)
    administrator.disable_security_hub()
    assert error(administrator.describe_hub)[0] == "InvalidAccessException"


def test_the_present_state_can_refuse_what_the_old_one_allows(emulator, clock, administrator, enabled):
    lag(emulator, operation="DisassociateFromAdministratorAccount")
    administrator.disassociate_members(AccountIds=[MEMBER])
    assert error(enabled.disassociate_from_administrator_account)[0] == "ResourceNotFoundException"
    assert status(administrator) == "Removed"


def test_a_write_is_done_to_the_accounts_that_the_old_state_allows(emulator, clock, administrator):
    create(administrator, MEMBER)
    lag(emulator, operation="InviteMembers")
    create(administrator, OTHER)
    answer = administrator.invite_members(AccountIds=[OTHER, MEMBER, THIRD])
    assert ids(answer["UnprocessedAccounts"]) == [OTHER, THIRD]
    assert (status(administrator), status(administrator, OTHER)) == ("Invited", "Created")


def test_both_states_can_refuse_some_of_the_accounts(emulator, clock, administrator):
    create(administrator, MEMBER)
    lag(emulator, operation="CreateMembers")
    create(administrator, OTHER)
    administrator.disassociate_members(AccountIds=[MEMBER])
    administrator.delete_members(AccountIds=[MEMBER])
    assert ids(create(administrator, OTHER, THIRD, MEMBER)) == [OTHER, MEMBER]
    assert ids(administrator.list_members(OnlyAssociated=False)["Members"]) == [OTHER, THIRD]


def test_where_the_old_state_refuses_all_accounts_nothing_is_done(emulator, clock, administrator):
    lag(emulator, operation="InviteMembers")
    create(administrator, MEMBER)
    assert ids(administrator.invite_members(AccountIds=[MEMBER])["UnprocessedAccounts"]) == [MEMBER]
    assert status(administrator) == "Created"


def test_what_was_there_before_counts_as_old(emulator, clock, invited):
    lag(emulator)
    assert invitation(invited)
    accept(invited)
    assert "Administrator" not in invited.get_administrator_account()


def test_what_is_seeded_counts_as_old(emulator, aws, clock):
    lag(emulator)
    emulator.seed(administrators=[ADMINISTRATOR], members=[MEMBER])
    accept(aws(MEMBER))
    assert "Administrator" not in aws(MEMBER).get_administrator_account()
    assert emulator.member_status(ADMINISTRATOR, MEMBER, REGION) == "Enabled"


def test_without_such_a_fault_nothing_is_kept(emulator, server, clock, administrator):
    first, second = lag(emulator, operation="ListMembers"), lag(emulator, operation="GetMembers")
    create(administrator, MEMBER)
    emulator.request("DELETE", f"faults/{second}")
    assert status(administrator) is None
    emulator.request("DELETE", f"faults/{first}")
    lag(emulator, operation="ListMembers")
    assert status(administrator) == "Created"


def test_no_more_is_kept_than_is_needed(emulator, server, clock, administrator):
    lag(emulator, operation="ListMembers")
    for number in range(20):
        create(administrator, f"5{number:011d}")
        clock.wait(5)
    assert len(server.emulator.history._pictures[REGION]) <= 4
    assert len(administrator.list_members(OnlyAssociated=False)["Members"]) == 19


def test_the_longest_lag_counts(emulator, clock, administrator):
    lag(emulator, operation="ListMembers", lag=5)
    lag(emulator, operation="List*", lag=20)
    create(administrator, MEMBER)
    clock.wait(10)
    assert status(administrator) is None
    clock.wait(10)
    assert status(administrator) == "Created"


def test_sts_does_not_lag(emulator, aws, clock):
    lag(emulator)
    assert aws.sts.get_caller_identity()["Account"] == "123456789012"


def test_an_old_answer_can_be_cut(emulator, clock, administrator):
    lag(emulator, operation="AcceptAdministratorInvitation")
    emulator.add_fault(operation="CreateMembers", lag=10, when="after", cut="body")
    assert "UnprocessedAccounts" not in administrator.create_members(AccountDetails=[{"AccountId": MEMBER}])
    assert status(administrator) == "Created"
