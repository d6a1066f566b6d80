# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of what moto's paginator cuts up."""

from __future__ import annotations

import typing as t

from botocore.paginate import TokenDecoder
from moto.core.exceptions import InvalidToken


def page(
    name: str, list_page: t.Callable[..., tuple[list[t.Any], str | None]], token: t.Any, size: t.Any, invalid: type[Exception], **params: t.Any
) -> dict[str, t.Any]:
    """The page that is asked for, as the answer has it, of what a paginated method lists.

    invalid: raised for a token that another paginator has made, which moto's does not expect.
    """
    try:
        if token and "uniqueAttributes" not in TokenDecoder().decode(token):
            raise ValueError(token)
        items, next_token = list_page(max_results=int(size) if size else None, next_token=token, **params)
    except (InvalidToken, AttributeError, TypeError, ValueError) as error:
        raise invalid("Invalid parameter value for NextToken.") from error
    return {name: items, **({"NextToken": next_token} if next_token else {})}
