# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Direct execution: a module of this collection run by the worker that Ansible has forked for the task anyway.

An AWS module runs on the controller, yet the ordinary way packs it into an archive, starts an interpreter and imports boto3 for every
host. Here the controller imports everything once, before it forks, and a worker that has inherited it only makes the calls.
A task that can't run so takes the ordinary way, with the same result.
"""

from __future__ import annotations

import contextlib
import gc
import getpass
import json
import os
import platform

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as OrdinaryAction
from ansible_collections.amazon.aws.plugins.module_utils import botocore as amazon_aws

from ansible_collections.cloudsec.securityhub.plugins.module_utils import clients
from ansible_collections.cloudsec.securityhub.plugins.module_utils.options import presented

SWITCH = "cloudsec_securityhub_direct_execution"

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


class DirectAction(OrdinaryAction):
    """The base of this collection's action plugins; each names its module.

    MODULE: the imported module, with SPEC and run(options, check_mode).
    """

    MODULE = None

    def run(self, tmp=None, task_vars=None):
        """The task's result, from this process where that is possible, else from the ordinary module."""
        if not self._may_run_here(task_vars or {}):
            return super().run(tmp, task_vars)
        if not gc.get_freeze_count():
            # The collector would look at all that came from the controller, and this process would get a copy of all that it looks at
            gc.freeze()
        environment = {}
        self._compute_environment_string(environment)
        with _environment(environment):
            options, secrets = self._options()
            if options is None:
                return super().run(tmp, task_vars)
            result = presented(self.MODULE.run(options, self._task.check_mode), self._task.diff)
        if _injects_invocation(task_vars):
            result["invocation"] = {"module_args": options}
        return remove_values(result, secrets)

    def _may_run_here(self, task_vars):
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
            and not (become and become.get_option("become_user", playcontext=self._play_context) != getpass.getuser())
        )

    def _options(self):
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


def _injects_invocation(task_vars):
    """Whether modules' results tell their options: always before ansible-core 2.21, since then where it is configured."""
    try:
        return C.config.get_config_value("INJECT_INVOCATION", variables=task_vars)
    except AnsibleError:
        return True


@contextlib.contextmanager
def _environment(variables):
    """The task's environment, for as long as the task runs in this process."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
