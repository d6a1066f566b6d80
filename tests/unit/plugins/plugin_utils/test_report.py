# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbooks tell, from results as their tasks have them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import Response
from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import SecurityHubError
from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import make_error
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import NOWHERE
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Message
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Place
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _report

ADMINISTRATOR = "111111111111"
ONE, TWO = "200000000001", "200000000002"
RUN: dict[str, Any] = {
    "administrator_id": ADMINISTRATOR,
    "members": [{"account_id": ONE}, {"account_id": TWO}],
    "regions": ["eu-west-1", "us-east-1"],
    "check_mode": False,
    "enable_hubs": False,
    "reinvite": True,
}
CHECK = {**RUN, "check_mode": True}


def error(reason, message="It failed.", place=NOWHERE, code=None, aws_message=None, operation=None):
    """An error as it stands in a result of the playbooks' own tasks. Where the message names the place, it refers to it."""
    found = SecurityHubError(reason, Message.of("{message}", place, message=message), Message(), place, Response(operation, code, aws_message))
    return found.as_dict(with_values=True)


def as_in(region, found, place):
    """The same error in another place, as it points to the one in a region."""
    return {**found, "message": f"As in region {region}.", "parts": None, "as_in": region, "place": list(place)}


def members(region, statuses, region_error=None, errors=None):
    """A region's outcome of a task about members: status by account ID, and errors by account ID."""
    found = [{"account_id": account_id, "member_status": status, "previous_status": status, "changed": False} for account_id, status in statuses.items()]
    for member in found:
        if member["account_id"] in (errors or {}):
            member["error"] = errors[member["account_id"]]
    return {"region": region, "changed": False, "members": found, **({"error": region_error} if region_error else {})}


def accepted(region, changed=True, failure=None, **more):
    """A region's outcome of accepting."""
    return {"region": region, "changed": changed, "administrator": None, "previous_administrator": None, **more, **({"error": failure} if failure else {})}


ALL_ENABLED = {"regions": [members(region, {ONE: "Enabled", TWO: "Associated"}) for region in ("eu-west-1", "us-east-1")]}


def report(seen=None, run=None, administrator=(), accounts=None, later=None, pending=None, standards=None):
    """The report of onboarding, where all is well unless something else is said.

    accounts: of what comes before accepting and, as the last one, of accepting, by account ID.
    """
    prepared = {account_id: results[:-1] for account_id, results in (accounts or {}).items()}
    accepting = {account_id: results[-1] for account_id, results in (accounts or {}).items()}
    return _report.onboarding_report(seen or ALL_ENABLED, run or RUN, list(administrator), prepared, accepting, later or {}, pending or {}, standards or {})


def test_all_is_well():
    told = report(accounts={ONE: [{"skipped": True}, {"regions": [accepted("eu-west-1"), accepted("us-east-1", changed=False)]}]})
    assert told == {"errors": [], "late": [], "lines": ["2 accounts x 2 regions: 4 of 4 memberships are in force.", f"{ONE}: accepted in eu-west-1."]}


def test_account_ids_may_be_numbers():
    assert not report(run={**RUN, "members": [{"account_id": int(ONE)}, {"account_id": int(TWO)}]})["late"]


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
        f"{TWO}: assume_role_failed in eu-west-1, us-east-1. No role.",
        f"administrator {ADMINISTRATOR}: limit_exceeded in us-east-1. Too many.",
    ]


def test_an_error_that_points_to_a_region_is_whole_where_that_one_has_accepted_later():
    """What a later task found there does not take the words of the earlier one from the others."""
    first = error("invitation_not_found", "None in eu-west-1.", Place(ONE, "eu-west-1"))
    other = as_in("eu-west-1", first, Place(ONE, "us-east-1"))
    found = {"regions": [accepted("eu-west-1", failure=first), accepted("us-east-1", failure=other)]}
    told = report(accounts={ONE: [{}, found]}, later={ONE: {"regions": [accepted("eu-west-1")]}})
    assert f"{ONE}: invitation_not_found in us-east-1. None in us-east-1." in told["lines"]


def test_a_task_that_failed_before_it_asked_any_region_failed_where_it_was_to_act():
    wrong = {"msg": "Another account.", "error": error("wrong_account", "Another account.")}
    seen = {"regions": [members("eu-west-1", {TWO: "Enabled"}), members("us-east-1", {TWO: "Enabled"})]}
    told = report(seen, accounts={ONE: [{}, wrong]}, pending={ONE: ["us-east-1"]})
    assert told["lines"][1:] == [f"{ONE}: wrong_account in us-east-1. Another account.", f"{ONE}: still no member in eu-west-1, though nothing failed."]


def test_what_failed_alike_in_an_account_stands_in_one_line():
    first = error("hub_not_enabled", "Off in eu-west-1.", Place(ONE, "eu-west-1"), code="InvalidAccessException")
    other = as_in("eu-west-1", first, Place(ONE, "us-east-1"))
    off = [accepted("eu-west-1", failure=first), accepted("us-east-1", changed=True, failure=other)]
    told = report({"msg": "Unreachable"}, accounts={ONE: [{"regions": off}, {"regions": off}]})
    # One that has changed something and failed then has not accepted
    assert told["lines"][1:] == [
        f"{ONE}: hub_not_enabled in eu-west-1, us-east-1. Off in eu-west-1.",
        f"administrator {ADMINISTRATOR}: failed in eu-west-1, us-east-1. Unreachable",
    ]


@pytest.mark.parametrize("other", [{"reason": "aws_error"}, {"code": "Other"}, {"operation": "ListInvitations"}], ids=lambda other: next(iter(other)))
def test_what_failed_differently_in_an_account_stands_in_lines_of_its_own(other):
    first: dict[str, Any] = {"reason": "access_denied", "message": "Not the one.", "code": "AccessDeniedException", "operation": "GetAdministratorAccount"}
    found = [accepted("eu-west-1", failure=error(**first)), accepted("us-east-1", failure=error(**{**first, "message": "Not the other.", **other}))]
    lines = report(accounts={ONE: [{}, {"regions": found}]})["lines"]
    assert sorted(line.partition(" in ")[2] for line in lines[1:]) == ["eu-west-1. Not the one.", "us-east-1. Not the other."]


def test_accounts_that_failed_alike_share_a_line():
    def off(account_id, *regions):
        places = [Place(account_id, region) for region in regions]
        return [{}, {"regions": [accepted(place.region, failure=error("hub_not_enabled", f"Off in {account_id}, {place.region}.", place)) for place in places]}]

    three = "200000000003"
    accounts = {ONE: off(ONE, "eu-west-1", "us-east-1"), TWO: off(TWO, "us-east-1"), three: off(three, "eu-west-1", "us-east-1")}
    assert report(accounts=accounts)["lines"][1:] == [
        f"{ONE}, {three}: hub_not_enabled in eu-west-1, us-east-1. Off in {ONE}, eu-west-1.",
        f"{TWO}: hub_not_enabled in us-east-1. Off in {TWO}, us-east-1.",
    ]


def test_a_summary_of_many_accounts_that_failed_alike_is_short_and_names_all():
    regions = [f"xx-region-{number}" for number in range(17)]
    account_ids = [str(200000000001 + number) for number in range(50)]
    run = {**RUN, "members": [{"account_id": account_id} for account_id in account_ids], "regions": regions}
    text = "GetAdministratorAccount failed in account {}, region xx-region-0: InvalidAccessException: Account {} is not subscribed to AWS Security Hub."
    first, *further = regions
    accounts = {
        account_id: [
            {},
            {
                "regions": [accepted(first, failure=error("hub_not_enabled", text.format(account_id, account_id), Place(account_id, first)))]
                + [accepted(region, failure=as_in(first, error("hub_not_enabled"), Place(account_id, region))) for region in further]
            },
        ]
        for account_id in account_ids
    }
    nobody = {"regions": [members(region, {}) for region in regions]}
    told = report(nobody, run, accounts=accounts)
    assert told["lines"] == [
        "50 accounts x 17 regions: 0 of 850 memberships are in force.",
        f"50 accounts: hub_not_enabled in all 17 regions. {text.format(account_ids[0], account_ids[0])} The accounts: {', '.join(account_ids)}.",
    ]
    assert len("\n".join(told["lines"])) < 3000
    # One region less is not all, and who is late or has accepted is told in the same way
    assert "in xx-region-0, xx-region-1, " in report(nobody, {**run, "regions": [*regions, "another"]}, accounts=accounts)["lines"][1]
    names = f". The accounts: {', '.join(account_ids)}."
    assert report(nobody, run)["late"] == [f"50 accounts: still no member in all 17 regions, though nothing failed{names}"]
    accounts = {account_id: [{}, {"regions": [accepted(region) for region in regions]}] for account_id in account_ids}
    assert report(nobody, run, accounts=accounts)["lines"][1] == f"50 accounts: accepted in all 17 regions{names}"


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
    left_out = error("aws_error", "Left out.", aws_message="Out.", operation="InviteMembers")
    invited = {"regions": [members("eu-west-1", {ONE: None, TWO: "Invited"}, region_error=of_region, errors={ONE: left_out})]}
    assert report(administrator=[invited])["lines"][1:] == lines


NOT_FOUND = error("invitation_not_found", "There is none.")
LEFT = {"account_id": "333333333333"}


def test_who_found_no_invitation_gets_another_chance():
    """An invitation that was sent in this run may be on its way; one sent before, or before leaving, was dropped, unless somebody else is in place."""
    three, four, five = "200000000003", "200000000004", "200000000005"
    sent = members("eu-west-1", {ONE: "Invited", TWO: "Invited", three: "Invited", four: "Invited", five: "Invited"})
    for member in sent["members"]:
        member["changed"] = member["account_id"] in (ONE, TWO)
    found: dict[str, dict[str, Any]] = {
        ONE: {"regions": [accepted("eu-west-1", failure=NOT_FOUND), accepted("us-east-1")]},
        TWO: {"regions": [accepted("eu-west-1", failure=NOT_FOUND, previous_administrator=LEFT)]},
        three: {"regions": [accepted("eu-west-1", failure=NOT_FOUND)]},
        four: {"regions": [accepted("eu-west-1", failure=NOT_FOUND, administrator=LEFT)]},
        five: {"msg": "No role."},
    }
    told = _report.onboarding_late(found, {"regions": [sent]})
    assert told["late"] == {account_id: ["eu-west-1"] for account_id in (ONE, TWO, three, four)}
    assert told["again"] == [{"regions": ["eu-west-1"], "members": [{"account_id": TWO}, {"account_id": three}]}]
    assert _report.onboarding_late(found, {})["again"] == [{"regions": ["eu-west-1"], "members": [{"account_id": name} for name in (ONE, TWO, three)]}]


def test_what_was_accepted_later_is_no_error():
    """Nor is the invitation missing that was found in the end; whom the account has left is told."""
    first = {"regions": [accepted("eu-west-1", failure=NOT_FOUND, previous_administrator=LEFT), accepted("us-east-1")]}
    told = report(accounts={ONE: [{}, first]}, later={ONE: {"regions": [accepted("eu-west-1")]}})
    assert told["errors"] == []
    assert told["lines"][1:] == [f"{ONE}: accepted in eu-west-1, after leaving {LEFT['account_id']}.", f"{ONE}: accepted in us-east-1."]


@pytest.mark.parametrize("later", [{"regions": [accepted("eu-west-1", changed=False, failure=error("timeout", "None came."))]}, {"msg": "No role."}], ids=str)
def test_who_is_left_without_any_administrator_is_named(later):
    first = {"regions": [accepted("eu-west-1", failure=NOT_FOUND, previous_administrator=LEFT)]}
    seen = {"regions": [members("eu-west-1", {ONE: "Invited", TWO: "Enabled"}), members("us-east-1", {ONE: "Enabled", TWO: "Enabled"})]}
    told = report(seen, accounts={ONE: [{}, first]}, later={ONE: later}, pending={ONE: ["eu-west-1"]})
    assert told["lines"][-1] == f"{ONE}: without any administrator in eu-west-1 now. Rerun the playbook: it is invited again."
    # A run that only looks has left nobody so
    foreseen = report(seen, CHECK, accounts={ONE: [{}, first]}, later={ONE: later}, pending={ONE: ["eu-west-1"]})
    assert "without any administrator" not in " ".join(foreseen["lines"])
    assert told["errors"] and not told["late"]


def test_accounts_of_the_organization_are_told_as_such():
    invited = members("eu-west-1", {ONE: "Enabled", TWO: "Enabled"})
    invited["members"][0]["previous_status"] = None
    assert report(administrator=[{"regions": [invited]}])["lines"][1:] == [
        f"{ONE}: a member at once in eu-west-1, as an account of the administrator's organization."
    ]


@pytest.mark.parametrize("reinvite, late", [(True, 1), (False, 0)])
def test_who_is_left_alone_is_told_and_no_failure(reinvite, late):
    seen = {"regions": [members(region, {ONE: "Resigned", TWO: "AccountSuspended"}) for region in RUN["regions"]]}
    told = report(seen, {**RUN, "reinvite": reinvite})
    assert len(told["late"]) == late and not told["errors"]
    assert f"{TWO}: AccountSuspended in eu-west-1, us-east-1, and left as it is." in told["lines"]
    assert (f"{ONE}: Resigned in eu-west-1, us-east-1, and left as it is." in told["lines"]) is not reinvite


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
    # Who has another administrator would leave it, whom AWS shows until then
    moving = [accepted(region, failure=error("invitation_not_found"), administrator={"account_id": TWO}) for region in RUN["regions"]]
    told = report(seen, CHECK, pending=pending, accounts={ONE: [{}, {"regions": moving}]})
    assert told["lines"][1] == f"{ONE}: would be accepted in eu-west-1, us-east-1, after leaving {TWO}."
    # A run foresees nothing
    assert len(report(seen, {**RUN, "enable_hubs": True}, pending=pending, **run)["errors"]) == 3


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


@pytest.mark.parametrize(
    "check_mode, ended, left, deleted",
    [(False, "have ended", "left", "deleted the invitation"), (True, "would end", "would leave", "would delete the invitation")],
    ids=["run", "check"],
)
def test_offboarding(check_mode, ended, left, deleted):
    removed = {"regions": [members("eu-west-1", {ONE: None, TWO: "Deleted"}), members("us-east-1", {ONE: "Removed", TWO: None})]}
    for outcome in removed["regions"]:
        for member in outcome["members"]:
            member["previous_status"] = "Enabled"
    denied = {"msg": "Not allowed.", "error": error("assume_role_failed", "Not allowed.")}
    gone = {"account_id": ADMINISTRATOR}
    leaving = [accepted("eu-west-1", previous_administrator=gone), accepted("us-east-1"), accepted("eu-north-1", changed=False)]
    told = _report.offboarding_report(removed, {**RUN, "check_mode": check_mode}, {ONE: [{"regions": leaving}], TWO: [denied]})
    assert told["lines"] == [
        f"2 accounts x 2 regions: 3 of 4 memberships {ended}.",
        f"{ONE}: {left} in eu-west-1.",
        f"{ONE}: {deleted} in us-east-1.",
        f"{TWO}: assume_role_failed in eu-west-1, us-east-1. Not allowed.",
    ]


def test_offboarding_who_was_no_member():
    """A mistyped account ID shows; and where a hub is off there is nothing to leave."""
    removed = {"regions": [members("eu-west-1", {ONE: None, TWO: "Deleted"}), members("us-east-1", {ONE: None, TWO: None})]}
    off = accepted("us-east-1", changed=False, failure=error("hub_not_enabled"))
    told = _report.offboarding_report(removed, RUN, {ONE: [{"regions": [accepted("eu-west-1"), off]}], TWO: [{"regions": [off]}]})
    assert told["lines"] == [
        "2 accounts x 2 regions: 4 of 4 memberships have ended.",
        f"{ONE}: deleted the invitation in eu-west-1.",
        f"{TWO}: no membership to end in eu-west-1, us-east-1.",
        f"{ONE}: no membership to end in us-east-1.",
    ]
    assert not told["errors"]
    off_too = {"regions": [{"region": "eu-west-1", "members": [], "error": error("hub_not_enabled")}]}
    assert [failure["reason"] for failure in _report.offboarding_report(off_too, RUN, {})["errors"]] == ["hub_not_enabled"]


def test_a_membership_whose_entry_aws_keeps_has_ended():
    """An entry whose deletion failed for another reason may be deleted by the next run."""
    errors = {ONE: error("organization_managed"), TWO: error("access_denied")}
    removed = {
        "regions": [members("eu-west-1", {ONE: "Removed", TWO: "Removed"}, errors=errors), members("us-east-1", {ONE: "Enabled", TWO: None}, errors=errors)]
    }
    told = _report.offboarding_report(removed, RUN, {})
    assert told["lines"][0] == "2 accounts x 2 regions: 2 of 4 memberships have ended."


def test_an_invitation_that_could_only_be_declined():
    leaving = [accepted("eu-west-1", invitation_remains=True), accepted("us-east-1", changed=False, invitation_remains=True)]
    told = _report.offboarding_report({"regions": []}, {**RUN, "members": [{"account_id": ONE}]}, {ONE: [{"regions": leaving}]})
    assert told["lines"] == ["1 account x 2 regions: 0 of 2 memberships have ended.", f"{ONE}: declined the invitation in eu-west-1."]


def test_an_option_in_a_message_is_called_by_its_variable():
    place, template = Place(ONE, "eu-west-1"), "Another one; set {option.replace_administrator}=true to leave it."
    failure = make_error("different_administrator", place, template).as_dict(with_values=True)
    told = report(accounts={ONE: [{}, {"regions": [accepted("eu-west-1", changed=False, failure=failure)]}]})
    assert f"{ONE}: different_administrator in eu-west-1. Another one; set securityhub_replace_administrator=true to leave it." in told["lines"]


def test_no_text_forges_a_line():
    seen = {"regions": [members("eu-west-1", {ONE: "Enabled\n2: accepted\x1b[2J"}), members("us-east-1", {})]}
    told = report(seen, accounts={TWO: [{}, {"msg": "Bad\r\n\U0001f600\ud83d"}]})
    assert all(line.isprintable() for line in told["lines"])
    assert f"{TWO}: failed in eu-west-1, us-east-1. Bad\\r\\n\U0001f600\\ud83d" in told["lines"]
    assert f"{ONE}: still Enabled\\n2: accepted\\x1b[2J in eu-west-1, though nothing failed." in told["lines"]


def hub(region, *standards, failure=None):
    """A region's outcome of a task about standards, each a name, a status and a reason."""
    found = [{"name": name, "status": status, "status_reason": reason} for name, status, reason in standards]
    return {"region": region, "changed": False, "hub": {"standards": found}, **({"error": failure} if failure else {})}


def test_who_could_not_get_its_standards_has_not_accepted_and_is_told_once():
    refused = {"regions": [hub("eu-west-1"), hub("us-east-1", failure=error("access_denied", "Not allowed."))]}
    seen = {"regions": [members("eu-west-1", {ONE: "Enabled", TWO: "Enabled"}), members("us-east-1", {ONE: "Invited", TWO: "Enabled"})]}
    told = report(seen, accounts={ONE: [{}, refused, {}, {"regions": [accepted("eu-west-1")]}]})
    assert told["lines"][1:] == [
        f"{ONE}: accepted in eu-west-1.",
        f"{ONE}: not accepted in us-east-1, since its standards could not be set.",
        f"{ONE}: access_denied in us-east-1. Not allowed.",
    ]
    assert told["errors"] and not told["late"]


def test_where_findings_can_not_come_is_told():
    no_recorder = ("a/v/1", "INCOMPLETE", "NO_AVAILABLE_CONFIGURATION_RECORDER")
    seen = {
        ONE: {"regions": [hub("eu-west-1", no_recorder, ("b/v/2", "READY", None)), hub("us-east-1", no_recorder)]},
        TWO: {"regions": [hub("eu-west-1"), hub("us-east-1", ("b/v/2", "FAILED", "INTERNAL_ERROR"), ("c/v/1", "PENDING", None))]},
        ADMINISTRATOR: {"regions": [hub("eu-west-1", no_recorder), {**hub("us-east-1"), "hub": None}]},
    }
    told = report(standards=seen)
    assert told["lines"][1:] == [
        f"{ONE}: not all findings can come in eu-west-1, us-east-1: a/v/1 INCOMPLETE (NO_AVAILABLE_CONFIGURATION_RECORDER). "
        "AWS Config does not record there: set it up, or next to nothing is found.",
        f"{TWO}: no findings of its own can come in eu-west-1: no standard is enabled.",
        f"{TWO}: not all findings can come in us-east-1: b/v/2 FAILED (INTERNAL_ERROR).",
        f"{TWO}: findings come later in us-east-1: c/v/1 PENDING. Look again with securityhub_hub_info (gather: [standards]).",
        f"administrator {ADMINISTRATOR}: not all findings can come in eu-west-1: a/v/1 INCOMPLETE (NO_AVAILABLE_CONFIGURATION_RECORDER). "
        "AWS Config does not record there: set it up, or next to nothing is found.",
    ]
    assert not told["errors"] and not told["late"]


@pytest.mark.parametrize(
    "mode, regions, stays",
    [
        ("all_regions", [], False),
        ("all_regions_except_specified", ["eu-west-1"], True),
        ("all_regions_except_specified", ["eu-north-1"], False),
        ("specified_regions", ["eu-west-1"], False),
        ("specified_regions", ["eu-north-1"], True),
        ("no_regions", [], True),
    ],
)
def test_regions_that_are_not_linked_are_told(mode, regions, stays):
    aggregation = {"aggregator": {"home_region": "us-east-1", "linking_mode": mode, "linked_regions": regions}, "regions": []}
    line = f"administrator {ADMINISTRATOR}: findings stay in eu-west-1: they are not linked to the home region us-east-1 ({mode})."
    assert report(administrator=[aggregation])["lines"][1:] == [line] * stays


def test_another_home_region_is_an_error_and_nothing_else():
    failure = error("different_home_region", "It is eu-north-1.")
    found = {"home_region": "eu-north-1", "linking_mode": None, "linked_regions": None}
    aggregation = {"aggregator": found, "error": failure, "regions": [{"region": "us-east-1", "aggregator": found, "error": failure}]}
    assert report(administrator=[aggregation])["lines"][1:] == [f"administrator {ADMINISTRATOR}: different_home_region in us-east-1. It is eu-north-1."]


def test_where_standards_come_first_another_administrator_is_for_the_next_run():
    found = {ONE: {"regions": [accepted("eu-west-1", changed=False, failure=error("invitation_not_found"), administrator={"account_id": "999999999999"})]}}
    assert _report.onboarding_late(found, {})["late"] == {ONE: ["eu-west-1"]}
    assert _report.onboarding_late(found, {}, standards=True)["late"] == {}
