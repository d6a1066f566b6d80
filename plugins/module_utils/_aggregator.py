# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring an account's cross-Region aggregation to a state. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from . import _errors as errors
from ._api import SecurityHubApi
from ._waiting import Doubt
from ._waiting import make_write
from ._waiting import retry_until_visible

if TYPE_CHECKING:
    from ._regions import Outcome

LINKING_MODES = ("all_regions", "all_regions_except_specified", "specified_regions", "no_regions")
# Those that go with a list of regions
_MODES_WITH_REGIONS = LINKING_MODES[1:3]


class DesiredState(NamedTuple):
    """What the playbook asks for."""

    state: str
    # None: as it is, or all regions where it is created
    linking_mode: str | None
    # Sorted
    linked_regions: list[str]
    check_mode: bool


def desired_state(state: str, linking_mode: str | None, linked_regions: Sequence[str] | None, check_mode: bool) -> DesiredState:
    """Return what the playbook asks for. Raises SecurityHubError (invalid_input) for regions without their mode, or the reverse, and for invalid ones."""
    regions = sorted({region.strip() for region in linked_regions or ()})
    if linked_regions is not None and linking_mode not in _MODES_WITH_REGIONS:
        template = "{option.linked_regions} goes with {option.linking_mode} {modes}. Set one of them, or leave {option.linked_regions} out."
        raise errors.invalid_input(template, modes=" or ".join(_MODES_WITH_REGIONS))
    if linking_mode in _MODES_WITH_REGIONS and not regions:
        raise errors.invalid_input("{option.linking_mode} {mode} needs {option.linked_regions}, a list of one region at least.", mode=linking_mode)
    wrong = [region for region in regions if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", region)]
    if wrong:
        raise errors.invalid_input("{option.linked_regions} has an invalid region: {regions}.", regions=", ".join(map(repr, wrong)))
    return DesiredState(state, linking_mode, regions, check_mode)


def check_home_region(desired: DesiredState, home_region: str | None) -> None:
    """Raise SecurityHubError (invalid_input) where the home region is to be linked to itself, or left out. None: it is not known yet."""
    if home_region in desired.linked_regions:
        raise errors.invalid_input("{option.linked_regions} has {region_name}, which is the home region itself. Take it out.", region_name=home_region)


def is_linked(aggregator: dict[str, Any], region: str) -> bool:
    """Return whether the findings of a region come to the home region."""
    named = region in (aggregator["linked_regions"] or ())
    return {LINKING_MODES[0]: True, LINKING_MODES[1]: not named, LINKING_MODES[2]: named}.get(aggregator["linking_mode"], False)


def refuse_regions(options: dict[str, Any]) -> None:
    """Raise SecurityHubError (invalid_input) where a task has the option regions, perhaps from module_defaults: it acts in one region."""
    if options["regions"] is not None:
        raise errors.invalid_input(
            "An account has one finding aggregator, so the task takes one region, and regions is given. Name it in region; "
            "where regions comes from module_defaults, regions: '{{{{ omit }}}}' takes it away."
        )


def ensure(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    """Bring the account's cross-Region aggregation to the desired state.

    api: a SecurityHubApi of the home region. desired: a DesiredState. outcome: the region's Outcome; changed, state and aggregator are kept
    true in it. Raises SecurityHubError: different_home_region where the account has another one, besides what the calls raise.
    """
    check_home_region(desired, api.region)
    current = outcome.before = _find(api, outcome)
    if desired.state == "absent":
        if current:
            _delete(api, desired, current, outcome)
    elif current:
        _update(api, desired, current, outcome)
    else:
        _create(api, desired, outcome)
    outcome.update(state=desired.state)
    outcome.after = outcome.fields["aggregator"]


def read(api: SecurityHubApi, outcome: Outcome) -> None:
    """Read the account's aggregator into the outcome, whichever its home region is. api: a SecurityHubApi of any region."""
    _ask(api, outcome, api.in_region)


def _find(api: SecurityHubApi, outcome: Outcome) -> dict[str, Any] | None:
    """Return the aggregator in this home region, or None. Raises SecurityHubError (different_home_region) where another region has it."""

    def only_here(home_region: str) -> SecurityHubApi:
        if home_region != api.region:
            what = "The home region of cross-Region aggregation in account {account_id} is {home_region}, not {region}."
            facts = {"account_id": api.resolve_account_id(), "home_region": home_region}
            raise api.error(errors.DIFFERENT_HOME_REGION, what, errors.ADVICE[errors.DIFFERENT_HOME_REGION], **facts)
        return api

    return _ask(api, outcome, only_here)


def _ask(api: SecurityHubApi, outcome: Outcome, at_home: Callable[[str], SecurityHubApi]) -> dict[str, Any] | None:
    """Return the account's aggregator, or None. at_home: the SecurityHubApi of a home region. As far as it is known, the outcome has it too."""

    def ask() -> dict[str, Any] | None:
        found = api.find_aggregator()
        if found:
            outcome.update(aggregator={**found, "linking_mode": None, "linked_regions": None})
            found = at_home(found["home_region"]).get_aggregator(found["arn"])
        outcome.update(aggregator=found)
        return found

    # One that is listed may have been deleted just now, or created and not be known everywhere yet
    return retry_until_visible(ask, lambda error: error.is_missing, is_new=True)


def _create(api: SecurityHubApi, desired: DesiredState, outcome: Outcome) -> None:
    desired = desired._replace(linking_mode=desired.linking_mode or LINKING_MODES[0])
    if desired.check_mode:
        created = {"arn": None, "home_region": api.region, "linking_mode": desired.linking_mode, "linked_regions": desired.linked_regions}
        outcome.update(changed=True, aggregator=created)
        return

    def create(doubt: Doubt) -> None:
        outcome.update(aggregator=api.create_aggregator(_settings(desired), doubt))

    shown: dict[str, Any] | None = None

    def exists() -> bool:
        nonlocal shown
        shown = api.find_aggregator()
        return shown is not None

    def is_temporary(error: errors.SecurityHubError) -> bool:
        # AWS may say that there is one already by a code that elsewhere tells of permissions
        return error.is_later or (error.is_denied and error.is_refused and error.is_already_so)

    created_now = make_write(create, exists, is_temporary)
    outcome.update(changed=created_now and (shown is None or shown["home_region"] == api.region))
    if shown:
        # AWS's answer was lost, or somebody else was first, here or in another region
        current = _find(api, outcome)
        if not current:
            raise api.error(errors.TIMEOUT, "Cross-Region aggregation was deleted in {place} while the task was at it.", "{Rerun}.")
        _update(api, desired, current, outcome)


def _update(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any], outcome: Outcome) -> None:
    """Change which regions are linked, where that differs."""
    if _is_as_desired(current, desired):
        return
    if desired.check_mode:
        outcome.update(changed=True, aggregator={**current, "linking_mode": desired.linking_mode, "linked_regions": desired.linked_regions})
        return

    def update(doubt: Doubt) -> None:
        outcome.update(aggregator=api.update_aggregator(current["arn"], _settings(desired), doubt))

    def has_happened() -> bool:
        found = _find(api, outcome)
        return found is not None and _is_as_desired(found, desired)

    updated_now = make_write(update, has_happened)
    outcome.update(changed=updated_now or outcome.changed)


def _delete(api: SecurityHubApi, desired: DesiredState, current: dict[str, Any], outcome: Outcome) -> None:
    deleted_now = desired.check_mode or make_write(partial(api.delete_aggregator, current["arn"]), lambda: api.find_aggregator() is None)
    outcome.update(changed=deleted_now, aggregator=None)


def _is_as_desired(current: dict[str, Any], desired: DesiredState) -> bool:
    if desired.linking_mode is None:
        return True
    # With the other modes AWS may list the regions that are linked at the moment
    same_regions = desired.linking_mode not in _MODES_WITH_REGIONS or current["linked_regions"] == desired.linked_regions
    return current["linking_mode"] == desired.linking_mode and same_regions


def _settings(desired: DesiredState) -> dict[str, Any]:
    """Return the desired state in AWS's spelling."""
    regions = {"Regions": desired.linked_regions} if desired.linked_regions else {}
    return {"RegionLinkingMode": str(desired.linking_mode).upper(), **regions}
