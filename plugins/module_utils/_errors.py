# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table from AWS's errors to the reasons and messages that a playbook author meets. Private to this collection.

Everything that goes wrong below a module becomes a SecurityHubError. Nothing here makes a call.
"""

from __future__ import annotations

import errno
import os
import re
import traceback
from collections.abc import Sequence
from typing import Any

try:
    import botocore.exceptions as boto_errors
    from botocore.parsers import ResponseParserError

    # All that a call by botocore can raise
    FAILURES: tuple[type[Exception], ...] = (boto_errors.BotoCoreError, boto_errors.ClientError, ResponseParserError)
except ImportError:
    FAILURES = ()  # the module reports the missing library

ACCESS_DENIED = "access_denied"
ALREADY_ACCEPTED = "already_accepted"
ASSUME_ROLE_FAILED = "assume_role_failed"
AWS_ERROR = "aws_error"
CREDENTIALS = "credentials"
DIFFERENT_ADMINISTRATOR = "different_administrator"
DIFFERENT_HOME_REGION = "different_home_region"
ENDPOINT_UNREACHABLE = "endpoint_unreachable"
HUB_IN_USE = "hub_in_use"
HUB_NOT_ENABLED = "hub_not_enabled"
INTERNAL_ERROR = "internal_error"
INVALID_INPUT = "invalid_input"
INVITATION_NOT_FOUND = "invitation_not_found"
LIMIT_EXCEEDED = "limit_exceeded"
ORGANIZATION_MANAGED = "organization_managed"
REGION_NOT_ENABLED = "region_not_enabled"
TIMEOUT = "timeout"
WRONG_ACCOUNT = "wrong_account"

# What to do about it. The message of every error ends with its reason's line, so that reading the output is enough.
ADVICE = {
    ACCESS_DENIED: "Allow {actions} to the user or role that the task acts as.",
    ASSUME_ROLE_FAILED: "Check that the role exists, that its trust policy names this caller (and the external ID, if it asks for one), "
    "and that the caller may call sts:AssumeRole on it.",
    AWS_ERROR: "If AWS's message doesn't help, ask AWS's support; it needs the error's request_id.",
    CREDENTIALS: "Check the task's access_key, secret_key, session_token or profile, the AWS_* environment variables, "
    "and whether temporary credentials have expired.",
    DIFFERENT_HOME_REGION: "A home region can't be changed: name that one in region, "
    "or delete its aggregator first (securityhub_finding_aggregator with state=absent) and create it anew.",
    ENDPOINT_UNREACHABLE: "Check the network, proxy, endpoint_url and TLS settings (aws_ca_bundle, validate_certs) of the machine that runs the task.",
    HUB_IN_USE: "Remove the account's members first (securityhub_member with state=absent), then rerun the task.",
    HUB_NOT_ENABLED: "Enable Security Hub CSPM there first, then rerun the task; the unified AWS Security Hub being on does not count.",
    INTERNAL_ERROR: "AWS failed on its side, also when asked again; rerun the task later.",
    INVALID_INPUT: "Correct the task's options.",
    LIMIT_EXCEEDED: "AWS kept throttling the calls; rerun the task later, with fewer forks or with throttle.",
    ORGANIZATION_MANAGED: "This is managed through AWS Organizations, by the organization's delegated Security Hub CSPM administrator: change it there.",
    REGION_NOT_ENABLED: "Check the region's name, and that the account has opted in to it (account:EnableRegion).",
    WRONG_ACCOUNT: "Nothing was done. Check the role (assume_role_arn), the profile and the credentials, or correct expected_account_id.",
}

# In place of its line, where LIMIT_EXCEEDED tells of a quota
_ADVICE_ON_QUOTAS = "A quota is used up; AWS Service Quotas shows those of Security Hub CSPM."
_ADVICE_ON_INVITATIONS = (
    "An administrator has at most 1,000 outstanding invitations in a region, which can't be raised: "
    "let accounts accept or decline theirs, or remove members that won't, then rerun the task."
)
# In place of any, where the account is a member
_ADVICE_ON_AGGREGATION = "The findings of a member come together where its administrator's do: manage aggregation in the administrator's account."

_REASON_OF_CODE = {
    "InternalException": INTERNAL_ERROR,
    "InvalidInputException": INVALID_INPUT,
    "ValidationException": INVALID_INPUT,
    "LimitExceededException": LIMIT_EXCEEDED,
    "ExpiredToken": CREDENTIALS,
    "ExpiredTokenException": CREDENTIALS,
    "RequestExpired": CREDENTIALS,
    "InvalidSignatureException": CREDENTIALS,
    "SignatureDoesNotMatch": CREDENTIALS,
    "IncompleteSignature": CREDENTIALS,
    "IncompleteSignatureException": CREDENTIALS,
    "MissingAuthenticationToken": CREDENTIALS,
    "MissingAuthenticationTokenException": CREDENTIALS,
}
_THROTTLING_CODES = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
    "SlowDown",
)
_TRANSIENT_CODES = (
    *_THROTTLING_CODES,
    "LimitExceededException",
    "RequestTimeout",
    "RequestTimeoutException",
    "PriorRequestNotComplete",
    "IDPCommunicationError",
)
_TRANSIENT_STATUSES = (429, 500, 502, 503, 504)
# AWS answers with these both for bad credentials and for good ones in a region that the account has not opted in to.
_CREDENTIALS_OR_REGION_CODES = ("UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired", "AuthFailure")
_ACCESS_DENIED_CODES = ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "UnauthorizedAccess")

_SPEAKS_OF_QUOTA = re.compile(r"maximum|quota|limit (of|for|reached)|number of", re.IGNORECASE)
_SPEAKS_OF_PERMISSION = re.compile(r"permission|not authorized|unauthorized|access denied|explicit deny", re.IGNORECASE)
_SPEAKS_OF_ORGANIZATION = re.compile(r"\borgani[sz]ations?\b", re.IGNORECASE)
_SPEAKS_OF_MEMBER = re.compile(r"\bmember account\b", re.IGNORECASE)
_IS_POLICY_DECISION = re.compile(r"not authorized to perform|service control policy|explicit deny", re.IGNORECASE)
_SAYS_IT_IS_SO = re.compile(r"already|no such|no longer|not (\w+ )?(found|exist|associated|a member|subscribed|enabled)", re.IGNORECASE)
_SAYS_HUB_IS_IN_USE = re.compile(r"cannot disable.*administrator", re.IGNORECASE)
_SPEAKS_OF_CENTRAL_CONFIGURATION = re.compile(r"central configuration|centrally (configured|managed)", re.IGNORECASE)
# What is not an account's to change where its organization manages it
_MANAGED_BY_ORGANIZATIONS = re.compile(
    r"(Accept|Disassociate|Decline|Delete|Invite|Create)(?!FindingAggregator).*"
    r"|(Enable|Disable)SecurityHub|UpdateSecurityHubConfiguration|Batch(Enable|Disable)Standards"
)
_REASON_OF_PROCESSING_RESULT = (
    (re.compile(r"maximum|limit|quota|exceeded", re.IGNORECASE), LIMIT_EXCEEDED),
    (_SPEAKS_OF_ORGANIZATION, ORGANIZATION_MANAGED),
    (re.compile(r"invalid|not valid|malformed|email|missing|required", re.IGNORECASE), INVALID_INPUT),
    (_SPEAKS_OF_PERMISSION, ACCESS_DENIED),
    (re.compile(r"internal|try again", re.IGNORECASE), INTERNAL_ERROR),
)
_CREDENTIAL_EXCEPTIONS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "ConfigNotFound",
    "ConfigParseError",
    "InfiniteLoopConfigError",
    "InvalidConfigError",
    "MetadataRetrievalError",
    "SSOError",
    "TokenRetrievalError",
    "RefreshWithMFAUnsupportedError",
    "LoginError",
)

_TOO_MANY_FILES = "There are too many open files on the machine that runs the task: raise their number (ulimit -n), or use fewer forks or regions at once."
_DOUBT = "MayHaveWorkedBefore"


class SecurityHubError(Exception):
    """What went wrong, as a playbook's rescue block and its reader see it.

    reason: one of the words above, stable across releases.
    message: what happened, where, and what to do about it.
    code, aws_message, operation, http_status, request_id: AWS's own words; None where AWS said nothing.
    in_doubt: whether the call may have worked all the same: it was not answered, or an attempt before the answered one was not.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        code: str | None = None,
        aws_message: str | None = None,
        operation: str | None = None,
        http_status: int | None = None,
        request_id: str | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.code = code
        self.aws_message = aws_message
        self.operation = operation
        self.http_status = http_status
        self.request_id = request_id
        self.in_doubt = in_doubt

    @property
    def says_it_is_so(self) -> bool:
        """Whether AWS refuses a write with words for "that is how it is": somebody else, or an earlier run, may have been first."""
        return self.code in ("ResourceNotFoundException", "ResourceConflictException") or bool(_SAYS_IT_IS_SO.search(self.aws_message or ""))

    @property
    def is_refusal(self) -> bool:
        """Whether AWS has looked at what was asked for and doesn't do it: not for want of permission, nor because it is busy or broken."""
        if self.reason == ACCESS_DENIED and _IS_POLICY_DECISION.search(self.aws_message or ""):
            return False
        return bool(self.aws_message or self.code) and self.reason not in (
            CREDENTIALS,
            INTERNAL_ERROR,
            LIMIT_EXCEEDED,
            REGION_NOT_ENABLED,
        )

    @property
    def is_denial(self) -> bool:
        """Whether AWS has not looked at what was asked for, since this caller may not ask for it."""
        return self.reason in (ACCESS_DENIED, ORGANIZATION_MANAGED)

    def as_dict(self) -> dict[str, Any]:
        """The error as it stands in a result, where AWS's message is not said twice."""
        return {
            "reason": self.reason,
            "message": self.message,
            "code": self.code,
            "aws_message": None if self.aws_message and self.aws_message in self.message else self.aws_message,
            "operation": self.operation,
            "http_status": self.http_status,
            "request_id": self.request_id,
        }

    def with_reason(self, reason: str, message: str) -> SecurityHubError:
        """The same AWS error with the reason and message of somebody who knows more about what it means."""
        return SecurityHubError(reason, message, self.code, self.aws_message, self.operation, self.http_status, self.request_id, self.in_doubt)


def invalid_input(message: str) -> SecurityHubError:
    """An error for an option that is invalid; raised before any call."""
    return SecurityHubError(INVALID_INPUT, message)


def unexpected(exception: Exception) -> SecurityHubError:
    """An error for an exception that can come anywhere, or that nobody has thought of: its kind and where it came from.

    Text omitted: it may hold secrets not yet filtered by no_log.
    """
    if is_out_of_files(exception):
        return SecurityHubError(ENDPOINT_UNREACHABLE, _TOO_MANY_FILES)
    frames = traceback.extract_tb(exception.__traceback__)[-5:]
    came_from = " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames)
    return SecurityHubError(
        AWS_ERROR, f"Unexpected {type(exception).__name__} ({came_from}). This is a defect of the collection: please report it with this message."
    )


def unprocessed(operation: str, account_id: str, said: str | None, location: object, in_doubt: bool = False) -> SecurityHubError:
    """An error for an account that a call on many accounts left unprocessed, with the service's words for why.

    location: where the call was made. in_doubt: whether an attempt before the one that was answered so may have worked.
    """
    said = said or "AWS gave no reason"
    reason = AWS_ERROR
    for pattern, meant in _REASON_OF_PROCESSING_RESULT:
        if pattern.search(said):
            reason = meant
            break
    return SecurityHubError(
        reason,
        f"{operation} left account {account_id} unprocessed in {location}: {said.rstrip('.')}. {_advice(reason, operation, said)}",
        aws_message=said,
        operation=operation,
        in_doubt=in_doubt,
    )


def _response(exception: Exception) -> dict[str, Any]:
    """AWS's answer in a botocore exception; {} where AWS did not answer. Dropped connections have an attribute response that is None."""
    return getattr(exception, "response", None) or {}


def _status(exception: Exception) -> int:
    """The HTTP status of AWS's answer; 0 where AWS did not answer."""
    return _response(exception).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def aws_code(exception: Exception) -> str:
    """AWS's error code of a botocore exception, or "" where AWS sent none."""
    return _response(exception).get("Error", {}).get("Code", "")


def aws_message(exception: Exception) -> str:
    """AWS's error message of a botocore exception, or "" where AWS sent none."""
    return _response(exception).get("Error", {}).get("Message") or ""


def is_out_of_files(exception: BaseException | None) -> bool:
    """Whether an exception, or what it was raised for, says that no more files can be opened; a connection is one."""
    while exception is not None:
        if isinstance(exception, OSError) and exception.errno in (errno.EMFILE, errno.ENFILE):
            return True
        exception = exception.__cause__ or exception.__context__
    return False


def may_have_worked(exception: Exception) -> bool:
    """Whether a call that raised this botocore exception may have had its effect: it was sent, and AWS has not said what became of it."""
    if was_answered(exception):
        return _status(exception) >= 500 and aws_code(exception) not in _THROTTLING_CODES
    was_sent = not isinstance(exception, (boto_errors.EndpointConnectionError, boto_errors.ConnectTimeoutError, boto_errors.ProxyConnectionError))
    return was_sent and isinstance(exception, (boto_errors.ConnectionError, boto_errors.HTTPClientError, ResponseParserError))


def note_doubt(outcome: Any) -> None:
    """Note in the last outcome of a call, AWS's answer or botocore's exception, that an attempt before it may have worked."""
    if isinstance(outcome, Exception):
        setattr(outcome, _DOUBT, True)
    elif isinstance(outcome, dict):  # a list was only read
        outcome.setdefault("ResponseMetadata", {})[_DOUBT] = True


def is_in_doubt(outcome: Any) -> bool:
    """Whether a call may have worked though this, AWS's answer or botocore's exception, says otherwise."""
    if isinstance(outcome, Exception):
        return getattr(outcome, _DOUBT, False) or may_have_worked(outcome)
    return outcome.get("ResponseMetadata", {}).get(_DOUBT, False)


def is_transient(exception: Exception) -> bool:
    """Whether a botocore exception tells of something that may be over soon: throttling, a server error, a lost connection, an answer of somebody else."""
    if isinstance(exception, boto_errors.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" not in str(exception)
    if isinstance(exception, (boto_errors.ConnectionError, boto_errors.HTTPClientError, ResponseParserError)):
        return True
    return _status(exception) in _TRANSIENT_STATUSES or aws_code(exception) in _TRANSIENT_CODES


def was_answered(exception: Exception) -> bool:
    """Whether a botocore exception holds an answer of AWS's."""
    return bool(_response(exception))


def is_about_credentials_or_region(exception: Exception) -> bool:
    """Whether AWS's answer leaves open which of the two is to blame."""
    return aws_code(exception) in _CREDENTIALS_OR_REGION_CODES


def _client_error_reason(exception: boto_errors.ClientError, credentials_work: bool) -> str:
    """The reason behind an error answer from AWS."""
    code, message = aws_code(exception), aws_message(exception)
    status = _status(exception)
    if code in _CREDENTIALS_OR_REGION_CODES:
        return REGION_NOT_ENABLED if credentials_work else CREDENTIALS
    if (
        _MANAGED_BY_ORGANIZATIONS.fullmatch(exception.operation_name)
        and status < 500
        and (_SPEAKS_OF_ORGANIZATION.search(message) or _SPEAKS_OF_CENTRAL_CONFIGURATION.search(message))
        and not _IS_POLICY_DECISION.search(message)
    ):
        return ORGANIZATION_MANAGED
    if exception.operation_name == "DisableSecurityHub" and status < 500 and _SAYS_HUB_IS_IN_USE.search(message):
        return HUB_IN_USE
    if code == "InvalidAccessException":
        # Nobody needs a hub to enable one
        return ACCESS_DENIED if _SPEAKS_OF_PERMISSION.search(message) or exception.operation_name == "EnableSecurityHub" else HUB_NOT_ENABLED
    if code in _ACCESS_DENIED_CODES:
        return ACCESS_DENIED
    if code in _THROTTLING_CODES or status == 429:
        return LIMIT_EXCEEDED
    if code in _REASON_OF_CODE:
        return _REASON_OF_CODE[code]
    return INTERNAL_ERROR if status >= 500 else AWS_ERROR


def _exception_reason(exception: Exception, region_exists: bool) -> str:
    """The reason behind an exception that botocore raised by itself."""
    if isinstance(exception, boto_errors.InvalidRegionError):
        return REGION_NOT_ENABLED
    if is_out_of_files(exception):
        return ENDPOINT_UNREACHABLE
    if isinstance(exception, (boto_errors.EndpointConnectionError, boto_errors.ProxyConnectionError)):
        # A region that does not exist shows as a host name that can't be found, also by a proxy
        return ENDPOINT_UNREACHABLE if region_exists else REGION_NOT_ENABLED
    if isinstance(exception, (boto_errors.HTTPClientError, boto_errors.ConnectionError, ResponseParserError)):
        # The last one: something answered that isn't AWS, such as a proxy's page
        return ENDPOINT_UNREACHABLE
    if isinstance(exception, (boto_errors.ParamValidationError, boto_errors.InvalidRetryConfigurationError, boto_errors.UnknownSignatureVersionError)):
        return INVALID_INPUT
    credential_exceptions = tuple(getattr(boto_errors, name) for name in _CREDENTIAL_EXCEPTIONS if hasattr(boto_errors, name))
    return CREDENTIALS if isinstance(exception, credential_exceptions) else AWS_ERROR


def _what_failed(exception: Exception) -> str:
    """The beginning of a message about an exception that botocore raised by itself."""
    if isinstance(exception, (boto_errors.HTTPClientError, boto_errors.ConnectionError)):
        return "No answer"
    if isinstance(exception, ResponseParserError):
        return "An answer that is not AWS's"
    return "A list without end" if isinstance(exception, boto_errors.PaginationError) else "No call could be made"


def _advice(reason: str, operation: str | None, said: str, actions: Sequence[str] = ()) -> str:
    """What to do about an error. said: AWS's message. actions: as of translate."""
    if reason == LIMIT_EXCEEDED and _SPEAKS_OF_QUOTA.search(said):
        return _ADVICE_ON_INVITATIONS if operation in ("CreateMembers", "InviteMembers") else _ADVICE_ON_QUOTAS
    if operation in ("CreateFindingAggregator", "UpdateFindingAggregator") and _SPEAKS_OF_MEMBER.search(said):
        return _ADVICE_ON_AGGREGATION
    return ADVICE[reason].format(actions=" or ".join(actions or [f"securityhub:{operation}"]))


def translate(
    exception: Exception, location: object, credentials_work: bool = False, region_exists: bool = True, actions: Sequence[str] = ()
) -> SecurityHubError:
    """Turn a botocore exception into a SecurityHubError.

    location: where the call was made; its text stands in the message.
    credentials_work: whether STS accepts the credentials; asked for where is_about_credentials_or_region.
    region_exists: whether botocore knows the region; asked for where there was no answer.
    actions: IAM actions any of which would have allowed the call; by default the one of the failed operation.
    """
    response = _response(exception)
    operation = getattr(exception, "operation_name", None)
    if response:
        reason = _client_error_reason(exception, credentials_work)
        said = ": ".join(filter(None, (aws_code(exception), aws_message(exception))))
        what = f"{operation} failed"
    else:
        reason = _exception_reason(exception, region_exists)
        said = str(exception)
        what = _what_failed(exception)
    advice = _TOO_MANY_FILES if is_out_of_files(exception) else _advice(reason, operation, aws_message(exception), actions)
    return SecurityHubError(
        reason,
        f"{what} in {location}: {said.rstrip('.')}. {advice}",
        code=aws_code(exception) or None,
        aws_message=aws_message(exception) or None,
        operation=operation,
        http_status=response.get("ResponseMetadata", {}).get("HTTPStatusCode"),
        request_id=response.get("ResponseMetadata", {}).get("RequestId"),
        in_doubt=is_in_doubt(exception),
    )
