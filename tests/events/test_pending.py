# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook pending and its event source, from an account's invitation to the membership."""

from __future__ import annotations

import signal

import pytest
from emulator_fixtures import REGIONS

from .controller import TEMPLATE as TEMPLATE_NAME

ADMINISTRATOR, STRANGER = "111111111111", "999999999999"
ONE, TWO, REFUSED, NOT_LISTED = "012345678901", "200000000002", "200000000003", "200000000009"
REGION, OTHER_REGION = REGIONS
VARIABLES = {
    "securityhub_allowed_accounts": [ONE, TWO, REFUSED],
    "securityhub_allowed_administrators": [ADMINISTRATOR],
    "securityhub_regions": REGIONS,
    "securityhub_member_role": "arn:aws:iam::{{ securityhub_account_id }}:role/SecurityHubMember",
    "securityhub_interval": 1,
}
LISTS = ["securityhub_allowed_accounts", "securityhub_allowed_administrators"]


def invite(aws, account, administrator=ADMINISTRATOR, region=REGION):
    """An account with a hub and an invitation, in the emulator."""
    aws.seed(hubs=[account], invitations=[{"account_id": account, "administrators": [administrator], "regions": [region]}])


def acceptances(aws):
    """Who has accepted where, in order."""
    return [(call["account"], call["region"]) for call in aws.calls(operation="AcceptAdministratorInvitation")]


def test_allowed_senders_are_accepted_and_others_told(aws, run):
    invite(aws, ONE)
    invite(aws, TWO, STRANGER)
    invite(aws, NOT_LISTED)
    aws.add_fault(operation="AssumeRole", params={"RoleArn": f"arn:aws:iam::{REFUSED}:*"}, deny=True, times=None)
    # What looks like a number is a text all the same
    rulebook = run("pending", {**VARIABLES, "securityhub_member_role": "2e5", "securityhub_external_id": "1e5"})
    stranger = f"Not on the lists: {STRANGER} has invited {TWO} in {REGION}."
    rulebook.wait_until(lambda: acceptances(aws) and stranger in rulebook.output)
    # A new one is found at one of the next times
    invite(aws, TWO, region=OTHER_REGION)
    rulebook.wait_until(lambda: len(acceptances(aws)) == 2)
    asked = aws.count(account=TWO)["ListInvitations"]
    rulebook.wait_until(lambda: aws.count(account=TWO)["ListInvitations"] >= asked + 6)
    assert acceptances(aws) == [(ONE, REGION), (TWO, OTHER_REGION)]
    assert rulebook.output.count(stranger) == 1
    assert rulebook.output.count(f"{REFUSED} in {REGION}: assume_role_failed.") == 1
    assert not aws.calls(account=NOT_LISTED)
    assert {(session["role_arn"].rpartition("/")[2], session["external_id"]) for session in aws.sessions()[-5:]} == {("2e5", "1e5")}


def test_it_ends_when_it_is_told_to(aws, run):
    invite(aws, ONE, STRANGER)
    rulebook = run("pending", {**VARIABLES, "securityhub_interval": 3600})
    rulebook.wait_until(lambda: "Not on the lists" in rulebook.output)
    rulebook.process.send_signal(signal.SIGINT)
    assert rulebook.ends() in (0, 130)
    assert "Traceback" not in rulebook.output


@pytest.mark.parametrize(
    "rulebook, variable",
    [
        *[("pending", name) for name in (*LISTS, "securityhub_regions", "securityhub_member_role")],
        *[("pending_controller", name) for name in ("securityhub_allowed_administrators", "securityhub_member_role", "securityhub_job_template")],
    ],
)
def test_without_what_is_required_it_ends(run, controller, rulebook, variable):
    given = {name: value for name, value in {**VARIABLES, "securityhub_job_template": TEMPLATE_NAME}.items() if name != variable}
    ended = run(rulebook, given, *controller.arguments(rulebook))
    assert ended.ends() != 0
    assert variable in ended.output


@pytest.mark.parametrize(
    "rulebook, variable, value",
    [("pending", LISTS[0], ["12345"]), ("pending", LISTS[1], ADMINISTRATOR), ("pending_controller", LISTS[1], {})],
)
def test_a_list_of_another_form_ends_it(run, controller, rulebook, variable, value):
    given = {**VARIABLES, "securityhub_job_template": TEMPLATE_NAME, variable: value}
    ended = run(rulebook, given, *controller.arguments(rulebook))
    assert ended.ends() != 0
    assert f"{variable} is no list of account IDs in quotes" in ended.output


def test_on_eda_controller_a_job_template_is_launched(aws, run, controller):
    invite(aws, ONE)
    invite(aws, TWO, STRANGER)
    variables = {**VARIABLES, "securityhub_job_template": TEMPLATE_NAME}
    rulebook = run("pending_controller", variables, *controller.arguments("pending_controller"))
    rulebook.wait_until(lambda: controller.launches and "Not on the lists" in rulebook.output)
    assert [controller.variables(launch) for launch in controller.launches] == [
        {"securityhub_administrator_id": ADMINISTRATOR, "securityhub_members": [{"account_id": ONE}], "securityhub_regions": [REGION]}
    ]
    assert acceptances(aws) == []
