# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The administrator's side: every state from every status, batches, and what becomes of accounts that fail."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member_info

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import REGIONS
from .conftest import WANTED

GET = "GetMembers"
CREATE, INVITE, DISASSOCIATE, DELETE = "CreateMembers", "InviteMembers", "DisassociateMembers", "DeleteMembers"

# For each state and the status before: the writes, and the status after.
TABLE: dict[str, dict] = {
    "invited": {
        None: ([CREATE, INVITE], "Invited"),
        "Created": ([INVITE], "Invited"),
        "Invited": ([], "Invited"),
        "Enabled": ([], "Enabled"),
        "Associated": ([], "Associated"),
        "Removed": ([INVITE], "Invited"),
        "Resigned": ([INVITE], "Invited"),
        "Deleted": ([CREATE, INVITE], "Invited"),
        "AccountSuspended": ([], "AccountSuspended"),
    },
    "present": {
        None: ([CREATE], "Created"),
        "Created": ([], "Created"),
        "Invited": ([], "Invited"),
        "Enabled": ([], "Enabled"),
        "Associated": ([], "Associated"),
        "Removed": ([], "Removed"),
        "Resigned": ([], "Resigned"),
        "Deleted": ([CREATE], "Created"),
        "AccountSuspended": ([], "AccountSuspended"),
    },
    "absent": {
        None: ([], None),
        "Created": ([DELETE], None),
        "Invited": ([DELETE], None),
        "Enabled": ([DISASSOCIATE, DELETE], None),
        "Associated": ([DISASSOCIATE, DELETE], None),
        "Removed": ([DELETE], None),
        "Resigned": ([DELETE], None),
        "Deleted": ([], "Deleted"),
        "AccountSuspended": ([DISASSOCIATE, DELETE], None),
    },
}
CASES = [(state, before) for state, statuses in TABLE.items() for before in statuses]


def accounts(count, start=500000000001):
    """As many members to be, each with an email."""
    return [{"account_id": str(number), "email": f"{number}@example.com"} for number in range(start, start + count)]


@pytest.fixture(name="admin")
def _admin(world):
    """The emulated accounts, with an administrator that has no members."""
    world.control.seed(administrators=[WANTED])
    return world


def run(world, members, module=securityhub_member, **options):
    """A module's result, as the administrator."""
    if members is not None:
        options["members"] = members
    return world.run_module(module, assume_role_arn=world.role(WANTED), **options)


def writes(world, **filters):
    """The names of the administrator's calls that change something, in order."""
    return [name for name in world.control.operations(account=WANTED, **filters) if name not in (GET, "ListMembers")]


def put(world, status):
    """A member in a status, which in older regions is Associated where it is Enabled in others."""
    if status:
        world.control.settings(deleted_members="listed", accepted_status="Associated" if status == "Associated" else "Enabled")
        world.control.seed(members=[{"account_id": MEMBER, "administrator": WANTED, "status": "Enabled" if status == "Associated" else status}])
        world.control.clear_calls()


@pytest.mark.parametrize("check_mode", [False, True], ids=["task", "check"])
@pytest.mark.parametrize("state,before", CASES, ids=[f"{state} from {before}" for state, before in CASES])
def test_the_difference_is_written_and_no_more(admin, state, before, check_mode):
    put(admin, before)
    steps, after = TABLE[state][before]
    result = run(admin, [{"account_id": MEMBER, "email": "a@example.com"}], state=state, check_mode=check_mode)
    assert not result.get("failed"), result["msg"]
    assert writes(admin) == ([] if check_mode else steps)
    [member] = result["members"]
    assert (result["changed"], member["changed"]) == (bool(steps), bool(steps))
    assert (member["previous_status"], member["member_status"]) == (before, after)
    assert result["regions"][0]["state"] == state
    if not check_mode and state != "absent":
        assert admin.control.member_status(WANTED, MEMBER, REGION) == after
        assert run(admin, [{"account_id": MEMBER}], state=state)["changed"] is False


def test_many_members_are_written_in_batches_of_fifty(admin):
    result = run(admin, accounts(120), regions=REGIONS)
    assert result["changed"] and not result.get("failed")
    for region in REGIONS:
        # Three batches each to read, create, see who is in force at once, invite and read back
        assert admin.control.count(account=WANTED, region=region) == {GET: 9, CREATE: 3, INVITE: 3}
        assert len(admin.control.state(WANTED, region)["members"]) == 120
    assert [len(outcome["members"]) for outcome in result["regions"]] == [120] * 3


def test_a_thousand_members_in_all_regions_are_one_task_though_the_service_throttles(admin, clock):
    """17,000 memberships, and each third call is one too many for the service; the second run finds nothing to do."""
    places = ("us-east", "us-west", "eu-west", "eu-central", "eu-north", "ap-south", "ap-southeast", "ap-northeast", "ca-central", "sa-east")
    regions = [f"{place}-1" for place in places] + ["us-east-2", "us-west-2", "eu-west-2", "eu-west-3", "ap-southeast-2", "ap-northeast-2", "ap-northeast-3"]
    admin.control.seed(regions=regions, administrators=[WANTED])
    for region in regions:
        admin.fault("*", account=WANTED, region=region, times=None, every=3, error={"code": "LimitExceededException", "message": "Rate exceeded"})
    members = accounts(1000)
    result = run(admin, members, regions=regions)
    assert result["changed"] and not result.get("failed"), result["msg"]
    assert [len(outcome["members"]) for outcome in result["regions"]] == [1000] * 17
    for region in regions:
        # 20 batches each to read, create, see who is in force at once, invite and read back, and half as many again for those that were throttled
        assert len(admin.control.operations(account=WANTED, region=region)) in (149, 150)
        assert {member["MemberStatus"] for member in admin.control.state(WANTED, region)["members"].values()} == {"Invited"}
    admin.control.clear_faults()
    admin.control.clear_calls()
    assert run(admin, members, regions=regions)["changed"] is False
    assert admin.control.count() == {"AssumeRole": 1, GET: 20 * 17}


def test_only_the_accounts_that_need_it_are_written_for(admin):
    run(admin, accounts(2))
    admin.control.clear_calls()
    assert run(admin, accounts(3))["changed"] is True
    written = [call["params"] for call in admin.control.calls(account=WANTED) if call["operation"] == INVITE]
    assert written == [{"AccountIds": ["500000000003"]}]


def test_members_are_created_with_the_emails_that_are_given(admin):
    result = run(admin, [*accounts(1), {"account_id": MEMBER}], state="present")
    assert not result.get("failed"), result["msg"]
    [call] = admin.control.calls(operation=CREATE)
    assert call["params"]["AccountDetails"] == [{"AccountId": "500000000001", "Email": "500000000001@example.com"}, {"AccountId": MEMBER}]


def test_members_that_are_not_named_are_left_alone(admin):
    put(admin, "Enabled")
    run(admin, accounts(1), state="absent")
    assert admin.control.member_status(WANTED, MEMBER, REGION) == "Enabled"


def test_an_account_that_is_not_processed_stops_no_other(admin):
    good, bad = accounts(2)
    run(admin, [good], state="present")
    # Of the two, the service creates neither: one is there already, the other's email is no good
    admin.fault(CREATE, response={"UnprocessedAccounts": [{"AccountId": bad["account_id"], "ProcessingResult": "Invalid email address"}]})
    result = run(admin, [good, bad])
    assert result["failed"] and result["changed"]
    by_id = {member["account_id"]: member for member in result["members"]}
    assert by_id[bad["account_id"]]["error"]["reason"] == "invalid_input"
    assert bad["account_id"] in result["msg"] and "Invalid email address" in result["msg"]
    assert admin.control.member_status(WANTED, good["account_id"], REGION) == by_id[good["account_id"]]["member_status"] == "Invited"
    assert result["regions"][0]["state"] == "unknown"
    assert result["error"]["reason"] == "invalid_input"


@pytest.mark.parametrize("how", [{"error": {"code": "InternalException", "status": 500}}, {"drop": True}], ids=["500", "dropped"])
@pytest.mark.parametrize("operation", [CREATE, INVITE])
def test_a_write_that_worked_is_not_reported_failed(admin, operation, how):
    admin.fault(operation, when="after", times=None, **how)
    result = run(admin, accounts(2), aws_config=ONCE)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True
    assert {member["member_status"] for member in result["members"]} == {"Invited"}


@pytest.mark.parametrize("status", ["Invited", "Enabled", "Associated"])
def test_an_invitation_without_an_answer_was_sent_where_the_account_is_a_member_by_now(admin, status):
    put(admin, "Created")
    admin.fault(INVITE, error={"code": "InternalException", "status": 500}, times=None)
    admin.fault(GET, skip=1, times=None, response={"Members": [{"AccountId": MEMBER, "MemberStatus": status}]})
    result = run(admin, [{"account_id": MEMBER}], aws_config=ONCE)
    assert not result.get("failed"), result["msg"]


def test_what_every_account_would_meet_is_told_once(admin):
    """As the region's error, and not as each account's."""
    put(admin, "Created")
    admin.fault(DELETE, deny=True)
    result = run(admin, [{"account_id": MEMBER}], state="absent")
    assert result["error"]["reason"] == "access_denied" and not result["changed"]
    assert "error" not in result["members"][0]


def test_a_deletion_that_worked_is_not_reported_failed(admin):
    put(admin, "Enabled")
    admin.control.settings(deleted_members="gone")
    admin.fault(DELETE, when="after", error={"code": "InternalException", "status": 500}, times=None)
    result = run(admin, [{"account_id": MEMBER}], state="absent", aws_config=ONCE)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True


def test_a_member_that_was_disassociated_but_not_deleted_is_told_as_changed(admin):
    put(admin, "Enabled")
    # It has accepted since it was read
    admin.fault(GET, response={"Members": [{"AccountId": MEMBER, "MemberStatus": "Invited"}]})
    admin.fault(DELETE, skip=1, response={"UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": "Internal failure, try again"}]})
    result = run(admin, [{"account_id": MEMBER}], state="absent")
    assert writes(admin) == [DELETE, DISASSOCIATE, DELETE]
    [member] = result["members"]
    assert (member["changed"], member["member_status"], member["error"]["reason"]) == (True, "Removed", "internal_error")
    assert result["failed"] and result["changed"]


def test_a_write_that_did_not_work_is_reported_for_its_accounts(admin, clock):
    admin.fault(INVITE, error={"code": "InternalException", "status": 500}, times=None)
    result = run(admin, accounts(2), aws_config=ONCE)
    assert result["failed"] and result["changed"], "they were created"
    assert [member["error"]["reason"] for member in result["members"]] == ["internal_error"] * 2
    assert {member["member_status"] for member in result["members"]} == {"Created"}
    admin.control.clear_faults()
    assert run(admin, accounts(2))["changed"] is True


def test_a_call_that_is_denied_is_not_tried_for_every_batch(admin):
    admin.fault(CREATE, deny=True)
    result = run(admin, accounts(120))
    assert result["error"]["reason"] == "access_denied"
    assert "securityhub:CreateMembers" in result["msg"]
    assert writes(admin) == [CREATE]


def test_one_region_that_fails_stops_no_other(admin):
    admin.fault(GET, region=REGIONS[1], error={"code": "InvalidAccessException", "status": 401}, times=None)
    result = run(admin, accounts(1), regions=REGIONS)
    assert result["failed"] and result["changed"]
    assert [outcome["state"] for outcome in result["regions"]] == ["invited", "unknown", "invited"]
    assert result["msg"].startswith("1 of 3 regions failed")


def test_the_administrator_itself_is_refused_before_any_call(admin):
    result = run(admin, [*accounts(1), {"account_id": WANTED}])
    assert result["error"]["reason"] == "invalid_input"
    assert WANTED in result["msg"]
    assert admin.control.operations(account=WANTED) == []


def test_without_a_role_the_administrator_itself_is_refused_before_any_call_to_security_hub(admin):
    admin.control.seed(administrators=[admin.base_account])
    result = admin.run_module(securityhub_member, assume_role_arn=None, members=[{"account_id": admin.base_account}])
    assert result["error"]["reason"] == "invalid_input"
    assert admin.control.operations(service="securityhub") == []


@pytest.mark.parametrize(
    "members",
    [
        [{"account_id": "12345"}],
        [{"account_id": MEMBER, "email": "a@example.com"}, {"account_id": MEMBER, "email": "b@example.com"}],
    ],
    ids=["no account ID", "twice, differing"],
)
def test_bad_members_make_no_call(admin, members):
    admin.control.clear_calls()
    assert run(admin, members)["error"]["reason"] == "invalid_input"
    assert admin.control.calls() == []


def test_an_account_named_twice_is_written_once(admin):
    result = run(admin, accounts(1) * 2)
    assert len(result["members"]) == 1 and not result.get("failed")


def test_an_empty_list_of_members_changes_nothing(admin):
    assert run(admin, [])["changed"] is False


def test_all_members_are_listed_over_all_pages(admin):
    run(admin, accounts(120), state="present")
    admin.control.clear_calls()
    result = run(admin, None, securityhub_member_info)
    assert [member["account_id"] for member in result["members"]] == [account["account_id"] for account in accounts(120)]
    assert admin.control.count(account=WANTED) == {"ListMembers": 3}
    assert result["changed"] is False


def test_members_are_filtered_by_status_and_by_account(admin):
    run(admin, accounts(3), state="present")
    run(admin, accounts(1))
    assert [member["account_id"] for member in run(admin, None, securityhub_member_info, statuses=["Invited"])["members"]] == ["500000000001"]
    found = run(admin, None, securityhub_member_info, account_ids=["500000000002", "600000000000"], regions=REGIONS[:2])
    assert [[member["account_id"] for member in outcome["members"]] for outcome in found["regions"]] == [["500000000002"], []]
    assert "members" not in found


INVITATIONS, MEMBERS = "1,000 outstanding invitations in a region, which can't be raised", "1,000 members that it invites"


@pytest.mark.parametrize("setting, quota", [("max_invitations", INVITATIONS), ("max_members", MEMBERS)])
def test_a_quota_is_not_told_as_throttling(world, setting, quota):
    """What to do about it is another thing."""
    world.control.seed(hubs=[WANTED])
    world.control.settings(**{setting: 1})
    result = members_of(world, [MEMBER, OTHER])
    assert result["error"]["reason"] == "limit_exceeded"
    assert quota in result["msg"] and "throttl" not in result["msg"]


@pytest.mark.parametrize("unprocessed", [False, True], ids=["refused", "unprocessed"])
@pytest.mark.parametrize("operation, said, quota", [
    (CREATE, "You have reached the maximum number of members", MEMBERS),
    (CREATE, "The maximum number of members of the organization has been reached", MEMBERS),
    (CREATE, "The quota of accounts is used up", "AWS Service Quotas shows"),
    (INVITE, "You have reached the maximum number of members", MEMBERS),
    (INVITE, "You have reached the maximum number of outstanding invitations", INVITATIONS),
    (INVITE, "The quota is used up", INVITATIONS),
])  # fmt: skip
def test_a_quota_is_told_as_the_one_that_it_is(world, operation, said, quota, unprocessed):
    """AWS's words say which, and else the operation."""
    world.control.seed(hubs=[WANTED])
    refusal = {"error": {"code": "LimitExceededException", "message": said}}
    left_out = {"response": {"UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": said}]}}
    world.fault(operation, times=None, **(left_out if unprocessed else refusal))
    result = members_of(world, [MEMBER])
    assert result["error"]["reason"] == "limit_exceeded"
    assert [words for words in (INVITATIONS, MEMBERS, "AWS Service Quotas shows") if words in result["msg"]] == [quota]


def test_an_account_that_is_a_member_already_is_no_failure(world):
    """The list did not show it yet."""
    put(world, "Enabled")
    left = {"AccountId": MEMBER, "ProcessingResult": "The request is rejected because the given account ID is not a member of the current account."}
    world.fault(GET, response={"Members": [], "UnprocessedAccounts": [left]})
    result = members_of(world, [MEMBER])
    assert not result.get("failed") and result["changed"] is False
    assert result["members"][0]["member_status"] == "Enabled"
    assert writes(world) == [CREATE]


@pytest.mark.parametrize("said", [
    "This account is currently associated with a central configuration policy, so only the administrator can access this operation.",
    f"Account {MEMBER} is managed by a configuration policy",
])  # fmt: skip
def test_a_member_that_a_policy_governs_is_not_disassociated_for_its_words(world, said):
    """That an account is associated with a policy is no membership."""
    put(world, "Invited")
    world.fault(DELETE, times=None, response={"UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": said}]})
    result = run(world, [{"account_id": MEMBER}], state="absent")
    assert result["error"]["reason"] == "organization_managed" and result["changed"] is False
    assert writes(world) == [DELETE]


@pytest.mark.parametrize("said, reason", [
    (f"Account {WANTED} is not an administrator for this organization", "not_delegated_administrator"),
    ("Your account is not a member of an organization", "no_organization"),
])  # fmt: skip
def test_what_only_an_organization_s_administrator_may_do(world, said, reason):
    """It is told once for all members, and no further batch is tried."""
    world.control.seed(hubs=[WANTED])
    world.fault(CREATE, times=None, error={"code": "InvalidAccessException", "message": said})
    result = members_of(world, [member["account_id"] for member in accounts(120)])
    assert result["error"]["reason"] == reason and result["changed"] is False
    assert writes(world) == [CREATE] and "120 members" not in result["msg"]


def test_an_account_that_iam_does_not_allow_is_told_so_whatever_it_is_called(world):
    world.control.seed(hubs=[WANTED])
    said = "User: arn:aws:iam::111111111111:role/organization-quota-limit is not authorized to perform: securityhub:CreateMembers"
    world.fault(CREATE, response={"UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": said}]})
    assert members_of(world, [MEMBER])["error"]["reason"] == "access_denied"


@pytest.mark.parametrize("recorded, calls", [(True, ["ListMembers", "DescribeHub"]), (False, ["ListMembers"])], ids=["recorded", "otherwise"])
def test_that_nothing_is_found_where_the_hub_is_off_is_not_an_empty_list(world, recorded, calls):
    """AWS refuses ListMembers then since no such resource was found; DescribeHub tells why."""
    if not recorded:
        world.control.settings(hub_off_answer="InvalidAccessException")
    result = run(world, None, securityhub_member_info)
    assert result["error"]["reason"] == "hub_not_enabled" and result["error"]["operation"] == "ListMembers"
    assert result["failed"] and "Enable Security Hub CSPM" in result["msg"]
    assert world.control.operations(account=WANTED, service="securityhub") == calls


def test_that_nothing_is_found_where_the_hub_is_on_is_no_empty_list_either(world, clock):
    """It may pass; a list is what AWS lists."""
    put(world, "Enabled")
    world.fault("ListMembers", times=2, error={"code": "BadRequestException", "message": "The request is rejected since no such resource found."})
    result = run(world, None, securityhub_member_info)
    assert [member["account_id"] for member in result["members"]] == [MEMBER] and clock.slept


def test_a_member_of_the_organization_has_no_email(world):
    """Neither where it is listed nor where it is looked for, nor where it is written."""
    world.control.seed(organizations=[{"account_id": WANTED, "accounts": [MEMBER]}], administrators=[WANTED])
    written = run(world, [{"account_id": MEMBER, "email": "a@example.com"}])
    listed = run(world, None, securityhub_member_info)
    found = run(world, None, securityhub_member_info, account_ids=[MEMBER])
    assert [result["members"][0]["email"] for result in (written, listed, found)] == [None] * 3
    assert [result["members"][0]["member_status"] for result in (written, listed, found)] == ["Enabled"] * 3


def test_an_unprocessed_account_is_told_what_to_do(world):
    """The message of each ends with it, as that of any error."""
    world.control.seed(hubs=[WANTED])
    left = {"AccountId": MEMBER, "ProcessingResult": "You are not authorized."}
    world.fault(CREATE, response={"UnprocessedAccounts": [left]})
    result = members_of(world, [MEMBER])
    assert result["error"]["reason"] == "access_denied"
    assert result["msg"].endswith("You are not authorized. Allow securityhub:CreateMembers to the user or role that the task acts as.")


def members_of(world, account_ids):
    """The result of inviting accounts as the administrator."""
    options = {"assume_role_arn": world.role(WANTED), "aws_config": ONCE}
    return world.run_module(securityhub_member, members=[{"account_id": account_id} for account_id in account_ids], **options)
