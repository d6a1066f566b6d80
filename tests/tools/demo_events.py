# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the rulebook "invited" at work: an invitation arrives in a queue, and the account is a member seconds later."""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import time

import boto3
import rulebooks
from emulator.client import Client
from emulator_process import running_emulator
from moto.server import ThreadedMotoServer

REGION, QUEUE = "eu-central-1", "securityhub-invitations"
ADMINISTRATOR, ALLOWED, OTHER = "111111111111", "200000000001", "200000000009"
VARIABLES = {
    "securityhub_queue_name": QUEUE,
    "securityhub_queue_region": REGION,
    "securityhub_allowed_accounts": [ALLOWED],
    "securityhub_allowed_administrators": [ADMINISTRATOR],
    "securityhub_administrator_role_arn": f"arn:aws:iam::{ADMINISTRATOR}:role/SecurityHubAdministrator",
    "securityhub_member_role": "SecurityHubMember",
}
LONGEST = 120  # seconds


def message():
    """What EventBridge puts into the queue after the administrator has invited two accounts."""
    detail = {
        "eventSource": "securityhub.amazonaws.com",
        "eventName": "InviteMembers",
        "awsRegion": REGION,
        "recipientAccountId": ADMINISTRATOR,
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ADMINISTRATOR}:assumed-role/Security/alice"},
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": {"AccountIds": [ALLOWED, OTHER]},
        "responseElements": {"UnprocessedAccounts": []},
    }
    return {"source": "aws.securityhub", "detail-type": "AWS API Call via CloudTrail", "account": ADMINISTRATOR, "region": REGION, "detail": detail}


def say(text):
    print(f"\n== {text}\n", flush=True)


def show(environment, output, control, facts):
    """The demonstration. Returns its exit status."""
    sqs_server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    sqs_server.start()
    url = f"http://127.0.0.1:{sqs_server.get_host_and_port()[1]}"
    sqs = boto3.client("sqs", region_name=REGION, endpoint_url=url, aws_access_key_id="key", aws_secret_access_key="secret")
    queue_url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    (output / "localhost.yml").write_text(rulebooks.INVENTORY, encoding="utf-8")
    (output / "invited_vars.yml").write_text(json.dumps(VARIABLES, indent=2), encoding="utf-8")
    command = ["ansible-rulebook", "--rulebook", "cloudsec.securityhub.invited", "--inventory", "localhost.yml", "--vars", "invited_vars.yml"]
    say(f"The rulebook waits for messages. It may onboard {ALLOWED}, and nobody else.\n\n$ {' '.join(command)}")
    process = subprocess.Popen(
        command,
        cwd=output,
        env=rulebooks.environment(environment, facts, AWS_ENDPOINT_URL_SQS=url),
        stdin=subprocess.DEVNULL,
    )
    try:
        say(f"The administrator {ADMINISTRATOR} invites {ALLOWED} and {OTHER}; EventBridge puts its call into the queue.")
        sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message()))
        sent = time.monotonic()
        while not control.state(ALLOWED, REGION).get("administrator"):
            if process.poll() is not None or time.monotonic() - sent > LONGEST:
                print("The account has not become a member.", file=sys.stderr)
                return 1
            time.sleep(0.2)
        took = time.monotonic() - sent
        time.sleep(3)  # in which the playbook tells its summary
    finally:
        process.terminate()
        process.wait(LONGEST)
        sqs_server.stop()
    other = control.state(OTHER, REGION).get("administrator")
    say(f"{took:.0f} s after the invitation, with the start of the rulebook, {ALLOWED} was a member. {OTHER} is {'one, too!' if other else 'none.'}")
    return 1 if other else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True, help="the folder that prepare_events.py has filled")
    args = parser.parse_args()

    events = pathlib.Path(args.output)
    environment = json.loads((events / "environment.json").read_text(encoding="utf-8"))
    if "missing" in environment:
        sys.exit(environment["missing"])
    output = events / "demo"
    output.mkdir(exist_ok=True)
    print("Starting emulators of AWS Security Hub CSPM and SQS on this machine. Nothing goes to AWS.")
    with running_emulator(str(output)) as facts:
        control = Client(facts["url"])
        members = [{"account_id": account, "status": "Invited"} for account in (ALLOWED, OTHER)]
        control.reset(seed={"administrators": [ADMINISTRATOR], "members": members})
        sys.exit(show(environment, output, control, facts))


if __name__ == "__main__":
    main()
