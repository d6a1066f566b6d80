# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Security Hub calls, each once: current and older names, and "none" folded to None. Private to this collection.

Answers are in Ansible's spelling (snake_case, times as ISO 8601 strings); errors are SecurityHubError.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import TypeVar

from . import _errors as errors
from ._account import Account
from ._account import Location
from ._waiting import REFUSAL_TIMEOUT
from ._waiting import Poller

# Both the largest page that the service gives and the most accounts that it takes in a call
PAGE_SIZE = 50
# The largest page of standards and aggregators, and the most standards that one call enables or disables
LARGER_PAGE_SIZE = 100
STANDARDS_PER_CALL = 25

Item = TypeVar("Item")
# A client's method and its parameters
_Call = tuple[str, dict[str, Any]]

# How GetMembers says that an account is no member. Whatever else it says of one leaves that open
_IS_NO_MEMBER = re.compile(r"\bnot\b.*\b(member|associated|found|exist)|no such", re.IGNORECASE)

# Memberships that the service may still show, but that have ended.
ENDED = ("resigned", "removed", "deleted")


class SecurityHubApi:
    """Security Hub's calls as one account in one region.

    Every method raises SecurityHubError; throttling, server errors and lost connections have been retried before.
    """

    def __init__(self, account: Account, region: str) -> None:
        self._account = account
        self._region = region
        self._client = account.client(region)
        self._denied: dict[str, errors.SecurityHubError] = {}

    def in_region(self, region: str) -> SecurityHubApi:
        """The calls of the same account in another region."""
        return SecurityHubApi(self._account, region)

    @property
    def region(self) -> str:
        """Where calls are made."""
        return self._region

    @property
    def known_account_id(self) -> str | None:
        """The account's ID, or None where only a call would tell."""
        return self._account.known_account_id()

    def resolve_account_id(self) -> str | None:
        """The account's ID, or None where even STS can't tell. AWS: sts:GetCallerIdentity, unless it is known."""
        return self._account.resolve_account_id()

    def resolve_location(self) -> Location:
        """Where calls are made, for a message. AWS: as resolve_account_id."""
        return Location(self.resolve_account_id(), self._region)

    def get_administrator(self) -> dict[str, Any] | None:
        """This account's administrator: a dict of account_id, invitation_id, invited_at, member_status; None where there is none.

        AWS: GetAdministratorAccount, or GetMasterAccount where policies allow only that.
        """
        answer = self._either(("get_administrator_account", {}), ("get_master_account", {}), none_if=_says_no_administrator)
        found = answer.get("Administrator") or answer.get("Master") or {}
        if not found or found.get("MemberStatus", "").lower() in ENDED:
            return None
        return _invitation(found)

    def list_invitations(self) -> list[dict[str, Any]]:
        """All invitations that this account has received, as get_administrator's dicts. AWS: ListInvitations, all pages."""
        found = self._list("list_invitations", "Invitations", none_if=_says_no_such_resource)
        return [_invitation(invitation) for invitation in found]

    def accept(self, administrator_id: str, invitation_id: str) -> None:
        """AWS: AcceptAdministratorInvitation, or AcceptInvitation where policies allow only that."""
        self._either(
            ("accept_administrator_invitation", {"AdministratorId": administrator_id, "InvitationId": invitation_id}),
            ("accept_invitation", {"MasterId": administrator_id, "InvitationId": invitation_id}),
        )

    def leave_administrator(self) -> None:
        """AWS: DisassociateFromAdministratorAccount, or DisassociateFromMasterAccount where policies allow only that."""
        self._either(("disassociate_from_administrator_account", {}), ("disassociate_from_master_account", {}))

    def decline_invitation(self, administrator_id: str) -> None:
        """AWS: DeclineInvitations for this sender alone."""
        self._call_for_account("decline_invitations", administrator_id)

    def delete_invitation(self, administrator_id: str) -> None:
        """AWS: DeleteInvitations for this sender alone."""
        self._call_for_account("delete_invitations", administrator_id)

    def count_invitations(self) -> int:
        """How many invitations the account has received, declined ones too, but for the accepted one. AWS: GetInvitationsCount."""
        return self._call("get_invitations_count", {})["InvitationsCount"]

    def get_members(self, account_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The members among these accounts, in any status, as a dict by account ID of _member's dicts.

        AWS: GetMembers, in batches; ListMembers where that leaves open whether an account is one.
        """
        members: dict[str, dict[str, Any]] = {}
        unknown: set[str] = set()
        for batch in batches(account_ids):
            answer = self._call("get_members", {"AccountIds": batch}, none_if=_says_not_found)
            members.update((found["AccountId"], _member(found)) for found in answer.get("Members", []))
            unknown.update(left["AccountId"] for left in answer.get("UnprocessedAccounts", []) if not _IS_NO_MEMBER.search(left.get("ProcessingResult", "")))
        if unknown:
            members.update((found["account_id"], found) for found in self.list_members() if found["account_id"] in unknown)
        return members

    def list_members(self) -> list[dict[str, Any]]:
        """All members, in any status, as _member's dicts. AWS: ListMembers, all pages."""
        found = self._list("list_members", "Members", OnlyAssociated=False)
        return [_member(member) for member in found]

    def create_members(self, emails: dict[str, str | None]) -> dict[str, errors.SecurityHubError]:
        """Create members, at most 50, from a dict of emails (or None) by account ID. Returns the errors by account ID. AWS: CreateMembers."""
        details = [{"AccountId": account_id, **({"Email": email} if email else {})} for account_id, email in emails.items()]
        return self._unprocessed("create_members", {"AccountDetails": details})

    def invite_members(self, account_ids: list[str]) -> dict[str, errors.SecurityHubError]:
        """Invite created members, at most 50. Returns the errors by account ID. AWS: InviteMembers."""
        return self._unprocessed("invite_members", {"AccountIds": account_ids})

    def disassociate_members(self, account_ids: list[str]) -> dict[str, errors.SecurityHubError]:
        """End the memberships of at most 50 accounts. Returns no errors by account: the service tells none. AWS: DisassociateMembers."""
        return self._unprocessed("disassociate_members", {"AccountIds": account_ids})

    def delete_members(self, account_ids: list[str]) -> dict[str, errors.SecurityHubError]:
        """Delete at most 50 disassociated members. Returns the errors by account ID. AWS: DeleteMembers."""
        return self._unprocessed("delete_members", {"AccountIds": account_ids})

    def describe_hub(self) -> dict[str, Any] | None:
        """The hub: a dict of hub_arn, subscribed_at, auto_enable_controls, control_finding_generator; None where it is off. AWS: DescribeHub."""
        try:
            found = self._call("describe_hub", {}, none_if=_says_not_found)
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

    def enable_hub(self, settings: dict[str, Any]) -> None:
        """Enable the hub, with settings in AWS's spelling. AWS: EnableSecurityHub."""
        self._call("enable_security_hub", settings)

    def disable_hub(self) -> None:
        """AWS: DisableSecurityHub."""
        self._call("disable_security_hub", {})

    def update_hub(self, settings: dict[str, Any]) -> None:
        """Change the hub's settings, in AWS's spelling. AWS: UpdateSecurityHubConfiguration."""
        self._call("update_security_hub_configuration", settings)

    def get_tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource, as a dict. AWS: ListTagsForResource."""
        return self._call("list_tags_for_resource", {"ResourceArn": arn})["Tags"]

    def set_tags(self, arn: str, tags: dict[str, str]) -> None:
        """AWS: TagResource."""
        self._call("tag_resource", {"ResourceArn": arn, "Tags": tags})

    def remove_tags(self, arn: str, names: list[str]) -> None:
        """AWS: UntagResource."""
        self._call("untag_resource", {"ResourceArn": arn, "TagKeys": names})

    def describe_standards(self) -> dict[str, dict[str, Any]]:
        """The standards that there are: by name, their arn, provider ("AWS" or another cloud) and manager, None where that is Security Hub CSPM.

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
        """The standards that are enabled, in any status, as _subscription's dicts. AWS: GetEnabledStandards, all pages."""
        return [_subscription(found) for found in self._list("get_enabled_standards", "StandardsSubscriptions", LARGER_PAGE_SIZE)]

    def enable_standards(self, arns: list[str]) -> list[dict[str, Any]]:
        """Enable standards, at most 25. Returns them as _subscription's dicts. AWS: BatchEnableStandards."""
        answer = self._call("batch_enable_standards", {"StandardsSubscriptionRequests": [{"StandardsArn": arn} for arn in arns]})
        return [_subscription(found) for found in answer["StandardsSubscriptions"]]

    def disable_standards(self, subscription_arns: list[str]) -> None:
        """Disable standards, at most 25. AWS: BatchDisableStandards."""
        self._call("batch_disable_standards", {"StandardsSubscriptionArns": subscription_arns})

    def find_aggregator(self) -> dict[str, Any] | None:
        """The account's finding aggregator as far as every region knows it: a dict of arn and home_region; None where there is none.

        AWS: ListFindingAggregators, all pages.
        """
        for found in self._list("list_finding_aggregators", "FindingAggregators", LARGER_PAGE_SIZE, none_if=_says_not_found):
            return {"arn": found["FindingAggregatorArn"], "home_region": _region_of(found["FindingAggregatorArn"])}
        return None

    def get_aggregator(self, arn: str) -> dict[str, Any]:
        """A finding aggregator, as _aggregator's dict; asked for in its home region. AWS: GetFindingAggregator."""
        return _aggregator(self._call("get_finding_aggregator", {"FindingAggregatorArn": arn}))

    def create_aggregator(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Make this the home region, with settings in AWS's spelling. Returns _aggregator's dict. AWS: CreateFindingAggregator."""
        return _aggregator(self._call("create_finding_aggregator", settings))

    def update_aggregator(self, arn: str, settings: dict[str, Any]) -> dict[str, Any]:
        """Change which regions are linked, with settings in AWS's spelling. Returns _aggregator's dict. AWS: UpdateFindingAggregator."""
        return _aggregator(self._call("update_finding_aggregator", {"FindingAggregatorArn": arn, **settings}))

    def delete_aggregator(self, arn: str) -> None:
        """AWS: DeleteFindingAggregator."""
        self._call("delete_finding_aggregator", {"FindingAggregatorArn": arn})

    def _call_for_account(self, method: str, account_id: str) -> None:
        """A call that takes a list of accounts, for one: what it left unprocessed is an error."""
        for error in self._unprocessed(method, {"AccountIds": [account_id]}).values():
            raise error

    def _unprocessed(self, method: str, parameters: dict[str, Any]) -> dict[str, errors.SecurityHubError]:
        """A call that takes a list of accounts. Returns what it left unprocessed, as errors by account ID."""
        operation = _operation(method)
        answer = self._call(method, parameters)
        left_out = answer.get("UnprocessedAccounts", [])
        location, in_doubt = left_out and self.resolve_location(), errors.is_in_doubt(answer)
        return {left["AccountId"]: errors.unprocessed(operation, left["AccountId"], left.get("ProcessingResult"), location, in_doubt) for left in left_out}

    def _either(self, current: _Call, older: _Call, none_if: Callable[[Exception], bool] | None = None) -> dict[str, Any]:
        """The current call, or its older twin where IAM denies the current one: many policies know only the older name."""
        denied = self._denied.get(current[0])
        if denied is None:
            try:
                return self._call(*current, none_if=none_if)
            except errors.SecurityHubError as e:
                if e.reason != errors.ACCESS_DENIED:
                    raise
                denied = e
        try:
            answer = self._call(*older, none_if=none_if)
        except errors.SecurityHubError as e:
            # An attempt under the current name may have worked before that was denied
            e.in_doubt = denied.in_doubt = e.in_doubt or denied.in_doubt
            if e.reason != errors.ACCESS_DENIED:
                raise
            raise denied from e
        denied.in_doubt = False
        self._denied[current[0]] = denied
        return answer

    def _call(self, method: str, parameters: dict[str, Any], none_if: Callable[[Exception], bool] | None = None) -> dict[str, Any]:
        """One call; {} where none_if recognizes the exception as AWS's way to say "none"."""
        return self._settle_bad_requests(method, lambda: self._client.call(method, **parameters), none_if)

    def _list(
        self, method: str, items: str, page_size: int = PAGE_SIZE, none_if: Callable[[Exception], bool] | None = None, **parameters: Any
    ) -> list[dict[str, Any]]:
        """All pages of a list; [] where none_if recognizes the exception as AWS's way to say "none"."""
        return self._settle_bad_requests(method, lambda: self._client.list_all(method, items, MaxResults=page_size, **parameters), none_if) or []

    def _settle_bad_requests(self, method: str, call: Callable[[], Any], none_if: Callable[[Exception], bool] | None = None) -> Any:
        """Make a call and translate its errors; settle a BadRequestException, which means "hub is off" or "try again"."""
        poller = Poller(REFUSAL_TIMEOUT, first=0.5, slowest=8, jitter=True)
        in_doubt = False
        while True:
            try:
                answer = call()
                if in_doubt:
                    errors.note_doubt(answer)
                return answer
            except errors.FAILURES as e:
                if in_doubt:
                    errors.note_doubt(e)
                in_doubt = errors.is_in_doubt(e)
                if none_if and none_if(e):
                    return {}
                if errors.aws_code(e) != "BadRequestException":
                    raise self._explain(e, _iam_actions(_operation(method))) from e
                if method != "enable_security_hub":
                    self._require_hub(e)
                if not poller.wait():
                    raise self._explain(e) from e

    def _explain(self, exception: Exception, actions: Sequence[str] = ()) -> errors.SecurityHubError:
        return self._account.explain(exception, self._region, actions)

    def _require_hub(self, bad_request: Exception) -> None:
        """Raise hub_not_enabled for a BadRequestException unless DescribeHub shows that the hub is on. AWS: DescribeHub.

        Where DescribeHub itself fails, and not for that reason nor for want of permission, its own error is raised.
        """
        try:
            self._client.call("describe_hub")
        except errors.FAILURES as e:
            answer = self._explain(e)
            if answer.reason == errors.ACCESS_DENIED:
                why = "Security Hub CSPM is probably not enabled (securityhub:DescribeHub, which would tell, is denied)"
            elif answer.reason == errors.HUB_NOT_ENABLED or answer.code in ("ResourceNotFoundException", "BadRequestException"):
                why = "Security Hub CSPM is not enabled"
            else:
                raise answer from e
            error = self._explain(bad_request)
            raise error.with_reason(
                errors.HUB_NOT_ENABLED,
                f"{why} in {self.resolve_location()}: {error.operation} answered {error.code}. {errors.ADVICE[errors.HUB_NOT_ENABLED]}",
            ) from e


def _says_no_administrator(exception: Exception) -> bool:
    """Whether an exception of GetAdministratorAccount is one of the ways in which AWS says that there is none."""
    is_bad_request = errors.aws_code(exception) == "BadRequestException"
    return _says_not_found(exception) or _says_no_such_resource(exception) or (is_bad_request and "not associated" in errors.aws_message(exception).lower())


def _says_no_such_resource(exception: Exception) -> bool:
    """Whether an exception looks like IAM's, and is AWS's way to say that there is nothing of the kind."""
    return errors.aws_code(exception) == "AccessDeniedException" and "no such resource found" in errors.aws_message(exception).lower()


def _says_not_found(exception: Exception) -> bool:
    """Whether an exception is AWS's way to say that there is nothing of the kind."""
    return errors.aws_code(exception) == "ResourceNotFoundException"


def batches(items: Iterable[Item], size: int = PAGE_SIZE) -> list[list[Item]]:
    """The items in lists that one call takes."""
    items = list(items)
    return [items[start : start + size] for start in range(0, len(items), size)]


def standard_name(arn: str) -> str:
    """What names a standard in every region and partition: of its ARN what follows "standards/" or "ruleset/". A name is returned as it is."""
    return re.sub(r"^(arn:.*:)?(standards|ruleset)/", "", arn)


def _invitation(found: dict[str, Any]) -> dict[str, Any]:
    """An invitation or an administrator in the result's form."""
    return {
        "account_id": found["AccountId"],
        "invitation_id": found.get("InvitationId"),
        "invited_at": _time(found.get("InvitedAt")),
        "member_status": found.get("MemberStatus"),
    }


def _member(found: dict[str, Any]) -> dict[str, Any]:
    """A member in the result's form."""
    return {
        "account_id": found["AccountId"],
        "email": found.get("Email"),
        "administrator_id": found.get("AdministratorId") or found.get("MasterId"),
        "member_status": found.get("MemberStatus"),
        "invited_at": _time(found.get("InvitedAt")),
        "updated_at": _time(found.get("UpdatedAt")),
    }


def _other_manager(product: str | None) -> str | None:
    """The product that manages a standard, where it is not Security Hub CSPM itself, however that is spelled."""
    return None if "securityhub" in re.sub(r"[^a-z]", "", (product or "security hub").lower()) else product


def _subscription(found: dict[str, Any]) -> dict[str, Any]:
    """An enabled standard in the result's form."""
    return {
        "name": standard_name(found["StandardsArn"]),
        "arn": found["StandardsArn"],
        "subscription_arn": found["StandardsSubscriptionArn"],
        "status": found["StandardsStatus"],
        "status_reason": found.get("StandardsStatusReason", {}).get("StatusReasonCode"),
    }


def _aggregator(found: dict[str, Any]) -> dict[str, Any]:
    """A finding aggregator in the result's form."""
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


_OLDER_ACTION = {
    "GetAdministratorAccount": "GetMasterAccount",
    "AcceptAdministratorInvitation": "AcceptInvitation",
    "DisassociateFromAdministratorAccount": "DisassociateFromMasterAccount",
}


def _operation(method: str) -> str:
    """The AWS name of a client's method."""
    return "".join(word.capitalize() for word in method.split("_"))


def _iam_actions(operation: str) -> list[str]:
    """The IAM actions any of which allows an operation."""
    return [f"securityhub:{name}" for name in (operation, _OLDER_ACTION.get(operation)) if name]
