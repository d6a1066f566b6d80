# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark's server answers like the emulator, and the benchmark itself runs."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import subprocess
import sys

import boto3
import botocore.exceptions
import pytest

TESTS = pathlib.Path(__file__).parents[2]
from browser import MISSING
from browser import find_browser
from emulator_process import running_emulator

ADMINISTRATOR, MEMBER, REGION = "111111111111", "222222222222", "eu-west-1"


@contextlib.contextmanager
def bench_server():
    """The benchmark's server: its URL and the credentials that it takes."""
    command = [sys.executable, "-m", "bench.server", "--latency=0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TESTS) as process:
        assert process.stdout
        try:
            yield {"url": f"http://127.0.0.1:{int(process.stdout.readline())}", "access_key": "AKIABENCH00000000001", "secret_key": "-"}
        finally:
            process.kill()


def what_both_see(server):
    """All answers on the way to a membership, without what differs from one request to the next."""

    def client(service, credentials):
        return boto3.client(service, region_name=REGION, endpoint_url=server["url"], **credentials)

    def seen(call, **parameters):
        try:
            answer = call(**parameters)
        except botocore.exceptions.ClientError as e:
            return e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]
        answer.pop("ResponseMetadata")
        answer = re.sub(r"[0-9a-f]{32}", "ID", re.sub(r"datetime\([^)]*\)|tz\w+\([^)]*\)", "TIME", str(answer)))
        return re.sub(r"datetime.TIME, tzinfo=\w+\(\)\)|datetime.TIME\)?", "TIME", answer)

    base = {"aws_access_key_id": server["access_key"], "aws_secret_access_key": server["secret_key"]}

    def role_of(account):
        given = client("sts", base).assume_role(RoleArn=f"arn:aws:iam::{account}:role/Member", RoleSessionName="test")["Credentials"]
        return {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"], "aws_session_token": given["SessionToken"]}

    role = role_of(MEMBER)
    hub = client("securityhub", role)
    administrator = client("securityhub", role_of(ADMINISTRATOR))
    members = {"AccountIds": [MEMBER]}
    invited = [
        seen(administrator.get_members, **members),
        seen(administrator.create_members, AccountDetails=[{"AccountId": MEMBER}]),
        seen(administrator.get_members, **members),
        seen(administrator.invite_members, **members),
        seen(administrator.get_members, **members),
    ]
    [invitation] = hub.list_invitations()["Invitations"]
    accept = {"AdministratorId": ADMINISTRATOR, "InvitationId": invitation["InvitationId"]}
    return [
        *invited,
        client("sts", role).get_caller_identity()["Account"],
        seen(hub.get_administrator_account),
        seen(hub.list_invitations),
        seen(hub.accept_administrator_invitation, **{**accept, "InvitationId": 32 * "0"}),
        seen(hub.accept_administrator_invitation, **accept),
        seen(hub.accept_administrator_invitation, **accept),
        seen(hub.get_administrator_account),
        seen(hub.list_invitations),
        seen(administrator.get_members, **members),
    ]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def test_the_server_answers_like_the_emulator(tmp_path):
    with running_emulator(str(tmp_path), ["--administrator", ADMINISTRATOR, "--member", MEMBER, "--no-invite", "--regions", REGION]) as emulator:
        expected = what_both_see(emulator)
    with bench_server() as server:
        assert what_both_see(server) == expected


def bench(*arguments, **environment):
    """What the benchmark prints."""
    paths = os.pathsep.join(map(str, (TESTS, TESTS / "tools", TESTS.parents[3])))
    command = [sys.executable, "-m", "bench", "--times=1", *arguments]
    ended = subprocess.run(command, cwd=TESTS, env={**os.environ, "PYTHONPATH": paths, **environment}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("transport", [[], ["--plain"]])
def test_the_benchmark_runs_and_checks_what_it_measures(transport):
    printed = bench("--sizes=2x2", "--onboarding=2x2", "--page=0x1", "--sample=1", "--latency=1", *transport)
    assert printed.count("this collection") == 4 and printed.count("playbook onboard") == 2
    assert printed.count("both together") == 2
    assert ("over TLS" in printed) == (not transport)
    assert "overage page" not in printed


@pytest.mark.skipif(not find_browser(), reason=MISSING)
def test_the_coverage_page_is_measured_beside_a_bare_table():
    printed = bench("--sizes=0x1", "--onboarding=0x1", "--page=20x2", "--plain")
    page, table = (re.findall(rf"^{name} +(\d+) +([\d.]+) +(\d+|-) +([\d.]+) +([\d,]+)$", printed, re.MULTILINE) for name in ("coverage page", "bare table"))
    [(seen, ratio, pressed, _megabytes, _elements)] = page
    assert ratio == "1.00" and int(pressed) > int(seen)
    # html, head, meta, title, body, table, thead and tbody; and the rows and cells of a head and 40 rows of 11 fields
    [(_seen, _ratio, pressed, _megabytes, elements)] = table
    assert (pressed, int(elements)) == ("-", 8 + 41 * 12)


def test_without_chromium_the_benchmark_says_so_and_goes_on():
    printed = bench("--sizes=0x1", "--onboarding=0x1", "--page=20x2", "--plain", PATH=str(pathlib.Path(sys.executable).parent))
    assert f"The coverage page is not measured. {MISSING}" in printed
