# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the picture of the coverage page that README and docs show, of a made report."""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile

from browser import MISSING
from browser import running_browser
from functional.page.reports import large

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils._coverage import as_page


def main() -> None:
    """Write the picture. Ends with an error where there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", help="the file to write, a PNG")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        if not browser:
            sys.exit(MISSING)
        path = pathlib.Path(folder, "index.html")
        path.write_text(as_page(large(), True), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        page.goto(path.as_uri())
        page.screenshot(path=args.picture)


if __name__ == "__main__":
    main()
