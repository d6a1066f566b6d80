# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of one account: credentials that are found once, a client for each region, errors that say where. Private to this collection."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

try:
    import botocore.credentials
    import botocore.exceptions
    import botocore.utils
except ImportError:
    pass  # the module reports the missing library

from . import _errors as errors
from . import _partitions as partitions
from ._botocore_session import shared_session
from ._client import ClientFactory
from ._client import RegionClient
from ._client import UnusableConfig
from ._credentials import CredentialFinder
from ._credentials import TaskCredentials
from ._credentials import configuration_error
from ._credentials import configured_secrets
from ._credentials import role_error
from ._masking import masker
from ._messages import Place
from ._settings import Connection
from ._settings import Role
from ._settings import Settings

# All that asking AWS can raise here
_FAILURES: tuple[type[Exception], ...] = (errors.SecurityHubError, *errors.FAILURES)


class Session:
    """Calls as the account of a task. Making a Session makes no call; sign_in() comes first."""

    def __init__(self, settings: Settings) -> None:
        self._connection = settings.connection
        self._role = settings.role
        self._settings = settings
        self._identity_lock = threading.Lock()
        self._secrets: set[str | None] = {self._connection.secret_key, self._connection.session_token}
        # From sign_in() on
        self._clients: ClientFactory
        self._credentials: TaskCredentials | None = None

    def sign_in(self) -> None:
        """Find the credentials and, where a role was given, assume it (AWS: sts:AssumeRole, one call).

        Raises SecurityHubError (credentials, assume_role_failed, endpoint_unreachable, invalid_input).
        """
        connection = self._connection
        try:
            self._clients = ClientFactory(connection.profile, connection.verify, connection.aws_config)
        except UnusableConfig as e:
            raise _unusable(e) from e
        try:
            self._credentials = caller = TaskCredentials(self._caller_source(), self._secrets)
            if self._role:
                self._credentials = TaskCredentials(functools.partial(self._assume_role, self._role, caller), self._secrets)
            # Made now, where what botocore can't use fails the task as a whole
            self._clients.client("securityhub", self._settings.home_region, self._credentials, connection.endpoint_url)
        except errors.FAILURES as e:
            raise configuration_error(e, shared_session(connection.profile), self._mask) from e  # no region's fault
        except (OSError, ValueError) as e:
            # A CA bundle that can't be read, or an endpoint of the configuration that is no URL
            raise _unusable(e) from e

    def stop(self) -> None:
        """Let there be no more calls."""
        self._clients.stop()

    def client(self, service: str, region: str) -> RegionClient:
        """Return a service's client for a region. Makes no call.

        Raises SecurityHubError (region_not_enabled) for a name that no region can have.
        """
        return self._client_of(self._credentials, service, region)

    @property
    def known_account_id(self) -> str | None:
        """The account's ID from what is known without a call: the role's ARN. None where there is no role."""
        return self._role.account_id if self._role else None

    def resolve_account_id(self) -> str | None:
        """Return the account's ID: from the role's ARN, or else from STS (AWS: sts:GetCallerIdentity, which no policy can deny; once a task at most).

        None where STS did not accept the credentials or could not be asked.
        """
        return self.known_account_id or self._resolve_identity()

    def ask_identity(self) -> str:
        """Return the ID of the account of the credentials (AWS: sts:GetCallerIdentity). Raises SecurityHubError where STS can't be asked."""
        try:
            self._identity = account_id = self._call_identity()
        except errors.FAILURES as e:
            self._identity = None
            raise self.explain(e, self._settings.home_region, ["sts:GetCallerIdentity"]) from e
        return account_id

    def explain(self, exception: Exception, region: str, actions: Sequence[str] = ()) -> errors.SecurityHubError:
        """Return the SecurityHubError of a botocore exception. Where AWS has answered, its message names the account, so STS may be asked first.

        region: where the call was made. actions: as of errors.translate.
        """
        if not errors.was_answered(exception):
            place = Place(self.known_account_id, region)
            error = errors.translate(exception, place, region_exists=partitions.is_known_region(region), actions=actions)
        else:
            place = Place(self.resolve_account_id(), region)
            credentials_work = errors.is_about_credentials_or_region(exception) and self._resolve_identity() is not None
            error = errors.translate(exception, place, credentials_work=credentials_work, actions=actions, mask=self._mask)
        if error.reason != errors.REGION_NOT_ENABLED or partitions.is_known_region(region):
            return error
        nearest = partitions.nearest_region(region)
        return error.followed_by("Or did you mean {nearest}?", nearest=nearest) if nearest else error

    def secrets(self) -> set[str]:
        """Return the secrets that AWS or a library may have been shown for this account, as far as they are known without a call."""
        return set(filter(None, self._secrets.copy())) | configured_secrets(self._connection.profile)

    def _mask(self, text: str) -> str:
        """Return a text without the secrets that are known by now. The call that AWS has answered was signed with one of them."""
        return masker(self.secrets())(text)

    def _resolve_identity(self) -> str | None:
        with self._identity_lock:
            return self._identity if self._credentials else None

    @functools.cached_property
    def _identity(self) -> str | None:
        """The account of the credentials, asked for once; None where STS can't be asked."""
        try:
            return self._call_identity()
        except _FAILURES:
            return None

    def _call_identity(self) -> str:
        return self.client("sts", self._settings.home_region).call("get_caller_identity")["Account"]

    @functools.cached_property
    def _sts_region(self) -> str:
        """Where roles are assumed: not just where the task acts, which may be a region that the caller has not opted in to."""
        configured = self._connection.configured_region
        if configured:
            self._check_region_name(configured)
        # Nor one of another partition, where nobody knows the caller
        return configured if configured and partitions.partition_of(configured) == self._settings.partition else self._settings.home_region

    def _client_of(self, credentials: TaskCredentials | None, service: str, region: str) -> RegionClient:
        self._check_region_name(region)
        return self._clients.client(service, region, credentials, self._endpoint_of(service))

    def _caller_source(self) -> Callable[[], botocore.credentials.ReadOnlyCredentials]:
        """Return a function that returns the connection's keys, or finds the credentials of its profile."""
        given = _given_credentials(self._connection)
        if given:
            return given.get_frozen_credentials
        return CredentialFinder(self._connection.profile, self._sts_region, self._clients, self._endpoint_of).find

    def _assume_role(self, role: Role, caller: TaskCredentials) -> botocore.credentials.ReadOnlyCredentials:
        """Return the credentials of a role's session. AWS: sts:AssumeRole, one call."""
        external_id: dict[str, Any] = {"ExternalId": role.external_id} if role.external_id else {}
        sts = self._client_of(caller, "sts", self._sts_region)
        try:
            response = sts.call("assume_role", RoleArn=role.arn, RoleSessionName=role.session_name, **external_id)
        except errors.FAILURES as e:
            raise role_error(self.explain(e, self._sts_region, ["sts:AssumeRole"]), e, role.arn, self._sts_region) from e
        found = response["Credentials"]
        return botocore.credentials.ReadOnlyCredentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

    def _endpoint_of(self, service: str) -> str | None:
        """Return the endpoint URL for a service; None for botocore's choice. The option's is Security Hub CSPM's, and may be every service's."""
        url = self._connection.endpoint_url
        if service == "securityhub":
            return url
        variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
        is_configured = os.environ.get(variable) and not shared_session().get_config_variable("ignore_configured_endpoint_urls")
        return None if is_configured or partitions.is_security_hub_address(url) else url

    def _check_region_name(self, region: str) -> None:
        """Reject names that are not a single DNS label. Raises SecurityHubError (region_not_enabled)."""
        try:
            botocore.utils.validate_region_name(region)
            if region.endswith("\n"):
                raise botocore.exceptions.InvalidRegionError(region_name=region)  # which botocore lets pass
        except errors.FAILURES as e:
            raise self.explain(e, region) from e


def _given_credentials(connection: Connection) -> botocore.credentials.Credentials | None:
    """Return the credentials of a connection's keys; None where it has none. Raises SecurityHubError (credentials) where one key is missing."""
    if not (connection.access_key or connection.secret_key):
        return None
    if not (connection.access_key and connection.secret_key):
        what = "Only one of access_key and secret_key is given."
        raise errors.make_error(errors.CREDENTIALS, errors.NOWHERE, what, errors.ADVICE[errors.CREDENTIALS])
    return botocore.credentials.Credentials(connection.access_key, connection.secret_key, connection.session_token)


def _unusable(exception: Exception) -> errors.SecurityHubError:
    if errors.is_out_of_files(exception):
        return errors.unexpected(exception)
    what = "The connection options can't be used: {words}."
    return errors.make_error(errors.INVALID_INPUT, errors.NOWHERE, what, errors.ADVICE[errors.INVALID_INPUT], words=exception)
