# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The coverage page in Chromium."""

from __future__ import annotations

import os
import sys

import pytest
from browser import MISSING
from browser import running_browser

# Where Ansible finds collections, Python can find them too.
sys.path.extend(path for path in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep) if path and path not in sys.path)

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._coverage import as_page


class OpenPage:
    """A page in the browser, and what that noted of it.

    page: Playwright's. requests: URLs asked for beside the file itself. errors: of console and scripts.
    """

    def __init__(self, page, path):
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
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
    """Chromium of this machine."""
    with running_browser() as browser:
        if not browser:
            pytest.skip(MISSING)
        yield browser


@pytest.fixture
def open_page(browser, tmp_path):
    """Open the page of a made report, or of a path; at the end, no test may have left an error or a request."""
    opened = []

    def open_page(report, asked_accounts=True, width=1440, height=900, **options):
        path = tmp_path / "index.html" if isinstance(report, dict) else report
        if isinstance(report, dict):
            path.write_text(as_page(report, asked_accounts), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(10000)  # milliseconds
        opened.append((context, OpenPage(context.new_page(), path)))
        return opened[-1][1]

    yield open_page
    for context, page in opened:
        context.close()
        assert page.errors == []
        assert page.requests == []
