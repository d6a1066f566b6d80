# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""securityhub base URL and path."""

from __future__ import annotations

from moto.securityhub import urls as moto_urls

from .responses import SecurityHubResponse

url_bases = moto_urls.url_bases

# What moto knows already, answered by the response class of this extension, and the paths that moto lacks.
url_paths = dict.fromkeys(moto_urls.url_paths, SecurityHubResponse.dispatch)
url_paths.update(
    {
        "{0}/administrator/disassociate$": SecurityHubResponse.dispatch,
        "{0}/findingAggregator/create$": SecurityHubResponse.dispatch,
        "{0}/findingAggregator/delete/(?P<finding_aggregator_arn>.+)$": SecurityHubResponse.dispatch,
        "{0}/findingAggregator/get/(?P<finding_aggregator_arn>.+)$": SecurityHubResponse.dispatch,
        "{0}/findingAggregator/list$": SecurityHubResponse.dispatch,
        "{0}/findingAggregator/update$": SecurityHubResponse.dispatch,
        "{0}/invitations$": SecurityHubResponse.dispatch,
        "{0}/invitations/count$": SecurityHubResponse.dispatch,
        "{0}/invitations/decline$": SecurityHubResponse.dispatch,
        "{0}/invitations/delete$": SecurityHubResponse.dispatch,
        "{0}/master/disassociate$": SecurityHubResponse.dispatch,
        "{0}/members/delete$": SecurityHubResponse.dispatch,
        "{0}/members/disassociate$": SecurityHubResponse.dispatch,
        "{0}/members/invite$": SecurityHubResponse.dispatch,
        "{0}/standards$": SecurityHubResponse.dispatch,
        "{0}/standards/deregister$": SecurityHubResponse.dispatch,
        "{0}/standards/get$": SecurityHubResponse.dispatch,
        "{0}/standards/register$": SecurityHubResponse.dispatch,
        "{0}/tags/(?P<resource_arn>.+)$": SecurityHubResponse.dispatch,
    }
)
