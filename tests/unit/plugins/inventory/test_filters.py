# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A filter of the inventory matches what it names, in AWS's words or in the groups'; one that can match nothing is refused."""

from __future__ import annotations

import pytest

from ansible.errors import AnsibleParserError
from ansible_collections.cloudsec.securityhub.plugins.inventory import securityhub_members as inventory

MEMBERSHIP = {"account_id": "044444444444", "email": "Root+one@example.com", "region": "eu-west-1", "member_status": "Enabled"}


def matches(filters, **fields):
    """Whether a membership matches."""
    return inventory._matches({**MEMBERSHIP, **fields}, inventory._patterns(filters))  # pylint: disable=protected-access


@pytest.mark.parametrize(
    "filters, shown",
    [
        ({"account_id": "\ufeff444444444444"}, "is \\ufeff444444444444, not"),
        ({"member_status": "en\xa0abled\r"}, "is en\\xa0abled\\r, which"),
        ({"re\u200bgion": "eu-west-1"}, "no filter re\\u200bgion;"),
    ],
)
def test_what_can_not_be_seen_in_a_filter_is_shown(filters, shown):
    with pytest.raises(AnsibleParserError) as raised:
        matches(filters)
    assert shown in str(raised.value)


@pytest.mark.parametrize(
    "status, values, expected",
    [
        ("Invited", "invited", True),
        ("Invited", "INVITED", True),
        ("Invited", ["Resigned", "Invited"], True),
        ("Invited", "inv*", True),
        ("Invited", "?nvited", True),
        ("Invited", "enabled", False),
        ("AccountSuspended", "accountsuspended", True),
        ("Associated", "enabled", True),
        ("Associated", "Enabled", True),
        ("Associated", "en*", True),
        ("Associated", "associated", True),
        ("Associated", "Assoc*", True),
        ("Enabled", "Associated", False),
        ("Paused", "paus*", True),  # a status that AWS may have one day
    ],
)
def test_a_status_matches_as_aws_or_its_group_spells_it(status, values, expected):
    assert matches({"member_status": values}, member_status=status) is expected


@pytest.mark.parametrize(
    "filters, expected",
    [
        ({"account_id": "044444444444"}, True),
        ({"account_id": ["111111111111", "04*"]}, True),
        ({"account_id": 111111111111}, False),
        ({"email": "Root+*@example.com"}, True),
        ({"email": "root+*@example.com"}, False),
        ({"region": "eu-*", "member_status": "enabled"}, True),
        ({"region": "us-*", "member_status": "enabled"}, False),
    ],
)
def test_the_other_fields_match_as_they_are(filters, expected):
    assert matches(filters) is expected


def test_a_number_of_12_digits_is_an_account_id():
    assert matches({"account_id": 144444444444}, account_id="144444444444")


def test_an_account_without_address_matches_no_text():
    assert matches({"email": ""}, email=None)
    assert not matches({"email": "?*"}, email=None)


@pytest.mark.parametrize(
    "filters, says",
    [
        ({"member_status": "Invitd"}, "Invitd, which is no status; there are Created, Invited, Enabled, Associated, Removed, .*AccountSuspended"),
        ({"member_status": ["invited", ""]}, "no status"),
        ({"account_id": 44444444444}, "44444444444, not an account ID of 12 digits. Quote it in YAML"),
        ({"account_id": "0444"}, "Quote it in YAML"),
        ({"account_id": True}, "Quote it in YAML"),
        ({"account_id": {"044444444444": None}}, "which is not a string"),
        ({"account_id": 4.4}, "which is not a string"),
        ({"email": {"like": "*@example.com"}}, "which is not a string"),
        ({"email": None}, "which is not a string"),
        ({"region": [["eu-west-1"]]}, "which is not a string"),
        ({"region": []}, "region is an empty list"),
        ({"status": "Invited", 1: "x"}, "no filter 1, status; there are account_id, email, member_status, region"),
        ({}, "is no filter"),
        ("member_status", "is no filter"),
        (None, "is no filter"),
    ],
)
def test_a_filter_that_can_match_nothing_is_refused(filters, says):
    with pytest.raises(AnsibleParserError, match=says):
        matches(filters)
