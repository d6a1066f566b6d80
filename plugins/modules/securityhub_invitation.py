#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_invitation
version_added: 1.0.0
short_description: Accept, decline or remove an AWS Security Hub CSPM invitation
description:
  - Makes an account a member of an AWS Security Hub CSPM administrator account (once called I(master)) by accepting its invitation,
    and undoes that. It runs with the member account's credentials, or assumes a role in it.
  - A membership is per account B(and per region); name all regions in O(regions) to act in them at the same time.
  - The account's current administrator is read first. Where it is the one asked for, no other call is made, and nothing is reported
    as changed.
  - Only the invitation from O(administrator_id) is ever touched, however many others the account has received.
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  administrator_id:
    description:
      - The account ID of the administrator, 12 digits. Quote it, or YAML takes it for a number and leading zeros are lost.
    type: str
    required: true
    aliases: [master_id, administrator_account_id, master_account_id]
  state:
    description:
      - V(accepted) means that the account is a member of this administrator. If it is not, the invitation is found and accepted.
      - V(declined) means that this administrator's pending invitation is declined. With none pending nothing is done; one that has been
        accepted makes the task fail.
      - V(absent) means that the account is no member of this administrator and holds no invitation from it. It leaves the administrator and
        deletes the invitation as far as needed. Another administrator in place is left alone.
      - AWS documents that only administrator accounts can delete invitations. Where it refuses the deletion, the invitation is declined
        instead and RV(regions[].invitation_remains) is V(true). A later run finds it declined and changes nothing, unless AWS goes on
        listing a declined invitation as before; then it is declined again, and reported as changed. Check mode predicts the deletion.
    type: str
    choices: [accepted, declined, absent]
    default: accepted
  invitation_id:
    description:
      - Accept just this invitation of the administrator. Left out, the newest one is looked up.
    type: str
  replace_administrator:
    description:
      - With O(state=accepted), leave another administrator that the account has now. The new invitation is found first, and only
        then the old administrator is left.
      - Without it, another administrator in place makes the task fail before anything is written.
    type: bool
    default: false
  leave_first:
    description:
      - With O(replace_administrator), leave the other administrator even though no invitation from O(administrator_id) is listed yet. AWS's
        guide says that an account which has accepted an invitation receives none from others.
      - The invitation is then looked for, with O(wait) waited for, and accepted. Where it does not come, the task fails, and the account has
        no administrator in this region; RV(regions[].previous_administrator) tells whom it has left.
      - In check mode, the task warns that the invitation could not be looked for.
    type: bool
    default: false
  wait:
    description:
      - With O(state=accepted), wait for the invitation to arrive, and after accepting it for the account to show its new administrator.
      - Has no effect in check mode.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait in each region, in seconds, where O(wait=true).
    type: int
    default: 120
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: Accept the invitation in the region of the environment or the profile
  cloudsec.securityhub.securityhub_invitation:
    administrator_id: "111122223333"

- name: Accept it in three regions of another account
  cloudsec.securityhub.securityhub_invitation:
    administrator_id: "111122223333"
    regions: [eu-central-1, eu-west-1, us-east-1]
    assume_role_arn: arn:aws:iam::444455556666:role/SecurityHubMember

- name: Accept an invitation that may still be on its way, and go on when the membership is visible
  cloudsec.securityhub.securityhub_invitation:
    administrator_id: "111122223333"
    region: eu-central-1
    wait: true
    wait_timeout: 300

- name: Move from the present administrator to another one
  cloudsec.securityhub.securityhub_invitation:
    administrator_id: "777788889999"
    regions: [eu-central-1, us-east-1]
    replace_administrator: true

- name: Decline the invitation of an account that nobody here knows
  cloudsec.securityhub.securityhub_invitation:
    administrator_id: "999900001111"
    region: eu-central-1
    state: declined

- name: Leave the administrator, and forget its invitation
  cloudsec.securityhub.securityhub_invitation:
    administrator_id: "111122223333"
    regions: [eu-central-1, us-east-1]
    state: absent

- name: Accept, but let accounts without Security Hub CSPM pass
  block:
    - name: Accept
      cloudsec.securityhub.securityhub_invitation:
        administrator_id: "111122223333"
        region: eu-central-1
      register: invitation
  rescue:
    - name: Fail for every other reason
      ansible.builtin.fail:
        msg: "{{ invitation.msg }}"
      when: invitation.error.reason | default('') != 'hub_not_enabled'
"""

RETURN = r"""
regions:
  description: What was found and done in each region, in the order asked for.
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
      description: The state asked for, once it is reached; V(unknown) where the region failed.
      type: str
      sample: accepted
    administrator:
      description:
        - The account's administrator in this region after the task. V(null) where there is none.
        - Right after an acceptance, and without O(wait), it is the accepted invitation.
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
          description: When the invitation was sent, ISO 8601. V(null) where O(invitation_id) was accepted without looking it up.
          type: str
          sample: "2026-01-31T12:00:00+00:00"
        member_status:
          description: AWS's word for the relation.
          type: str
          sample: Enabled
    previous_administrator:
      description: The administrator that the account has left, like RV(regions[].administrator). V(null) where none was left.
      type: dict
      sample: null
    invitation_remains:
      description: Whether AWS refused to delete the invitation, so that it stays listed, as declined or resigned.
      returned: with O(state=absent)
      type: bool
      sample: false
    error:
      description: What went wrong in this region, like RV(error).
      returned: on failure in the region
      type: dict
administrator:
  description: RV(regions[].administrator) of the only region.
  returned: when there is exactly one region
  type: dict
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

from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import invalid_input
from ansible_collections.cloudsec.securityhub.plugins.module_utils._invitation import DesiredState
from ansible_collections.cloudsec.securityhub.plugins.module_utils._invitation import ensure
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import module_spec
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_module
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions
from ansible_collections.cloudsec.securityhub.plugins.module_utils._settings import account_id_option

SPEC = module_spec(
    administrator_id={"type": "str", "required": True, "aliases": ["master_id", "administrator_account_id", "master_account_id"]},
    state={"type": "str", "choices": ["accepted", "declined", "absent"], "default": "accepted"},
    invitation_id={"type": "str"},
    replace_administrator={"type": "bool", "default": False},
    leave_first={"type": "bool", "default": False},
    wait={"type": "bool", "default": False},
    wait_timeout={"type": "int", "default": 120},
)


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:
    """Run the module for its validated options. In check mode nothing is written. Raises SecurityHubError (invalid_input)."""
    if options["leave_first"] and not options["replace_administrator"]:
        raise invalid_input("leave_first leaves another administrator, which replace_administrator=true has to allow. Set both, or neither.")
    desired = DesiredState(
        state=options["state"],
        administrator_id=account_id_option(options, "administrator_id"),
        invitation_id=options["invitation_id"] or None,
        replace_administrator=options["replace_administrator"],
        leave_first=options["leave_first"],
        wait_timeout=options["wait_timeout"] if options["wait"] else 0,
        check_mode=check_mode,
    )
    initial_result: dict[str, Any] = {"state": "unknown", "administrator": None, "previous_administrator": None}
    if desired.state == "absent":
        initial_result["invitation_remains"] = False
    return run_in_regions(options, lambda api, outcome: ensure(api, desired, outcome), initial_result, promoted_fields=["administrator"])


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
