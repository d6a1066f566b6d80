# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every reason of the contract's table, with a message that says where, and what to do about it."""

from __future__ import annotations

import pytest

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import TWICE
from .conftest import WANTED
from .test_states import ACCEPT
from .test_states import GET
from .test_states import HUB
from .test_states import LEAVE
from .test_states import LIST

FIELDS = {"reason", "message", "code", "aws_message", "operation", "http_status", "request_id"}
ANY_GET = ["GetAdministratorAccount", "GetMasterAccount"]
# AWS's code, its message, the reason, and the remedy that the message offers
ANSWERS = [
    ("InvalidAccessException", "Account 4 is not subscribed to AWS Security Hub", "hub_not_enabled", "Enable Security Hub"),
    ("InvalidAccessException", "AccountId: 4 is not enabled for securityhub. Currentstate: false", "hub_not_enabled", "Enable Security Hub"),
    ("InvalidAccessException", "Account 4 is not an administrator for this organization", "not_delegated_administrator", "delegated"),
    ("InvalidInputException", "Your account is not a member of an organization", "no_organization", "account of an organization"),
    ("AccessDeniedException", "Your account is not a member of an organization.", "no_organization", "account of an organization"),
    ("BadRequestException", "Your account is not a member of an organization.", "no_organization", "account of an organization"),
    ("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.", "no_organization", "account of an organization"),
    (
        "AccessDeniedException",
        "Central Configuration APIs can only be called from the aggregation region",
        "different_home_region",
        "securityhub_finding_aggregator_info",
    ),
    ("InvalidAccessException", "This can only be called from the aggregation Region.", "different_home_region", "home region"),
    ("InvalidAccessException", "No permission for this", "access_denied", "Allow securityhub:GetAdministratorAccount"),
    ("AccessDeniedException", "User x is not authorized", "access_denied", "Allow securityhub:GetAdministratorAccount"),
    ("InvalidInputException", "Bad", "invalid_input", "options"),
    ("ValidationException", "Bad", "invalid_input", "options"),
    ("LimitExceededException", "Too much", "limit_exceeded", "later"),
    ("Throttling", "Too fast", "limit_exceeded", "later"),
    ("ThrottlingException", "Too fast", "limit_exceeded", "later"),
    ("TooManyRequestsException", "Too fast", "limit_exceeded", "later"),
    ("RequestLimitExceeded", "Too fast", "limit_exceeded", "later"),
    ("InternalException", "Oops", "internal_error", "later"),
    ("InternalFailure", "Oops", "internal_error", "later"),
    ("ServiceUnavailable", "Oops", "internal_error", "later"),
    ("UnrecognizedClientException", "Invalid token", "region_not_enabled", "opted in"),
    ("InvalidClientTokenId", "Invalid token", "region_not_enabled", "opted in"),
    ("OptInRequired", "Not subscribed", "region_not_enabled", "opted in"),
    ("ExpiredTokenException", "Expired", "credentials", "expired"),
    ("ExpiredToken", "Expired", "credentials", "expired"),
    ("SignatureDoesNotMatch", "Wrong", "credentials", "secret_key"),
    ("ResourceConflictException", "Busy", "aws_error", "request_id"),
    ("NobodyKnowsThisException", "What", "aws_error", "request_id"),
]


@pytest.mark.parametrize("code, said, reason, remedy", ANSWERS, ids=[f"{answer[0]}-{answer[2]}" for answer in ANSWERS])
def test_answer_of_aws(world, code, said, reason, remedy):
    """AWS's code is kept beside the reason; the message names account, region, AWS's message and the remedy."""
    world.pending(WANTED)
    world.fault(ANY_GET, times=None, error={"code": code, "message": said})
    result = world.run(aws_config=ONCE)
    error = result["error"]
    assert error["reason"] == reason
    assert set(error) == FIELDS
    assert (error["code"], error["aws_message"], error["operation"]) == (code, None, GET)
    *_renewed, call = world.control.calls(operation=GET)  # expired credentials are renewed, once
    assert (error["http_status"], error["request_id"]) == (call["status"], call["request_id"])
    assert all(word in error["message"] for word in (MEMBER, REGION, code, said, remedy))
    assert not result["changed"]
    assert not world.writes()


@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException", "InternalException", "ServiceUnavailable"])
def test_passing_failure_is_tried_again(world, clock, code):
    """Throttling and server errors are retried, and then all is well."""
    world.pending(WANTED)
    for operation in (GET, LIST, ACCEPT):
        world.fault(operation, times=2, error={"code": code})
    assert world.run()["changed"]
    assert world.calls() == [GET] * 3 + [LIST] * 3 + [ACCEPT] * 3


def test_dropped_connection_is_tried_again(world, clock):
    """A connection that drops is retried."""
    world.pending(WANTED)
    for operation in (GET, LIST, ACCEPT):
        world.fault(operation, drop=True)
    assert world.run()["changed"]
    assert world.calls() == [GET] * 2 + [LIST] * 2 + [ACCEPT] * 2


@pytest.mark.parametrize("code, reason", [("ThrottlingException", "limit_exceeded"), ("InternalException", "internal_error")])
def test_retries_are_bounded(world, clock, code, reason):
    """A failure that lasts is told after a while; aws_config may say after how many tries."""
    world.pending(WANTED)
    world.fault(GET, times=None, error={"code": code})
    assert world.run()["error"]["reason"] == reason
    assert set(world.calls()) == {GET} and clock.slept <= 20
    world.control.clear_calls()
    assert world.run(aws_config=TWICE)["error"]["reason"] == reason
    assert world.calls() == [GET] * 2


def test_other_failures_are_not_tried_again(world):
    """What asking again can't mend is told at once."""
    world.pending(WANTED)
    world.fault(GET, times=None, error={"code": "InvalidInputException"})
    world.run()
    assert world.calls() == [GET]


def test_throttled_by_the_service_itself(world):
    """The service's own rate is kept by retrying."""
    world.pending(WANTED)
    world.control.settings(rate=5, burst=1)
    assert world.run()["changed"]


def test_different_administrator_names_both(world):
    """Who is there, who was asked for, and how to go on."""
    world.member_of(OTHER)
    error = world.run()["error"]
    assert error["reason"] == "different_administrator"
    assert all(word in error["message"] for word in (OTHER, WANTED, MEMBER, REGION, "replace_administrator"))
    assert {error[field] for field in FIELDS - {"reason", "message"}} == {None}


def test_already_accepted_says_what_to_use(world):
    """Declining comes too late: state=absent is the way."""
    world.member_of(WANTED)
    error = world.run(state="declined")["error"]
    assert error["reason"] == "already_accepted"
    assert all(word in error["message"] for word in (WANTED, MEMBER, REGION, "absent"))


def test_invitation_not_found_says_who_has_to_invite(world):
    """There is nothing to accept: the administrator has to invite, or wait helps."""
    world.pending(OTHER)
    error = world.run()["error"]
    assert error["reason"] == "invitation_not_found"
    assert all(word in error["message"] for word in (WANTED, MEMBER, REGION, "invite", "wait"))


@pytest.mark.parametrize(
    "code, said",
    [
        ("AccessDeniedException", "The account is managed through AWS Organizations."),
        ("InvalidAccessException", "Operation is not allowed for an organization member account"),
        ("InvalidInputException", "The account is a member of an organisation"),
    ],
)
def test_organization_managed(world, code, said):
    """Whatever code AWS has for it. It is no lack of permission: the older name is not tried."""
    check_organization_managed(world, code, said)


# How AWS has been recorded to refuse what an organization's configuration governs; that a policy is declarative is assumed
GOVERNED = [
    ("AccessDeniedException", "This account is currently associated with a central configuration policy, so only the administrator can access this operation."),
    ("AccessDeniedException", f"Account {MEMBER} is managed by a configuration policy"),
    ("InvalidInputException", "Auto Enable and AutoEnableStandards can not be enabled for Central Configuration"),
    ("AccessDeniedException", f"Account {MEMBER} is governed by a declarative policy"),
]
GOVERNED_BY = ["central policy", "policy", "central configuration", "declarative policy"]


@pytest.mark.parametrize("code, said", GOVERNED, ids=GOVERNED_BY)
def test_what_a_policy_governs_is_not_changed(world, code, said):
    """At once: a membership has nothing to do with it, and nothing passes."""
    check_organization_managed(world, code, said)
    assert world.calls() == [GET, LIST, LEAVE]


@pytest.mark.parametrize("code, said", GOVERNED, ids=GOVERNED_BY)
def test_what_a_policy_governs_is_not_read_either_where_aws_refuses_that(world, code, said):
    """The words have the same meaning whatever the operation is."""
    world.pending(WANTED)
    world.fault(ANY_GET, times=None, error={"code": code, "message": said})
    result = world.run()
    assert result["error"]["reason"] == "organization_managed" and "delegated" in result["msg"] and "Allow" not in result["msg"]
    assert world.calls() == [GET]


def check_organization_managed(world, code, said):
    """That leaving the administrator is told so where AWS refuses it in these words."""
    world.member_of(WANTED)
    world.fault(LEAVE, error={"code": code, "message": said})
    result = world.run(state="absent")
    assert result["error"]["reason"] == "organization_managed"
    assert all(word in result["msg"] for word in (MEMBER, REGION, "Organizations"))
    assert result["administrator"]["account_id"] == WANTED and not result["changed"]
    assert "DisassociateFromMasterAccount" not in world.calls()


@pytest.mark.parametrize(
    "said",
    [
        "User: x is not authorized to perform: securityhub:DisassociateFromAdministratorAccount on resource: y "
        "with an explicit deny in a service control policy",
        "No identity-based policy of the organization o-1 allows it: not authorized to perform: securityhub:x",
        "User: arn:aws:sts::444444444444:assumed-role/organization/already-associated is not authorized to perform: "
        "securityhub:DisassociateFromAdministratorAccount on resource: y because no configuration policy allows the action",
        "User: x is not authorized to perform: securityhub:y with an explicit deny in an identity-based policy: "
        "arn:aws:iam::444444444444:policy/central configuration policy/declarative policy",
    ],
)
def test_service_control_policy_is_a_denial(world, clock, said):
    """That a policy comes from an organization doesn't make the membership managed by it, nor does any name. Nothing of it passes."""
    world.member_of(WANTED)
    world.fault("Disassociate*", times=None, error={"code": "AccessDeniedException", "message": said})
    result = world.run(state="absent")
    assert result["error"]["reason"] == "access_denied" and "securityhub:Disassociate" in result["msg"]
    assert world.calls() == [GET, LIST, LEAVE, "DisassociateFromMasterAccount"] and clock.slept == 0


@pytest.mark.parametrize("operation, state, before", [
    (ACCEPT, "accepted", "Invited"),
    ("DeclineInvitations", "declined", "Invited"),
    ("DeleteInvitations", "absent", "Invited"),
    (LEAVE, "absent", "Enabled"),
])  # fmt: skip
def test_a_write_that_aws_takes_later_is_made_again(world, clock, operation, state, before):
    """What AWS refuses for now only passes."""
    world.member_of(WANTED, status=before)
    world.fault(operation, times=2, error={"code": "InvalidInputException", "message": "It is being changed, please try later"})
    result = world.run(state=state)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and world.calls().count(operation) == 3


# BadRequestException is ambiguous

BAD_REQUEST = {"error": {"code": "BadRequestException", "message": ""}}


@pytest.mark.parametrize("operation", [GET, LIST, ACCEPT])
def test_bad_request_while_the_hub_is_on(world, clock, operation):
    """A passing race: DescribeHub shows that the hub is on, and the call is made again."""
    world.pending(WANTED)
    world.fault(operation, times=2, **BAD_REQUEST)
    result = world.run()
    assert result["changed"] and not result.get("failed")
    calls = world.calls()
    start = calls.index(operation)
    assert calls[start : start + 5] == [operation, HUB, operation, HUB, operation]


def test_bad_request_that_lasts(world, clock):
    """With the hub on and no end of it, aws_error with AWS's own code, once the bound on retries is reached."""
    world.pending(WANTED)
    world.fault(LIST, times=None, **BAD_REQUEST)
    error = world.run()["error"]
    assert (error["reason"], error["code"], error["operation"]) == ("aws_error", "BadRequestException", LIST)
    assert MEMBER in error["message"] and REGION in error["message"]
    assert not world.writes()
    assert 15 < clock.slept <= 40


def test_bad_request_where_describing_the_hub_is_denied(world):
    """hub_not_enabled, and the message says that this is a guess."""
    world.pending(WANTED)
    world.fault(LIST, times=None, **BAD_REQUEST)
    world.fault(HUB, deny=True)
    error = world.run()["error"]
    assert error["reason"] == "hub_not_enabled"
    assert all(word in error["message"] for word in (MEMBER, REGION, "probably", "securityhub:DescribeHub", "Enable Security Hub"))
    assert (error["code"], error["operation"]) == ("BadRequestException", LIST)


@pytest.mark.parametrize(
    "fault", [{"error": {"code": "InvalidAccessException", "message": "Not subscribed"}}, {"error": {"code": "ResourceNotFoundException"}}]
)
def test_bad_request_while_the_hub_is_off(world, fault):
    """DescribeHub settles it."""
    world.pending(WANTED)
    world.fault(LIST, times=None, **BAD_REQUEST)
    world.fault(HUB, **fault)
    error = world.run()["error"]
    assert error["reason"] == "hub_not_enabled"
    assert all(word in error["message"] for word in (MEMBER, REGION, "Enable Security Hub"))
    assert world.calls() == [GET, LIST, HUB]


@pytest.mark.parametrize(
    "fault, reason",
    [
        ({"error": {"code": "InternalException", "message": "Oops"}}, "internal_error"),
        ({"error": {"code": "ThrottlingException", "message": "Oops"}}, "limit_exceeded"),
        ({"drop": True}, "endpoint_unreachable"),
    ],
)
def test_bad_request_where_the_hub_can_not_be_described(world, fault, reason):
    """Nobody says that the hub is off: what went wrong with asking is told instead."""
    world.pending(WANTED)
    world.fault(LIST, times=None, **BAD_REQUEST)
    world.fault(HUB, times=None, **fault)
    error = world.run(aws_config=ONCE)["error"]
    assert error["reason"] == reason
    assert MEMBER in error["message"] and REGION in error["message"]
