# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that the playbook coverage has written, with accounts of each verdict on the emulator and texts of strangers, beside its other files."""

from __future__ import annotations

import collections
import csv
import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from emulator.client import Client
from emulator_process import credentials_of
from emulator_process import running_emulator

from . import reports

# The integration target of this playbook has accounts of each verdict.
ACCOUNTS = yaml.safe_load((pathlib.Path(__file__).parents[2] / "integration/targets/coverage/defaults/main.yml").read_text(encoding="utf-8"))
RUN_TIMEOUT = 300


def hostile_seed():
    """Members whose email addresses are hostile texts, each in an account where AWS's refusal has the same text."""
    accounts = [(str(300000000000 + number), text) for number, text in enumerate(reports.HOSTILE)]
    return {
        "members": [{"account_id": account, "status": "Enabled", "email": text} for account, text in accounts],
        "faults": [
            {"operation": "DescribeHub", "account": account, "times": None, "error": {"code": "InternalException", "message": text, "status": 400}}
            for account, text in accounts
        ],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The report's folder after a real run."""
    place = tmp_path_factory.mktemp("coverage")
    hostile = hostile_seed()
    seed = {**ACCOUNTS["coverage_seed"], **{key: [*ACCOUNTS["coverage_seed"][key], *entries] for key, entries in hostile.items()}}
    variables = {
        **ACCOUNTS["coverage_accounts"],
        **ACCOUNTS["coverage_everything"],
        "securityhub_report": str(place / "report"),
        "ansible_python_interpreter": sys.executable,
    }
    (place / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    with running_emulator(str(place)) as facts:
        Client(facts["url"]).reset(seed=seed)
        ended = subprocess.run(
            ["ansible-playbook", "cloudsec.securityhub.coverage", "-e", f"@{place / 'variables.json'}"],
            env={**os.environ, **credentials_of(facts)},
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT,
            check=False,
        )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return place / "report"


@pytest.fixture(scope="module")
def report(folder):
    """The report as JSON."""
    return json.loads((folder / "coverage.json").read_text(encoding="utf-8"))


def test_each_number_and_each_cell_is_the_json_s(open_page, folder, report):
    opened = open_page(folder / "index.html")
    counts = collections.Counter(row["verdict"] for row in report["rows"])
    assert set(counts) == set(reports.VERDICTS)
    assert report["totals"] == counts
    for verdict, count in counts.items():
        assert opened.page.locator(f"[data-verdict={verdict}] .count").inner_text() == str(count)
    assert opened.page.locator("#share").inner_text().endswith(f"{counts['covered']} of {len(report['rows'])} covered")
    wanted = {(row["account_id"], f"{row['region']}: {row['verdict'].replace('_', ' ').capitalize()}") for row in report["rows"]}
    assert set(map(tuple, opened.cells())) == wanted
    region = report["regions"][0]
    opened.page.select_option("#region", region)
    opened.press("covered")
    assert opened.status().startswith(f"{sum(row['region'] == region and row['verdict'] == 'covered' for row in report['rows'])} of ")
    assert Axe().run(opened.page).violations_count == 0


def test_what_strangers_sent_stands_there_as_text(open_page, folder, report):
    opened = open_page(folder / "index.html")
    opened.page.select_option("#order", "account")
    for number, text in enumerate(reports.HOSTILE):
        row = next(row for row in report["rows"] if row["account_id"] == str(300000000000 + number))
        assert row["verdict"] == "unknown"
        # What can't be seen is told as its escape sequence
        assert (row["email"] == text and text[:1000] in row["message"]) == text.isprintable()
        opened.page.fill("#text", row["account_id"])
        opened.page.locator(".cell").first.click()
        shown = opened.details()
        assert (shown["Email"], shown["Message"]) == (row["email"], row["message"])
    assert opened.page.evaluate("window.hit") is None
    assert opened.page.locator("img, svg, iframe, link, object").count() == 0


def test_the_table_has_the_rows_of_the_json(folder, report):
    with (folder / "coverage.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wanted = [{field: " ".join(value) if isinstance(value, list) else value or "" for field, value in row.items()} for row in report["rows"]]
    # An apostrophe keeps a spreadsheet from taking a text for a formula
    assert [{field: value.replace("'", "") for field, value in row.items()} for row in rows] == [
        {field: value.replace("'", "") for field, value in row.items()} for row in wanted
    ]
