# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks tell, from results as their tasks have them."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _report

ADMINISTRATOR = "111111111111"
ONE, TWO = "200000000001", "200000000002"
RUN = {
    "administrator_id": ADMINISTRATOR,
    "members": [{"account_id": ONE}, {"account_id": TWO}],
    "regions": ["eu-west-1", "us-east-1", "eu-west-1"],
    "check_mode": False,
    "enable_hubs": False,
}
CHECK = {**RUN, "check_mode": True}


def error(reason, message="It failed.", **more):
    """An error as it stands in a result."""
    return {"reason": reason, "message": message, "code": None, "aws_message": None, "operation": None, "http_status": None, "request_id": None, **more}


def members(region, statuses, region_error=None, errors=None):
    """A region's outcome of a task about members: status by account ID, and errors by account ID."""
    found = [{"account_id": account_id, "member_status": status} for account_id, status in statuses.items()]
    for member in found:
        if member["account_id"] in (errors or {}):
            member["error"] = errors[member["account_id"]]
    return {"region": region, "changed": False, "members": found, **({"error": region_error} if region_error else {})}


def accepted(region, changed=True, failure=None):
    """A region's outcome of accepting."""
    return {"region": region, "changed": changed, **({"error": failure} if failure else {})}


ALL_ENABLED = {"regions": [members(region, {ONE: "Enabled", TWO: "Associated"}) for region in ("eu-west-1", "us-east-1")]}


def report(seen=None, run=None, administrator=(), accounts=None, pending=None):
    """The report of onboarding, where all is well unless something else is said."""
    return _report.onboarding_report(seen or ALL_ENABLED, run or RUN, list(administrator), accounts or {}, pending or {})


@pytest.mark.parametrize(
    "variables, says",
    [
        ({}, None),
        ({"administrator_id": "1234"}, "Set securityhub_administrator_id"),
        ({"administrator_id": "11111111111１"}, "Set securityhub_administrator_id"),
        ({"regions": "us-east-1"}, "Set securityhub_regions"),
        ({"regions": []}, "Set securityhub_regions"),
        ({"members": []}, "Set securityhub_members"),
        ({"members": [{"account_id": "20000000000"}, {"account_id": 7}]}, "digits in quotes. Not so: 20000000000, 7."),
        ({"members": [{"account_id": ONE}, {"account_id": TWO}, {"account_id": ONE}]}, f"Take out {ONE}."),
        ({"members": [{"account_id": ADMINISTRATOR}]}, f"Take out {ADMINISTRATOR}."),
    ],
)
def test_mistakes_in_variables(variables, says):
    mistakes = _report.variable_mistakes({**RUN, **variables})
    assert len(mistakes) == (says is not None)
    assert says is None or says in mistakes[0]


def test_all_is_well():
    told = report(accounts={ONE: [{"skipped": True}, {"regions": [accepted("eu-west-1"), accepted("us-east-1", changed=False)]}]})
    assert told == {"errors": [], "late": [], "lines": ["2 accounts x 2 regions: 4 of 4 memberships are in force.", f"{ONE}: accepted in eu-west-1."]}


def test_account_ids_may_be_numbers():
    run = {**RUN, "members": [{"account_id": int(ONE)}, {"account_id": int(TWO)}]}
    assert not report(run=run)["late"] and not _report.variable_mistakes(run)


def test_only_memberships_in_force_are_counted():
    seen = {"regions": [members("eu-west-1", {ONE: "Enabled", TWO: "Invited"}), members("us-east-1", {ONE: "Resigned"})]}
    told = report(seen)
    assert told["lines"][0].endswith("1 of 4 memberships are in force.")
    assert told["late"] == [
        f"{TWO}: still Invited in eu-west-1, though nothing failed.",
        f"{ONE}: still Resigned in us-east-1, though nothing failed.",
        f"{TWO}: still no member in us-east-1, though nothing failed.",
    ]
    assert told["lines"][1:] == told["late"] and not told["errors"]


def test_who_failed_is_not_late_too():
    failure = error("access_denied", "Not allowed.")
    seen = {"regions": [members("eu-west-1", {}), members("us-east-1", {}, region_error=error("limit_exceeded", "Too many."))]}
    accounts = {ONE: [{}, {"regions": [accepted("eu-west-1", failure=failure)]}], TWO: [{"msg": "No role.", "error": {"reason": "assume_role_failed"}}, {}]}
    told = report(seen, accounts=accounts)
    assert told["late"] == []
    assert told["lines"][1:] == [
        f"{ONE}: access_denied in eu-west-1. Not allowed.",
        f"{TWO}: assume_role_failed in all regions. No role.",
        f"administrator {ADMINISTRATOR}: limit_exceeded in us-east-1. Too many.",
    ]


def test_what_failed_alike_stands_in_one_line():
    failures = [accepted(region, changed=region == "us-east-1", failure=error("hub_not_enabled", f"Off in {region}.")) for region in ("eu-west-1", "us-east-1")]
    told = report({"msg": "Unreachable"}, accounts={ONE: [{"regions": failures}, {"regions": failures}]})
    # One that has changed something and failed then has not accepted
    assert told["lines"][1:] == [
        f"{ONE}: hub_not_enabled in eu-west-1, us-east-1. Off in eu-west-1.",
        f"administrator {ADMINISTRATOR}: failed in all regions. Unreachable",
    ]


@pytest.mark.parametrize(
    "of_region, lines",
    [
        # As securityhub_member has it: the first member's, with other words
        (error("aws_error", "1 of 2 members failed; the first of them: Left out.", operation="InviteMembers"), [f"{ONE}: aws_error in eu-west-1. Left out."]),
        (
            error("limit_exceeded", "Too many.", operation="CreateMembers"),
            [f"{ONE}: aws_error in eu-west-1. Left out.", f"administrator {ADMINISTRATOR}: limit_exceeded in eu-west-1. Too many."],
        ),
        (
            error("aws_error", "1 of 2 members failed", operation="CreateMembers"),
            [f"{ONE}: aws_error in eu-west-1. Left out.", f"administrator {ADMINISTRATOR}: aws_error in eu-west-1. 1 of 2 members failed"],
        ),
    ],
    ids=["the member's own", "another", "another that is worded so"],
)
def test_the_error_of_a_region_that_a_member_has_had(of_region, lines):
    left_out = error("aws_error", "Left out.", operation="InviteMembers")
    invited = {"regions": [members("eu-west-1", {ONE: None, TWO: "Invited"}, region_error=of_region, errors={ONE: left_out})]}
    assert report(administrator=[invited])["lines"][1:] == lines


def test_check_mode_foresees_what_the_run_would_bring():
    missing = [accepted("eu-west-1", failure=error("invitation_not_found")), accepted("us-east-1", failure=error("hub_not_enabled"))]
    run = {"accounts": {ONE: [{}, {"regions": missing}], TWO: [{}, {"msg": "Expired", "error": {"reason": "credentials"}}]}}
    pending = {ONE: ["eu-west-1", "us-east-1"], TWO: ["eu-west-1"]}
    seen = {"regions": [members("eu-west-1", {}), members("us-east-1", {})]}
    told = report(seen, CHECK, pending=pending, **run)
    assert [found["reason"] for found in told["errors"]] == ["hub_not_enabled", "credentials"] and not told["late"]
    assert told["lines"][1] == f"{ONE}: would be accepted in eu-west-1."
    told = report(seen, {**CHECK, "enable_hubs": True}, pending=pending, **run)
    assert [found["reason"] for found in told["errors"]] == ["credentials"]
    assert told["lines"][1] == f"{ONE}: would be accepted in eu-west-1, us-east-1."
    # A run foresees nothing
    assert len(report(seen, {**RUN, "enable_hubs": True}, **run)["errors"]) == 3


def test_who_has_an_invitation_to_accept():
    invited = {
        "regions": [
            members("eu-west-1", {TWO: "Invited", ONE: "Invited"}, errors={ONE: error("aws_error")}),
            members("us-east-1", {ONE: "Invited", TWO: "Enabled"}),
            members("eu-north-1", {}, region_error=error("hub_not_enabled")),
        ]
    }
    assert _report.onboarding_pending(invited, RUN) == [{"account_id": ONE, "regions": ["us-east-1"]}, {"account_id": TWO, "regions": ["eu-west-1"]}]
    assert _report.onboarding_pending(invited, {**CHECK, "enable_hubs": True}) == [
        {"account_id": ONE, "regions": ["us-east-1", "eu-north-1"]},
        {"account_id": TWO, "regions": ["eu-west-1", "eu-north-1"]},
    ]
    assert _report.onboarding_pending(invited, CHECK) == _report.onboarding_pending(invited, RUN)
    assert _report.onboarding_pending({"msg": "No credentials", "failed": True}, RUN) == []


@pytest.mark.parametrize("check_mode, ended, left", [(False, "have ended", "left"), (True, "would end", "would leave")], ids=["run", "check"])
def test_offboarding(check_mode, ended, left):
    removed = {"regions": [members("eu-west-1", {ONE: None, TWO: "Deleted"}), members("us-east-1", {ONE: "Removed", TWO: None})]}
    denied = {"msg": "Not allowed.", "error": {"reason": "assume_role_failed"}}
    told = _report.offboarding_report(removed, {**RUN, "check_mode": check_mode}, {ONE: [{"regions": [accepted("eu-west-1")]}], TWO: [denied]})
    assert told["lines"] == [
        f"2 accounts x 2 regions: 3 of 4 memberships {ended}.",
        f"{ONE}: {left} in eu-west-1.",
        f"{TWO}: assume_role_failed in all regions. Not allowed.",
    ]


def test_no_text_forges_a_line():
    seen = {"regions": [members("eu-west-1", {ONE: "Enabled\n2: accepted\x1b[2J"}), members("us-east-1", {})]}
    told = report(seen, accounts={TWO: [{}, {"msg": "Bad\r\n\U0001f600\ud83d"}]})
    assert all(line.isprintable() for line in told["lines"])
    assert f"{TWO}: failed in all regions. Bad\\r\\n\U0001f600\\ud83d" in told["lines"]
    assert f"{ONE}: still Enabled\\n2: accepted\\x1b[2J in eu-west-1, though nothing failed." in told["lines"]
