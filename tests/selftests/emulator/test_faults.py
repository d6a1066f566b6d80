# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises about what can be made to go wrong."""

from __future__ import annotations

import base64
import concurrent.futures
import contextlib
import http.client
import json
import time

import pytest
from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionClosedError
from botocore.exceptions import HTTPClientError
from botocore.exceptions import ReadTimeoutError
from botocore.parsers import ResponseParserError
from emulator import faults
from emulator.service import Answer

from .conftest import ADMINISTRATOR
from .conftest import BASE_ACCESS_KEY
from .conftest import MEMBER
from .conftest import REGION
from .conftest import accept
from .conftest import error
from .conftest import invitation
from .conftest import status
from .conftest import wait_for

ERRORS = [
    ("InternalException", 500),
    ("InvalidAccessException", 401),
    ("InvalidInputException", 400),
    ("LimitExceededException", 429),
    ("ResourceNotFoundException", 404),
    ("AccessDeniedException", 403),
    ("ResourceConflictException", 409),
    ("BadRequestException", 400),
    ("UnrecognizedClientException", 403),
    ("ServiceUnavailable", 503),
]


class PlainClient(http.client.HTTPConnection):
    """Calls by plain HTTP, which hides nothing of the answer. Unsigned: for faults before the effect."""

    def list_invitations(self):
        """The response, its body yet to be read."""
        credential = f"{BASE_ACCESS_KEY}/20260101/{REGION}/securityhub/aws4_request"
        self.request("GET", "/invitations", headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={credential}"})
        return self.getresponse()


@pytest.fixture
def plain(emulator):
    """A client that hides nothing."""
    with contextlib.closing(PlainClient(emulator.url.partition("//")[2], timeout=30)) as client:
        yield client


@pytest.mark.parametrize("code, http_status", ERRORS)
def test_an_error_has_its_code_status_and_message(emulator, member, code, http_status):
    emulator.add_fault(operation="DescribeHub", error={"code": code, "message": "for a test"})
    assert error(member.describe_hub) == (code, http_status, "for a test")


def test_an_error_can_have_another_status(emulator, member):
    emulator.add_fault(operation="DescribeHub", error={"code": "Strange", "status": 502})
    assert error(member.describe_hub) == ("Strange", 502, "")


def test_a_fault_comes_once_unless_told_otherwise(emulator, member):
    emulator.add_fault(operation="DescribeHub", error={"code": "InternalException"})
    error(member.describe_hub)
    assert member.describe_hub()


def test_a_fault_can_let_calls_pass_first_and_come_often(emulator, member):
    emulator.add_fault(operation="DescribeHub", skip=1, times=2, error={"code": "InternalException"})
    member.describe_hub()
    error(member.describe_hub)
    error(member.describe_hub)
    member.describe_hub()
    assert emulator.faults()[0]["used"] == 2


def test_a_fault_can_come_every_so_many_calls(emulator, member):
    emulator.add_fault(operation="DescribeHub", skip=1, every=3, times=None, error={"code": "InternalException"})
    failed = []
    for _number in range(8):
        try:
            member.describe_hub()
        except ClientError:
            failed.append(_number)
    assert failed == [3, 6]


def test_calls_can_be_made_to_wait_for_one_another(emulator, aws, member):
    emulator.seed(hubs=[ADMINISTRATOR])
    emulator.add_fault(operation="DescribeHub", times=None, together=2)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert all(pool.map(lambda account: aws(account).describe_hub(), [MEMBER, ADMINISTRATOR]))


def test_a_call_does_not_wait_for_ever_for_others(emulator, member, monkeypatch):
    monkeypatch.setattr(faults, "TOGETHER_TIMEOUT", 0.1)
    emulator.add_fault(operation="DescribeHub", together=2)
    assert error(member.describe_hub)[:2] == ("InternalException", 500)


def test_a_fault_can_be_forever(emulator, member):
    emulator.add_fault(operation="DescribeHub", times=None, error={"code": "InternalException"})
    for _number in range(5):
        error(member.describe_hub)
    emulator.clear_faults()
    assert member.describe_hub()


def test_faults_of_one_operation_come_one_after_the_other(emulator, member):
    emulator.add_fault(operation="DescribeHub", error={"code": "InternalException"})
    emulator.add_fault(operation="DescribeHub", error={"code": "LimitExceededException"})
    assert [error(member.describe_hub)[0] for _number in range(2)] == ["InternalException", "LimitExceededException"]


@pytest.mark.parametrize("match", [{"account": ADMINISTRATOR}, {"region": "us-east-1"}, {"operation": "ListMembers"}, {"params": {"HubArn": "x"}}])
def test_a_fault_for_other_calls_does_nothing(emulator, member, match):
    emulator.add_fault(error={"code": "InternalException"}, **match)
    assert member.describe_hub()


def test_a_fault_can_be_for_some_of_several_names(emulator, member):
    emulator.add_fault(operation=["GetMasterAccount", "Describe*"], account=[MEMBER], region="eu-*", error={"code": "InternalException"})
    assert error(member.describe_hub)[0] == "InternalException"


def test_an_error_before_the_effect_prevents_it(emulator, administrator, invited):
    emulator.add_fault(operation="AcceptAdministratorInvitation", error={"code": "InternalException"})
    assert error(accept, invited)[0] == "InternalException"
    assert status(administrator) == "Invited"


def test_an_error_after_the_effect_hides_it(emulator, administrator, invited):
    emulator.add_fault(operation="AcceptAdministratorInvitation", when="after", error={"code": "InternalException"})
    assert error(accept, invited)[:2] == ("InternalException", 500)
    assert status(administrator) == "Enabled"


@pytest.mark.parametrize("when, then", [("before", "Invited"), ("after", "Enabled")])
def test_a_connection_can_drop_before_or_after_the_effect(emulator, administrator, invited, when, then):
    emulator.add_fault(operation="AcceptAdministratorInvitation", when=when, drop=True)
    with pytest.raises(ConnectionClosedError):
        accept(invited)
    assert status(administrator) == then
    assert emulator.calls(operation="AcceptAdministratorInvitation")[0]["dropped"] is True


@pytest.mark.parametrize("when, then", [("before", "Invited"), ("after", "Enabled")])
def test_a_connection_can_be_reset_before_or_after_the_effect(emulator, administrator, invited, when, then):
    emulator.add_fault(operation="AcceptAdministratorInvitation", when=when, reset=True)
    with pytest.raises(ConnectionClosedError) as caught:
        accept(invited)
    assert "ConnectionResetError" in repr(caught.value.kwargs["error"])
    assert status(administrator) == then
    assert emulator.calls(operation="AcceptAdministratorInvitation")[0]["dropped"] is True


def test_a_dropped_connection_is_not_reset(emulator, member):
    emulator.add_fault(operation="DescribeHub", drop=True)
    with pytest.raises(ConnectionClosedError) as caught:
        member.describe_hub()
    assert "RemoteDisconnected" in repr(caught.value.kwargs["error"])


def test_an_answer_can_be_anything(emulator, plain):
    page = {"status": 502, "headers": {"content-type": "text/plain", "Server": "proxy", "X-Cache": "Error"}, "body": "Größe"}
    emulator.add_fault(operation="ListInvitations", raw=page)
    response = plain.list_invitations()
    assert [response.getheader(name) for name in ("Content-Type", "Server", "X-Cache")] == ["text/plain", "proxy", "Error"]
    assert (response.status, response.read().decode()) == (502, "Größe")
    call = emulator.calls()[0]
    assert (call["status"], call["error_code"], call["faults"], call["instead"]) == (502, None, [1], True)


def test_an_answer_can_be_any_bytes(emulator, plain):
    emulator.add_fault(operation="ListInvitations", raw={"base64": base64.b64encode(bytes(range(256))).decode()})
    response = plain.list_invitations()
    assert (response.status, response.getheader("Content-Type"), response.read()) == (200, "text/html", bytes(range(256)))


def test_a_page_of_html_is_what_botocore_makes_of_it(emulator, aws, member):
    emulator.add_fault(operation=["ListInvitations", "GetCallerIdentity"], times=3, raw={"body": "<html><br>Please log in</html>"})
    assert "Invitations" not in member.list_invitations()
    with pytest.raises(ResponseParserError):
        aws.sts.get_caller_identity()
    emulator.clear_faults()
    emulator.add_fault(operation="ListInvitations", raw={"status": 503, "body": "<html>Please wait</html>"})
    assert error(member.list_invitations)[1] == 503


def test_an_answer_whose_length_does_not_fit_ends_the_connection(emulator, plain):
    emulator.add_fault(operation="ListInvitations", raw={"headers": {"content-length": "10"}, "body": "four"})
    with pytest.raises(http.client.IncompleteRead) as caught:
        plain.list_invitations().read()
    assert caught.value.partial == b"four"


def test_a_body_can_be_cut(emulator, plain):
    emulator.add_fault(operation="ListInvitations", cut="body")
    body = plain.list_invitations().read()
    whole = json.dumps({"Members": [], "Invitations": []}).encode()
    assert body == whole[: len(whole) // 2]
    assert [emulator.calls()[0][name] for name in ("status", "dropped", "faults", "instead")] == [200, False, [1], True]


def test_an_answer_can_be_cut_by_the_end_of_the_connection(emulator, plain):
    emulator.add_fault(operation="ListInvitations", cut="connection")
    response = plain.list_invitations()
    whole = json.dumps({"Members": [], "Invitations": []}).encode()
    assert response.getheader("Content-Length") == str(len(whole))
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert caught.value.partial == whole[: len(whole) // 2]


def test_only_what_the_service_has_answered_has_a_request_id(emulator, member):
    """What a fault makes up has none; half of the real answer keeps its own."""
    emulator.add_fault(operation="ListMembers", raw={"body": "{}"})
    emulator.add_fault(operation="ListMembers", cut="body")
    emulator.add_fault(operation="ListMembers", cut="body", when="after")
    emulator.add_fault(operation="ListMembers", response={})
    found = [member.list_members()["ResponseMetadata"]["HTTPHeaders"] for _fault in range(4)]
    assert ["x-amzn-requestid" in headers for headers in found] == [False, False, True, True]


@pytest.mark.parametrize("where", ["body", "connection"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_cut_xml_is_none(emulator, aws, where, when):
    emulator.add_fault(operation="GetCallerIdentity", when=when, cut=where)
    with pytest.raises((HTTPClientError, ResponseParserError)):
        aws.sts.get_caller_identity()


@pytest.mark.parametrize("when, then", [("before", "Invited"), ("after", "Enabled")])
def test_an_answer_can_be_cut_before_or_after_the_effect(emulator, administrator, invited, when, then):
    emulator.add_fault(operation="AcceptAdministratorInvitation", when=when, cut="body")
    accept(invited)
    assert status(administrator) == then


def test_the_real_answer_is_cut(emulator, invited):
    length = invited.list_invitations()["ResponseMetadata"]["HTTPHeaders"]["content-length"]
    emulator.add_fault(operation="ListInvitations", when="after", cut="body")
    answer = invited.list_invitations()
    assert "Invitations" not in answer
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-length"] == str(int(length) // 2)


def test_an_empty_answer_is_cut_as_well():
    assert faults.cut(Answer(200), connection=False).body == b"{"


def test_an_answer_can_drip(emulator, member):
    emulator.add_fault(operation="DescribeHub", drip=0.001)
    begin = time.monotonic()
    answer = member.describe_hub()
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert time.monotonic() - begin >= 0.001 * (int(headers["content-length"]) + sum(len(f"{name}: {value}") for name, value in headers.items()))
    assert answer["AutoEnableControls"] is True
    call = emulator.calls(operation="DescribeHub")[0]
    assert (call["status"], call["faults"], call["instead"]) == (200, [1], False)


def test_what_drips_holds_up_no_others_and_has_happened_before(emulator, administrator, aws, invited):
    emulator.add_fault(operation="AcceptAdministratorInvitation", drip=30)
    invitation_id = invitation(invited)["InvitationId"]
    with pytest.raises(ReadTimeoutError):
        aws.hasty(MEMBER).accept_administrator_invitation(AdministratorId=ADMINISTRATOR, InvitationId=invitation_id)
    wait_for(lambda: status(administrator) == "Enabled")
    emulator.reset()
    assert emulator.calls() == []


def test_a_fault_s_answer_can_drip(emulator, plain):
    emulator.add_fault(operation="ListInvitations", drip=0.001, cut="connection")
    begin = time.monotonic()
    with pytest.raises(http.client.IncompleteRead):
        plain.list_invitations().read()
    assert time.monotonic() - begin >= 0.1


def test_a_client_may_leave_what_drips(emulator, server, plain, capfd):
    emulator.add_fault(operation="ListInvitations", drip=0.001, raw={"body": "x" * 1_000_000})
    before = server.connections
    plain.list_invitations().close()
    plain.close()
    wait_for(lambda: server.connections <= before)
    assert capfd.readouterr().err == ""


def test_a_delay_is_waited_for(emulator, member):
    emulator.add_fault(operation="DescribeHub", delay=0.3)
    begin = time.monotonic()
    member.describe_hub()
    assert time.monotonic() - begin >= 0.3


def test_a_delay_makes_a_client_time_out(emulator, aws, member):
    emulator.add_fault(operation="DescribeHub", delay=1.5)
    with pytest.raises(ReadTimeoutError):
        aws.hasty(MEMBER).describe_hub()


def test_a_delay_and_an_error_can_come_together(emulator, member):
    emulator.add_fault(operation="*", times=None, delay=0.1)
    emulator.add_fault(operation="DescribeHub", error={"code": "InternalException"})
    begin = time.monotonic()
    assert error(member.describe_hub)[0] == "InternalException"
    assert time.monotonic() - begin >= 0.1


def test_a_delay_does_not_hold_up_others(emulator, aws, member):
    emulator.add_fault(operation="DescribeHub", delay=3)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        slow = pool.submit(member.describe_hub)
        while not emulator.calls(operation="DescribeHub"):
            time.sleep(0.02)
        member.list_members()
        assert emulator.calls(operation="DescribeHub")[0]["status"] is None
        assert slow.result()


def test_a_canned_answer_hides_what_is_there(emulator, enabled):
    emulator.add_fault(operation="GetAdministratorAccount", times=2, response={})
    assert "Administrator" not in enabled.get_administrator_account()
    assert "Administrator" not in enabled.get_administrator_account()
    assert enabled.get_administrator_account()["Administrator"]["AccountId"] == ADMINISTRATOR


def test_an_action_can_be_denied_as_iam_does(emulator, invited):
    emulator.add_fault(operation="AcceptAdministratorInvitation", account=MEMBER, deny=True)
    for _number in range(2):
        code, http_status, message = error(accept, invited)
        assert (code, http_status) == ("AccessDeniedException", 403)
        assert message.startswith(
            f"User: arn:aws:sts::{MEMBER}:assumed-role/SecurityHubMember/tests is not authorized to perform: securityhub:AcceptAdministratorInvitation"
        )
    invited.accept_invitation(MasterId=ADMINISTRATOR, InvitationId=invitation(invited)["InvitationId"])


def test_one_role_can_be_denied(emulator, aws):
    emulator.add_fault(operation="AssumeRole", params={"RoleArn": f"arn:aws:iam::{MEMBER}:*"}, deny=True)
    role = f"arn:aws:iam::{MEMBER}:role/SecurityHubMember"
    code, http_status, message = error(aws.sts.assume_role, RoleArn=role, RoleSessionName="tests")
    assert (code, http_status) == ("AccessDenied", 403)
    assert message.startswith(f"User: arn:aws:iam::123456789012:user/emulator is not authorized to perform: sts:AssumeRole on resource: {role}")
    aws.sts.assume_role(RoleArn=f"arn:aws:iam::{ADMINISTRATOR}:role/SecurityHubMember", RoleSessionName="tests")


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"operation": "DescribeHubs", "drop": True},
        {"operation": "DescribeHub", "drop": True, "deny": True},
        {"operation": "DescribeHub", "error": {"message": "no code"}},
        {"operation": "DescribeHub", "drop": True, "when": "later"},
        {"operation": "DescribeHub", "drop": True, "time": 2},
        {"operation": "DescribeHub", "drop": True, "reset": True},
        {"operation": "DescribeHub", "drip": 0},
        {"operation": "DescribeHub", "drip": "0.1"},
        {"operation": "DescribeHub", "delay": -1},
        {"operation": "DescribeHub", "cut": "half"},
        {"operation": "DescribeHub", "cut": "body", "raw": {}},
        {"operation": "DescribeHub", "raw": "text"},
        {"operation": "DescribeHub", "raw": {"text": "x"}},
        {"operation": "DescribeHub", "raw": {"body": "x", "base64": ""}},
        {"operation": "DescribeHub", "raw": {"body": 1}},
        {"operation": "DescribeHub", "raw": {"base64": "?"}},
        {"operation": "DescribeHub", "raw": {"status": "200"}},
        {"operation": "DescribeHub", "raw": {"status": 99}},
        {"operation": "DescribeHub", "raw": {"headers": {"Age": 1}}},
        {"operation": "DescribeHub", "raw": {"headers": {"Age": "1\r\nX: 2"}}},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(emulator, fault):
    with pytest.raises(ValueError):
        emulator.add_fault(**fault)
    assert emulator.faults() == []
