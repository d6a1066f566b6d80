#!/usr/bin/python

# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: securityhub_hub
version_added: 1.0.0
short_description: Enable, configure or disable AWS Security Hub CSPM in an account
description:
  - Enables AWS Security Hub CSPM in an account and region, and sets what the task names. Settings that it does not name are not touched.
  - Without a standard, Security Hub CSPM makes no findings of its own. Set O(standards) in each account; an administrator can't do that for
    its members by invitation.
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  state:
    description:
      - V(present) means that Security Hub CSPM is enabled.
      - V(absent) means that it is disabled. The account's memberships end at once. B(Findings and settings are deleted after 90 days),
        archived findings after 30. Enabling Security Hub CSPM again before that brings them back.
      - An administrator with members can't disable Security Hub CSPM; the task fails with the reason V(hub_in_use). Remove the members
        first. AWS may still refuse for a moment after the last one was removed, so the task tries again before it fails.
    type: str
    choices: [present, absent]
    default: present
  enable_default_standards:
    description:
      - Whether the standards that AWS enables by default are enabled together with the hub. AWS's default is V(true).
      - Has an effect only where the task enables the hub; an enabled hub keeps its standards. With O(purge_standards) just those of them are
        enabled that O(standards) names.
    type: bool
  control_finding_generator:
    description:
      - V(SECURITY_CONTROL) makes one finding for a control that is in several standards, V(STANDARD_CONTROL) makes one for each standard.
      - A member account takes its administrator's value.
    type: str
    choices: [SECURITY_CONTROL, STANDARD_CONTROL]
  auto_enable_controls:
    description:
      - Whether new controls of enabled standards are enabled automatically.
    type: bool
  tags:
    description:
      - The hub's tags. Left out, they are neither read nor changed.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - With O(tags), whether tags that are not named there are removed.
    type: bool
    default: true
  standards:
    description:
      - The standards that are to be enabled, each by its ARN or by what follows C(standards/) or C(ruleset/) in it. The region and the
        partition in an ARN don't matter, so that one list serves all regions.
      - Idempotent, only missing standards are enabled. Left out, standards are neither read nor changed.
      - For a standard that AWS does not offer in the region, the task fails with the reason V(invalid_input), and the message names those
        that it offers. Nothing has been written then, unless the hub was off. AWS lists standards only once the hub is enabled, so it is on
        afterwards, and check mode can't check the names; a warning says so.
      - AWS does not enable a standard that it is still disabling. With O(wait) the task waits for that first, else it fails with the reason
        V(timeout).
      - A named standard that AWS shows as V(FAILED) fails the task. One that is V(INCOMPLETE) does not, but a warning says why; most often AWS
        Config does not record in the region.
    type: list
    elements: str
  purge_standards:
    description:
      - With O(standards), whether all other enabled standards are disabled. An empty list disables all of them. Disabling a standard ends
        its checks, unless another enabled standard has the same controls. AWS archives their findings after some 3 to 5 days.
      - Standards for other providers than AWS, and those that another AWS service manages (such as AWS Control Tower), are left alone.
      - AWS does not disable a standard that it is still enabling. With O(wait) the task waits for that first, else it fails with the reason
        V(timeout).
      - A hub that the task enables is then enabled without the standards that AWS enables by default.
    type: bool
    default: false
  wait:
    description:
      - With O(standards), whether to wait until AWS is done with enabling and disabling. What came of it then decides whether the task
        fails; without waiting, a standard that was enabled just now is V(PENDING).
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait, in seconds. After that the task fails with the reason V(timeout).
    type: int
    default: 120
seealso:
  - module: cloudsec.securityhub.securityhub_hub_info
  - module: cloudsec.securityhub.securityhub_finding_aggregator
  - module: cloudsec.securityhub.securityhub_invitation
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - cloudsec.securityhub.account
  - cloudsec.securityhub.attributes
"""

EXAMPLES = r"""
- name: Enable Security Hub CSPM in two regions, with the standards that AWS enables by default
  cloudsec.securityhub.securityhub_hub:
    regions: [eu-central-1, us-east-1]

- name: Enable it in another account, with one standard in place of AWS's default ones
  cloudsec.securityhub.securityhub_hub:
    region: eu-central-1
    assume_role_arn: arn:aws:iam::444455556666:role/SecurityHubMember
    enable_default_standards: false
    standards: [aws-foundational-security-best-practices/v/1.0.0]
    control_finding_generator: SECURITY_CONTROL
    auto_enable_controls: false
    tags:
      team: security

- name: Have just these two standards, and wait until AWS is done
  cloudsec.securityhub.securityhub_hub:
    regions: [eu-central-1, us-east-1]
    standards:
      - aws-foundational-security-best-practices/v/1.0.0
      - cis-aws-foundations-benchmark/v/3.0.0
    purge_standards: true
    wait: true
    wait_timeout: 300

- name: Disable Security Hub CSPM
  cloudsec.securityhub.securityhub_hub:
    region: eu-central-1
    state: absent
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
      description: The state asked for, once it is reached; V(unknown) where the region failed.
      type: str
      sample: present
    hub:
      description: The hub after the task. V(null) where Security Hub CSPM is not enabled.
      type: dict
      contains:
        hub_arn:
          description: The hub's ARN. V(null) in check mode where the hub would be enabled.
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
          description: The hub's tags, where O(tags) was given.
          type: dict
          sample: {team: security}
        standards:
          description: The standards that are enabled after the task, in any status, where O(standards) was given.
          type: list
          elements: dict
          contains:
            name:
              description: What names the standard in every region, the end of its ARN, as O(standards) takes it.
              type: str
              sample: aws-foundational-security-best-practices/v/1.0.0
            arn:
              description: The standard's ARN in the region. V(null) in check mode where the hub would be enabled.
              type: str
              sample: arn:aws:securityhub:eu-central-1::standards/aws-foundational-security-best-practices/v/1.0.0
            subscription_arn:
              description: The ARN of the account's subscription to it. V(null) in check mode where the standard would be enabled.
              type: str
              sample: arn:aws:securityhub:eu-central-1:444455556666:subscription/aws-foundational-security-best-practices/v/1.0.0
            status:
              description:
                - V(PENDING) while AWS enables the standard, or adds new controls to it. V(READY) once it is enabled, V(INCOMPLETE) where not
                  all of it could be.
                - V(DELETING) while AWS disables it, V(FAILED) where it could not.
              type: str
              sample: READY
            status_reason:
              description:
                - AWS's code for why it is V(INCOMPLETE) or V(FAILED), else V(null).
                - V(NO_AVAILABLE_CONFIGURATION_RECORDER) means that AWS Config does not record. Security Hub CSPM then finds next to nothing.
              type: str
              sample: null
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
from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import invalid_input
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import module_spec
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_module
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions
from ansible_collections.cloudsec.securityhub.plugins.module_utils._standards import DesiredStandards
from ansible_collections.cloudsec.securityhub.plugins.module_utils._standards import desired_standards

SPEC = module_spec(
    state={"type": "str", "choices": ["present", "absent"], "default": "present"},
    enable_default_standards={"type": "bool"},
    control_finding_generator={"type": "str", "choices": ["SECURITY_CONTROL", "STANDARD_CONTROL"]},
    auto_enable_controls={"type": "bool"},
    tags={"type": "dict", "aliases": ["resource_tags"]},
    purge_tags={"type": "bool", "default": True},
    standards={"type": "list", "elements": "str"},
    purge_standards={"type": "bool", "default": False},
    wait={"type": "bool", "default": False},
    wait_timeout={"type": "int", "default": 120},
)


def run(options: dict[str, Any], check_mode: bool) -> TaskOutcome:
    """Run the module for its validated options. In check mode nothing is written. Raises SecurityHubError (invalid_input)."""
    tags = options["tags"]
    standards = _standards(options, check_mode)
    desired = hub.DesiredState(
        state=options["state"],
        enable_default_standards=options["enable_default_standards"],
        control_finding_generator=options["control_finding_generator"],
        auto_enable_controls=options["auto_enable_controls"],
        tags=None if tags is None else {str(name): str(value) for name, value in tags.items()},
        purge_tags=options["purge_tags"],
        standards=standards,
        check_mode=check_mode,
    )
    return run_in_regions(options, lambda api, outcome: hub.ensure(api, desired, outcome), {"state": "unknown", "hub": None}, promoted_fields=["hub"])


def _standards(options: dict[str, Any], check_mode: bool) -> DesiredStandards | None:
    """Return the standards that the options ask for; None where they ask for none."""
    if options["standards"] is None:
        if options["purge_standards"]:
            raise invalid_input("purge_standards disables all but standards, which is missing. Give a list, an empty one to disable all.")
        return None
    return desired_standards(options["standards"], options["purge_standards"], options["wait_timeout"] if options["wait"] else 0, check_mode)


def main() -> None:
    """Run as an ordinary module."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
