#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_member
version_added: 1.0.0
short_description: Create, invite or remove members of an AWS Security Hub CSPM administrator
description:
  - Manages the administrator's side of AWS Security Hub CSPM memberships by invitation. It runs with the administrator account's
    credentials.
  - The members' present statuses are read first, and only the difference is written, in batches of as many accounts as AWS takes in
    a call. Accounts that are members already but not in O(members) are left alone.
  - An account that AWS does not process gets an error of its own; the others go on.
  - The accounts themselves accept with M(cloudsec.securityhub.securityhub_invitation). Accounts of the administrator's own organization
    become members as soon as they are created, and are not invited.
  - Accounts that AWS has suspended (C(AccountSuspended)) are left as they are, with a warning, unless O(state=absent).
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  members:
    description:
      - The accounts. The administrator itself must not be among them.
    type: list
    elements: dict
    required: true
    suboptions:
      account_id:
        description:
          - The account ID, 12 digits. Quote it, or YAML takes it for a number and leading zeros are lost.
        type: str
        required: true
      email:
        description:
          - A contact for the account. It is optional, and AWS does not check it against the account.
          - An existing member keeps the address that it was created with.
        type: str
  state:
    description:
      - V(invited) means that each account is a member or has been invited to be one. A member that resigned, was removed or was
        deleted is invited again.
      - V(present) means that each account is created as a member. None is invited.
      - V(absent) means that none of the accounts is a member. An active member is disassociated first.
    type: str
    choices: [invited, present, absent]
    default: invited
  reinvite:
    description:
      - With O(state=invited), invite members again that have left (C(Resigned)) or were removed (C(Removed)).
      - V(false) leaves them alone, unchanged and without a failure; RV(regions[].members[].member_status) tells who they are.
    type: bool
    default: true
  resend:
    description:
      - With O(state=invited), send another invitation to accounts that have one already (C(Invited)). This is reported as changed.
      - AWS drops invitations to accounts that have another administrator, and goes on listing them as invited. An invitation that was
        sent before can no longer be accepted.
    type: bool
    default: false
seealso:
  - module: cloudsec.securityhub.securityhub_member_info
  - module: cloudsec.securityhub.securityhub_invitation
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: Invite two accounts in two regions
  cloudsec.securityhub.securityhub_member:
    regions: [eu-central-1, us-east-1]
    members:
      - account_id: "444455556666"
        email: aws-root+dev@example.com
      - account_id: "777788889999"
        email: aws-root+prod@example.com

- name: Remove an account
  cloudsec.securityhub.securityhub_member:
    regions: [eu-central-1, us-east-1]
    members:
      - account_id: "444455556666"
    state: absent

- name: Invite all that can be invited, and tell who could not be
  block:
    - name: Invite
      cloudsec.securityhub.securityhub_member:
        region: eu-central-1
        members: "{{ accounts }}"
      register: invited
  rescue:
    - name: Tell
      ansible.builtin.debug:
        msg: "{{ item.account_id }}: {{ item.error.message }}"
      loop: "{{ invited.members | default([]) | selectattr('error', 'defined') }}"
      loop_control:
        label: "{{ item.account_id }}"
"""

RETURN = r"""
regions:
  description: What was found and done, in each region in the order asked for.
  returned: unless the task fails before any region is asked, as with V(wrong_account) or where O(regions=all) can't be listed
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      sample: eu-central-1
    changed:
      description: Whether anything was changed in this region, also where it failed later.
      type: bool
      sample: true
    state:
      description: The state asked for, once all accounts have reached it; V(unknown) where the region or any account in it failed.
      type: str
      sample: invited
    members:
      description: The accounts, in the order asked for. Empty where the region failed before they were read.
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
          description: AWS's word for the membership after the task. V(null) where the account is no member.
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
        previous_status:
          description: The same before the task.
          type: str
          sample: null
        changed:
          description: Whether anything was changed for this account.
          type: bool
          sample: true
        error:
          description: What went wrong for this account, like RV(error).
          returned: on failure of the account
          type: dict
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

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _errors as errors
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _member as member
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import module_spec
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_module
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions
from ansible_collections.cloudsec.securityhub.plugins.module_utils._settings import account_id_option

SPEC = module_spec(
    members={
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"account_id": {"type": "str", "required": True}, "email": {"type": "str"}},
    },
    state={"type": "str", "choices": ["invited", "present", "absent"], "default": "invited"},
    reinvite={"type": "bool", "default": True},
    resend={"type": "bool", "default": False},
)


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:
    """Run the module for its validated options. In check mode nothing is written. Raises SecurityHubError (invalid_input)."""
    desired = member.DesiredState(
        state=options["state"],
        reinvite=options["reinvite"],
        resend=options["resend"],
        emails=_emails(options["members"]),
        check_mode=check_mode,
    )
    return run_in_regions(options, lambda api, outcome: member.ensure(api, desired, outcome), {"state": "unknown", "members": []}, promoted_fields=["members"])


def _emails(members: list[dict[str, Any]]) -> dict[str, str | None]:
    """Return the members option as a dict of emails by account ID."""
    emails: dict[str, str | None] = {}
    for asked in members:
        account_id = account_id_option(asked, "account_id")
        if account_id in emails and emails[account_id] != asked["email"]:
            raise errors.invalid_input("members has {account_id} twice, with different emails.", account_id=account_id)
        emails[account_id] = asked["email"]
    return emails


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
