#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_member_info
version_added: 1.0.0
short_description: List the members of an AWS Security Hub CSPM administrator
description:
  - Reads all members of an AWS Security Hub CSPM administrator account in each region, whatever their status, all pages.
  - It runs with the administrator account's credentials.
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  account_ids:
    description:
      - Only these accounts. Those that are no members are left out of the result.
    type: list
    elements: str
  statuses:
    description:
      - Only members in any of these statuses.
    type: list
    elements: str
    choices: [Created, Invited, Enabled, Associated, Removed, Resigned, Deleted, AccountSuspended]
seealso:
  - module: cloudsec.securityhub.securityhub_member
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: List who has not accepted yet
  cloudsec.securityhub.securityhub_member_info:
    regions: [eu-central-1, us-east-1]
    statuses: [Created, Invited]
  register: pending

- name: Check two accounts
  cloudsec.securityhub.securityhub_member_info:
    region: eu-central-1
    account_ids: ["444455556666", "777788889999"]
"""

RETURN = r"""
regions:
  description: What was found, in each region in the order asked for.
  returned: unless the task fails before any region is asked, as with V(wrong_account) or where O(regions=all) can't be listed
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      sample: eu-central-1
    changed:
      description: Always V(false).
      type: bool
      sample: false
    members:
      description: The members.
      type: list
      elements: dict
      contains:
        account_id:
          description: The member's account ID.
          type: str
          sample: "444455556666"
        email:
          description: The email address that the member was created with.
          type: str
          sample: aws-root@example.com
        administrator_id:
          description: The administrator's account ID.
          type: str
          sample: "111122223333"
        member_status:
          description: AWS's word for the membership, such as V(Created), V(Invited), V(Enabled), V(Removed), V(Resigned) or V(AccountSuspended).
          type: str
          sample: Invited
        invited_at:
          description: When the member was last invited, ISO 8601.
          type: str
          sample: "2026-01-31T12:00:00+00:00"
        updated_at:
          description: When the membership last changed, ISO 8601.
          type: str
          sample: "2026-01-31T12:00:00+00:00"
    error:
      description: What went wrong in this region, like RV(error).
      returned: on failure in the region
      type: dict
members:
  description: RV(regions[].members) of the only region.
  returned: when there is exactly one region
  type: list
  elements: dict
# Written by make fix (tests/tools/shared_return.py)
regions_left_out:
  description: The regions that the account has enabled but that were not asked, since botocore knows that they lack Security Hub CSPM.
  returned: with O(regions=all)
  type: list
  elements: str
  sample: []
error:
  description: The error of the first region that failed, or of the task where no region was asked.
  returned: on failure
  type: dict
  contains:
    reason:
      description:
        - A word that stays the same across releases, for C(rescue) and C(failed_when).
        - One of V(hub_not_enabled), V(access_denied), V(invitation_not_found), V(different_administrator), V(already_accepted),
          V(organization_managed), V(hub_in_use), V(different_home_region), V(not_delegated_administrator), V(no_organization),
          V(invalid_input), V(limit_exceeded), V(internal_error), V(region_not_enabled), V(credentials), V(assume_role_failed),
          V(wrong_account), V(endpoint_unreachable), V(timeout), V(aws_error).
      type: str
      sample: hub_not_enabled
    message:
      description:
        - What failed, in which account and region, and what to do about it.
        - Where several regions failed alike, RV(regions[].error) has the whole message for the first of them only. For the others it
          names that one, as in C(As in region eu-central-1).
      type: str
      sample: >-
        GetAdministratorAccount failed in account 444455556666, region eu-central-1: InvalidAccessException: Account 444455556666 is not
        subscribed to AWS Security Hub. Enable Security Hub CSPM there first, then rerun the task; the unified AWS Security Hub is a
        separate service.
    code: {type: str, description: AWS's error code. V(null) where AWS did not answer or did not fail.}
    aws_message: {type: str, description: "AWS's own message. V(null) where RV(error.message) contains it, or where AWS sent none."}
    operation: {type: str, description: The AWS operation that failed.}
    http_status: {type: int, description: The HTTP status of AWS's response.}
    request_id: {type: str, description: "AWS's ID of the request, for its support."}
msg:
  description: The error's message. With several regions, how many of them failed, and a line for each or for those that failed alike.
  returned: on failure
  type: str
"""

from typing import Any

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _member as member
from ansible_collections.cloudsec.securityhub.plugins.module_utils._api import SecurityHubApi
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import STATUSES
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import module_spec
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_module
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import Outcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions
from ansible_collections.cloudsec.securityhub.plugins.module_utils._settings import account_id_option

SPEC = module_spec(
    account_ids={"type": "list", "elements": "str"},
    statuses={"type": "list", "elements": "str", "choices": list(STATUSES)},
)


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:  # pylint: disable=unused-argument
    """Run the module for its validated options. Nothing is ever written. Raises SecurityHubError (invalid_input)."""
    account_ids = options["account_ids"]
    if account_ids is not None:
        account_ids = [account_id_option({"account_ids": account_id}, "account_ids") for account_id in account_ids]

    def read(api: SecurityHubApi, outcome: Outcome) -> None:
        member.read(api, outcome, account_ids, options["statuses"])

    return run_in_regions(options, read, {"members": []}, promoted_fields=["members"])


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
