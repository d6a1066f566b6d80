# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the collection to where Ansible and ansible-test expect it: .../ansible_collections/cloudsec/securityhub.

Only what changed is copied, and what was copied earlier and is gone is removed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess

LEFT_OUT_FOLDERS = (".git", ".ansible", "__pycache__", ".pytest_cache")


def files_of_git(source):
    """The files that git tracks or would track, or None where the source is no git checkout of its own."""

    def git(*arguments):
        return subprocess.run(("git", "-C", source, *arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout

    try:
        top = os.fsdecode(git("rev-parse", "--show-toplevel")).rstrip("\n")
        if not os.path.samefile(top, source):
            return None
        listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    except (OSError, subprocess.CalledProcessError):
        return None
    names = {os.fsdecode(name) for name in listed.split(b"\0") if name}
    return {name for name in names if os.path.isfile(os.path.join(source, name))}


def files_on_disk(source, build):
    """Every file but what is generated: for an unpacked archive."""
    names: set[str] = set()
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in LEFT_OUT_FOLDERS and os.path.join(folder, name) not in (build, os.path.join(source, "build"))]
        names.update(os.path.relpath(os.path.join(folder, name), source) for name in files if not name.endswith((".pyc", ".tar.gz")))
    return names


def is_same(one, other):
    try:
        there = os.lstat(other)
    except FileNotFoundError:
        return False
    here = os.lstat(one)
    return (here.st_size, here.st_mtime_ns, here.st_mode) == (there.st_size, there.st_mtime_ns, there.st_mode)


def copy(source, names, target):
    copied = 0
    for name in sorted(names):
        here, there = os.path.join(source, name), os.path.join(target, name)
        if not is_same(here, there):
            os.makedirs(os.path.dirname(there), exist_ok=True)
            if os.path.lexists(there):
                os.unlink(there)  # or a link would be written through
            shutil.copy2(here, there, follow_symlinks=False)
            copied += 1
    return copied


def remove(names, target):
    for name in names:
        there = os.path.join(target, name)
        if os.path.lexists(there):
            os.unlink(there)
        folder = os.path.dirname(there)
        # An empty folder would still be found as a role or a test target.
        while folder != target and os.path.isdir(folder) and set(os.listdir(folder)) <= {"__pycache__"}:
            shutil.rmtree(folder)
            folder = os.path.dirname(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", help="the folder for everything generated")
    args = parser.parse_args()

    source = os.path.abspath(".")
    build = os.path.abspath(args.build)
    target = os.path.join(build, "collections", "ansible_collections", "cloudsec", "securityhub")
    record = os.path.join(build, "staged.json")

    names = files_of_git(source)
    if names is None:
        names = files_on_disk(source, build)
    staged = []
    if os.path.exists(record):
        with open(record, encoding="utf-8") as stream:
            staged = json.load(stream)
    remove(set(staged) - names, target)
    copied = copy(source, names, target)
    with open(record, "w", encoding="utf-8") as stream:
        json.dump(sorted(names), stream)
    print(f"Staged {len(names)} files, {copied} of them changed")


if __name__ == "__main__":
    main()
