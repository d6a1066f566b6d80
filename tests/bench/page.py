# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a coverage page takes until it can be used, beside a bare table of the same rows."""

from __future__ import annotations

import html
import pathlib
import statistics
from typing import Any
from typing import NamedTuple

from browser import MISSING
from browser import running_browser
from functional.page.reports import large
from playwright.sync_api import Browser

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._coverage import FIELDS
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._coverage import as_page

# Two frames later, all is laid out and the first of them painted.
SEEN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
FILTERED = """async () => {
    const begun = performance.now();
    document.querySelector("[data-verdict=missing]").click();
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return performance.now() - begun;
}"""


class Opening(NamedTuple):
    """What a page took. seen: from the navigation's start until it is painted; filtered: from a click on a verdict to its result. In milliseconds."""

    seen: float
    filtered: float | None
    elements: int


def bare_table(report: dict[str, Any]) -> str:
    """The rows as a table of HTML, without a script."""
    rows = ([" ".join(value) if isinstance(value, list) else value or "" for value in (row[field] for field in FIELDS)] for row in report["rows"])
    lines = ("<tr>" + "".join(f"<td>{html.escape(value)}</td>" for value in row) for row in [list(FIELDS), *rows])
    return '<!doctype html>\n<meta charset="utf-8">\n<title>Coverage</title>\n<table>\n' + "\n".join(lines) + "\n</table>\n"


def _open(browser: Browser, path: pathlib.Path, has_filters: bool) -> Opening:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(path.as_uri())
    seen = page.evaluate(SEEN)
    opening = Opening(seen, page.evaluate(FILTERED) if has_filters else None, page.locator("*").count())
    context.close()
    return opening


def measure(folder: pathlib.Path, accounts: int, regions: int, times: int) -> None:
    """Open both pages in turns, and print the medians; where there is no browser, print that."""
    report = large(accounts, regions)
    texts = {"the coverage page": as_page(report, True), "a bare table": bare_table(report)}
    print(f"Coverage of {accounts} accounts x {len(report['regions'])} regions in a browser, from navigation to painted, medians of {times}")
    with running_browser() as browser:
        if not browser:
            print(f"{MISSING}\n", flush=True)
            return
        openings: dict[str, list[Opening]] = {name: [] for name in texts}
        for _time in range(times):
            for number, (name, text) in enumerate(texts.items()):
                path = folder / f"page-{number}.html"
                path.write_text(text, encoding="utf-8")
                openings[name].append(_open(browser, path, has_filters=not number))
        print(f"Chromium {browser.version}")
    seen = {name: statistics.median(opening.seen for opening in opened) for name, opened in openings.items()}
    ours = seen["the coverage page"]
    for name, opened in openings.items():
        filtered = [opening.filtered for opening in opened if opening.filtered is not None]
        told = f", a filter {statistics.median(filtered):.0f} ms" if filtered else ""
        size = len(texts[name].encode()) / 1e6
        print(f"{name:18} {seen[name]:6.0f} ms (ours, of it: {ours / seen[name]:.2f}), {opened[0].elements:,} elements, {size:.1f} MB{told}")
    print(flush=True)
