#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_hub_info
version_added: 1.0.0
short_description: Tell whether AWS Security Hub CSPM is enabled, and how it is set
description:
  - Reads an account's AWS Security Hub CSPM hub and its settings in each region, with its tags and standards as asked for.
  - A region where Security Hub CSPM is not enabled is not a failure; its RV(regions[].hub) is V(null), also where the unified AWS
    Security Hub is on.
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  gather:
    description:
      - What to read besides the hub and its settings. Each takes one more call in a region. An empty list reads neither.
    type: list
    elements: str
    choices: [standards, tags]
    default: [tags]
seealso:
  - module: cloudsec.securityhub.securityhub_hub
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: Look at the hubs of an account
  cloudsec.securityhub.securityhub_hub_info:
    regions: [eu-central-1, eu-west-1, us-east-1]
  register: hubs

- name: Look in all regions that the account has enabled
  cloudsec.securityhub.securityhub_hub_info:
    regions: [all]
  register: hubs

- name: Look at the standards too
  cloudsec.securityhub.securityhub_hub_info:
    regions: [eu-central-1, eu-west-1, us-east-1]
    gather: [standards]
  register: hubs

- name: Name the regions where AWS Config does not record
  ansible.builtin.debug:
    msg: "{{ item.region }}"
  loop: "{{ hubs.regions | selectattr('hub') }}"
  loop_control:
    label: "{{ item.region }}"
  when: "'NO_AVAILABLE_CONFIGURATION_RECORDER' in item.hub.standards | map(attribute='status_reason')"

- name: Name the regions where Security Hub CSPM is off
  ansible.builtin.debug:
    msg: "{{ hubs.regions | selectattr('hub', 'none') | map(attribute='region') }}"
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
    hub:
      description: The hub. V(null) where Security Hub CSPM is not enabled.
      type: dict
      contains:
        hub_arn:
          description: The hub's ARN.
          type: str
          sample: arn:aws:securityhub:eu-central-1:444455556666:hub/default
        subscribed_at:
          description: When Security Hub CSPM was enabled, ISO 8601.
          type: str
          sample: "2026-01-31T12:00:00.000Z"
        auto_enable_controls:
          description: Whether new controls of enabled standards are enabled automatically.
          type: bool
          sample: true
        control_finding_generator:
          description: Whether a control that is in several standards makes one finding or one for each standard.
          type: str
          sample: SECURITY_CONTROL
        tags:
          description: The hub's tags, with V(tags) in O(gather).
          type: dict
          sample: {team: security}
        standards:
          description: The standards that are enabled, in any status, with V(standards) in O(gather).
          type: list
          elements: dict
          contains:
            name:
              description: What names the standard in every region, the end of its ARN, as M(cloudsec.securityhub.securityhub_hub) takes it.
              type: str
              sample: aws-foundational-security-best-practices/v/1.0.0
            arn:
              description: The standard's ARN.
              type: str
              sample: arn:aws:securityhub:eu-central-1::standards/aws-foundational-security-best-practices/v/1.0.0
            subscription_arn:
              description: The ARN of the account's subscription to it.
              type: str
              sample: arn:aws:securityhub:eu-central-1:444455556666:subscription/aws-foundational-security-best-practices/v/1.0.0
            status:
              description:
                - V(PENDING) while AWS enables the standard, or adds new controls to it. V(READY) once it is enabled, V(INCOMPLETE) where not
                  all of it could be.
                - V(DELETING) while AWS disables it, V(FAILED) where it could not.
              type: str
              sample: INCOMPLETE
            status_reason:
              description:
                - AWS's code for why it is V(INCOMPLETE) or V(FAILED), else V(null).
                - V(NO_AVAILABLE_CONFIGURATION_RECORDER) means that AWS Config does not record. Security Hub CSPM then finds next to nothing.
              type: str
              sample: NO_AVAILABLE_CONFIGURATION_RECORDER
    error:
      description: What went wrong in this region, like RV(error).
      returned: on failure in the region
      type: dict
hub:
  description: RV(regions[].hub) of the only region.
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

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _hub as hub
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import module_spec
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_module
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions

SPEC = module_spec(gather={"type": "list", "elements": "str", "choices": ["standards", "tags"], "default": ["tags"]})


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:  # pylint: disable=unused-argument
    """Run the module for its validated options. Nothing is ever written. Raises SecurityHubError (invalid_input)."""
    return run_in_regions(options, lambda api, outcome: hub.read(api, outcome, options["gather"]), {"hub": None}, promoted_fields=["hub"])


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
