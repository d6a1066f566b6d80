# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the real service is seen to do in more than one way: which of the ways this one does."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass
class Settings:
    """One attribute for each choice; the comment beside it lists the values."""

    no_administrator_answer: str = "empty"  # empty, ResourceNotFoundException, AccessDeniedException, BadRequestException
    no_invitations_answer: str = "empty"  # of ListInvitations: empty, AccessDeniedException
    # Where the hub is off: recorded, in the words that were recorded of each call; the same InvalidAccessException for all calls; an empty BadRequestException
    hub_off_answer: str = "recorded"  # recorded, InvalidAccessException, BadRequestException
    empty_values: str = "sent"  # lists and maps that are empty, of Security Hub's answers: sent, left_out
    accepted_invitations: str = "listed"  # listed, hidden
    accepted_status: str = "Enabled"  # Enabled; Associated, as in older regions
    declined_invitations: str = "acceptable"  # acceptable, refused
    declined_status: str = "Resigned"  # Resigned; Invited: declining does not change what is listed
    # Whether an invited account may delete an invitation: it may, or how the service says that only administrators may
    delete_invitations: str = "allowed"  # allowed, UnprocessedAccounts, InvalidInputException, InvalidAccessException, AccessDeniedException
    # What becomes of an invitation from another administrator while the account has one: it is delivered, is hidden for as long, or
    # never arrives; the sender's list says Invited anyway
    other_invitations: str = "delivered"  # delivered, hidden, dropped
    organization_members: str = "Enabled"  # what an account of the administrator's organization is once created: Enabled, Created
    organization_refusals: str = "accounts"  # InviteMembers and DeleteMembers leave such accounts unprocessed, or refuse the whole call: accounts, calls
    deleted_members: str = "gone"  # gone, listed
    hub_in_use_by: str = "any"  # which members keep an administrator from disabling its hub: any on its list, enabled
    hub_in_use_answer: str = "InvalidInputException"  # InvalidInputException, InvalidAccessException, AccessDeniedException
    standards_fields: str = "newest"  # newest; older: without Provider and StandardsManagedBy
    standards_delay: float = 0  # for how many seconds a standard is PENDING once it is enabled, and DELETING once it is disabled
    standards_end: str = "READY"  # how that ends for standards that are enabled from now on: READY; FAILED, with INTERNAL_ERROR
    config_recorder: str = "on"  # whether AWS Config records, without which standards are INCOMPLETE, where no seed says it of an account: on, off
    standards_managed: str = "by_account"  # by_account; centrally: BatchEnableStandards and BatchDisableStandards are the administrator's
    # What becomes of a call for a standard on its way out, or of disabling one on its way in: the service has been seen to refuse the latter
    deleting_standards: str = "refused"  # refused; ignored: it is answered as it is, and deleted all the same
    pending_standards: str = "refused"  # refused; disabled
    second_aggregator_answer: str = "InvalidInputException"  # InvalidInputException, LimitExceededException, AccessDeniedException
    member_aggregator_answer: str = "AccessDeniedException"  # AccessDeniedException; InvalidInputException, which has been seen
    max_invitations: int = 1000  # how many invitations of an administrator may await an answer in a region
    max_members: int = 1000  # how many members an administrator may have in a region
    list_regions_page: int = 50  # how many regions ListRegions tells at once, however many are asked for
    rate: float = 0  # calls a second, per service, account and region; 0: as many as can be. The service allows 10
    burst: int = 30  # calls that may come at once, where there is a rate

    CHOICES: t.ClassVar[dict[str, tuple[str, ...]]] = {
        "no_administrator_answer": ("empty", "ResourceNotFoundException", "AccessDeniedException", "BadRequestException"),
        "no_invitations_answer": ("empty", "AccessDeniedException"),
        "hub_off_answer": ("recorded", "InvalidAccessException", "BadRequestException"),
        "empty_values": ("sent", "left_out"),
        "accepted_invitations": ("listed", "hidden"),
        "accepted_status": ("Enabled", "Associated"),
        "declined_invitations": ("acceptable", "refused"),
        "declined_status": ("Resigned", "Invited"),
        "delete_invitations": ("allowed", "UnprocessedAccounts", "InvalidInputException", "InvalidAccessException", "AccessDeniedException"),
        "other_invitations": ("delivered", "hidden", "dropped"),
        "organization_members": ("Enabled", "Created"),
        "organization_refusals": ("accounts", "calls"),
        "deleted_members": ("gone", "listed"),
        "hub_in_use_by": ("any", "enabled"),
        "hub_in_use_answer": ("InvalidInputException", "InvalidAccessException", "AccessDeniedException"),
        "standards_fields": ("newest", "older"),
        "standards_end": ("READY", "FAILED"),
        "config_recorder": ("on", "off"),
        "standards_managed": ("by_account", "centrally"),
        "deleting_standards": ("refused", "ignored"),
        "pending_standards": ("refused", "disabled"),
        "second_aggregator_answer": ("InvalidInputException", "LimitExceededException", "AccessDeniedException"),
        "member_aggregator_answer": ("AccessDeniedException", "InvalidInputException"),
    }

    def update(self, **values: t.Any) -> None:
        """Change some settings. Raises ValueError for a name or value that is not known, and then changes nothing."""
        for name, value in values.items():
            if name not in self.as_dict():
                raise ValueError(f"unknown setting {name!r}; known: {', '.join(sorted(self.as_dict()))}")
            if name in self.CHOICES and value not in self.CHOICES[name]:
                raise ValueError(f"{name} can be {', '.join(self.CHOICES[name])}, not {value!r}")
            if name not in self.CHOICES and (isinstance(value, bool) or not isinstance(value, (int, float))):
                raise ValueError(f"{name} is a number, not {value!r}")
        for name, value in values.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Back to the defaults."""
        self.update(**Settings().as_dict())

    def as_dict(self) -> dict[str, t.Any]:
        """All settings, by name."""
        return dataclasses.asdict(self)


settings = Settings()
