# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what the RETURN of every module ends with: the error with all reasons, and the message. The reasons are those of _errors.py."""

from __future__ import annotations

import argparse
import ast
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).parents[2]
MARK = "# Written by make fix (tests/tools/shared_return.py)\n"
WIDTH = 144

LEFT_OUT = """\
regions_left_out:
  description: The regions that the account has enabled but that were not asked, since botocore knows that they lack Security Hub CSPM.
  returned: with O(regions=all)
  type: list
  elements: str
  sample: []
"""
ERROR = """\
error:
  description: {error}
  returned: on failure
  type: dict
  contains:
    reason:
      description:
        - A word that stays the same across releases, for C(rescue) and C(failed_when).
{reasons}
      type: str
      sample: hub_not_enabled
    message:
      description:
        - What failed, in which account and region, and what to do about it.
{message}      type: str
      sample: >-
        GetAdministratorAccount failed in account 444455556666, region eu-central-1: InvalidAccessException: Account 444455556666 is not
        subscribed to AWS Security Hub. Enable Security Hub CSPM there first, then rerun the task; the unified AWS Security Hub is a
        separate service.
    code: {{type: str, description: AWS's error code. V(null) where AWS did not answer or did not fail.}}
    aws_message: {{type: str, description: "AWS's own message. V(null) where RV(error.message) contains it, or where AWS sent none."}}
    operation: {{type: str, description: The AWS operation that failed.}}
    http_status: {{type: int, description: The HTTP status of AWS's response.}}
    request_id: {{type: str, description: "AWS's ID of the request, for its support."}}
msg:
  description: {msg}
  returned: on failure
  type: str
"""
SEVERAL = {
    "error": "The error of the first region that failed, or of the task where no region was asked.",
    "message": """\
        - Where several regions failed alike, RV(regions[].error) has the whole message for the first of them only. For the others it
          names that one, as in C(As in region eu-central-1).
""",
    "msg": "The error's message. With several regions, how many of them failed, and a line for each or for those that failed alike.",
}
ONE = {"error": "What failed.", "message": "", "msg": "The error's message."}


def reasons(root: pathlib.Path) -> list[str]:
    """The reasons in the order of _errors.py, read from its source."""
    tree = ast.parse((root / "plugins" / "module_utils" / "_errors.py").read_text(encoding="utf-8"))
    values = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if isinstance(node.value, ast.Constant):
                values[name] = node.value.value
            if name == "ADVICE" and isinstance(node.value, ast.Dict):
                return [str(values[key.id]) for key in node.value.keys if isinstance(key, ast.Name)]
    raise ValueError("_errors.py has no ADVICE")


def shared_return(root: pathlib.Path, is_of_one_region: bool) -> str:
    """The end of the RETURN of a module that acts in several regions, or in one only."""
    words = f"One of {', '.join(f'V({reason})' for reason in reasons(root))}."
    listed = textwrap.fill(words, WIDTH, initial_indent=" " * 8 + "- ", subsequent_indent=" " * 10, break_long_words=False)
    return MARK + ("" if is_of_one_region else LEFT_OUT) + ERROR.format(reasons=listed, **(ONE if is_of_one_region else SEVERAL))


def mend(root: pathlib.Path, source: str) -> str:
    """A module's source with the end of its RETURN as it should be."""
    found = re.search(r'^RETURN = r"""\n(.*?)^"""$', source, re.DOTALL | re.MULTILINE)
    if not found:
        return source
    own = found[1].split(MARK)[0]
    return source[: found.start(1)] + own + shared_return(root, "one_region_spec(" in source) + source[found.end(1) :]


def main() -> None:
    """Write all modules that differ."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        mended = mend(ROOT, source)
        if mended != source:
            path.write_text(mended, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: the end of RETURN is written anew")


if __name__ == "__main__":
    main()
