# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages as values: equal where they say the same of two places, and text for a place and a reader."""

from __future__ import annotations

import ast
import json
import pathlib
import string

import pytest

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _errors
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _messages
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Message
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Place

HERE = Place("444455556666", "eu-west-1")
THERE = Place("777788889999", "us-east-1")
PLUGINS = pathlib.Path(_messages.__file__).parents[1]


def test_a_fact_refers_to_the_place_that_it_names():
    def said(place):
        return Message.of("It failed: {words}", place, words=f"No hub of {place.account_id} in arn:aws:securityhub:{place.region}:x")

    assert said(HERE) == said(THERE)
    assert said(HERE).render(THERE) == "It failed: No hub of 777788889999 in arn:aws:securityhub:us-east-1:x"


@pytest.mark.parametrize("words", ["in eu-west-10", "in xeu-west-1", "1444455556666", "eu-west-1a"])
def test_a_longer_name_is_another_one(words):
    assert Message.of("{words}", HERE, words=words).render(THERE) == words


@pytest.mark.parametrize("words", ["{place}", "{0}", "{", "}}", "{words.__class__}", "%s", "{{ lookup('pipe', 'id') }}"])
def test_a_fact_is_never_a_template(words):
    message = Message.of("It is {words}.", HERE, words=words)
    assert message.render(HERE) == f"It is {words}."
    assert Message.from_json(json.loads(json.dumps(message.as_json()))) == message


def test_a_place_is_named_as_far_as_it_is_known():
    message = Message.of("{place}; {account}; {region}")
    assert message.render(HERE) == "account 444455556666, region eu-west-1; 444455556666; eu-west-1"
    assert message.render(Place(None, "eu-west-1")) == "this account, region eu-west-1; this account; eu-west-1"
    assert Message.of("{place}").render(_messages.NOWHERE) == "this task"


def test_a_message_can_be_a_fact():
    inner = Message.of("{option.wait} in {place}")
    assert Message.of("First: {inner}", inner=inner).render(HERE, {"option.wait": "patience"}) == f"First: patience in {HERE}"
    assert Message.of("A.").followed_by(Message.of("B.")) == Message.of("A. B.")
    assert Message.of("A.").followed_by(Message()) == Message.of("A.") == Message().followed_by(Message.of("A."))


def test_a_field_without_a_fact_is_a_mistake():
    with pytest.raises(KeyError):
        Message.of("It is {nobody}.")


def templates():
    """Each call that makes a message of a constant template in the collection's code: the template, and the names of the facts that are given there."""
    functions = {"make_error": 2, "error": 1, "invalid_input": 0, "replaced": 0, "followed_by": 0, "of": 0}
    for path in sorted(PLUGINS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", None))
            if not isinstance(node, ast.Call) or name not in functions or any(keyword.arg is None for keyword in node.keywords):
                continue
            given = {keyword.arg for keyword in node.keywords}
            for argument in node.args[functions[name] : functions[name] + 2]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield pytest.param(argument.value, given, id=f"{path.name}:{node.lineno}")


@pytest.mark.parametrize("template, given", templates())
def test_every_field_of_a_template_has_its_fact(template, given):
    """Also where the error is too rare for a test to come to."""
    Message.of(template, HERE, **dict.fromkeys(given, "x"))


def test_the_advice_needs_no_facts_but_the_actions():
    for advice in _errors.ADVICE.values():
        assert {field for _text, field, _spec, _conversion in string.Formatter().parse(advice) if field} - {"actions"} <= {
            *_messages.TASK_WORDS,
            "option.assume_role_arn",
            "option.expected_account_id",
        }


def test_an_error_is_the_same_after_its_way_through_a_result():
    error = _errors.make_error("timeout", HERE, "Not yet in {place}: {words}.", "{Rerun} later.", words="{eu-west-1}")
    back = _errors.SecurityHubError.from_dict(json.loads(json.dumps(error.as_dict(with_values=True))))
    assert (back.reason, back.message(), back.place) == ("timeout", error.message(), HERE)
    assert back.message({"Rerun": "Start again"}) == f"Not yet in {HERE}: {{eu-west-1}}. Start again later."


def test_an_error_that_had_a_secret_in_it_comes_in_one_part():
    error = _errors.make_error("aws_error", HERE, "It said {words} in {place}.", words="eu-west-1 secret")
    found = error.as_dict(lambda text: text.replace("eu-west-1 secret", "***"), with_values=True)
    assert found["parts"] == [found["message"]] and "secret" not in json.dumps(found)
