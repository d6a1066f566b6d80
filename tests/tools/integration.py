# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the integration targets with the real ansible-playbook, each against an emulator of its own.

A target is a folder in tests/integration/targets: a role, or a script runme.sh. It gets the variables
emulator_url (the address), emulator (all that the emulator says of itself), amazon_aws (what amazon_aws() says of that collection) and
output_dir (a folder for its files);
a script gets the first and last as EMULATOR_URL and OUTPUT_DIR, and all of them in the file that EMULATOR_VARS names.
Every target runs twice, with direct execution and without. Words in its aliases file change that:
both_ways: it compares the two itself, and runs once.
directly: it runs once, since what it tests is the same either way.
directly_unless_all: so does this, unless it is named or --all is given. It takes long, and what it tests is almost the same either way.
halves: it runs directly in two halves at once, since it would be the last to end; it gets the variable half, 0 or 1.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

from emulator_process import running_emulator

TARGETS = os.path.abspath(os.path.join("tests", "integration", "targets"))
CONFIG = os.path.abspath(os.path.join("tests", "integration", "ansible.cfg"))
TARGET_TIMEOUT = 900
# How Ansible says that a release to come will not do what this one does
DEPRECATION = re.compile(r"\[DEPRECATION WARNING\]: (.*)")
# What ansible-core from 2.20 on says of amazon.aws before 11, with the sentence that comes before the first deprecation
OLD_IMPORT = "ansible.module_utils._text"
OF_AN_OLD_IMPORT = rf"Importing '\w+' from '{re.escape(OLD_IMPORT)}' is deprecated|Deprecation warnings can be disabled"
NOTHING = "(?!)"
SWITCH = "cloudsec_securityhub_direct_execution"
# What the emulator was called, as a variable: a module that asks for it would take longer than many a task that it is about
CALLS = "{{ lookup('ansible.builtin.url', emulator_url ~ '/_emulator/calls', split_lines=false, use_proxy=false) | from_json }}"
WAYS: dict[str, dict[str, object]] = {"directly": {SWITCH: True}, "as modules": {SWITCH: False}}


class Result:
    """How one target went: its log is kept for the reader of a failure."""

    def __init__(self, target, failure, seconds, log):
        self.target = target
        self.failure = failure
        self.seconds = seconds
        self.log = log


def aliases(target):
    """The words in the target's aliases file."""
    path = os.path.join(TARGETS, target, "aliases")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as stream:
        return {line.split("#")[0].strip() for line in stream} - {""}


def find_targets(wanted):
    """Names of the targets to run; says which ones it leaves out."""
    there = sorted(name for name in os.listdir(TARGETS) if os.path.isdir(os.path.join(TARGETS, name))) if os.path.isdir(TARGETS) else []
    unknown = set(wanted) - set(there)
    if unknown:
        sys.exit(f"No such target: {', '.join(sorted(unknown))}. There are: {', '.join(there) or 'none'}")
    if wanted:
        return wanted
    chosen = []
    for target in there:
        left_out = aliases(target) & {"disabled", "unsupported", "hidden"}
        if left_out:
            print(f"{target}: left out, its aliases say {', '.join(sorted(left_out))}", flush=True)
        else:
            chosen.append(target)
    return chosen


def ways_of(target, only=None, everything=False):
    """How a target runs: a word for each way, and the variables that choose it.

    only: the one way that is wanted, if the target has it. everything: also those that take long and tell little.
    """
    words = aliases(target)
    if "both_ways" in words:
        return {"both ways": {}}
    if "directly" in words or ("directly_unless_all" in words and not (everything or only)):
        only = "directly"
    ways = {way: variables for way, variables in WAYS.items() if only in (None, way)}
    if "halves" in words and "directly" in ways:
        whole = ways.pop("directly")
        ways.update({f"directly, half {half + 1}": dict(whole, half=half) for half in (0, 1)})
    return ways


def write_json(path, content):
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2)
    return path


def command_for(target, folder, variables, arguments):
    """The command that runs a target, and the folder to run it in."""
    script = os.path.join(TARGETS, target, "runme.sh")
    if os.path.exists(script):
        return [script, *arguments], os.path.dirname(script)
    play = {"name": f"Target {target}", "hosts": "localhost", "gather_facts": False, "roles": [target]}
    playbook = write_json(os.path.join(folder, "playbook.yml"), [play])
    inventory = {"all": {"hosts": {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}}}}
    inventory_file = write_json(os.path.join(folder, "inventory.yml"), inventory)
    return ["ansible-playbook", "-i", inventory_file, "-e", "@" + variables, playbook, *arguments], folder


def amazon_aws():
    """The collection amazon.aws that Ansible finds: its version, and warns, a pattern of what Ansible says of that collection's own code."""
    command = ["ansible-galaxy", "collection", "list", "amazon.aws", "--format", "json"]
    found = json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout)
    place, version = next((place, collections["amazon.aws"]["version"]) for place, collections in found.items())
    code = pathlib.Path(place, "amazon", "aws", "plugins", "module_utils", "botocore.py").read_text(encoding="utf-8")
    return {"version": version, "warns": OF_AN_OLD_IMPORT if OLD_IMPORT in code else NOTHING}


def is_deprecated(log, more):
    """Whether a log says so of anything but amazon.aws's own code."""
    said = DEPRECATION.findall(pathlib.Path(log).read_text(encoding="utf-8", errors="replace"))
    return any(not re.match(more["amazon_aws"]["warns"], line) for line in said)


def run_target(target, way, output, arguments, more):
    folder = os.path.join(output, "-".join([target, *way.split()]))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "output"))
    log = os.path.join(folder, "output.log")
    started = time.monotonic()
    failure = None
    try:
        with running_emulator(folder) as emulator, open(log, "wb") as stream:
            output_dir = os.path.join(folder, "output")
            facts = {
                "emulator_url": emulator["url"],
                "emulator": emulator,
                "emulator_calls": CALLS,
                "output_dir": output_dir,
                **more,
                **ways_of(target, everything=True)[way],
            }
            variables = write_json(os.path.join(folder, "variables.json"), facts)
            command, place = command_for(target, folder, variables, arguments)
            environment = dict(
                os.environ,
                ANSIBLE_CONFIG=CONFIG,
                ANSIBLE_ROLES_PATH=TARGETS,
                EMULATOR_URL=emulator["url"],
                EMULATOR_VARS=variables,
                OUTPUT_DIR=output_dir,
            )
            ended = subprocess.run(
                command, cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, timeout=TARGET_TIMEOUT, check=False
            )
        if ended.returncode:
            failure = f"exit code {ended.returncode}"
        elif is_deprecated(log, more):
            failure = "something is deprecated"
    except subprocess.TimeoutExpired:
        failure = f"not done after {TARGET_TIMEOUT} seconds"
    except (OSError, RuntimeError) as error:
        failure = str(error)
    return Result(f"{target}, {way}", failure, time.monotonic() - started, log)


def show(result):
    if result.failure and os.path.exists(result.log):
        with open(result.log, encoding="utf-8", errors="replace") as stream:
            print(stream.read())
    print(f"{result.target}: {'FAILED, ' + result.failure if result.failure else 'passed'} ({result.seconds:.1f} s)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="the targets to run; none named: all")
    parser.add_argument("--output", required=True, help="the folder for logs and what targets write")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="how many targets at once; they wait half of their time")
    parser.add_argument("--way", choices=WAYS, help="run only this way")
    parser.add_argument("--all", action="store_true", help="also what takes long and tells little, which runs otherwise if it is named")
    parser.add_argument("--arguments", default="", help="further words for ansible-playbook, in one string")
    args = parser.parse_args()

    targets = find_targets(args.targets)
    if not targets:
        sys.exit(f"There is no target in {TARGETS}.")
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        arguments = os.path.abspath(args.output), shlex.split(args.arguments), {"amazon_aws": amazon_aws()}
        runs = [pool.submit(run_target, target, way, *arguments) for target in targets for way in ways_of(target, args.way, args.all or bool(args.targets))]
        results = []
        for run in concurrent.futures.as_completed(runs):
            results.append(run.result())
            show(run.result())
    failed = [result.target for result in results if result.failure]
    counts = [f"{len(failed)} failed"] * bool(failed) + [f"{len(results) - len(failed)} passed"]
    print(f"===== {', '.join(counts)} in {time.monotonic() - started:.2f}s =====")
    sys.exit("Failed: " + "; ".join(sorted(failed)) if failed else 0)


if __name__ == "__main__":
    main()
