#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_finding_aggregator_info
version_added: 1.0.0
short_description: Tell where the findings of AWS Security Hub CSPM come together
description:
  - Reads the finding aggregator of an account, its home region and which regions are linked to it.
  - It is found from any region where Security Hub CSPM is enabled. Its settings are then read in its home region.
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  region:
    description:
      - The region to ask, any where Security Hub CSPM is enabled. Left out, it is the one region that the environment or the profile names.
    type: str
    aliases: [aws_region]
  regions:
    description:
      - Refused, since an account has one finding aggregator; use O(region). The error's reason is V(invalid_input).
      - Where it comes from C(module_defaults), give the task C(regions) with the value C({{ omit }}), which takes it away.
    type: list
    elements: str
seealso:
  - module: cloudsec.securityhub.securityhub_finding_aggregator
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: Find the home region
  cloudsec.securityhub.securityhub_finding_aggregator_info:
    region: us-east-1
  register: found

- name: Tell it
  ansible.builtin.debug:
    msg: "{{ found.aggregator.home_region | default('There is none, findings stay in their regions.') }}"
"""

RETURN = r"""
aggregator:
  description: The account's finding aggregator. V(null) where there is none.
  returned: unless the task fails before the region is asked
  type: dict
  contains:
    arn:
      description: Its ARN.
      type: str
      sample: arn:aws:securityhub:eu-central-1:111122223333:finding-aggregator/7d4c1f0e-5a39-4f0f-9c53-0f2f6f1f6f10
    home_region:
      description: The home region, where the findings come together.
      type: str
      sample: eu-central-1
    linking_mode:
      description:
        - Which regions are linked, one of V(all_regions), V(all_regions_except_specified), V(specified_regions) and V(no_regions).
        - V(null) where the home region could not be asked.
      type: str
      sample: specified_regions
    linked_regions:
      description:
        - The regions that are linked, or with V(all_regions_except_specified) left out, sorted. Empty where AWS names none.
        - V(null) where the home region could not be asked.
      type: list
      elements: str
      sample: [eu-west-1, us-east-1]
regions:
  description: What was found, a list with the only region.
  returned: unless the task fails before the region is asked, as with V(wrong_account)
  type: list
  elements: dict
  contains:
    region:
      description: The region that was asked.
      type: str
      sample: us-east-1
    changed:
      description: Always V(false).
      type: bool
      sample: false
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

SPEC = one_region_spec()


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:  # pylint: disable=unused-argument
    """Run the module for its validated options. Nothing is ever written. Raises SecurityHubError (invalid_input)."""
    aggregator.refuse_regions(options)
    return run_in_regions(options, aggregator.read, {"aggregator": None}, promoted_fields=["aggregator"])


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
