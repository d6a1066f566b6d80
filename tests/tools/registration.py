# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a module has to be known, as CONTRIBUTING's checklist "Add a module" says: which files lack it."""

from __future__ import annotations

import ast
import collections
import pathlib
import re
import sys

import module_list
import shared_return
import yaml

MODEL = "plugins/action/securityhub_invitation.py"


class Checkout:
    """The files of a checkout, by their paths in it."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root

    def text(self, path: str) -> str:
        """A file's text; empty where there is none."""
        place = self.root / path
        return place.read_text(encoding="utf-8") if place.is_file() else ""

    def any_has(self, pattern: str, text: str) -> bool:
        """Whether any of the files that match a pattern has a text."""
        return any(text in path.read_text(encoding="utf-8") for path in self.root.glob(pattern))

    def own_files(self, module: str) -> list[str]:
        """The files of module_utils that a module alone has, or its info module with it: its decisions."""
        users = collections.defaultdict(set)
        for name in module_list.names(self.root):
            for node in ast.walk(ast.parse(self.text(f"plugins/modules/{name}.py"))):
                if isinstance(node, ast.ImportFrom) and node.module and ".module_utils" in node.module:
                    below = node.module.partition(".module_utils")[2].strip(".")
                    for used in [below] if below else [alias.name for alias in node.names]:
                        users[used].add(name.removesuffix("_info"))
        return [used for used, names in users.items() if names == {module.removesuffix("_info")}]


def missing(root: pathlib.Path, module: str) -> list[str]:
    """The files that lack a module, each with what is missing in it."""
    checkout = Checkout(root)
    source = checkout.text(f"plugins/modules/{module}.py")
    runtime = yaml.safe_load(checkout.text("meta/runtime.yml"))
    overview = checkout.text("README.md").partition("## What is in it")[2].partition("\n## ")[0]
    reads_only = module.endswith("_info")
    audited = yaml.safe_load(checkout.text("extensions/audit/event_query.yml"))
    mistakes = {group["file"] for group in yaml.safe_load(checkout.text("tests/mutants/mistakes.yml"))}
    own = [f"plugins/module_utils/{name}.py" for name in checkout.own_files(module)]
    action = root / "plugins" / "action" / f"{module}.py"
    checks = {
        f"plugins/modules/{module}.py: the end of RETURN (make fix writes it)": shared_return.mend(root, source) == source,
        f"plugins/action/{module}.py: a copy of {MODEL}": action.is_file() and not action.is_symlink() and action.read_text() == checkout.text(MODEL),
        "meta/runtime.yml: the module in the action group": module in runtime["action_groups"]["aws"],
        "README.md: a row in What is in it": re.search(rf"^\| `{module}` ", overview, re.MULTILINE) is not None,
        "extensions/audit/event_query.yml: a query": reads_only or f"cloudsec.securityhub.{module}" in audited,
        "tests/functional/contract: a test that imports the module": checkout.any_has("tests/functional/contract/test_*.py", f"modules import {module}\n"),
        "tests/integration/targets: a task of the module": checkout.any_has("tests/integration/targets/*/tasks/*.yml", f"cloudsec.securityhub.{module}:\n"),
        "tests/functional/faults/cells.py: a scenario": f'"{module}"' in checkout.text("tests/functional/faults/cells.py"),
        **{f"docs/architecture.md: {pathlib.Path(path).stem}": pathlib.Path(path).stem in checkout.text("docs/architecture.md") for path in own},
        **{f"tests/mutants/mistakes.yml: mistakes in {path}": path in mistakes for path in own},
    }
    return [place for place, is_there in checks.items() if not is_there]


def main() -> None:
    """Print what is missing for all modules of this checkout."""
    found = [f"{module}: {place}" for module in module_list.names() for place in missing(module_list.ROOT, module)]
    print("\n".join(found) or "nothing is missing")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
