# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module shares: its argument spec, and the ordinary way to run it. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from ._client import MINIMUM_BOTO3
from ._errors import SecurityHubError
from ._orphan_guard import end_with_reader
from ._regions import TaskOutcome
from ._result import write_result


def module_spec(**own_options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of AnsibleModule for a module with these options of its own; connection, regions and role come with them.

    amazon.aws fills region from the environment. Where AWS_REGION is set, that would be region together with regions, so _settings reads
    the environment, and only where neither was given.
    """
    return {
        "argument_spec": {
            **aws_argument_spec(),
            "region": {"type": "str", "aliases": ["aws_region"]},
            "regions": {"type": "list", "elements": "str"},
            "assume_role_arn": {"type": "str", "aliases": ["iam_role_arn"]},
            "assume_role_external_id": {"type": "str"},
            "assume_role_session_name": {"type": "str"},
            "expected_account_id": {"type": "str"},
            **own_options,
        },
        "mutually_exclusive": [("region", "regions")],
        "supports_check_mode": True,
    }


def one_region_spec(**own_options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments as module_spec() does, for a module that acts in one region: it has the option regions only to refuse it with a reason."""
    return {**module_spec(**own_options), "mutually_exclusive": []}


def run_task(run: Callable[[dict[str, Any], bool], TaskOutcome], options: dict[str, Any], check_mode: bool, diff_mode: bool = False) -> dict[str, Any]:
    """Return the result of a module's function, run(options, check_mode), for validated options."""
    try:
        outcome = run(options, check_mode)
    except SecurityHubError as e:
        outcome = TaskOutcome([], e)  # of an invalid option
    return write_result(outcome, diff_mode)


def run_module(spec: dict[str, Any], run: Callable[[dict[str, Any], bool], TaskOutcome]) -> None:
    """Run a module the ordinary way, as a program of its own.

    spec: from module_spec(). run(options, check_mode): the module's function.
    """
    end_with_reader()
    module = AnsibleAWSModule(**spec)
    module.require_boto3_at_least(MINIMUM_BOTO3, reason="to call several regions with one client")
    module.require_botocore_at_least(MINIMUM_BOTO3, reason="to call several regions with one client")
    result = run_task(run, module.params, module.check_mode, module._diff)  # pylint: disable=protected-access
    for warning in result.pop("warnings", []):
        warn(warning)  # amazon.aws's own way draws a deprecation warning from some releases of ansible-core
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
