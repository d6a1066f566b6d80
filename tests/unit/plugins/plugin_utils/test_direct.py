# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task's environment never reaches the next, whatever comes between; and what keeps a task from running directly."""

from __future__ import annotations

import os
import platform
import pwd
import sys
import types

import pytest

from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugins
from ansible.template import Templar
from ansible_collections.cloudsec.securityhub.plugins.action.securityhub_hub_info import ActionModule
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import Outcome
from ansible_collections.cloudsec.securityhub.plugins.module_utils._regions import TaskOutcome
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _direct as direct

MINE = {"AWS_PROFILE": "mine", "AWS_REGION": "eu-west-1"}
NEXT = {"AWS_PROFILE": "next"}


class Interrupted(BaseException):
    """What a timeout's or Ctrl-C's signal handler raises."""


def environment_now():
    """The environment of this process, but for what pytest changes in it."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


def seen_by(action, **task_vars):
    """The environment that a task has."""
    return action.run(task_vars=task_vars)["seen"]


def action_for(environment, become_user=None):
    """The action of a task with this environment. It only looks at the environment in place of asking AWS."""
    data_loader = DataLoader()
    task = Task()
    task.action = "cloudsec.securityhub.securityhub_hub_info"
    task.environment = [environment]
    connection = plugins.connection_loader.get("local", PlayContext(), os.devnull)
    if become_user:
        become = plugins.become_loader.get("su")
        become.set_options(direct={"become_user": become_user})
        connection.set_become_plugin(become)
    action = ActionModule(task, connection, PlayContext(), data_loader, Templar(data_loader), plugins)

    def run(options, check_mode):  # pylint: disable=unused-argument
        return TaskOutcome([Outcome("eu-west-1", {"seen": environment_now()})], promoted_fields=["seen"])

    action.MODULE = types.SimpleNamespace(SPEC=ActionModule.MODULE.SPEC, run=run)
    return action


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """The environment of a process that is new: some variables only, since each one has lines to be interrupted at."""
    monkeypatch.setattr(direct, "_OWN_ENVIRONMENT", {})
    before = dict(os.environ)
    for name in set(before) - {"HOME", "PATH"}:
        del os.environ[name]
    yield environment_now()
    os.environ.clear()
    os.environ.update(before)


def is_watched(frame):
    """Whether a frame is one of _direct.py, or one below the function there that changes the environment."""
    for _depth in range(5):
        if os.path.basename(frame.f_code.co_filename) == "_direct.py":
            return _depth == 0 or frame.f_code.co_name == "_set_environment"
        frame = frame.f_back
        if not frame:
            return False
    return False


def run_until(line, action, **task_vars):
    """Run an action, and interrupt it when it comes to so many lines of what is watched. Whether it came that far."""
    left = line

    def trace(frame, event, arg):  # pylint: disable=unused-argument
        nonlocal left
        if not is_watched(frame):
            return None
        if event == "line":
            left -= 1
            if not left:
                raise Interrupted
        return trace

    tracing_before = sys.gettrace()
    sys.settrace(trace)
    try:
        action.run(task_vars=task_vars)
    except Interrupted:
        return True
    finally:
        sys.settrace(tracing_before)
    assert left > 0, "The interruption got lost"
    return False


def test_a_task_has_its_environment(own_environment):
    assert seen_by(action_for(MINE)) == {**own_environment, **MINE}
    assert environment_now() == own_environment


def test_no_interruption_leaves_a_task_with_anothers_environment(own_environment):
    """Interrupted at every line, one after the other, by a task that is followed by others in the same process."""
    line = stuck = 0
    while run_until(line := line + 1, action_for(MINE)):
        stuck += environment_now() != own_environment
        assert seen_by(action_for(NEXT)) == {**own_environment, **NEXT}, f"Interrupted at line {line}"
        assert environment_now() == own_environment
    # It was interrupted where the environment was the task's, and half of it
    assert line > 50 and stuck


def test_a_task_that_can_not_run_here_has_no_other_tasks_environment(own_environment, monkeypatch):
    """The module of an ordinary task inherits the process's."""
    line = 0
    monkeypatch.setattr(direct.OrdinaryAction, "run", lambda self, tmp, task_vars: {"seen": environment_now()})
    while run_until(line := line + 1, action_for(MINE)):
        assert seen_by(action_for({}), **{direct.SWITCH: False}) == own_environment, f"Interrupted at line {line}"


def test_a_process_that_was_forked_keeps_an_environment_of_its_own(own_environment):
    """A worker may have other variables than the process before it, which has run tasks too."""
    action_for(MINE).run(task_vars={})
    child = os.fork()
    if not child:
        os.environ["OF_THE_CHILD"] = "yes"
        seen = seen_by(action_for(NEXT))
        os._exit(0 if seen == {**own_environment, **NEXT, "OF_THE_CHILD": "yes"} else 1)  # pylint: disable=protected-access
    assert os.waitpid(child, 0)[1] == 0


def obstacle(action, **task_vars):
    """Why a task can't run directly."""
    return action._obstacle(task_vars)  # pylint: disable=protected-access


def test_become_oneself(monkeypatch):
    """Is no reason to leave the process; whoever the environment says that one is."""
    myself = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setenv("LOGNAME", "somebody")
    assert obstacle(action_for({}, become_user=myself)) is None
    assert obstacle(action_for({}, become_user="somebody")) == "the task becomes another user"


def test_become_without_a_passwd_entry(monkeypatch):
    """As in a container: the task runs, and what becomes somebody runs the ordinary way."""
    # Before: with Python 3.13, ansible-core 2.19 makes no connection there without one of the variables
    plain, becoming = action_for({}), action_for({}, become_user="somebody")

    def unknown(user_id):
        raise KeyError(f"getpwuid(): uid not found: {user_id}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert obstacle(plain) is None
    assert obstacle(becoming) == "the task becomes another user"


def test_a_mac_has_to_be_asked_for(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert obstacle(action_for({})) == "the controller is a Mac, and cloudsec_securityhub_direct_execution is not true"
    assert obstacle(action_for({}), **{direct.SWITCH: True}) is None
    assert obstacle(action_for({}), **{direct.SWITCH: False}) == "cloudsec_securityhub_direct_execution is false"


@pytest.mark.parametrize(
    "versions, reason",
    [
        ({"boto3": direct.clients.MINIMUM_BOTO3, "botocore": direct.clients.MINIMUM_BOTO3}, None),
        ({"boto3": "1.34.162"}, f"the controller's boto3 is older than {direct.clients.MINIMUM_BOTO3}"),
        ({"botocore": "1.34.162"}, f"the controller's botocore is older than {direct.clients.MINIMUM_BOTO3}"),
    ],
    ids=["oldest", "older boto3", "older botocore"],
)
def test_boto3_too_old(monkeypatch, versions, reason):
    for library, version in versions.items():
        monkeypatch.setattr(getattr(direct.amazon_aws, library), "__version__", version)
    assert direct._missing_boto3() == reason  # pylint: disable=protected-access
    monkeypatch.setattr(direct, "MISSING_BOTO3", reason)
    assert obstacle(action_for({})) == reason


def test_an_amazon_aws_that_needs_a_newer_boto3(monkeypatch):
    monkeypatch.setattr(direct.amazon_aws, "MINIMUM_BOTO3_VERSION", "99.0.0")
    assert direct._missing_boto3() == "the controller's boto3 is older than 99.0.0"  # pylint: disable=protected-access
