# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: securityhub_members
version_added: 1.0.0
short_description: The member accounts of an AWS Security Hub CSPM administrator as inventory
description:
  - Each member account of an AWS Security Hub CSPM administrator is a host, named by its account ID, in the regions looked at.
  - It is in the group C(securityhub_members), and in a group for each status that it has in any region, such as
    C(securityhub_invited) or C(securityhub_enabled).
  - Its configuration file's name ends in C(securityhub_members.yml) or C(securityhub_members.yaml).
  - An unknown option in the file is an error, and so is a filter that can match nothing.
  - Where an inventory can't be read, Ansible by default goes on without it. Set C(any_unparsed_is_failed=true) in the section C([inventory])
    of C(ansible.cfg), or the environment variable E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to V(true), so that it fails.
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
      - Look in each of these regions, at the same time. Excludes O(region).
      - "The single entry V(all) stands for every region that the account has enabled and that has Security Hub CSPM (AWS: account:ListRegions)."
      - Left out, O(region), or the region that the environment or the profile names.
    type: list
    elements: str
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
      - A status matches by its own name or by that of its group, in any case of letters. So V(enabled) also matches members that are
        V(Associated), as AWS calls them in older regions.
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
requirements:
  - boto3 >= 1.35.0
  - botocore >= 1.35.0
extends_documentation_fragment:
  - inventory_cache
  - constructed
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
  member_status: invited
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

import difflib
import fnmatch
import os
import re
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _member as member
from ansible_collections.cloudsec.securityhub.plugins.module_utils._masking import printable
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_task
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

    def verify_file(self, path: str) -> bool:
        """Whether parse() is to get the file at path. It gets one of this plugin with a wrong name too, to say so: Ansible would not tell why."""
        if super().verify_file(path):
            return True
        try:
            # Only what Ansible's plugin "auto" looks at; anything else may be a pipe, which can be read once
            return path.endswith((".yml", ".yaml")) and self._is_named_in(DataLoader().load_from_file(path, cache="none"))
        except AnsibleError:
            return False

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Fill the inventory from the configuration file at path. Raises AnsibleParserError where the file is wrong or AWS can't be read."""
        self._check_file(path, loader.load_from_file(path, cache="none"))
        super().parse(inventory, loader, path, cache=cache)
        wanted = self._filters()
        was_cached, memberships = self.get_cached_result(path, cache)
        if not was_cached:
            memberships, is_complete = self._fetch()
            if is_complete:
                self.update_cached_result(path, cache, memberships)
        self._populate([membership for membership in memberships if self._makes_sense(membership) and wanted(membership)])

    def get_option(self, option: str, hostvars: dict[str, Any] | None = None) -> Any:
        """An option's value, its templates replaced. Without any it is not amazon.aws's to look at, whose way ansible-core deprecates before release 11."""
        value = super(AWSInventoryBase, self).get_option(option, hostvars)
        return super().get_option(option, hostvars) if self.templar and self.templar.is_template(value) else value

    def _is_named_in(self, config: Any) -> bool:
        return isinstance(config, Mapping) and config.get("plugin") == self.NAME

    def _check_file(self, path: str, config: Any) -> None:
        """Refuse what Ansible would ignore: a wrong name of the file, and options that there are not. Raises AnsibleParserError."""
        if not self._is_named_in(config):
            return  # as _read_config_data() says
        if not path.endswith(self.INVENTORY_FILE_SUFFIXES):
            raise _invalid(f"{path} is for the plugin {self.NAME}, so its name must end in {' or '.join(self.INVENTORY_FILE_SUFFIXES)}.")
        names = {option: {option, *definition.get("aliases", ())} for option, definition in self.option_definitions.items()}
        known = set().union(*names.values())
        unknown = sorted(str(name) for name in set(config) - known)
        if unknown:
            told = ", ".join(name + _suggestion(name, known) for name in unknown)
            raise _invalid(f"{path}: there is no option {told}. See ansible-doc -t inventory {self.NAME}")
        if "regions" in config and names["region"] & set(config):
            raise _invalid(f"{path}: region and regions exclude each other.")

    def _makes_sense(self, membership: dict[str, Any]) -> bool:
        """Whether a membership can be a host and be in a group; whether AWS or a cache told of it, what is made into names is looked at."""
        account_id, status = membership["account_id"], membership["member_status"]
        if re.fullmatch(r"[0-9]{12}", str(account_id)) and status is not None and re.fullmatch(r"[A-Za-z]+", str(status)):
            return True
        left_out = f"A membership of account {account_id!r} in status {status!r}, in region {membership['region']}, is left out"
        self.warn(printable(f"{left_out}: no host can be made of it."))
        return False

    def _set_frozen_credentials(self) -> None:
        """Nothing: the role is assumed by the account that the modules of this collection use too."""

    def _fetch(self) -> tuple[list[dict[str, Any]], bool]:
        """The memberships in all regions, members' dicts, each with its region; and whether no region is missing."""
        options = {name: self.get_option(name) for name in CONNECTION_OPTIONS}
        if options["regions"] is not None:
            options["region"] = None  # that of the environment
        options.update(validate_certs=True, aws_ca_bundle=os.environ.get("AWS_CA_BUNDLE"), aws_config=None)
        result = run_task(lambda options, _check_mode: run_in_regions(options, member.read, {"members": []}, promoted_fields=[]), options, True)
        outcomes = result.get("regions", [])
        failed = [outcome for outcome in outcomes if outcome.get("error")]
        if result.get("failed") and not (self.get_option("skip_failed_regions") and len(failed) < len(outcomes)):
            raise AnsibleParserError(f"The members of the Security Hub CSPM administrator can't be read: {result['msg']}")
        if failed:
            for line in result["msg"].splitlines()[1:]:  # one for the regions that failed alike, after how many they are
                self.warn(f"Skipped: {line}")
        if result.get("regions_left_out"):
            self.display.v(f"Without Security Hub CSPM, as far as botocore knows, and left out: {', '.join(result['regions_left_out'])}")
        return [{**found, "region": outcome["region"]} for outcome in outcomes for found in outcome["members"]], not failed

    def _filters(self) -> Callable[[dict[str, Any]], bool]:
        """A function that tells whether a membership is wanted. Raises AnsibleParserError for a filter that can match nothing."""
        own = self.get_option("filters")
        include = [_patterns(filters) for filters in (*([own] if own else []), *self.get_option("include_filters"))]
        exclude = [_patterns(filters) for filters in self.get_option("exclude_filters")]
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


def _invalid(text: str) -> AnsibleParserError:
    """Return the error of an invalid option or file. What can't be seen in it, such as a no-break space, is shown."""
    return AnsibleParserError(printable(text))


def _suggestion(name: str, known: set[str]) -> str:
    nearest = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {nearest[0]}?)" if nearest else ""


def _patterns(filters: Any) -> dict[str, list[str]]:
    """The patterns of each field that a filter names. Raises AnsibleParserError for a filter that is none, or that can match nothing."""
    if not filters or not isinstance(filters, Mapping):
        raise _invalid(f"{filters!r} is no filter: it has none of the fields {', '.join(FIELDS)}.")
    unknown = sorted(str(field) for field in set(filters) - set(FIELDS))
    if unknown:
        raise _invalid(f"There is no filter {', '.join(unknown)}; there are {', '.join(FIELDS)}.")
    patterns = {}
    for field, values in filters.items():
        patterns[field] = [_pattern(field, value) for value in (values if isinstance(values, list) else [values])]
        if not patterns[field]:
            raise _invalid(f"The filter {field} is an empty list, which nothing matches. Name a value, or leave it out.")
    return patterns


def _pattern(field: str, value: Any) -> str:
    """A filter's value, as _spellings() spells the field's."""
    if field == "account_id" and isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        raise _invalid(f"The filter {field} has the value {value!r}, which is not a string.")
    if re.search(r"[*?[]", value) is None:
        if field == "account_id" and not re.fullmatch(r"[0-9]{12}", value):
            raise _invalid(f"The filter account_id is {value}, not an account ID of 12 digits. Quote it in YAML, or leading zeros are lost.")
        if field == "member_status" and value.lower() not in map(str.lower, member.STATUSES):
            raise _invalid(f"The filter member_status is {value}, which is no status; there are {', '.join(member.STATUSES)}.")
    return value.lower() if field == "member_status" else value


def _matches(membership: dict[str, Any], filters: dict[str, list[str]]) -> bool:
    """Whether a membership has, in each field of the filters, one of the values there."""
    return all(
        any(fnmatch.fnmatchcase(spelling, pattern) for spelling in _spellings(membership, field) for pattern in patterns) for field, patterns in filters.items()
    )


def _spellings(membership: dict[str, Any], field: str) -> tuple[str, ...]:
    """What a field's value is called: a status as AWS and as its group call it, without capitals."""
    value = membership[field] or ""
    return (value.lower(), _group(value)) if field == "member_status" else (value,)


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
