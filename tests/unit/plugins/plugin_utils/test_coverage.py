# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is covered, from results as the playbooks' tasks have them."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import make_error
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Place
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _coverage

ADMINISTRATOR, ALLOWED, STRANGER, OTHER_STRANGER = "111111111111", "222222222222", "999999999999", "888888888888"
ONE, TWO = "200000000001", "200000000002"
REGION, OTHER = "eu-west-1", "us-east-1"
DENIED = {"reason": "access_denied", "message": f"DescribeHub failed in region {REGION}."}
INCOMPLETE = {"name": "pci-dss/v/4.0.1", "status": "INCOMPLETE", "status_reason": "NO_AVAILABLE_CONFIGURATION_RECORDER"}
READY = {"name": "nist-800-53/v/5.0.0", "status": "READY", "status_reason": None}
FAILED_AS_A_WHOLE = {"failed": True, "msg": "Another account.", "error": {"reason": "wrong_account", "message": "Another account."}}


def seen(status: str | None, error: dict[str, Any] | None = None) -> dict[str, Any]:
    """The administrator's view of ONE."""
    members = [{"account_id": ONE, "email": "one@example.com", "member_status": status}] if status else []
    return {"regions": [{"region": REGION, "members": members, **({"error": error} if error else {})}]}


def hub(*standards: dict[str, Any], error: dict[str, Any] | None = None) -> dict[str, Any]:
    """A hub that is on, with one standard that works if none is given, and perhaps an error after that."""
    return {"regions": [{"region": REGION, "hub": {"standards": list(standards or [READY])}, **({"error": error} if error else {})}]}


HUB_WITHOUT_STANDARDS: dict[str, Any] = {"regions": [{"region": REGION, "hub": {"standards": []}}]}
HUB_OFF = {"regions": [{"region": REGION, "hub": None}]}
HUB_UNKNOWN = {"regions": [{"region": REGION, "hub": None, "error": DENIED}]}


def received(administrator_id: str | None, invitations: dict[str, str] | None = None, error: dict[str, Any] | None = None) -> dict[str, Any]:
    """The account's administrator, and the statuses of invitations by sender."""
    return {
        "regions": [
            {
                "region": REGION,
                "administrator": {"account_id": administrator_id} if administrator_id else None,
                "invitations": [{"account_id": sender, "member_status": status} for sender, status in (invitations or {}).items()],
                **({"error": error} if error else {}),
            }
        ]
    }


def row(status, of_hub=None, of_invitations=None, error=None, allowed=(ADMINISTRATOR, ALLOWED)):
    """The row of ONE."""
    views: dict[str, Any] = {} if of_hub is None else {"hubs": {ONE: of_hub}, "invitations": {ONE: of_invitations or {}}}
    report = _coverage.make_report(seen(status, error), ADMINISTRATOR, [REGION], [{"account_id": ONE}], allowed, **views)
    assert [found["account_id"] for found in report["rows"]] == [ONE]
    assert set(report["rows"][0]) == set(_coverage.FIELDS)
    return report["rows"][0]


OFF = received(None, error={"reason": "hub_not_enabled", "message": "Off."})
REFUSED = received(None, error=DENIED)


@pytest.mark.parametrize(
    "verdict, given",
    [
        # The administrator's view alone
        ("covered", ["Enabled"]),
        ("covered", ["Associated"]),
        ("pending", ["Invited"]),
        ("pending", ["Created"]),
        *[("ended", [status]) for status in ("Resigned", "Removed", "Deleted")],
        ("suspended", ["AccountSuspended"]),
        ("missing", [None]),
        ("unknown", ["Unheard"]),
        # With the account's own
        ("covered", ["Enabled", hub(READY), received(ADMINISTRATOR, {ADMINISTRATOR: "Enabled"})]),
        ("pending", ["Invited", hub(), received(None, {ADMINISTRATOR: "Invited"})]),
        ("missing", [None, hub(), received(None)]),
        ("missing", [None, HUB_OFF, OFF]),
        ("pending", ["Invited", HUB_OFF, OFF]),
        ("ended", ["Resigned", hub(), received(None)]),
        # The account can't be asked
        ("unknown", ["Enabled", HUB_UNKNOWN, received(ADMINISTRATOR)]),
        ("unknown", ["Enabled", hub(), REFUSED]),
        ("unknown", ["Enabled", hub(error=DENIED), received(ADMINISTRATOR)]),
        ("unknown", ["Enabled", FAILED_AS_A_WHOLE, FAILED_AS_A_WHOLE]),
        ("unknown", ["Enabled", {}, {}]),
        ("pending", ["Invited", HUB_UNKNOWN, REFUSED]),
        ("missing", [None, FAILED_AS_A_WHOLE, FAILED_AS_A_WHOLE]),
        ("suspended", ["AccountSuspended", FAILED_AS_A_WHOLE, FAILED_AS_A_WHOLE]),
        # Strangers come before all that is known, also where the rest is not
        ("foreign_administrator", [None, hub(), received(STRANGER)]),
        ("foreign_administrator", ["Enabled", hub(), received(STRANGER)]),
        ("foreign_administrator", ["AccountSuspended", hub(), received(STRANGER)]),
        ("foreign_administrator", ["Invited", hub(), received(STRANGER, error=DENIED)]),
        # Two views
        ("disagreement", ["Enabled", hub(), received(None)]),
        ("disagreement", ["Enabled", HUB_OFF, OFF]),
        ("disagreement", ["Resigned", hub(), received(ADMINISTRATOR)]),
        ("disagreement", ["Invited", hub(), received(ADMINISTRATOR)]),
        ("disagreement", [None, hub(), received(ADMINISTRATOR)]),
        ("suspended", ["AccountSuspended", hub(), received(ADMINISTRATOR)]),
        ("suspended", ["AccountSuspended", HUB_OFF, OFF]),
        # Another allowed administrator, whatever the one that was asked shows
        *[("covered", [status, hub(), received(ALLOWED)]) for status in ("Enabled", "Invited", "Resigned", "AccountSuspended", None)],
        ("foreign_invitation", [None, hub(), received(ALLOWED, {STRANGER: "Invited"})]),
        # Covered, but
        ("foreign_invitation", ["Enabled", hub(INCOMPLETE), received(ADMINISTRATOR, {STRANGER: "Invited"})]),
        ("covered", ["Enabled", hub(), received(ADMINISTRATOR, {ALLOWED: "Invited"})]),
        ("incomplete", ["Enabled", hub(READY, INCOMPLETE), received(ADMINISTRATOR)]),
        ("incomplete", ["Enabled", hub({**READY, "status": "FAILED"}), received(ADMINISTRATOR)]),
        ("covered", ["Enabled", hub({**READY, "status": "PENDING"}), received(ADMINISTRATOR)]),
        ("pending", ["Invited", hub(INCOMPLETE), received(None, {STRANGER: "Invited"})]),
    ],
)
def test_the_first_verdict_that_fits(verdict, given):
    found = row(*given)
    assert found["verdict"] == verdict
    assert bool(found["message"]) == (verdict != "covered")


def test_without_the_administrators_view_nothing_is_known():
    for of_hub, of_invitations in ((None, None), (hub(), received(STRANGER)), (hub(), received(ADMINISTRATOR))):
        found = row("Enabled", of_hub, of_invitations, DENIED)
        assert (found["verdict"], found["reason"]) == ("unknown", "access_denied")
    report = _coverage.make_report(FAILED_AS_A_WHOLE, ADMINISTRATOR, [REGION], [{"account_id": ONE}])
    assert (report["rows"][0]["verdict"], report["rows"][0]["reason"]) == ("unknown", "wrong_account")
    assert "Another account." in report["rows"][0]["message"]


def test_a_region_that_is_not_in_the_result_is_unknown():
    report = _coverage.make_report(seen("Enabled"), ADMINISTRATOR, [REGION, OTHER])
    assert [found["verdict"] for found in report["rows"]] == ["covered", "unknown"]


def test_only_the_administrator_is_allowed_by_default():
    assert row(None, hub(), received(ALLOWED), allowed=None)["verdict"] == "foreign_administrator"
    # The asked one may be one of those that are not
    assert row("Enabled", allowed=[ALLOWED])["verdict"] == "foreign_administrator"
    assert row("Invited", allowed=[ALLOWED])["verdict"] == "pending"


def test_what_the_account_says_is_told():
    found = row("Enabled", hub(READY, INCOMPLETE), received(ADMINISTRATOR, {ADMINISTRATOR: "Enabled", STRANGER: "Invited"}))
    assert (found["hub"], found["administrator_id"]) == ("on", ADMINISTRATOR)
    assert (found["pending_invitations"], found["standards_incomplete"]) == ([STRANGER], [INCOMPLETE["name"]])
    off = row("Invited", HUB_OFF, received(STRANGER, {STRANGER: "Invited"}))
    assert (off["hub"], off["administrator_id"], off["pending_invitations"], off["reason"]) == ("off", None, [], "hub_not_enabled")
    assert (row("Invited")["hub"], row("Invited", HUB_UNKNOWN, REFUSED)["hub"], row("Invited", hub(), REFUSED)["hub"]) == ("unknown", "unknown", "on")


def test_strangers_are_told_where_the_verdict_is_about_something_else():
    for given in (["Enabled", hub(), received(STRANGER, {OTHER_STRANGER: "Invited"}), DENIED], [None, hub(), received(None, {OTHER_STRANGER: "Invited"})]):
        found = row(*given)
        assert found["verdict"] in ("unknown", "missing")
        assert f"There is an invitation from {OTHER_STRANGER}, which is not allowed." in found["message"]
        assert (f"The account's administrator is {STRANGER}, which is not allowed." in found["message"]) == (found["administrator_id"] == STRANGER)
    assert "not allowed" not in row(None, hub(), received(None, {ALLOWED: "Invited"}))["message"]


def test_how_a_foreign_administrator_is_replaced():
    assert "still shows Enabled: end that with offboard. Then run onboard with" in row("Enabled", hub(), received(STRANGER))["message"]
    assert "To move the account, run onboard with securityhub_replace_administrator." in row("Resigned", hub(), received(STRANGER))["message"]
    # The one that was asked, though nobody allows it
    assert "securityhub_allowed_administrators" in row("Enabled", allowed=[ALLOWED])["message"]


def test_each_standard_that_can_not_work_is_told_with_its_reason():
    quota = {"name": "nist-800-53/v/5.0.0", "status": "FAILED", "status_reason": "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED"}
    found = row("Enabled", hub(quota, INCOMPLETE), received(ADMINISTRATOR))
    assert "nist-800-53/v/5.0.0 (FAILED: MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED)" in found["message"]
    assert "AWS Config does not record" in found["message"] and "quota" in found["message"] and "console" not in found["message"]
    assert found["reason"] == INCOMPLETE["status_reason"]
    unknown = row("Enabled", hub({**quota, "status_reason": "INTERNAL_ERROR"}), received(ADMINISTRATOR))
    assert unknown["reason"] == "INTERNAL_ERROR" and "console" in unknown["message"]


def test_a_membership_without_standards_is_covered_and_says_so():
    found = row("Enabled", HUB_WITHOUT_STANDARDS, received(ADMINISTRATOR))
    assert (found["verdict"], found["reason"]) == ("covered", None)
    assert found["message"].startswith("No standard is enabled")


def test_a_hub_that_is_off_is_the_reason():
    for status, verdict in (("Invited", "pending"), (None, "missing"), ("Enabled", "disagreement")):
        found = row(status, HUB_OFF, OFF)
        assert (found["verdict"], found["reason"]) == (verdict, "hub_not_enabled")


def test_an_invitation_waits_for_an_answer_only_while_it_does():
    statuses = ("Created", "Invited", "Enabled", "Associated", "Resigned", "Removed", "Deleted")
    invitations = {f"{number:012d}": status for number, status in enumerate(statuses)}
    assert row("Enabled", hub(), received(ADMINISTRATOR, invitations))["pending_invitations"] == ["000000000000", "000000000001"]
    # Older regions go on saying Invited of the one that was accepted
    assert row("Enabled", hub(), received(ADMINISTRATOR, {ADMINISTRATOR: "Invited"}))["pending_invitations"] == []


def test_the_reason_is_that_of_what_failed():
    assert row("Enabled", hub(INCOMPLETE), received(ADMINISTRATOR))["reason"] == INCOMPLETE["status_reason"]
    found = row("Invited", HUB_UNKNOWN, REFUSED)
    assert found["reason"] == "access_denied"
    assert found["message"].startswith("The account has not accepted") and found["message"].endswith(DENIED["message"])
    assert row("Invited")["reason"] is None
    assert row("Enabled", {"msg": "MODULE FAILURE"}, {})["reason"] == "failed"


def test_a_message_that_points_to_another_region_is_told_whole():
    first = make_error("access_denied", Place(ADMINISTRATOR, REGION), "DescribeHub failed in region {region}.").as_dict(with_values=True)
    alike = {**first, "message": f"As in region {REGION}.", "parts": None, "as_in": REGION, "place": [ADMINISTRATOR, OTHER]}
    failures = {"regions": [{"region": REGION, "members": [], "error": first}, {"region": OTHER, "members": [], "error": alike}]}
    report = _coverage.make_report(failures, ADMINISTRATOR, [REGION, OTHER], [{"account_id": ONE}])
    assert [found["message"].split(". ")[1] for found in report["rows"]] == [f"DescribeHub failed in region {region}." for region in (REGION, OTHER)]


def test_every_account_has_a_row_in_every_region():
    members = {"regions": [{"region": REGION, "members": []}, {"region": OTHER, "members": [{"account_id": TWO, "email": "", "member_status": "Enabled"}]}]}
    report = _coverage.make_report(members, ADMINISTRATOR, [REGION, OTHER], [{"account_id": ONE, "email": "a@b"}, {"account_id": 300000000003}], made_at="now")
    assert [(found["account_id"], found["region"]) for found in report["rows"]] == [
        (account_id, region) for account_id in (ONE, TWO, "300000000003") for region in (REGION, OTHER)
    ]
    assert [found["email"] for found in report["rows"][::2]] == ["a@b", None, None]
    assert list(report) == ["made_at", "administrator_id", "regions", "totals", "rows"]
    assert list(report["totals"]) == list(_coverage.VERDICTS)
    assert (report["totals"]["covered"], report["totals"]["missing"], report["totals"]["unknown"]) == (1, 5, 0)
    assert _coverage.summary(report) == "3 accounts x 2 regions: 1 of 6 covered, 5 missing."


def test_it_is_made_now_in_utc():
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", _coverage.make_report({}, ADMINISTRATOR, [REGION])["made_at"])


HOSTILE = "</script><b>&\"'\u2028{}{{ x }}\u202eé"


@pytest.fixture
def hostile():
    """A report with text that is not meant well."""
    return _coverage.make_report({}, ADMINISTRATOR, [REGION], [{"account_id": ONE, "email": HOSTILE}], made_at="now")


def test_json_is_the_report(hostile):
    assert json.loads(_coverage.as_json(hostile)) == hostile
    empty = _coverage.make_report({}, ADMINISTRATOR, [REGION])
    assert json.loads(_coverage.as_json(empty)) == empty


def test_no_text_ends_the_pages_script(hostile, tmp_path, monkeypatch):
    template = tmp_path / "page.html"
    template.write_text('<p>{}</p><script type="application/json" id="report">{}</script><script>{}</script>', encoding="utf-8")
    monkeypatch.setattr(_coverage, "_TEMPLATE", template)
    hostile["rows"][0]["email"] = HOSTILE  # as no filter has seen it
    page = _coverage.as_page(hostile, asked_accounts=True)
    assert page.startswith("<p>{}</p><script") and page.endswith("</script><script>{}</script>")
    text = page.split('id="report">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {**hostile, "options": {"asked_accounts": True}}


def test_csv_has_the_rows_and_no_formula(hostile):
    formulas = ["=1+1", "+1", "-1", "@x", " =x", '"=x"', "\uff1dx"]
    emails = [*formulas, "\tx", "\rx", "a=1", 'a "quoted", one', ""]
    given = {**hostile, "rows": [{**hostile["rows"][0], "email": email, "pending_invitations": [ONE, TWO]} for email in emails]}
    header, *rows = csv.reader(_coverage.as_csv(given).splitlines(keepends=True))
    assert tuple(header) == _coverage.FIELDS
    cells = [dict(zip(header, found, strict=True)) for found in csv.reader(_coverage.as_csv(given).replace("\r", "<CR>").splitlines())][1:]
    assert [found["email"].replace("<CR>", "\r") for found in cells] == [f"'{email}" if email in formulas else email for email in emails]
    assert {found["pending_invitations"] for found in cells} == {f"{ONE} {TWO}"}
    assert {found["administrator_id"] for found in cells} == {""}
    assert rows


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_no_formula_begins_where_another_spreadsheet_takes_a_cell_to_end(hostile, delimiter):
    emails = [f'a{delimiter}=HYPERLINK("http://example.com";"x")', f"a{delimiter} +1{delimiter}-1{delimiter}@x", f'{delimiter}"=1+1']
    given = {**hostile, "rows": [{**hostile["rows"][0], "email": email} for email in emails]}
    cells = [cell for found in csv.reader(_coverage.as_csv(given).splitlines(), delimiter=delimiter) for cell in found]
    assert len(cells) > 6
    assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "-", "@"))]
