# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose credentials are used, in which region, and what is told where they don't work."""

from __future__ import annotations

import json
import socket
import sys

import pytest

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGION
from .conftest import REGIONS
from .conftest import WANTED
from .test_states import GET

BAD_KEYS = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": "nobody-knows-this-key"}
NO_KEYS = {"access_key": None, "secret_key": None}


def assumed(world):
    """The parameters of the AssumeRole calls."""
    return [call["params"] for call in world.control.calls(operation="AssumeRole")]


def test_role_session(world):
    """The role is assumed once, and the session's default name names the collection."""
    world.member_of(WANTED)
    assert not world.run().get("failed")
    (params,) = assumed(world)
    assert params["RoleArn"] == world.role(MEMBER)
    assert "cloudsec.securityhub" in params["RoleSessionName"]
    assert "ExternalId" not in params
    (call,) = world.control.calls(account=MEMBER)
    assert call["access_key"] != world.access_key


def test_role_session_name_and_external_id(world):
    """They are passed on as given, by whichever name the role is."""
    world.member_of(WANTED)
    options = {"assume_role_arn": None, "iam_role_arn": world.role(MEMBER)}
    assert not world.run(assume_role_session_name="night-shift", assume_role_external_id="sesame", **options).get("failed")
    (params,) = assumed(world)
    assert (params["RoleSessionName"], params["ExternalId"]) == ("night-shift", "sesame")


@pytest.mark.parametrize("fault", [{"deny": True}, {"times": None, "error": {"code": "AccessDenied", "message": "No"}}])
def test_role_refused(world, fault):
    """assume_role_failed names the role and what to check; Security Hub is not called."""
    world.member_of(WANTED)
    world.fault("AssumeRole", **fault)
    result = world.run(aws_config=ONCE)
    error = result["error"]
    assert (error["reason"], error["code"], error["operation"], error["http_status"]) == ("assume_role_failed", "AccessDenied", "AssumeRole", 403)
    assert world.role(MEMBER) in error["message"]
    assert "trust policy" in error["message"] and "sts:AssumeRole" in error["message"]
    assert world.control.operations() == ["AssumeRole"]


@pytest.mark.parametrize("code, reason", [("Throttling", "limit_exceeded"), ("InternalFailure", "internal_error"), ("ExpiredToken", "credentials")])
def test_role_not_refused_but_not_assumed_either(world, code, reason):
    """Where STS says nothing of the role, its trust policy is not to blame."""
    world.member_of(WANTED)
    world.fault("AssumeRole", times=None, error={"code": code, "message": "No"})
    result = world.run(aws_config=ONCE)
    assert result["error"]["reason"] == reason
    assert world.role(MEMBER) in result["msg"] and "trust policy" not in result["msg"]


def test_no_role(world):
    """Without a role, the connection options' own account is acted in, and STS is not called."""
    world.member_of(WANTED, account=world.base_account)
    assert world.run(assume_role_arn=None)["administrator"]["account_id"] == WANTED
    assert [call["operation"] for call in world.control.calls()] == [GET]


PROFILES = """
[profile base]
aws_access_key_id = {access_key}
aws_secret_access_key = {secret_key}
endpoint_url = {url}
[profile by_role]
role_arn = {role}
source_profile = base
endpoint_url = {url}
{more_of_role}
[profile by_process]
credential_process = {python} {process}
endpoint_url = {url}
"""


@pytest.fixture
def write_profiles(world, tmp_path, monkeypatch):
    """A function that writes the profiles and has them used; process is the program of one, more_of_role further lines of the other."""

    def write(process="", more_of_role=""):
        names = {"access_key": world.access_key, "secret_key": world.secret_key, "url": world.endpoint_url, "role": world.role(MEMBER)}
        text = PROFILES.format(**names, python=sys.executable, process=process, more_of_role=more_of_role)
        (tmp_path / "config").write_text(text, encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    return write


@pytest.mark.parametrize("profile", ["by_role", "by_process"])
def test_profile_that_gets_its_credentials_elsewhere(world, profile, tmp_path, write_profiles):
    """botocore's own ways to credentials work, for each task anew: what one task was given is no other's."""
    world.member_of(WANTED)
    session = world.sts().assume_role(RoleArn=world.role(MEMBER), RoleSessionName="process")["Credentials"]
    process = tmp_path / "process.py"
    process.write_text(f"print({json.dumps({'Version': 1, **session}, default=str)!r})", encoding="utf-8")
    write_profiles(process=process)
    world.control.clear_calls()
    for _twice in range(2):
        result = world.run(**NO_KEYS, profile=profile, endpoint_url=None, assume_role_arn=None)
        assert not result.get("failed"), result["msg"]
        assert result["administrator"]["account_id"] == WANTED
    assert world.control.operations() == (["AssumeRole", GET] * 2 if profile == "by_role" else [GET] * 2)
    keys = [call["access_key"] for call in world.control.calls(operation=GET)]
    assert len(set(keys)) == (2 if profile == "by_role" else 1)


def test_profile_that_asks_for_a_code(world, write_profiles):
    """botocore would ask at the terminal, which is nobody's in a worker."""
    write_profiles(more_of_role="mfa_serial = arn:aws:iam::123456789012:mfa/me")
    world.control.clear_calls()
    result = world.run(**NO_KEYS, profile="by_role", endpoint_url=None, assume_role_arn=None)
    assert result["error"]["reason"] == "credentials"
    assert "MFA" in result["msg"]
    assert not world.control.calls()


@pytest.mark.parametrize(
    "region, sts_region",
    [("eu-west-1", "eu-west-1"), ("us-gov-east-1", "us-gov-west-1"), ("cn-north-1", "cn-northwest-1")],
)
def test_role_is_assumed_in_the_partition_of_the_task(world, region, sts_region, monkeypatch):
    """By its regional host: the sessions of the global one are no good in regions that were opted in to."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    result = world.run(region=region, endpoint_url=None, aws_config=ONCE)
    assert f"https://sts.{sts_region}.amazonaws.com" in result["msg"]
    assert f"could not be assumed (AWS STS in {sts_region})" in result["msg"]


@pytest.mark.parametrize("regions", [REGIONS[:1], REGIONS])
def test_profile_whose_role_is_refused(world, regions, write_profiles):
    """It is told like a role of the task's options."""
    world.member_of(WANTED)
    world.fault("AssumeRole", deny=True)
    write_profiles()
    result = world.run(**NO_KEYS, profile="by_role", endpoint_url=None, assume_role_arn=None, aws_config=ONCE, regions=regions)
    assert [outcome["error"]["reason"] for outcome in result["regions"]] == ["assume_role_failed"] * len(regions)
    assert world.role(MEMBER) in result["msg"] and "trust policy" in result["msg"] and "securityhub:" not in result["msg"]


@pytest.mark.parametrize("role", [True, False])
@pytest.mark.parametrize("regions", [REGIONS[:1], REGIONS])
def test_bad_keys(world, role, regions):
    """Keys that work nowhere: credentials, and no region is blamed."""
    options = {} if role else {"assume_role_arn": None}
    result = world.run(regions=regions, **BAD_KEYS, **options)
    assert [outcome["error"]["reason"] for outcome in result["regions"]] == ["credentials"] * len(regions)
    assert world.control.operations().count("GetCallerIdentity") == 1


def test_region_not_opted_in(world):
    """Keys that work elsewhere: the region is to blame."""
    world.member_of(WANTED)
    world.control.seed(opted_out={MEMBER: [REGION]})
    error = world.run()["error"]
    assert (error["reason"], error["code"]) == ("region_not_enabled", "UnrecognizedClientException")
    assert all(word in error["message"] for word in (MEMBER, REGION, "opted in"))
    assert world.calls() == [GET, "GetCallerIdentity"]


def test_region_that_does_not_exist(world):
    """A name that follows the pattern, and that nobody knows."""
    assert world.run(region="eu-nowhere-1")["error"]["reason"] == "region_not_enabled"


@pytest.mark.parametrize(
    "region, reason",
    [("eu-nowhere-1", "region_not_enabled"), ("eu-west-1", "endpoint_unreachable"), ("cn-north-1", "endpoint_unreachable")],
)
def test_host_that_can_not_be_found(world, region, reason):
    """With AWS's own endpoints, a region that does not exist is a host that can't be found; one that exists is a network that is down."""
    result = world.run(region=region, endpoint_url=None, assume_role_arn=None, aws_config=ONCE)
    assert result["error"]["reason"] == reason
    assert region in result["msg"]
    assert not world.control.calls()


@pytest.mark.parametrize("region, nearest", [("eu-centrl-1", "eu-central-1"), ("us-esat-1", "us-east-1"), ("eu-west1", "eu-west-1"), ("nowhere", None)])
def test_region_whose_host_can_not_be_found(world, clock, region, nearest):
    """Where botocore does not know the region either, its name is wrong: this is said after the first attempt, with the name that may be meant."""
    result = world.run(region=region, endpoint_url=None, assume_role_arn=None)
    assert result["error"]["reason"] == "region_not_enabled"
    assert clock.slept == 0
    assert ("did you mean" in result["msg"]) == bool(nearest)
    assert nearest is None or f"did you mean {nearest}?" in result["msg"]


def test_region_of_a_role_s_sts_whose_host_can_not_be_found(world, clock, monkeypatch):
    """The same where the role is assumed."""
    monkeypatch.setenv("AWS_REGION", "eu-centrl-1")
    result = world.run(region=None, endpoint_url=None)
    assert "did you mean eu-central-1?" in result["msg"] and clock.slept == 0


def test_region_that_exists_whose_host_can_not_be_found(world, clock):
    """It may be found a moment later."""
    result = world.run(region="eu-central-1", endpoint_url=None, assume_role_arn=None)
    assert result["error"]["reason"] == "endpoint_unreachable" and clock.slept > 15
    assert "did you mean" not in result["msg"]


def test_region_that_this_botocore_does_not_know(world):
    """Where it has a host, it works like any other."""
    world.control.seed(regions=[*REGIONS, "eu-newest-1"], region_statuses={MEMBER: {"eu-newest-1": "ENABLED"}})
    world.member_of(WANTED)
    result = world.run(region="eu-newest-1")
    assert not result.get("failed"), result["msg"]


@pytest.mark.parametrize("region, reason", [("eu-nowhere-1", "region_not_enabled"), ("eu-west-1", "endpoint_unreachable")])
def test_host_that_a_proxy_can_not_be_asked_for(world, region, reason):
    """Behind a proxy, nothing else tells that there is no such region."""
    config = {**ONCE, "proxies": {"https": "http://127.0.0.1:1"}}
    assert world.run(region=region, endpoint_url=None, assume_role_arn=None, aws_config=config)["error"]["reason"] == reason


@pytest.mark.parametrize("role", [True, False])
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://{emulator}"], ids=["nobody listens", "no TLS"])
def test_endpoint_unreachable(world, url, role):
    """No connection, or no TLS: endpoint_unreachable, with what to check."""
    options = {} if role else {"assume_role_arn": None}
    endpoint_url = url.format(emulator=world.endpoint_url.partition("//")[2])
    result = world.run(endpoint_url=endpoint_url, aws_config=ONCE, **options)
    assert result["error"]["reason"] == "endpoint_unreachable"
    # The role is assumed in a region that every account has
    assert (f"{world.role(MEMBER)} could not be assumed (AWS STS in us-east-1)" if role else REGION) in result["msg"]
    assert "network" in result["msg"]
    assert result["error"]["code"] is None


def test_endpoint_that_does_not_answer_in_time(world):
    """A time-out is endpoint_unreachable too."""
    world.fault(GET, delay=2)
    result = world.run(assume_role_arn=None, aws_config={**ONCE, "read_timeout": 0.2})
    assert result["error"]["reason"] == "endpoint_unreachable"
    assert "Read timeout" in result["msg"] and REGION in result["msg"]


# The environment and the profile


def test_keys_of_the_environment(world, monkeypatch):
    """amazon.aws's environment variables hold."""
    world.member_of(WANTED)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", world.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", world.secret_key)
    assert not world.run(**NO_KEYS).get("failed")


@pytest.fixture
def session(world):
    """Temporary keys of the member, as options."""
    keys = world.sts().assume_role(RoleArn=world.role(MEMBER), RoleSessionName="tests")["Credentials"]
    world.control.clear_calls()
    return {"access_key": keys["AccessKeyId"], "secret_key": keys["SecretAccessKey"], "session_token": keys["SessionToken"], "assume_role_arn": None}


def test_session_token_goes_with_the_keys(world, session):
    """Temporary keys work as the connection options' own credentials."""
    world.member_of(WANTED)
    assert world.run(**session)["administrator"]["account_id"] == WANTED


@pytest.mark.parametrize("regions", [REGIONS[:1], REGIONS])
@pytest.mark.parametrize("token", [None, "of-another-session"])
def test_temporary_keys_without_their_token(world, session, token, regions):
    """They work nowhere: credentials, and no region is blamed."""
    result = world.run(**{**session, "session_token": token}, regions=regions)
    assert [outcome["error"]["reason"] for outcome in result["regions"]] == ["credentials"] * len(regions)


def test_session_token_of_the_environment(world, session, monkeypatch):
    """AWS_SESSION_TOKEN belongs to the keys of the environment."""
    world.member_of(WANTED)
    for name, option in (("ACCESS_KEY_ID", "access_key"), ("SECRET_ACCESS_KEY", "secret_key"), ("SESSION_TOKEN", "session_token")):
        monkeypatch.setenv(f"AWS_{name}", session[option])
    assert not world.run(**NO_KEYS, assume_role_arn=None).get("failed")


@pytest.mark.parametrize("role, code", [(True, "SignatureDoesNotMatch"), (False, "InvalidSignatureException")])
def test_wrong_secret(world, role, code):
    """The key exists, and the signature does not match: credentials, for a role as well as without one."""
    world.member_of(WANTED, account=world.base_account)
    result = world.run(secret_key="guessed", **({} if role else {"assume_role_arn": None}))
    assert (result["error"]["reason"], result["error"]["code"]) == ("credentials", code)
    assert "secret_key" in result["msg"]
    assert world.calls() == []


@pytest.mark.parametrize("role", [True, False])
def test_wrong_secret_does_not_print_the_request(world, role):
    """AWS's message goes on with the canonical request and the string to sign; the one of several regions is the same for all."""
    result = world.run(secret_key="guessed", regions=REGIONS, **({} if role else {"assume_role_arn": None}))
    printed = json.dumps(result)
    assert "Consult the service documentation for details. Check the task's access_key" in result["msg"]
    assert not [word for word in ("Canonical", "String-to-Sign", "AWS4-HMAC", "x-amz-date", "/administrator") if word in printed]
    assert result["msg"].splitlines()[1].startswith("all 3 regions: ") and len(printed) < 6000


def test_external_id_that_the_role_asks_for(world):
    """Without it, or with another, the role can't be assumed."""
    world.member_of(WANTED)
    world.control.seed(external_ids={MEMBER: "sesame"})
    for given in ({}, {"assume_role_external_id": "guessed"}):
        result = world.run(**given)
        assert result["error"]["reason"] == "assume_role_failed" and "external ID" in result["msg"]
    assert not world.run(assume_role_external_id="sesame").get("failed")


def test_endpoint_of_the_environment(world, monkeypatch):
    """AWS_URL is amazon.aws's variable for the endpoint."""
    world.member_of(WANTED)
    monkeypatch.setenv("AWS_URL", world.endpoint_url)
    assert not world.run(endpoint_url=None).get("failed")


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_region_of_the_environment(world, monkeypatch, variable):
    """With neither region nor regions, it is the one region that boto3 finds."""
    world.member_of(WANTED)
    monkeypatch.setenv(variable, REGIONS[1])
    assert [outcome["region"] for outcome in world.run(region=None)["regions"]] == [REGIONS[1]]


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_regions_in_spite_of_the_environment(world, monkeypatch, variable):
    """A region of the environment does not get in the way of regions, nor of region."""
    world.member_of(WANTED)
    monkeypatch.setenv(variable, "eu-nowhere-1")
    assert [outcome["region"] for outcome in world.run(regions=REGIONS[:2])["regions"]] == REGIONS[:2]
    assert [outcome["region"] for outcome in world.run(region=REGIONS[1])["regions"]] == REGIONS[1:2]


@pytest.mark.parametrize("name", ["x.evil.example/#", "evil.example:443/?", "me@evil.example", "eu-west-1\n", "eu west"])
@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize("source", ["own", "role", "profile"])
def test_region_of_the_environment_that_would_be_more_than_a_part_of_a_host(world, monkeypatch, write_profiles, source, variable, name):
    """No host is made of it: neither Security Hub's nor that of STS, which gets the caller's signature."""
    asked_for, look_up = [], socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        asked_for.append(host)
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    write_profiles()
    monkeypatch.setenv(variable, name)
    sources: dict[str, dict] = {
        "own": {"region": None, "assume_role_arn": None},
        "role": {},
        "profile": {**NO_KEYS, "profile": "by_role", "region": None, "assume_role_arn": None},
    }
    result = world.run(endpoint_url=None, aws_config=ONCE, **sources[source])
    assert result["error"]["reason"] == "region_not_enabled" and repr(name)[1:-1] in result["msg"]
    assert set(asked_for) <= {"127.0.0.1"} and not world.control.calls()


@pytest.fixture
def profile(world, monkeypatch, tmp_path):
    """A profile of the AWS configuration, with keys and a region."""
    path = tmp_path / "config"
    path.write_text(
        f"[profile work]\naws_access_key_id = {world.access_key}\naws_secret_access_key = {world.secret_key}\nregion = {REGIONS[2]}\n", encoding="utf-8"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return "work"


def test_profile(world, profile):
    """Its keys and its region are used; the region is overridden by the option."""
    world.member_of(WANTED)
    assert world.run(profile=profile, region=None, **NO_KEYS)["regions"][0]["region"] == REGIONS[2]
    result = world.run(profile=profile, **NO_KEYS)
    assert result["regions"][0]["region"] == REGION and not result.get("failed")


def test_profile_that_was_changed(world, profile, tmp_path):
    """A play may write what its next task reads: the file is read again."""
    world.member_of(WANTED)
    config = tmp_path / "config"
    for region in (REGIONS[2], REGIONS[1]):
        config.write_text(config.read_text(encoding="utf-8").replace(REGIONS[2], region), encoding="utf-8")
        assert world.run(profile=profile, region=None, **NO_KEYS)["regions"][0]["region"] == region


def test_profile_of_the_environment(world, profile, monkeypatch):
    """AWS_PROFILE names one as well as the option does."""
    world.member_of(WANTED)
    monkeypatch.setenv("AWS_PROFILE", profile)
    result = world.run(region=None, **NO_KEYS)
    assert result["regions"][0]["region"] == REGIONS[2] and not result.get("failed")
