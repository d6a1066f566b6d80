# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of the collection, as they are in plugins/modules: what tests are run for each of them."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

ROOT = pathlib.Path(__file__).parents[2]
# WANTED and OTHER of the contract tests
ADMINISTRATOR, MEMBER = "111111111111", "222222222222"
# Of options that a task must have
_VALUES = {"administrator_id": ADMINISTRATOR, "members": [{"account_id": MEMBER}]}


def names(root: pathlib.Path = ROOT) -> list[str]:
    """The names of all modules."""
    return sorted(path.stem for path in (root / "plugins" / "modules").glob("*.py"))


def load(name: str) -> t.Any:
    """A module by its name."""
    return importlib.import_module(f"ansible_collections.cloudsec.securityhub.plugins.modules.{name}")


def acts_in_one_region(module: t.Any) -> bool:
    """Whether a module takes one region only: it has region beside regions, which it refuses."""
    return not module.SPEC["mutually_exclusive"]


def smallest_task(module: t.Any) -> dict[str, t.Any]:
    """The options of a task that needs nothing to be there: it takes away, where the module can, and has no more options than it must."""
    spec = module.SPEC["argument_spec"]
    options = {name: _VALUES[name] for name, option in spec.items() if option.get("required")}
    return {**options, "state": "absent"} if "absent" in spec.get("state", {}).get("choices", ()) else options
