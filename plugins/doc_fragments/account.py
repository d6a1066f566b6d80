# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the options that every module of this collection shares, besides amazon.aws's own fragments."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment cloudsec.securityhub.account: the account and the regions to act in."""

    DOCUMENTATION = r"""
options:
  regions:
    description:
      - Act in each of these regions, at the same time. Their order is kept in the result, duplicates are dropped.
      - Mutually exclusive with O(region). With neither of them, the one region that the environment (E(AWS_REGION),
        E(AWS_DEFAULT_REGION)) or the profile names.
      - One region's failure does not keep the others from being tried.
    type: list
    elements: str
  assume_role_arn:
    description:
      - The ARN of an IAM role to assume first, with the credentials of the connection options, and to act as.
      - It is assumed once for a task, however many regions the task acts in.
    type: str
    aliases: [iam_role_arn]
  assume_role_external_id:
    description:
      - The external ID that the role's trust policy asks for.
    type: str
  assume_role_session_name:
    description:
      - The name of the role session, as AWS CloudTrail shows it.
      - Left out, it is V(ansible-cloudsec.securityhub).
    type: str
  expected_account_id:
    description:
      - The ID of the account that the task must act in, 12 digits. Where the credentials or the role belong to another one, the task
        fails with the reason V(wrong_account) before Security Hub is called.
      - With O(assume_role_arn), the account in the role's ARN is compared. Without a role, AWS STS is asked once a task who the caller is
        (sts:GetCallerIdentity, which needs no permission).
      - Set it wherever a task acts in an account by a role or a profile that might be forgotten or mistaken.
    type: str
requirements:
  - boto3 >= 1.35.0
  - botocore >= 1.35.0
notes:
  - Throttling, server errors, dropped connections and answers that are not AWS's are retried with a jittered back-off for 20 seconds,
    so that a call takes 35 seconds at most. O(aws_config) may override it, for example with more C(retries).
  - O(endpoint_url) holds for AWS STS too where a role is assumed. To set it for AWS Security Hub alone, use botocore's own setting
    (E(AWS_ENDPOINT_URL_SECURITYHUB)).
seealso:
  - name: AWS Security Hub documentation of administrator and member accounts
    description: What a membership is, and who may do what.
    link: https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-accounts.html
"""
