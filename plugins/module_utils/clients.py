# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""botocore clients that serve every region and every account, so that making one is paid once.

Making a botocore client costs more than the calls it is made for: the service model is read, a class built, endpoint rules and
a TLS context loaded. Nothing of that depends on the region or on the credentials, which botocore's own events let each call bring
along. So there is one client per service and configuration, which holds no credentials at all, and a L{RegionClient} is that
client bound to a region and to somebody's credentials.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import os
import time

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

from . import turns
from .connections import Connections
from .retries import Retries

COLLECTION = "cloudsec.securityhub"
# Of boto3 and botocore: the first minor release whose requests can all bring their own credentials
MINIMUM_BOTO3 = "1.35.0"
MAX_CONNECTIONS = 32
# Five attempts wait 15 s between them at most, jittered.
# A user agent given whole spares botocore to put one together, twice for every call.
DEFAULT_CONFIG = {
    "connect_timeout": 5,
    "read_timeout": 10,
    "max_pool_connections": MAX_CONNECTIONS,
    "user_agent": f"APN/1.0 Ansible/{ANSIBLE_VERSION} {COLLECTION}",
}
DEFAULT_RETRIES = {"mode": "standard", "max_attempts": 4}
# No attempt begins later than this after the first, in seconds, so that a call takes 30 at most. Whoever sets retries bounds them.
LAST_ATTEMPT_AFTER = 20

_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")

# Of a list; AWS's quotas end at half of that
MOST_PAGES = 400

# A parameter that no operation has: it takes the binding from a call to the handler that unpacks it.
_BINDING = "cloudsec_securityhub_binding"
_BEGAN = "cloudsec_securityhub_began"


class RegionClient:
    """A shared client as one account uses it in one region.

    Has the operations of the botocore client as methods, with the same parameters, results and exceptions.
    """

    def __init__(self, client, region, credentials, endpoint_url=None):
        self._client = client
        self._binding = {_BINDING: _Binding(region, credentials, endpoint_url)}

    def __getattr__(self, operation):
        return functools.partial(getattr(self._client, operation), **self._binding)

    def pages(self, operation, items, page_size, **parameters):
        """What stands under the name items on all pages of an operation, as one list (botocore's paginator, page_size a call).

        Raises PaginationError where there is no end of pages, besides what the calls raise.
        """
        pages = self._client.get_paginator(operation).paginate(PaginationConfig={"PageSize": page_size}, **parameters, **self._binding)
        found = []
        for number, page in enumerate(pages):
            if number == MOST_PAGES:
                raise botocore.exceptions.PaginationError(message=f"There are more than {MOST_PAGES} pages")
            found += page.get(items) or []
        return found


class _Binding:
    """Where calls go and who makes them."""

    def __init__(self, region, credentials, endpoint_url):
        self.region = region
        self.credentials = credentials
        self.endpoint_url = endpoint_url


def shared_client(service, profile=None, verify=True, aws_config=None):
    """The botocore client of a service under the given configuration; made at the first call, the same object ever after.

    profile: whose section of the AWS configuration file applies. verify: True, False or the path of a CA bundle.
    aws_config: a dict of botocore.config.Config's arguments, over this collection's defaults.
    Raises what botocore raises for an unusable configuration (TypeError, ValueError or a BotoCoreError).
    """
    bundle = botocore.httpsession.get_cert_path(verify) if verify else None
    return _shared_client(service, profile, verify, json.dumps(aws_config or {}, sort_keys=True), _surroundings(bundle))


def _surroundings(bundle=None):
    """All that botocore reads besides its arguments, as a cache key: a task with another environment gets a client of its own.

    bundle: the path of the CA bundle, where one is read.
    """
    paths = [os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"), os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")]
    paths = [os.path.expandvars(os.path.expanduser(path)) for path in paths] + [bundle] * bool(bundle)
    return frozenset(os.environ.items()), tuple(map(_version_of_file, paths))


def _version_of_file(path):
    """What changes with whatever is done to a file; None where there is no such file."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@functools.lru_cache(maxsize=64)
def _shared_client(service, profile, verify, aws_config, surroundings):  # pylint: disable=unused-argument
    session = _new_session(profile)
    # The client must not be able to make a call on anybody's behalf by itself, nor look for credentials while it is made.
    session.register_component("credential_provider", botocore.credentials.CredentialResolver(providers=[]))
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_parse_time)
    client = session.create_client(service, region_name="us-east-1", verify=verify, config=_config(json.loads(aws_config)))
    service_id = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"provide-client-params.{service_id}", _take_binding)
    client.meta.events.register(f"before-endpoint-resolution.{service_id}", _choose_endpoint)
    # After whatever else looks at a request, botocore's own limiter of rates for one
    client.meta.events.register_last("before-send", Connections(client.meta.config, verify).send)
    if client.meta.config.retries["mode"] != "legacy":
        last_after = None if json.loads(aws_config).get("retries") else LAST_ATTEMPT_AFTER
        Retries(client, lambda context: (context[_BINDING], context[_BEGAN]), last_after).register()
    # botocore sleeps between a failed attempt and the next one; nobody else need wait for that
    client.meta.events.register(f"needs-retry.{service_id}", _give_turn_after_failure)
    for event in ("request-created", "after-call", "after-call-error"):
        client.meta.events.register_first(f"{event}.{service_id}", turns.take)
    return client


def shared_session(profile=None):
    """A botocore session that reads the configuration of a profile; made at the first call, the same object ever after.

    It is for looking things up and never holds credentials; L{find_credentials} does.
    """
    return _shared_session(profile, _surroundings())


@functools.lru_cache(maxsize=64)
def _shared_session(profile, surroundings):  # pylint: disable=unused-argument
    return _new_session(profile)


def find_credentials(profile, sts_region):
    """The credentials that botocore finds for a profile, for the caller alone; sts_region is where it assumes the role of a profile that has one.

    Raises NoCredentialsError where it finds none, RefreshWithMFAUnsupportedError for a role that asks for a code.
    """
    session = shared_session(profile)
    credentials = botocore.credentials.create_credential_resolver(session, region_name=sts_region).load_credentials()
    if credentials is None:
        raise botocore.exceptions.NoCredentialsError()
    if credentials.method == "assume-role" and session.get_scoped_config().get("mfa_serial"):
        # botocore would ask at the terminal, in each of the workers
        raise botocore.exceptions.RefreshWithMFAUnsupportedError()
    return credentials


def configured_secrets(profile):
    """The secrets in the environment and in the profile's part of the configuration: what botocore may use to get further credentials.

    Returns a set of strings. A profile that takes its role by another one's credentials brings the other one's secrets too.
    """
    found = {os.environ.get(name) for name in _SECRET_VARIABLES}
    token_files = {os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")}
    with contextlib.suppress(botocore.exceptions.BotoCoreError):
        session = shared_session(profile)
        profiles = session.full_config.get("profiles", {})
        name = session.profile or "default"
        seen = set()
        while name in profiles and name not in seen:
            seen.add(name)
            found.update(profiles[name].get(key) for key in ("aws_secret_access_key", "aws_session_token", "aws_security_token"))
            token_files.add(profiles[name].get("web_identity_token_file"))
            name = profiles[name].get("source_profile")
    for path in filter(None, token_files):
        with contextlib.suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8") as stream:
            found.add(stream.read())
    return set(filter(None, found))


def _new_session(profile):
    """A botocore session with the service models that other sessions have read already."""
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", _loader())
    return session


@functools.lru_cache(maxsize=None)
def _loader():
    return botocore.session.Session().get_component("data_loader")


def _config(aws_config):
    retries = {**DEFAULT_RETRIES, **(aws_config.get("retries") or {})}
    if not isinstance(aws_config.get("proxies") or {}, dict):
        raise TypeError("proxies is not a dictionary")  # botocore would say so only when it makes a call
    return botocore.config.Config(**{**DEFAULT_CONFIG, **aws_config, "retries": retries})


def _parse_time(value):
    """botocore's parser of times, with a short way for the form that Security Hub sends."""
    try:
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return botocore.utils.parse_timestamp(value)


def _take_binding(params, context, **kwargs):  # pylint: disable=unused-argument
    """Handler of botocore's provide-client-params event: sign in the binding's region with the binding's credentials."""
    params = dict(params)
    binding = params.pop(_BINDING)
    context["client_region"] = binding.region
    context["signing"] = {"region": binding.region, "request_credentials": binding.credentials}
    context[_BINDING] = binding
    context[_BEGAN] = time.monotonic()
    return params


def _choose_endpoint(builtins, context, **kwargs):  # pylint: disable=unused-argument
    """Handler of botocore's before-endpoint-resolution event: resolve the endpoint of the binding's region."""
    binding = context[_BINDING]
    builtins[botocore.regions.EndpointResolverBuiltins.AWS_REGION] = binding.region
    # botocore before 1.40 asks STS's global endpoint, whose sessions are no good in regions that were opted in to
    builtins[botocore.regions.EndpointResolverBuiltins.AWS_STS_USE_GLOBAL_ENDPOINT] = False
    if binding.endpoint_url:
        builtins[botocore.regions.EndpointResolverBuiltins.SDK_ENDPOINT] = binding.endpoint_url


def _give_turn_after_failure(response, caught_exception, **kwargs):  # pylint: disable=unused-argument
    """Handler of botocore's needs-retry event."""
    if caught_exception or response[0].status_code >= 400:
        turns.give()


def warm():
    """Make what a task without particular options will use, so that processes forked later have it.

    Makes no call. What is wrong with the environment is left for the task to report.
    """
    with contextlib.suppress(Exception):
        # Asking for these reads the configuration file and the list of regions
        session = shared_session()
        session.get_config_variable("region")
        session.get_partition_for_region("us-east-1")
    for service in ("securityhub", "sts"):
        with contextlib.suppress(Exception):
            # Asking for a paginator reads the service's paging rules
            shared_client(service, verify=os.environ.get("AWS_CA_BUNDLE") or True).can_paginate("list_invitations")
