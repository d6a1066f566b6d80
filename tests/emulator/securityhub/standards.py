# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security standards: what a region has to offer, and what an account has enabled of it."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .clock import clock
from .exceptions import AccessDeniedException
from .exceptions import InvalidInputException
from .settings import settings

STATUSES = ("PENDING", "READY", "FAILED", "DELETING", "INCOMPLETE")
REASONS = ("NO_AVAILABLE_CONFIGURATION_RECORDER", "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED", "NO_AVAILABLE_MULTICLOUD_CONNECTOR", "INTERNAL_ERROR")
SECURITY_HUB = "Security Hub"

CENTRALLY_CONFIGURED = "This account is currently associated with a central configuration policy, so only the administrator can access this operation."


@dataclass(frozen=True)
class Standard:
    """A standard, the same in all regions but for its ARN."""

    name: str  # what follows standards/ or ruleset/ in its ARN
    title: str
    by_default: bool = False  # whether it is enabled together with a hub
    provider: str = "AWS"  # of the resources that it is about
    product: str = SECURITY_HUB  # what manages it
    kind: str = "standards"  # a ruleset has no region in its ARN

    def arn(self, partition: str, region: str) -> str:
        return f"arn:{partition}:securityhub:{'' if self.kind == 'ruleset' else region}::{self.kind}/{self.name}"

    def as_dict(self, arn: str) -> dict[str, Any]:
        standard: dict[str, Any] = {
            "StandardsArn": arn,
            "Name": self.title,
            "Description": f"The {self.title} standard is a set of automated checks.",
            "EnabledByDefault": self.by_default,
        }
        if settings.standards_fields == "newest":
            standard.update({"Provider": self.provider, "StandardsManagedBy": {"Company": "AWS", "Product": self.product}})
        return standard


CATALOGUE = (
    Standard("aws-foundational-security-best-practices/v/1.0.0", "AWS Foundational Security Best Practices v1.0.0", by_default=True),
    Standard("aws-resource-tagging-standard/v/1.0.0", "AWS Resource Tagging Standard v1.0.0"),
    Standard("cis-aws-foundations-benchmark/v/1.2.0", "CIS AWS Foundations Benchmark v1.2.0", by_default=True, kind="ruleset"),
    Standard("cis-aws-foundations-benchmark/v/1.4.0", "CIS AWS Foundations Benchmark v1.4.0"),
    Standard("cis-aws-foundations-benchmark/v/3.0.0", "CIS AWS Foundations Benchmark v3.0.0"),
    Standard("cis-aws-foundations-benchmark/v/5.0.0", "CIS AWS Foundations Benchmark v5.0.0"),
    Standard("cis-azure-foundations-benchmark/v/3.0.0", "CIS Azure Foundations Benchmark v3.0.0", provider="Azure"),
    Standard("nist-800-171/v/2.0.0", "NIST Special Publication 800-171 Revision 2"),
    Standard("nist-800-53/v/5.0.0", "NIST Special Publication 800-53 Revision 5"),
    Standard("pci-dss/v/3.2.1", "PCI DSS v3.2.1"),
    Standard("pci-dss/v/4.0.1", "PCI DSS v4.0.1"),
    Standard("service-managed-aws-control-tower/v/1.0.0", "Service-Managed Standard: AWS Control Tower", product="Control Tower"),
)
DEFAULTS = tuple(standard.name for standard in CATALOGUE if standard.by_default)


@functools.cache
def catalogue(partition: str, region: str) -> dict[str, Standard]:
    """The standards of a region, by ARN."""
    return {standard.arn(partition, region): standard for standard in CATALOGUE}


@dataclass
class Subscription:
    """A standard that an account has enabled. How far that is shows when somebody looks."""

    arn: str
    standards_arn: str
    standard: Standard
    inputs: dict[str, str]
    ready_at: float = -math.inf  # till then it is PENDING
    fails: bool = False  # how that ends
    fixed: tuple[str, str | None] | None = None  # a status that does not change by itself, and its reason
    gone_at: float | None = None  # till then it is DELETING

    @property
    def is_listed(self) -> bool:
        return self.gone_at is None or clock.now() < self.gone_at

    def status(self, recorder: bool) -> tuple[str, str | None]:
        """The status and its reason. recorder: whether AWS Config records what the standard looks at."""
        if self.gone_at is not None:
            return "DELETING", None
        if self.fixed:
            return self.fixed
        if clock.now() < self.ready_at:
            return "PENDING", None
        if self.fails:
            return "FAILED", "INTERNAL_ERROR"
        return ("READY", None) if recorder else ("INCOMPLETE", "NO_AVAILABLE_CONFIGURATION_RECORDER")

    def as_dict(self, status: str, reason: str | None = None) -> dict[str, Any]:
        subscription: dict[str, Any] = {
            "StandardsSubscriptionArn": self.arn,
            "StandardsArn": self.standards_arn,
            "StandardsInput": self.inputs,
            "StandardsStatus": status,
            "StandardsControlsUpdatable": "READY_FOR_UPDATES" if status in ("READY", "INCOMPLETE") else "NOT_READY_FOR_UPDATES",
        }
        if reason:
            subscription["StandardsStatusReason"] = {"StatusReasonCode": reason}
        if settings.standards_fields == "newest":
            subscription["Provider"] = self.standard.provider
        return subscription


def delayed(seconds: float) -> float:
    """The time in so many seconds; without any, as long ago as can be."""
    return clock.now() + seconds if seconds else -math.inf


class Standards:
    """The standards of one account in one region."""

    def __init__(self, partition: str, region: str, account_id: str):
        self._place = (partition, region)
        self._subscription_prefix = f"arn:{partition}:securityhub:{region}:{account_id}:subscription/"
        self._subscriptions: dict[str, Subscription] = {}
        self.config_recorder: bool | None = None  # whether AWS Config records here; None: as the setting says

    @property
    def _catalogue(self) -> dict[str, Standard]:
        return catalogue(*self._place)

    def describe(self, providers: list[str] | None = None) -> list[dict[str, Any]]:
        return [standard.as_dict(arn) for arn, standard in self._catalogue.items() if not providers or standard.provider in providers]

    def enabled(self, subscription_arns: list[str] | None = None, providers: list[str] | None = None) -> list[dict[str, Any]]:
        return [
            self._present(subscription)
            for arn, subscription in self._listed().items()
            if (not subscription_arns or arn in subscription_arns) and (not providers or subscription.standard.provider in providers)
        ]

    def enable(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Enable some, or none where one of them can't be."""
        self._check_central_configuration()
        unknown = [request for request in requests if request["StandardsArn"] not in self._catalogue]
        if unknown:
            raise InvalidInputException(f"Invalid StandardsSubscriptionRequest(s): {json.dumps(unknown)}")
        self._check_manager(self._catalogue[request["StandardsArn"]] for request in requests)
        if settings.deleting_standards == "refused":
            arns = [self._subscription_arn(request["StandardsArn"]) for request in requests]
            self._check_not("DELETING", [subscription for arn, subscription in self._listed().items() if arn in arns])
        return [self._enable(request) for request in requests]

    def _enable(self, request: dict[str, Any]) -> dict[str, Any]:
        arn = self._subscription_arn(request["StandardsArn"])
        listed = self._listed()
        if arn in listed:
            return self._present(listed[arn])
        ready_at, fails = delayed(settings.standards_delay), settings.standards_end == "FAILED"
        subscription = self._put(request["StandardsArn"], request.get("StandardsInput") or {}, ready_at=ready_at, fails=fails)
        return subscription.as_dict("PENDING")

    def disable(self, subscription_arns: list[str]) -> list[dict[str, Any]]:
        """Disable some, or none where one of them can't be."""
        self._check_central_configuration()
        listed = self._listed()
        unknown = [arn for arn in subscription_arns if arn not in listed]
        if unknown:
            raise InvalidInputException(f"Invalid StandardsSubscriptionArn(s): {json.dumps(unknown)}")
        subscriptions = [listed[arn] for arn in subscription_arns]
        self._check_manager(subscription.standard for subscription in subscriptions)
        if settings.pending_standards == "refused":
            self._check_not("PENDING", subscriptions)
        if settings.deleting_standards == "refused":
            self._check_not("DELETING", subscriptions)
        for subscription in subscriptions:
            if subscription.gone_at is None:
                subscription.gone_at = delayed(settings.standards_delay)
        return [subscription.as_dict("DELETING") for subscription in subscriptions]

    def put(self, name: str, status: str | None = None, reason: str | None = None) -> None:
        """Have a standard enabled for long, whoever manages it; with a status, this one for ever. Raises ValueError for what does not exist."""
        arn = next((arn for arn, standard in self._catalogue.items() if standard.name == name), None)
        if arn is None:
            raise ValueError(f"there is no standard {name!r}; known: {', '.join(standard.name for standard in CATALOGUE)}")
        if status not in (None, *STATUSES) or reason not in (None, *REASONS) or (reason and not status):
            raise ValueError(f"a standard has one of {', '.join(STATUSES)}, and with it no reason or one of {', '.join(REASONS)}")
        self._put(arn, {}, fixed=(status, reason) if status else None)

    def put_defaults(self) -> None:
        """Have those enabled for long that are by default."""
        for name in DEFAULTS:
            self.put(name)

    def enable_defaults(self) -> None:
        """Enable what is enabled together with a hub, whoever configures the account."""
        for arn, standard in self._catalogue.items():
            if standard.by_default:
                self._enable({"StandardsArn": arn})

    def clear(self) -> None:
        """Have none enabled."""
        self._subscriptions.clear()

    def _put(self, standards_arn: str, inputs: dict[str, str], **how: Any) -> Subscription:
        arn = self._subscription_arn(standards_arn)
        self._subscriptions[arn] = Subscription(arn, standards_arn, self._catalogue[standards_arn], inputs, **how)
        return self._subscriptions[arn]

    def _subscription_arn(self, standards_arn: str) -> str:
        return self._subscription_prefix + self._catalogue[standards_arn].name

    def _listed(self) -> dict[str, Subscription]:
        return {arn: subscription for arn, subscription in self._subscriptions.items() if subscription.is_listed}

    def _status(self, subscription: Subscription) -> tuple[str, str | None]:
        return subscription.status(settings.config_recorder == "on" if self.config_recorder is None else self.config_recorder)

    def _present(self, subscription: Subscription) -> dict[str, Any]:
        return subscription.as_dict(*self._status(subscription))

    @staticmethod
    def _check_central_configuration() -> None:
        if settings.standards_managed == "centrally":
            raise AccessDeniedException(CENTRALLY_CONFIGURED)

    @staticmethod
    def _check_manager(standards: Iterable[Standard]) -> None:
        for standard in standards:
            if standard.product != SECURITY_HUB:
                raise AccessDeniedException(f"The request is rejected because the standard {standard.name} is managed by {standard.product}.")

    def _check_not(self, status: str, subscriptions: list[Subscription]) -> None:
        """Whether none of these is on its way."""
        busy = [subscription.arn for subscription in subscriptions if self._status(subscription)[0] == status]
        if busy:
            raise InvalidInputException(f"StandardsSubscription(s) in state {status}, please try later: {json.dumps(busy)}")
