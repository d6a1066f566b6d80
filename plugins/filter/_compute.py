# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one filter of this collection's playbooks, by which they reach what is computed for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _masking
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _coverage
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _report
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _variables

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "coverage": _coverage.make_report,
    "coverage_accounts": _coverage.account_ids,
    "failed_regions": _report.failed_regions,
    "member_role_arn": _variables.member_role_arn,
    "offboarding_report": _report.offboarding_report,
    "onboarding_late": _report.onboarding_late,
    "onboarding_pending": _report.onboarding_pending,
    "onboarding_report": _report.onboarding_report,
    "printable": _masking.printable,
    "unknown_names": _variables.unknown_names,
    "variable_mistakes": _variables.variable_mistakes,
}


def call(value: Any, function: str, *arguments: Any, **named: Any) -> Any:
    """Return what one of FUNCTIONS returns for a value and its other arguments."""
    return FUNCTIONS[function](value, *arguments, **named)


class FilterModule:
    """The filter _compute."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"_compute": call}
