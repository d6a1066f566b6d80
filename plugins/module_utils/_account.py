# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task's connection options to the account it acts as: credentials, a role assumed once, a client for each region. Private to this collection."""

from __future__ import annotations

import functools
import os
import re
import threading
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple
from typing import NoReturn
from urllib.parse import urlsplit

try:
    import botocore.credentials
    import botocore.exceptions
    import botocore.session
    import botocore.utils
except ImportError:
    pass  # the module reports the missing library

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from . import _errors as errors
from ._client import ClientFactory
from ._client import RegionClient
from ._client import UnusableConfig
from ._client import configured_secrets
from ._client import find_credentials
from ._client import shared_session
from ._waiting import with_retries

DEFAULT_ROLE_SESSION_NAME = "ansible-cloudsec.securityhub"

# All that asking AWS can raise here
_FAILURES: tuple[type[Exception], ...] = (errors.SecurityHubError, *errors.FAILURES)

# The only entry of regions that is no region's name
ALL_REGIONS = "all"

# Regions that every account of a partition has; STS answers there whatever else the account has opted in to.
_HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
# Where account:ListRegions is answered, if that is another one
_HOME_REGIONS_OF_ACCOUNT_MANAGEMENT = {"aws-cn": "cn-northwest-1"}
_USABLE_REGIONS = ["ENABLED", "ENABLED_BY_DEFAULT"]
_REGIONS_OF_A_PAGE = 50

_ROLE_ARN = re.compile(r"arn:(?P<partition>[a-z0-9-]+):iam::(?P<account_id>[0-9]{12}):role/\S+")

# The environment variables that amazon.aws reads where an option is not given
_VARIABLES_OF = {
    "access_key": ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"),
    "secret_key": ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
    "session_token": ("AWS_SESSION_TOKEN",),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
}


class Location(NamedTuple):
    """Where a call is made, as messages tell it. account_id: None where it is not known."""

    account_id: str | None
    region: str

    def __str__(self) -> str:
        return f"{'account ' + self.account_id if self.account_id else 'this account'}, region {self.region}"


class Account:
    """The AWS account that a task acts as.

    options: a module's validated options. Reading them makes no call to AWS; the role is assumed by sign_in().
    regions: those to act in; empty where all are asked for, until find_regions().
    Raises SecurityHubError (invalid_input, credentials) for options that can't work.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._expected = options.get("expected_account_id")
        self._role = _role(options)
        asked = _asked_regions(options)
        self.acts_everywhere = asked == [ALL_REGIONS]
        self.regions = [] if self.acts_everywhere else asked
        self._endpoint_url, self._profile, self._verify = _connection(options, asked[0])
        self._secrets: set[str | None] = {options.get("secret_key"), options.get("session_token")}
        # From sign_in() on
        self._clients: ClientFactory
        self._credentials: _RecordingCredentials | None = None
        self._identity_lock = threading.Lock()

    def sign_in(self) -> None:
        """Find the credentials and, where a role was given, assume it (AWS: sts:AssumeRole, one call).

        Raises SecurityHubError (credentials, assume_role_failed, endpoint_unreachable, invalid_input).
        """
        try:
            self._clients = ClientFactory(self._profile, self._verify, self._options.get("aws_config"))
        except UnusableConfig as e:
            raise _unusable(e) from e
        try:
            self._credentials = _RecordingCredentials(self._base_credentials(), self._secrets)
            if self._options.get("assume_role_arn"):
                self._credentials = _RecordingCredentials(self._assume_role(), self._secrets)
            # Made now, where what botocore can't use fails the task as a whole
            self._clients.client("securityhub", self._home_region, self._credentials, self._endpoint_url)
        except errors.FAILURES as e:
            raise errors.translate(e, "this task") from e  # no region's fault
        except (OSError, ValueError) as e:
            # A CA bundle that can't be read, or an endpoint of the configuration that is no URL
            raise _unusable(e) from e

    def stop(self) -> None:
        """Let there be no more calls."""
        self._clients.stop()

    def check_role(self) -> None:
        """Make sure that the role is one of the account that the task expects. Makes no call.

        Raises SecurityHubError (wrong_account).
        """
        if self._expected and self.known_account_id():
            self._compare(self.known_account_id())

    def check_caller(self) -> None:
        """Make sure that the task acts in the account that it expects (AWS: sts:GetCallerIdentity, unless the role's ARN has told).

        Raises SecurityHubError: wrong_account, or why STS could not be asked.
        """
        if self._expected and not self.known_account_id():
            try:
                self._identity = self._ask_identity()
            except errors.FAILURES as e:
                self._identity = None
                raise self.explain(e, self._home_region, ["sts:GetCallerIdentity"]) from e
            self._compare(self._identity)

    def find_regions(self) -> list[str]:
        """Find the regions to act in, where all are asked for (AWS: account:ListRegions, all pages).

        Sets regions: those that the account has enabled and that have Security Hub CSPM, in alphabetical order. One that this botocore
        doesn't know may have it. Returns the enabled ones that it knows to lack it.
        Raises SecurityHubError: region_not_enabled where there is none; access_denied or another reason where AWS can't be asked.
        """
        region = _HOME_REGIONS_OF_ACCOUNT_MANAGEMENT.get(self._partition, self._home_region)
        client = self._region_client("account", region)
        try:
            found = client.list_all("list_regions", "Regions", MaxResults=_REGIONS_OF_A_PAGE, RegionOptStatusContains=_USABLE_REGIONS)
        except errors.FAILURES as e:
            error = self.explain(e, region, ["account:ListRegions"])
            raise error.with_reason(error.reason, f"{error.message} Or name the regions in place of all.") from e
        enabled = sorted(item["RegionName"] for item in found if item["RegionOptStatus"] in _USABLE_REGIONS)
        lacking = set(_known_regions(self._partition)) - set(_known_regions(self._partition, "securityhub"))
        self.regions = [name for name in enabled if name not in lacking]
        if not self.regions:
            raise errors.SecurityHubError(
                errors.REGION_NOT_ENABLED,
                f"ListRegions names no region with Security Hub CSPM in {Location(self.resolve_account_id(), region)}. Name the regions in place of all.",
            )
        return [name for name in enabled if name in lacking]

    @functools.cached_property
    def _partition(self) -> str:
        """The partition that the task acts in: with all regions, the role's or that of the region that boto3 finds."""
        if self.acts_everywhere and self._role:
            return self._role["partition"]
        region = _found_region(self._options.get("profile")) if self.acts_everywhere else self.regions[0]
        return _partition(region) if region else "aws"

    @functools.cached_property
    def _home_region(self) -> str:
        """A region that the account is sure to have."""
        known = _HOME_REGIONS.get(self._partition) or next(iter(self.regions), None)
        return known or next(iter(_known_regions(self._partition)), _HOME_REGIONS["aws"])

    def _compare(self, account_id: str | None) -> None:
        if account_id != self._expected:
            raise errors.SecurityHubError(
                errors.WRONG_ACCOUNT,
                f"The task would act in account {account_id}, not in {self._expected}. {errors.ADVICE[errors.WRONG_ACCOUNT]}",
            )

    def client(self, region: str) -> RegionClient:
        """The Security Hub client for a region, as this account. Makes no call.

        Raises SecurityHubError (region_not_enabled) for a name that no region can have.
        """
        return self._region_client("securityhub", region)

    def known_account_id(self) -> str | None:
        """The account's ID from what is known without a call: the role's ARN. None where there is no role."""
        return self._role["account_id"] if self._role else None

    def resolve_account_id(self) -> str | None:
        """The account's ID: from the role's ARN, or else from STS (AWS: sts:GetCallerIdentity, which no policy can deny; once a task at most).

        Returns None where STS did not accept the credentials or could not be asked.
        """
        return self.known_account_id() or self._resolve_identity()

    def explain(self, exception: Exception, region: str, actions: Sequence[str] = ()) -> errors.SecurityHubError:
        """The SecurityHubError for a botocore exception. Where AWS has answered, its message names the account, so STS may be asked first.

        region: where the call was made. actions: as of errors.translate.
        """
        if not errors.was_answered(exception):
            return errors.translate(exception, Location(self.known_account_id(), region), region_exists=_region_exists(region), actions=actions)
        location = Location(self.resolve_account_id(), region)
        credentials_work = errors.is_about_credentials_or_region(exception) and self._resolve_identity() is not None
        return errors.translate(exception, location, credentials_work=credentials_work, actions=actions)

    def _resolve_identity(self) -> str | None:
        with self._identity_lock:
            return self._identity

    @functools.cached_property
    def _identity(self) -> str | None:
        try:
            return self._ask_identity() if self._credentials else None
        except _FAILURES:
            return None

    def _ask_identity(self) -> str:
        return self._region_client("sts", self._home_region).call("get_caller_identity")["Account"]

    def secrets(self) -> set[str]:
        """The secrets that AWS or a library may have been shown for this account, as far as they are known without a call: a set of strings."""
        return set(filter(None, self._secrets)) | configured_secrets(self._profile)

    def _region_client(self, service: str, region: str) -> RegionClient:
        """A service's client for a region. Raises what _check_region_name raises."""
        self._check_region_name(region)
        return self._clients.client(service, region, self._credentials, self._endpoint_of(service))

    def _endpoint_of(self, service: str) -> str | None:
        """The endpoint URL for a service; None for botocore's choice. That of the options is Security Hub CSPM's, and may be everybody's."""
        is_its_own = service == "securityhub" or not (os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or _is_of_security_hub(self._endpoint_url))
        return self._endpoint_url if is_its_own else None

    def _check_region_name(self, region: str) -> None:
        """Let only names pass that are one part of a host's. Raises SecurityHubError (region_not_enabled)."""
        try:
            botocore.utils.validate_region_name(region)
            if region.endswith("\n"):
                raise botocore.exceptions.InvalidRegionError(region_name=region)  # which botocore lets pass
        except errors.FAILURES as e:
            raise self.explain(e, region) from e

    def _base_credentials(self) -> botocore.credentials.Credentials:
        options = self._options
        if options.get("access_key") or options.get("secret_key"):
            if not (options.get("access_key") and options.get("secret_key")):
                raise errors.SecurityHubError(errors.CREDENTIALS, "Only one of access_key and secret_key is given. " + errors.ADVICE[errors.CREDENTIALS])
            return botocore.credentials.Credentials(options["access_key"], options["secret_key"], options.get("session_token") or None)
        region = self._sts_region()
        credentials = find_credentials(self._profile, region)
        try:
            # Those that have to be fetched are fetched here, where the task fails as a whole if they can't be
            with_retries(credentials.get_frozen_credentials, self._clients.policy)
        except errors.FAILURES as e:
            if getattr(e, "operation_name", "").startswith("AssumeRole"):
                raise self._role_error(e, "of the profile", region) from e
            raise
        return credentials

    def _sts_region(self) -> str:
        """Where roles are assumed: not just where the task acts, which may be a region that the caller has not opted in to."""
        found = _found_region(self._options.get("profile"))
        if found:
            self._check_region_name(found)
        # Nor one of another partition, where nobody knows the caller
        return found if found and _partition(found) == self._partition else self._home_region

    def _assume_role(self) -> botocore.credentials.Credentials:
        options = self._options
        role_arn = options["assume_role_arn"]
        request = {"RoleArn": role_arn, "RoleSessionName": options.get("assume_role_session_name") or DEFAULT_ROLE_SESSION_NAME}
        if options.get("assume_role_external_id"):
            request["ExternalId"] = options["assume_role_external_id"]
        region = self._sts_region()
        try:
            answer = self._region_client("sts", region).call("assume_role", **request)["Credentials"]
        except errors.FAILURES as e:
            raise self._role_error(e, role_arn, region) from e
        return botocore.credentials.Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def _role_error(self, exception: Exception, role: str, region: str) -> errors.SecurityHubError:
        """The error of a role that could not be assumed. role: words for which one."""
        error = self.explain(exception, region, ["sts:AssumeRole"])
        # It is refused by an answer that is about the role; any other failure has a reason of its own
        refused = error.code and error.reason not in (errors.CREDENTIALS, errors.INTERNAL_ERROR, errors.LIMIT_EXCEEDED)
        reason = errors.ASSUME_ROLE_FAILED if refused else error.reason
        said = f"{error.code}: {error.aws_message}" if error.code else str(exception)
        return error.with_reason(reason, f"The role {role} could not be assumed (AWS STS in {region}): {said.rstrip('.')}. {errors.ADVICE[reason]}")


class _RecordingCredentials:
    """Credentials as botocore uses them to sign a call; whatever they sign with is added to secrets, also after they were refreshed."""

    def __init__(self, credentials: botocore.credentials.Credentials, secrets: set[str | None]) -> None:
        self._credentials = credentials
        self._secrets = secrets

    def get_frozen_credentials(self) -> botocore.credentials.ReadOnlyCredentials:
        """The credentials of the moment."""
        frozen = self._credentials.get_frozen_credentials()
        self._secrets.update((frozen.secret_key, frozen.token))
        return frozen


def _asked_regions(options: dict[str, Any]) -> list[str]:
    """The regions to act in: as asked, in that order, each once; or the one that boto3 finds. Never empty; ALL_REGIONS stands alone."""
    if options.get("regions") is not None:
        regions = list(dict.fromkeys(region.strip(" ") for region in options["regions"]))
        if not regions:
            raise errors.invalid_input("regions is an empty list. Name at least one region, or leave the option out.")
        if not all(regions):
            # botocore would take it for "no region given", and act in one that nobody has named
            raise errors.invalid_input("regions has an entry that is empty. Take it out, or name a region.")
        if ALL_REGIONS in regions and len(regions) > 1:
            raise errors.invalid_input("regions has all beside other entries. Give all alone, or name the regions.")
        return regions
    region = (options.get("region") or "").strip(" ")
    if region == ALL_REGIONS or re.search(r"[,\[]", region):
        raise errors.invalid_input(f"region is {region!r}, and takes the name of one region. For several use regions, for every one regions: [all].")
    region = region or _found_region(options.get("profile"))
    if not region:
        raise errors.invalid_input("No region is given. Set region or regions, the AWS_REGION environment variable or the profile's region.")
    return [region]


def _role(options: dict[str, Any]) -> re.Match[str] | None:
    """The parts of the role's ARN; None where no role is asked for."""
    arn = options.get("assume_role_arn")
    found = _ROLE_ARN.fullmatch(arn) if arn else None
    if arn and not found:
        raise errors.invalid_input(f"assume_role_arn is {arn!r}, not the ARN of a role. It has the form arn:aws:iam::444455556666:role/Name.")
    return found


def _found_region(profile: str | None) -> str | None:
    """The region that the environment or the AWS configuration names; None where neither does."""
    if os.environ.get("AWS_REGION"):
        return os.environ["AWS_REGION"]
    try:
        return shared_session(profile or None).get_config_variable("region")
    except errors.FAILURES:
        return None  # a missing profile is reported when its credentials are needed


def _region_exists(region: str) -> bool:
    """Whether botocore knows the region, in any partition."""
    return any(region in _known_regions(partition) for partition in shared_session().get_available_partitions())


def _known_regions(partition: str, service: str = "ec2") -> list[str]:
    """The regions of a partition that have a service, as far as botocore knows; EC2 is everywhere."""
    return shared_session().get_available_regions(service, partition)


def _partition(region: str) -> str:
    try:
        return shared_session().get_partition_for_region(region)
    except errors.FAILURES:
        return "aws"


def _connection(options: dict[str, Any], region: str) -> tuple[str | None, str | None, bool | str]:
    """amazon.aws's reading of the connection options: endpoint URL, profile, and how certificates are verified."""
    keys = [name for name in ("access_key", "secret_key", "session_token") if options.get(name)]
    if options.get("profile") and keys:
        raise errors.invalid_input(
            f"Both a profile ({_origin('profile', options)}) and access keys ({_origin(keys[0], options)}) are given. Use one of them: leave out an option, "
            "or unset a variable."
        )
    _region, endpoint_url, connection = get_aws_connection_info(_Options({**options, "region": region, "aws_config": None}))
    if endpoint_url and not _is_url(endpoint_url):
        raise errors.invalid_input(f"endpoint_url is {endpoint_url!r}, not a URL. {errors.ADVICE[errors.INVALID_INPUT]}")
    verify = connection["verify"]
    if isinstance(verify, str) and not os.path.exists(verify):
        raise errors.invalid_input(f"aws_ca_bundle is {verify!r}, and there is no such file. {errors.ADVICE[errors.INVALID_INPUT]}")
    return endpoint_url, connection.get("profile_name"), verify


def _origin(name: str, options: dict[str, Any]) -> str:
    """Where an option's value comes from: the environment variable that has it, or the option."""
    return next((f"{variable} in the environment" for variable in _VARIABLES_OF[name] if os.environ.get(variable) == options[name]), f"the option {name}")


def _unusable(exception: Exception) -> errors.SecurityHubError:
    if errors.is_out_of_files(exception):
        return errors.unexpected(exception)
    return errors.invalid_input(f"The connection options can't be used: {exception}. {errors.ADVICE[errors.INVALID_INPUT]}")


def _is_of_security_hub(endpoint_url: str | None) -> bool:
    """Whether an endpoint is Security Hub's own at AWS, such as that of a VPC endpoint, where no other service answers."""
    host = urlsplit(endpoint_url or "").hostname or ""
    if not {"securityhub", "securityhub-fips"}.intersection(host.split(".")):
        return False
    partitions = shared_session().get_data("endpoints")["partitions"]
    kinds = [kind for partition in partitions for kind in (partition, *partition["defaults"].get("variants", ()))]
    return any(host.endswith("." + kind["dnsSuffix"]) for kind in kinds)


def _is_url(text: str) -> bool:
    try:
        return text.startswith(("http://", "https://")) and botocore.utils.is_valid_endpoint_url(text)
    except ValueError:
        return False


class _Options:
    """The part of a module that amazon.aws's connection helpers use."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:  # pylint: disable=unused-argument
        """Raise what the helper has found."""
        raise errors.invalid_input(f"{msg} {errors.ADVICE[errors.INVALID_INPUT]}")
