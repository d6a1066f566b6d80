# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""account base URL and path."""

from __future__ import annotations

from moto.account import urls as moto_urls

from .responses import AccountResponse

url_bases = moto_urls.url_bases

url_paths = {
    **dict.fromkeys(moto_urls.url_paths, AccountResponse.dispatch),
    "{0}/listRegions$": AccountResponse.dispatch,
}
