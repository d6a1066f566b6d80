# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare what rulebooks run in: an environment with ansible-rulebook, and a home with this collection as ansible-galaxy installs it.

Writes environment.json into the folder: "bin" and "home", or "missing" with what this machine lacks.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from find_pythons import find_pythons
from installed import install

OLDEST_PYTHON = (3, 12)
OLDEST_JAVA = 17
TOOLS = pathlib.Path(__file__).parent
REQUIREMENTS = TOOLS.parent / "requirements"


def find_java():
    """The major version of this machine's Java, 0 where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = (shutil.which("java", path=os.path.join(home, "bin")) if home else None) or shutil.which("java")
    if not java:
        return 0
    answer = subprocess.run([java, "-version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    version = re.search(r'version "(\d+)', answer.stdout)
    return int(version[1]) if version else 0


def find_python():
    """The path of the oldest Python here that is new enough, or None."""
    return next((path for version, path in find_pythons().items() if tuple(map(int, version.split("."))) >= OLDEST_PYTHON), None)


def make_environment(folder, python, kind):
    """Make the virtual environment and fetch amazon.aws, unless both are there as the lists of requirements want them."""
    lists = [REQUIREMENTS / f"{name}.{kind}" for name in ("events", "amazon_aws")]
    made_of = "\n".join([python, *(path.read_text(encoding="utf-8") for path in lists)])
    stamp = folder / "made_of"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_of:
        return
    stamp.unlink(missing_ok=True)
    venv, collections = folder / "venv", folder / "amazon_aws"
    subprocess.run([python, str(TOOLS / "make_venv.py"), str(venv), str(lists[0])], stdin=subprocess.DEVNULL, check=True)
    subprocess.run([str(venv / "bin" / "python"), str(TOOLS / "fetch_amazon_aws.py"), str(collections), str(lists[1])], stdin=subprocess.DEVNULL, check=True)
    stamp.write_text(made_of, encoding="utf-8")


def install_collections(folder, artifact):
    """A home where this collection is installed as by ansible-galaxy, and amazon.aws beside it."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    collections = home / ".ansible" / "collections"
    install(artifact, collections, folder / "venv", home, "--no-deps")
    os.symlink(folder / "amazon_aws" / "ansible_collections" / "amazon", collections / "ansible_collections" / "amazon")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("artifact", help="the built collection")
    parser.add_argument("kind", choices=["txt", "in"], help="of the lists of requirements")
    args = parser.parse_args()

    folder = pathlib.Path(args.folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python, java = find_python(), find_java()
    told = {"bin": str(folder / "venv" / "bin"), "home": str(folder / "home")}
    if not python:
        told = {"missing": "Rulebooks need Python 3.12 or later, with venv and ensurepip. Install one, as with pyenv."}
    elif java < OLDEST_JAVA:
        told = {"missing": "Rulebooks need Java 17 or later. Install it: apt-get install default-jre-headless"}
    else:
        make_environment(folder, python, args.kind)
        install_collections(folder, args.artifact)
    (folder / "environment.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"The rulebooks' environment could not be made (the words of pip or ansible-galaxy are above): exit code {failed.returncode}")
