# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in the playbooks' variables, and messages in their terms."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils._errors import ADVICE
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import TASK_WORDS
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Message
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Place
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _variables

ADMINISTRATOR = "111111111111"
ONE, TWO = "200000000001", "200000000002"
SAID: dict[str, Any] = {
    "members": [{"account_id": ONE}, {"account_id": TWO}],
    "administrator_id": ADMINISTRATOR,
    "regions": ["eu-west-1", "us-east-1"],
    **dict.fromkeys(("leave_first", "replace_administrator", "purge_standards"), False),
    **dict.fromkeys(("standards", "home_region", "linking_mode", "linked_regions", "allowed_administrators", "report")),
    "needs_members": True,
}
SPEC = {
    "securityhub_members": {"type": "list", "options": {"account_id": {"type": "str"}, "email": {"type": "str"}}},
    "securityhub_regions": {"type": "list"},
    "securityhub_enable_hubs": {"type": "bool"},
}


@pytest.mark.parametrize(
    "names, members, says",
    [
        (["securityhub_regions", "securityhub_members", "securityhub_enable_hubs"], [{"account_id": ONE, "email": "one@example.com"}], []),
        (["securityhub_enable_hub"], [], ["There is no variable securityhub_enable_hub; did you mean securityhub_enable_hubs?"]),
        # What all names begin with makes none of them like another
        (["securityhub_x"], [], ["There is no variable securityhub_x."]),
        (["securityhub_account_id"], [], ["Take out securityhub_account_id"]),
        (
            [],
            [{"account_id": ONE, "mail": "one@example.com"}, {"account_id": TWO, "mail": "", "owner": ""}],
            [
                f"In securityhub_members there is no key mail (account {ONE} and 1 other); did you mean email?",
                f"In securityhub_members there is no key owner (account {TWO}).",
            ],
        ),
        ([], [{"id": ONE}, {1: ONE}], [f"In securityhub_members there is no key {key} (entry {number})" for key, number in (("id", 1), ("1", 2))]),
        (
            [],
            [{"account_id": ONE}, TWO],
            [f"Each entry of securityhub_members needs an account_id, such as {{account_id: '444455556666'}}. Invalid: {TWO}."],
        ),
        # What is no list is told by the check of types
        ([], "none", []),
        ([], None, []),
    ],
)
def test_unknown_names(names, members, says):
    mistakes = _variables.unknown_names(names, SPEC, members)
    assert len(mistakes) == len(says)
    assert all(mistake.startswith(said) for mistake, said in zip(mistakes, says, strict=True))


@pytest.mark.parametrize(
    "variables, says",
    [
        ({}, None),
        ({"administrator_id": int(ADMINISTRATOR)}, None),
        ({"administrator_id": "1234"}, "Set securityhub_administrator_id"),
        ({"administrator_id": "11111111111１"}, "Set securityhub_administrator_id"),
        ({"regions": "us-east-1"}, "Set securityhub_regions"),
        ({"regions": []}, "Set securityhub_regions"),
        ({"regions": "all"}, "or to [all]."),
        ({"regions": ["all"]}, None),
        ({"regions": ["us-east-1", " all"]}, "Give all alone"),
        ({"members": [{"account_id": int(ONE)}, {"account_id": int(TWO)}]}, None),
        ({"members": []}, "Set securityhub_members to a list of accounts, each with its account_id."),
        ({"members": [{"account_id": "20000000000"}, {"account_id": 7}]}, "digits in quotes. Invalid: 20000000000, 7."),
        (
            {"members": [{"account_id": ONE}, {"account_id": TWO}, {"account_id": ONE}]},
            f"once in securityhub_members, and the administrator not at all. Invalid: {ONE}.",
        ),
        ({"members": [{"account_id": ADMINISTRATOR}]}, f"not at all. Invalid: {ADMINISTRATOR}."),
        ({"members": [], "needs_members": False, "report": "folder"}, None),
        ({"needs_members": False}, "Set securityhub_report to the folder for the report's files."),
        ({"allowed_administrators": [ADMINISTRATOR, int(ONE)]}, None),
        ({"allowed_administrators": []}, "Set securityhub_allowed_administrators to a list of account IDs"),
        ({"allowed_administrators": ["1234"]}, "Set securityhub_allowed_administrators to a list of account IDs"),
        ({"allowed_administrators": ADMINISTRATOR}, "Set securityhub_allowed_administrators to a list of account IDs"),
        ({"leave_first": True}, "set securityhub_replace_administrator to true as well"),
        ({"leave_first": True, "replace_administrator": True}, None),
        (dict.fromkeys(("standards", "home_region", "linking_mode", "linked_regions"), ""), None),
        ({"standards": ["pci-dss/v/4.0.1"], "purge_standards": True}, None),
        ({"standards": [], "purge_standards": True}, None),
        ({"purge_standards": True}, "all but securityhub_standards, which is missing."),
        ({"standards": [" "]}, "securityhub_standards has an entry that names nothing."),
        ({"home_region": "us-east-1", "linking_mode": "no_regions"}, None),
        ({"home_region": "eu-north-1"}, "securityhub_home_region is eu-north-1, which is not one of securityhub_regions."),
        ({"home_region": "eu-north-1", "regions": [" all"]}, None),
        ({"linking_mode": "no_regions"}, "about securityhub_home_region, which is missing."),
        ({"linked_regions": ["us-east-1"]}, "about securityhub_home_region, which is missing."),
        ({"home_region": "us-east-1", "linked_regions": ["eu-west-1"]}, "securityhub_linked_regions goes with securityhub_linking_mode all_regions_except"),
        ({"home_region": "us-east-1", "linking_mode": "specified_regions"}, "securityhub_linking_mode specified_regions needs securityhub_linked_regions"),
        (
            {"home_region": "us-east-1", "linking_mode": "specified_regions", "linked_regions": ["us-east-1"]},
            "securityhub_linked_regions has us-east-1, which is the home region itself.",
        ),
    ],
)
def test_mistakes_in_variables(variables, says):
    mistakes = _variables.variable_mistakes({**SAID, **variables})
    assert len(mistakes) == (says is not None)
    assert says is None or says in mistakes[0]


def test_what_can_not_be_seen_in_a_variable_is_shown():
    said = {"members": [{"account_id": "\ufeff200000000001"}, {"account_id": "200000000002\r"}], "home_region": "eu\xa0west-1", "standards": None}
    mistakes = _variables.variable_mistakes({**SAID, **said})
    assert "Invalid: \\ufeff200000000001, 200000000002\\r." in mistakes[0]
    assert mistakes[1].startswith("securityhub_home_region is eu\\xa0west-1, ")


@pytest.mark.parametrize(
    ("template", "words", "in_playbooks"),
    [
        (
            "Another one; set {option.replace_administrator}=true to leave it.",
            _variables.MEMBER_WORDS,
            "Another one; set securityhub_replace_administrator=true to leave it.",
        ),
        (
            ADVICE["wrong_account"],
            _variables.MEMBER_WORDS,
            "Nothing was done. Check the role (securityhub_member_role), the profile and the credentials, or correct securityhub_members.",
        ),
        (
            ADVICE["wrong_account"],
            _variables.ADMINISTRATOR_WORDS,
            "Nothing was done. Check the role (securityhub_administrator_role_arn), the profile and the credentials, or correct securityhub_administrator_id.",
        ),
        (
            ADVICE["hub_not_enabled"],
            _variables.MEMBER_WORDS,
            "Enable Security Hub CSPM there first (onboard does with securityhub_enable_hubs), then rerun the playbook; "
            "the unified AWS Security Hub is a separate service.",
        ),
        (
            "Let {account} be invited in this region (CreateMembers, then InviteMembers), {or_wait}.",
            _variables.MEMBER_WORDS,
            f"Let {ONE} be invited in this region (CreateMembers, then InviteMembers), then rerun the playbook.",
        ),
    ],
)
def test_a_message_names_what_the_playbooks_users_set(template, words, in_playbooks):
    assert Message.of(template).render(Place(ONE, "eu-west-1"), words) == in_playbooks


def test_the_playbooks_have_words_of_their_own_for_all_that_are_not_options():
    """An option goes by its own name where the playbooks set none in its place."""
    assert {name for name in TASK_WORDS if not name.startswith("option.")} <= set(_variables.MEMBER_WORDS)
