# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix: every module and state x every call that it makes x what can go wrong with it x before or after the effect x once or always.

Each cell has accounts of its own, so that many run at once, and its fault in one of two regions, or in the only one that its module takes.
"""

from __future__ import annotations

import dataclasses
import typing as t

import module_list

HEALTHY, FAULTY = "eu-west-1", "us-east-1"
REGIONS = [HEALTHY, FAULTY]
ROLE = "SecurityHubMember"

# An account's side of a region, and the administrator's list, as the emulator tells them
State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A task in a situation."""

    module: str
    options: dict[str, t.Any]  # {member} and {administrator} stand for the cell's accounts
    seed: dict[str, list[dict[str, t.Any]]]
    reads: list[str]
    writes: list[str]  # those that are needed, each once
    as_administrator: bool = False
    goal: t.Callable[[State, dict[str, str]], bool] = lambda state, accounts: True


PENDING = {"invitations": [{"account_id": "{member}", "administrators": ["{administrator}"]}]}
MEMBER = {"members": [{"account_id": "{member}", "administrator": "{administrator}", "status": "Enabled"}]}
ANOTHER = {"members": [{"account_id": "{member}", "administrator": "{other}", "status": "Enabled"}]}
NO_MEMBERS = {"administrators": [{"account_id": "{administrator}"}]}
HUB = {"hubs": [{"account_id": "{member}", "tags": {"old": "x"}}]}
GET, LIST, COUNT = "GetAdministratorAccount", "ListInvitations", "GetInvitationsCount"
ACCEPT, LEAVE = "AcceptAdministratorInvitation", "DisassociateFromAdministratorAccount"
SETTINGS = {"auto_enable_controls": False, "tags": {"team": "blue"}}
FSBP, CIS, PCI = "aws-foundational-security-best-practices/v/1.0.0", "cis-aws-foundations-benchmark/v/3.0.0", "pci-dss/v/4.0.1"
JUST_TWO = {"standards": [FSBP, CIS], "purge_standards": True}
OFFERED, ENABLED, ENABLE, DISABLE = "DescribeStandards", "GetEnabledStandards", "BatchEnableStandards", "BatchDisableStandards"
LIST_AGGREGATORS, GET_AGGREGATOR = "ListFindingAggregators", "GetFindingAggregator"
AGGREGATOR = {"hubs": [{"account_id": "{member}"}], "aggregators": [{"account_id": "{member}", "region": FAULTY}]}
LINKED = {"linking_mode": "specified_regions", "linked_regions": [HEALTHY]}


def listed_as(status: str | None) -> dict[str, list[dict[str, t.Any]]]:
    """The account on the administrator's list, in a status."""
    return {"members": [{**MEMBER["members"][0], "status": status}]}


def has_administrator(who: str | None) -> t.Callable[[State, dict[str, str]], bool]:
    """Whether the account has this one of the cell's accounts as its administrator."""
    return lambda state, accounts: state["administrator"] == (who and accounts[who])


def has_status(status: str | None) -> t.Callable[[State, dict[str, str]], bool]:
    """Whether the account is listed so by the administrator."""
    return lambda state, accounts: state["status"] == status


def invitation(options: dict[str, t.Any], seed: dict[str, t.Any], reads: list[str], writes: list[str], goal: t.Any = None) -> Scenario:
    """A task of securityhub_invitation."""
    return Scenario("securityhub_invitation", {"administrator_id": "{administrator}", **options}, seed, reads, writes, goal=goal or has_administrator(None))


def member(options: dict[str, t.Any], seed: dict[str, t.Any], writes: list[str], goal: t.Any) -> Scenario:
    """A task of securityhub_member."""
    return Scenario("securityhub_member", {"members": [{"account_id": "{member}"}], **options}, seed, ["GetMembers"], writes, True, goal)


def has_standards(*names: str) -> t.Callable[[State, dict[str, str]], bool]:
    """Whether the hub has just these standards enabled."""
    return lambda state, accounts: state["standards"] == sorted(names)


def aggregator(options: dict[str, t.Any], seed: dict[str, t.Any], reads: list[str], write: str, after: tuple | None) -> Scenario:
    """A task of securityhub_finding_aggregator."""
    return Scenario("securityhub_finding_aggregator", options, seed, reads, [write], goal=lambda state, accounts: state["aggregator"] == after)


SCENARIOS = {
    "accepted": invitation({}, PENDING, [GET, LIST], [ACCEPT], has_administrator("administrator")),
    "accepted, waiting": invitation({"wait": True, "wait_timeout": 30}, PENDING, [GET, LIST], [ACCEPT], has_administrator("administrator")),
    "accepted in all regions": invitation({"regions": ["all"]}, PENDING, ["ListRegions"], [ACCEPT], has_administrator("administrator")),
    "accepted already": invitation({}, MEMBER, [GET], [], has_administrator("administrator")),
    "replaced": invitation(
        {"replace_administrator": True},
        {**PENDING, "members": ANOTHER["members"]},
        [GET, LIST],
        [LEAVE, ACCEPT],
        has_administrator("administrator"),
    ),
    "declined": invitation({"state": "declined"}, PENDING, [GET, LIST], ["DeclineInvitations"], lambda state, accounts: "Invited" not in state["invitations"]),
    "left": invitation({"state": "absent"}, MEMBER, [GET, LIST], [LEAVE, "DeleteInvitations"]),
    "deleted": invitation({"state": "absent"}, PENDING, [GET, LIST], ["DeleteInvitations"]),
    "looked at": Scenario("securityhub_invitation_info", {}, PENDING, [GET, LIST, COUNT], []),
    "invited": member({}, NO_MEMBERS, ["CreateMembers", "InviteMembers"], has_status("Invited")),
    "created": member({"state": "present"}, NO_MEMBERS, ["CreateMembers"], has_status("Created")),
    "invited again": member({}, listed_as("Resigned"), ["InviteMembers"], has_status("Invited")),
    "removed": member({"state": "absent"}, MEMBER, ["DisassociateMembers", "DeleteMembers"], has_status(None)),
    "removed, invited": member({"state": "absent"}, listed_as("Invited"), ["DeleteMembers"], has_status(None)),
    "members": Scenario("securityhub_member_info", {}, MEMBER, ["ListMembers"], [], True),
    "members by ID": Scenario("securityhub_member_info", {"account_ids": ["{member}"]}, MEMBER, ["GetMembers"], [], True),
    "enabled": Scenario(
        "securityhub_hub",
        SETTINGS,
        {},
        ["DescribeHub", "ListTagsForResource"],
        ["EnableSecurityHub", "UpdateSecurityHubConfiguration"],
        goal=lambda state, accounts: state["hub"] == (False, {"team": "blue"}),
    ),
    "set": Scenario(
        "securityhub_hub",
        SETTINGS,
        HUB,
        ["DescribeHub", "ListTagsForResource"],
        ["UpdateSecurityHubConfiguration", "TagResource", "UntagResource"],
        goal=lambda state, accounts: state["hub"] == (False, {"team": "blue"}),
    ),
    "disabled": Scenario(
        "securityhub_hub", {"state": "absent"}, HUB, ["DescribeHub"], ["DisableSecurityHub"], goal=lambda state, accounts: state["hub"] is None
    ),
    "hub looked at": Scenario("securityhub_hub_info", {"gather": ["tags", "standards"]}, HUB, ["DescribeHub", "ListTagsForResource", ENABLED], []),
    "enabled with standards": Scenario(
        "securityhub_hub", JUST_TWO, {}, ["DescribeHub", OFFERED, ENABLED], ["EnableSecurityHub", ENABLE], goal=has_standards(FSBP, CIS)
    ),
    "standards": Scenario(
        "securityhub_hub",
        {**JUST_TWO, "wait": True, "wait_timeout": 30},
        {"hubs": [{"account_id": "{member}", "standards": [FSBP, PCI]}]},
        ["DescribeHub", OFFERED, ENABLED],
        [ENABLE, DISABLE],
        goal=has_standards(FSBP, CIS),
    ),
    "aggregated": aggregator(LINKED, {"hubs": [{"account_id": "{member}"}]}, [LIST_AGGREGATORS], "CreateFindingAggregator", ("SPECIFIED_REGIONS", [HEALTHY])),
    "aggregated otherwise": aggregator(LINKED, AGGREGATOR, [LIST_AGGREGATORS, GET_AGGREGATOR], "UpdateFindingAggregator", ("SPECIFIED_REGIONS", [HEALTHY])),
    "aggregated no more": aggregator({"state": "absent"}, AGGREGATOR, [LIST_AGGREGATORS, GET_AGGREGATOR], "DeleteFindingAggregator", None),
    "aggregation looked at": Scenario("securityhub_finding_aggregator_info", {}, AGGREGATOR, [LIST_AGGREGATORS, GET_AGGREGATOR], []),
}
# Each module assumes its role in the same way
ASSUMING = ("accepted", "looked at", "invited", "members", "set", "hub looked at", "aggregated", "aggregation looked at")

PAGE = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body>" + "<p>Please sign in.</p>" * 800 + "</body></html>"
GARBLED = (
    '{"Administrator": "x", "Master": 1, "Invitations": {"a": 1}, "InvitationsCount": "many", "Members": "none", "UnprocessedAccounts": 7, '
    '"HubArn": [], "Tags": ["a"], "Credentials": 1, "Standards": {"a": 1}, "StandardsSubscriptions": "none", "FindingAggregators": [1], '
    '"FindingAggregatorArn": 1}'
)
AS_JSON = {"Content-Type": "application/json"}


def json_body(body: str) -> dict[str, t.Any]:
    """A fault that answers with this body and status 200."""
    return {"raw": {"headers": AS_JSON, "body": body}}


# What goes wrong, and the reasons that a failure may have then; the first is the usual one
FAULTS: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "dropped": ({"drop": True}, ("endpoint_unreachable",)),
    "reset": ({"reset": True}, ("endpoint_unreachable",)),
    "500": ({"error": {"code": "InternalException", "message": "Oops"}}, ("internal_error",)),
    "throttled": ({"error": {"code": "ThrottlingException", "message": "Rate exceeded", "status": 429}}, ("limit_exceeded",)),
    "403": ({"deny": True}, ("access_denied", "assume_role_failed")),
    "404": ({"error": {"code": "ResourceNotFoundException", "message": "Not found"}}, ("aws_error", "invitation_not_found", "assume_role_failed")),
    "400": ({"error": {"code": "InvalidInputException", "message": "No"}}, ("invalid_input", "assume_role_failed")),
    "garbled": (json_body(GARBLED), ("endpoint_unreachable",)),
    "cut": ({"cut": "body"}, ("endpoint_unreachable",)),
    "broken off": ({"cut": "connection"}, ("endpoint_unreachable",)),
    "a page": ({"raw": {"body": PAGE}}, ("endpoint_unreachable",)),
    "null": (json_body("null"), ("endpoint_unreachable",)),
    "a list": (json_body("[]"), ("endpoint_unreachable",)),
    "no text": ({"raw": {"headers": AS_JSON, "base64": "//79/A=="}}, ("endpoint_unreachable",)),
    "empty": (json_body(""), ("endpoint_unreachable",)),
    "slow": ({"delay": 8}, ("endpoint_unreachable",)),
    "dripping": ({"drip": 0.5}, ("endpoint_unreachable",)),
}
# Where there is no effect, what is slow is not the real answer
WITHOUT_EFFECT: dict[str, dict[str, t.Any]] = {"slow": {"delay": 8, "drop": True}, "dripping": {"drip": 0.5, "raw": {"headers": AS_JSON, "body": "{}"}}}


@dataclasses.dataclass(frozen=True)
class Cell:
    """One square of the matrix, with a number that its accounts are made of."""

    number: int
    scenario: str
    call: str
    fault: str
    when: str
    always: bool

    @property
    def task(self) -> Scenario:
        """What is run."""
        return SCENARIOS[self.scenario]

    @property
    def is_write(self) -> bool:
        """Whether the call changes something."""
        return self.call in self.task.writes

    @property
    def accounts(self) -> dict[str, str]:
        """The cell's own accounts: member, administrator, other."""
        return {who: f"{digit}{self.number:011d}" for who, digit in (("administrator", 1), ("other", 2), ("member", 4))}

    @property
    def actor(self) -> str:
        """The account that the task acts as."""
        return self.accounts["administrator" if self.task.as_administrator else "member"]

    @property
    def regions(self) -> list[str]:
        """Where the task acts."""
        return [FAULTY] if module_list.acts_in_one_region(module_list.load(self.task.module)) else REGIONS

    @property
    def expected_writes(self) -> list[str]:
        """The operations that may be called: those that are needed, and what takes their place where AWS refuses one."""
        older = {ACCEPT: "AcceptInvitation", LEAVE: "DisassociateFromMasterAccount", "DeleteInvitations": "DeclineInvitations"}
        return [*self.task.writes, *(older[write] for write in self.task.writes if write in older)]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons that a failure in the faulty region may have."""
        return FAULTS[self.fault][1]

    def seed(self) -> dict[str, list[dict[str, t.Any]]]:
        """What the emulator begins with."""
        return self._filled(self.task.seed)

    def options(self) -> dict[str, t.Any]:
        """The task's options, besides those that all cells share."""
        retries = {"retries": {"total_max_attempts": 3}} if self.always else {}
        # Short only where it is what ends the call: on a busy machine, the emulator takes long to answer
        seconds = 5 if self.fault in ("slow", "dripping") else 60
        return {
            **({"region": FAULTY} if self.regions == [FAULTY] else {"regions": REGIONS}),
            **self._filled(self.task.options),
            "assume_role_arn": f"arn:aws:iam::{self.actor}:role/{ROLE}",
            "aws_config": {"connect_timeout": seconds, "read_timeout": seconds, **retries},
        }

    def emulated_fault(self) -> dict[str, t.Any]:
        """The fault as the emulator takes it."""
        fault = FAULTS[self.fault][0]
        if self.is_write and self.when == "before":
            fault = WITHOUT_EFFECT.get(self.fault, fault)
        meant: dict[str, t.Any]
        if self.call == "AssumeRole":
            meant = {"params": {"RoleArn": f"*:{self.actor}:*"}}
        elif self.call == "ListRegions":
            meant = {"account": self.actor}
        else:
            operations = [self.call, {ACCEPT: "AcceptInvitation", LEAVE: "DisassociateFromMasterAccount", GET: "GetMasterAccount"}.get(self.call, self.call)]
            meant = {"account": self.actor, "region": FAULTY, "operation": operations}
        return {"operation": self.call, "when": self.when, "times": None if self.always else 1, **meant, **fault}

    def _filled(self, value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {name: self._filled(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        return value.format(**self.accounts) if isinstance(value, str) else value

    def __str__(self) -> str:
        return f"{self.scenario} | {self.call} | {self.fault} | {self.when} | {'always' if self.always else 'once'}"


def all_cells() -> list[Cell]:
    """The whole matrix, always in the same order."""
    cells: list[Cell] = []
    for name, scenario in SCENARIOS.items():
        for call in [*(["AssumeRole"] if name in ASSUMING else []), *scenario.reads, *scenario.writes]:
            for fault in FAULTS:
                for when in ["before", "after"] if call in scenario.writes else ["before"]:
                    cells += [Cell(len(cells) + position, name, call, fault, when, always) for position, always in enumerate([False, True])]
    return cells


def state_of(cell: Cell, states: dict[str, t.Any], region: str) -> State:
    """What AWS holds of a cell in a region, as far as its task is about it."""
    own = states.get(cell.accounts["member"], {}).get(region, {})
    members = states.get(cell.accounts["administrator"], {}).get(region, {}).get("members", {})
    hub = own.get("hub")
    sent = [found for found in own.get("invitations", []) if found["AccountId"] == cell.accounts["administrator"]]
    found = members.get(cell.accounts["member"])
    return {
        "administrator": own.get("administrator") and own["administrator"]["AccountId"],
        "invitations": ["Declined" if invitation["Declined"] else invitation["MemberStatus"] for invitation in sent],
        "status": found and found["MemberStatus"],
        "hub": hub and (hub["AutoEnableControls"], hub["Tags"]),
        "standards": hub and sorted(arn.split("/", 1)[1] for arn in hub["Standards"]),
        "aggregator": own.get("aggregator") and (own["aggregator"]["RegionLinkingMode"], own["aggregator"].get("Regions", [])),
    }
