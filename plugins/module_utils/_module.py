# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that every module shares, the ordinary way to run one, and a result as it leaves for the playbook. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible.module_utils.common.warnings import warn
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec

from . import _errors as errors
from ._caller import end_with_reader
from ._client import MINIMUM_BOTO3


def module_spec(**own_options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of AnsibleModule for a module with these options of its own: connection, regions and role come with them.

    amazon.aws fills region from the environment; here that would read as "region together with regions" for whoever has AWS_REGION
    set, so the environment is looked at only when neither was given (see _account).
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


def run_module(spec: dict[str, Any], run: Callable[[dict[str, Any], bool], dict[str, Any]]) -> None:
    """Run a module the ordinary way, as a program of its own.

    spec: from module_spec(). run(options, check_mode): the module's function; returns its result.
    """
    end_with_reader()
    module = AnsibleAWSModule(**spec)
    module.require_boto3_at_least(MINIMUM_BOTO3, reason="to call several regions with one client")
    module.require_botocore_at_least(MINIMUM_BOTO3, reason="to call several regions with one client")
    result = format_result(run(module.params, module.check_mode), module._diff)  # pylint: disable=protected-access
    for warning in result.pop("warnings", []):
        warn(warning)  # amazon.aws's own way draws a deprecation warning from some releases of ansible-core
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def format_result(result: dict[str, Any], diff_mode: bool) -> dict[str, Any]:
    """A result as it leaves for the playbook; its before and after, if it has them, as a diff where that was asked for."""
    diff = {when: result.pop(when) for when in ("before", "after") if when in result}
    return {**result, "diff": diff} if diff and diff_mode else result


def account_id_option(options: dict[str, Any], name: str) -> str:
    """The value of an option that holds an account ID. Raises SecurityHubError (invalid_input) for anything but 12 digits."""
    value = options[name]
    if not re.fullmatch(r"[0-9]{12}", value):
        raise errors.invalid_input(f"{name} is {value!r}, not an account ID of 12 digits. Quote it in YAML, or leading zeros are lost.")
    return value
