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

try:
    from ansible_collections.amazon.aws.plugins.module_utils.common import AMAZON_AWS_COLLECTION_VERSION
except ImportError:
    AMAZON_AWS_COLLECTION_VERSION = None

SWITCH = "cloudsec_securityhub_direct_execution"

# As galaxy.yml says
MINIMUM_AMAZON_AWS = "10.0.0"


def _missing_collection() -> str | None:
    """In words, why the modules can't run on this controller, in either way; None where they can.

    Ansible ends the whole run where it can't load a plugin, and only Galaxy sees to it that a collection's dependencies are there.
    """
    advice = f"Install it on the controller: ansible-galaxy collection install --upgrade 'amazon.aws:>={MINIMUM_AMAZON_AWS}'"
    if AMAZON_AWS_COLLECTION_VERSION is None:
        return f"cloudsec.securityhub needs the collection amazon.aws, and it is not there. {advice}"
    if LooseVersion(AMAZON_AWS_COLLECTION_VERSION) < LooseVersion(MINIMUM_AMAZON_AWS):
        return f"cloudsec.securityhub needs the collection amazon.aws {MINIMUM_AMAZON_AWS}, and there is only {AMAZON_AWS_COLLECTION_VERSION}. {advice}"
    return None


MISSING_COLLECTION = _missing_collection()
BOTO3_IS_USABLE = False
if not MISSING_COLLECTION:
    from ansible_collections.amazon.aws.plugins.module_utils import botocore as amazon_aws
    from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client as clients
    from ansible_collections.cloudsec.securityhub.plugins.module_utils._caller import end_with_parent
    from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import format_result

    BOTO3_IS_USABLE = amazon_aws.HAS_BOTO3 and all(
        at_least(version)
        for at_least, versions in (
            (amazon_aws.boto3_at_least, (clients.MINIMUM_BOTO3, amazon_aws.MINIMUM_BOTO3_VERSION)),
            (amazon_aws.botocore_at_least, (clients.MINIMUM_BOTO3, amazon_aws.MINIMUM_BOTOCORE_VERSION)),
        )
        for version in versions
    )
if BOTO3_IS_USABLE:
    clients.warm()


def load_module(name: str) -> Any:
    """A module of this collection, by its name; None where the collection that it needs is missing."""
    return None if MISSING_COLLECTION else importlib.import_module(f"ansible_collections.cloudsec.securityhub.plugins.modules.{name}")


class DirectAction(OrdinaryAction):
    """The base of this collection's action plugins; each has its module.

    MODULE: from load_module(), with SPEC and run(options, check_mode).
    """

    MODULE: Any = None

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The task's result, from this process where that is possible, else from the ordinary module."""
        _forget_other_tasks()
        if MISSING_COLLECTION:
            return {"failed": True, "changed": False, "msg": MISSING_COLLECTION}
        _end_with_controller()
        if not self._may_run_here(task_vars or {}):
            return super().run(tmp, task_vars)
        if not gc.get_freeze_count():
            # The collector would look at all that came from the controller, and this process would get a copy of all that it looks at
            gc.freeze()
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        with _environment(environment):
            options, secrets = self._options()
            if options is None:
                return super().run(tmp, task_vars)
            result = format_result(self.MODULE.run(options, self._task.check_mode), self._task.diff)
        if _injects_invocation(task_vars):
            result["invocation"] = {"module_args": options}
        return remove_values(result, secrets)

    def _may_run_here(self, task_vars: dict[str, Any]) -> bool:
        """Whether the ordinary module would run on this machine, as this user, now, with a boto3 that works."""
        wanted = task_vars.get(SWITCH)
        # macOS kills forked processes that use some of its libraries, unless the user knows better
        wanted = platform.system() != "Darwin" if wanted is None else boolean(self._templar.template(wanted))
        become = self._connection.become
        return (
            wanted
            and BOTO3_IS_USABLE
            and self._connection.transport == "local"
            and not self._task.async_val
            and not (become and become.get_option("become_user", playcontext=self._play_context) != _user())
        )

    def _options(self) -> tuple[dict[str, Any] | None, Iterable[str]]:
        """The task's options, validated as the module would, and the secrets among them. None for a task that the module must see.

        Those are the ones that the module would warn about or refuse, or log botocore's calls for: it says so in its own words.
        """
        try:
            validation, options = self.validate_argument_spec(
                **{argument: value for argument, value in self.MODULE.SPEC.items() if argument != "supports_check_mode"}
            )
            # What a module gets has been through JSON too: plain values, without the controller's tags
            options = json.loads(json.dumps(options))
        except (AnsibleError, TypeError, ValueError):
            return None, ()
        if validation._warnings or validation._deprecations or options["debug_botocore_endpoint_logs"]:
            return None, ()
        return options, validation._no_log_values


@functools.cache  # the items of a loop share a process
def _end_with_controller() -> None:
    """Let this worker, and with it the module that it runs, end soon after the process that forked it, however that ended."""
    parent = multiprocessing.parent_process()
    # By another way to start it, the worker's parent would be yet another process
    if parent and parent.pid and isinstance(multiprocessing.current_process(), multiprocessing.context.ForkProcess):
        end_with_parent(parent.pid)


def _injects_invocation(task_vars: dict[str, Any] | None) -> bool:
    """Whether modules' results tell their options: always before ansible-core 2.21, since then where it is configured."""
    try:
        return C.config.get_config_value("INJECT_INVOCATION", variables=task_vars)
    except AnsibleError:
        return True


def _user() -> str | None:
    """The name of the user that this process runs as; None where the system has none, as in a container."""
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
    """The task's environment, for as long as the task runs in this process."""
    own = _own_environment()
    try:
        _set_environment({**own, **{name: str(value) for name, value in variables.items()}})
        yield
    finally:
        _set_environment(own)
