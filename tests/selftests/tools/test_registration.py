# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that is added by CONTRIBUTING's checklist is complete; with any step left out, the file that lacks it is named."""

from __future__ import annotations

import pathlib
import re
import shutil

import pytest
import registration
import shared_return

ROOT = pathlib.Path(__file__).parents[3]
MODULE, FILE = "securityhub_nonsense", "_nonsense"


def append(root, path, text):
    """Add to the end of a file."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text((place.read_text(encoding="utf-8") if place.exists() else "") + text, encoding="utf-8")


def insert(root, path, before, text):
    """Add in front of what stands in a file once."""
    place = root / path
    content = place.read_text(encoding="utf-8")
    assert content.count(before) == 1
    place.write_text(content.replace(before, text + before), encoding="utf-8")


def write_return(root):
    """As make fix does."""
    place = root / "plugins" / "modules" / f"{MODULE}.py"
    place.write_text(shared_return.mend(root, place.read_text(encoding="utf-8")), encoding="utf-8")


# Each step of the checklist but the module itself, by the file that lacks it when it is left out
STEPS = {
    f"plugins/modules/{MODULE}.py": write_return,
    f"plugins/action/{MODULE}.py": lambda root: shutil.copy(root / registration.MODEL, root / "plugins" / "action" / f"{MODULE}.py"),
    "meta/runtime.yml": lambda root: append(root, "meta/runtime.yml", f"    - {MODULE}\n"),
    "README.md": lambda root: insert(root, "README.md", "| `securityhub_hub` ", f"| `{MODULE}` | nonsense |\n"),
    "extensions/audit/event_query.yml": lambda root: append(root, "extensions/audit/event_query.yml", f"\ncloudsec.securityhub.{MODULE}:\n  query: .x\n"),
    "tests/functional/contract": lambda root: append(
        root, "tests/functional/contract/test_nonsense.py", f"from ansible_collections.cloudsec.securityhub.plugins.modules import {MODULE}\n"
    ),
    "tests/integration/targets": lambda root: append(root, f"tests/integration/targets/{MODULE}/tasks/main.yml", f"- cloudsec.securityhub.{MODULE}:\n"),
    "tests/functional/faults/cells.py": lambda root: append(root, "tests/functional/faults/cells.py", f'SCENARIOS["nonsense"] = Scenario("{MODULE}")\n'),
    "docs/architecture.md": lambda root: append(root, "docs/architecture.md", f"\n`{FILE}`\n"),
    "tests/mutants/mistakes.yml": lambda root: append(
        root, "tests/mutants/mistakes.yml", f"\n- file: plugins/module_utils/{FILE}.py\n  suite: unit\n  mistakes: []\n"
    ),
}


@pytest.fixture(name="checkout")
def _checkout(tmp_path):
    """A copy of this checkout with one more module in it."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("__pycache__", "output"))
    source = (root / "plugins" / "modules" / "securityhub_hub_info.py").read_text(encoding="utf-8")
    source = source.replace("securityhub_hub_info", MODULE).replace("_hub as hub", f"{FILE} as hub")
    own_return = re.sub(rf"{re.escape(shared_return.MARK)}.*?^\"\"\"$", '"""', source, flags=re.DOTALL | re.MULTILINE)
    (root / "plugins" / "modules" / f"{MODULE}.py").write_text(own_return, encoding="utf-8")
    shutil.copy(root / "plugins" / "module_utils" / "_hub.py", root / "plugins" / "module_utils" / f"{FILE}.py")
    return root


def test_the_checklist_is_complete(checkout):
    for step in STEPS.values():
        step(checkout)
    assert registration.missing(checkout, MODULE) == []


@pytest.mark.parametrize("left_out", STEPS)
def test_a_step_that_is_left_out_is_named(checkout, left_out):
    for path, step in STEPS.items():
        if path != left_out:
            step(checkout)
    [missing] = registration.missing(checkout, MODULE)
    assert missing.startswith(left_out)


def test_the_checklist_names_every_file():
    checklist = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("### Add a module")[2].partition("\n### ")[0]
    assert [path for path in STEPS if path.replace(MODULE, "securityhub_NAME") not in checklist] == []


def test_a_reason_that_is_missing_in_one_module_is_noticed(checkout):
    path = checkout / "plugins" / "modules" / "securityhub_member.py"
    path.write_text(path.read_text(encoding="utf-8").replace("V(hub_in_use), ", ""), encoding="utf-8")
    assert registration.missing(checkout, "securityhub_member") == ["plugins/modules/securityhub_member.py: the end of RETURN (make fix writes it)"]
