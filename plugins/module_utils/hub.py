# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a hub is like, and what is to be done about it: one account in one region. No Ansible, no threads, no connections here."""

from __future__ import annotations

from collections import namedtuple

from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from . import errors
from . import turns
from .settle import settle

# What the playbook asks for; None means "as it is", or the service's default where the hub is enabled now.
Wish = namedtuple("Wish", "state enable_default_standards control_finding_generator auto_enable_controls tags purge_tags check_mode")

# How often to ask for a hub that was enabled just now, a second later each time
_POLLS_AFTER_ENABLING = 5


def ensure(api, wish, outcome):
    """Bring the account's hub to the state wished for.

    api: a L{SecurityHubApi}. wish: a L{Wish}. outcome: the region's result; changed, state and hub are kept true in it at every step.
    """
    outcome["hub"] = outcome["before"] = hub = api.describe_hub()
    if wish.state == "absent":
        if hub:
            if not wish.check_mode:
                settle(api.disable_hub, lambda: api.describe_hub() is None)
            outcome.update(changed=True, hub=None)
    else:
        if not hub:
            hub = _enable(api, wish, outcome)
        _update(api, wish, hub, outcome)
    outcome["state"] = wish.state
    outcome["after"] = outcome["hub"]


def read(api, outcome):
    """The hub as it is, with its tags."""
    hub = api.describe_hub()
    outcome["hub"] = hub and {**hub, "tags": api.get_tags(hub["hub_arn"])}


def _enable(api, wish, outcome):
    """Enable the hub; returns it as it is then, or in check mode as it would be."""
    settings = {
        "EnableDefaultStandards": wish.enable_default_standards,
        "ControlFindingGenerator": wish.control_finding_generator,
        "Tags": wish.tags or None,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    if wish.check_mode:
        hub = {
            "hub_arn": None,
            "subscribed_at": None,
            "auto_enable_controls": True,
            "control_finding_generator": wish.control_finding_generator or "SECURITY_CONTROL",
        }
        outcome.update(changed=True, hub=hub)
        return hub
    enabled_now = []
    settle(lambda: enabled_now.append(api.enable_hub(settings)), lambda: api.describe_hub() is not None)
    # Somebody else may have enabled it in between; its settings are compared as if it had always been there
    outcome["changed"] = enabled_now != [False]
    outcome["hub"] = hub = _enabled_hub(api)
    return hub


def _enabled_hub(api):
    """The hub that was enabled just now; it may take a moment to show."""
    for poll in range(_POLLS_AFTER_ENABLING):
        turns.sleep(poll)
        hub = api.describe_hub()
        if hub:
            return hub
    raise errors.SecurityHubError(
        errors.TIMEOUT, f"Security Hub was enabled in {api.place}, but AWS does not show it yet. Run the task again to see to its settings."
    )


def _update(api, wish, hub, outcome):
    """Change what was asked for and differs, and nothing else."""
    wanted = {"auto_enable_controls": wish.auto_enable_controls, "control_finding_generator": wish.control_finding_generator}
    differing = {name: value for name, value in wanted.items() if value not in (None, hub[name])}
    outcome["hub"] = {**hub, **differing}
    if differing:
        if not wish.check_mode:
            settings = {"AutoEnableControls": differing.get("auto_enable_controls"), "ControlFindingGenerator": differing.get("control_finding_generator")}
            settings = {name: value for name, value in settings.items() if value is not None}
            outcome["hub"] = hub
            settle(lambda: api.update_hub(settings), lambda: {**(api.describe_hub() or {}), **differing} == api.describe_hub())
            outcome["hub"] = {**hub, **differing}
        outcome["changed"] = True
    if wish.tags is not None:
        _update_tags(api, wish, outcome)


def _update_tags(api, wish, outcome):
    arn = outcome["hub"]["hub_arn"]
    # A hub that check mode has not enabled would get just the tags asked for
    tags = api.get_tags(arn) if arn else dict(wish.tags)
    if outcome["before"] is not None:
        outcome["before"] = {**outcome["before"], "tags": tags}
    to_set, to_remove = compare_aws_tags(tags, wish.tags, wish.purge_tags)
    outcome["hub"] = {**outcome["hub"], "tags": tags}
    if to_set:
        if not wish.check_mode:
            api.set_tags(arn, to_set)
        tags = {**tags, **to_set}
        outcome.update(changed=True, hub={**outcome["hub"], "tags": tags})
    if to_remove:
        if not wish.check_mode:
            api.remove_tags(arn, to_remove)
        tags = {name: value for name, value in tags.items() if name not in to_remove}
        outcome.update(changed=True, hub={**outcome["hub"], "tags": tags})
