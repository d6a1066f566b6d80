# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the emulated accounts look like, for assertions."""

from __future__ import annotations

import typing as t

from .securityhub.models import SecurityHubBackend
from .securityhub.models import securityhub_backends


def describe(account: str | None = None, region: str | None = None) -> dict[str, t.Any]:
    """Hub, administrator, members, aggregation and invitations of every account and region that something happened in."""
    accounts: dict[str, t.Any] = {}
    for account_id, region_name, backend in securityhub_backends.iter_backends():
        if account in (None, account_id) and region in (None, region_name):
            accounts.setdefault(account_id, {})[region_name] = _describe(backend)
    return accounts


def _describe(backend: SecurityHubBackend) -> dict[str, t.Any]:
    return {
        "hub": _hub(backend),
        "administrator": backend.administrator and {**backend.administrator.as_dict(), "Organization": backend.administrator.organization},
        "members": {account_id: member.as_dict() for account_id, member in backend.members.items()},
        "aggregator": backend.aggregator and backend.aggregator.as_dict(),
        "invitations": [{**invitation.as_dict(), "Declined": invitation.declined} for invitation in backend.invitations.values()],
    }


def _hub(backend: SecurityHubBackend) -> dict[str, t.Any] | None:
    if not backend.enabled:
        return None
    statuses = {standard["StandardsArn"]: standard["StandardsStatus"] for standard in backend.standards.enabled()}
    return {
        "AutoEnableControls": backend.auto_enable_controls,
        "ControlFindingGenerator": backend.control_finding_generator,
        "SubscribedAt": backend.enabled_at,
        "Tags": dict(backend.tags),
        "Standards": [arn for arn, status in statuses.items() if status != "DELETING"],
        "StandardsStatuses": statuses,
    }
