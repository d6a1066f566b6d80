# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of a task: found as botocore finds them, by calls that are made as the task says, and renewed. Private to this collection."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import random
import threading
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

try:
    import botocore.config
    import botocore.credentials
    import botocore.exceptions
    import botocore.httpsession
    import botocore.session
    import botocore.utils

    _BotocoreSession: Any = botocore.session.Session
except ImportError:
    _BotocoreSession = object  # the module reports the missing library

from . import _errors as errors
from ._botocore_session import session_variables
from ._botocore_session import share_models
from ._botocore_session import shared_session
from ._client import ClientFactory
from ._masking import masker
from ._messages import NOWHERE
from ._messages import Message
from ._messages import Place
from ._response_checks import check_responses
from ._waiting import with_retries

# In seconds. AWS's sessions last 15 minutes at least: credentials that AWS calls expired earlier than this will be so the next time too
_SHORTEST_LIFE = 60

_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
_PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
_CONTAINER_VARIABLES = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
# The variables and options of botocore that name the AWS configuration, with its default
_CONFIGURATION_FILES = (("AWS_CONFIG_FILE", "config_file"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials_file"))

# Of an endpoint that is busy: its HTTP status, and how often it is asked before other calls would be made again; botocore does so for containers
_BUSY, _ATTEMPTS = 429, 3

# botocore's names for the ways to credentials
_ROLE, _WEB_IDENTITY, _HELPER, _CONTAINER, _INSTANCE = "assume-role", "assume-role-with-web-identity", "custom-process", "container-role", "iam-role"

_CHECK_FILE = "Check the file's name and content, and whether the user that runs the task may read it."
_ADVICE = {
    _HELPER: "Run the command in credential_process of that profile by hand to see why it fails; it was run twice.",
    _CONTAINER: "Check the endpoint for credentials that {origin} names.",
    _INSTANCE: "Check the instance's metadata service, and whether the instance has a role.",
}


class TaskCredentials:
    """What the calls of a task are signed with. Found when this is made, and found again where AWS calls them expired.

    find(): returns botocore's ReadOnlyCredentials; raises SecurityHubError. secrets: a set that gets what must not be printed.
    """

    def __init__(self, find: Callable[[], botocore.credentials.ReadOnlyCredentials], secrets: set[str | None]) -> None:
        self._find = find
        self._secrets = secrets
        self._lock = threading.RLock()
        self._renewed_at: float | None = None
        self._failure: errors.SecurityHubError | None = None
        self._is_renewing = False
        self._current = self._find_and_note()

    def get_frozen_credentials(self) -> botocore.credentials.ReadOnlyCredentials:
        """Return the credentials of the moment, as botocore asks for them when it signs a call. Makes no call."""
        return self._current

    def renew(self, expired: botocore.credentials.ReadOnlyCredentials) -> bool:
        """Find the credentials once more, unless another thread has done so. Return whether there are other ones now.

        expired: those that AWS called expired. Raises the SecurityHubError of what can't be found again.
        """
        with self._lock:
            if self._current is not expired:
                return True
            if self._is_renewing:  # to explain why they can't be found, the account is asked for, with these
                return False
            now = time.monotonic()
            if self._renewed_at is not None and now - self._renewed_at < _SHORTEST_LIFE:
                if self._failure:
                    raise self._failure
                return False
            self._renewed_at, self._failure, self._is_renewing = now, None, True
            try:
                self._current = self._find_and_note()
            except errors.SecurityHubError as e:
                self._failure = e
                raise
            finally:
                self._is_renewing = False
            return self._current != expired

    def _find_and_note(self) -> botocore.credentials.ReadOnlyCredentials:
        found = self._find()
        self._secrets.update((found.secret_key, found.token))
        return found


class CredentialFinder:
    """Finds the credentials of a profile, or of the environment, as botocore does.

    profile: its name; None for botocore's own choice. sts_region: where the role of a profile is assumed. clients: of the task; what
    botocore calls to get credentials is called as they are, with the same timeouts, proxies, CA bundle and response checks.
    endpoint_of(service): returns the URL of the task's endpoint; None for botocore's choice.
    """

    def __init__(self, profile: str | None, sts_region: str, clients: ClientFactory, endpoint_of: Callable[[str], str | None]) -> None:
        self._profile = profile
        self._sts_region = sts_region
        self._clients = clients
        self._endpoint_of = endpoint_of
        # Of the last attempt: its session, and which of botocore's ways it was on
        self._session = _CredentialSession(profile, sts_region, clients, endpoint_of)
        self._method: str | None = None

    def find(self) -> botocore.credentials.ReadOnlyCredentials:
        """Return the credentials. AWS: what the source asks for, such as sts:AssumeRole for each role in a chain of profiles.

        Each source is asked once. Throttling, server errors and lost connections are retried; a credential_process that fails is run
        once more. Raises SecurityHubError: credentials, assume_role_failed, limit_exceeded, internal_error, endpoint_unreachable.
        """
        check_profile(self._profile)
        try:
            credentials = self._load()
            # Those that a source has just given are used for as long as AWS takes them, and not asked for again for being old
            credentials._advisory_refresh_timeout = credentials._mandatory_refresh_timeout = 0
            return with_retries(credentials.get_frozen_credentials, self._clients.policy)
        except errors.SecurityHubError:
            raise
        except Exception as e:  # pylint: disable=broad-except # botocore takes the form of what its sources answer for granted
            if _is_about_bundle(e, self._clients.verify):
                raise
            raise self._error(e) from e

    def _load(self) -> Any:
        """Return botocore's credentials of the first source that has any."""
        try:
            return with_retries(self._load_once, self._clients.policy)
        except botocore.exceptions.CredentialRetrievalError as e:
            if e.kwargs.get("provider") != _HELPER:
                raise
        time.sleep(random.uniform(0.5, 1))
        return with_retries(self._load_once, self._clients.policy)

    def _load_once(self) -> Any:
        session = self._session = _CredentialSession(self._profile, self._sts_region, self._clients, self._endpoint_of)
        if hasattr(botocore.credentials, "create_credential_resolver"):
            credentials = self._resolve(botocore.credentials.create_credential_resolver(session, region_name=self._sts_region))
        else:
            # Not among botocore's documented names; a session that only looks for credentials finds the same ones
            credentials = session.get_credentials()
        if credentials is None:
            raise botocore.exceptions.NoCredentialsError()
        if credentials.method == _ROLE:
            self._refuse_mfa()
        return credentials

    def _resolve(self, resolver: Any) -> Any:
        """Return the credentials of the first source that has any, as the resolver itself does, but know which one fails. None: no source has any."""
        with contextlib.suppress(AttributeError):  # with a botocore that has other names, they are asked as botocore does it
            _configure_endpoints(resolver, self._clients)
        for provider in resolver.providers:
            self._method = provider.METHOD
            credentials = provider.load()
            if credentials is not None:
                return credentials
        self._method = None
        return None

    def _refuse_mfa(self) -> None:
        """Raise SecurityHubError (credentials) where a role of the chain asks for a code: botocore would prompt for it, in each of the workers."""
        for number, (name, profile) in enumerate(profile_chain(self._session)):
            if number and "aws_access_key_id" in profile:
                return  # its role, if it has one, is not assumed
            if profile.get("mfa_serial") and profile.get("role_arn"):
                what = "The profile {profile} asks for MFA (mfa_serial), which a task can't prompt for."
                advice = "Get a session with MFA before the run, and give the task its keys, or a profile that has them."
                raise errors.make_error(errors.CREDENTIALS, NOWHERE, what, advice, profile=name)

    def _error(self, exception: Exception) -> errors.SecurityHubError:
        """Return the error of what has kept the credentials from being found."""
        if errors.is_out_of_files(exception):
            return errors.unexpected(exception)
        if isinstance(exception, OSError) and exception.filename:
            return _file_error(exception.filename, exception.strerror or str(exception), self._session)
        is_known, mask = isinstance(exception, errors.FAILURES), masker(configured_secrets(self._profile))
        if is_known and self._session.role and self._session.role.startswith("arn:"):
            error = errors.translate(exception, Place(None, self._sts_region), actions=["sts:AssumeRole"], mask=mask)
            return role_error(error, exception, f"{self._session.role} of {self._origin}", self._sts_region)
        unreadable = _unreadable_configuration(self._session) if isinstance(exception, botocore.exceptions.NoCredentialsError) else None
        if unreadable:
            return unreadable
        error = configuration_error(exception, self._session, mask) if is_known else errors.make_error(errors.CREDENTIALS, NOWHERE, "")
        if self._method is None or isinstance(exception, botocore.exceptions.ConfigParseError):
            return error
        words = f"{exception.args[0]} is missing in its response" if isinstance(exception, KeyError) and exception.args else str(exception)
        whose = f" (role {self._session.role})" if self._session.role else ""
        with_sso = (name for name, profile in profile_chain(self._session) if profile.get("sso_account_id"))
        facts: dict[str, Any] = {"origin": self._origin, "whose": whose, "words": words.rstrip("."), "with_sso": next(with_sso, self._profile or "default")}
        advice = self._advice(exception) if error.reason == errors.CREDENTIALS else errors.ADVICE[error.reason]
        return error.replaced("The source of the task's credentials, {origin}{whose}, failed: {words}.", advice, **facts)

    def _advice(self, exception: Exception) -> str:
        """Return the template of what to do about an exception for which the credentials are to blame."""
        if isinstance(exception, (botocore.exceptions.SSOError, botocore.exceptions.TokenRetrievalError)):
            return "Log in first: aws sso login --profile {with_sso}"
        method = exception.kwargs.get("provider") if isinstance(exception, botocore.exceptions.CredentialRetrievalError) else self._method
        return _ADVICE.get(method or "", errors.ADVICE[errors.CREDENTIALS])

    @property
    def _origin(self) -> str:
        """Return who names the source of the credentials: a variable of the environment, or a profile."""
        variables = {_CONTAINER: _CONTAINER_VARIABLES, _WEB_IDENTITY: ("AWS_WEB_IDENTITY_TOKEN_FILE",) if not self._profile else ()}
        for variable in variables.get(self._method or "", ()):
            if os.environ.get(variable):
                return f"{variable} in the environment"
        return "this machine's instance metadata" if self._method == _INSTANCE else _named(self._profile)


class _CredentialSession(_BotocoreSession):
    """A botocore session to find credentials with: the clients that botocore makes by it, to assume the role of a profile, say, are made as the task's.

    region: where roles are assumed. clients, endpoint_of: as of CredentialFinder.
    role: the ARN or name of the last role that was asked for; None before that.
    """

    def __init__(self, profile: str | None, region: str, clients: ClientFactory, endpoint_of: Callable[[str], str | None]) -> None:
        super().__init__(profile=profile, session_vars=session_variables(profile))
        self._clients = clients
        self._endpoint_of = endpoint_of
        self.role: str | None = None
        self.set_config_variable("region", region)
        # botocore before 1.40 asks STS's global endpoint, whose sessions are no good in regions that were opted in to
        self.set_config_variable("sts_regional_endpoints", "regional")
        share_models(self)
        with contextlib.suppress(Exception):  # a botocore with another name for it has responses that nothing checks
            check_responses(self)

    def create_client(self, service_name: str, region_name: str | None = None, config: Any = None, **kwargs: Any) -> Any:  # pylint: disable=arguments-differ
        """Return a client, made as the task's clients are."""
        own = {**self._clients.arguments(config), "endpoint_url": self._endpoint_of(service_name)}
        client = super().create_client(service_name, region_name=region_name, **{**kwargs, **own})
        client.meta.events.register("provide-client-params.*.*", self._note_role)
        return client

    def _note_role(self, params: dict[str, Any], **kwargs: Any) -> None:  # pylint: disable=unused-argument
        self.role = params.get("RoleArn") or params.get("roleName") or self.role


def role_error(error: errors.SecurityHubError, exception: Exception, role: str, region: str) -> errors.SecurityHubError:
    """Return the error of a role that could not be assumed.

    error: that of the exception. role: words for which one. region: where STS was asked.
    """
    # It is refused by a response that is about the role; any other failure has a reason of its own
    is_refused = error.code and error.reason not in (errors.CREDENTIALS, errors.INTERNAL_ERROR, errors.LIMIT_EXCEEDED)
    reason = errors.ASSUME_ROLE_FAILED if is_refused else error.reason
    remedy = Message.of(errors.ADVICE[reason]) if is_refused else error.advice
    words = f"{error.code}: {error.response.message}" if error.code else str(exception)
    what = "The role {role} could not be assumed (AWS STS in {region}): {words}."
    return error.replaced(what, "{remedy}", reason, role=role, region=region, words=words.rstrip("."), remedy=remedy)


def check_profile(profile: str | None) -> None:
    """Raise SecurityHubError (credentials) for a profile that does not exist, or a configuration that can't be read. Makes no call."""
    session = shared_session()
    try:
        available = session.available_profiles
    except errors.FAILURES as e:
        raise configuration_error(e, session) from e
    if profile is None or profile in available:
        return
    unreadable = _unreadable_configuration(session)
    if unreadable:
        raise unreadable
    files = [session.get_config_variable(option) for _variable, option in _CONFIGURATION_FILES]
    what = "There is no {profile}: neither {config} nor {credentials} has it."
    raise errors.make_error(errors.CREDENTIALS, NOWHERE, what, profile=_named(profile).removeprefix("the "), config=files[0], credentials=files[1])


def configuration_error(exception: Exception, session: Any, mask: Callable[[str], str] = str) -> errors.SecurityHubError:
    """Return the error of a botocore exception that may be about the AWS configuration. session: a botocore session. mask: as of errors.translate."""
    if isinstance(exception, botocore.exceptions.ConfigParseError):
        return _file_error(exception.kwargs["path"], str(exception), session)
    return errors.translate(exception, NOWHERE, mask=mask)


def configured_secrets(profile: str | None) -> set[str]:
    """Return the secrets in the environment and in the profile's part of the configuration: what botocore may use to get further credentials.

    Returns a set of strings. A profile that takes its role by another one's credentials brings the other one's secrets too.
    """
    found = {os.environ.get(name) for name in _SECRET_VARIABLES}
    token_files = {os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"), os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")}
    with contextlib.suppress(Exception):  # whatever keeps it from being read has been reported; no result may be lost for it
        for _name, values in profile_chain(shared_session(profile)):
            found.update(values.get(key) for key in ("aws_secret_access_key", "aws_session_token", "aws_security_token"))
            token_files.add(values.get("web_identity_token_file"))
    for path in filter(None, token_files):
        with contextlib.suppress(OSError, UnicodeDecodeError), open(path, encoding="utf-8") as stream:
            found.add(stream.read())
    return set(filter(None, found))


def profile_chain(session: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the names and values of a botocore session's profile and of those that it takes credentials from, each once."""
    profiles = session.full_config.get("profiles", {})
    name, seen = session.profile or "default", set()
    while name in profiles and name not in seen:
        seen.add(name)
        yield name, profiles[name]
        name = profiles[name].get("source_profile")


def _is_about_bundle(exception: Exception, verify: bool | str) -> bool:
    """Return whether an exception says that a CA bundle can't be read."""
    return isinstance(exception, OSError) and not isinstance(exception, errors.FAILURES) and exception.filename in (None, verify)


def _named(profile: str | None) -> str:
    """Return words for a profile, and for the variable that names it."""
    variable = next((name for name in _PROFILE_VARIABLES if profile and os.environ.get(name) == profile), None)
    return f"the profile {profile or 'default'}" + (f" ({variable} in the environment)" if variable else "")


def _unreadable_configuration(session: Any) -> errors.SecurityHubError | None:
    """Return the error of a file of the AWS configuration that can't be read, which botocore takes for an empty one; None where both can.

    One that is not there is an error only where a variable names it.
    """
    for variable, option in _CONFIGURATION_FILES:
        path = os.path.expanduser(session.get_config_variable(option))
        try:
            with open(path, "rb"):
                pass
        except OSError as e:
            if os.environ.get(variable) or not isinstance(e, FileNotFoundError):
                return _file_error(path, e.strerror or str(e), session)
    return None


def _file_error(path: str, words: str, session: Any) -> errors.SecurityHubError:
    """Return the error of a file for credentials, with the variable or the profile that names it."""
    by = [f"{name} in the environment" for name, value in os.environ.items() if name.startswith("AWS_") and path in (value, os.path.expanduser(value))]
    with contextlib.suppress(*errors.FAILURES):
        for profile, values in profile_chain(session):
            by += [f"{key} of the profile {profile}" for key, value in values.items() if isinstance(value, str) and path in value.split()]
    what = "The file {path}{by} can't be used for credentials: {words}."
    return errors.make_error(errors.CREDENTIALS, NOWHERE, what, _CHECK_FILE, path=path, by=f" ({by[0]})" if by else "", words=words)


# --- Endpoints for credentials -------------------------------------------------------------------


def _configure_endpoints(resolver: Any, clients: ClientFactory) -> None:
    """Let the endpoints for credentials that are no AWS service's be asked as the task says, and let their throttling be seen as such.

    Raises AttributeError with a botocore that has other names.
    """
    send_to_container = functools.partial(_send_to_container, clients, botocore.httpsession.URLLib3Session, botocore.utils.get_environ_proxies)
    for provider in resolver.providers:
        if provider.METHOD == _CONTAINER:
            provider._fetcher._session = _Endpoint(send_to_container)
        elif provider.METHOD == _INSTANCE:
            provider._role_fetcher._session = _Endpoint(provider._role_fetcher._session.send)


class _Endpoint:
    """In place of botocore's session for an endpoint: it waits where the endpoint is busy, and raises what can be told from other failures.

    send(request): returns the response.
    """

    def __init__(self, send: Callable[[Any], Any]) -> None:
        self._send = send

    def send(self, request: Any) -> Any:
        """Return the response to a request, which is made three times at most, a second apart. Raises ClientError where the endpoint stays busy."""
        for number in range(_ATTEMPTS):
            if number:
                time.sleep(1)
            response = self._send(request)
            if response.status_code != _BUSY:
                return response
        error = {"Error": {"Code": str(_BUSY), "Message": "Too Many Requests"}, "ResponseMetadata": {"HTTPStatusCode": _BUSY}}
        raise botocore.exceptions.ClientError(error, "GetCredentials")


def _send_to_container(clients: ClientFactory, session_class: Any, get_environ_proxies: Callable[[str], dict[str, str]], request: Any) -> Any:
    """Return the response of a container's endpoint, asked with the task's timeouts, CA bundle and proxies."""
    config = clients.config
    proxies: dict[str, str] = {}
    if not _is_local(urlsplit(request.url).hostname or ""):
        proxies = get_environ_proxies(request.url) if config.proxies is None else config.proxies
    timeouts = (config.connect_timeout, config.read_timeout)
    return session_class(verify=clients.verify, timeout=timeouts, proxies=proxies).send(request)


def _is_local(host: str) -> bool:
    """Return whether a host is this machine or an address that only it can reach, such as those of ECS and EKS; no proxy can."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_link_local or address == ipaddress.ip_address("fd00:ec2::23")
