# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask for a changelog fragment where a change is one that users of a published version can notice.

The change is what differs from the merge base of HEAD and a commit. A version is published once a tag names it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

FOR_USERS = ("plugins", "playbooks", "meta/runtime.yml")


def git(*arguments: str) -> str:
    """What a git command prints. Raises CalledProcessError, and OSError where there is no git."""
    return subprocess.run(("git", *arguments), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout


def missing_fragment(base: str) -> tuple[bool, str]:
    """Whether a fragment is missing in what has changed since base, and why that is so or is not known."""
    if not base:
        return False, "skipped: no BASE to compare with"
    try:
        fork = git("merge-base", base, "HEAD").strip()
    except (OSError, subprocess.CalledProcessError) as error:
        return True, f"there is no merge base of HEAD and {base}: {getattr(error, 'stderr', None) or error}"
    if not git("tag", "--merged", fork, "--list", "v[0-9]*.*.*", "[0-9]*.*.*"):
        return False, "skipped: no version is published, as no tag names one"
    changed = git("diff", "--name-only", fork, "--", *FOR_USERS).split()
    added = git("diff", "--name-only", "--diff-filter=AM", fork, "--", "changelogs/fragments", "changelogs/changelog.yaml").split()
    if not changed or added:
        return False, f"{len(changed)} files for users have changed, described in {', '.join(added) or 'no fragment'}"
    return True, f"{', '.join(changed)} changed without a fragment in changelogs/fragments/ (its section is trivial where users notice nothing)"


def main() -> None:
    """Ends with an error where a fragment is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="a commit, branch or tag; empty for none")
    is_missing, why = missing_fragment(parser.parse_args().base)
    print(f"Changelog fragment: {why}")
    sys.exit(is_missing)


if __name__ == "__main__":
    main()
