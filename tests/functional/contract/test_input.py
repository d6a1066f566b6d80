# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input fails before any call."""

from __future__ import annotations

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member_info

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGION
from .conftest import REGIONS
from .conftest import WANTED
from .conftest import OptionsRefused


@pytest.mark.parametrize(
    "value", ["", "12345678901", "1234567890123", "11111111111a", " 111111111111", "111111111111\n", "１１１１１１１１１１１１", 11111111111]
)
@pytest.mark.parametrize("name", ["administrator_id", "master_id", "administrator_account_id", "master_account_id"])
def test_administrator_id_of_12_digits(world, name, value):
    """Anything else is refused; a number from YAML has lost its leading zeros, and the message says so."""
    world.pending(WANTED)
    result = world.run(**{"administrator_id": None, name: value})
    assert result["failed"] and not result["changed"]
    assert result["regions"] == []
    assert result["error"]["reason"] == "invalid_input"
    assert str(value) in result["msg"].encode().decode("unicode_escape") or repr(value) in result["msg"]
    assert "12 digits" in result["msg"] and "Quote" in result["msg"]
    assert not world.control.calls()


@pytest.mark.parametrize(
    "module, options", [(securityhub_invitation_info, {"administrator_id": "1234"}), (securityhub_member_info, {"account_ids": [WANTED, "1234"]})]
)
def test_account_ids_of_modules_that_read(world, module, options):
    """They are refused there too."""
    result = world.run_module(module, **options)
    assert result["error"]["reason"] == "invalid_input"
    assert "1234" in result["msg"] and "12 digits" in result["msg"]
    assert not world.control.calls()


UNSEEN = [("\ufeff{}", "\\ufeff{}"), ("{}\r", "{}\\r"), ("{}\xa0", "{}\\xa0"), ("{}\u200b", "{}\\u200b"), ("{}\u3000", "{}\\u3000"), ("{}\u3164", "{}\\u3164")]


@pytest.mark.parametrize("given, shown", UNSEEN)
def test_what_can_not_be_seen_in_an_account_id_is_shown(world, given, shown):
    """As spreadsheets and web pages leave it behind, in whichever option."""
    options = {"administrator_id": {"administrator_id": given.format(WANTED)}, "expected_account_id": {"expected_account_id": given.format(WANTED)}}
    results = [world.run(**named) for named in options.values()]
    results.append(world.run_module(securityhub_member, members=[{"account_id": given.format(WANTED)}]))
    results.append(world.run_module(securityhub_member_info, account_ids=[given.format(WANTED)]))
    for result in results:
        assert result["error"]["reason"] == "invalid_input"
        assert f"is '{shown.format(WANTED)}', not an account ID" in result["msg"] and result["msg"].isprintable()
    assert not world.control.calls()


@pytest.mark.parametrize("given, shown", [("eu\xa0west-1", "eu\\xa0west-1"), ("\ufeffeu-west-1", "\\ufeffeu-west-1"), ("eu-west-1\u2009", "eu-west-1\\u2009")])
@pytest.mark.parametrize("option", ["region", "regions"])
def test_what_can_not_be_seen_in_a_region_is_shown(world, option, given, shown):
    """In the message, and where the result names the region."""
    result = world.run(**{option: [given] if option == "regions" else given})
    assert result["error"]["reason"] == "region_not_enabled"
    assert shown in result["msg"] and result["msg"].isprintable()
    assert [outcome["region"] for outcome in result["regions"]] == [shown]
    assert "GetAdministratorAccount" not in world.control.operations()


ENDPOINTS = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECURITYHUB", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_ACCOUNT"]


@pytest.mark.parametrize("value", ["localhost:5000", "localhost", "http://", "ftp://localhost", "http://local host"])
@pytest.mark.parametrize("variable", ENDPOINTS)
def test_an_endpoint_of_the_environment_that_is_not_a_url(world, monkeypatch, variable, value):
    """The message names the variable and its value; there is no call."""
    monkeypatch.setenv(variable, value)
    result = world.run(endpoint_url=None)
    assert result["error"]["reason"] == "invalid_input"
    assert result["msg"].startswith(f"{variable} in the environment is '{value}', not a URL. ")
    assert not world.control.calls()


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECURITYHUB"])
def test_an_endpoint_of_the_environment_that_nothing_uses(world, monkeypatch, variable):
    """The option comes before it; so does a service's own variable."""
    world.member_of(WANTED)
    monkeypatch.setenv(variable, "localhost:5000")
    assert not world.run().get("failed")
    for service in ("SECURITYHUB", "STS", "ACCOUNT"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", world.endpoint_url)
    assert not world.run(endpoint_url=None).get("failed")


@pytest.mark.parametrize("variable", ENDPOINTS)
def test_an_endpoint_of_the_environment_that_botocore_ignores(world, monkeypatch, variable):
    """With AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, botocore goes to AWS's own endpoints, which are not there."""
    monkeypatch.setenv(variable, "localhost:5000")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    result = world.run(endpoint_url=None, aws_config=ONCE)
    assert result["error"]["reason"] == "endpoint_unreachable" and "https://sts.us-east-1.amazonaws.com" in result["msg"]
    assert "not a URL" not in result["msg"]


def test_services_own_endpoint_that_is_not_a_url(world, monkeypatch):
    """The option is Security Hub's; the variable of another service comes before it there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "localhost:5000")
    assert world.run()["msg"].startswith("AWS_ENDPOINT_URL_STS in the environment is 'localhost:5000', not a URL.")
    assert not world.control.calls()


@pytest.mark.parametrize(
    "lines, named",
    [
        ("endpoint_url = localhost:5000", "endpoint_url of the profile mine is 'localhost:5000', not a URL. "),
        ("services = here\n[services here]\nsts =\n  endpoint_url = localhost:5000", "endpoint_url of sts in services here is 'localhost:5000', not a URL. "),
    ],
)
def test_an_endpoint_of_a_profile_that_is_not_a_url(world, monkeypatch, tmp_path, lines, named):
    """The message names the profile, or the section of services."""
    (tmp_path / "config").write_text(f"[profile mine]\naws_access_key_id = a\naws_secret_access_key = b\n{lines}\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    options = {"access_key": None, "secret_key": None, "endpoint_url": None}
    result = world.run(profile="mine", **options)
    assert result["error"]["reason"] == "invalid_input" and result["msg"].startswith(named)
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert world.run(**options)["msg"].startswith(named)
    assert not world.control.calls()


@pytest.mark.parametrize("name", ["administrator_id", "master_id", "administrator_account_id", "master_account_id"])
def test_aliases_of_administrator_id(world, name):
    """The names that other tools use."""
    world.member_of(WANTED)
    assert world.run(**{"administrator_id": None, name: WANTED})["administrator"]["account_id"] == WANTED


@pytest.mark.parametrize(
    "options, about",
    [
        ({"state": "present"}, "state"),
        ({"region": REGION, "regions": REGIONS}, "region"),
        ({"administrator_id": None}, "administrator_id"),
        ({"wait_timeout": "soon"}, "wait_timeout"),
        ({"aws_config": "nonsense"}, "aws_config"),
    ],
)
def test_options_that_ansible_refuses(world, options, about):
    """The specification of the module refuses them, naming the option."""
    with pytest.raises(OptionsRefused, match=about):
        world.run(**options)
    assert not world.control.calls()


def keyless(**options):
    """Options without access keys."""
    return {"access_key": None, "secret_key": None, **options}


@pytest.mark.parametrize(
    "options, reason, about",
    [
        ({"regions": []}, "invalid_input", "regions is an empty list"),
        ({"region": ""}, "invalid_input", "No region"),
        ({"profile": "someone"}, "invalid_input", "profile"),
        ({"aws_config": {"nonsense": 1}}, "invalid_input", "nonsense"),
        ({"aws_config": {"retries": {"mode": "nonsense"}}}, "invalid_input", "nonsense"),
        ({"aws_config": {"retries": {"max_attempts": -1}}}, "invalid_input", "max_attempts"),
        ({"aws_config": {"retries": 3}}, "invalid_input", ""),
        ({"aws_config": {"read_timeout": "long"}}, "invalid_input", ""),
        ({"aws_config": {"proxies": "nonsense"}}, "invalid_input", ""),
        ({"aws_config": {"signature_version": "nonsense"}}, "invalid_input", ""),
        ({"endpoint_url": "nonsense"}, "invalid_input", "nonsense"),
        ({"secret_key": None}, "credentials", "secret_key"),
        ({"access_key": None}, "credentials", "access_key"),
        (keyless(profile="nobody"), "credentials", "nobody"),
        (keyless(), "credentials", "credentials"),
        ({"assume_role_arn": "nonsense"}, "invalid_input", "nonsense"),
        ({"regions": [REGION, ""]}, "invalid_input", "empty"),
        ({"endpoint_url": "http://["}, "invalid_input", "http://["),
        ({"aws_ca_bundle": "/nowhere/ca.pem", "endpoint_url": None}, "invalid_input", "/nowhere/ca.pem"),
        ({"assume_role_arn": f"arn:aws:iam::{WANTED}:role/SecurityHubMember"}, "invalid_input", "No account is its own administrator"),
        ({"assume_role_arn": "SecurityHubMember"}, "invalid_input", "assume_role_arn is 'SecurityHubMember', not the ARN of a role"),
        ({"assume_role_arn": f"arn:aws:iam::{MEMBER}:user/somebody"}, "invalid_input", "not the ARN of a role"),
        ({"assume_role_arn": f"arn:aws:iam::{MEMBER[1:]}:role/Member"}, "invalid_input", "not the ARN of a role"),
        ({"assume_role_arn": f"arn:aws:iam::{MEMBER}:role/Member\n"}, "invalid_input", "not the ARN of a role"),
        ({"region": REGIONS}, "invalid_input", "For several use regions"),
        ({"region": ",".join(REGIONS)}, "invalid_input", "For several use regions"),
        ({"region": "all"}, "invalid_input", "regions: [all]"),
        ({"regions": ["all", REGION]}, "invalid_input", "all beside other entries"),
        ({"regions": f"{REGION}, all"}, "invalid_input", "all beside other entries"),
    ],
)
def test_options_that_can_not_work(world, options, reason, about):
    """A clear word about them, and no call at all to Security Hub."""
    result = world.run(**options)
    assert result["failed"] and not result["changed"]
    assert result["error"]["reason"] == reason
    assert about in result["msg"]
    assert "Unexpected" not in result["msg"] and "Traceback" not in result["msg"]
    assert not [call for call in world.control.calls() if call["operation"] != "AssumeRole" or about != "No account is its own administrator"]


@pytest.mark.parametrize(
    "variables, origins",
    [
        ({}, ["the option profile", "the option access_key"]),
        ({"AWS_ACCESS_KEY_ID": True}, ["the option profile", "AWS_ACCESS_KEY_ID in the environment"]),
        ({"AWS_ACCESS_KEY": True, "AWS_PROFILE": True}, ["AWS_PROFILE in the environment", "AWS_ACCESS_KEY in the environment"]),
    ],
)
def test_profile_and_keys_together(world, monkeypatch, variables, origins):
    """The message says where each comes from, since keys in the environment are easily forgotten."""
    values = {"AWS_ACCESS_KEY_ID": world.access_key, "AWS_ACCESS_KEY": world.access_key, "AWS_PROFILE": "someone"}
    for name in variables:
        monkeypatch.setenv(name, values[name])
    result = world.run(profile=None if "AWS_PROFILE" in variables else "someone", access_key=None if variables else world.access_key)
    assert result["error"]["reason"] == "invalid_input"
    assert all(f"({origin})" in result["msg"] for origin in origins)
    assert world.access_key not in result["msg"] and world.secret_key not in result["msg"]
    assert not world.control.calls()


def test_spaces_around_regions(world):
    """They come from lists in one string, and mean nothing."""
    world.member_of(WANTED)
    result = world.run(regions=f"{REGIONS[0]}, {REGIONS[1]} ,{REGIONS[0]}")
    assert [outcome["region"] for outcome in result["regions"]] == REGIONS[:2]
    assert not result.get("failed")


def test_a_missing_profile_is_no_regions_fault(world):
    """So none is named."""
    result = world.run(**keyless(profile="nobody"), regions=REGIONS)
    assert REGIONS[0] not in result["error"]["message"]
    assert "nobody" in result["error"]["message"]


def test_member_that_is_the_administrator_itself(world):
    """Found out by the first call where the role does not tell; accepting is not tried."""
    world.control.seed(hubs=[world.base_account])
    result = world.run(administrator_id=world.base_account, assume_role_arn=None)
    assert result["error"]["reason"] == "invitation_not_found"
    assert "itself" in result["msg"]
    assert not world.writes()


@pytest.mark.parametrize("region", ["not a region", "eu west 1", "-"])
def test_region_names_that_can_not_be(world, region):
    """region_not_enabled without a call to Security Hub, and the other regions are done."""
    world.member_of(WANTED)
    result = world.run(regions=[region, REGION])
    assert [outcome.get("error", {}).get("reason") for outcome in result["regions"]] == ["region_not_enabled", None]
    assert world.calls() == ["GetAdministratorAccount"]
    assert result["regions"][1]["administrator"]["account_id"] == WANTED


@pytest.mark.parametrize("wait_timeout", [0, -5])
def test_no_time_to_wait(world, wait_timeout):
    """A wait without time is no wait."""
    world.control.seed(hubs=[MEMBER])
    assert world.run(wait=True, wait_timeout=wait_timeout)["error"]["reason"] == "invitation_not_found"
    assert world.calls() == ["GetAdministratorAccount", "ListInvitations", "GetAdministratorAccount"]
