#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_finding_aggregator
version_added: 1.0.0
short_description: Manage cross-Region aggregation of AWS Security Hub CSPM
description:
  - Lets the findings of linked regions come together in a home region of the account. An account has one finding aggregator at most.
  - An administrator's aggregation covers its members too. They must be its members in the home region and in each linked region; invitations
    are sent and accepted in each.
  - A region without Security Hub CSPM has no findings to send; aggregation does not enable it there.
  - A member account takes its administrator's aggregation and can't create one of its own. The aggregation that it had before stops, and
    does not go on after the membership.
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  region:
    description:
      - The home region. Left out, it is the one region that the environment or the profile names.
      - AWS does not take an opt-in region, one that is disabled by default.
      - A home region can't be changed. Where another region is the home region, the task fails with the reason V(different_home_region)
        and writes nothing. To move, delete the aggregator in that region with O(state=absent), then create it in the new one.
    type: str
    aliases: [aws_region]
  regions:
    description:
      - Refused, since an account has one finding aggregator; use O(region). The error's reason is V(invalid_input).
      - Where it comes from C(module_defaults), give the task C(regions) with the value C({{ omit }}), which takes it away.
    type: list
    elements: str
  state:
    description:
      - V(present) means that the region is the home region of cross-Region aggregation.
      - V(absent) means that there is no home region. New findings and updates stay in their regions; what has come to the home region
        remains there.
    type: str
    choices: [present, absent]
    default: present
  linking_mode:
    description:
      - Which regions are linked to the home region.
      - V(all_regions) links all regions where Security Hub CSPM is enabled, also new ones that the account opts in to later.
      - V(all_regions_except_specified) links the same without O(linked_regions).
      - V(specified_regions) links O(linked_regions) only.
      - V(no_regions) links none.
      - Left out, it is V(all_regions) when the aggregator is created, and an existing one is left as it is.
    type: str
    choices: [all_regions, all_regions_except_specified, specified_regions, no_regions]
  linked_regions:
    description:
      - The regions that O(linking_mode=specified_regions) links, or those that O(linking_mode=all_regions_except_specified) leaves out.
        Required with these two, otherwise invalid. The order does not matter.
    type: list
    elements: str
seealso:
  - module: cloudsec.securityhub.securityhub_finding_aggregator_info
  - module: cloudsec.securityhub.securityhub_hub
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: Let the findings of all regions come together in eu-central-1
  cloudsec.securityhub.securityhub_finding_aggregator:
    region: eu-central-1

- name: Link just two regions to it
  cloudsec.securityhub.securityhub_finding_aggregator:
    region: eu-central-1
    linking_mode: specified_regions
    linked_regions: [eu-west-1, us-east-1]

- name: Do so in a play whose module_defaults have regions
  cloudsec.securityhub.securityhub_finding_aggregator:
    region: eu-central-1
    regions: "{{ omit }}"
    linking_mode: specified_regions
    linked_regions: [eu-west-1, us-east-1]

- name: End aggregation
  cloudsec.securityhub.securityhub_finding_aggregator:
    region: eu-central-1
    state: absent
"""

RETURN = r"""
aggregator:
  description: The account's finding aggregator after the task. V(null) where there is none.
  returned: unless the task fails before the region is asked
  type: dict
  contains:
    arn:
      description: Its ARN. V(null) in check mode where it would be created.
      type: str
      sample: arn:aws:securityhub:eu-central-1:111122223333:finding-aggregator/7d4c1f0e-5a39-4f0f-9c53-0f2f6f1f6f10
    home_region:
      description: The home region, where the findings come together.
      type: str
      sample: eu-central-1
    linking_mode:
      description:
        - Which regions are linked, one of V(all_regions), V(all_regions_except_specified), V(specified_regions) and V(no_regions).
        - V(null) where the task failed before it was known, as with V(different_home_region).
      type: str
      sample: specified_regions
    linked_regions:
      description:
        - The regions that are linked, or with V(all_regions_except_specified) left out, sorted. Empty where AWS names none.
        - V(null) where the task failed before it was known, as with V(different_home_region).
      type: list
      elements: str
      sample: [eu-west-1, us-east-1]
regions:
  description: What was found and done, a list with the only region.
  returned: unless the task fails before the region is asked, as with V(wrong_account)
  type: list
  elements: dict
  contains:
    region:
      description: The region.
      type: str
      sample: eu-central-1
    changed:
      description: Whether anything was changed, also where the task failed later.
      type: bool
      sample: true
    state:
      description: The state asked for, once it is reached; V(unknown) on failure.
      type: str
      sample: present
    aggregator:
      description: As RV(aggregator).
      type: dict
    error:
      description: As RV(error).
      returned: on failure
      type: dict
# Written by make fix (tests/tools/shared_return.py)
error:
  description: What failed.
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
  description: The error's message.
  returned: on failure
  type: str
"""

from typing import Any

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _aggregator as aggregator
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import one_region_spec
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_module
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions

SPEC = one_region_spec(
    state={"type": "str", "choices": ["present", "absent"], "default": "present"},
    linking_mode={"type": "str", "choices": list(aggregator.LINKING_MODES)},
    linked_regions={"type": "list", "elements": "str"},
)


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:
    """Run the module for its validated options. In check mode nothing is written. Raises SecurityHubError (invalid_input)."""
    aggregator.refuse_regions(options)
    desired = aggregator.desired_state(options["state"], options["linking_mode"], options["linked_regions"], check_mode)
    aggregator.check_home_region(desired, options["region"])
    return run_in_regions(
        options, lambda api, outcome: aggregator.ensure(api, desired, outcome), {"state": "unknown", "aggregator": None}, promoted_fields=["aggregator"]
    )


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
