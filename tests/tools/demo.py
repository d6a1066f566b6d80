# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the collection at work, step by step, with the files of tests/demo against an emulator of AWS."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import textwrap
import time

from emulator_process import credentials_of
from emulator_process import running_emulator

DEMO = os.path.join("tests", "demo")
OTHER_ADMINISTRATOR = "999999999999"  # the emulator enables its hub; that of the demonstration's own is still to be enabled
FAILED_HOSTS = 2  # ansible-playbook's exit code where a task failed

# What one is about to see, the command, and its exit code.
STEPS = [
    (
        "Hubs",
        "Security Hub CSPM must be on before anybody can be invited. It is enabled in the administrator 111111111111 and in five of six accounts, "
        "in three regions each. Every account is reached by assuming a role in it.",
        "ansible-playbook -i accounts.yml hubs.yml",
        0,
    ),
    (
        "Invitations",
        "The administrator invites all six, in three regions, with one task.",
        "ansible-playbook -i accounts.yml invite.yml",
        0,
    ),
    (
        "Who is pending",
        "The inventory plugin asks the administrator. All six are in the group securityhub_invited.",
        "ansible-inventory -i administrator.securityhub_members.yml --graph",
        0,
    ),
    (
        "Acceptance",
        "Five accounts accept in three regions each, all at the same time.",
        "ansible-playbook -i accounts.yml accept.yml --limit '!laboratory'",
        0,
    ),
    (
        "The same again",
        "Nothing is left to do: changed=0 everywhere.",
        "ansible-playbook -i accounts.yml accept.yml --limit '!laboratory'",
        0,
    ),
    (
        "A failure",
        "In the sixth account Security Hub CSPM is off. The task fails, and says why: error.reason is for programs, msg for people.",
        'ansible-playbook -i accounts.yml accept.yml --limit laboratory -e \'{"regions": ["eu-west-1"]}\'',
        FAILED_HOSTS,
    ),
    (
        "Onboarding",
        "The collection's own playbook does all of it in one run. It enables the hub that was off, takes in a seventh account, "
        "lets the other five be, and sums up.",
        "ansible-playbook cloudsec.securityhub.onboard -e @onboarding.yml",
        0,
    ),
    (
        "The next day",
        "The same command finds nothing to do: changed=0.",
        "ansible-playbook cloudsec.securityhub.onboard -e @onboarding.yml",
        0,
    ),
    (
        "Who is a member",
        "The administrator sees all seven as enabled now.",
        "ansible-inventory -i administrator.securityhub_members.yml --graph",
        0,
    ),
    (
        "Meanwhile",
        "Somebody lets an account leave in one region, and a stranger invites two others, one of which accepts.",
        "ansible-playbook meanwhile.yml",
        0,
    ),
    (
        "What is covered",
        "Another playbook of the collection asks the administrator and each account, writes nothing at AWS, and makes a page of what it finds.",
        "ansible-playbook cloudsec.securityhub.coverage -e @onboarding.yml -e securityhub_report={output}/coverage",
        0,
    ),
]


def show(number, title, about, command):
    print(f"\n{'=' * 79}\n{number}. {title}\n", flush=True)
    print(textwrap.fill(about, 79))
    print(f"\n$ {command}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, help="the folder for the emulator's files")
    args = parser.parse_args()

    os.makedirs(args.output, exist_ok=True)
    started = time.monotonic()
    print("Starting an emulator of AWS Security Hub CSPM on this machine. Nothing goes to AWS.")
    with running_emulator(args.output, ["--administrator", OTHER_ADMINISTRATOR]) as emulator:
        environment = {**os.environ, "ANSIBLE_CONFIG": "ansible.cfg", **credentials_of(emulator)}
        for number, (title, about, command, expected) in enumerate(STEPS, 1):
            command = command.replace("{output}", shlex.quote(os.path.relpath(args.output, DEMO)))
            show(number, title, about, command)
            ended = subprocess.run(shlex.split(command), cwd=DEMO, env=environment, stdin=subprocess.DEVNULL, check=False)
            if ended.returncode != expected:
                print(f"\nThat should have ended with exit code {expected}, not {ended.returncode}.", file=sys.stderr)
                return 1
    print(f"\n{'=' * 79}\nThe emulator is stopped. The files of this demonstration are in {DEMO}. It took {time.monotonic() - started:.0f} s.")
    print(f"Open the page in a browser: {os.path.join(args.output, 'coverage', 'index.html')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
