# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The coverage page in Chromium."""

from __future__ import annotations

import json
import pathlib
import shutil

import pytest
from playwright.sync_api import sync_playwright

TEMPLATE = pathlib.Path(__file__).parents[3] / "plugins" / "plugin_utils" / "_coverage_page.html"
PLACE = '<script type="application/json" id="report">{}</script>'
# Debian's, Ubuntu's, Google's
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def as_page(report):
    """As _coverage.as_page() does: the template with the report in it."""
    text = json.dumps(report, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    template = TEMPLATE.read_text(encoding="utf-8")
    assert template.count(PLACE) == 1
    return template.replace(PLACE, PLACE.replace("{}", text))


class OpenPage:
    """A page made of a report, and what the browser noted of it.

    page: Playwright's. requests: URLs asked for beside the file itself. errors: of console and scripts.
    """

    def __init__(self, page, report, path):
        self.page = page
        self.report = report
        self.requests: list[str] = []
        self.errors: list[str] = []
        path.write_text(as_page(report), encoding="utf-8")
        self.url = path.as_uri()
        page.on("request", self._note_request)
        page.on("console", self._note_console)
        page.on("pageerror", self._note_error)
        page.goto(self.url)

    def _note_request(self, request):
        if request.url != self.url:
            self.requests.append(request.url)

    def _note_console(self, message):
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _note_error(self, error):
        self.errors.append(str(error))

    def status(self):
        """What the page says of how much its filters show."""
        return self.page.locator("#status").inner_text()

    def press(self, verdict):
        """Press a verdict's button with the mouse."""
        self.page.locator(f"[data-verdict={verdict}]").click()

    def cells(self, kind=".cell:not(.other)"):
        """The account and the name of each cell in the document."""
        return self.page.locator(kind).evaluate_all(
            "cells => cells.map(cell => [cell.parentNode.querySelector('.account span').textContent, cell.getAttribute('aria-label')])"
        )

    def details(self):
        """The fields of the details shown, by name."""
        return self.page.locator("#fields").evaluate(
            "list => Object.fromEntries([...list.querySelectorAll('dt')].map(dt => [dt.textContent, dt.nextSibling.textContent]))"
        )


@pytest.fixture(scope="session")
def browser():
    """Chromium of this machine: Playwright's own is no package of any registry."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        pytest.skip("There is no Chromium here. Install one: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open the page of a report; at the end, no test may have left an error or a request."""
    opened = []

    def open_page(report, width=1440, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(10000)  # milliseconds
        opened.append((context, OpenPage(context.new_page(), report, tmp_path / "index.html")))
        return opened[-1][1]

    yield open_page
    for context, page in opened:
        context.close()
        assert page.errors == []
        assert page.requests == []
