# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where credentials come from: each source is asked as the task says, as often as it needs, and named where it fails."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import http.server
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import threading
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import botocore.credentials
import pytest
from certificate import make_certificate

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import OTHER
from .conftest import REGION
from .conftest import REGIONS
from .conftest import THIRD
from .conftest import WANTED
from .test_states import GET

NO_KEYS = {"access_key": None, "secret_key": None, "assume_role_arn": None}
EXPIRED = {"code": "ExpiredTokenException", "message": "The security token included in the request is expired"}
SSO_PROFILE = """
[profile by_sso]
sso_account_id = 444444444444
sso_role_name = Auditor
sso_region = eu-west-1
sso_start_url = https://example.awsapps.com/start
[profile by_sso_session]
sso_account_id = 444444444444
sso_role_name = Auditor
sso_session = company
[sso-session company]
sso_region = eu-west-1
sso_start_url = https://example.awsapps.com/start
sso_registration_scopes = sso:account:access
"""


class Recorder(http.server.ThreadingHTTPServer):
    """A proxy that records what it forwards; and the endpoints for credentials that the emulator doesn't have."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Recording)
        self.recorded: list[str] = []
        self.requests: list = []
        self.statuses: list[int] = []  # of the next responses of an endpoint for credentials
        self.credentials: dict = {}

    @property
    def url(self):
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Recording(http.server.BaseHTTPRequestHandler):
    """Forwards a request for a whole URL, and answers others as an endpoint for credentials."""

    server: Recorder
    protocol_version = "HTTP/1.1"

    def _serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        action = parse_qs(body.decode(errors="replace")).get("Action", [url.path])[0]
        self.server.recorded.append(action)
        self.server.requests.append(self.headers)
        if url.path == "/federation/credentials" or not url.netloc:
            self._give_credentials(sso=url.path.startswith("/federation"))
            return
        connection = http.client.HTTPConnection(url.netloc, timeout=10)
        connection.request(self.command, f"{url.path}?{url.query}".rstrip("?"), body, dict(self.headers))
        response = connection.getresponse()
        content = response.read()
        self._answer(response.status, content, response.getheader("Content-Type"), response.getheader("x-amzn-RequestId"))
        connection.close()

    do_GET = do_POST = do_PATCH = do_DELETE = _serve

    def _give_credentials(self, sso):
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        keys = self.server.credentials
        if sso and keys:
            names = {"accessKeyId": "AccessKeyId", "secretAccessKey": "SecretAccessKey", "sessionToken": "SessionToken"}
            told: dict = {"roleCredentials": {**{name: keys[key] for name, key in names.items()}, "expiration": 4102444800000}}
        else:
            told = {**keys, "Token": keys.get("SessionToken")}
        self._answer(status, json.dumps(told if status == 200 else {"message": "busy"}).encode(), "application/json", None)

    def _answer(self, status, content, content_type, request_id):
        self.send_response(status)
        self.send_header("Content-Type", content_type or "application/json")
        if status == 401:
            self.send_header("x-amzn-ErrorType", "UnauthorizedException")
        if request_id:
            self.send_header("x-amzn-RequestId", request_id)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):  # pylint: disable=arguments-differ
        """Keep quiet."""


@pytest.fixture
def recorder():
    """A Recorder, running."""
    server = Recorder()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def profiles(world, tmp_path, monkeypatch):
    """A function that writes the AWS configuration, in which {name} stands for a fact."""

    def write(text, **facts):
        base = f"[profile base]\naws_access_key_id = {world.access_key}\naws_secret_access_key = {world.secret_key}\n"
        path = tmp_path / "config"
        path.write_text(base + text.format(role=world.role(MEMBER), middle=world.role(OTHER), first=world.role(THIRD), **facts), encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
        return path

    return write


@pytest.fixture
def keys(world):
    """Temporary keys of the member, as an endpoint gives them."""
    found = world.sts().assume_role(RoleArn=world.role(MEMBER), RoleSessionName="source")["Credentials"]
    world.control.clear_calls()
    return {**found, "Expiration": found["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")}


def helper(tmp_path, keys, failures=0, **more):
    """The command of a credential_process that fails so many times at first; it notes each run in a file named runs."""
    program = tmp_path / "helper.py"
    runs = tmp_path / "runs"
    told = json.dumps({"Version": 1, **keys, **more}, default=str)
    program.write_text(
        f"import pathlib, sys\nruns = pathlib.Path({str(runs)!r})\ncount = len(runs.read_text()) if runs.exists() else 0\n"
        f"runs.write_text('.' * (count + 1))\nif count < {failures}:\n    sys.exit('The vault is sealed')\nprint({told!r})\n",
        encoding="utf-8",
    )
    return f"{sys.executable} {program}"


def runs_of(tmp_path):
    """How often the helper has been run."""
    return len((tmp_path / "runs").read_text(encoding="utf-8"))


CHAIN = """
[profile middle]
role_arn = {middle}
source_profile = base
[profile by_chain]
role_arn = {role}
source_profile = middle
[profile by_role]
role_arn = {role}
source_profile = base
[profile by_token]
role_arn = {role}
web_identity_token_file = {token}
"""


@pytest.fixture
def source(world, profiles, tmp_path, monkeypatch, recorder, keys):
    """A function that prepares a source of credentials, and returns the options of a task that uses it and the calls that it makes for them."""

    def prepare(name):
        token = tmp_path / "token"
        token.write_text("a-token-of-an-identity-provider", encoding="utf-8")
        profiles(CHAIN + SSO_PROFILE + "[profile by_process]\ncredential_process = {process}\n", token=token, process=helper(tmp_path, keys))
        recorder.credentials = keys
        if name == "web identity of the environment":
            monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
            monkeypatch.setenv("AWS_ROLE_ARN", world.role(MEMBER))
        if name == "container":
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{recorder.url}/container")
        if name == "by_sso":
            log_in(monkeypatch, tmp_path)
        calls = {
            "by_role": ["AssumeRole"],
            "by_chain": ["AssumeRole", "AssumeRole"],
            "by_token": ["AssumeRoleWithWebIdentity"],
            "web identity of the environment": ["AssumeRoleWithWebIdentity"],
            "by_sso": ["/federation/credentials"],
            "container": ["/container"],
            "by_process": [],
        }
        profile = name if name.startswith("by_") else None
        return {**NO_KEYS, "profile": profile}, calls[name]

    return prepare


def log_in(monkeypatch, folder, ends=datetime.timedelta(hours=1)):
    """Leave a session as aws sso login does, which ends so much later."""
    expires = (datetime.datetime.now(datetime.timezone.utc) + ends).strftime("%Y-%m-%dT%H:%M:%SZ")
    start_url = "https://example.awsapps.com/start"
    token = {"accessToken": "a-token-of-sso", "expiresAt": expires, "startUrl": start_url, "region": "eu-west-1"}
    monkeypatch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(folder))
    cache = botocore.credentials.JSONFileCache(str(folder))
    botocore.credentials.SSOTokenLoader(cache=cache).save_token(start_url, token)


SOURCES = ["by_role", "by_chain", "by_token", "web identity of the environment", "by_sso", "container", "by_process"]


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_is_asked_through_the_task_s_proxy(world, source, recorder, name):
    """It is asked at the task's endpoint, through the task's proxy, and once; a container's own endpoint is this machine's, which no proxy reaches."""
    world.member_of(WANTED)
    options, calls = source(name)
    result = world.run(**options, regions=REGIONS, aws_config={"proxies": {"http": recorder.url}})
    assert not result.get("failed"), result["msg"]
    assert recorder.recorded == [*calls, *["/administrator"] * len(REGIONS)]


@pytest.mark.parametrize("name", ["by_role", "by_chain", "by_token", "by_sso"])
def test_each_source_is_asked_with_the_task_s_time_out(world, source, recorder, name, monkeypatch):
    """One that does not answer in time ends the task in that time."""
    options, _calls = source(name)
    monkeypatch.setattr(Recording, "_serve", lambda self: threading.Event().wait(3))
    for method in ("do_GET", "do_POST"):
        monkeypatch.setattr(Recording, method, lambda self: threading.Event().wait(3))
    result = world.run(**options, endpoint_url=recorder.url, aws_config={**ONCE, "read_timeout": 0.3})
    assert result["error"]["reason"] == "endpoint_unreachable" and "Read timeout" in result["msg"]
    assert name in result["msg"]


@pytest.mark.parametrize("name", ["by_role", "by_chain", "by_token", "web identity of the environment"])
def test_refused_role_of_a_source(world, source, name):
    """The message names the role and what names it."""
    options, calls = source(name)
    world.fault(calls[0], times=None, error={"code": "AccessDenied", "message": "Not for you"})
    result = world.run(**options)
    role = world.role(OTHER) if name == "by_chain" else world.role(MEMBER)
    assert result["error"]["reason"] == "assume_role_failed"
    assert f"The role {role} of {'AWS_WEB_IDENTITY_TOKEN_FILE in the environment' if options['profile'] is None else f'the profile {name}'}" in result["msg"]


def test_variable_that_names_the_profile(world, source, monkeypatch):
    """The message of a profile's role names the variable too."""
    source("by_role")
    monkeypatch.setenv("AWS_PROFILE", "by_role")
    world.fault("AssumeRole", times=None, error={"code": "AccessDenied", "message": "Not for you"})
    assert "of the profile by_role (AWS_PROFILE in the environment) could not be assumed" in world.run(**NO_KEYS)["msg"]


@pytest.mark.parametrize("name", ["by_role", "by_token"])
def test_regional_sts_of_a_profile(world, source, monkeypatch, name):
    """A session of the global STS is no good in regions that were opted in to, whatever the environment prefers."""
    options, _calls = source(name)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    assert "https://sts.eu-west-1.amazonaws.com" in world.run(**options, endpoint_url=None, aws_config=ONCE)["msg"]


# Busy


def test_container_that_is_busy(world, source, recorder, clock):
    """It is asked again as long as other calls are."""
    world.member_of(WANTED)
    options, _calls = source("container")
    recorder.statuses = [429] * 6
    result = world.run(**options)
    assert not result.get("failed"), result["msg"]
    assert recorder.recorded == ["/container"] * 7


def test_container_that_stays_busy(world, source, recorder, clock):
    """It is limit_exceeded, and the message names the variable."""
    options, _calls = source("container")
    recorder.statuses = [429] * 99
    result = world.run(**options)
    assert result["error"]["reason"] == "limit_exceeded"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI in the environment" in result["msg"] and "expired" not in result["msg"]
    assert clock.slept < 40 and not world.control.calls()


def test_container_that_fails(world, source, recorder, clock):
    """The reason is credentials, in words of its own."""
    options, _calls = source("container")
    recorder.statuses = [500] * 99
    result = world.run(**options)
    assert result["error"]["reason"] == "credentials"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI in the environment" in result["msg"] and "500" in result["msg"] and "expired" not in result["msg"]


@pytest.mark.parametrize("name, operation", [("by_role", "AssumeRole"), ("by_token", "AssumeRoleWithWebIdentity")])
def test_throttled_role_of_a_profile(world, source, clock, name, operation):
    """It is retried like any other call, and the credentials below it are not asked for again."""
    world.member_of(WANTED)
    options, _calls = source(name)
    world.fault(operation, times=4, error={"code": "Throttling", "message": "Rate exceeded"})
    assert not world.run(**options).get("failed")
    assert world.control.operations() == [operation] * 5 + [GET]


@pytest.mark.parametrize("failures, runs", [(0, 1), (1, 2), (2, 2)])
def test_helper_that_fails(world, profiles, tmp_path, keys, clock, failures, runs):
    """It is run once more, and no more than that; then the message has its words."""
    world.member_of(WANTED)
    profiles("[profile by_process]\ncredential_process = {process}\n", process=helper(tmp_path, keys, failures))
    result = world.run(**NO_KEYS, profile="by_process", regions=REGIONS)
    assert runs_of(tmp_path) == runs
    if failures < 2:
        assert not result.get("failed"), result["msg"]
    else:
        assert result["error"]["reason"] == "credentials"
        assert all(words in result["msg"] for words in ("The vault is sealed", "the profile by_process", "credential_process"))
        assert "expired" not in result["msg"]


@pytest.mark.parametrize("minutes", [5, 12, 60])
def test_helper_is_run_once_a_task(world, profiles, tmp_path, keys, minutes):
    """Also where what it gives ends soon; botocore would run it again at each call."""
    world.member_of(WANTED)
    ends = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    profiles("[profile by_process]\ncredential_process = {process}\n", process=helper(tmp_path, keys, Expiration=ends))
    assert not world.run(**NO_KEYS, profile="by_process", regions=REGIONS).get("failed")
    assert runs_of(tmp_path) == 1


# Stale


def test_role_s_session_that_expires(world):
    """It is assumed once more, and the task goes on as if nothing had been."""
    world.pending(WANTED)
    world.fault("AcceptAdministratorInvitation", error=EXPIRED)
    result = world.run()
    assert not result.get("failed"), result["msg"]
    assert result["changed"] and world.administrator() == WANTED
    assert world.control.operations().count("AssumeRole") == 2


def test_role_s_session_that_expires_in_many_regions(world):
    """All of them go on with the same new session."""
    for region in REGIONS:
        world.control.seed(members=[{"account_id": MEMBER, "administrator": WANTED, "status": "Enabled", "regions": [region]}])
    world.fault(GET, times=len(REGIONS), together=len(REGIONS), error=EXPIRED)
    result = world.run(regions=REGIONS)
    assert not result.get("failed"), result["msg"]
    assert world.control.operations().count("AssumeRole") == 2
    assert len({call["access_key"] for call in world.control.calls(operation=GET)}) == 2


def test_role_s_session_that_is_refused_again(world):
    """Then the credentials are to blame, and the role is not assumed over and over."""
    world.fault(GET, times=None, error=EXPIRED)
    result = world.run(regions=REGIONS)
    assert [outcome["error"]["reason"] for outcome in result["regions"]] == ["credentials"] * len(REGIONS)
    assert world.control.operations().count("AssumeRole") == 2


def test_role_that_can_not_be_assumed_again(world):
    """Its own error counts."""
    world.fault("AssumeRole", skip=1, times=None, error={"code": "AccessDenied", "message": "Not any more"})
    world.fault(GET, times=None, error=EXPIRED)
    result = world.run(regions=REGIONS)
    assert [outcome["error"]["reason"] for outcome in result["regions"]] == ["assume_role_failed"] * len(REGIONS)
    assert "Not any more" in result["msg"]


def test_given_keys_that_have_expired(world, keys):
    """Nothing can renew them."""
    world.fault(GET, times=None, error=EXPIRED)
    options = {"access_key": keys["AccessKeyId"], "secret_key": keys["SecretAccessKey"], "session_token": keys["SessionToken"], "assume_role_arn": None}
    assert world.run(**options)["error"]["reason"] == "credentials"
    assert world.control.operations().count(GET) == 1


def test_helper_whose_keys_expire(world, profiles, tmp_path, keys):
    """It is run again, as the source that they came from."""
    world.member_of(WANTED)
    profiles("[profile by_process]\ncredential_process = {process}\n", process=helper(tmp_path, keys))
    world.fault(GET, times=None, error=EXPIRED)
    assert world.run(**NO_KEYS, profile="by_process")["error"]["reason"] == "credentials"
    assert runs_of(tmp_path) == 2 and world.control.operations().count(GET) == 1


def test_helper_that_gives_expired_keys(world, profiles, tmp_path, keys):
    """botocore refuses them before any call."""
    profiles("[profile by_process]\ncredential_process = {process}\n", process=helper(tmp_path, keys, Expiration="2020-01-01T00:00:00Z"))
    result = world.run(**NO_KEYS, profile="by_process")
    assert result["error"]["reason"] == "credentials" and "expired" in result["msg"] and "the profile by_process" in result["msg"]


# Unreadable


@pytest.mark.parametrize("name", ["by_token", "web identity of the environment"])
def test_token_that_is_not_there(world, source, tmp_path, name):
    """The message names the file, and what names it."""
    options, _calls = source(name)
    (tmp_path / "token").unlink()
    result = world.run(**options)
    named = "web_identity_token_file of the profile by_token" if options["profile"] else "AWS_WEB_IDENTITY_TOKEN_FILE in the environment"
    assert result["error"]["reason"] == "credentials"
    assert f"{tmp_path / 'token'} ({named})" in result["msg"] and "No such file" in result["msg"]


def test_token_of_a_container_that_is_not_there(world, source, monkeypatch, tmp_path):
    options, _calls = source("container")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "nothing"))
    result = world.run(**options)
    assert result["error"]["reason"] == "credentials" and f"{tmp_path / 'nothing'} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE in the environment)" in result["msg"]


def test_helper_that_is_not_there(world, profiles, tmp_path):
    profiles("[profile by_process]\ncredential_process = {process} --quiet\n", process=tmp_path / "nothing")
    result = world.run(**NO_KEYS, profile="by_process")
    assert result["error"]["reason"] == "credentials" and f"{tmp_path / 'nothing'} (credential_process of the profile by_process)" in result["msg"]


@pytest.mark.parametrize("variable", ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"])
@pytest.mark.parametrize("what", ["nothing", "folder"])
def test_file_of_the_environment_that_can_not_be_read(world, monkeypatch, tmp_path, variable, what):
    (tmp_path / "folder").mkdir()
    monkeypatch.setenv(variable, str(tmp_path / what))
    result = world.run(**NO_KEYS)
    assert result["error"]["reason"] == "credentials" and f"{tmp_path / what} ({variable} in the environment)" in result["msg"]


def test_default_file_that_can_not_be_read(world, home, monkeypatch, tmp_path):
    """No variable names it; where there is none at all, nothing is said of it."""
    assert "credentials" not in world.run(**NO_KEYS)["msg"].split("Check")[0].replace("Unable to locate credentials", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws" / "credentials").mkdir(parents=True)
    result = world.run(**NO_KEYS)
    assert result["error"]["reason"] == "credentials" and f"{tmp_path}/.aws/credentials can't be used" in result["msg"]


@pytest.mark.parametrize("options", [NO_KEYS, {}, {"region": None}], ids=["no keys", "keys", "no region"])
def test_configuration_that_is_not_one(world, monkeypatch, tmp_path, options):
    """The message names the file and the variable, whatever of it is needed."""
    path = tmp_path / "config"
    path.write_text("<html>", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    result = world.run(**options)
    assert result["error"]["reason"] == "credentials" and f"The file {path} (AWS_CONFIG_FILE in the environment) can't be used" in result["msg"]


def test_profile_in_a_file_that_is_not_there(world, monkeypatch, tmp_path):
    """The variable that names the file is to blame, also where no region is known."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "nothing"))
    for region in ({"region": None}, {}):
        result = world.run(**NO_KEYS, profile="corp", **region)
        assert result["error"]["reason"] == "credentials" and f"{tmp_path / 'nothing'} (AWS_CONFIG_FILE in the environment)" in result["msg"]


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}", '{"Version": 1}', '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "B", "Expiration": "soon"}'])
def test_helper_that_says_something_else(world, profiles, tmp_path, clock, text):
    """It is no defect of the collection, and the profile is named."""
    program = tmp_path / "helper.py"
    program.write_text(f"print({text!r})", encoding="utf-8")
    profiles("[profile by_process]\ncredential_process = {process}\n", process=f"{sys.executable} {program}")
    result = world.run(**NO_KEYS, profile="by_process")
    assert result["error"]["reason"] == "credentials" and "the profile by_process" in result["msg"] and "defect" not in result["msg"]


def test_container_that_says_something_else(world, source, recorder):
    """A key is missing in what it gives."""
    options, _calls = source("container")
    recorder.credentials = {}
    result = world.run(**options)
    assert result["error"]["reason"] == "credentials" and "AccessKeyId is missing in its response" in result["msg"]


def test_profile_set_to_nothing(world, profiles, monkeypatch):
    """It is as if it were not set."""
    world.member_of(WANTED, account=world.base_account)
    profiles("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\nregion = us-east-1\n", key=world.access_key, secret=world.secret_key)
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.setenv(name, "")
    result = world.run(**NO_KEYS, region=None)
    assert not result.get("failed"), result["msg"]
    assert result["regions"][0]["region"] == "us-east-1"
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "nobody")
    assert "There is no profile nobody (AWS_DEFAULT_PROFILE in the environment)" in world.run(**NO_KEYS)["msg"]


@pytest.mark.parametrize("regions", [{"region": None}, {"region": REGION}, {"regions": REGIONS}, {"regions": ["all"]}])
@pytest.mark.parametrize("named_by", ["option", "AWS_PROFILE"])
def test_profile_that_does_not_exist(world, profiles, monkeypatch, regions, named_by):
    """It is said to be that, whether a region is known or not."""
    path = profiles("")
    if named_by == "AWS_PROFILE":
        monkeypatch.setenv("AWS_PROFILE", "corp")
    result = world.run(**NO_KEYS, **regions, **({"profile": "corp"} if named_by == "option" else {}))
    assert result["error"]["reason"] == "credentials"
    variable = " (AWS_PROFILE in the environment)" if named_by == "AWS_PROFILE" else ""
    assert f"There is no profile corp{variable}: neither {path} nor ~/.aws/credentials has it." in result["msg"]
    assert not world.control.calls()


@pytest.mark.parametrize("session", ["missing", "over", "refused"])
@pytest.mark.parametrize("by", ["by_sso", "by_role_of_sso"])
def test_sso_session(world, profiles, monkeypatch, tmp_path, recorder, session, by):
    """The message has the command that mends it, with the profile that has the session."""
    profiles(SSO_PROFILE + "[profile by_role_of_sso]\nrole_arn = {role}\nsource_profile = by_sso\n")
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(tmp_path))
    if session != "missing":
        log_in(monkeypatch, tmp_path, datetime.timedelta(hours=-1 if session == "over" else 1))
    recorder.statuses = [401]
    result = world.run(**NO_KEYS, profile=by, endpoint_url=recorder.url)
    assert result["error"]["reason"] == "credentials"
    assert re.search(r"aws sso login --profile by_sso\b", result["msg"]), result["msg"]
    assert by in result["msg"] and "a-token-of-sso" not in result["msg"]


MFA = """
[profile middle]
role_arn = {middle}
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile by_chain]
role_arn = {role}
source_profile = middle
[profile unused]
role_arn = {first}
source_profile = static
[profile static]
aws_access_key_id = {key}
aws_secret_access_key = {secret}
role_arn = {middle}
source_profile = base
mfa_serial = arn:aws:iam::123456789012:mfa/me
"""


def test_profile_with_a_name_like_a_template(world, profiles):
    """A name is text, in messages too."""
    profiles(SSO_PROFILE.replace("by_sso]", "{{role}}]"))
    result = world.run(**NO_KEYS, profile="{role}")
    assert result["error"]["reason"] == "credentials" and result["msg"].endswith("aws sso login --profile {role}")


def test_sso_session_that_is_named(world, profiles):
    """The form that aws configure sso writes today."""
    profiles(SSO_PROFILE)
    result = world.run(**NO_KEYS, profile="by_sso_session")
    assert result["error"]["reason"] == "credentials" and "aws sso login --profile by_sso_session" in result["msg"]


def test_mfa_in_a_chain_of_profiles(world, profiles, monkeypatch):
    """It is an error, never a prompt, and names the profile that asks for it."""
    profiles(MFA, key=world.access_key, secret=world.secret_key)
    monkeypatch.setattr("getpass.getpass", lambda *_args: pytest.fail("a prompt"))
    result = world.run(**NO_KEYS, profile="by_chain")
    assert result["error"]["reason"] == "credentials" and "The profile middle asks for MFA" in result["msg"]
    assert not world.control.calls()


def test_mfa_of_a_role_that_is_not_assumed(world, profiles):
    """It matters to nobody."""
    world.member_of(WANTED, account=THIRD)
    profiles(MFA, key=world.access_key, secret=world.secret_key)
    result = world.run(**NO_KEYS, profile="unused")
    assert not result.get("failed"), result["msg"]


# Certificates


@pytest.fixture
def tls(world, tmp_path):
    """A proxy of the emulator by TLS, with the certificate of a private authority."""
    bundle, server = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    relay = Recorder()
    relay.socket = context.wrap_socket(relay.socket, server_side=True)
    target = urlsplit(world.endpoint_url).netloc

    class Relay(Recording):
        """Forwards all requests to the emulator."""

        def parse_request(self):
            found = super().parse_request()
            if found:
                self.path = f"http://{target}{self.path}"
            return found

    relay.RequestHandlerClass = Relay
    threading.Thread(target=relay.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{relay.server_address[1]}", bundle
    with contextlib.suppress(OSError):
        relay.shutdown()
    relay.server_close()


BUNDLE_PROFILE = "[profile corp]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\nregion = eu-west-1\n{line}\n"
BUNDLE_PROFILE += "[profile by_role]\nrole_arn = {role}\nsource_profile = corp\nregion = eu-west-1\n{line}\n"


@pytest.mark.parametrize("profile", ["corp", "by_role"])
@pytest.mark.parametrize("named_by", ["ca_bundle", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "nothing", "no validation"])
def test_bundle_of_certificates(world, profiles, monkeypatch, tls, profile, named_by):
    """As boto3 reads them: also where botocore itself asks for a role, and validate_certs says only that certificates are verified."""
    url, bundle = tls
    world.member_of(WANTED, account=MEMBER if profile == "by_role" else world.base_account)
    profiles(BUNDLE_PROFILE, key=world.access_key, secret=world.secret_key, line=f"ca_bundle = {bundle}" if named_by == "ca_bundle" else "")
    monkeypatch.setenv("AWS_PROFILE", profile)
    if named_by.isupper():
        monkeypatch.setenv(named_by, str(bundle))
    options = {"validate_certs": named_by != "no validation"}
    result = world.run(**NO_KEYS, region=None, endpoint_url=url, aws_config=ONCE, **options)
    if named_by == "nothing":
        assert result["error"]["reason"] == "endpoint_unreachable" and "CERTIFICATE_VERIFY_FAILED" in result["msg"]
    else:
        assert not result.get("failed"), result["msg"]


@pytest.mark.parametrize("named_by", ["ca_bundle", "REQUESTS_CA_BUNDLE"])
def test_bundle_that_is_not_there(world, profiles, monkeypatch, tmp_path, named_by):
    """The message says who names it."""
    path = str(tmp_path / "nothing.pem")
    profiles(BUNDLE_PROFILE, key=world.access_key, secret=world.secret_key, line=f"ca_bundle = {path}" if named_by == "ca_bundle" else "")
    if named_by.isupper():
        monkeypatch.setenv(named_by, path)
    result = world.run(**NO_KEYS, profile="corp")
    named = "ca_bundle of the profile corp" if named_by == "ca_bundle" else "REQUESTS_CA_BUNDLE in the environment"
    assert result["error"]["reason"] == "invalid_input" and f"{named} is '{path}'" in result["msg"]


@pytest.mark.parametrize("named_by", ["ca_bundle", "nothing"])
def test_bundle_of_certificates_of_the_inventory(world, profiles, monkeypatch, tls, tmp_path, named_by):
    """The plugin reads them as the modules do."""
    url, bundle = tls
    members = [{"account_id": MEMBER, "administrator": world.base_account, "status": "Enabled"}]
    world.control.seed(hubs=[world.base_account], members=members)
    profiles(BUNDLE_PROFILE, key=world.access_key, secret=world.secret_key, line=f"ca_bundle = {bundle}" if named_by == "ca_bundle" else "")
    monkeypatch.setenv("AWS_PROFILE", "corp")
    inventory = tmp_path / "all.securityhub_members.yml"
    lines = ["plugin: cloudsec.securityhub.securityhub_members", "regions: [eu-west-1]", f"endpoint_url: {url}"]
    inventory.write_text("\n".join(lines), encoding="utf-8")
    command = [str(pathlib.Path(sys.executable).parent / "ansible-inventory"), "-i", str(inventory), "--list"]
    ended = subprocess.run(command, env={**os.environ, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}, capture_output=True, text=True, check=False)
    if named_by == "nothing":
        assert ended.returncode != 0 and "CERTIFICATE_VERIFY_FAILED" in ended.stderr
    else:
        assert ended.returncode == 0, ended.stderr
        assert MEMBER in json.loads(ended.stdout)["_meta"]["hostvars"]
