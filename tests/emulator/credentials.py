# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access keys that the emulator has given out: whose they are, and what belongs to them."""

from __future__ import annotations

import dataclasses
import datetime

from moto.iam.models import AccessKey as IamAccessKey
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from .service import Call

BASE_ACCESS_KEY = "AKIAEMULATOR00000001"
BASE_SECRET_KEY = "emulator-secret-key-of-the-base-account1"
BASE_ACCOUNT = "123456789012"


@dataclasses.dataclass
class AccessKey:
    """An access key with what its owner signs by. Those of a user have no session token, and no end."""

    account: str
    secret_key: str
    session_token: str | None = None
    expiration: datetime.datetime | None = None

    @property
    def has_expired(self) -> bool:
        """Whether the session that the key belongs to is over."""
        return self.expiration is not None and self.expiration <= datetime.datetime.now(datetime.timezone.utc)


class AccessKeys:
    """The base key, and what AssumeRole gave out, as moto keeps it."""

    def __init__(self, base_account: str):
        self.base_account = base_account
        self._known: dict[str, AccessKey] = {}
        self._create_base_user()

    def _create_base_user(self) -> None:
        """A user of IAM, so that GetCallerIdentity knows who it is."""
        iam = iam_backends[self.base_account]["aws"]
        if BASE_ACCESS_KEY in iam.access_keys:
            return
        user = iam.create_user(region_name="us-east-1", user_name="emulator", tags=[])
        key = IamAccessKey(user_name="emulator", prefix="AKIA", account_id=self.base_account)
        key.access_key_id, key.secret_access_key = BASE_ACCESS_KEY, BASE_SECRET_KEY
        user.access_keys.append(key)
        iam.access_keys[BASE_ACCESS_KEY] = key

    def find(self, access_key_id: str | None) -> AccessKey | None:
        """What belongs to an access key's ID; None for one that was never given out."""
        if access_key_id is None:
            return None
        if access_key_id not in self._known:
            found = self._find(access_key_id)
            if found:
                self._known[access_key_id] = found
        return self._known.get(access_key_id)

    @staticmethod
    def _find(access_key_id: str) -> AccessKey | None:
        # As lists: other threads make accounts meanwhile
        for account, partitions in list(iam_backends.items()):
            for partition, iam in list(partitions.items()):
                key = iam.access_keys.get(access_key_id)
                if key:
                    role = next((role for role in sts_backends[account][partition].assumed_roles if role.access_key_id == access_key_id), None)
                    session = (role.session_token, role.expiration.replace(tzinfo=datetime.timezone.utc)) if role else ()
                    return AccessKey(account, key.secret_access_key, *session)
        return None

    @staticmethod
    def sessions() -> list[dict[str, str]]:
        """What AssumeRole gave out, and for whom; each secret of it stands in no other answer and no log."""
        return [
            {
                "account": account_id,
                "role_arn": role.role_arn,
                "session_name": role.session_name,
                "external_id": role.external_id,
                "access_key": role.access_key_id,
                "secret_key": role.secret_access_key,
                "session_token": role.session_token,
            }
            for account_id, _partition, sts in sts_backends.iter_backends()
            for role in list(sts.assumed_roles)
        ]

    @staticmethod
    def caller_arn(call: Call) -> str:
        """Who makes a call, as IAM names it."""
        account = str(call.account)
        _user_id, arn, _account_id = sts_backends[account]["aws"].get_caller_identity(str(call.access_key), "us-east-1")
        return arn
