# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""botocore's standard retries, for a client that many accounts and regions share.

botocore gives each client a budget of retries, and takes what a retry costs from it. Where all regions share a client, the trouble
of some would leave the others without. Here each caller, an account in a region, has such a budget. And a call comes to an end:
attempts that time out count as much as those that AWS refuses at once, so counting them does not bound the time.
"""

from __future__ import annotations

import time
import types
import weakref

try:
    from botocore.hooks import HierarchicalEmitter
    from botocore.hooks import first_non_none_response
    from botocore.retries import standard
except ImportError:
    pass  # the module reports the missing library


class Retries:
    """The retries of a client's calls.

    caller_of(context): who makes the call that has this botocore context, and when it began (time.monotonic()).
    last_after: no attempt begins later than this after the first, in seconds; None: no bound but the number of attempts.
    """

    def __init__(self, client, caller_of, last_after):
        self._client = client
        self._caller_of = caller_of
        self._last_after = last_after
        self._budgets = weakref.WeakKeyDictionary()

    def register(self):
        """Take the place of the client's own retries."""
        service_id = self._client.meta.service_model.service_id.hyphenize()
        events = self._client.meta.events
        # Should botocore name them differently one day, either may ask for a retry
        events.unregister(f"needs-retry.{service_id}", unique_id=f"retry-config-{service_id}")
        events.register(f"needs-retry.{service_id}", self._delay)
        events.register(f"after-call.{service_id}", self._settle_up)

    def _delay(self, event_name, request_dict, response, caught_exception, **kwargs):
        """Handler of botocore's needs-retry event: the seconds to wait before the next attempt; None for no other attempt."""
        if not caught_exception and response[0].status_code < 400:
            return None
        caller, began = self._caller_of(request_dict["context"])
        if caller not in self._budgets:
            self._budgets[caller] = self._new_budget()
        answers = self._budgets[caller].emit(
            event_name, request_dict=request_dict, response=response, caught_exception=caught_exception, **kwargs
        )
        delay = first_non_none_response(answers)
        if delay is None or (self._last_after is not None and time.monotonic() + delay - began > self._last_after):
            return None
        return delay

    def _settle_up(self, event_name, context, **kwargs):
        """Handler of botocore's after-call event: give back what a retry cost that has worked."""
        budget = self._budgets.get(self._caller_of(context)[0])
        if budget:
            budget.emit(event_name, context=context, **kwargs)

    def _new_budget(self):
        """The events of a client that has nothing but retries."""
        meta = types.SimpleNamespace(events=HierarchicalEmitter(), service_model=self._client.meta.service_model)
        standard.register_retry_handler(types.SimpleNamespace(meta=meta), self._client.meta.config.retries["total_max_attempts"])
        return meta.events
