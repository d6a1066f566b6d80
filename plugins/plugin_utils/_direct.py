# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Direct execution: a module of this collection run by the worker that Ansible has forked for the task anyway. Private to this collection.

An AWS module runs on the controller, yet the ordinary way packs it into an archive, starts an interpreter and imports boto3 for every
host. Here the controller imports everything once, before it forks, and a worker that has inherited it only makes the calls.
A task that can't run so takes the ordinary way, with the same result.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import multiprocessing
import multiprocessing.context
import os
import platform
import pwd
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.compat.version import LooseVersion
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as OrdinaryAction
from ansible.utils.display import Display

try:
    from ansible_collections.amazon.aws.plugins.module_utils.common import AMAZON_AWS_COLLECTION_VERSION
except ImportError:
    AMAZON_AWS_COLLECTION_VERSION = None

display = Display()

SWITCH = "cloudsec_securityhub_direct_execution"

# As galaxy.yml says
MINIMUM_AMAZON_AWS = "8.2.1"


def _missing_collection() -> str | None:
    """Return why the modules can't run on this controller in either way, as text; None where they can.

    Ansible ends the whole run where it can't load a plugin, and only Galaxy sees to it that a collection's dependencies are there.
    """
    advice = f"Install it on the controller: ansible-galaxy collection install --upgrade 'amazon.aws:>={MINIMUM_AMAZON_AWS}'"
    if AMAZON_AWS_COLLECTION_VERSION is None:
        return f"cloudsec.securityhub needs the collection amazon.aws, and it is not there. {advice}"
    if LooseVersion(AMAZON_AWS_COLLECTION_VERSION) < LooseVersion(MINIMUM_AMAZON_AWS):
        return f"cloudsec.securityhub needs the collection amazon.aws {MINIMUM_AMAZON_AWS}, and there is only {AMAZON_AWS_COLLECTION_VERSION}. {advice}"
    return None


def _missing_boto3() -> str | None:
    """Return why no client can be made on this controller, as text; None where one can."""
    if not amazon_aws.HAS_BOTO3:
        return "the controller has no boto3"
    for library, at_least, minimum in (
        ("boto3", amazon_aws.boto3_at_least, amazon_aws.MINIMUM_BOTO3_VERSION),
        ("botocore", amazon_aws.botocore_at_least, amazon_aws.MINIMUM_BOTOCORE_VERSION),
    ):
        for version in (clients.MINIMUM_BOTO3, minimum):
            if not at_least(version):
                return f"the controller's {library} is older than {version}"
    return None


MISSING_COLLECTION = _missing_collection()
MISSING_BOTO3: str | None = None
if not MISSING_COLLECTION:
    from ansible_collections.amazon.aws.plugins.module_utils import botocore as amazon_aws
    from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client as clients
    from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_task
    from ansible_collections.cloudsec.securityhub.plugins.module_utils._orphan_guard import end_with_parent

    MISSING_BOTO3 = _missing_boto3()
    if not MISSING_BOTO3:
        clients.warm()


def load_module(name: str) -> Any:
    """Return a module of this collection, by its name; None where the collection that it needs is missing."""
    return None if MISSING_COLLECTION else importlib.import_module(f"ansible_collections.cloudsec.securityhub.plugins.modules.{name}")


class DirectAction(OrdinaryAction):
    """The base of this collection's action plugins; each has its module.

    MODULE: from load_module(), with SPEC and run(options, check_mode).
    """

    MODULE: Any = None

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the task's result, from this process where that is possible, else from the ordinary module."""
        _forget_other_tasks()
        if MISSING_COLLECTION:
            return {"failed": True, "changed": False, "msg": MISSING_COLLECTION}
        _end_with_controller()
        task_vars = task_vars or {}
        obstacle = self._obstacle(task_vars)
        if obstacle:
            return self._run_module(obstacle, tmp, task_vars)
        if not gc.get_freeze_count():
            # The collector would look at all that came from the controller, and this process would get a copy of all that it looks at
            gc.freeze()
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        with _environment(environment):
            options, secrets, obstacle = self._options()
            if obstacle:
                return self._run_module(obstacle, tmp, task_vars)
            self._show_way("runs directly in the worker", task_vars)
            result = run_task(self.MODULE.run, options, self._task.check_mode, self._task.diff)
        if _injects_invocation(task_vars):
            result["invocation"] = {"module_args": options}
        return remove_values(result, secrets)

    def _run_module(self, obstacle: str, tmp: str | None, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the ordinary module. obstacle: why it is needed."""
        self._show_way(f"runs as an ordinary module: {obstacle}", task_vars)
        return super().run(tmp, task_vars)

    def _show_way(self, way: str, task_vars: dict[str, Any]) -> None:
        display.vv(f"{self._task.action} {way}", host=task_vars.get("inventory_hostname"))

    def _obstacle(self, task_vars: dict[str, Any]) -> str | None:
        """Return why the ordinary module would not run on this machine, as this user, now, with a boto3 that works, as text; None where it would."""
        wanted = task_vars.get(SWITCH)
        if wanted is None and platform.system() == "Darwin":
            # It kills forked processes that use some of its libraries, unless the user knows better
            return f"the controller is a Mac, and {SWITCH} is not true"
        if wanted is not None and not boolean(self._templar.template(wanted)):
            return f"{SWITCH} is false"
        if MISSING_BOTO3:
            return MISSING_BOTO3
        if self._connection.transport != "local":
            return f"the connection is {self._connection.transport}, not local"
        if self._task.async_val:
            return "the task is asynchronous"
        become = self._connection.become
        if become and become.get_option("become_user", playcontext=self._play_context) != _user():
            return "the task becomes another user"
        return None

    def _options(self) -> tuple[dict[str, Any], Iterable[str], str | None]:
        """Return the task's options, validated as the module would; the secrets among them; and why the module must see the task, else None.

        It must where it would refuse or warn about the options, or log botocore's calls: it says so in its own words.
        """
        try:
            validation, options = self.validate_argument_spec(
                **{argument: value for argument, value in self.MODULE.SPEC.items() if argument != "supports_check_mode"}
            )
            # What a module gets has been through JSON too: plain values, without the controller's tags
            options = json.loads(json.dumps(options))
        except (AnsibleError, TypeError, ValueError):
            return {}, (), "the module refuses the options"
        if validation._warnings or validation._deprecations:
            return {}, (), "the module warns about the options"
        if options["debug_botocore_endpoint_logs"]:
            return {}, (), "debug_botocore_endpoint_logs is true"
        return options, validation._no_log_values, None


@functools.cache  # the items of a loop share a process
def _end_with_controller() -> None:
    """Let this worker, and with it the module that it runs, end soon after the process that forked it, however that ended."""
    parent = multiprocessing.parent_process()
    # By another way to start it, the worker's parent would be yet another process
    if parent and parent.pid and isinstance(multiprocessing.current_process(), multiprocessing.context.ForkProcess):
        end_with_parent(parent.pid)


def _injects_invocation(task_vars: dict[str, Any] | None) -> bool:
    """Return whether modules' results tell their options: always before ansible-core 2.21, since then where it is configured."""
    try:
        return C.config.get_config_value("INJECT_INVOCATION", variables=task_vars)
    except AnsibleError:
        return True


def _user() -> str | None:
    """Return the name of the user that this process runs as; None where the system has none, as in a container."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None


# The environment that a process had before it ran its first task, by the process's ID
_OWN_ENVIRONMENT: dict[int, dict[str, str]] = {}


def _own_environment() -> dict[str, str]:
    return _OWN_ENVIRONMENT.setdefault(os.getpid(), dict(os.environ))


def _forget_other_tasks() -> None:
    """Undo what a task was kept from undoing: a timeout or Ctrl-C can come between any two instructions, also while a task cleans up.

    The items of a loop share a process.
    """
    _set_environment(_own_environment())


def _set_environment(variables: dict[str, str]) -> None:
    if os.environ != variables:
        os.environ.clear()
        os.environ.update(variables)


@contextlib.contextmanager
def _environment(variables: dict[str, Any]) -> Iterator[None]:
    """Set the task's environment, for as long as the task runs in this process."""
    own = _own_environment()
    try:
        _set_environment({**own, **{name: str(value) for name, value in variables.items()}})
        yield
    finally:
        _set_environment(own)
