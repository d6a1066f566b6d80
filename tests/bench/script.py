# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The boto3 script that a good engineer writes for this job: a pool of threads over all (account, region) pairs, in one process or in several.

It does what boto3's documentation advises: a role assumed once an account, a session an account, a client a region, made under a lock
(making clients is not thread-safe, using them is), standard retries, the paginator. And one thing that the documentation does not tell,
but whoever has profiled such a script knows: the sessions share one loader, so that service models are read once and not for each
account. Without that, it takes about twice the CPU.
"""

from __future__ import annotations

import argparse
import functools
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.session
from botocore.config import Config

CONFIG = Config(retries={"mode": "standard", "max_attempts": 4}, max_pool_connections=32)


class Member:
    """A member account: its session, and how it accepts."""

    def __init__(self, sts, loader, account_id, role_name, endpoint_url):
        role_arn = f"arn:aws:iam::{account_id}:role/{role_name}"
        credentials = sts.assume_role(RoleArn=role_arn, RoleSessionName="accept-invitations")["Credentials"]
        core = botocore.session.Session()
        core.register_component("data_loader", loader)
        self._session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            botocore_session=core,
        )
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()

    def accept(self, administrator_id, region):
        """Accept the administrator's invitation in a region, unless it is the administrator already. Returns whether anything changed."""
        with self._lock:
            client = self._session.client("securityhub", region_name=region, endpoint_url=self._endpoint_url, config=CONFIG)
        administrator = client.get_administrator_account().get("Administrator")
        if administrator and administrator["AccountId"] == administrator_id:
            return False
        for page in client.get_paginator("list_invitations").paginate():
            for invitation in page["Invitations"]:
                if invitation["AccountId"] == administrator_id:
                    client.accept_administrator_invitation(AdministratorId=administrator_id, InvitationId=invitation["InvitationId"])
                    return True
        raise LookupError(f"no invitation from {administrator_id} in {region}")


def accept_all(accounts, args):
    """Accept in all regions of these accounts, with a pool of threads. Returns how many (account, region) pairs failed, and prints why."""
    session = boto3.Session(region_name="us-east-1")
    sts = session.client("sts", endpoint_url=args.endpoint_url, config=CONFIG)
    loader = botocore.session.Session().get_component("data_loader")
    locks = {account: threading.Lock() for account in accounts}

    @functools.cache
    def new_member(account):
        return Member(sts, loader, account, args.role, args.endpoint_url)

    def accept(account, region):
        with locks[account]:
            member = new_member(account)
        return member.accept(args.administrator, region)

    with ThreadPoolExecutor(args.threads) as executor:
        futures = {(account, region): executor.submit(accept, account, region) for account in accounts for region in args.regions.split(",")}
    failed = 0
    for (account, region), future in futures.items():
        try:
            future.result()
        except Exception as e:  # pylint: disable=broad-except
            failed += 1
            print(f"{account} {region}: {e}", file=sys.stderr)
    return failed


def main():
    """Accept in all accounts and regions; ends with an error if any of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--administrator", required=True)
    parser.add_argument("--accounts", required=True, help="a file with an account ID a line")
    parser.add_argument("--regions", required=True, help="separated by commas")
    parser.add_argument("--role", default="SecurityHubMember")
    parser.add_argument("--endpoint-url")
    parser.add_argument("--threads", type=int, default=32, help="of each process")
    parser.add_argument("--processes", type=int, default=1, help="between which the accounts are divided")
    args = parser.parse_args()

    with open(args.accounts, encoding="utf-8") as stream:
        accounts = stream.read().split()
    if args.processes == 1:
        sys.exit(accept_all(accounts, args) > 0)
    with ProcessPoolExecutor(args.processes) as executor:
        parts = [accounts[number :: args.processes] for number in range(args.processes)]
        sys.exit(sum(executor.map(accept_all, parts, [args] * args.processes)) > 0)


if __name__ == "__main__":
    main()
