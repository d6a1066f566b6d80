# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a hub to a state: one account in one region. Private to this collection."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from . import _errors as errors
from ._api import SecurityHubApi
from ._standards import DesiredStandards
from ._standards import Standards
from ._waiting import REFUSAL_TIMEOUT
from ._waiting import SETTLING_TIMEOUT
from ._waiting import Doubt
from ._waiting import Poller
from ._waiting import make_write
from ._waiting import retry_until_visible

if TYPE_CHECKING:
    from ._regions import Outcome


class DesiredState(NamedTuple):
    """What the playbook asks for; None means "as it is", or the service's default where the hub is enabled now."""

    state: str
    enable_default_standards: bool | None
    control_finding_generator: str | None
    auto_enable_controls: bool | None
    tags: dict[str, str] | None
    purge_tags: bool
    standards: DesiredStandards | None
    check_mode: bool


def ensure(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    """Bring the account's hub to the desired state.

    api: a SecurityHubApi. desired: a DesiredState. outcome: the region's Outcome; changed, state and hub are kept true in it.
    """
    outcome.before = hub = api.describe_hub()
    outcome.update(hub=hub)
    if desired.state == "absent":
        if hub:
            disabled_now = desired.check_mode or _disable(api)
            outcome.update(changed=disabled_now, hub=None)
    else:
        standards = Standards(api, desired.standards, outcome, is_new=not hub) if desired.standards else None
        hub = hub or _enable(api, desired, outcome)
        if standards:
            standards.find()  # invalid names end the task before anything else is written
        _update(api, desired, hub, outcome)
        if standards:
            standards.apply()
    outcome.update(state=desired.state)
    outcome.after = outcome.fields["hub"]


def read(api: SecurityHubApi, outcome: Outcome, gather: list[str]) -> None:
    """Read the hub into the outcome, with what is to be gathered: tags, standards."""
    hub = api.describe_hub()
    outcome.update(hub=hub)
    if hub and "tags" in gather:
        outcome.update(hub={**outcome.fields["hub"], "tags": api.get_tags(hub["hub_arn"])})
    if hub and "standards" in gather:
        outcome.update(hub={**outcome.fields["hub"], "standards": api.get_standards()})


def _enable(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> dict[str, Any]:
    """Enable the hub; returns it as it is then, or in check mode as it would be."""
    purges = desired.standards is not None and desired.standards.purge
    settings = {
        "EnableDefaultStandards": False if purges else desired.enable_default_standards,
        "ControlFindingGenerator": desired.control_finding_generator,
        "Tags": desired.tags or None,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    if desired.check_mode:
        hub = {
            "hub_arn": None,
            "subscribed_at": None,
            "auto_enable_controls": True,
            "control_finding_generator": desired.control_finding_generator or "SECURITY_CONTROL",
        }
        outcome.update(changed=True, hub=hub)
        return hub

    def is_on() -> bool:
        outcome.update(hub=api.describe_hub())
        return outcome.fields["hub"] is not None

    # Somebody else may have enabled it in between; its settings are compared as if it had always been there
    outcome.update(changed=make_write(partial(api.enable_hub, settings), is_on))
    hub = outcome.fields["hub"] or _enabled_hub(api)
    outcome.update(hub=hub)
    return hub


def _disable(api: SecurityHubApi) -> bool:
    """Disable the hub; returns whether this run did it. Where AWS refuses that to an administrator, its last member may have gone just now: it passes."""
    members: list[dict[str, Any]] | None = None

    def is_temporary(error: errors.SecurityHubError) -> bool:
        nonlocal members
        if error.reason != errors.HUB_IN_USE:
            return error.is_later
        with contextlib.suppress(errors.SecurityHubError):  # then their number is not known
            members = api.list_members()
        return not members

    try:
        return make_write(api.disable_hub, lambda: api.describe_hub() is None, is_temporary, REFUSAL_TIMEOUT)
    except errors.SecurityHubError as e:
        if e.reason != errors.HUB_IN_USE or members is None:
            raise
        what = "Security Hub CSPM can't be disabled in {place}: the account still counts as administrator."
        advice = "{Rerun} in a few minutes."
        if members:
            what = "Security Hub CSPM can't be disabled in {place}: the account has {members} there."
            advice = errors.ADVICE[errors.HUB_IN_USE]
        raise e.replaced(what, advice, place=api.resolve_place(), members=f"{len(members)} member{'s' * (len(members) > 1)}") from e


def _enabled_hub(api: SecurityHubApi) -> dict[str, Any]:
    """Return the hub that was enabled just now; it may take a moment to show."""
    poller = Poller(SETTLING_TIMEOUT)
    while True:
        hub = api.describe_hub()
        if hub:
            return hub
        if not poller.wait():
            what = "Security Hub CSPM was enabled in {place}, but AWS does not show it yet."
            raise api.error(errors.TIMEOUT, what, "{Rerun} to apply the remaining settings.")


def _update(api: SecurityHubApi, desired: DesiredState, hub: dict[str, Any], outcome: Outcome) -> None:
    """Change what was asked for and differs, and nothing else."""
    wanted = {"auto_enable_controls": desired.auto_enable_controls, "control_finding_generator": desired.control_finding_generator}
    differing = {name: value for name, value in wanted.items() if value not in (None, hub[name])}
    if differing:
        settings = {"AutoEnableControls": differing.get("auto_enable_controls"), "ControlFindingGenerator": differing.get("control_finding_generator")}
        settings = {name: value for name, value in settings.items() if value is not None}
        _change(desired, outcome, partial(api.update_hub, settings), lambda: differing.items() <= (api.describe_hub() or {}).items())
        outcome.update(hub={**outcome.fields["hub"], **differing})
    if desired.tags is not None:
        _update_tags(api, desired, outcome)


def _update_tags(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    hub = outcome.fields["hub"]
    arn = hub["hub_arn"]
    # A hub that check mode has not enabled would get just the tags asked for
    tags = retry_until_visible(lambda: api.get_tags(arn), _is_missing, is_new=outcome.before is None) if arn else dict(desired.tags or {})
    if outcome.before is not None:
        outcome.before = {**outcome.before, "tags": tags}
    to_set, to_remove = compare_aws_tags(tags, desired.tags, desired.purge_tags)
    outcome.update(hub={**hub, "tags": tags})
    if to_set:
        _change(desired, outcome, partial(api.set_tags, arn, to_set), lambda: to_set.items() <= api.get_tags(arn).items())
        tags = {**tags, **to_set}
        outcome.update(hub={**hub, "tags": tags})
    if to_remove:
        _change(desired, outcome, partial(api.remove_tags, arn, to_remove), lambda: api.get_tags(arn).keys().isdisjoint(to_remove))
        tags = {name: value for name, value in tags.items() if name not in to_remove}
        outcome.update(hub={**hub, "tags": tags})


def _change(desired: DesiredState, outcome: Outcome, write: Callable[[Doubt], object], is_so: Callable[[], bool]) -> None:
    """Make one change of a hub, which was perhaps enabled just now: AWS may go on for a moment to say that there is none."""

    def is_temporary(error: errors.SecurityHubError) -> bool:
        return error.is_later or (outcome.changed and _is_missing(error))

    changed_now = desired.check_mode or make_write(write, is_so, is_temporary)
    outcome.update(changed=changed_now or outcome.changed)


def _is_missing(error: errors.SecurityHubError) -> bool:
    """Return whether AWS says that there is no hub."""
    return error.reason == errors.HUB_NOT_ENABLED or error.is_missing
