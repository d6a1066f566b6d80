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
      - The single entry V(all) stands for every region that the account has enabled and that has Security Hub CSPM, in alphabetical
        order. The account is asked for them once a task, in the home region of its partition, which needs the permission
        C(account:ListRegions). V(all) beside other entries is invalid.
      - With V(all), regions that botocore knows to lack Security Hub CSPM are left out; RV(regions_left_out) lists them. A region that
        botocore does not know is tried.
      - With V(all), the partition is that of O(assume_role_arn), else that of the region that the environment or the profile names,
        else C(aws).
      - With V(all), a task whose credentials or role are refused, or that may not list the regions, has no RV(regions) in its result.
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
        fails with the reason V(wrong_account) before Security Hub CSPM is called.
      - With O(assume_role_arn), the account in the role's ARN is compared. Without a role, AWS STS is asked once a task who the caller is
        (sts:GetCallerIdentity, which needs no permission).
      - Set it wherever a role or a profile selects the account, so that a forgotten or wrong one is noticed before anything is done.
    type: str
requirements:
  - boto3 >= 1.35.0
  - botocore >= 1.35.0
notes:
  - This collection manages AWS Security Hub CSPM, which was called AWS Security Hub until 2025. The unified AWS Security Hub (API names
    ending in V2) has a hub of its own and no memberships by invitation; both can be on in one account.
  - Throttling, server errors, dropped connections and answers that are not AWS's are retried with a jittered back-off for 20 seconds,
    so that a call takes 35 seconds at most. O(aws_config) may override it, for example with more C(retries).
  - O(endpoint_url) is for Security Hub CSPM. AWS STS and AWS Account Management use it too, unless its host is Security Hub's own
    address at AWS, such as that of a VPC endpoint. E(AWS_ENDPOINT_URL_STS) and E(AWS_ENDPOINT_URL_ACCOUNT) take precedence over it for
    these services.
seealso:
  - name: AWS Security Hub CSPM documentation of administrator and member accounts
    description: What a membership is, and who may do what.
    link: https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-accounts.html
"""
