# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller without the collection that this one is built on: the task fails and says what to install, and the run goes on."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _direct as direct

COLLECTION = pathlib.Path(__file__).parents[3]
PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Look",
                "cloudsec.securityhub.securityhub_hub_info": {"region": "eu-west-1"},
                "vars": {direct.SWITCH: "{{ item }}"},
                "loop": [True, False],
                "ignore_errors": True,
                "register": "looked",
            },
            {"name": "Go on", "ansible.builtin.debug": {"msg": "{{ looked.results | map(attribute='msg') }}"}},
        ],
    }
]


def amazon_aws_at(version):
    """What a release of amazon.aws has at least: its version. None: no amazon.aws."""
    return {} if version is None else {"plugins/module_utils/common.py": f'AMAZON_AWS_COLLECTION_VERSION = "{version}"\n'}


@pytest.mark.parametrize("version, says", [(None, "not there"), ("7.6.1", "only 7.6.1")], ids=["missing", "too old"])
def test_amazon_aws(tmp_path, version, says):
    """Nothing but this collection, or with an amazon.aws that is too old, whichever way the task would run."""
    if version is None and importlib.util.find_spec("ansible_collections.ansible_release"):
        pytest.skip("The package ansible is installed, which has amazon.aws.")
    collections = tmp_path / "collections" / "ansible_collections"
    (collections / "cloudsec").mkdir(parents=True)
    (collections / "cloudsec" / "securityhub").symlink_to(COLLECTION)
    for name, content in amazon_aws_at(version).items():
        path = collections / "amazon" / "aws" / name
        path.parent.mkdir(parents=True)
        path.write_text(content, encoding="utf-8")
    play = tmp_path / "play.yml"
    play.write_text(json.dumps(PLAY), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"), "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
    environment.pop("PYTHONPATH", None)
    ended = subprocess.run(["ansible-playbook", str(play)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    went_on = ended.stdout.partition("TASK [Go on]")[2]
    assert went_on.count("ansible-galaxy collection install") == 2
    assert went_on.count("amazon.aws") == 4 and went_on.count(says) == 2


def test_the_version_asked_for_is_the_one_that_galaxy_installs():
    """There is one oldest release, said in two places."""
    galaxy = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["dependencies"]["amazon.aws"].startswith(f">={direct.MINIMUM_AMAZON_AWS},")
