#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_invitation_info
version_added: 1.0.0
short_description: List the AWS Security Hub CSPM invitations of an account, and its administrator
description:
  - Reads the AWS Security Hub CSPM invitations that an account has received in each region, all pages, AWS's count of them, and who
    the account's administrator is now.
  - It runs with the member account's credentials, or assumes a role in it.
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  administrator_id:
    description:
      - Only invitations from this administrator account, 12 digits.
    type: str
    aliases: [master_id, administrator_account_id, master_account_id]
  statuses:
    description:
      - Only invitations in any of these statuses. What AWS tells of an invitation's status is not always up to date.
    type: list
    elements: str
    choices: [Created, Invited, Enabled, Associated, Removed, Resigned, Deleted, AccountSuspended]
seealso:
  - module: cloudsec.securityhub.securityhub_invitation
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: See who has invited this account
  cloudsec.securityhub.securityhub_invitation_info:
    regions: [eu-central-1, us-east-1]
  register: received

- name: Name the senders that nobody here knows
  ansible.builtin.debug:
    msg: "{{ received.regions | map(attribute='invitations') | flatten | map(attribute='account_id') | unique | difference(['111122223333']) }}"
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
    administrator:
      description:
        - The account's administrator in this region. V(null) where there is none.
      type: dict
      contains:
        account_id:
          description: The administrator's account ID.
          type: str
          sample: "111122223333"
        invitation_id:
          description: The ID of the invitation that made the account a member.
          type: str
          sample: 7ab938c5d52d7904ad09f9e7c20cc4eb
        invited_at:
          description: When the invitation was sent, ISO 8601.
          type: str
          sample: "2026-01-31T12:00:00+00:00"
        member_status:
          description: AWS's word for the relation.
          type: str
          sample: Enabled
    invitations:
      description: The invitations received, each like RV(regions[].administrator); RV(regions[].administrator.account_id) is the sender.
      type: list
      elements: dict
      sample:
        - account_id: "111122223333"
          invitation_id: 7ab938c5d52d7904ad09f9e7c20cc4eb
          invited_at: "2026-01-31T12:00:00+00:00"
          member_status: Invited
    pending_count:
      description: AWS's count of all invitations, from any sender, but the accepted one. Declined ones are counted too, so it is not
        how many wait for an answer.
      type: int
      sample: 1
    error:
      description: What went wrong in this region, like RV(error).
      returned: on failure in the region
      type: dict
administrator:
  description: RV(regions[].administrator) of the only region.
  returned: when there is exactly one region
  type: dict
invitations:
  description: RV(regions[].invitations) of the only region.
  returned: when there is exactly one region
  type: list
  elements: dict
pending_count:
  description: RV(regions[].pending_count) of the only region.
  returned: when there is exactly one region
  type: int
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

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _invitation as invitation
from ansible_collections.cloudsec.securityhub.plugins.module_utils._api import SecurityHubApi
from ansible_collections.cloudsec.securityhub.plugins.module_utils._member import STATUSES
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import module_spec
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_module
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import Outcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions
from ansible_collections.cloudsec.securityhub.plugins.module_utils._settings import account_id_option

SPEC = module_spec(
    administrator_id={"type": "str", "aliases": ["master_id", "administrator_account_id", "master_account_id"]},
    statuses={"type": "list", "elements": "str", "choices": list(STATUSES)},
)


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:  # pylint: disable=unused-argument
    """Run the module for its validated options. Nothing is ever written. Raises SecurityHubError (invalid_input)."""
    administrator_id = account_id_option(options, "administrator_id") if options["administrator_id"] else None
    initial_result: dict[str, Any] = {"administrator": None, "invitations": [], "pending_count": None}

    def read(api: SecurityHubApi, outcome: Outcome) -> None:
        invitation.read(api, outcome, administrator_id, options["statuses"])

    return run_in_regions(options, read, initial_result, promoted_fields=list(initial_result))


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
