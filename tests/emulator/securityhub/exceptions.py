# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions raised by the securityhub service. Their status codes come from the service's model."""

from __future__ import annotations

import json

from moto.core.exceptions import JsonRESTError
from moto.securityhub.exceptions import SecurityHubClientError


class InvalidAccessException(SecurityHubClientError):
    code = "InvalidAccessException"


class HubNotEnabledException(InvalidAccessException):
    def __init__(self, account_id: str):
        super().__init__(f"Account {account_id} is not subscribed to AWS Security Hub")


class NoHubToDescribeException(InvalidAccessException):
    def __init__(self, account_id: str):
        super().__init__(f"AccountId: {account_id} is not enabled for securityhub. Currentstate: false")


class InvalidInputException(SecurityHubClientError):
    code = "InvalidInputException"


class LimitExceededException(SecurityHubClientError):
    code = "LimitExceededException"


class ResourceNotFoundException(SecurityHubClientError):
    code = "ResourceNotFoundException"


class ResourceConflictException(SecurityHubClientError):
    code = "ResourceConflictException"


class AccessDeniedException(SecurityHubClientError):
    code = "AccessDeniedException"


class BadRequestException(JsonRESTError):
    """Not in the service's model, and met all the same."""

    code = 400

    def __init__(self, message: str):
        super().__init__("BadRequestException", message)
        self.description = json.dumps({"Message": message, "Code": "BadRequestException"})
