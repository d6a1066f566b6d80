# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From a task's connection options to the account it acts as: credentials, a role assumed once, and a client for each region."""

from __future__ import annotations

import functools
import os
import threading

try:
    import botocore.credentials
    import botocore.session
    import botocore.utils
    import botocore.exceptions
except ImportError:
    pass  # the module reports the missing library

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from . import errors
from . import turns
from .clients import RegionClient
from .clients import configured_secrets
from .clients import find_credentials
from .clients import shared_client
from .clients import shared_session

DEFAULT_ROLE_SESSION_NAME = "ansible-cloudsec.securityhub"

# Regions that every account of a partition has; STS answers there whatever else the account has opted in to.
_HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


class Account:
    """The AWS account that a task acts as.

    options: a module's validated options. Reading them makes no call to AWS; the role is assumed by L{sign_in}.
    Raises SecurityHubError (invalid_input, credentials) for options that can't work.
    """

    def __init__(self, options):
        self._options = options
        self._expected = options.get("expected_account_id")
        self.regions = _regions(options)
        self._endpoint_url, self._connection = _connection(options, self.regions[0])
        self._secrets = {options.get("secret_key"), options.get("session_token")}
        self._credentials = None
        self._shared_client = functools.lru_cache(maxsize=None)(functools.partial(shared_client, **self._connection))
        self._identity_lock = threading.Lock()

    def sign_in(self):
        """Find the credentials and, where a role was given, assume it (AWS: sts:AssumeRole, one call).

        Raises SecurityHubError (credentials, assume_role_failed, endpoint_unreachable, invalid_input).
        """
        try:
            self._credentials = _Remembering(self._base_credentials(), self._secrets)
            if self._options.get("assume_role_arn"):
                self._credentials = _Remembering(self._assume_role(), self._secrets)
            self._shared_client("securityhub")
        except errors.FAILURES as e:
            raise errors.translate(e, Place(self, self.regions[0])) from e
        except (TypeError, ValueError, OSError) as e:
            # What botocore makes of an unknown aws_config argument, a malformed endpoint or an unreadable CA bundle
            raise errors.invalid_input(f"The connection options can't be used: {e}. {errors.ADVICE[errors.INVALID_INPUT]}") from e

    def check_role(self):
        """Make sure that the role is one of the account that the task expects. Makes no call.

        Raises SecurityHubError (wrong_account).
        """
        if self._expected and self.account_id():
            self._compare(self.account_id())

    def check_caller(self):
        """Make sure that the task acts in the account that it expects (AWS: sts:GetCallerIdentity, unless the role's ARN has told).

        Raises SecurityHubError: wrong_account, or why STS could not be asked.
        """
        if self._expected and not self.account_id():
            region = _home_region(self.regions[0])
            try:
                self._identity = self._ask_identity()
            except errors.FAILURES as e:
                self._identity = None
                raise errors.translate(e, Place(self, region), actions=["sts:GetCallerIdentity"]) from e
            self._compare(self._identity)

    def _compare(self, account_id):
        if account_id != self._expected:
            raise errors.SecurityHubError(
                errors.WRONG_ACCOUNT,
                f"The task would act in account {account_id}, and expected_account_id is {self._expected}. {errors.ADVICE[errors.WRONG_ACCOUNT]}",
            )

    def client(self, region):
        """The Security Hub client for a region, as this account. Makes no call.

        Raises SecurityHubError (region_not_enabled) for a name that no region can have.
        """
        return self._region_client("securityhub", region)

    def account_id(self):
        """The account's ID from what is known without a call: the role's ARN. None where there is no role."""
        role_arn = self._options.get("assume_role_arn")
        return role_arn.split(":")[4] if role_arn and role_arn.count(":") >= 5 else None

    def identity(self):
        """Who the credentials belong to (AWS: sts:GetCallerIdentity, which no policy can deny; at most one call a task).

        Returns the account ID, or None where STS did not accept the credentials or could not be asked.
        """
        turns.give()  # or the thread that holds the lock could never go on
        with self._identity_lock:
            turns.take()
            return self._identity

    @functools.cached_property
    def _identity(self):
        try:
            return self._ask_identity()
        except (errors.SecurityHubError, *errors.FAILURES):
            return None

    def _ask_identity(self):
        return self._region_client("sts", _home_region(self.regions[0])).get_caller_identity()["Account"]

    def secrets(self):
        """The secrets that AWS or a library may have been shown for this account, as far as they are known without a call: a set of strings."""
        return set(filter(None, self._secrets)) | configured_secrets(self._connection["profile"])

    def _region_client(self, service, region):
        """A service's client for a region. Raises what L{_check_name} raises."""
        self._check_name(region)
        return RegionClient(self._shared_client(service), region, self._credentials, self._endpoint_url)

    def _check_name(self, region):
        """Let only names pass that are one part of a host's. Raises SecurityHubError (region_not_enabled)."""
        try:
            botocore.utils.validate_region_name(region)
            if region.endswith("\n"):
                raise botocore.exceptions.InvalidRegionError(region_name=region)  # which botocore lets pass
        except errors.FAILURES as e:
            raise errors.translate(e, Place(self, region)) from e

    def _base_credentials(self):
        options = self._options
        if options.get("access_key") or options.get("secret_key"):
            if not (options.get("access_key") and options.get("secret_key")):
                raise errors.SecurityHubError(
                    errors.CREDENTIALS, "Only one of access_key and secret_key is given. " + errors.ADVICE[errors.CREDENTIALS]
                )
            return botocore.credentials.Credentials(options["access_key"], options["secret_key"], options.get("session_token") or None)
        region = self._sts_region()
        credentials = find_credentials(self._connection["profile"], region)
        try:
            # Those that have to be fetched are fetched here, where the task fails as a whole if they can't be
            credentials.get_frozen_credentials()
        except errors.FAILURES as e:
            if getattr(e, "operation_name", "").startswith("AssumeRole"):
                raise self._role_error(e, "of the profile", region) from e
            raise
        return credentials

    def _sts_region(self):
        """Where roles are assumed: not just where the task acts, which may be a region that the caller has not opted in to."""
        found = _found_region(self._options.get("profile"))
        if found:
            self._check_name(found)
        # Nor one of another partition, where nobody knows the caller
        return found if found and _partition(found) == _partition(self.regions[0]) else _home_region(self.regions[0])

    def _assume_role(self):
        options = self._options
        role_arn = options["assume_role_arn"]
        request = {"RoleArn": role_arn, "RoleSessionName": options.get("assume_role_session_name") or DEFAULT_ROLE_SESSION_NAME}
        if options.get("assume_role_external_id"):
            request["ExternalId"] = options["assume_role_external_id"]
        region = self._sts_region()
        try:
            answer = self._region_client("sts", region).assume_role(**request)["Credentials"]
        except errors.FAILURES as e:
            raise self._role_error(e, role_arn, region) from e
        return botocore.credentials.Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def _role_error(self, exception, role, region):
        """The error of a role that could not be assumed. role: words for which one."""
        error = errors.translate(exception, Place(self, region), actions=["sts:AssumeRole"])
        # It is refused by an answer that is about the role; any other failure has a reason of its own
        refused = error.code and error.reason not in (errors.CREDENTIALS, errors.INTERNAL_ERROR, errors.LIMIT_EXCEEDED)
        reason = errors.ASSUME_ROLE_FAILED if refused else error.reason
        said = f"{error.code}: {error.aws_message}" if error.code else str(exception)
        return error.retold(reason, f"The role {role} could not be assumed in region {region}: {said.rstrip('.')}. {errors.ADVICE[reason]}")


class _Remembering:
    """Credentials as botocore uses them for a call; whatever they sign with is added to secrets, also after they were refreshed."""

    def __init__(self, credentials, secrets):
        self._credentials = credentials
        self._secrets = secrets

    def get_frozen_credentials(self):
        """The credentials of the moment."""
        frozen = self._credentials.get_frozen_credentials()
        self._secrets.update((frozen.secret_key, frozen.token))
        return frozen


class Place:
    """Where a call was made: an account in a region. Its text stands in messages, so it asks STS for an account's ID not known yet."""

    def __init__(self, account, region):
        self._account = account
        self.region = region

    def __str__(self):
        return self._text(self.account_id())

    def known(self):
        """The text as far as it is known without a call, for when AWS can't be reached anyway."""
        return self._text(self.known_account_id())

    def _text(self, account_id):
        return f"{'account ' + account_id if account_id else 'this account'}, region {self.region}"

    def known_account_id(self):
        """The account's ID, or None where only a call would tell."""
        return self._account.account_id()

    def account_id(self):
        """The account's ID, or None where even STS can't tell."""
        return self.known_account_id() or self._account.identity()

    def credentials_work(self):
        """Whether STS accepts the credentials that a regional service did not."""
        return self._account.identity() is not None

    def region_exists(self):
        """Whether botocore knows the region, in any partition."""
        session = shared_session()
        return any(self.region in session.get_available_regions("ec2", partition) for partition in session.get_available_partitions())


def _regions(options):
    """The regions to act in: as asked, in that order, each once; or the one that boto3 finds. Never empty."""
    if options.get("regions") is not None:
        regions = list(dict.fromkeys(options["regions"]))
        if not regions:
            raise errors.invalid_input("regions is an empty list. Name at least one region, or leave the option out.")
        if not all(regions):
            # botocore would take it for "no region given", and act in one that nobody has named
            raise errors.invalid_input("regions has an entry that is empty. Take it out, or name a region.")
    else:
        regions = [options.get("region") or _found_region(options.get("profile"))]
        if not regions[0]:
            raise errors.invalid_input("No region is given. Set region or regions, the AWS_REGION environment variable or the profile's region.")
    return regions


def _found_region(profile):
    """The region that the environment or the AWS configuration names; None where neither does."""
    if os.environ.get("AWS_REGION"):
        return os.environ["AWS_REGION"]
    try:
        return shared_session(profile or None).get_config_variable("region")
    except errors.FAILURES:
        return None  # a missing profile is reported when its credentials are needed


def _home_region(region):
    return _HOME_REGIONS.get(_partition(region), region)


def _partition(region):
    try:
        return shared_session().get_partition_for_region(region)
    except errors.FAILURES:
        return "aws"


def _connection(options, region):
    """amazon.aws's reading of the connection options, as the endpoint URL and the arguments of L{shared_client}."""
    ignored_region, endpoint_url, connection = get_aws_connection_info(_Options({**options, "region": region, "aws_config": None}))
    if endpoint_url and not _is_url(endpoint_url):
        raise errors.invalid_input(f"endpoint_url is {endpoint_url!r}, not a URL. {errors.ADVICE[errors.INVALID_INPUT]}")
    if isinstance(connection["verify"], str) and not os.path.exists(connection["verify"]):
        raise errors.invalid_input(f"aws_ca_bundle is {connection['verify']!r}, and there is no such file. {errors.ADVICE[errors.INVALID_INPUT]}")
    return endpoint_url, {
        "profile": connection.get("profile_name"),
        "verify": connection["verify"],
        "aws_config": options.get("aws_config"),
    }


def _is_url(text):
    try:
        return text.startswith(("http://", "https://")) and botocore.utils.is_valid_endpoint_url(text)
    except ValueError:
        return False


class _Options:
    """The part of a module that amazon.aws's connection helpers use: options to read, and a way to refuse them."""

    def __init__(self, params):
        self.params = params

    def fail_json(self, msg, **kwargs):  # pylint: disable=unused-argument
        """Refuse the options."""
        raise errors.invalid_input(f"{msg} {errors.ADVICE[errors.INVALID_INPUT]}")
