# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table from AWS's errors to reasons, row by row."""

from __future__ import annotations

import botocore.exceptions
import botocore.parsers
import pytest
from botocore.retries.standard import ThrottledRetryableChecker
from botocore.retries.standard import TransientRetryableChecker

from ansible_collections.cloudsec.securityhub.plugins.module_utils import _errors as errors
from ansible_collections.cloudsec.securityhub.plugins.module_utils._messages import Place

PLACE = Place("444455556666", "eu-west-1")


def answer(code, message="", status=400, operation="ListInvitations"):
    """An error answer from AWS."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "id"}}
    return botocore.exceptions.ClientError(response, operation)


@pytest.mark.parametrize(
    "exception,reason",
    [
        (answer("InvalidAccessException", "Account 4 is not subscribed to AWS Security Hub", 401), "hub_not_enabled"),
        (answer("InvalidAccessException", "You have no permission to do that", 401), "access_denied"),
        (answer("AccessDeniedException", "User is not authorized to perform: securityhub:ListInvitations", 403), "access_denied"),
        (answer("InvalidInputException"), "invalid_input"),
        (answer("ValidationException"), "invalid_input"),
        (answer("LimitExceededException", status=429), "limit_exceeded"),
        (answer("ThrottlingException"), "limit_exceeded"),
        (answer("SomethingNew", status=429), "limit_exceeded"),
        (answer("InternalException", status=500), "internal_error"),
        (answer("SomethingNew", status=503), "internal_error"),
        (answer("ExpiredTokenException", status=403), "credentials"),
        (answer("SomethingNew"), "aws_error"),
        (answer("AccessDeniedException", "It is managed through AWS Organizations", 403, "DisassociateFromAdministratorAccount"), "organization_managed"),
        (answer("AccessDeniedException", "explicit deny by the organization's policy", 403, "DeclineInvitations"), "access_denied"),
        (answer("InternalException", "The organization could not be read", 500, "DeclineInvitations"), "internal_error"),
        (answer("AccessDeniedException", "It is under central configuration", 403, "BatchEnableStandards"), "organization_managed"),
        (answer("AccessDeniedException", "It is under central configuration", 403, "BatchDisableStandards"), "organization_managed"),
        (answer("AccessDeniedException", "It is configured by a central configuration policy", 403, "GetEnabledStandards"), "organization_managed"),
        (answer("AccessDeniedException", "It is under central configuration", 403, "GetEnabledStandards"), "access_denied"),
        (answer("LimitExceededException", "The maximum number of members of the organization", 429, "CreateMembers"), "limit_exceeded"),
        (answer("AccessDeniedException", "The account is part of an organization", 403, "CreateFindingAggregator"), "access_denied"),
        (answer("InvalidInputException", "The account is part of an organization", 400, "UpdateFindingAggregator"), "invalid_input"),
        (answer("AccessDeniedException", "The account is part of an organization", 403, "DeleteFindingAggregator"), "access_denied"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="https://example.com"), "endpoint_unreachable"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://example.com"), "endpoint_unreachable"),
        (botocore.exceptions.SSLError(endpoint_url="https://example.com", error="x"), "endpoint_unreachable"),
        (botocore.parsers.ResponseParserError("A page, not JSON"), "endpoint_unreachable"),
        (botocore.exceptions.InvalidRegionError(region_name="a_b"), "region_not_enabled"),
        (botocore.exceptions.NoCredentialsError(), "credentials"),
        (botocore.exceptions.ProfileNotFound(profile="x"), "credentials"),
        (botocore.exceptions.ParamValidationError(report="x"), "invalid_input"),
        (botocore.exceptions.PaginationError(message="x"), "aws_error"),
    ],
)
def test_every_error_has_its_reason(exception, reason):
    error = errors.translate(exception, PLACE)
    assert error.reason == reason
    assert "region eu-west-1" in error.message()


# The reason of each code, whatever status it comes with: AWS's services differ in that
CODES = {
    "access_denied": ["AccessDenied", "AccessDeniedException", "UnauthorizedAccess", "UnauthorizedOperation"],
    "credentials": [
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
    ],
    "internal_error": ["InternalException"],
    "invalid_input": ["InvalidInputException", "ValidationException"],
    "limit_exceeded": [
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ],
}


@pytest.mark.parametrize("reason,code", [(reason, code) for reason, codes in CODES.items() for code in codes])
def test_every_code_has_its_reason(reason, code):
    assert errors.translate(answer(code, "No.", 400), PLACE).reason == reason


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired", "AuthFailure"])
@pytest.mark.parametrize("work,reason", [(True, "region_not_enabled"), (False, "credentials")])
def test_a_refused_key_is_the_regions_or_the_credentials_fault(code, work, reason):
    assert errors.translate(answer(code, status=403), PLACE, credentials_work=work).reason == reason


def test_a_host_that_is_not_found_may_be_a_region_that_is_not_there():
    exception = botocore.exceptions.EndpointConnectionError(endpoint_url="https://example.com")
    assert errors.translate(exception, PLACE, region_exists=False).reason == "region_not_enabled"


def test_awss_message_is_not_said_twice():
    error = errors.translate(answer("AccessDeniedException", "No.", 403), PLACE, actions=["securityhub:New", "securityhub:Old"])
    assert error.as_dict() == {
        "reason": "access_denied",
        "message": "ListInvitations failed in account 444455556666, region eu-west-1: AccessDeniedException: No. "
        "Allow securityhub:New or securityhub:Old to the user or role that the task acts as.",
        "code": "AccessDeniedException",
        "aws_message": None,
        "operation": "ListInvitations",
        "http_status": 403,
        "request_id": "id",
    }
    assert error.replaced("It may not.").as_dict()["aws_message"] == "No."


@pytest.mark.parametrize(
    "exception,transient",
    [
        (answer("InternalException", status=500), True),
        (answer("SomethingNew", status=503), True),
        (answer("SomethingNew", status=501), False),
        (answer("ThrottlingException"), True),
        (answer("LimitExceededException"), True),
        (answer("SomethingNew", status=429), True),
        (answer("RequestTimeout"), True),
        (answer("InvalidInputException"), False),
        (answer("AccessDeniedException", status=403), False),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="https://example.com"), True),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://example.com"), True),
        (botocore.exceptions.ConnectionClosedError(endpoint_url="https://example.com"), True),
        (botocore.exceptions.NoCredentialsError(), False),
        (botocore.exceptions.ParamValidationError(report="x"), False),
    ],
)
def test_what_may_be_over_soon_is_tried_again(exception, transient):
    assert errors.is_transient(exception) is transient


@pytest.mark.parametrize("code", sorted(ThrottledRetryableChecker._THROTTLED_ERROR_CODES + TransientRetryableChecker._TRANSIENT_ERROR_CODES))
def test_whatever_botocore_would_try_again(code):
    """Of what the services here can answer: the others' codes are left out."""
    others = {"EC2ThrottledException", "ProvisionedThroughputExceededException", "TransactionInProgressException"}
    assert errors.is_transient(answer(code)) is (code not in others)


@pytest.mark.parametrize(
    "said,reason",
    [
        ("Maximum number of members exceeded", "limit_exceeded"),
        ("The organization has exceeded its limit", "limit_exceeded"),
        ("The account is part of an organization", "organization_managed"),
        ("The number of members is exceeded", "limit_exceeded"),
        ("The email is not valid", "invalid_input"),
        ("The account ID has an invalid number of digits", "invalid_input"),
        ("The account is not authorized to do that", "access_denied"),
        (None, "aws_error"),
    ],
)
def test_an_unprocessed_account_has_a_reason(said, reason):
    error = errors.unprocessed("CreateMembers", "444455556666", said, PLACE)
    assert error.reason == reason and "444455556666" in error.message()
