# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-builder finds in the installed collection suffices to run it. An image is not built."""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import re
import subprocess
import sys
import venv
from typing import Any

import yaml
from emulator_fixtures import REGIONS

from .conftest import environment

BIN = pathlib.Path(sys.prefix) / "bin"
MEMBER, ADMINISTRATOR = "200000000001", "111111111111"
PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "cloudsec.securityhub.securityhub_invitation": {
                    "administrator_id": ADMINISTRATOR,
                    "regions": REGIONS,
                    "assume_role_arn": f"arn:aws:iam::{MEMBER}:role/SecurityHubMember",
                }
            }
        ],
    }
]


def run(*command, **options):
    """Run a command that has to succeed; what it has printed."""
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    ended = subprocess.run(list(map(str, command)), text=True, check=False, **streams, **options)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_the_python_packages_that_it_finds_suffice(aws, collections, credentials, tmp_path):
    requirements = tmp_path / "requirements.txt"
    run(BIN / "ansible-builder", "introspect", collections, "--write-pip", requirements)
    assert "from collection cloudsec.securityhub" in requirements.read_text(encoding="utf-8")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--only-binary", ":all:")
    run(python, *pip, f"ansible-core=={importlib.metadata.version('ansible-core')}", "-r", requirements)
    aws.seed(hubs=[MEMBER], invitations=[{"account_id": MEMBER, "administrators": [ADMINISTRATOR], "regions": REGIONS}])
    play = tmp_path / "play.yml"
    play.write_text(json.dumps(PLAY), encoding="utf-8")
    settings = environment(tmp_path, python.parent, ANSIBLE_COLLECTIONS_PATH=str(collections), **credentials)
    assert "changed=1" in run(python.parent / "ansible-playbook", "-i", "localhost,", "-c", "local", play, env=settings)
    assert all(aws.state(MEMBER, region)["administrator"]["AccountId"] == ADMINISTRATOR for region in REGIONS)


def test_the_definition_in_the_guide_makes_a_context(place, tmp_path):
    guide = (place / "docs" / "large_inventories.md").read_text(encoding="utf-8")
    [definition] = re.findall(r"^```yaml\n(# execution-environment.yml\n.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    (tmp_path / "execution-environment.yml").write_text(definition.replace("YOUR_BASE_IMAGE:TAG", "localhost/base:1"), encoding="utf-8")
    context = tmp_path / "context"
    run(BIN / "ansible-builder", "create", "-c", context, "--output-filename", "Containerfile", cwd=tmp_path)
    assert "localhost/base:1" in (context / "Containerfile").read_text(encoding="utf-8")
    assert yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8")) == {"collections": ["cloudsec.securityhub"]}


def test_a_context_made_of_it_has_all_that_it_needs(place, tmp_path):
    context = tmp_path / "context"
    run(BIN / "ansible-builder", "create", "-f", place / "meta" / "execution-environment.yml", "-c", context, "--output-filename", "Containerfile")
    packages = (context / "_build" / "requirements.txt").read_text(encoding="utf-8")
    assert "boto3>=1.35.0" in packages and "botocore>=1.35.0" in packages
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))["collections"]
    dependencies = json.loads((place / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["dependencies"]
    assert {collection["name"]: collection.get("version") for collection in wanted} == {**dependencies, "cloudsec.securityhub": None}
    assert "ansible-galaxy collection install" in (context / "Containerfile").read_text(encoding="utf-8")
