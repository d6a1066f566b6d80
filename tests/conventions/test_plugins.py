# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module is complete, wherever CONTRIBUTING's checklist "Add a module" says that it has to be known."""

from __future__ import annotations

import pathlib

import module_list
import pytest
import registration
import yaml
from functional.faults.cells import SCENARIOS

ROOT = pathlib.Path(__file__).parents[2]
MODULES = module_list.names(ROOT)
ACTIONS = ROOT / "plugins" / "action"


def test_there_are_modules():
    assert "securityhub_invitation" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_complete(module):
    """Each file that lacks it is named.

    The action plugins are copies, each with the name of its module. One file for all by plugin_routing would do, but Ansible then gives
    module_defaults of one module to all that are routed to it; and ansible-doc takes a symbolic link for an alias of the module.
    """
    missing = registration.missing(ROOT, module)
    assert not missing, "\n".join(["what is missing:", *missing])


@pytest.mark.parametrize("module", MODULES)
def test_the_readme_names_the_permissions_that_a_module_needs(module):
    permissions = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Permissions")[2].partition("\n## ")[0]
    calls = {call for scenario in SCENARIOS.values() if scenario.module == module for call in (*scenario.reads, *scenario.writes)}
    assert calls and not {call for call in calls if f":{call}" not in permissions}


def test_no_action_plugin_is_without_a_module():
    """A private one, which acts on the controller alone, has its documentation in a file of the module's name."""
    private = [path.stem for path in (ROOT / "plugins" / "modules").glob("_*.yml")]
    assert sorted(path.stem for path in ACTIONS.iterdir() if path.suffix == ".py") == sorted(private + MODULES)


def test_the_action_group_has_no_more_than_the_modules():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"] == {"aws": MODULES}


@pytest.mark.parametrize("folder", ["module_utils", "plugin_utils"])
def test_the_architecture_has_every_private_file(folder):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted((ROOT / "plugins" / folder).glob("_*.*")) if f"{path.stem}" not in page] == []
