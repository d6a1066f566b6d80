# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module's function without Ansible: one process for each core, which lives on, and in it as many accounts at once as a play has forks.

What this takes is what the calls take; what a play takes beyond it, and beyond a debug task on as many hosts, is the collection's.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client as client
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_task
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation


def accept(accounts: list[str], options: dict, at_once: int) -> list[dict]:
    """The results of accepting in the accounts, some at once."""
    spec = {name: value for name, value in securityhub_invitation.SPEC.items() if name != "supports_check_mode"}
    validator = ArgumentSpecValidator(**spec)

    def accept_in(account: str) -> dict:
        given = {**options, "assume_role_arn": f"arn:aws:iam::{account}:role/SecurityHubMember"}
        validated = validator.validate(given)
        if validated.error_messages:
            raise ValueError(validated.error_messages)
        return run_task(securityhub_invitation.run, validated.validated_parameters, check_mode=False)

    with ThreadPoolExecutor(at_once) as executor:
        return list(executor.map(accept_in, accounts))


def main() -> None:
    """Accept in all accounts and regions; ends with an error if any of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--administrator", required=True)
    parser.add_argument("--accounts", required=True, help="a file with an account ID a line")
    parser.add_argument("--regions", required=True, help="separated by commas")
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--forks", type=int, default=20)
    args = parser.parse_args()

    with open(args.accounts, encoding="utf-8") as stream:
        accounts = stream.read().split()
    options = {"administrator_id": args.administrator, "regions": args.regions.split(","), "endpoint_url": args.endpoint_url}
    client.warm()
    children = []
    for number in range(args.processes):
        child = os.fork()
        if not child:
            results = accept(accounts[number :: args.processes], options, max(1, args.forks // args.processes))
            failed = [result["msg"] for result in results if result.get("failed")]
            print("\n".join(failed), file=sys.stderr, flush=True)
            os._exit(bool(failed))
        children.append(child)
    codes = [os.waitpid(child, 0)[1] for child in children]
    sys.exit(any(codes))


if __name__ == "__main__":
    main()
