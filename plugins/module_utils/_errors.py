# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors as values, and the one table from the failures of AWS and botocore to reasons and facts. Private to this collection.

Every failure below a module becomes a SecurityHubError with one of these reasons:

    SecurityHubError
    ├── the task's own input        invalid_input
    ├── who acts
    │   ├── by its credentials      credentials, assume_role_failed, wrong_account, access_denied
    │   └── by its organization     organization_managed, not_delegated_administrator, no_organization
    ├── where it acts               region_not_enabled, endpoint_unreachable, different_home_region
    ├── the state that AWS shows
    │   ├── of the hub              hub_not_enabled, hub_in_use
    │   └── of the membership       invitation_not_found, different_administrator, already_accepted
    ├── what may work later         limit_exceeded, internal_error, timeout
    └── anything else               aws_error

Nothing here makes a call.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import traceback
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

try:
    import botocore.exceptions
    from botocore.parsers import ResponseParserError

    # All that a call by botocore can raise
    FAILURES: tuple[type[Exception], ...] = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, ResponseParserError)
except ImportError:
    FAILURES = ()  # the module reports the missing library

from ._messages import NOWHERE
from ._messages import TASK_WORDS
from ._messages import Message
from ._messages import Place

# --- Reasons, each with its advice ---------------------------------------------------------------

HUB_NOT_ENABLED = "hub_not_enabled"
ACCESS_DENIED = "access_denied"
INVITATION_NOT_FOUND = "invitation_not_found"
DIFFERENT_ADMINISTRATOR = "different_administrator"
ALREADY_ACCEPTED = "already_accepted"
ORGANIZATION_MANAGED = "organization_managed"
HUB_IN_USE = "hub_in_use"
DIFFERENT_HOME_REGION = "different_home_region"
NOT_DELEGATED_ADMINISTRATOR = "not_delegated_administrator"
NO_ORGANIZATION = "no_organization"
INVALID_INPUT = "invalid_input"
LIMIT_EXCEEDED = "limit_exceeded"
INTERNAL_ERROR = "internal_error"
REGION_NOT_ENABLED = "region_not_enabled"
CREDENTIALS = "credentials"
ASSUME_ROLE_FAILED = "assume_role_failed"
WRONG_ACCOUNT = "wrong_account"
ENDPOINT_UNREACHABLE = "endpoint_unreachable"
TIMEOUT = "timeout"
AWS_ERROR = "aws_error"

# Every reason, in the order of the documentation, with the template of what to do about it. Those without one depend on the situation.
ADVICE = {
    HUB_NOT_ENABLED: "{enable_hub}, then {rerun}; the unified AWS Security Hub is a separate service.",
    ACCESS_DENIED: "Allow {actions} to the user or role that the task acts as.",
    INVITATION_NOT_FOUND: "",
    DIFFERENT_ADMINISTRATOR: "",
    ALREADY_ACCEPTED: "",
    ORGANIZATION_MANAGED: "This is managed through AWS Organizations, by the organization's delegated Security Hub CSPM administrator: change it there.",
    HUB_IN_USE: "Remove the account's members first (securityhub_member with state=absent), then {rerun}.",
    DIFFERENT_HOME_REGION: "A home region can't be changed: name that one in {option.home_region}, "
    "or delete its aggregator first (securityhub_finding_aggregator with state=absent) and create it anew.",
    NOT_DELEGATED_ADMINISTRATOR: "Act as the organization's delegated Security Hub CSPM administrator; "
    "the organization's management account designates it in each region.",
    NO_ORGANIZATION: "Check which account the task acts in: AWS takes this call only from an account of an organization.",
    INVALID_INPUT: "Correct the task's options.",
    LIMIT_EXCEEDED: "AWS kept throttling the calls; {rerun} later, with fewer forks or with throttle.",
    INTERNAL_ERROR: "AWS failed on its side, also when asked again; {rerun} later.",
    REGION_NOT_ENABLED: "Check the region's name, and that the account has opted in to it (account:EnableRegion).",
    CREDENTIALS: "Check the task's access_key, secret_key, session_token or profile, the AWS_* environment variables, "
    "and whether temporary credentials have expired.",
    ASSUME_ROLE_FAILED: "Check that the role exists, that its trust policy names this caller (and the external ID, if it asks for one), "
    "and that the caller may call sts:AssumeRole on it.",
    WRONG_ACCOUNT: "Nothing was done. Check the role ({option.assume_role_arn}), the profile and the credentials, or correct {option.expected_account_id}.",
    ENDPOINT_UNREACHABLE: "Check the network, proxy, endpoint_url and TLS settings (aws_ca_bundle, validate_certs) of the machine that runs the task.",
    TIMEOUT: "",
    AWS_ERROR: "If AWS's message doesn't help, ask AWS's support; it needs the error's request_id.",
}
# In place of the reason's own
_QUOTAS = "A quota is used up; AWS Service Quotas shows those of Security Hub CSPM."
_INVITATIONS = (
    "An administrator has at most 1,000 outstanding invitations in a region, which can't be raised: "
    "let accounts accept or decline theirs, or remove members that won't, then {rerun}."
)
_MEMBERS = (
    "An administrator has at most 1,000 members that it invites, or 10,000 through AWS Organizations, in a region: "
    "remove members that are not needed (securityhub_member with state=absent), then {rerun}."
)
_PENDING = "AWS is still at work on what is to be changed: {rerun} later."
_HOME_REGION = "Make the call in the home region of cross-Region aggregation, which securityhub_finding_aggregator_info names."
_AGGREGATION = "The findings of a member come together where its administrator's do: manage aggregation in the administrator's account."
_FILES = "There are too many open files on the machine that runs the task: raise their number (ulimit -n), or use fewer forks or regions at once."

# --- The table -----------------------------------------------------------------------------------

# Facts, besides the reasons
IAM_DECISION = "a decision by IAM"
ALREADY_SO = "what was asked for is so already"
ABOUT_ASSOCIATION = "about who is associated with whom"
ABOUT_MEMBERSHIP = "about a membership"
LATER = "to be asked for again later"
NONE = "AWS's way to say that there is none"
AMBIGUOUS = "the hub is off, or a race among many accounts"
CREDENTIALS_OR_REGION = "the credentials or the region are to blame"
TRANSIENT = "may be over soon"
EXPIRED = "the credentials have expired"
EFFECT_UNKNOWN = "the call may have had its effect"
REPEATS_REQUEST = "AWS's message repeats the request"

# What is known of a failure besides the response; a row may ask for one
CREDENTIALS_WORK, REGION_UNKNOWN, OUT_OF_FILES = "STS accepts the credentials", "botocore does not know the region", "no file can be opened"

# In place of AWS's error code, for an account that a call on several left out
UNPROCESSED = "UnprocessedAccount"

# Regular expressions of codes
_DENIED = "AccessDenied(Exception)?|UnauthorizedOperation|UnauthorizedAccess"
_THROTTLED = "(Request)?Throttled(Exception)?|Throttling(Exception)?|RequestLimitExceeded|TooManyRequestsException|BandwidthLimitExceeded|SlowDown"
_LIMITED = _THROTTLED + "|LimitExceededException|429"
_REFUSED_KEY = "UnrecognizedClientException|InvalidClientTokenId|OptInRequired|AuthFailure"
_REFUSED_SIGNATURE = "(ExpiredToken|IncompleteSignature|MissingAuthenticationToken)(Exception)?|RequestExpired|InvalidSignatureException|SignatureDoesNotMatch"
_REFUSAL, _SERVER_ERROR = "4[0-9][0-9]", "5[0-9][0-9]"
_NOT_CONNECTED = "EndpointConnectionError|ProxyConnectionError"
_NO_RESPONSE = "HTTPClientError|ConnectionError|ResponseParserError"
# Followed by the canonical request and the string to sign, which have the host, the headers and the session token
_REPEATING = "InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignature(Exception)?"
_LONGEST_OF_REPEATING = 300  # characters
_UNUSABLE = "ParamValidationError|InvalidRetryConfigurationError|UnknownSignatureVersionError"
_NO_CREDENTIALS = (
    "(NoCredentials|PartialCredentials|CredentialRetrieval|ConfigParse|InfiniteLoopConfig|InvalidConfig|MetadataRetrieval|TokenRetrieval"
    "|SSO|RefreshWithMFAUnsupported|Login)Error|ProfileNotFound|ConfigNotFound"
)
# What is not an account's to change where its organization manages it
_ORGANIZATIONS_TO_CHANGE = (
    "(Accept|Disassociate|Decline|Delete|Invite|Create)(?!FindingAggregator).*"
    "|(Enable|Disable)SecurityHub|UpdateSecurityHubConfiguration|Batch(Enable|Disable)Standards"
)
_INVITING = "(Create|Invite)Members"
_QUOTA = r"maximum|quota|limit (of|for|reached)|number of"
# A ProcessingResult has no code that says that there is a limit
_QUOTA_EXCEEDED = r"maximum|quota|limit (of|for|reached)|number of.*(limit|exceeded)|(limit|exceeded).*number of"
_PERMISSION = r"permission|not authorized|unauthorized|access denied|explicit deny"
_ORGANIZATION = r"\borgani[sz]ations?\b"
_IAM_DECIDED = "not authorized to perform|service control policy|explicit deny"
# A decision by IAM may name the organization's policies, and roles and policies that are called like them
_NOT_BY_IAM = rf"(?s:^(?!.*({_IAM_DECIDED})))"
_GOVERNED = rf"{_NOT_BY_IAM}(?s:.*({_ORGANIZATION}|central configuration|centrally (configured|managed)))"
# An account that a policy of its organization governs; AWS has no other meaning for these words, whatever the operation is
_GOVERNED_BY_POLICY = rf"{_NOT_BY_IAM}(?s:.*(\b(configuration|declarative) polic(y|ies)\b|can ?not be enabled for central configuration))"
_OTHER_HOME_REGION = "can only be called from the aggregation region"
_NO_DELEGATED_ADMINISTRATOR = "is not an administrator for (this|the|an) organi[sz]ation"
_IN_NO_ORGANIZATION = "your account is not a member of an organi[sz]ation"
_TRY_LATER = "try (again )?later"

# Where a row's words come from
_REFERENCE = "Security Hub API reference: common errors, errors of the operation"
_RECORDED = "responses of the service that clients have recorded or handle"
_IAM = "IAM user guide: access denied error messages"
_GUIDE = "Security Hub user guide"
_BOTOCORE = "botocore: exceptions"
_GOVERNANCE = "responses of the service to accounts of an organization, that clients have recorded or handle"
_ASSUMED = "assumed: AWS documents no words"


# EAI_NODATA is not on every system
_UNKNOWN_HOST = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


class _Row(NamedTuple):
    """A row matches a failure that has one of its codes, its operation, its words, and what must be given. None: whichever.

    means: a reason, a fact, or None for advice whatever the reason is. codes, operations, words: regular expressions; codes are AWS's
    error codes, HTTP statuses and names of botocore's exceptions; words are searched for in AWS's message. is_so: for a fact, whether
    it holds. advice: a template, in place of the reason's. source: of the words.
    """

    means: str | None
    codes: str | None = None
    operations: str | None = None
    words: str | None = None
    given: str | None = None
    is_so: bool = True
    advice: str | None = None
    source: str = _REFERENCE

    def matches(self, failure: _Failure) -> bool:
        return (
            (self.codes is None or failure.has_code(self.codes))
            and (self.given is None or self.given in failure.given)
            and (self.operations is None or re.fullmatch(self.operations, failure.operation) is not None)
            and (self.words is None or re.search(self.words, failure.words, re.IGNORECASE) is not None)
        )


def _quotas(codes: str, words: str) -> tuple[_Row, ...]:
    """Return the rows of a quota that is used up; the words say which, else the operation does."""
    return (
        _Row(LIMIT_EXCEEDED, codes, _INVITING, rf"(?s:^(?=.*invit)(?=.*({words})))", advice=_INVITATIONS, source=_ASSUMED),
        _Row(LIMIT_EXCEEDED, codes, _INVITING, rf"(?s:^(?=.*member)(?=.*({words})))", advice=_MEMBERS, source=_ASSUMED),
        _Row(LIMIT_EXCEEDED, codes, "InviteMembers", words, advice=_INVITATIONS, source=_ASSUMED),
        _Row(LIMIT_EXCEEDED, codes, None, words, advice=_QUOTAS, source=_ASSUMED),
    )


# Read from top to bottom: of the rows of reasons, and of those of each fact, the first that matches decides.
_TABLE = (
    # Reasons of AWS's responses
    _Row(REGION_NOT_ENABLED, _REFUSED_KEY, given=CREDENTIALS_WORK, source=_RECORDED),
    _Row(CREDENTIALS, _REFUSED_KEY),
    # A ProcessingResult has no code: a decision by IAM comes first, then the quota, whoever has it
    _Row(ACCESS_DENIED, UNPROCESSED, words=_IAM_DECIDED, source=_IAM),
    *_quotas(UNPROCESSED, _QUOTA_EXCEEDED),
    _Row(LIMIT_EXCEEDED, UNPROCESSED, words="limit|exceeded", source=_ASSUMED),
    *_quotas(_LIMITED, _QUOTA),
    _Row(LIMIT_EXCEEDED, _LIMITED),
    # Who governs an account. These words come before those that only name an organization
    _Row(NO_ORGANIZATION, words=_IN_NO_ORGANIZATION, source=_GOVERNANCE),
    _Row(NOT_DELEGATED_ADMINISTRATOR, words=_NO_DELEGATED_ADMINISTRATOR, source=_GOVERNANCE),
    _Row(DIFFERENT_HOME_REGION, words=_OTHER_HOME_REGION, advice=_HOME_REGION, source=_GOVERNANCE),
    _Row(ORGANIZATION_MANAGED, f"{_REFUSAL}|{UNPROCESSED}", words=_GOVERNED_BY_POLICY, source=_GOVERNANCE),
    _Row(ORGANIZATION_MANAGED, UNPROCESSED, words=_ORGANIZATION, source=_ASSUMED),
    _Row(ORGANIZATION_MANAGED, _REFUSAL, _ORGANIZATIONS_TO_CHANGE, _GOVERNED, source=_GUIDE),
    _Row(HUB_IN_USE, _REFUSAL, "DisableSecurityHub", "cannot disable.*administrator", source=_RECORDED),
    _Row(ACCESS_DENIED, "InvalidAccessException", words=_PERMISSION),
    # No hub is needed to enable one
    _Row(ACCESS_DENIED, "InvalidAccessException", "EnableSecurityHub"),
    _Row(HUB_NOT_ENABLED, "InvalidAccessException"),
    _Row(ACCESS_DENIED, _DENIED),
    _Row(INTERNAL_ERROR, "InternalException"),
    _Row(INVALID_INPUT, "InvalidInputException|ValidationException"),
    _Row(CREDENTIALS, _REFUSED_SIGNATURE),
    _Row(INTERNAL_ERROR, _SERVER_ERROR),
    # Reasons of a ProcessingResult, of which AWS documents nothing
    _Row(INVALID_INPUT, UNPROCESSED, words="invalid|not valid|malformed|email|missing|required", source=_ASSUMED),
    _Row(ACCESS_DENIED, UNPROCESSED, words=_PERMISSION, source=_ASSUMED),
    _Row(INTERNAL_ERROR, UNPROCESSED, words="internal|try again", source=_ASSUMED),
    # Reasons of what botocore raises by itself
    _Row(REGION_NOT_ENABLED, "InvalidRegionError", source=_BOTOCORE),
    _Row(ENDPOINT_UNREACHABLE, given=OUT_OF_FILES, advice=_FILES, source=_BOTOCORE),
    # A region that does not exist shows as a host name that can't be found, also by a proxy
    _Row(REGION_NOT_ENABLED, _NOT_CONNECTED, given=REGION_UNKNOWN, source=_BOTOCORE),
    _Row(ENDPOINT_UNREACHABLE, _NO_RESPONSE, source=_BOTOCORE),
    _Row(INVALID_INPUT, _UNUSABLE, source=_BOTOCORE),
    _Row(CREDENTIALS, _NO_CREDENTIALS, source=_BOTOCORE),
    # Advice whatever the reason is
    _Row(None, None, "(Create|Update)FindingAggregator", r"\bmember account\b", advice=_AGGREGATION, source=_GUIDE),
    _Row(None, "InvalidInputException", words=_TRY_LATER, advice=_PENDING, source=_RECORDED),
    # Facts about a refusal
    _Row(IAM_DECISION, words=_IAM_DECIDED, source=_IAM),
    # The names of roles, policies and operations in a decision by IAM, and who governs an account, say nothing of a membership
    *(_Row(fact, words=_IAM_DECIDED, is_so=False, source=_IAM) for fact in (ALREADY_SO, ABOUT_ASSOCIATION, ABOUT_MEMBERSHIP)),
    *(_Row(fact, words=_GOVERNED_BY_POLICY, is_so=False, source=_GOVERNANCE) for fact in (ALREADY_SO, ABOUT_ASSOCIATION, ABOUT_MEMBERSHIP)),
    *(_Row(fact, words=_IN_NO_ORGANIZATION, is_so=False, source=_GOVERNANCE) for fact in (ALREADY_SO, ABOUT_MEMBERSHIP, AMBIGUOUS)),
    _Row(ALREADY_SO, "ResourceNotFoundException|ResourceConflictException"),
    _Row(ALREADY_SO, words=r"already|no such|no longer|not (\w+ )?(found|exist|associated|a member|subscribed|enabled)", source=_ASSUMED),
    _Row(ABOUT_ASSOCIATION, words="associat", source=_RECORDED),
    _Row(ABOUT_MEMBERSHIP, words="associat|member", source=_RECORDED),
    _Row(LATER, words=_TRY_LATER, source=_RECORDED),
    _Row(AMBIGUOUS, "BadRequestException", source=_RECORDED),
    _Row(CREDENTIALS_OR_REGION, _REFUSED_KEY, source=_RECORDED),
    _Row(EXPIRED, "ExpiredToken(Exception)?"),
    _Row(REPEATS_REQUEST, _REPEATING, source="IAM user guide: troubleshoot Signature Version 4 signing"),
    # None
    _Row(NONE, "ResourceNotFoundException", "Get(Administrator|Master)Account|GetMembers|DescribeHub|ListFindingAggregators", source=_RECORDED),
    _Row(NONE, "AccessDeniedException", "Get(Administrator|Master)Account|ListInvitations", "no such resource found", source=_RECORDED),
    _Row(NONE, "BadRequestException", "Get(Administrator|Master)Account", "not associated", source=_RECORDED),
    _Row(NONE, UNPROCESSED, "GetMembers", r"\bnot\b.*\b(member|associated|found|exist)|no such", source=_ASSUMED),
    # Whether to make a call again
    _Row(TRANSIENT, "SSLError", words="CERTIFICATE_VERIFY_FAILED", is_so=False, source=_BOTOCORE),
    _Row(TRANSIENT, _NO_RESPONSE, source=_BOTOCORE),
    _Row(TRANSIENT, _LIMITED + "|50[0234]"),
    _Row(TRANSIENT, "RequestTimeout(Exception)?|PriorRequestNotComplete|IDPCommunicationError", source="botocore: retries.standard"),
    _Row(EFFECT_UNKNOWN, f"{_THROTTLED}|{_NOT_CONNECTED}|ConnectTimeoutError", is_so=False),
    _Row(EFFECT_UNKNOWN, f"{_SERVER_ERROR}|{_NO_RESPONSE}"),
)


class _Failure(NamedTuple):
    """What the table's rows look at."""

    codes: tuple[str, ...]
    operation: str
    words: str
    given: frozenset[str] = frozenset()

    def has_code(self, pattern: str) -> bool:
        """Return whether a regular expression matches one of the codes."""
        return any(re.fullmatch(pattern, code) for code in self.codes)

    def has(self, fact: str) -> bool:
        """Return whether a fact holds."""
        return next((row.is_so for row in _TABLE if row.means == fact and row.matches(self)), False)

    def reason_and_advice(self) -> tuple[str, str]:
        """Return the reason, and the template of what to do about it."""
        matching = [row for row in _TABLE if (row.means is None or row.means in ADVICE) and row.matches(self)]
        reason, advice = next(((row.means, row.advice) for row in matching if row.means), (AWS_ERROR, None))
        return reason, advice or next((row.advice for row in matching if row.means is None and row.advice), ADVICE[reason])


# --- The value -----------------------------------------------------------------------------------


class Response(NamedTuple):
    """What AWS said. None: nothing."""

    operation: str | None = None
    code: str | None = None
    message: str | None = None
    http_status: int | None = None
    request_id: str | None = None


class SecurityHubError(Exception):
    """A failure, as a value: text is made of it where a result or a summary is written.

    reason: one of the words above, stable across releases. what, advice: Messages of what failed and of what to do. place: where.
    response: AWS's.
    """

    def __init__(self, reason: str, what: Message, advice: Message, place: Place = NOWHERE, response: Response | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.what = what
        self.advice = advice
        self.place = place
        self.response = response or Response()

    def __str__(self) -> str:
        return self.message()

    def message(self, words: Mapping[str, str] = TASK_WORDS) -> str:
        """Return what failed, where, and what to do, in the words of a reader."""
        return self.what.followed_by(self.advice).render(self.place, words)

    @property
    def kind(self) -> tuple[Any, ...]:
        """What two errors have in common that differ in nothing but their places."""
        return self.reason, self.what, self.advice

    @property
    def code(self) -> str | None:
        """AWS's error code, or None."""
        return self.response.code

    @property
    def is_already_so(self) -> bool:
        """Whether AWS refuses a write since its effect is there: another caller, or an earlier run, may have been first."""
        return self._has(ALREADY_SO)

    @property
    def is_later(self) -> bool:
        """Whether AWS evaluated the request, and rejects it for now only."""
        return self.is_refused and self._has(LATER)

    @property
    def is_about_association(self) -> bool:
        """Whether AWS's message is about an association of accounts."""
        return self._has(ABOUT_ASSOCIATION)

    @property
    def is_about_membership(self) -> bool:
        """Whether AWS's message is about a membership."""
        return self._has(ABOUT_MEMBERSHIP)

    @property
    def is_missing(self) -> bool:
        """Whether AWS does not know the resource."""
        return self.code == "ResourceNotFoundException"

    @property
    def is_refused(self) -> bool:
        """Whether AWS evaluated the request and rejected it: not for want of permission, nor because it is busy or broken."""
        if self.reason == ACCESS_DENIED and self._has(IAM_DECISION):
            return False
        return bool(self.response.message or self.code) and self.reason not in (CREDENTIALS, INTERNAL_ERROR, LIMIT_EXCEEDED, REGION_NOT_ENABLED)

    @property
    def is_denied(self) -> bool:
        """Whether the caller may not make the call, so that AWS did not evaluate the request."""
        return self.reason in (ACCESS_DENIED, ORGANIZATION_MANAGED, NOT_DELEGATED_ADMINISTRATOR, NO_ORGANIZATION)

    def _has(self, fact: str) -> bool:
        response = self.response
        codes = (response.code or "", str(response.http_status))
        return _Failure(codes, response.operation or "", response.message or "").has(fact)

    def replaced(self, what: str, advice: str = "", reason: str | None = None, place: Place | None = None, **facts: Any) -> SecurityHubError:
        """Return an error of the same response with another meaning. what, advice: templates, as of make_error. reason: None to keep it."""
        error = make_error(reason or self.reason, place or self.place, what, advice, **facts)
        error.response = self.response
        return error

    def followed_by(self, template: str, **facts: Any) -> SecurityHubError:
        """Return the same error with more advice."""
        advice = self.advice.followed_by(Message.of(template, self.place, **facts))
        return SecurityHubError(self.reason, self.what, advice, self.place, self.response)

    def as_dict(self, mask: Callable[[str], str] = str, with_values: bool = False) -> dict[str, Any]:
        """Return the error as it stands in a result, which does not repeat AWS's message.

        mask(text): returns a text without secrets. with_values: whether from_dict() can make an error of it.
        """
        message, said = mask(self.message()), self.response.message and mask(self.response.message)
        values = {}
        if with_values:
            # A message that had a secret in it does not come in parts
            parts = self.what.followed_by(self.advice) if message == self.message() else Message([message])
            values = {"parts": parts.as_json(), "place": list(self.place)}
        return {
            "reason": self.reason,
            "message": message,
            "code": self.response.code,
            "aws_message": None if said and said in message else said,
            "operation": self.response.operation,
            "http_status": self.response.http_status,
            "request_id": self.response.request_id,
            **values,
        }

    @classmethod
    def from_dict(cls, error: Mapping[str, Any]) -> SecurityHubError:
        """Return the error of what as_dict() returned, or of another module's result, which has a message at most."""
        what = Message.from_json(error["parts"]) if error.get("parts") else Message([error["message"]])
        names = {"operation": "operation", "code": "code", "message": "aws_message", "http_status": "http_status", "request_id": "request_id"}
        response = Response(**{name: error.get(key) for name, key in names.items()})
        return cls(error["reason"], what, Message(), Place(*error.get("place", ())), response)


def make_error(reason: str, place: Place, what: str, advice: str = "", **facts: Any) -> SecurityHubError:
    """Return the error of a failure that no exception tells of. what, advice: templates, and facts for both, as of Message.of."""
    return SecurityHubError(reason, Message.of(what, place, **facts), Message.of(advice, place, **facts), place)


def invalid_input(template: str, **facts: Any) -> SecurityHubError:
    """Return an error for an invalid option; raised before any call."""
    return make_error(INVALID_INPUT, NOWHERE, template, **facts)


# --- From exceptions to errors -------------------------------------------------------------------


def translate(
    exception: Exception,
    place: Place,
    credentials_work: bool = False,
    region_exists: bool = True,
    actions: Sequence[str] = (),
    mask: Callable[[str], str] = str,
) -> SecurityHubError:
    """Return the error of a botocore exception.

    place: where the call was made.
    credentials_work: whether STS accepts the credentials; asked for where is_about_credentials_or_region.
    region_exists: whether botocore knows the region; asked for where there was no response.
    actions: IAM actions any of which would have allowed the call; by default the one of the failed operation.
    mask(text): returns a text without secrets. Needed before a text is cut, which could leave a part of a secret.
    """
    given = {CREDENTIALS_WORK: credentials_work, REGION_UNKNOWN: not region_exists, OUT_OF_FILES: is_out_of_files(exception)}
    failure = _failure_of(exception, frozenset(name for name, holds in given.items() if holds))
    reason, advice = failure.reason_and_advice()
    code, message = aws_code(exception), aws_message(exception)
    if failure.has(REPEATS_REQUEST):
        message = mask(message).strip().partition("\n")[0][:_LONGEST_OF_REPEATING]
    words = ": ".join(filter(None, (code, message))) if was_answered(exception) else str(exception)
    facts = {"operation": failure.operation, "words": words.rstrip("."), "actions": " or ".join(actions or [f"securityhub:{failure.operation}"])}
    error = make_error(reason, place, _what_failed(exception) + ": {words}.", advice, **facts)
    metadata = _response(exception).get("ResponseMetadata", {})
    error.response = Response(failure.operation or None, code or None, message or None, metadata.get("HTTPStatusCode"), metadata.get("RequestId"))
    return error


def unprocessed(operation: str, account_id: str, result: str | None, place: Place) -> SecurityHubError:
    """Return the error of an account that a call on many accounts left unprocessed. result: its ProcessingResult."""
    result = result or "AWS gave no reason"
    reason, advice = _Failure((UNPROCESSED,), operation, result).reason_and_advice()
    what = "{operation} left account {account_id} unprocessed in {place}: {words}."
    actions = f"securityhub:{operation}"
    error = make_error(reason, place, what, advice, operation=operation, account_id=account_id, words=result.rstrip("."), actions=actions)
    error.response = Response(operation, message=result)
    return error


def unexpected(exception: Exception) -> SecurityHubError:
    """Return the error of an exception that can come anywhere, or that is a defect: its type and where it came from.

    Its text is left out, since it may hold secrets that no_log has not filtered yet.
    """
    if is_out_of_files(exception):
        return make_error(ENDPOINT_UNREACHABLE, NOWHERE, _FILES)
    frames = traceback.extract_tb(exception.__traceback__)[-5:]
    came_from = " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno}" for frame in frames)
    what = "Unexpected {type} ({came_from}). This is a defect of the collection: please report it with this message."
    return make_error(AWS_ERROR, NOWHERE, what, type=type(exception).__name__, came_from=came_from)


def _what_failed(exception: Exception) -> str:
    """Return the template of the beginning of a message about a botocore exception."""
    if was_answered(exception):
        return "{operation} failed in {place}"
    if isinstance(exception, (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError)):
        return "No response in {place}"
    if isinstance(exception, ResponseParserError):
        return "The response in {place} did not come from AWS"
    return "Pagination did not end in {place}" if isinstance(exception, botocore.exceptions.PaginationError) else "No call could be made in {place}"


def _failure_of(exception: Exception, given: frozenset[str] = frozenset()) -> _Failure:
    """Return what the table looks at of a botocore exception."""
    operation = getattr(exception, "operation_name", None) or ""
    if was_answered(exception):
        return _Failure((aws_code(exception), str(_status(exception))), operation, aws_message(exception), given)
    return _Failure(tuple(cls.__name__ for cls in type(exception).__mro__), operation, str(exception), given)


def _response(exception: Exception) -> dict[str, Any]:
    """Return AWS's response in a botocore exception; {} where there was none. A dropped connection has an attribute response that is None."""
    return getattr(exception, "response", None) or {}


def _status(exception: Exception) -> int:
    """Return the HTTP status of AWS's response; 0 where there was none."""
    return _response(exception).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def aws_code(exception: Exception) -> str:
    """Return AWS's error code of a botocore exception, or "" where AWS sent none."""
    return _response(exception).get("Error", {}).get("Code", "")


def aws_message(exception: Exception) -> str:
    """Return AWS's error message of a botocore exception, or "" where AWS sent none."""
    return _response(exception).get("Error", {}).get("Message") or ""


def was_answered(exception: Exception) -> bool:
    """Return whether a botocore exception holds a response of AWS."""
    return bool(_response(exception))


def is_out_of_files(exception: BaseException | None) -> bool:
    """Return whether an exception, or what it was raised for, says that no more files can be opened; a connection is one."""
    while exception is not None:
        if isinstance(exception, OSError) and exception.errno in (errno.EMFILE, errno.ENFILE):
            return True
        exception = exception.__cause__ or exception.__context__
    return False


def is_unknown_host(exception: BaseException | None) -> bool:
    """Return whether an exception, or what it was raised for, says that a host name does not exist."""
    while exception is not None:
        if isinstance(exception, socket.gaierror) and exception.errno in _UNKNOWN_HOST:
            return True
        exception = exception.__cause__ or exception.__context__
    return False


def is_transient(exception: Exception) -> bool:
    """Return whether a botocore exception may be over soon: throttling, a server error, a lost connection, a response that is not AWS's."""
    return _failure_of(exception).has(TRANSIENT)


def is_expired(exception: Exception) -> bool:
    """Return whether AWS rejected a call because the credentials have expired."""
    return _failure_of(exception).has(EXPIRED)


def may_have_worked(exception: Exception) -> bool:
    """Return whether a call that raised this botocore exception may have had its effect: it was sent, and its outcome is not known."""
    return _failure_of(exception).has(EFFECT_UNKNOWN)


def means_none(exception: Exception) -> bool:
    """Return whether a botocore exception is AWS's way to say that there is nothing of the kind."""
    return _failure_of(exception).has(NONE)


def is_no_member(result: str) -> bool:
    """Return whether GetMembers leaves an account unprocessed since it is no member. result: its ProcessingResult. Any other leaves that open."""
    return _Failure((UNPROCESSED,), "GetMembers", result).has(NONE)


def is_ambiguous(exception: Exception) -> bool:
    """Return whether a botocore exception leaves open whether the hub is off."""
    return _failure_of(exception).has(AMBIGUOUS)


def is_about_credentials_or_region(exception: Exception) -> bool:
    """Return whether AWS's response leaves open which of the two is to blame."""
    return _failure_of(exception).has(CREDENTIALS_OR_REGION)
