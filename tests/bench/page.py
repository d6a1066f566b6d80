# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the coverage page takes in Chromium until it can be used, beside a table of the same rows without any script."""

from __future__ import annotations

import html
import pathlib
import statistics
import sys
from collections.abc import Iterable
from typing import Any
from typing import NamedTuple

from functional.page import reports
from playwright.sync_api import Browser

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._coverage import FIELDS
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._coverage import as_page

PAGE, TABLE = "coverage page", "bare table"
WHAT = """Milliseconds from the start of navigation. Seen: the load event and two more animation frames.
Filter pressed: then the mouse presses a verdict's button, and two more animation frames show the rows left. The bare table has no filter."""

# In the page, so that no way to Playwright and back is in a time. The second animation frame begins when the first is laid out and painted.
TIMES = """
(() => {
    const drawnAfter = (event) => new Promise((resolve) => {
        addEventListener(event, () => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))));
    });
    window.benchTimes = { load: drawnAfter("load"), click: drawnAfter("click") };
})();
"""


class Opening(NamedTuple):
    """What it took to open a file, in milliseconds from the start of navigation. pressed: None where there is no filter. elements: when it was seen."""

    seen: float
    pressed: float | None
    elements: int


def _bare_table(rows: Iterable[dict[str, Any]]) -> str:
    """All fields of all rows in a static table."""

    def line(tag: str, texts: Iterable[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{html.escape(text)}</{tag}>' for text in texts)}</tr>\n"

    def text(value: list[str] | str | None) -> str:
        return ", ".join(value) if isinstance(value, list) else value or ""

    body = "".join(line("td", (text(row[field]) for field in FIELDS)) for row in rows)
    head = '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Coverage</title>\n'
    return f"{head}<table>\n<thead>\n{line('th', FIELDS)}</thead>\n<tbody>\n{body}</tbody>\n</table>\n</html>\n"


def _open(browser: Browser, path: pathlib.Path, has_filter: bool) -> Opening:
    """Open a file in a browser profile and a process of its own."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        context.add_init_script(TIMES)
        page = context.new_page()
        page.goto(path.as_uri())
        seen, elements = page.evaluate("benchTimes.load.then((seen) => [seen, document.querySelectorAll('*').length])")
        pressed = None
        if has_filter:
            button = page.locator("#verdicts button").first
            # The mouse at once, without Playwright's own look at whether the button stands still
            button.click(force=True)
            pressed = page.evaluate("benchTimes.click")
            left, status = button.locator(".count").inner_text(), page.locator("#status").inner_text()
            if not status.startswith(f"{left} of "):
                sys.exit(f"{left} rows should be left, and the page says: {status}")
        return Opening(seen, pressed, elements)


def measure(browser: Browser, folder: pathlib.Path, accounts: int, regions: list[str], times: int) -> list[tuple[str, ...]]:
    """The lines to print, with the medians of openings that take turns."""
    report = reports.large(accounts, tuple(regions))
    files = {PAGE: as_page(report, asked_accounts=True), TABLE: _bare_table(report["rows"])}
    paths = {name: folder / f"{name}.html" for name in files}
    for name, text in files.items():
        paths[name].write_text(text, encoding="utf-8")
    openings: dict[str, list[Opening]] = {name: [] for name in files}
    for _time in range(times):
        for name, path in paths.items():
            openings[name].append(_open(browser, path, name == PAGE))
    seen = {name: statistics.median(opening.seen for opening in each) for name, each in openings.items()}
    lines: list[tuple[str, ...]] = [(f"Chromium {browser.version}", "seen ms", "ours, of its", "filter pressed ms", "file MB", "elements")]
    for name, each in openings.items():
        pressed = [opening.pressed for opening in each if opening.pressed is not None]
        told = f"{statistics.median(pressed):.0f}" if pressed else "-"
        size = f"{paths[name].stat().st_size / 1e6:.2f}"
        elements = statistics.median(opening.elements for opening in each)
        lines.append((name, f"{seen[name]:.0f}", f"{seen[PAGE] / seen[name]:.2f}", told, size, f"{elements:,.0f}"))
    return lines
