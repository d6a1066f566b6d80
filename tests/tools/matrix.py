# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run some gates on the built collection with each supported ansible-core, as users have it.

Each row has an environment of its own, made anew: the package "ansible", which brings ansible-core and amazon.aws, and the built
collection, installed by ansible-galaxy. Only the tests come from the checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import NamedTuple

from find_pythons import find_pythons
from installed import install

TOOLS = pathlib.Path(__file__).parent
REQUIREMENTS = TOOLS.parent / "requirements"
OLDEST_BOTO3 = "1.35.0"
# What tests are, beside the collection
OF_THE_TESTS = ("tests", "pyproject.toml", "galaxy.yml")


class Row(NamedTuple):
    """What users have together. The releases of ansible are the last of their ansible-core and their amazon.aws."""

    ansible: str
    core: str
    amazon_aws: str
    python: str
    boto3: str | None = None  # None: that of the lock, or with LOCKED=no the newest

    @property
    def name(self):
        """In one word, also a folder's."""
        return f"ansible-{self.ansible}-boto3-{self.boto3 or 'newest'}"


ROWS = (
    Row("10.7.0", "2.17", "8.2.1", "3.10", OLDEST_BOTO3),
    Row("10.7.0", "2.17", "8.2.1", "3.12"),
    Row("11.13.0", "2.18", "9.5.2", "3.11"),
    Row("12.3.0", "2.19", "10.1.2", "3.13"),
    Row("13.8.0", "2.20", "10.3.2", "3.12"),
    Row("14.5.0", "2.21", "11.4.0", "3.12", OLDEST_BOTO3),
    Row("14.5.0", "2.21", "11.4.0", "3.13"),
)


def there(venv):
    """The ansible-core, without its patch, and the amazon.aws that a virtual environment has. Raises CalledProcessError."""
    ask = (
        "import importlib.metadata, json, sysconfig;"
        "manifest = open(sysconfig.get_path('purelib') + '/ansible_collections/amazon/aws/MANIFEST.json');"
        "print(json.dumps([importlib.metadata.version('ansible-core').rpartition('.')[0], json.load(manifest)['collection_info']['version']]))"
    )
    return json.loads(subprocess.run([str(venv / "bin" / "python"), "-c", ask], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout)


def prepare(row, python, folder, artifact, kind):
    """Make a row's environment. Raises CalledProcessError, or ValueError if it is not what the row says."""
    shutil.rmtree(folder, ignore_errors=True)
    venv, home, collections = folder / "venv-run", folder / "home", folder / "collections"
    folder.mkdir(parents=True)
    subprocess.run([python, str(TOOLS / "make_venv.py"), str(venv), str(REQUIREMENTS / f"run.{kind}")], stdin=subprocess.DEVNULL, check=True)
    packages = [f"ansible=={row.ansible}", *([f"{name}=={row.boto3}" for name in ("boto3", "botocore")] if row.boto3 else [])]
    print(f"Installing {' '.join(packages)}", flush=True)
    # pip's resolver looks at the new packages only: nothing here runs awscli, which asks for another botocore
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:", *packages]
    subprocess.run(pip, stdin=subprocess.DEVNULL, check=True)
    found = there(venv)
    if found != [row.core, row.amazon_aws]:
        raise ValueError(f"there are ansible-core and amazon.aws {found}")
    subprocess.run([sys.executable, str(TOOLS / "make_home.py"), str(home)], stdin=subprocess.DEVNULL, check=True)
    install(artifact, collections, venv, home)
    place = collections / "ansible_collections" / "cloudsec" / "securityhub"
    for name in OF_THE_TESTS:
        if os.path.isdir(name):
            shutil.copytree(name, place / name, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(name, place / name)


def run(row, python, args):
    """Prepare a row and run the gates in it; what came of it, in a word."""
    print(f"\n########## {row.name}, Python {row.python} ##########", flush=True)
    folder = pathlib.Path(args.build).resolve() / "matrix" / row.name
    try:
        prepare(row, python, folder, args.artifact, args.kind)
    except (subprocess.CalledProcessError, ValueError) as failed:
        return f"FAILED to be prepared: {failed}"
    # Not as options: the gates' own make finds them in the environment
    environment = dict(os.environ, MAKEFLAGS="", ARGS="", PREPARED="yes", ALL="yes", PYTHON=python, BUILD=str(folder))
    gates = [sys.executable, str(TOOLS / "gates.py"), args.make, *args.gates]
    if subprocess.run(gates, env=environment, stdin=subprocess.DEVNULL, check=False).returncode:
        return f"FAILED, see {folder}"
    shutil.rmtree(folder)
    return "passed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("make", help="the make that runs a gate")
    parser.add_argument("build", help="the folder for everything generated")
    parser.add_argument("artifact", help="the built collection")
    parser.add_argument("kind", choices=["txt", "in"], help="of the lists of requirements")
    parser.add_argument("gates", nargs="+", metavar="gate")
    parser.add_argument("--only", default="", help="only rows that have this in their name")
    args = parser.parse_args()

    pythons = find_pythons()
    outcomes = {}
    for row in ROWS:
        if args.only not in row.name:
            outcomes[row] = "not asked for"
        elif row.python in pythons:
            outcomes[row] = run(row, pythons[row.python], args)
        else:
            outcomes[row] = "skipped: no such Python, with venv and ensurepip, was found here"

    print("\n########## matrix ##########")
    print(f"{'ansible':9}{'core':6}{'amazon.aws':12}{'Python':8}{'boto3':8}")
    for row, outcome in outcomes.items():
        print(f"{row.ansible:9}{row.core:6}{row.amazon_aws:12}{row.python:8}{row.boto3 or 'newest':8}{outcome}")
    sys.exit(1 if any(outcome.startswith("FAILED") for outcome in outcomes.values()) else 0)


if __name__ == "__main__":
    main()
