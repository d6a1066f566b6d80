# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured: each client as a command that accepts in all accounts and regions, and what its run costs."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from . import server as bench_server

HERE = pathlib.Path(__file__).parent
FORKS = 20


# What it takes an account to accept, and to see that it has nothing to do
ACCEPTING = ("get_administrator_account", "list_invitations", "accept_administrator_invitation")
LOOKING = ACCEPTING[:1]


class Client(NamedTuple):
    """A way to accept.

    command: makes its words from a Task. calls: of each account and region, in the first run and in the next; None where it does not accept.
    """

    title: str
    command: Callable[[Task], list[str]]
    calls: tuple[tuple[str, ...], tuple[str, ...]] | None = (ACCEPTING, LOOKING)


class Task(NamedTuple):
    """What a client is to do, and where it may write files."""

    accounts: list[str]
    regions: list[str]
    endpoint_url: str
    folder: pathlib.Path


class Cost(NamedTuple):
    """What a run took, with all processes that it started. Times in seconds; peak: the largest single process, in MiB."""

    wall: float
    cpu: float
    peak: float


def _script(name: str, *further: str) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        names = task.folder / "accounts.txt"
        names.write_text("\n".join(task.accounts), encoding="utf-8")
        options = {
            "administrator": bench_server.ADMINISTRATOR,
            "accounts": str(names),
            "regions": ",".join(task.regions),
            "endpoint-url": task.endpoint_url,
        }
        return [sys.executable, str(HERE / name), *(f"--{option}={value}" for option, value in options.items()), *further]

    return command


def _playbook(name: str) -> Callable[[Task], list[str]]:
    def command(task: Task) -> list[str]:
        inventory = task.folder / "inventory.json"
        variables = {
            "ansible_connection": "local",
            "regions": task.regions,
            "administrator_id": bench_server.ADMINISTRATOR,
            "endpoint_url": task.endpoint_url,
        }
        inventory.write_text(json.dumps({"members": {"hosts": {account: {} for account in task.accounts}, "vars": variables}}), encoding="utf-8")
        return ["ansible-playbook", "-i", str(inventory), "-f", str(FORKS), str(HERE / "playbooks" / name)]

    return command


def _onboarding(task: Task) -> list[str]:
    variables = {
        "securityhub_administrator_id": bench_server.ADMINISTRATOR,
        "securityhub_administrator_role_arn": f"arn:aws:iam::{bench_server.ADMINISTRATOR}:role/SecurityHubAdministrator",
        "securityhub_member_role": "SecurityHubMember",
        "securityhub_regions": task.regions,
        "securityhub_connection": {"endpoint_url": task.endpoint_url},
        "securityhub_members": [{"account_id": account} for account in task.accounts],
    }
    path = task.folder / "onboarding.json"
    path.write_text(json.dumps(variables), encoding="utf-8")
    return ["ansible-playbook", "-f", str(FORKS), "cloudsec.securityhub.onboard", "-e", f"@{path}"]


_CORES = os.cpu_count() or 1
CLIENTS = {
    "collection": Client("this collection", _playbook("collection.yml")),
    "threads": Client("script, 32 threads", _script("script.py")),
    "processes": Client(f"script, {_CORES} processes", _script("script.py", f"--processes={_CORES}")),
    "today": Client("playbook of today", _playbook("today.yml")),
    "debug": Client("debug task", _playbook("debug.yml"), calls=None),
    "floor": Client("run() without Ansible", _script("floor.py", f"--processes={_CORES}", f"--forks={FORKS}")),
    # A day with nothing to do asks only the administrator
    "onboard": Client("playbook onboard", _onboarding, calls=(ACCEPTING, ())),
}
ACCEPTING_CLIENTS = [name for name in CLIENTS if name != "onboard"]


def environment(endpoint_url: str, bundle: pathlib.Path | None) -> dict[str, str]:
    """The environment of every client: nothing of the machine's own. bundle: the certificates to trust, for TLS."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
    variables.update(
        AWS_ACCESS_KEY_ID=bench_server.BASE_ACCESS_KEY,
        AWS_SECRET_ACCESS_KEY=bench_server.SECRET_KEY,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_ENDPOINT_URL=endpoint_url,
        ANSIBLE_PYTHON_INTERPRETER=sys.executable,
        ANSIBLE_LOCALHOST_WARNING="false",
    )
    if bundle:
        variables["AWS_CA_BUNDLE"] = str(bundle)
    return variables


def run(command: list[str], variables: dict[str, str], log: pathlib.Path) -> Cost:
    """What a command costs. Ends the benchmark where it fails."""
    started = time.monotonic()
    with open(log, "wb") as stream:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, env=variables, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
    _pid, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}:\n" + log.read_text(errors="replace")[-3000:])
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
