# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of this collection's playbooks, and of nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _coverage
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _report
from ansible_collections.cloudsec.securityhub.plugins.plugin_utils import _variables


class FilterModule:
    """What plugin_utils/_variables.py, _report.py and _coverage.py do, for templates."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by their names."""
        return {
            "_unknown_names": _variables.unknown_names,
            "_variable_mistakes": _variables.variable_mistakes,
            "_failed_regions": _report.failed_regions,
            "_onboarding_pending": _report.onboarding_pending,
            "_onboarding_late": _report.onboarding_late,
            "_onboarding_report": _report.onboarding_report,
            "_offboarding_report": _report.offboarding_report,
            "_coverage": _coverage.make_report,
            "_coverage_accounts": _coverage.account_ids,
        }
