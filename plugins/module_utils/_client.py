# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One botocore client for all accounts and regions, bound to one of each call by call. Private to this collection.

Making a client costs 4 to 8 ms of CPU: the service model is read, a class built, endpoint rules and a TLS context loaded. Nothing of
that depends on the region or the credentials, which botocore's events let each call bring along. The shared client has no credentials
of its own. With a botocore that does not take them from the call, each region gets a client of its own, which is slower and does the same.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import logging
import os
import resource
import threading
import weakref
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

try:
    import botocore.config
    import botocore.credentials
    import botocore.exceptions
    import botocore.httpsession
    import botocore.regions
    import botocore.session
    import botocore.utils
except ImportError:
    pass  # the module reports the missing library

from ansible.module_utils.ansible_release import __version__ as ANSIBLE_VERSION

from . import _errors as errors
from . import _partitions as partitions
from ._botocore_session import bundle_path
from ._botocore_session import environment_fingerprint
from ._botocore_session import new_session
from ._botocore_session import shared_session
from ._http import NOWHERE
from ._http import Connections
from ._response_checks import NotFromAws
from ._response_checks import check_responses
from ._waiting import Doubt
from ._waiting import RetryPolicy
from ._waiting import with_retries

COLLECTION = "cloudsec.securityhub"
# Of boto3 and botocore: the first minor release whose requests can bring their own credentials
MINIMUM_BOTO3 = "1.35.0"
MAX_CONNECTIONS = 32
DEFAULT_CONFIG = {
    "connect_timeout": 5,
    "read_timeout": 10,
    "max_pool_connections": MAX_CONNECTIONS,
    # Set explicitly; botocore would rebuild it twice per call
    "user_agent": f"APN/1.0 Ansible/{ANSIBLE_VERSION} {COLLECTION}",
}
# A call takes 35 s at most: the last attempt begins after 20 s, and its connection and its answer time out after 5 and 10
DEFAULT_RETRIES = RetryPolicy(attempts=None, last_after=20)
# One that is used, one that is kept, and those that a look-up of its host opens for a moment
_FILES_OF_A_CONNECTION = 5
# Where aws_config sets retries, but not how many
_ATTEMPTS = 5
# Of a list; AWS's quotas end at half of that
MAX_PAGES = 400

# A parameter that no operation has: it takes the binding from a call to the handler that unpacks it
_BINDING = "cloudsec_securityhub_binding"
# What most tasks call, with parameters that are good enough for nowhere
_USUAL_CALLS: dict[str, dict[str, dict[str, Any]]] = {
    "securityhub": {
        "get_administrator_account": {},
        "list_invitations": {},
        "accept_administrator_invitation": {"AdministratorId": "-", "InvitationId": "-"},
        "describe_hub": {},
        "get_members": {"AccountIds": ["-"]},
    },
    "sts": {"assume_role": {"RoleArn": "arn:aws:iam::123456789012:role/-", "RoleSessionName": "rehearsal"}},
    "account": {"list_regions": {}},
}
# Where the shared client would go by itself
_UNBOUND_REGION = "us-east-1"


class _Binding(NamedTuple):
    """Where a call goes and who makes it."""

    region: str
    credentials: Any
    endpoint_url: str | None


class Stopped(BaseException):
    """Raised in place of a call when the task is over; not an Exception, so that nothing mistakes it for a failed call."""


class UnusableConfig(Exception):
    """The option aws_config is not one that botocore takes."""


class RegionClient:
    """A client as one account uses it in one region.

    call(method, **parameters): makes one attempt. credentials: the TaskCredentials that sign it.
    stopped: a threading.Event; once it is set, there are no more calls.
    """

    def __init__(self, call: Callable[..., Any], region: str, credentials: Any, policy: RetryPolicy, stopped: threading.Event) -> None:
        self._call = call
        self._region = region
        self._credentials = credentials
        self._policy = policy
        self._stopped = stopped

    def call(self, method: str, doubt: Doubt | None = None, **parameters: Any) -> Any:
        """Return the result of a method of botocore's client. doubt: as of with_retries.

        Raises what botocore raises; SecurityHubError where AWS calls the credentials expired and they can't be found again; and Stopped.
        """
        return with_retries(functools.partial(self.attempt, method, parameters), self._policy, doubt, self._is_unknown_region)

    def list_all(self, method: str, items: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return what stands under the name items on all pages of a method's results, as one list.

        Raises PaginationError where pagination does not end, besides what call() raises.
        """
        found: list[dict[str, Any]] = []
        tokens = [None]
        while len(tokens) <= MAX_PAGES:
            page = self.call(method, **parameters, **({"NextToken": tokens[-1]} if tokens[-1] else {}))
            found += page[items]
            token = page.get("NextToken")
            if not token:
                return found
            if token in tokens:
                raise botocore.exceptions.PaginationError(message=f"The same next token was received twice: {token}")
            tokens.append(token)
        raise botocore.exceptions.PaginationError(message=f"There are more than {MAX_PAGES} pages")

    def attempt(self, method: str, parameters: dict[str, Any]) -> Any:
        """Make one attempt, as call() does. One that AWS rejects because the credentials have expired is made again with new ones."""
        credentials = self._credentials.get_frozen_credentials()
        try:
            return self._call_unless_stopped(method, parameters)
        except errors.FAILURES as e:
            if not errors.is_expired(e) or not self._credentials.renew(credentials):
                raise
        return self._call_unless_stopped(method, parameters)

    def _is_unknown_region(self, exception: Exception) -> bool:
        """Return whether a host can't be found because there is no such region."""
        return errors.is_unknown_host(exception) and not partitions.is_known_region(self._region)

    def _call_unless_stopped(self, method: str, parameters: dict[str, Any]) -> Any:
        if self._stopped.is_set():
            raise Stopped
        return self._call(method, **parameters)


def connections_at_once() -> int:
    """Return how many regions may be called at the same time: fewer where this process may open few more files."""
    try:
        left = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - len(os.listdir("/dev/fd"))
    except OSError:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, left // _FILES_OF_A_CONNECTION))


class ClientFactory:
    """The clients of a task.

    profile: whose section of the AWS configuration file applies. verify: True, False or the path of a CA bundle.
    aws_config: a dict of botocore.config.Config's arguments, over this collection's defaults.
    config, policy: the botocore.config.Config and the RetryPolicy that these make.
    Raises UnusableConfig.
    """

    def __init__(self, profile: str | None, verify: bool | str, aws_config: dict[str, Any] | None) -> None:
        self._profile = profile
        self.verify = verify
        self.config, self.policy = _read_config(aws_config or {})
        self._stopped = threading.Event()
        self._own_client_lock = threading.Lock()
        key = (profile, verify, json.dumps(aws_config or {}, sort_keys=True), environment_fingerprint(verify))
        _close_connections_of_others(key)
        self._shared_client = functools.lru_cache(maxsize=None)(lambda service: _shared_client(service, *key))

    def stop(self) -> None:
        """Let there be no more calls by any client of this task."""
        self._stopped.set()

    def rehearse(self) -> None:
        """Make the shared clients, and with them the usual calls, to nowhere.

        So a process that is forked later has what botocore works out at the first of each: some 2 ms of CPU in each of them.
        """
        nobody = botocore.credentials.Credentials("AKIDNOBODY", "secret")
        for service, calls in _USUAL_CALLS.items():
            if self._shared_client(service):
                client = self.client(service, _UNBOUND_REGION, nobody, NOWHERE)
                for method, parameters in calls.items():
                    with contextlib.suppress(NotFromAws):  # there is nothing in its answers
                        client.attempt(method, parameters)

    def client(self, service: str, region: str, credentials: Any, endpoint_url: str | None) -> RegionClient:
        """Return a RegionClient. endpoint_url: None for AWS's own. Raises OSError, ValueError or a BotoCoreError for what botocore can't use."""
        shared = self._shared_client(service)
        if shared:
            binding = {_BINDING: _Binding(region, credentials, endpoint_url)}
            return RegionClient(lambda method, **parameters: getattr(shared, method)(**parameters, **binding), region, credentials, self.policy, self._stopped)
        own_client = functools.lru_cache(maxsize=1)(functools.partial(self._own_client, service, region, endpoint_url))
        own_client(credentials.get_frozen_credentials())

        def call(method: str, **parameters: Any) -> Any:
            return getattr(own_client(credentials.get_frozen_credentials()), method)(**parameters)

        return RegionClient(call, region, credentials, self.policy, self._stopped)

    def arguments(self, config: Any) -> dict[str, Any]:
        """Return arguments of botocore's create_client for a client that is not this factory's. config: further configuration for it, or None."""
        return {"config": self.config.merge(config) if config else self.config, "verify": self.verify}

    def _own_client(self, service: str, region: str, endpoint_url: str | None, credentials: botocore.credentials.ReadOnlyCredentials) -> Any:
        """Return a client of botocore's as it makes it by default, with nothing of this collection's in it but the response checks."""
        session = new_session(self._profile)
        with contextlib.suppress(Exception):  # a botocore with another name for it has responses that nothing checks
            check_responses(session)
        with self._own_client_lock:  # making clients is not thread-safe
            return session.create_client(
                service,
                region_name=region,
                endpoint_url=endpoint_url,
                verify=self.verify,
                config=self.config,
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.token,
            )


def _read_config(aws_config: dict[str, Any]) -> tuple[botocore.config.Config, RetryPolicy]:
    """Return the client's configuration and how its calls are retried, from the option aws_config. Raises UnusableConfig."""
    defaults = botocore.config.Config(**DEFAULT_CONFIG)
    try:
        for name in ("proxies", "retries"):
            if not isinstance(aws_config.get(name) or {}, dict):
                raise TypeError(f"{name} is not a dictionary")  # botocore would say so later, or not at all in words
        asked = botocore.config.Config(**aws_config)
    except (TypeError, ValueError, botocore.exceptions.BotoCoreError) as e:
        raise UnusableConfig(str(e)) from e
    retries = asked.retries or {}
    attempts = retries.get("total_max_attempts", retries.get("max_attempts", _ATTEMPTS - 1) + 1)
    # Whoever sets retries bounds them. botocore makes one attempt: its own retries have one budget for all regions of a client.
    one_attempt = botocore.config.Config(retries={"mode": retries.get("mode", "standard"), "total_max_attempts": 1})
    return defaults.merge(asked).merge(one_attempt), RetryPolicy(attempts, None) if retries else DEFAULT_RETRIES


# Those of each client that is kept, and what it was made from
_CONNECTIONS: weakref.WeakKeyDictionary[Connections, Hashable] = weakref.WeakKeyDictionary()


def _close_connections_of_others(key: Hashable) -> None:
    """Close the connections of all clients but those made from this. A loop over many profiles would come to the limit of open files."""
    for connections, made_from in list(_CONNECTIONS.items()):
        if made_from != key:
            connections.close()


@functools.lru_cache(maxsize=64)
def _shared_client(service: str, profile: str | None, verify: bool | str, aws_config: str, fingerprint: Hashable) -> Any:
    """Return the client for all accounts and regions, made once; None where this botocore can't have one."""
    config, _policy = _read_config(json.loads(aws_config))
    try:
        session = new_session(profile)
        # The client must not be able to make a call on anybody's behalf by itself, nor look for credentials while it is made
        session.register_component("credential_provider", botocore.credentials.CredentialResolver(providers=[]))
        session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_parse_time)
        check_responses(session)
        client = session.create_client(service, region_name=_UNBOUND_REGION, verify=verify, config=config)
        service_id = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"provide-client-params.{service_id}", _take_binding)
        client.meta.events.register(f"before-endpoint-resolution.{service_id}", _choose_endpoint)
        # After whatever else looks at a request, botocore's own limiter of rates for one
        connections = Connections(config, bundle_path(verify))
        client.meta.events.register_last("before-send", connections.send)
        _CONNECTIONS[connections] = (profile, verify, aws_config, fingerprint)
        return client if _goes_where_it_is_bound(client, service) else None
    except OSError:
        raise  # a CA bundle that can't be read
    except Exception:  # pylint: disable=broad-except
        return None  # whatever it is, botocore says it by itself when it makes a client in the plain way


def _goes_where_it_is_bound(client: Any, service: str) -> bool:
    """Return whether a shared client takes region, credentials and endpoint from the binding of a call. The call is made up to its sending."""
    method = {"securityhub": "get_administrator_account", "sts": "get_caller_identity", "account": "list_regions"}[service]
    # Of another partition: of a service that one region answers for, its partition decides
    region, key = "cn-northwest-1", "AKIDBOUND"
    requests = []

    def keep(request: Any, **kwargs: Any) -> None:  # pylint: disable=unused-argument
        requests.append(request)
        raise Stopped

    def is_kept(endpoint_url: str | None, url_has: str) -> bool:
        binding = _Binding(region, botocore.credentials.Credentials(key, "secret"), endpoint_url)
        with contextlib.suppress(Stopped), _no_log_of_calls():
            getattr(client, method)(**{_BINDING: binding})
        if not requests:
            return False
        request = requests.pop()
        signed_for = f"{key}/{request.headers['X-Amz-Date'].decode()[:8]}/{region}/"
        return url_has in request.url and signed_for in request.headers["Authorization"].decode()

    client.meta.events.register_first("before-send", keep)
    try:
        # First to nowhere: with a botocore that asks nobody before it sends, nothing is sent to AWS
        if not is_kept(NOWHERE, f"{NOWHERE}/"):
            return False
        has_configured_endpoint = _UNBOUND_REGION not in client.meta.endpoint_url
        return is_kept(None, "" if has_configured_endpoint else region)
    finally:
        client.meta.events.unregister("before-send", keep)


@contextlib.contextmanager
def _no_log_of_calls() -> Iterator[None]:
    """Keep this thread's calls out of the log that debug_botocore_endpoint_logs makes a result of."""
    thread = threading.get_ident()
    logger = logging.getLogger("botocore.endpoint")

    def is_anothers(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_anothers)
    try:
        yield
    finally:
        logger.removeFilter(is_anothers)


def _parse_time(value: Any) -> datetime.datetime:
    """Return a time, by a short way for the form that Security Hub sends, else by botocore's parser: 0.04 ms less for each time of each member."""
    try:
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return botocore.utils.parse_timestamp(value)


def _take_binding(params: dict[str, Any], context: dict[str, Any], **kwargs: Any) -> dict[str, Any]:  # pylint: disable=unused-argument
    """Handle botocore's provide-client-params event: sign in the binding's region with the binding's credentials."""
    params = dict(params)
    binding = params.pop(_BINDING)
    context["client_region"] = binding.region
    context["signing"] = {"region": binding.region, "request_credentials": binding.credentials}
    context[_BINDING] = binding
    return params


def _choose_endpoint(builtins: dict[str, Any], context: dict[str, Any], **kwargs: Any) -> None:  # pylint: disable=unused-argument
    """Handle botocore's before-endpoint-resolution event: resolve the endpoint of the binding's region."""
    binding = context[_BINDING]
    builtins[botocore.regions.EndpointResolverBuiltins.AWS_REGION] = binding.region
    # botocore before 1.40 asks STS's global endpoint, whose sessions are no good in regions that were opted in to
    builtins[botocore.regions.EndpointResolverBuiltins.AWS_STS_USE_GLOBAL_ENDPOINT] = False
    if binding.endpoint_url:
        builtins[botocore.regions.EndpointResolverBuiltins.SDK_ENDPOINT] = binding.endpoint_url


def warm() -> None:
    """Make what a task without particular options will use, so that processes forked later have it.

    Makes no call. What is wrong with the environment is left for the task to report.
    """
    with contextlib.suppress(Exception):
        # Asking for these reads the configuration file and the list of regions
        session = shared_session()
        session.get_config_variable("region")
        session.get_partition_for_region(_UNBOUND_REGION)
    with contextlib.suppress(Exception):
        ClientFactory(None, os.environ.get("AWS_CA_BUNDLE") or True, None).rehearse()
