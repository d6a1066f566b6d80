# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The invitations that accounts receive, as events."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pathlib
import re
from collections.abc import Callable
from typing import Any
from typing import NamedTuple

DOCUMENTATION = r"""
---
short_description: Receive an event for each invitation to AWS Security Hub CSPM that an account gets
description:
  - An ansible-rulebook event source plugin that asks accounts at an interval for pending invitations in AWS Security Hub CSPM, as AWS tells
    an invited account nothing of it by an event.
  - Each new invitation is an event with C(type=invitation), C(account_id), C(region), C(administrator_id) (who has sent it),
    C(invitation_id) and C(invited_at) (ISO 8601, UTC). No invitation is told twice in a run; a run that starts anew tells all that are pending.
  - Where an account can't be asked, that is an event with C(type=error), C(account_id), C(region) (null where no region could be asked),
    C(reason) and C(message), told again only once it has gone or changed. The other accounts and regions are asked all the same.
  - An account is asked three calls a region each time. At most 10 accounts are asked at once, which is far below the default rates of AWS.
  - Nothing is written at AWS.
options:
  accounts:
    description:
      - The IDs of the accounts to ask, each of 12 digits in quotes.
    type: list
    elements: str
    required: true
  role:
    description:
      - The role to assume in each account, with the credentials of the environment or of O(profile).
      - A name, or a pattern of its ARN with C({{ securityhub_account_id }}) in it. A name belongs to the partition of O(regions);
        with V([all]), to that of the region that boto3 finds.
    type: str
    required: true
  external_id:
    description:
      - The external ID that the roles ask for.
    type: str
  regions:
    description:
      - The regions to ask in, or V([all]) for those that each account has enabled.
    type: list
    elements: str
    required: true
  interval:
    description:
      - How long to wait after all accounts were asked, until they are asked again, in seconds.
    type: float
    default: 300
  profile:
    description:
      - A profile of the AWS configuration. Left out, the environment's credentials are used.
    type: str
requirements:
  - ansible-core, boto3, botocore and the collection amazon.aws, where ansible-rulebook is installed
"""

EXAMPLES = r"""
- cloudsec.securityhub.securityhub_invitations:
    accounts: ["444455556666", "777788889999"]
    role: SecurityHubMember
    regions: [eu-central-1, us-east-1]
    interval: 600
"""

_ACCOUNTS_AT_ONCE = 10
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_PLACEHOLDER = re.compile(r"\{\{\s*securityhub_account_id\s*\}\}")
# The folder that has the folder ansible_collections
_COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]


class Options(NamedTuple):
    """What the rulebook asks for."""

    accounts: list[str]
    role: str
    external_id: str | None
    regions: list[str]
    interval: float
    profile: str | None

    def of_task(self, account_id: str, role_arn: Callable[[str, str, list[str], str | None], str]) -> dict[str, Any]:
        """The options of the task that asks an account. role_arn: as of Collection."""
        arn = _PLACEHOLDER.sub(account_id, self.role) if "arn:" in self.role else role_arn(self.role, account_id, self.regions, self.profile)
        given = {"assume_role_external_id": self.external_id, "profile": self.profile}
        return {
            "assume_role_arn": arn,
            "expected_account_id": account_id,
            "regions": self.regions,
            **{name: value for name, value in given.items() if value},
        }


def read_options(args: dict[str, Any], printable: Callable[[str], str]) -> Options:
    """Return the options of a rulebook's source. printable(text): shows what can't be seen.

    Raises ValueError with what to do about those that are wrong.
    """

    def invalid(advice: str, value: Any) -> ValueError:
        return ValueError(f"{advice} Invalid: {printable(repr(value))}.")

    accounts = args.get("accounts")
    given = accounts if isinstance(accounts, list) and accounts else [accounts]
    wrong = [account_id for account_id in given if not isinstance(account_id, str) or not _ACCOUNT_ID.fullmatch(account_id)]
    if not isinstance(accounts, list) or wrong:
        raise invalid("Set accounts to a list of account IDs, each of 12 digits in quotes.", wrong[0] if wrong else accounts)
    regions = args.get("regions")
    if not isinstance(regions, list) or not regions or not all(isinstance(region, str) for region in regions):
        raise invalid("Set regions to a list of regions, such as [eu-central-1, us-east-1], or to [all].", regions)
    role = args.get("role")
    if not isinstance(role, str) or not role or "{{" in _PLACEHOLDER.sub("", role):
        advice = "Set role to the name of the role to assume in each account, or to a pattern of its ARN with {{ securityhub_account_id }}."
        raise invalid(advice, role)
    try:
        interval = float(args.get("interval", 300))
    except (TypeError, ValueError):
        interval = 0
    if not 1 <= interval < float("inf"):
        raise invalid("Set interval to a number of seconds, 1 or more.", args["interval"])
    return Options(list(dict.fromkeys(accounts)), role, args.get("external_id"), regions, interval, args.get("profile"))


class Collection:
    """The collection's own functions. ansible-rulebook runs this file by its path, with nothing set for Ansible.

    Raises RuntimeError where Ansible is not installed beside ansible-rulebook.
    """

    def __init__(self) -> None:
        # pylint: disable=import-outside-toplevel
        try:
            from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
            from ansible.plugins.loader import init_plugin_loader
            from ansible.utils.collection_loader import AnsibleCollectionConfig
        except ImportError as e:
            raise RuntimeError(f"Install ansible-core and boto3 where ansible-rulebook is installed: {e}.") from e
        if not AnsibleCollectionConfig.collection_finder:
            init_plugin_loader([str(_COLLECTIONS)])
        from ansible_collections.cloudsec.securityhub.plugins.module_utils import _errors
        from ansible_collections.cloudsec.securityhub.plugins.module_utils import _invitation
        from ansible_collections.cloudsec.securityhub.plugins.module_utils import _masking
        from ansible_collections.cloudsec.securityhub.plugins.module_utils import _settings
        from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation_info

        self._module = securityhub_invitation_info
        self._validator = ArgumentSpecValidator(**{name: value for name, value in self._module.SPEC.items() if name != "supports_check_mode"})
        self._unanswered = _invitation.unanswered
        self._error = _errors.SecurityHubError
        self._masking = _masking
        self._settings = _settings
        self.printable = _masking.printable

    def role_arn(self, role: str, account_id: str, regions: list[str], profile: str | None) -> str:
        """Return the ARN of an account's role, in the partition of the regions; with [all], of the region that boto3 finds."""
        return self._settings.role_arn(role, account_id, self._settings.task_partition(regions, None, profile))

    def ask(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        """Return all events about an account, those that were sent before too. options: of securityhub_invitation_info."""
        account_id = options["expected_account_id"]
        events: list[dict[str, Any]] = []

        def add(kind: str, region: str | None, **fields: Any) -> None:
            events.append(self.printable({"type": kind, "account_id": account_id, "region": region, **fields}))

        validated = self._validator.validate(options)
        if validated.error_messages:
            add("error", None, reason="invalid_input", message="; ".join(validated.error_messages))
            return events
        try:
            task = self._module.run(validated.validated_parameters, True)
        except self._error as e:
            add("error", None, reason=e.reason, message=e.message())
            return events
        except Exception as e:  # pylint: disable=broad-except # which would end the rulebook
            add("error", None, reason="failed", message=f"{type(e).__name__}: {e}")
            return events
        mask = self._masking.masker(task.secrets())
        if task.error:
            add("error", None, reason=task.error.reason, message=mask(task.error.message()))
        for outcome in task.outcomes or []:
            for found in self._unanswered(outcome.fields):
                invitation = {"administrator_id": found["account_id"], "invitation_id": found["invitation_id"], "invited_at": found["invited_at"]}
                add("invitation", outcome.region, **invitation)
            if outcome.error:
                add("error", outcome.region, reason=outcome.error.reason, message=mask(outcome.error.message()))
        return events


class SeenEvents:
    """The events that this run has sent."""

    def __init__(self) -> None:
        self._invitations: set[tuple[str, ...]] = set()
        self._errors: dict[str, set[tuple[str, ...]]] = {}

    def new(self, account_id: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return those of an account's events that are new. An error is, once it has changed or come back."""
        before = self._invitations | self._errors.get(account_id, set())
        self._errors[account_id] = {_key(event) for event in events if event["type"] == "error"}
        self._invitations.update(_key(event) for event in events if event["type"] == "invitation")
        return [event for event in events if _key(event) not in before]


def _key(event: dict[str, Any]) -> tuple[str, ...]:
    # AWS's words for the same error may differ from time to time, as by the ID of a request
    return tuple(str(value) for name, value in event.items() if name != "message")


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Ask the accounts until the rulebook ends, and put events into its queue. Raises ValueError for wrong options."""
    collection, seen = Collection(), SeenEvents()
    options = read_options(args, collection.printable)
    loop = asyncio.get_running_loop()
    executor = concurrent.futures.ThreadPoolExecutor(_ACCOUNTS_AT_ONCE, thread_name_prefix="securityhub")

    async def ask(account_id: str) -> None:
        events = await loop.run_in_executor(executor, collection.ask, options.of_task(account_id, collection.role_arn))
        for event in seen.new(account_id, events):
            await queue.put(event)

    try:
        while True:
            await asyncio.gather(*map(ask, options.accounts))
            await asyncio.sleep(options.interval)
    finally:
        # What is under way ends by its own time-outs
        executor.shutdown(wait=False, cancel_futures=True)
