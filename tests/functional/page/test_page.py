# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the coverage page promises, in Chromium: numbers, filters by mouse and keyboard, hostile text, contrast, print, many rows."""

from __future__ import annotations

import functools

import pytest
from axe_playwright_python.sync_playwright import Axe

from . import reports

NARROW = {"width": 390, "height": 844}
# Elements in the document: measured 950 at 900 pixels of height
MOST_ELEMENTS = 2000


def named(verdict):
    return verdict.replace("_", " ").capitalize()


def rows_of(report, **wanted):
    return [row for row in report["rows"] if all(row[key] == value for key, value in wanted.items())]


# The first screen


def test_the_numbers_are_those_of_the_report(open_page):
    report = reports.small()
    page = open_page(report).page
    for verdict, count in report["totals"].items():
        assert page.locator(f"[data-verdict={verdict}] .count").inner_text() == str(count)
    assert page.locator("#share").inner_text().split("\n") == ["69.4 %", "25 of 36 covered"]
    assert page.locator("#bar").get_attribute("aria-label").startswith("Covered 25, Incomplete 1, ")


def test_most_frequent_verdict_comes_first_and_covered_last(open_page):
    page = open_page(reports.small()).page
    order = page.locator("#verdicts button").evaluate_all("buttons => buttons.map(button => button.dataset.verdict)")
    assert (order[0], order[-1], len(order)) == ("missing", "covered", 10)
    assert "Run onboard" in page.locator("#verdicts p").first.inner_text()


def test_the_most_frequent_reason_stands_under_its_verdict(open_page):
    denied = [reports.row(reports.account(number), "eu-west-1", "unknown", reason="access_denied", message=f"Allow it {number}.") for number in (3, 4)]
    rows = [reports.row(reports.account(1), "eu-west-1", "unknown"), *denied, reports.row(reports.account(2), "eu-west-1", "missing")]
    page = open_page(reports.report(rows)).page
    assert page.locator("#verdicts .reason").all_inner_texts() == ["2 of 3: access_denied. In 222200000003, eu-west-1: Allow it 3."]


def test_verdicts_without_rows_are_named_together(open_page):
    page = open_page(reports.report([reports.row(reports.account(1), "eu-west-1")])).page
    assert page.locator("#verdicts li").count() == 1
    assert page.locator("#none").inner_text().startswith("None: Unknown, Foreign administrator, ")
    assert page.locator("#share strong").inner_text() == "100 %"


@pytest.mark.parametrize("asked, words", [(True, "each account was asked too"), (False, "the administrator's view only")])
def test_when_and_for_whom_it_was_made(open_page, asked, words):
    about = open_page(reports.small(), asked_accounts=asked).page.locator("#about").inner_text()
    assert about == f"Administrator 111111111111 · 12 accounts in 3 regions · made 2026-11-28 01:02:03 UTC · {words}"


def test_page_without_rows_says_so(open_page):
    page = open_page(reports.report([])).page
    assert page.locator("#about").inner_text().startswith("Administrator 111111111111 · 0 accounts in 0 regions · made 2026-11-28")
    assert page.locator("#empty").inner_text().startswith("This report has no rows")


def test_each_cell_tells_its_verdict_by_colour_sign_and_name(open_page):
    report = reports.small()
    opened = open_page(report)
    named_cells = set(map(tuple, opened.cells()))
    assert named_cells == {(row["account_id"], f"{row['region']}: {named(row['verdict'])}") for row in report["rows"]}
    looks = opened.page.locator(".cell").evaluate_all(
        "cells => cells.map(cell => [cell.ariaLabel.split(': ')[1], cell.firstChild.textContent, getComputedStyle(cell).backgroundColor])"
    )
    names, signs, colours = (set(each) for each in zip(*looks, strict=True))
    assert len(set(map(tuple, looks))) == len(names) == len(signs) == len(colours) == 10


@pytest.mark.parametrize("size", [{}, NARROW], ids=["wide", "narrow"])
def test_the_one_bad_cell_in_a_thousand_rows_is_on_the_first_screen(open_page, size):
    opened = open_page(reports.one_in_thousand(), **size)
    cell = opened.page.get_by_label("eu-west-3: Foreign administrator")
    box = cell.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= opened.page.viewport_size["width"]
    assert box["y"] + box["height"] <= opened.page.viewport_size["height"]
    assert opened.cells()[0][0] == reports.account(996)
    # Almost all is not all
    assert opened.page.locator("#share strong").inner_text() == "99.9 %"


# Filters


def test_verdicts_are_chosen_with_the_mouse(open_page):
    report = reports.small()
    opened = open_page(report)
    opened.press("missing")
    assert opened.status() == "3 of 36 rows, 3 of 12 accounts"
    assert {cell[1].split(": ")[1] for cell in opened.cells()} == {"Missing"}
    opened.press("ended")
    assert opened.status().startswith("4 of 36 rows")
    assert opened.page.locator("#verdicts [aria-pressed=true]").count() == 2
    opened.press("missing")
    opened.press("ended")
    assert opened.status() == "36 of 36 rows, 12 of 12 accounts"


def test_filters_are_set_and_reset_with_the_keyboard(open_page):
    report = reports.small()
    opened = open_page(report)
    page = opened.page
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("[data-verdict=missing]").get_attribute("aria-pressed") == "true"
    for verdict in reports.VERDICTS:
        assert page.evaluate("document.activeElement.dataset.verdict") in reports.VERDICTS, verdict
        page.keyboard.press("Tab")
    page.keyboard.type(rows_of(report, verdict="missing")[1]["account_id"])
    assert opened.status() == "1 of 36 rows, 1 of 12 accounts"
    page.keyboard.press("Tab")
    page.keyboard.type("eu-central")
    wanted = rows_of(report, verdict="missing", region="eu-central-1", account_id=rows_of(report, verdict="missing")[1]["account_id"])
    assert page.locator("#region").input_value() == "eu-central-1"
    assert page.locator("#empty").is_visible() == (not wanted)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert opened.status() == "36 of 36 rows, 12 of 12 accounts"


def test_region_filter_leaves_one_column_with_words(open_page):
    report = reports.small()
    opened = open_page(report)
    opened.page.select_option("#region", "eu-north-1")
    assert opened.status() == "12 of 36 rows, 12 of 12 accounts"
    assert {cell[1].split(": ")[0] for cell in opened.cells()} == {"eu-north-1"}
    assert opened.page.locator(".cell").first.inner_text().split("\n")[1] in map(named, reports.VERDICTS)
    bad = [row for row in rows_of(report, region="eu-north-1") if row["verdict"] != "covered"]
    assert f"eu-north-1 ({len(bad)} not covered)" in opened.page.locator("#region").inner_text()


def test_text_is_looked_for_in_account_email_and_message(open_page):
    opened = open_page(reports.small())
    texts = {
        "222200000003": (3, 1),
        "AWS+222200000003@": (3, 1),
        "config does NOT record": (1, 1),
        "assume_role": (1, 1),
        "  ": (36, 12),
        reports.STRANGER: (2, 2),
        "foundational": (1, 1),
        "nowhere": (0, 0),
        "null": (0, 0),
    }
    for text, (rows, accounts) in texts.items():
        opened.page.fill("#text", text)
        assert opened.status() == f"{rows} of 36 rows, {accounts} of 12 accounts", text
        assert opened.page.locator("#empty").is_visible() == (rows == 0)


def test_accounts_that_are_not_covered_stand_first_unless_the_order_is_another(open_page):
    report = reports.small()
    opened = open_page(report)
    order = list(dict.fromkeys(cell[0] for cell in opened.cells()))
    bad = {row["account_id"] for row in report["rows"] if row["verdict"] != "covered"}
    assert set(order[: len(bad)]) == bad
    worst = [min(reports.VERDICTS.index(row["verdict"]) for row in rows_of(report, account_id=account)) for account in order]
    assert worst == sorted(worst)
    opened.page.select_option("#order", "account")
    assert list(dict.fromkeys(cell[0] for cell in opened.cells())) == sorted(order)


# One cell


def test_a_click_shows_a_cell(open_page):
    report = reports.small()
    opened = open_page(report)
    opened.page.get_by_label("eu-north-1: Foreign invitation").click()
    assert opened.page.locator("#details-title").inner_text().split("\n")[-1] == "Foreign invitation"
    row = rows_of(report, verdict="foreign_invitation")[0]
    shown = opened.details()
    assert (shown["Account"], shown["Email"], shown["Region"], shown["Message"]) == tuple(row[name] for name in ("account_id", "email", "region", "message"))
    assert (shown["Member status"], shown["Hub"], shown["Administrator"], shown["Invitations"]) == ("Enabled", "on", reports.ADMINISTRATOR, reports.STRANGER)
    opened.page.click("#close")
    assert not opened.page.locator("#details").is_visible()


def test_the_keyboard_moves_between_cells_and_shows_one(open_page):
    opened = open_page(reports.small())
    page = opened.page
    page.focus("#grid")
    active = "document.querySelector('.cell.active').ariaLabel.split(':')[0] + ' ' + document.querySelector('#grid').getAttribute('aria-activedescendant')"
    assert page.evaluate(active) == "eu-central-1 cell-0-0"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(active) == "eu-north-1 cell-1-1"
    page.keyboard.press("Control+End")
    assert page.evaluate(active) == "eu-west-1 cell-11-2"
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    assert opened.details()["Region"] == "eu-central-1"
    assert page.evaluate("document.activeElement.id") == "details-title"
    page.keyboard.press("Escape")
    assert not page.locator("#details").is_visible()
    assert page.evaluate("document.activeElement.id") == "grid"


def test_details_say_where_the_account_was_not_asked(open_page):
    opened = open_page(reports.small(), asked_accounts=False)
    opened.page.locator(".cell").first.click()
    assert opened.details()["Administrator"] == "the account was not asked"


# Hostile text


def test_hostile_text_is_text(open_page):
    opened = open_page(reports.hostile())
    opened.page.select_option("#order", "account")
    for number, text in enumerate(reports.HOSTILE):
        opened.page.locator(f"#cell-{number}-0").click()
        shown = opened.details()
        for field in ("Email", "Message", "Reason", "Incomplete standards", "Invitations", "Member status"):
            assert shown[field] == text
        assert opened.page.locator(f"[aria-rowindex='{number + 2}'] .email").text_content() == text
    assert opened.page.evaluate("window.hit") is None
    assert opened.page.locator("img, svg, iframe, link, object").count() == 0
    assert opened.page.locator("script").count() == 2
    # Nor does it stretch the page
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_page_refuses_markup_and_loads(open_page):
    opened = open_page(reports.small())
    assert opened.page.evaluate("() => { try { document.body.innerHTML = '<b>'; return 'taken' } catch (error) { return error.name } }") == "TypeError"
    assert opened.page.evaluate("() => fetch('https://example.com/').then(() => 'sent', error => error.name)") == "TypeError"
    assert opened.errors and all("Content Security Policy" in error or "Trusted" in error or "TrustedHTML" in error for error in opened.errors)
    opened.errors.clear()
    opened.requests.clear()


# Everybody, everywhere


def test_what_changes_and_what_takes_keys_is_named_to_screen_readers(open_page):
    opened = open_page(reports.small())
    assert opened.page.get_by_role("grid", name="Arrow keys move").get_attribute("aria-rowcount") == "13"
    assert opened.page.get_by_role("status").inner_text() == opened.status()
    opened.page.locator(".cell").first.click()
    assert opened.page.get_by_role("region", name="Unknown").is_visible()


@pytest.mark.parametrize("size", [{}, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page, size, scheme):
    opened = open_page(reports.small(), color_scheme=scheme, **size)
    axe = Axe()
    first_cell = opened.page.locator(".cell").first
    looks = {
        "as it opens": opened.page.bring_to_front,
        "with a cell's details": first_cell.click,
        "with one region": functools.partial(opened.page.select_option, "#region", "eu-west-1"),
        "with one verdict": functools.partial(opened.press, "missing"),
    }
    for name, look in looks.items():
        look()
        found = axe.run(opened.page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def printed(opened):
    """The table that the browser gets to print, and the line above it."""
    opened.page.evaluate("addEventListener('beforeprint', () => { window.paper = document.querySelector('#paper').cloneNode(true) })")
    assert opened.page.pdf().startswith(b"%PDF")
    rows = opened.page.evaluate("[...window.paper.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))")
    return rows, opened.page.evaluate("window.paper.querySelector('p').textContent")


def test_print_has_the_rows_that_the_filters_show(open_page):
    report = reports.small()
    opened = open_page(report)
    opened.press("missing")
    rows, line = printed(opened)
    assert sorted(rows) == sorted([row["account_id"], row["email"], row["region"], "Missing", row["message"]] for row in rows_of(report, verdict="missing"))
    assert line == "3 of 36 rows, 3 of 12 accounts. Filters: Missing."
    assert opened.page.locator("#paper tr").count() == 0
    opened.page.emulate_media(media="print")
    assert not opened.page.locator("#grid").is_visible()
    assert opened.page.locator("#share").is_visible()


def test_print_of_many_rows_is_bounded_and_begins_with_the_worst(open_page):
    report = reports.large()
    rows, line = printed(open_page(report))
    assert len(rows) == 1000
    assert line == "17,000 of 17,000 rows, 1,000 of 1,000 accounts. Filters: none. The first 1,000 are printed; coverage.csv has all."
    expected = [named(row["verdict"]) for row in sorted(report["rows"], key=lambda row: reports.VERDICTS.index(row["verdict"]))]
    assert [row[3] for row in rows] == expected[:1000]


# Many rows


def test_only_what_is_seen_of_many_rows_is_in_the_document(open_page):
    opened = open_page(reports.large())
    most, seen = opened.page.evaluate(
        """async () => {
            const grid = document.querySelector("#grid");
            const accounts = new Set();
            let most = 0;
            for (let at = 0; at <= grid.scrollHeight; at += grid.clientHeight * 0.8) {
                grid.scrollTop = at;
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                most = Math.max(most, document.querySelectorAll("*").length);
                for (const account of grid.querySelectorAll(".account span:first-child")) accounts.add(account.textContent);
            }
            return [most, accounts.size];
        }"""
    )
    assert most < MOST_ELEMENTS
    assert seen == 1000


def test_the_keyboard_reaches_the_last_of_many_rows(open_page):
    opened = open_page(reports.large())
    opened.page.select_option("#order", "account")
    opened.page.focus("#grid")
    opened.page.keyboard.press("Control+End")
    cell = opened.page.locator(".cell.active")
    assert cell.get_attribute("id") == "cell-999-16"
    grid, last = opened.page.locator("#grid").bounding_box(), cell.bounding_box()
    assert last["y"] + last["height"] <= grid["y"] + grid["height"]
    opened.page.keyboard.press("PageUp")
    opened.page.keyboard.press("Enter")
    assert opened.details()["Account"] == reports.account(int(cell.get_attribute("data-row")))


def test_filters_draw_no_more_than_is_seen_of_many_rows(open_page):
    opened = open_page(reports.large())
    opened.page.fill("#text", "99")
    assert opened.status().endswith("of 1,000 accounts")
    opened.page.fill("#text", "")
    opened.press("covered")
    assert opened.page.evaluate("document.querySelectorAll('*').length") < MOST_ELEMENTS
