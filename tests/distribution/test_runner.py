# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that ansible-runner takes to another machine, as automation controller and AWX do by receptor: transmit, worker, process."""

from __future__ import annotations

import collections as containers
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys

import jq
import pytest
import yaml
from emulator_fixtures import REGIONS

from .conftest import environment

BIN = pathlib.Path(sys.prefix) / "bin"
ADMINISTRATOR = "111111111111"
ACCOUNTS = [str(number) for number in range(200000000001, 200000000009)]
TIMEOUT = 300
VARIABLES = {
    "securityhub_administrator_id": ADMINISTRATOR,
    "securityhub_administrator_role_arn": f"arn:aws:iam::{ADMINISTRATOR}:role/SecurityHubAdministrator",
    "securityhub_member_role": "SecurityHubMember",
    "securityhub_regions": REGIONS,
    "securityhub_enable_hubs": True,
    # As docs/large_inventories.md has it
    "securityhub_members": "{{ groups['members'] | map('extract', hostvars, 'member') | list }}",
}


class Job:
    """A job, which has a folder here and runs in another folder, with a home and an environment that have nothing of this place."""

    def __init__(self, folder, collections, accounts, envvars, variables):
        self._sent, self._there, self._back = folder / "sent", folder / "there", folder / "back"
        members = {"hosts": {f"account-{account}": {"member": {"account_id": account}} for account in accounts}}
        files = {
            "project/site.yml": [{"name": "Onboard", "ansible.builtin.import_playbook": "cloudsec.securityhub.onboard"}],
            "inventory/hosts.json": {"all": {"hosts": {"localhost": {"ansible_connection": "local"}}, "children": {"members": members}}},
            "env/envvars": envvars,
            "env/extravars": variables,
        }
        for name, content in files.items():
            path = self._sent / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content), encoding="utf-8")
        # The runner sends no links out of its folder
        shutil.copytree(collections, self._sent / "project" / "collections")
        (folder / "stream").write_bytes(self._runner("transmit", self._sent, "-p", "site.yml"))
        home = folder / "home"
        home.mkdir()
        command = [str(BIN / "ansible-runner"), "worker", "--private-data-dir", str(self._there)]
        with open(folder / "stream", "rb") as stream, open(folder / "answer", "wb") as answer:
            self._worker = subprocess.Popen(command, env=environment(home, BIN), cwd=home, stdin=stream, stdout=answer)
        self._answer = folder / "answer"

    @staticmethod
    def _runner(*arguments, stream=None):
        command = [str(BIN / "ansible-runner"), *map(str, arguments)]
        return subprocess.run(command, stdin=stream or subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=TIMEOUT, check=False).stdout

    def stop(self):
        """End it, if it has not ended."""
        self._worker.kill()
        self._worker.wait()

    def end(self):
        """Wait for its end; what it has printed, as the place that has sent it gets to know."""
        self._worker.wait(TIMEOUT)
        with open(self._answer, "rb") as stream:
            return self._runner("process", self._back, stream=stream).decode()

    def results(self):
        """The results of its tasks, with their modules."""
        events = [json.loads(path.read_text(encoding="utf-8")) for path in self._back.glob("artifacts/job_events/*.json")]
        return [(event["event_data"]["resolved_action"], event["event_data"]["res"]) for event in events if event["event"] == "runner_on_ok"]


@pytest.fixture
def start(tmp_path, collections, credentials):
    """Start a job for some accounts."""
    with contextlib.ExitStack() as jobs:

        def start(accounts, envvars=None, **variables):
            folder = tmp_path / f"job-{accounts[0]}"
            folder.mkdir()
            job = Job(folder, collections, accounts, credentials if envvars is None else envvars, {**VARIABLES, **variables})
            jobs.callback(job.stop)
            return job

        yield start


def memberships(aws):
    """Which accounts are members of the administrator in all regions."""
    return [account for account in ACCOUNTS if all(aws.member_status(ADMINISTRATOR, account, region) == "Enabled" for region in REGIONS)]


def counted(job, place):
    """What automation platform counts as managed by a job: accounts by module."""
    queries = yaml.safe_load((place / "extensions" / "audit" / "event_query.yml").read_text(encoding="utf-8"))
    found = containers.defaultdict(set)
    for action, result in job.results():
        for node in jq.compile(queries[action]["query"]).input(result).all() if action in queries else []:
            assert set(node) == {"name", "canonical_facts", "facts"}
            found[action.rpartition("_")[2]].add(node["canonical_facts"]["account_id"])
    return {module: sorted(accounts) for module, accounts in found.items()}


def test_a_job_runs_elsewhere_with_what_has_travelled(aws, place, start, credentials):
    aws.seed(administrators=[ADMINISTRATOR])
    job = start(ACCOUNTS[:3], {**credentials, "ANSIBLE_INJECT_INVOCATION": "true"})
    printed = job.end()
    assert "6 of 6 memberships are in force." in printed, printed
    assert memberships(aws) == ACCOUNTS[:3]
    assert counted(job, place) == {"hub": [ADMINISTRATOR, *ACCOUNTS[:3]], "member": ACCOUNTS[:3], "invitation": ACCOUNTS[:3]}


def test_slices_of_an_inventory_at_once(aws, start):
    """As job slicing has them: each job's inventory has some of the hosts. Each does all of its accounts, both sides, and nobody else's."""
    aws.seed(administrators=[ADMINISTRATOR])
    jobs = [start(ACCOUNTS[:4]), start(ACCOUNTS[4:])]
    for job in jobs:
        assert "8 of 8 memberships are in force." in job.end()
    assert memberships(aws) == ACCOUNTS
    accepted = containers.Counter((call["account"], call["region"]) for call in aws.calls(operation="AcceptAdministratorInvitation"))
    assert accepted == {(account, region): 1 for account in ACCOUNTS for region in REGIONS}


def test_a_profile_does_not_travel(aws, start, credentials, tmp_path, monkeypatch):
    """Here it is there, and a job that names it would work."""
    (tmp_path / ".aws").mkdir()
    keys = "\n".join(f"{name.lower()} = {value}" for name, value in credentials.items() if name.endswith(("_KEY_ID", "_ACCESS_KEY")))
    (tmp_path / ".aws" / "credentials").write_text(f"[here]\n{keys}\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    printed = start(ACCOUNTS[:1], {"AWS_ENDPOINT_URL": credentials["AWS_ENDPOINT_URL"]}, securityhub_connection={"profile": "here"}).end()
    assert "profile" in printed and "memberships are in force" not in printed
    assert aws.calls() == []
