# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""botocore's sessions, which read the environment and the AWS configuration, and what they have read before. Private to this collection."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Hashable
from typing import Any

try:
    import botocore.httpsession
    import botocore.session
except ImportError:
    pass  # the module reports the missing library


def shared_session(profile: str | None = None) -> botocore.session.Session:
    """Return a botocore session that reads the configuration of a profile; made at the first call, the same object ever after.

    It is for looking things up and never holds credentials.
    """
    return _shared_session(profile, environment_fingerprint())


@functools.lru_cache(maxsize=64)
def _shared_session(profile: str | None, fingerprint: Hashable) -> botocore.session.Session:  # pylint: disable=unused-argument
    return new_session(profile)


def new_session(profile: str | None) -> botocore.session.Session:
    """Return a new botocore session for a profile."""
    session = botocore.session.Session(profile=profile, session_vars=session_variables(profile))
    share_models(session)
    return session


def session_variables(profile: str | None) -> dict[str, Any]:
    """Return what a session must not read from the environment: AWS_PROFILE set to nothing is for botocore a profile without a name."""
    is_named = profile or any(map(os.environ.get, ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")))
    return {} if is_named else {"profile": (None, None, None, None)}


def share_models(session: botocore.session.Session) -> None:
    """Give a session the service models that other sessions have read already: some 0.1 s for each session that makes a client."""
    with contextlib.suppress(ValueError):  # a botocore with another name for it reads them anew
        session.register_component("data_loader", _loader(os.environ.get("AWS_DATA_PATH")))


@functools.lru_cache(maxsize=8)
def _loader(data_path: str | None) -> Any:  # pylint: disable=unused-argument
    return botocore.session.Session().get_component("data_loader")


def bundle_path(verify: bool | str) -> str | None:
    """Return the path of the CA bundle that is read; None where certificates are not verified. Raises AttributeError with a botocore that has other names."""
    return botocore.httpsession.get_cert_path(verify) if verify else None


def environment_fingerprint(verify: bool | str = False) -> tuple[Hashable, ...]:
    """Return all that botocore reads besides its arguments, as a cache key. verify: True, False or the path of a CA bundle."""
    paths = [os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"), os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")]
    paths = [os.path.expandvars(os.path.expanduser(path)) for path in paths]
    with contextlib.suppress(AttributeError):
        paths += filter(None, [bundle_path(verify)])
    variables = frozenset(item for item in os.environ.items() if not item[0].startswith("CLOUDSEC_SECURITYHUB_"))
    return variables, tuple(map(_version_of_file, paths))


def _version_of_file(path: str) -> tuple[int, ...] | None:
    """Return what changes with whatever is done to a file; None where there is no such file."""
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
