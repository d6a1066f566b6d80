# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The same function in many regions at once: every outcome is gathered, none is lost, and the result is assembled from them."""

from __future__ import annotations

import contextlib
import copy
import logging

from . import errors
from . import turns
from .account import Account
from .api import SecurityHubApi
from .clients import MAX_CONNECTIONS
from .options import account_id_option
from .text import masked
from .text import printable


def run_in_regions(options, act, blank, alone):
    """Act in every region that the options ask for, as the account that they ask for, and return the task's result.

    options: a module's validated options.
    act(api, outcome): acts in one region and keeps its outcome, a dict, up to date; raises SecurityHubError.
    blank: the fields that an outcome has besides region and changed, with their values while nothing is known.
    alone: the fields that stand at the result's top level too, where there is only one region.
    The result's before and after, by region, are for diff mode.
    """
    try:
        if options.get("expected_account_id"):
            account_id_option(options, "expected_account_id")
        account = Account(options)
    except errors.SecurityHubError as e:
        return refused(e)
    outcomes = [{"region": region, "changed": False, **copy.deepcopy(blank)} for region in account.regions]

    def act_in(outcome):
        with _failure_in([outcome]):
            act(SecurityHubApi(account, outcome["region"]), outcome)

    try:
        with _silent_library():
            account.check_role()
            with _failure_in(outcomes):
                account.sign_in()
            if not any(outcome.get("error") for outcome in outcomes):
                account.check_caller()
                with _failure_in(outcomes):
                    turns.for_each(act_in, outcomes, most_threads=MAX_CONNECTIONS)
    except errors.SecurityHubError as e:
        return failure(e, account.secrets())
    if any(outcome.get("error") for outcome in outcomes):
        outcomes = masked(outcomes, account.secrets())
    return summarize(printable(outcomes), alone)


@contextlib.contextmanager
def _silent_library():
    """botocore logs refusals whole, and Ansible's own log (log_path) would take them, with whatever secrets they echo."""
    logger = logging.getLogger("botocore")
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = before


@contextlib.contextmanager
def _failure_in(outcomes):
    """Keep what is raised as these outcomes' error. A defect here must not take the other regions' outcomes with it."""
    try:
        yield
    except errors.SecurityHubError as e:
        error = e
    except Exception as e:  # pylint: disable=broad-except
        error = errors.defect(e)
    else:
        return
    for outcome in outcomes:
        outcome["error"] = error.as_dict()


def summarize(outcomes, alone):
    """The result of a task from its regions' outcomes."""
    failures = [outcome for outcome in outcomes if outcome.get("error")]
    result = {"changed": any(outcome["changed"] for outcome in outcomes), "regions": outcomes}
    if any("before" in outcome for outcome in outcomes):
        before = {outcome["region"]: outcome.pop("before", None) for outcome in outcomes}
        # Where a region failed, it is as it was unless it was changed
        after = {outcome["region"]: outcome.pop("after", None if outcome["changed"] else before[outcome["region"]]) for outcome in outcomes}
        result.update(before=before, after=after)
    if len(outcomes) == 1:
        result.update((field, outcomes[0][field]) for field in alone)
    if failures:
        result.update(failed=True, error=failures[0]["error"], msg=_message(failures, len(outcomes)))
    return result


def _message(failures, asked):
    if asked == 1:
        return failures[0]["error"]["message"]
    lines = [f"{len(failures)} of {asked} regions failed"]
    lines += [f"{outcome['region']}: {outcome['error']['message']}" for outcome in failures]
    return "\n".join(lines)


def failure(error, secrets=()):
    """The result of a task that failed before any region was asked. secrets: what must not stand in it."""
    told = printable(masked(error.as_dict(), secrets))
    return {"changed": False, "failed": True, "error": told, "msg": told["message"]}


def refused(error):
    """The result of a task whose options were refused before anything was asked of AWS."""
    return {**failure(error), "regions": []}
