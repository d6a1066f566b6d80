# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of Security Hub CSPM, each once: current and older names, and "none" folded to None. Private to this collection.

What they return is in Ansible's spelling (snake_case, times as ISO 8601 strings).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Any

from . import _errors as errors
from ._calls import RegionCalls
from ._calls import batches
from ._waiting import Doubt

# The largest page of standards and aggregators, and the most standards that one call enables or disables
LARGER_PAGE_SIZE = 100
STANDARDS_PER_CALL = 25

# Memberships that the service may still show, but that have ended.
ENDED = ("resigned", "removed", "deleted")


class SecurityHubApi(RegionCalls):
    """Security Hub CSPM as one account in one region. Methods that write take the Doubt of the write."""

    def in_region(self, region: str) -> SecurityHubApi:
        """Return the calls of the same account in another region."""
        return SecurityHubApi(self._session, region)

    def get_administrator(self) -> dict[str, Any] | None:
        """Return this account's administrator: a dict of account_id, invitation_id, invited_at, member_status; None where there is none.

        AWS: GetAdministratorAccount, or GetMasterAccount where policies allow only that.
        """
        response = self._either(("get_administrator_account", {}), ("get_master_account", {}))
        found = response.get("Administrator") or response.get("Master") or {}
        if not found or found.get("MemberStatus", "").lower() in ENDED:
            return None
        return _invitation(found)

    def list_invitations(self) -> list[dict[str, Any]]:
        """Return all invitations that this account has received, as get_administrator's dicts. AWS: ListInvitations, all pages."""
        return [_invitation(found) for found in self._list("list_invitations", "Invitations")]

    def accept(self, administrator_id: str, invitation_id: str, doubt: Doubt) -> None:
        """Accept an invitation. AWS: AcceptAdministratorInvitation, or AcceptInvitation where policies allow only that."""
        self._either(
            ("accept_administrator_invitation", {"AdministratorId": administrator_id, "InvitationId": invitation_id}),
            ("accept_invitation", {"MasterId": administrator_id, "InvitationId": invitation_id}),
            doubt,
        )

    def leave_administrator(self, doubt: Doubt) -> None:
        """Leave the administrator. AWS: DisassociateFromAdministratorAccount, or DisassociateFromMasterAccount where policies allow only that."""
        self._either(("disassociate_from_administrator_account", {}), ("disassociate_from_master_account", {}), doubt)

    def decline_invitation(self, administrator_id: str, doubt: Doubt) -> None:
        """Decline the invitations of a sender. AWS: DeclineInvitations for this one alone."""
        self._call_for_account("decline_invitations", administrator_id, doubt)

    def delete_invitation(self, administrator_id: str, doubt: Doubt) -> None:
        """Delete the invitations of a sender. AWS: DeleteInvitations for this one alone."""
        self._call_for_account("delete_invitations", administrator_id, doubt)

    def count_invitations(self) -> int:
        """Return how many invitations the account has received, declined ones too, but for the accepted one. AWS: GetInvitationsCount."""
        return self._call("get_invitations_count", {})["InvitationsCount"]

    def get_members(self, account_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the members among these accounts, in any status, as a dict by account ID of _member's dicts.

        AWS: GetMembers, in batches; ListMembers where that leaves open whether an account is one.
        """
        members: dict[str, dict[str, Any]] = {}
        unknown: set[str] = set()
        for batch in batches(account_ids):
            response = self._call("get_members", {"AccountIds": batch})
            members.update((found["AccountId"], _member(found)) for found in response.get("Members", []))
            left_out = response.get("UnprocessedAccounts", [])
            unknown.update(left["AccountId"] for left in left_out if not errors.is_no_member(left.get("ProcessingResult", "")))
        if unknown:
            members.update((found["account_id"], found) for found in self.list_members() if found["account_id"] in unknown)
        return members

    def list_members(self) -> list[dict[str, Any]]:
        """Return all members, in any status, as _member's dicts. AWS: ListMembers, all pages."""
        return [_member(found) for found in self._list("list_members", "Members", OnlyAssociated=False)]

    def create_members(self, emails: dict[str, str | None], doubt: Doubt) -> dict[str, errors.SecurityHubError]:
        """Create members, at most 50, from a dict of emails (or None) by account ID. Returns the errors by account ID. AWS: CreateMembers."""
        details = [{"AccountId": account_id, **({"Email": email} if email else {})} for account_id, email in emails.items()]
        return self._unprocessed("create_members", {"AccountDetails": details}, doubt)

    def invite_members(self, account_ids: list[str], doubt: Doubt) -> dict[str, errors.SecurityHubError]:
        """Invite created members, at most 50. Returns the errors by account ID. AWS: InviteMembers."""
        return self._unprocessed("invite_members", {"AccountIds": account_ids}, doubt)

    def disassociate_members(self, account_ids: list[str], doubt: Doubt) -> dict[str, errors.SecurityHubError]:
        """End the memberships of at most 50 accounts. Returns no errors by account: the service tells none. AWS: DisassociateMembers."""
        return self._unprocessed("disassociate_members", {"AccountIds": account_ids}, doubt)

    def delete_members(self, account_ids: list[str], doubt: Doubt) -> dict[str, errors.SecurityHubError]:
        """Delete at most 50 disassociated members. Returns the errors by account ID. AWS: DeleteMembers."""
        return self._unprocessed("delete_members", {"AccountIds": account_ids}, doubt)

    def describe_hub(self) -> dict[str, Any] | None:
        """Return the hub: a dict of hub_arn, subscribed_at, auto_enable_controls, control_finding_generator; None where it is off. AWS: DescribeHub."""
        try:
            found = self._call("describe_hub", {})
        except errors.SecurityHubError as e:
            if e.reason != errors.HUB_NOT_ENABLED:
                raise
            return None
        if not found:
            return None
        return {
            "hub_arn": found["HubArn"],
            "subscribed_at": found.get("SubscribedAt"),
            "auto_enable_controls": found.get("AutoEnableControls"),
            "control_finding_generator": found.get("ControlFindingGenerator"),
        }

    def enable_hub(self, settings: dict[str, Any], doubt: Doubt) -> None:
        """Enable the hub, with settings in AWS's spelling. AWS: EnableSecurityHub."""
        self._call("enable_security_hub", settings, doubt)

    def disable_hub(self, doubt: Doubt) -> None:
        """Disable the hub. AWS: DisableSecurityHub."""
        self._call("disable_security_hub", {}, doubt)

    def update_hub(self, settings: dict[str, Any], doubt: Doubt) -> None:
        """Change the hub's settings, in AWS's spelling. AWS: UpdateSecurityHubConfiguration."""
        self._call("update_security_hub_configuration", settings, doubt)

    def get_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource, as a dict. AWS: ListTagsForResource."""
        return self._call("list_tags_for_resource", {"ResourceArn": arn})["Tags"]

    def set_tags(self, arn: str, tags: dict[str, str], doubt: Doubt) -> None:
        """Set tags of a resource. AWS: TagResource."""
        self._call("tag_resource", {"ResourceArn": arn, "Tags": tags}, doubt)

    def remove_tags(self, arn: str, names: list[str], doubt: Doubt) -> None:
        """Remove tags of a resource. AWS: UntagResource."""
        self._call("untag_resource", {"ResourceArn": arn, "TagKeys": names}, doubt)

    def describe_standards(self) -> dict[str, dict[str, Any]]:
        """Return the standards that AWS offers: by name, their arn, provider ("AWS" or another cloud) and manager, None where that is Security Hub CSPM.

        AWS: DescribeStandards, all pages.
        """
        found = self._list("describe_standards", "Standards", LARGER_PAGE_SIZE)
        return {
            standard_name(standard["StandardsArn"]): {
                "arn": standard["StandardsArn"],
                "provider": standard.get("Provider") or "AWS",
                "manager": _other_manager(standard.get("StandardsManagedBy", {}).get("Product")),
            }
            for standard in found
        }

    def get_standards(self) -> list[dict[str, Any]]:
        """Return the standards that are enabled, in any status, as _subscription's dicts. AWS: GetEnabledStandards, all pages."""
        return [_subscription(found) for found in self._list("get_enabled_standards", "StandardsSubscriptions", LARGER_PAGE_SIZE)]

    def enable_standards(self, arns: list[str], doubt: Doubt) -> list[dict[str, Any]]:
        """Enable standards, at most 25. Returns them as _subscription's dicts. AWS: BatchEnableStandards."""
        response = self._call("batch_enable_standards", {"StandardsSubscriptionRequests": [{"StandardsArn": arn} for arn in arns]}, doubt)
        return [_subscription(found) for found in response["StandardsSubscriptions"]]

    def disable_standards(self, subscription_arns: list[str], doubt: Doubt) -> None:
        """Disable standards, at most 25. AWS: BatchDisableStandards."""
        self._call("batch_disable_standards", {"StandardsSubscriptionArns": subscription_arns}, doubt)

    def find_aggregator(self) -> dict[str, Any] | None:
        """Return the account's finding aggregator as far as every region knows it: a dict of arn and home_region; None where there is none.

        AWS: ListFindingAggregators, all pages.
        """
        for found in self._list("list_finding_aggregators", "FindingAggregators", LARGER_PAGE_SIZE):
            return {"arn": found["FindingAggregatorArn"], "home_region": _region_of(found["FindingAggregatorArn"])}
        return None

    def get_aggregator(self, arn: str) -> dict[str, Any]:
        """Return a finding aggregator, as _aggregator's dict; asked for in its home region. AWS: GetFindingAggregator."""
        return _aggregator(self._call("get_finding_aggregator", {"FindingAggregatorArn": arn}))

    def create_aggregator(self, settings: dict[str, Any], doubt: Doubt) -> dict[str, Any]:
        """Make this the home region, with settings in AWS's spelling. Returns _aggregator's dict. AWS: CreateFindingAggregator."""
        return _aggregator(self._call("create_finding_aggregator", settings, doubt))

    def update_aggregator(self, arn: str, settings: dict[str, Any], doubt: Doubt) -> dict[str, Any]:
        """Change which regions are linked, with settings in AWS's spelling. Returns _aggregator's dict. AWS: UpdateFindingAggregator."""
        return _aggregator(self._call("update_finding_aggregator", {"FindingAggregatorArn": arn, **settings}, doubt))

    def delete_aggregator(self, arn: str, doubt: Doubt) -> None:
        """Delete the finding aggregator. AWS: DeleteFindingAggregator."""
        self._call("delete_finding_aggregator", {"FindingAggregatorArn": arn}, doubt)


def standard_name(arn: str) -> str:
    """Return what names a standard in every region and partition: of its ARN what follows "standards/" or "ruleset/". A name is returned as it is."""
    return re.sub(r"^(arn:.*:)?(standards|ruleset)/", "", arn)


def _invitation(found: dict[str, Any]) -> dict[str, Any]:
    """Return an invitation or an administrator in the result's form."""
    return {
        "account_id": found["AccountId"],
        "invitation_id": found.get("InvitationId"),
        "invited_at": _time(found.get("InvitedAt")),
        "member_status": found.get("MemberStatus"),
    }


def _member(found: dict[str, Any]) -> dict[str, Any]:
    """Return a member in the result's form."""
    return {
        "account_id": found["AccountId"],
        "email": found.get("Email"),
        "administrator_id": found.get("AdministratorId") or found.get("MasterId"),
        "member_status": found.get("MemberStatus"),
        "invited_at": _time(found.get("InvitedAt")),
        "updated_at": _time(found.get("UpdatedAt")),
    }


def _other_manager(product: str | None) -> str | None:
    """Return the product that manages a standard, where it is not Security Hub CSPM itself, however that is spelled."""
    return None if "securityhub" in re.sub(r"[^a-z]", "", (product or "security hub").lower()) else product


def _subscription(found: dict[str, Any]) -> dict[str, Any]:
    """Return an enabled standard in the result's form."""
    return {
        "name": standard_name(found["StandardsArn"]),
        "arn": found["StandardsArn"],
        "subscription_arn": found["StandardsSubscriptionArn"],
        "status": found["StandardsStatus"],
        "status_reason": found.get("StandardsStatusReason", {}).get("StatusReasonCode"),
    }


def _aggregator(found: dict[str, Any]) -> dict[str, Any]:
    """Return a finding aggregator in the result's form."""
    return {
        "arn": found["FindingAggregatorArn"],
        "home_region": found.get("FindingAggregationRegion") or _region_of(found["FindingAggregatorArn"]),
        "linking_mode": (found.get("RegionLinkingMode") or "").lower() or None,
        "linked_regions": sorted(found.get("Regions") or []),
    }


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


def _time(found: datetime.datetime | None) -> str | None:
    return found.isoformat() if found else None
