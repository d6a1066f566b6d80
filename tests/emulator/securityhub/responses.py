# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handles incoming securityhub requests, invokes methods, returns responses."""

from __future__ import annotations

import json
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.securityhub.responses import SecurityHubResponse as MotoSecurityHubResponse

from ..paging import page
from .exceptions import InvalidInputException
from .models import SecurityHubBackend
from .models import securityhub_backends
from .settings import settings


class SecurityHubResponse(MotoSecurityHubResponse):
    @property
    def securityhub_backend(self) -> SecurityHubBackend:
        return securityhub_backends[self.current_account][self.region]

    def call_action(self) -> TYPE_RESPONSE:
        status, headers, body = super().call_action()
        headers.setdefault("Content-Type", "application/json")
        if settings.empty_values == "left_out" and int(headers.get("status", status)) == 200:
            body = json.dumps({name: value for name, value in json.loads(body or "{}").items() if value not in ([], {})})
        return status, headers, body

    def _body_params(self) -> dict[str, Any]:
        return json.loads(self.body) if self.body else {}

    def _path_param(self, name: str) -> str:
        self._get_action()  # which also reads what stands in the path
        return self.uri_match[name]

    def _account_ids(self) -> list[str]:
        return self._body_params()["AccountIds"]

    # The hub

    def enable_security_hub(self) -> str:
        params = self._body_params()
        self.securityhub_backend.enable_security_hub(
            enable_default_standards=params.get("EnableDefaultStandards", True),
            tags=params.get("Tags"),
            control_finding_generator=params.get("ControlFindingGenerator"),
        )
        return json.dumps({})

    def describe_hub(self) -> str:
        return json.dumps(self.securityhub_backend.describe_hub(hub_arn=self._get_param("HubArn")))

    def update_security_hub_configuration(self) -> str:
        params = self._body_params()
        self.securityhub_backend.update_security_hub_configuration(
            auto_enable_controls=params.get("AutoEnableControls"),
            control_finding_generator=params.get("ControlFindingGenerator"),
        )
        return json.dumps({})

    def tag_resource(self) -> str:
        self.securityhub_backend.tag_resource(self._resource_arn(), self._body_params()["Tags"])
        return json.dumps({})

    def untag_resource(self) -> str:
        self.securityhub_backend.untag_resource(self._resource_arn(), self.querystring["tagKeys"])
        return json.dumps({})

    def list_tags_for_resource(self) -> str:
        return json.dumps({"Tags": self.securityhub_backend.list_tags_for_resource(self._resource_arn())})

    def _resource_arn(self) -> str:
        return self._path_param("ResourceArn")

    # Standards

    def describe_standards(self) -> str:
        return self._page("Standards", self.securityhub_backend.describe_standards, providers=self.querystring.get("Providers"))

    def get_enabled_standards(self) -> str:
        params = self._body_params()
        return self._page(
            "StandardsSubscriptions",
            self.securityhub_backend.get_enabled_standards,
            subscription_arns=params.get("StandardsSubscriptionArns"),
            providers=params.get("Providers"),
        )

    def batch_enable_standards(self) -> str:
        requests = self._body_params()["StandardsSubscriptionRequests"]
        subscriptions = self.securityhub_backend.batch_enable_standards(requests=requests)
        return json.dumps({"StandardsSubscriptions": subscriptions})

    def batch_disable_standards(self) -> str:
        subscription_arns = self._body_params()["StandardsSubscriptionArns"]
        subscriptions = self.securityhub_backend.batch_disable_standards(subscription_arns=subscription_arns)
        return json.dumps({"StandardsSubscriptions": subscriptions})

    # Cross-Region aggregation

    def create_finding_aggregator(self) -> str:
        params = self._body_params()
        return json.dumps(self.securityhub_backend.create_finding_aggregator(mode=params["RegionLinkingMode"], regions=params.get("Regions")))

    def get_finding_aggregator(self) -> str:
        return json.dumps(self.securityhub_backend.get_finding_aggregator(arn=self._path_param("FindingAggregatorArn")))

    def update_finding_aggregator(self) -> str:
        params = self._body_params()
        aggregator = self.securityhub_backend.update_finding_aggregator(
            arn=params["FindingAggregatorArn"],
            mode=params["RegionLinkingMode"],
            regions=params.get("Regions"),
        )
        return json.dumps(aggregator)

    def delete_finding_aggregator(self) -> str:
        self.securityhub_backend.delete_finding_aggregator(arn=self._path_param("FindingAggregatorArn"))
        return json.dumps({})

    def list_finding_aggregators(self) -> str:
        return self._page("FindingAggregators", self.securityhub_backend.list_finding_aggregators)

    # The administrator's side

    def create_members(self) -> str:
        account_details = self._body_params()["AccountDetails"]
        unprocessed_accounts = self.securityhub_backend.create_members(account_details=account_details)
        return json.dumps({"UnprocessedAccounts": unprocessed_accounts})

    def get_members(self) -> str:
        members, unprocessed_accounts = self.securityhub_backend.get_members(account_ids=self._account_ids())
        return json.dumps({"Members": members, "UnprocessedAccounts": unprocessed_accounts})

    def list_members(self) -> str:
        return self._page("Members", self.securityhub_backend.list_members, only_associated=self._get_bool_param("OnlyAssociated", True))

    def invite_members(self) -> str:
        unprocessed_accounts = self.securityhub_backend.invite_members(account_ids=self._account_ids())
        return json.dumps({"UnprocessedAccounts": unprocessed_accounts})

    def delete_members(self) -> str:
        unprocessed_accounts = self.securityhub_backend.delete_members(account_ids=self._account_ids())
        return json.dumps({"UnprocessedAccounts": unprocessed_accounts})

    def disassociate_members(self) -> str:
        self.securityhub_backend.disassociate_members(account_ids=self._account_ids())
        return json.dumps({})

    # The member's side

    def get_administrator_account(self) -> str:
        return json.dumps(self.securityhub_backend.get_administrator_account())

    def get_master_account(self) -> str:
        return json.dumps(self.securityhub_backend.get_master_account())

    def accept_administrator_invitation(self) -> str:
        return self._accept("AdministratorId")

    def accept_invitation(self) -> str:
        return self._accept("MasterId")

    def _accept(self, administrator_param: str) -> str:
        params = self._body_params()
        self.securityhub_backend.accept_administrator_invitation(
            administrator_id=params[administrator_param],
            invitation_id=params["InvitationId"],
        )
        return json.dumps({})

    def disassociate_from_administrator_account(self) -> str:
        self.securityhub_backend.disassociate_from_administrator_account()
        return json.dumps({})

    def disassociate_from_master_account(self) -> str:
        return self.disassociate_from_administrator_account()

    def list_invitations(self) -> str:
        return self._page("Invitations", self.securityhub_backend.list_invitations)

    def get_invitations_count(self) -> str:
        return json.dumps({"InvitationsCount": self.securityhub_backend.get_invitations_count()})

    def decline_invitations(self) -> str:
        unprocessed_accounts = self.securityhub_backend.decline_invitations(account_ids=self._account_ids())
        return json.dumps({"UnprocessedAccounts": unprocessed_accounts})

    def delete_invitations(self) -> str:
        unprocessed_accounts = self.securityhub_backend.delete_invitations(account_ids=self._account_ids())
        return json.dumps({"UnprocessedAccounts": unprocessed_accounts})

    def _page(self, name: str, list_page: Any, **params: Any) -> str:
        return json.dumps(page(name, list_page, self._get_param("NextToken"), self._get_param("MaxResults"), InvalidInputException, **params))
