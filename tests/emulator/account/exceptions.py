# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions raised by the account service. Their status codes come from the service's model."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class AccessDeniedException(ServiceException):
    """Who calls may not ask that."""

    code = "AccessDeniedException"


class ValidationException(ServiceException):
    """A parameter makes no sense."""

    code = "ValidationException"
