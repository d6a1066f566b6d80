# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module is complete: its action plugin, its place in the action group, its tests. Its row in the README is test_documentation's."""

from __future__ import annotations

import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
ACTIONS = ROOT / "plugins" / "action"


def test_there_are_modules():
    assert "securityhub_invitation" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_action_plugin(module):
    """All are the same. A symbolic link would be taken for an alias of its module by ansible-doc and all documentation made from it."""
    action = ACTIONS / f"{module}.py"
    assert not action.is_symlink()
    assert action.read_bytes() == (ACTIONS / "securityhub_invitation.py").read_bytes()


def test_no_action_plugin_is_without_a_module():
    """A private one, which acts on the controller alone, has its documentation in a file of the module's name."""
    private = [path.stem for path in (ROOT / "plugins" / "modules").glob("_*.yml")]
    assert sorted(path.stem for path in ACTIONS.iterdir() if path.suffix == ".py") == sorted(private + MODULES)


def test_the_action_group_has_just_the_modules():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"] == {"aws": MODULES}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("folder", "pattern", "mention"),
    [("functional/contract", "test_*.py", "modules import {}\n"), ("integration/targets", "*/tasks/*.yml", "cloudsec.securityhub.{}:\n")],
)
def test_a_module_has_its_tests(module, folder, pattern, mention):
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / folder).glob(pattern)]
    assert any(mention.format(module) in text for text in texts)
