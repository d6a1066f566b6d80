# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: securityhub_members
version_added: 1.0.0
short_description: The member accounts of an AWS Security Hub administrator as inventory
description:
  - Each member account of an administrator is a host, named by its account ID, in the regions looked at.
  - It is in the group C(securityhub_members), and in a group for each status that it has in any region, such as
    C(securityhub_invited) or C(securityhub_enabled).
  - Its configuration file's name ends in C(securityhub_members.yml) or C(securityhub_members.yaml).
  - It reads with the administrator account's credentials, or assumes a role there.
  - Hosts have no connection of their own. Modules of this collection run on the controller, so set C(ansible_connection=local), for
    example with O(compose).
author:
  - cloudsec.securityhub contributors (@cloudsec)
options:
  plugin:
    description: The name of this plugin, which says that the file is meant for it.
    type: str
    required: true
    choices: [cloudsec.securityhub.securityhub_members]
  regions:
    description:
      - Look in each of these regions, at the same time.
      - Left out, O(region), or the region that the environment or the profile names.
    type: list
    elements: str
    default: []
  assume_role_external_id:
    description: The external ID that the trust policy of O(assume_role_arn) asks for.
    type: str
  assume_role_session_name:
    description: The name of the role session, as AWS CloudTrail shows it.
    type: str
  expected_account_id:
    description:
      - The ID of the administrator's account, 12 digits. Where the credentials or the role belong to another one, nothing is read.
    type: str
  filters:
    description:
      - Only memberships that match, in all fields named. A value may be a list, of which any matches, and may have C(*) and C(?) in it.
      - The fields are V(account_id), V(email), V(member_status) and V(region).
    type: dict
    default: {}
  include_filters:
    description:
      - A list of filters like O(filters). Memberships that match any of them are included, besides those of O(filters).
    type: list
    elements: dict
    default: []
  exclude_filters:
    description:
      - A list of filters like O(filters). Memberships that match any of them are left out, whatever the others say.
    type: list
    elements: dict
    default: []
  skip_failed_regions:
    description:
      - Warn about a region that can't be read, and go on with the others. It is a failure all the same where none can be read.
      - By default, any region that can't be read is a failure, so that nobody takes a part for the whole. Nor is a part cached.
    type: bool
    default: false
extends_documentation_fragment:
  - inventory_cache
  - constructed
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
"""

EXAMPLES = r"""
# All members in two regions, seen from the administrator account.
plugin: cloudsec.securityhub.securityhub_members
regions: [eu-central-1, us-east-1]
assume_role_arn: arn:aws:iam::111122223333:role/SecurityHubAdministrator
expected_account_id: "111122223333"
compose:
  ansible_connection: "'local'"

---

# Everybody who has an invitation to accept; with it, this play accepts wherever one is pending:
#
#   - name: Accept
#     hosts: securityhub_invited
#     gather_facts: false
#     tasks:
#       - name: Accept the invitation
#         cloudsec.securityhub.securityhub_invitation:
#           administrator_id: "{{ securityhub_administrator_id }}"
#           regions: "{{ securityhub_regions.invited }}"
#           assume_role_arn: arn:aws:iam::{{ inventory_hostname }}:role/SecurityHubMember
#           expected_account_id: "{{ inventory_hostname }}"
plugin: cloudsec.securityhub.securityhub_members
regions: [eu-central-1, eu-west-1, us-east-1]
filters:
  member_status: Invited
compose:
  ansible_connection: "'local'"

---

# A group for each mail domain, cached for an hour, without the accounts of the sandbox.
plugin: cloudsec.securityhub.securityhub_members
regions: [eu-central-1]
exclude_filters:
  - email: "sandbox+*@example.com"
keyed_groups:
  - key: securityhub_email.split('@')[1]
    prefix: mail
groups:
  everywhere_enabled: securityhub_status.values() | unique == ['Enabled']
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_timeout: 3600
cache_connection: ~/.cache/ansible/securityhub_members # a folder where nobody else can write
"""

import fnmatch
import os
import re
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _member as member
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import run_in_regions

CONNECTION_OPTIONS = (
    "access_key",
    "secret_key",
    "session_token",
    "profile",
    "endpoint_url",
    "region",
    "regions",
    "assume_role_arn",
    "assume_role_external_id",
    "assume_role_session_name",
    "expected_account_id",
)
FIELDS = ("account_id", "email", "member_status", "region")


class InventoryModule(AWSInventoryBase):
    """The inventory of an administrator's members. What is cached are the memberships as AWS tells them, before any filter."""

    NAME = "cloudsec.securityhub.securityhub_members"
    INVENTORY_FILE_SUFFIXES = ("securityhub_members.yml", "securityhub_members.yaml")

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Fill the inventory from the configuration file at path. Raises AnsibleParserError where AWS can't be read."""
        super().parse(inventory, loader, path, cache=cache)
        wanted = self._filters()
        was_cached, memberships = self.get_cached_result(path, cache)
        if not was_cached:
            memberships, is_complete = self._fetch()
            if is_complete:
                self.update_cached_result(path, cache, memberships)
        self._populate([membership for membership in memberships if self._makes_sense(membership) and wanted(membership)])

    def _makes_sense(self, membership: dict[str, Any]) -> bool:
        """Whether a membership can be a host and be in a group; whether AWS or a cache told of it, what is made into names is looked at."""
        account_id, status = membership["account_id"], membership["member_status"]
        if re.fullmatch(r"[0-9]{12}", str(account_id)) and status is not None and re.fullmatch(r"[A-Za-z]+", str(status)):
            return True
        self.warn(f"A membership of account {account_id!r} in status {status!r}, in region {membership['region']}, is left out: no host can be made of it.")
        return False

    def _set_frozen_credentials(self) -> None:
        """Nothing: the role is assumed by the account that the modules of this collection use too."""

    def _fetch(self) -> tuple[list[dict[str, Any]], bool]:
        """The memberships in all regions, members' dicts, each with its region; and whether no region is missing."""
        options = {name: self.get_option(name) for name in CONNECTION_OPTIONS}
        # The region may come from the environment; it is no contradiction to the regions of the file
        options["region"] = None if options["regions"] else options["region"]
        options["regions"] = options["regions"] or None
        options.update(validate_certs=True, aws_ca_bundle=os.environ.get("AWS_CA_BUNDLE"), aws_config=None)
        result = run_in_regions(options, member.read, {"members": []}, promoted_fields=[])
        outcomes = result.get("regions", [])
        failed = [outcome for outcome in outcomes if outcome.get("error")]
        if result.get("failed") and not (self.get_option("skip_failed_regions") and len(failed) < len(outcomes)):
            raise AnsibleParserError(f"The members of the Security Hub administrator can't be read: {result['msg']}")
        for outcome in failed:
            self.warn(f"Region {outcome['region']} is skipped: {outcome['error']['message']}")
        return [{**found, "region": outcome["region"]} for outcome in outcomes for found in outcome["members"]], not failed

    def _filters(self) -> Callable[[dict[str, Any]], bool]:
        """A function that tells whether a membership is wanted."""
        include = [filters for filters in (self.get_option("filters"), *self.get_option("include_filters")) if filters]
        exclude = self.get_option("exclude_filters")
        for filters in (*include, *exclude):
            unknown = sorted(set(filters) - set(FIELDS))
            if unknown:
                raise AnsibleParserError(f"There is no filter {', '.join(unknown)}; there are {', '.join(FIELDS)}.")
        return lambda membership: (
            (not include or any(_matches(membership, filters) for filters in include)) and not any(_matches(membership, filters) for filters in exclude)
        )

    def _populate(self, memberships: list[dict[str, Any]]) -> None:
        """Make hosts and groups of memberships."""
        self.inventory.add_group("securityhub_members")
        strict = self.get_option("strict")
        for name, variables in _hosts(memberships).items():
            variables = wrap_var(variables)  # text of others, never a template
            self.inventory.add_host(name, group="securityhub_members")
            for status in variables["securityhub_regions"]:
                self.inventory.add_host(name, group=self.inventory.add_group(f"securityhub_{status}"))
            for variable, value in variables.items():
                self.inventory.set_variable(name, variable, value)
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def _matches(membership: dict[str, Any], filters: dict[str, Any]) -> bool:
    """Whether a membership has, in each field of the filters, one of the values there."""
    return all(
        any(fnmatch.fnmatchcase(membership[field] or "", str(pattern)) for pattern in (values if isinstance(values, list) else [values]))
        for field, values in filters.items()
    )


def _hosts(memberships: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The variables of each host, by its name, in the order of account IDs."""
    hosts: dict[str, dict[str, Any]] = {}
    for membership in sorted(memberships, key=lambda membership: membership["account_id"]):
        account_id, region = membership["account_id"], membership["region"]
        variables = hosts.setdefault(
            account_id,
            {
                "securityhub_account_id": account_id,
                "securityhub_administrator_id": membership["administrator_id"],
                "securityhub_email": membership["email"],
                "securityhub_status": {},
                "securityhub_regions": {},
                "securityhub_invited_at": {},
                "securityhub_updated_at": {},
            },
        )
        variables["securityhub_status"][region] = membership["member_status"]
        variables["securityhub_regions"].setdefault(_group(membership["member_status"]), []).append(region)
        variables["securityhub_invited_at"][region] = membership["invited_at"]
        variables["securityhub_updated_at"][region] = membership["updated_at"]
    return hosts


def _group(status: str) -> str:
    """A status as the name of a group's end; in older regions an enabled member is Associated."""
    return "enabled" if status in member.ENABLED else status.lower()
