# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that a task acts as: whether it is the expected one, and where it acts. Private to this collection."""

from __future__ import annotations

from . import _errors as errors
from . import _partitions as partitions
from ._messages import Place
from ._session import Session
from ._settings import Settings

_USABLE_REGIONS = ["ENABLED", "ENABLED_BY_DEFAULT"]
_REGIONS_OF_A_PAGE = 50


class Account:
    """The AWS account that a task acts as.

    settings: the task's Settings. session: its calls.
    regions: those to act in; empty where the task acts everywhere, until find_regions().
    """

    def __init__(self, settings: Settings) -> None:
        self.session = Session(settings)
        self.acts_everywhere = settings.acts_everywhere
        self.regions = settings.regions
        self._expected = settings.expected_account_id
        self._settings = settings

    def check_role(self) -> None:
        """Raise SecurityHubError (wrong_account) unless the role belongs to the account that the task expects. Makes no call."""
        if self.session.known_account_id:
            self._check(self.session.known_account_id)

    def check_caller(self) -> None:
        """Raise SecurityHubError (wrong_account) unless the task acts in the account that it expects.

        AWS: sts:GetCallerIdentity, unless check_role() has compared the role. Where STS can't be asked, its error is raised.
        """
        if self._expected and not self.session.known_account_id:
            self._check(self.session.ask_identity())

    def find_regions(self) -> list[str]:
        """Find the regions to act in, where the task acts everywhere (AWS: account:ListRegions, all pages).

        Sets regions: those that the account has enabled and that have Security Hub CSPM, in alphabetical order. One that this botocore
        doesn't know may have it. Returns the enabled ones that it knows to lack it.
        Raises SecurityHubError: region_not_enabled where there is none; access_denied or another reason where AWS can't be asked.
        """
        partition = self._settings.partition
        region = self._settings.home_region
        client = self.session.client("account", region)
        try:
            found = client.list_all("list_regions", "Regions", MaxResults=_REGIONS_OF_A_PAGE, RegionOptStatusContains=_USABLE_REGIONS)
        except errors.FAILURES as e:
            raise self.session.explain(e, region, ["account:ListRegions"]).followed_by("Or name the regions in place of all.") from e
        enabled = sorted(item["RegionName"] for item in found if item["RegionOptStatus"] in _USABLE_REGIONS)
        lacking = set(partitions.known_regions(partition)) - set(partitions.known_regions(partition, "securityhub"))
        self.regions = [name for name in enabled if name not in lacking]
        if not self.regions:
            place = Place(self.session.resolve_account_id(), region)
            what = "ListRegions names no region with Security Hub CSPM in {place}."
            raise errors.make_error(errors.REGION_NOT_ENABLED, place, what, "Name the regions in place of all.")
        return [name for name in enabled if name in lacking]

    def _check(self, account_id: str) -> None:
        if self._expected and account_id != self._expected:
            what = "The task would act in account {other}, not in {account}."
            raise errors.make_error(errors.WRONG_ACCOUNT, Place(self._expected), what, errors.ADVICE[errors.WRONG_ACCOUNT], other=account_id)
