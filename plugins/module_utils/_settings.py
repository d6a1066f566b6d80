# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that every module shares, read once into values. Private to this collection.

Nothing here makes a call. Raises SecurityHubError (invalid_input) for options that can't work.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple
from typing import NoReturn

try:
    import botocore.utils
except ImportError:
    pass  # the module reports the missing library

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from . import _errors as errors
from . import _partitions as partitions
from ._botocore_session import shared_session
from ._credentials import check_profile

# The only entry of regions that does not name one
ALL_REGIONS = "all"
DEFAULT_ROLE_SESSION_NAME = "ansible-cloudsec.securityhub"

_ROLE_ARN = re.compile(r"arn:(?P<partition>[a-z0-9-]+):iam::(?P<account_id>[0-9]{12}):role/\S+")

# The services that tasks call
_SERVICES = ("securityhub", "sts", "account")
# The environment variables that amazon.aws reads where an option is not given
_VARIABLES_OF = {
    "access_key": ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"),
    "secret_key": ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
    "session_token": ("AWS_SESSION_TOKEN",),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
}


class Connection(NamedTuple):
    """How AWS is reached, and by whose credentials."""

    # All None: those that botocore finds for the profile
    access_key: str | None
    secret_key: str | None
    session_token: str | None
    profile: str | None
    # Of Security Hub CSPM; None: botocore's choice
    endpoint_url: str | None
    # True, False or the path of a CA bundle
    verify: bool | str
    aws_config: dict[str, Any] | None

    @property
    def configured_region(self) -> str | None:
        """The region that the environment or the AWS configuration names; None where neither does."""
        return _configured_region(self.profile)


class Role(NamedTuple):
    """A role to assume."""

    arn: str
    account_id: str
    external_id: str | None
    session_name: str


class Settings(NamedTuple):
    """As whom, and where, a task acts."""

    connection: Connection
    role: Role | None
    # In the order of the task, each once; empty with acts_everywhere
    regions: list[str]
    # Whether the task acts in all regions that the account has enabled
    acts_everywhere: bool
    expected_account_id: str | None

    @property
    def partition(self) -> str:
        """The partition that the task acts in."""
        regions = [ALL_REGIONS] if self.acts_everywhere else self.regions
        return task_partition(regions, self.role.arn if self.role else None, self.connection.profile)

    @property
    def home_region(self) -> str:
        """A region that the account is sure to have."""
        return partitions.home_region(self.partition, self.regions)


def read_settings(options: Mapping[str, Any]) -> Settings:
    """Return the values of a module's validated options."""
    options = {**options, "profile": _read_profile(options)}
    expected = account_id_option(options, "expected_account_id") if options.get("expected_account_id") else None
    role = _read_role(options)
    regions = _read_regions(options)
    acts_everywhere = regions == [ALL_REGIONS]
    connection = _read_connection(options, regions[0])
    return Settings(connection, role, [] if acts_everywhere else regions, acts_everywhere, expected)


def task_partition(regions: Sequence[str], role_arn: str | None, profile: str | None) -> str:
    """Return the partition of regions; of [ALL_REGIONS], that of a role, or else that of the region that boto3 finds for a profile."""
    if list(regions) != [ALL_REGIONS]:
        return partitions.partition_of(regions[0])
    parts = _ROLE_ARN.fullmatch(role_arn or "")
    return parts["partition"] if parts else partitions.partition_of(_configured_region(profile))


def role_arn(role: str, account_id: str, partition: str) -> str:
    """Return the ARN of an account's role, which is given by its name or its path and name."""
    return f"arn:{partition}:iam::{account_id}:role/{role.lstrip('/')}"


def account_id_option(options: Mapping[str, Any], name: str) -> str:
    """Return the value of an option that holds an account ID."""
    value = options[name]
    if not re.fullmatch(r"[0-9]{12}", value):
        raise errors.invalid_input(
            "{name} is {value}, not an account ID of 12 digits. Quote it in YAML, or leading zeros are lost.", name=name, value=repr(value)
        )
    return value


def _read_profile(options: Mapping[str, Any]) -> str | None:
    """Return the profile's name; one that is set to nothing is as if it were not set. None for botocore's own choice."""
    variables = [os.environ.get(name) for name in _VARIABLES_OF["profile"]]
    return next(filter(None, (options.get("profile"), *variables)), None)


def _read_role(options: Mapping[str, Any]) -> Role | None:
    arn = options.get("assume_role_arn")
    if not arn:
        return None
    parts = _ROLE_ARN.fullmatch(arn)
    if not parts:
        raise errors.invalid_input("assume_role_arn is {arn}, not the ARN of a role. It has the form arn:aws:iam::444455556666:role/Name.", arn=repr(arn))
    external_id = options.get("assume_role_external_id") or None
    return Role(arn, parts["account_id"], external_id, options.get("assume_role_session_name") or DEFAULT_ROLE_SESSION_NAME)


def _read_regions(options: Mapping[str, Any]) -> list[str]:
    """Return the regions to act in: as given, in that order, each once; or the configured one. Never empty; ALL_REGIONS stands alone."""
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
        template = "region is {region}, and takes the name of one region. For several use regions, for every one regions: [all]."
        raise errors.invalid_input(template, region=repr(region))
    profile = options.get("profile")
    region = region or _configured_region(profile) or ""
    if not region:
        check_profile(profile)
        raise errors.invalid_input("No region is given. Set region or regions, the AWS_REGION environment variable or the profile's region.")
    return [region]


def _configured_region(profile: str | None) -> str | None:
    return os.environ.get("AWS_REGION") or _configured("region", profile)


def _configured(name: str, profile: str | None) -> str | None:
    """Return a value of botocore's configuration: from the environment, or else from the profile."""
    try:
        return shared_session(profile).get_config_variable(name)
    except errors.FAILURES:
        return None  # a missing profile is reported when its credentials are needed


def _read_connection(options: Mapping[str, Any], region: str) -> Connection:
    """Return the connection options as amazon.aws reads them, which is with environment variables where an option is not given."""
    keys = [name for name in ("access_key", "secret_key", "session_token") if options.get(name)]
    if options.get("profile") and keys:
        template = "Both a profile ({profile}) and access keys ({key}) are given. Use one of them: leave out an option, or unset a variable."
        raise errors.invalid_input(template, profile=_origin("profile", options), key=_origin(keys[0], options))
    _region, endpoint_url, connection = get_aws_connection_info(_Options({**options, "region": region, "aws_config": None}))
    if endpoint_url and not _is_url(endpoint_url):
        raise _invalid("endpoint_url is {url}, not a URL.", url=repr(endpoint_url))
    _check_configured_endpoints(endpoint_url, connection.get("profile_name"))
    verify = connection["verify"]
    if verify is True:
        verify = _configured_bundle(options.get("profile")) or True
    if isinstance(verify, str) and not os.path.exists(verify):
        raise _invalid("{name} is {path}, and there is no such file.", name=_origin_of_bundle(verify, options), path=repr(verify))
    given = (options.get("access_key"), options.get("secret_key"), options.get("session_token"))
    access_key, secret_key, session_token = (value or None for value in given)
    profile = connection.get("profile_name")
    return Connection(access_key, secret_key, session_token, profile, endpoint_url, verify, options.get("aws_config"))


def _configured_bundle(profile: str | None) -> str | None:
    """Return the path of the CA bundle that boto3 finds where no option has one; None for its own bundle."""
    return _configured("ca_bundle", profile) or os.environ.get("REQUESTS_CA_BUNDLE")


def _origin_of_bundle(path: str, options: Mapping[str, Any]) -> str:
    """Return what names a CA bundle: the option, a variable in the environment, or else the profile."""
    if options.get("aws_ca_bundle"):
        return "aws_ca_bundle"
    named = (f"{name} in the environment" for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE") if os.environ.get(name) == path)
    return next(named, f"ca_bundle of the profile {options.get('profile') or 'default'}")


def _origin(name: str, options: Mapping[str, Any]) -> str:
    """Return where an option's value comes from: the environment variable that has it, or the option."""
    return next((f"{variable} in the environment" for variable in _VARIABLES_OF[name] if os.environ.get(variable) == options[name]), f"the option {name}")


def _check_configured_endpoints(endpoint_url: str | None, profile: str | None) -> None:
    """Reject an endpoint that is not a URL, where botocore would take it from the environment or the AWS configuration.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html has the order. endpoint_url: the option, which comes first.
    """
    try:
        session = shared_session(profile or None)
        if session.get_config_variable("ignore_configured_endpoint_urls"):
            return
        config = session.get_scoped_config()
        services = session.full_config.get("services", {}).get(config.get("services"), {})
    except errors.FAILURES:
        return  # a missing profile is reported when its credentials are needed
    for service in _SERVICES:
        if endpoint_url and service == "securityhub":
            continue
        variable = f"AWS_ENDPOINT_URL_{service.upper()}"
        found = [(f"{variable} in the environment", os.environ.get(variable))]
        if not endpoint_url or partitions.is_security_hub_address(endpoint_url):
            of_service = services.get(service)
            found += [
                ("AWS_ENDPOINT_URL in the environment", os.environ.get("AWS_ENDPOINT_URL")),
                (f"endpoint_url of {service} in services {config.get('services')}", of_service.get("endpoint_url") if isinstance(of_service, dict) else None),
                (f"endpoint_url of the profile {profile or session.get_config_variable('profile') or 'default'}", config.get("endpoint_url")),
            ]
        name, url = next(((name, url) for name, url in found if url), ("", ""))
        if url and not _is_url(url):
            raise errors.invalid_input("{name} is {url}, not a URL. A URL begins with http:// or https://.", name=name, url=repr(url))


def _is_url(text: str) -> bool:
    try:
        return text.startswith(("http://", "https://")) and botocore.utils.is_valid_endpoint_url(text)
    except ValueError:
        return False


def _invalid(template: str, **facts: Any) -> errors.SecurityHubError:
    return errors.make_error(errors.INVALID_INPUT, errors.NOWHERE, template, errors.ADVICE[errors.INVALID_INPUT], **facts)


class _Options:
    """The part of a module that amazon.aws's connection helpers use."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:  # pylint: disable=unused-argument
        """Raise the helper's message as an error."""
        raise _invalid("{msg}", msg=msg)
