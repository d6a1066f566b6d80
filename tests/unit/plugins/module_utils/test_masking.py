# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text that is fit to be printed."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _masking as masking


@pytest.mark.parametrize(
    "given, shown",
    [
        ("Grüße, \U0001f600 и 日本", "Grüße, \U0001f600 и 日本"),
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("\x00\x1b[31m\x7f\x85\x9b", "\\x00\\x1b[31m\\x7f\\x85\\x9b"),
        ("\u2028\u2029\u202e\u2066\u200b\ufeff\xad", "\\u2028\\u2029\\u202e\\u2066\\u200b\\ufeff\\xad"),
        ("half \ud83d a character", "half \\ud83d a character"),
        # What spreadsheets and web pages leave in account IDs and names of regions
        ("\ufeff123456789012\r", "\\ufeff123456789012\\r"),
        ("eu\xa0central-1\u200b", "eu\\xa0central-1\\u200b"),
        ("1\u20002\u20093\u200a4\u202f5\u205f6\u16807", "1\\u20002\\u20093\\u200a4\\u202f5\\u205f6\\u16807"),
        ("12\u3000\u200d\u200c34\ufe0f", "12\\u3000\\u200d\\u200c34\\ufe0f"),
        ("\u200c1\xa0\u200d2\u31643", "\\u200c1\\xa0\\u200d2\\u31643"),
        # The same characters where their scripts need them
        ("山田\u3000太郎, می\u200cخواهم, \U0001f469\u200d\U0001f4bb \u2764\ufe0f", "山田\u3000太郎, می\u200cخواهم, \U0001f469\u200d\U0001f4bb \u2764\ufe0f"),
    ],
)
def test_what_can_not_be_printed_is_shown(given, shown):
    assert masking.printable(given) == shown
    assert masking.printable({given: [given, {"deep": given}, 1, None, True]}) == {shown: [shown, {"deep": shown}, 1, None, True]}


@pytest.mark.parametrize(
    "given, secrets, masked",
    [
        ("the secret is a secret", ["secret"], "the ******** is a ********"),
        ("longest first: abcdef abc", ["abc", "abcdef"], "longest first: ******** ********"),
        ("overlapping: abcabcab", ["abcab"], "overlapping: ********"),
        ("a%2Fb a%252Fb a\\/b a\\\\/b a\\u002Fb a\\x2fb a&#47;b a&#x2F;b a&sol;b", ["a/b"], " ".join(["********"] * 9)),
        ("a/\n  b, a/\\nb, a%2F%0Ab", ["a/b\n"], "********, ********, ********"),
        ("100 %, \\ud83, &nbsp, \\", ["x"], "100 %, \\ud83, &nbsp, \\"),
        ("nothing to hide", ["", "\n", "much too long to be in there"], "nothing to hide"),
        ("nothing to hide", [], "nothing to hide"),
        ("", ["secret"], ""),
    ],
)
def test_secrets_are_masked(given, secrets, masked):
    assert masking.masker(secrets)(given) == masked


def test_an_exception_is_converted():
    converted = masking.printable([{"error": ValueError("a\nb")}], lambda exception: {"message": str(exception)})
    assert converted == [{"error": {"message": "a\\nb"}}]
