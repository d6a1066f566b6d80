# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to events, followed to the letter: its files are written, each of its rulebooks runs."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess

import pytest
import yaml
from guide import blocks

from .conftest import Queue
from .test_invited import administrator_of
from .test_invited import invite
from .test_invited import message

PAGE = list(blocks(pathlib.Path(__file__).parents[2] / "docs" / "events.md"))
FILES = {name: text for _language, name, text in PAGE if name}
COMMANDS = [line for language, _name, text in PAGE if not language for line in text.splitlines() if line.startswith("ansible-rulebook ")]
DEVELOPMENT, PRODUCTION = "444455556666", "777788889999"
REGION = "eu-central-1"
DEPLOY_TIMEOUT = 120


@pytest.fixture
def follow(start, tmp_path):
    """Run the guide's command that has a word."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def follow(word, queue=None):
        (command,) = [command for command in COMMANDS if word in command]
        return start(shlex.split(command), queue)

    return follow


def test_there_are_no_others():
    assert set(FILES) == {
        *("eventbridge.yml", "invited_vars.yml", "localhost.yml", "onboard.yml", "pending_vars.yml", "strangers.yml"),
        "securityhub-invited.service",
    }
    assert len(COMMANDS) == 3
    assert f"/bin/{COMMANDS[0]}\n" in FILES["securityhub-invited.service"]


def deploy(queue, folder):
    """Have the guide's template deployed by its command. Returns the regions."""
    (command,) = [text for language, _name, text in PAGE if language == "shell" and " deploy " in text]
    environment = {**os.environ, "AWS_ENDPOINT_URL": queue.url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    ended = subprocess.run(["bash", "-ec", command], env=environment, cwd=folder, check=False, capture_output=True, text=True, timeout=DEPLOY_TIMEOUT)
    assert ended.returncode == 0, ended.stderr
    return command.partition(" in ")[2].partition(";")[0].split()


def call(queue, region, **detail):
    """Tell EventBridge of a call in a region, as CloudTrail does."""
    told = message(DEVELOPMENT, awsRegion=region, **detail)
    queue.client("events", region).put_events(Entries=[{"Source": told["source"], "DetailType": told["detail-type"], "Detail": json.dumps(told["detail"])}])


# Which moto leaves out, so that nothing here shows that the queue's policy lets the rule send
@pytest.mark.filterwarnings("ignore:Tried to parse AWS..SQS..QueuePolicy")
def test_invited(aws, follow, tmp_path):
    variables = yaml.safe_load(FILES["invited_vars.yml"])
    (administrator,) = variables["securityhub_allowed_administrators"]
    queue = Queue(variables["securityhub_queue_name"])
    try:
        regions = deploy(queue, tmp_path)
        for region in regions:
            call(queue, region)
            call(queue, region, eventName="CreateMembers")
        assert [queue.take()["detail"]["awsRegion"] for _region in regions] == regions
        assert not queue.count()
        invite(aws, DEVELOPMENT, PRODUCTION, administrator=administrator)
        rulebook = follow("invited_vars.yml", queue)
        queue.send(message(DEVELOPMENT, PRODUCTION, administrator=administrator))
        rulebook.wait_until(lambda: all(administrator_of(aws, account) == administrator for account in (DEVELOPMENT, PRODUCTION)))
    finally:
        queue.stop()


def test_pending(aws, follow):
    (administrator,) = yaml.safe_load(FILES["pending_vars.yml"])["securityhub_allowed_administrators"]
    aws.seed(hubs=[PRODUCTION], invitations=[{"account_id": PRODUCTION, "administrators": [administrator], "regions": [REGION]}])
    rulebook = follow("pending_vars.yml")
    rulebook.wait_until(lambda: administrator_of(aws, PRODUCTION) == administrator)


def test_a_rulebook_of_one_s_own(aws, follow):
    aws.seed(hubs=[PRODUCTION], invitations=[{"account_id": PRODUCTION, "administrators": ["999900001111"], "regions": [REGION]}])
    rulebook = follow("strangers.yml")
    rulebook.wait_until(lambda: f"999900001111 has invited {PRODUCTION} in {REGION}." in rulebook.output)
    assert not aws.calls(operation="AcceptAdministratorInvitation")


def test_a_playbook_for_a_job_template():
    assert yaml.safe_load(FILES["onboard.yml"])[0]["ansible.builtin.import_playbook"] == "cloudsec.securityhub.onboard"
