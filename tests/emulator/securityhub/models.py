# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SecurityHubBackend class with methods for the membership APIs that moto lacks."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.base_backend import BackendDict
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.securityhub.models import SecurityHubBackend as MotoSecurityHubBackend
from moto.utilities.paginator import paginate
from moto.utilities.utils import get_partition

from .exceptions import AccessDeniedException
from .exceptions import BadRequestException
from .exceptions import HubNotEnabledException
from .exceptions import InvalidAccessException
from .exceptions import InvalidInputException
from .exceptions import LimitExceededException
from .exceptions import NoHubToDescribeException
from .exceptions import ResourceConflictException
from .exceptions import ResourceNotFoundException
from .finding_aggregators import FindingAggregator
from .settings import settings
from .standards import Standards

ACCOUNTS_PER_CALL = 50
ACCOUNT_ID = re.compile(r"[0-9]{12}")
TAGS_OF_A_RESOURCE = 50

INVALID_ACCOUNT_ID = "The request is rejected because the given account ID is not valid."
OWN_ACCOUNT_ID = "The request is rejected because the given account ID is the ID of the current account."
ALREADY_A_MEMBER = "The request is rejected because the given account ID is already a member or associated member of the current account."
NOT_A_MEMBER = "The request is rejected because the given account ID is not a member of the current account."
NOT_DISASSOCIATED = "The request is rejected because the given account ID is an associated member. Disassociate it before you delete it."
IN_ORGANIZATION = "The request is rejected because the given account is managed through AWS Organizations."
NO_SUCH_RESOURCE = "The request is rejected since no such resource found"
NOT_THE_SENDER = "The request is rejected because only the account that has sent an invitation can delete it."

# How calls are refused that the service is not known to refuse in one way only: see the settings
REFUSALS = {error.code: error for error in (InvalidInputException, InvalidAccessException, AccessDeniedException, LimitExceededException)}


def now() -> str:
    return iso_8601_datetime_with_milliseconds()


def is_account_id(value: Any) -> bool:
    return isinstance(value, str) and ACCOUNT_ID.fullmatch(value) is not None


def listed(status: str) -> str:
    """A member's status as the service shows it."""
    return settings.accepted_status if status == "Enabled" else status


def unprocessed(account_id: Any, reason: str) -> dict[str, str]:
    return {"AccountId": str(account_id), "ProcessingResult": reason}


@dataclass
class Member:
    """An account on an administrator's list."""

    account_id: str
    administrator_id: str
    email: str | None = None
    status: str = "Created"
    invited_at: str | None = None
    updated_at: str = field(default_factory=now)
    organization: bool = False

    def set_status(self, status: str) -> None:
        self.status = status
        self.updated_at = now()

    def as_dict(self) -> dict[str, Any]:
        member = {
            "AccountId": self.account_id,
            # Of an account of the organization, none was recorded
            "Email": None if self.organization else self.email,
            "MasterId": self.administrator_id,
            "AdministratorId": self.administrator_id,
            "MemberStatus": listed(self.status),
            "InvitedAt": self.invited_at,
            "UpdatedAt": self.updated_at,
        }
        return {key: value for key, value in member.items() if value is not None}


@dataclass
class Invitation:
    """An invitation as the invited account keeps it, until it deletes it or its sender takes it back."""

    account_id: str  # the sender
    status: str = "Invited"
    declined: bool = False
    invitation_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    invited_at: str = field(default_factory=now)

    def as_dict(self) -> dict[str, Any]:
        return {
            "AccountId": self.account_id,
            "InvitationId": self.invitation_id,
            "InvitedAt": self.invited_at,
            "MemberStatus": listed(self.status),
        }


@dataclass
class Administrator:
    """The administrator that an account has. Of one that came through AWS Organizations, nothing about an invitation was recorded."""

    account_id: str
    invited_at: str
    invitation_id: str | None = None
    organization: bool = False

    def as_dict(self) -> dict[str, Any]:
        administrator = {"AccountId": self.account_id, "MemberStatus": listed("Enabled")}
        if self.invitation_id:
            administrator.update(InvitationId=self.invitation_id, InvitedAt=self.invited_at)
        return administrator


class SecurityHubBackend(MotoSecurityHubBackend):
    """Implementation of the SecurityHub APIs that deal with hubs, members and invitations."""

    PAGINATION_MODEL = {
        **MotoSecurityHubBackend.PAGINATION_MODEL,
        "list_members": {
            "input_token": "next_token",
            "limit_key": "max_results",
            "limit_default": 50,
            "unique_attribute": "AccountId",
            "fail_on_invalid_token": InvalidInputException,
        },
        "list_invitations": {
            "input_token": "next_token",
            "limit_key": "max_results",
            "limit_default": 50,
            "unique_attribute": "InvitationId",
            "fail_on_invalid_token": InvalidInputException,
        },
        "describe_standards": {
            "input_token": "next_token",
            "limit_key": "max_results",
            "limit_default": 100,
            "unique_attribute": "StandardsArn",
            "fail_on_invalid_token": InvalidInputException,
        },
        "get_enabled_standards": {
            "input_token": "next_token",
            "limit_key": "max_results",
            "limit_default": 100,
            "unique_attribute": "StandardsSubscriptionArn",
            "fail_on_invalid_token": InvalidInputException,
        },
        "list_finding_aggregators": {
            "input_token": "next_token",
            "limit_key": "max_results",
            "limit_default": 100,
            "unique_attribute": "FindingAggregatorArn",
            "fail_on_invalid_token": InvalidInputException,
        },
    }

    def __init__(self, region_name: str, account_id: str):
        super().__init__(region_name, account_id)
        self.tags: dict[str, str] = {}
        self.auto_enable_controls = True
        self.control_finding_generator = "SECURITY_CONTROL"
        self.standards = Standards(self.partition, region_name, account_id)
        self.aggregator: FindingAggregator | None = None  # where this is the home region
        self.members: dict[str, Member] = {}
        self.invitations: dict[str, Invitation] = {}
        self.administrator: Administrator | None = None
        self.organization_accounts: set[str] = set()  # of the organization whose delegated administrator this account is

    def _backend_of(self, account_id: str) -> SecurityHubBackend:
        return securityhub_backends[account_id][self.region_name]

    def _require_hub(self, recorded: Exception | None = None) -> None:
        """recorded: how the service was recorded to refuse this call, where that is not how it refuses the others."""
        if self.enabled:
            return
        if settings.hub_off_answer == "BadRequestException":
            raise BadRequestException("")
        if recorded and settings.hub_off_answer == "recorded":
            raise recorded
        raise HubNotEnabledException(self.account_id)

    # The hub

    @property
    def hub_arn(self) -> str:
        return f"arn:{self.partition}:securityhub:{self.region_name}:{self.account_id}:hub/default"

    def enable_security_hub(
        self,
        enable_default_standards: bool = True,
        tags: dict[str, str] | None = None,
        control_finding_generator: str | None = None,
    ) -> dict[str, Any]:
        if self.enabled:
            raise ResourceConflictException("Account is already subscribed to Security Hub")
        super().enable_security_hub(enable_default_standards=enable_default_standards, tags=dict(tags or {}))
        self.enabled_at = now()
        self.auto_enable_controls = True
        self.control_finding_generator = control_finding_generator or "SECURITY_CONTROL"
        if enable_default_standards:
            self.standards.enable_defaults()
        return {}

    def disable_security_hub(self) -> dict[str, Any]:
        """An administrator can't; the account of a member stops being one."""
        self._require_hub()
        if any(member.status == "Enabled" or (member.status != "Deleted" and settings.hub_in_use_by == "any") for member in self.members.values()):
            raise REFUSALS[settings.hub_in_use_answer]("Cannot disable Security Hub on the Security Hub administrator")
        if self.administrator and self.administrator.organization:
            raise AccessDeniedException(self._managed_by_organization())
        if self.administrator:
            self._leave_administrator(self.administrator)
        self.standards.clear()
        self.aggregator = None
        self.tags = {}
        return super().disable_security_hub()

    def describe_hub(self, hub_arn: str | None = None) -> dict[str, Any]:
        self._require_hub(NoHubToDescribeException(self.account_id))
        if hub_arn and hub_arn != self.hub_arn:
            raise ResourceNotFoundException(f"The request was rejected because no hub was found with ARN {hub_arn}.")
        return {
            "HubArn": self.hub_arn,
            "SubscribedAt": self.enabled_at,
            "AutoEnableControls": self.auto_enable_controls,
            "ControlFindingGenerator": self.control_finding_generator,
        }

    def update_security_hub_configuration(
        self,
        auto_enable_controls: bool | None = None,
        control_finding_generator: str | None = None,
    ) -> None:
        self._require_hub()
        if auto_enable_controls is not None:
            self.auto_enable_controls = auto_enable_controls
        if control_finding_generator:
            self.control_finding_generator = control_finding_generator

    # Standards

    @paginate(pagination_model=PAGINATION_MODEL)
    def describe_standards(self, providers: list[str] | None = None) -> list[dict[str, Any]]:
        self._require_hub()
        return self.standards.describe(providers)

    @paginate(pagination_model=PAGINATION_MODEL)
    def get_enabled_standards(self, subscription_arns: list[str] | None = None, providers: list[str] | None = None) -> list[dict[str, Any]]:
        self._require_hub()
        return self.standards.enabled(subscription_arns, providers)

    def batch_enable_standards(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self._require_hub()
        return self.standards.enable(requests)

    def batch_disable_standards(self, subscription_arns: list[str]) -> list[dict[str, Any]]:
        self._require_hub()
        return self.standards.disable(subscription_arns)

    # Cross-Region aggregation

    def _aggregator_of_account(self) -> FindingAggregator | None:
        """The only one, in whatever region."""
        backends = securityhub_backends[self.account_id].values()
        return next((backend.aggregator for backend in backends if backend.aggregator and backend.partition == self.partition), None)

    def _find_aggregator(self, arn: str) -> FindingAggregator:
        aggregator = self._aggregator_of_account()
        if not aggregator or aggregator.arn != arn:
            raise ResourceNotFoundException(f"The request was rejected because no finding aggregator was found with ARN {arn}.")
        return aggregator

    def _aggregator_at_home(self, arn: str) -> FindingAggregator:
        aggregator = self._find_aggregator(arn)
        if aggregator is not self.aggregator:
            raise InvalidInputException(
                f"The request is rejected because it is made from another Region than the aggregation Region, {aggregator.home_region}."
            )
        return aggregator

    def _require_no_administrator(self, action: str) -> None:
        if self.administrator:
            kind = "member account of an organization" if self.administrator.organization else "member account"
            raise REFUSALS[settings.member_aggregator_answer](f"A finding aggregator cannot be {action} by a {kind}.")

    def _link(self, aggregator: FindingAggregator, mode: str, regions: list[str] | None) -> None:
        known = (region for region in securityhub_backends[self.account_id].regions if get_partition(region) == self.partition)
        aggregator.link(mode, regions, set(known))

    def create_finding_aggregator(self, mode: str, regions: list[str] | None = None) -> dict[str, Any]:
        self._require_hub()
        self._require_no_administrator("created")
        aggregator = FindingAggregator(self.account_id, self.region_name, self.partition)
        self._link(aggregator, mode, regions)
        if self._aggregator_of_account():
            raise REFUSALS[settings.second_aggregator_answer]("The request is rejected because the current account already has a finding aggregator.")
        self.aggregator = aggregator
        return aggregator.as_dict()

    def get_finding_aggregator(self, arn: str) -> dict[str, Any]:
        self._require_hub()
        aggregator = self._find_aggregator(arn)
        if aggregator is not self.aggregator:
            raise ResourceNotFoundException(f"The request was rejected because no finding aggregator was found with ARN {arn} in {self.region_name}.")
        return aggregator.as_dict()

    def update_finding_aggregator(self, arn: str, mode: str, regions: list[str] | None = None) -> dict[str, Any]:
        self._require_hub()
        self._require_no_administrator("updated")
        aggregator = self._aggregator_at_home(arn)
        self._link(aggregator, mode, regions)
        return aggregator.as_dict()

    def delete_finding_aggregator(self, arn: str) -> None:
        self._require_hub()
        self._aggregator_at_home(arn)
        self.aggregator = None

    @paginate(pagination_model=PAGINATION_MODEL)
    def list_finding_aggregators(self) -> list[dict[str, Any]]:
        self._require_hub()
        aggregator = self._aggregator_of_account()
        return [{"FindingAggregatorArn": aggregator.arn}] if aggregator else []

    # Tags

    def _require_resource(self, resource_arn: str) -> None:
        if not self.enabled or resource_arn != self.hub_arn:
            raise ResourceNotFoundException(f"The request was rejected because no resource was found with ARN {resource_arn}.")

    def tag_resource(self, resource_arn: str, tags: dict[str, str]) -> None:
        self._require_resource(resource_arn)
        if len({**self.tags, **tags}) > TAGS_OF_A_RESOURCE:
            raise InvalidInputException(f"Invalid parameter value for Tags: a resource can have {TAGS_OF_A_RESOURCE}.")
        self.tags.update(tags)

    def untag_resource(self, resource_arn: str, tag_keys: list[str]) -> None:
        self._require_resource(resource_arn)
        self._check_unique("TagKeys", tag_keys)
        for key in tag_keys:
            self.tags.pop(key, None)

    def list_tags_for_resource(self, resource_arn: str) -> dict[str, str]:
        self._require_resource(resource_arn)
        return self.tags

    # The administrator's side

    def _require_administrator(self) -> None:
        self._require_hub()
        if self.administrator:
            raise InvalidAccessException(
                f"The account doesn't have permission to perform this action: it is a member of administrator account {self.administrator.account_id}"
            )

    @staticmethod
    def _check_unique(name: str, values: list[str]) -> None:
        if len(set(values)) < len(values):
            raise InvalidInputException(f"Invalid parameter value for {name}: the same value stands there more than once.")

    def _check_account_ids(self, name: str, account_ids: list[str]) -> None:
        if not 1 <= len(account_ids) <= ACCOUNTS_PER_CALL:
            raise InvalidInputException(f"Invalid parameter value for {name}: a list of 1 to {ACCOUNTS_PER_CALL} is expected.")
        self._check_unique(name, account_ids)

    def create_members(self, account_details: list[dict[str, str]]) -> list[dict[str, str]]:
        self._require_administrator()
        self._check_account_ids("AccountDetails", [details["AccountId"] for details in account_details])
        failed = []
        for details in account_details:
            account_id = details["AccountId"]
            reason = self._reason_not_to_create(account_id)
            if reason:
                failed.append(unprocessed(account_id, reason))
            else:
                self.members[account_id] = Member(account_id, self.account_id, details.get("Email"))
                if account_id in self.organization_accounts:
                    self._take_in(self.members[account_id])
        return failed

    def _take_in(self, member: Member) -> None:
        """A member of the administrator's own organization needs no invitation: its hub is enabled, and it is in force."""
        member.organization = True
        other = self._backend_of(member.account_id)
        if settings.organization_members == "Created" or other.administrator:
            return
        if not other.enabled:
            other.enable_security_hub()
        other.administrator = Administrator(self.account_id, now(), organization=True)
        member.set_status("Enabled")

    def _reason_not_to_create(self, account_id: Any) -> str | None:
        if not is_account_id(account_id):
            return INVALID_ACCOUNT_ID
        if account_id == self.account_id:
            return OWN_ACCOUNT_ID
        if account_id in self.members and self.members[account_id].status != "Deleted":
            return ALREADY_A_MEMBER
        if len(self.members) >= settings.max_members:
            raise LimitExceededException(f"The request is rejected because it would exceed the limit of {settings.max_members} members.")
        return None

    def get_members(self, account_ids: list[str]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
        self._require_hub()
        self._check_account_ids("AccountIds", account_ids)
        members, failed = [], []
        for account_id in account_ids:
            reason = self._reason_not_a_member(account_id)
            if reason:
                failed.append(unprocessed(account_id, reason))
            else:
                members.append(self.members[account_id].as_dict())
        return members, failed

    def _reason_not_a_member(self, account_id: Any) -> str | None:
        if not is_account_id(account_id):
            return INVALID_ACCOUNT_ID
        return None if account_id in self.members else NOT_A_MEMBER

    @paginate(pagination_model=PAGINATION_MODEL)
    def list_members(self, only_associated: bool | None = None) -> list[dict[str, Any]]:
        self._require_hub(BadRequestException(f"{NO_SUCH_RESOURCE}."))
        return [member.as_dict() for member in self.members.values() if member.status == "Enabled" or only_associated is False]

    def invite_members(self, account_ids: list[str]) -> list[dict[str, str]]:
        self._require_administrator()
        self._check_account_ids("AccountIds", account_ids)
        reasons = {account_id: self._reason_not_to_invite(account_id) for account_id in account_ids}
        self._check_organization(reasons)
        accepted = [account_id for account_id, reason in reasons.items() if not reason]
        self._check_invitations(accepted)
        for account_id in accepted:
            self.invite(self.members[account_id])
        return [unprocessed(account_id, reason) for account_id, reason in reasons.items() if reason]

    @staticmethod
    def _check_organization(reasons: dict[str, str | None]) -> None:
        """Whether a call may be made for these accounts at all, where not every one of them is looked at by itself."""
        if IN_ORGANIZATION in reasons.values() and settings.organization_refusals == "calls":
            raise InvalidInputException(IN_ORGANIZATION)

    def _check_invitations(self, account_ids: list[str]) -> None:
        """Whether these accounts can be invited beside those that have not answered yet."""
        outstanding = {account_id for account_id, member in self.members.items() if member.status == "Invited"}
        if len(outstanding.union(account_ids)) > settings.max_invitations:
            raise LimitExceededException(f"The request is rejected because it would exceed the maximum number of invitations, {settings.max_invitations}.")

    def _reason_not_to_invite(self, account_id: Any) -> str | None:
        reason = self._reason_not_a_member(account_id)
        if reason:
            return reason
        if self.members[account_id].status == "Deleted":
            return NOT_A_MEMBER
        if self.members[account_id].status == "Enabled":
            return ALREADY_A_MEMBER
        administrator = self._backend_of(account_id).administrator
        if self.members[account_id].organization or (administrator and administrator.organization):
            return IN_ORGANIZATION
        return None

    def invite(self, member: Member) -> None:
        """Every invitation is a new one, with a new ID; one sent before by the same administrator is no longer valid."""
        invitation = Invitation(self.account_id)
        other = self._backend_of(member.account_id)
        if not (other.administrator and settings.other_invitations == "dropped"):
            other.receive(invitation)
        member.invited_at = invitation.invited_at
        member.set_status("Invited")

    def receive(self, invitation: Invitation) -> None:
        self.invitations.pop(invitation.account_id, None)  # so that the new one is listed last
        self.invitations[invitation.account_id] = invitation

    def disassociate_members(self, account_ids: list[str]) -> None:
        self._require_hub()
        self._check_account_ids("AccountIds", account_ids)
        if not all(is_account_id(account_id) for account_id in account_ids):
            raise InvalidInputException(INVALID_ACCOUNT_ID)
        for account_id in account_ids:
            member = self.members.get(account_id)
            if member and member.status != "Deleted":
                self._forget_me_at(account_id)
                member.set_status("Removed")

    def _forget_me_at(self, account_id: str) -> None:
        """Take back the invitation, and end the association, at the other end."""
        other = self._backend_of(account_id)
        other.invitations.pop(self.account_id, None)
        if other.administrator and other.administrator.account_id == self.account_id:
            other.administrator = None

    def delete_members(self, account_ids: list[str]) -> list[dict[str, str]]:
        self._require_hub()
        self._check_account_ids("AccountIds", account_ids)
        reasons = {account_id: self._reason_not_to_delete(account_id) for account_id in account_ids}
        self._check_organization(reasons)
        for account_id, reason in reasons.items():
            if not reason:
                self._delete_member(account_id)
        return [unprocessed(account_id, reason) for account_id, reason in reasons.items() if reason]

    def _reason_not_to_delete(self, account_id: Any) -> str | None:
        reason = self._reason_not_a_member(account_id)
        if reason:
            return reason
        if self.members[account_id].organization:
            return IN_ORGANIZATION
        return NOT_DISASSOCIATED if self.members[account_id].status == "Enabled" else None

    def _delete_member(self, account_id: str) -> None:
        self._forget_me_at(account_id)
        if settings.deleted_members == "gone":
            del self.members[account_id]
        else:
            self.members[account_id].set_status("Deleted")

    # The member's side

    def get_administrator_account(self) -> dict[str, Any]:
        self._require_hub()
        if self.administrator:
            return {"Administrator": self.administrator.as_dict()}
        if settings.no_administrator_answer == "ResourceNotFoundException":
            raise ResourceNotFoundException("The request is rejected because the administrator account was not found.")
        if settings.no_administrator_answer == "AccessDeniedException":
            raise AccessDeniedException(NO_SUCH_RESOURCE)
        if settings.no_administrator_answer == "BadRequestException":
            raise BadRequestException("The request is rejected because the account is not associated with an administrator account.")
        return {}

    def accept_administrator_invitation(self, administrator_id: str, invitation_id: str) -> None:
        self._require_hub()
        if not is_account_id(administrator_id) or administrator_id == self.account_id:
            raise InvalidInputException("The request is rejected because the administrator ID or the invitation ID is not valid.")
        if self.administrator and self.administrator.account_id != administrator_id:
            raise InvalidInputException(
                f"The request is rejected because the current account is already associated with administrator account {self.administrator.account_id}."
            )
        if any(member.status == "Enabled" for member in self.members.values()):
            raise InvalidInputException("The request is rejected because the current account is an administrator account with members.")
        self._accept(self._find_invitation(administrator_id, invitation_id))

    def _find_invitation(self, administrator_id: str, invitation_id: str) -> Invitation:
        invitation = self.invitations.get(administrator_id)
        refused = invitation and invitation.declined and settings.declined_invitations == "refused"
        if not invitation or refused or invitation.invitation_id != invitation_id or self.administrator:
            raise ResourceNotFoundException("The request is rejected because the invitation was not found.")
        return invitation

    def _accept(self, invitation: Invitation) -> None:
        invitation.status = "Enabled"
        invitation.declined = False
        self.administrator = Administrator(invitation.account_id, invitation.invited_at, invitation.invitation_id)
        member = self._member_at(invitation.account_id)
        if member:
            member.set_status("Enabled")

    def _member_at(self, administrator_id: str) -> Member | None:
        """This account on the administrator's list."""
        return self._backend_of(administrator_id).members.get(self.account_id)

    def disassociate_from_administrator_account(self) -> None:
        self._require_hub()
        if not self.administrator:
            raise ResourceNotFoundException("The request is rejected because the current account has no administrator account.")
        if self.administrator.organization:
            raise AccessDeniedException(self._managed_by_organization())
        self._leave_administrator(self.administrator)

    def _managed_by_organization(self) -> str:
        return (
            f"The request is rejected because account {self.account_id} is managed through AWS Organizations. "
            "Only the administrator account can disassociate it."
        )

    def _leave_administrator(self, administrator: Administrator) -> None:
        """The invitation remains, and can be accepted again."""
        self.administrator = None
        self._resign(administrator.account_id)

    def _resign(self, administrator_id: str) -> None:
        invitation = self.invitations.get(administrator_id)
        if invitation and not (invitation.declined and settings.declined_status == "Invited"):
            invitation.status = "Resigned"
        member = self._member_at(administrator_id)
        if member:
            member.set_status("Resigned")

    @paginate(pagination_model=PAGINATION_MODEL)
    def list_invitations(self) -> list[dict[str, Any]]:
        self._require_hub()
        invitations = [
            invitation.as_dict() for invitation in self._visible_invitations() if invitation.status != "Enabled" or settings.accepted_invitations == "listed"
        ]
        if not invitations and settings.no_invitations_answer == "AccessDeniedException":
            raise AccessDeniedException(NO_SUCH_RESOURCE)
        return invitations

    def _visible_invitations(self) -> list[Invitation]:
        invitations = list(self.invitations.values())
        if not self.administrator or settings.other_invitations != "hidden":
            return invitations
        return [invitation for invitation in invitations if invitation.account_id == self.administrator.account_id]

    def get_invitations_count(self) -> int:
        """All invitations but the accepted one, declined ones too."""
        self._require_hub()
        return sum(1 for invitation in self._visible_invitations() if invitation.status != "Enabled")

    def decline_invitations(self, account_ids: list[str]) -> list[dict[str, str]]:
        return self._for_each_invitation(account_ids, self._decline)

    def _decline(self, invitation: Invitation) -> None:
        invitation.declined = True
        self._resign(invitation.account_id)

    def delete_invitations(self, account_ids: list[str]) -> list[dict[str, str]]:
        """Invited accounts delete what they have received; where only administrators may, those delete what they have sent."""
        if settings.delete_invitations == "allowed":
            return self._for_each_invitation(account_ids, self._delete_invitation)
        self._require_hub()
        self._check_account_ids("AccountIds", account_ids)
        received = [account_id for account_id in account_ids if account_id in self.invitations]
        if received and settings.delete_invitations != "UnprocessedAccounts":
            raise REFUSALS[settings.delete_invitations](NOT_THE_SENDER)
        failed = []
        for account_id in account_ids:
            if account_id in received:
                failed.append(unprocessed(account_id, NOT_THE_SENDER))
            elif account_id not in self.members:
                failed.append(unprocessed(account_id, NO_SUCH_RESOURCE))
            else:
                self._backend_of(account_id).invitations.pop(self.account_id, None)
        return failed

    def _delete_invitation(self, invitation: Invitation) -> None:
        del self.invitations[invitation.account_id]

    def _for_each_invitation(self, account_ids: list[str], do: Any) -> list[dict[str, str]]:
        """Declining and deleting take the IDs of the senders. An invitation that is in use can't be taken away."""
        self._require_hub()
        self._check_account_ids("AccountIds", account_ids)
        failed = []
        for account_id in account_ids:
            if not is_account_id(account_id):
                failed.append(unprocessed(account_id, INVALID_ACCOUNT_ID))
            elif account_id not in self.invitations:
                failed.append(unprocessed(account_id, NO_SUCH_RESOURCE))
            elif self.invitations[account_id].status == "Enabled":
                failed.append(unprocessed(account_id, ALREADY_A_MEMBER))
            else:
                do(self.invitations[account_id])
        return failed


class SecurityHubBackends(BackendDict[SecurityHubBackend]):
    """By account and region: the regions that botocore knows, and others that are added."""

    def __init__(self) -> None:
        self._added: list[str] = []
        super().__init__(SecurityHubBackend, "securityhub", additional_regions=self._added)

    def add_region(self, region: str) -> None:
        """Have a region that botocore has never heard of in all accounts. clear() takes it away again."""
        if region not in self[DEFAULT_ACCOUNT_ID]:
            self._added.append(region)
            for backends in self.values():
                backends.regions.append(region)

    def clear(self) -> None:
        super().clear()
        self._added.clear()


securityhub_backends = SecurityHubBackends()
