# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README and the guides, followed to the letter: each file is written, each command run, in order, in one folder, on the emulator."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest
from emulator.client import Client
from emulator_process import credentials_of
from emulator_process import running_emulator
from guide import blocks
from installed import install

ROOT = pathlib.Path(__file__).parents[2]
REGIONS = ["eu-central-1", "eu-west-1", "us-east-1"]
ADMINISTRATOR, NEW_ADMINISTRATOR = "111122223333", "222233334444"
DEVELOPMENT, PRODUCTION, PENDING = "444455556666", "777788889999", "888877776666"
STRANGER = "999900001111"
ACCOUNTS = (DEVELOPMENT, PRODUCTION)
TIMEOUT = 300


def members(status="Invited", *accounts):
    """Accounts that the administrator has invited, or that are its members."""
    return {"administrators": [ADMINISTRATOR], "members": [{"account_id": account, "administrator": ADMINISTRATOR, "status": status} for account in accounts]}


# The pages in their order, with what there is at AWS before
PAGES = {
    "README.md": members("Invited", *ACCOUNTS),
    "docs/first_member.md": {
        "hubs": [DEVELOPMENT],
        "invitations": [{"account_id": DEVELOPMENT, "administrators": [STRANGER], "regions": REGIONS[:1]}],
    },
    "docs/many_accounts.md": members("Invited", *ACCOUNTS, PENDING),
    "docs/playbooks.md": {"hubs": [ADMINISTRATOR, *ACCOUNTS]},
    "docs/findings.md": {},
    "docs/who_sees_findings.md": {
        **members("Enabled", *ACCOUNTS),
        "invitations": [{"account_id": PRODUCTION, "administrators": [STRANGER], "regions": REGIONS[:1]}],
    },
    "docs/moving_administrator.md": {**members("Enabled", *ACCOUNTS), "hubs": [NEW_ADMINISTRATOR]},
    "docs/leaving.md": members("Enabled", *ACCOUNTS),
    "docs/with_organizations.md": {
        **members("Enabled", *ACCOUNTS),
        "hubs": [NEW_ADMINISTRATOR],
        "organizations": [{"account_id": NEW_ADMINISTRATOR, "accounts": list(ACCOUNTS)}],
    },
    "docs/large_inventories.md": members("Invited", *ACCOUNTS),
    "docs/emulator.md": members("Invited", *ACCOUNTS),
}
# Its only command asks the unified Security Hub
NOT_FOLLOWED = {"docs/troubleshooting.md"}
# What is followed elsewhere, or can't be here: installing, the rulebooks (tests/events), the demonstration, the gates, and how to get here
ELSEWHERE = re.compile(r"(pip|ansible-galaxy|ansible-rulebook|make|export) ")
COMMAND = re.compile(r"(\w+=\S+ )?(ansible-(playbook|inventory|runner)|aws|mkdir|cp|python3) ")
OUTPUT = re.compile(r"- ")


def steps(page):
    """What a page wants done: ("write", name, content) and ("run", command)."""
    found: list[tuple[str, ...]] = []
    for language, name, content in blocks(ROOT / page):
        if language in ("yaml", "ini", "python", "hcl"):
            assert name, f"{page}: this has no name:\n{content}"
            found.append(("write", name, content))
        elif language == "shell":
            if any(COMMAND.match(line) for line in content.splitlines()):
                found.append(("run", f"set -e\n{content}"))
        elif not language:
            for line in content.splitlines():
                if COMMAND.match(line):
                    found.append(("run", line))
                else:
                    assert ELSEWHERE.match(line) or OUTPUT.match(content), f"{page}: what is this?\n{line}"
    return found


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """The emulator."""
    with running_emulator(str(tmp_path_factory.mktemp("emulator")), ["--regions", ",".join(REGIONS)]) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder to follow them in."""
    return tmp_path_factory.mktemp("followed")


@pytest.fixture(scope="module")
def environment(facts, tmp_path_factory):
    """The environment of a reader: the collections installed, a key, and two profiles."""
    home = tmp_path_factory.mktemp("home")
    collections = home / ".ansible" / "collections"
    (collections / "ansible_collections").mkdir(parents=True)
    shutil.copytree(pathlib.Path(os.environ["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections", "amazon"), collections / "ansible_collections" / "amazon")
    install(os.environ["ARTIFACT"], collections, pathlib.Path(sys.prefix), home)
    (home / ".aws").mkdir()
    profiles = {"administrator": (ADMINISTRATOR, "SecurityHubAdministrator"), "member": (DEVELOPMENT, "SecurityHubMember")}
    lines = [f"[profile {name}]\nrole_arn = arn:aws:iam::{account}:role/{role}\nsource_profile = default\n" for name, (account, role) in profiles.items()]
    (home / ".aws" / "config").write_text("".join(lines), encoding="utf-8")
    keys = f"[default]\naws_access_key_id = {facts['access_key']}\naws_secret_access_key = {facts['secret_key']}\n"
    (home / ".aws" / "credentials").write_text(keys, encoding="utf-8")
    (home / ".aws" / "credentials").chmod(0o600)
    return {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(pathlib.Path(sys.prefix) / "bin"), os.environ["PATH"]]),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "*",
        "AWS_ENDPOINT_URL": facts["url"],
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds(page, facts, folder, environment):
    control = Client(facts["url"])
    control.reset(seed=False)
    control.seed(PAGES[page])
    if page == "docs/emulator.md":
        environment = {**environment, **credentials_of(facts)}
    wanted = steps(page)
    assert [step for step in wanted if step[0] == "run"]
    for kind, *what in wanted:
        if kind == "write":
            (folder / what[0]).write_text(what[1], encoding="utf-8")
            continue
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": TIMEOUT}
        ended = subprocess.run(["bash", "-c", what[0]], cwd=folder, env=environment, check=False, **options)
        print(f"$ {what[0]}\n{ended.stdout}")
        assert ended.returncode == 0
        assert "WARNING]" not in ended.stdout


def test_each_page_with_a_command_is_followed():
    """But for those that are followed elsewhere."""
    pages = [path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]]
    assert {page for page in pages if any(step[0] == "run" for step in steps(page))} == set(PAGES) | NOT_FOLLOWED
