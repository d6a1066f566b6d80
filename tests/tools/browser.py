# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium of this machine, driven by Playwright, whose own browsers are no package of any index."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser
from playwright.sync_api import sync_playwright

# Debian's, Ubuntu's, Google's
NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "There is no Chromium here. Install one: apt-get install chromium"


def find_browser() -> str | None:
    """The path of its program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def running_browser() -> Iterator[Browser | None]:
    """The browser, for as long as it is used; None where there is none."""
    path = find_browser()
    if not path:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()
