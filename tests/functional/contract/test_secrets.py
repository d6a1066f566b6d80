# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody sends back of an account's secrets is not printed, whosever they are and however they are spelled."""

from __future__ import annotations

import html
import http.server
import json
import logging
import threading
import urllib.parse

import pytest

from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_member

from .conftest import MEMBER
from .conftest import ONCE
from .conftest import REGIONS
from .test_accounts import EVERY_MODULE

# As AWS's are: with what is quoted in URLs, in JSON and in HTML
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE/" + "AbCdEf0123456789+/" * 20 + "EXAMPLETOKEN=="
ROLE_SECRET = "9drTJvcXLB89/role+bPxRfiCYEXAMPLEKEYabc"
ROLE_TOKEN = "FwoGZXIvYXdzEXAMPLE+" + "ZyXwVu9876543210/+" * 20 + "ROLETOKEN=="
ALL = (SECRET, TOKEN, ROLE_SECRET, ROLE_TOKEN)

SPELLINGS = {
    "as it is": lambda text: text,
    "quoted for a URL": lambda text: urllib.parse.quote(text, safe=""),
    "twice quoted for a URL": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe="")),
    "in JSON": lambda text: json.dumps(text).replace("/", "\\/"),
    "in JSON in JSON": lambda text: json.dumps(json.dumps(text).replace("/", "\\/")),
    "by code points": lambda text: text.replace("/", "\\u002f").replace("+", "\\x2B").replace("=", "&#x3d;"),
    "in HTML": lambda text: html.escape(text).replace("+", "&#43;").replace("/", "&sol;"),
    "with a newline": lambda text: text + "\n",
    "in lines": lambda text: "\n    ".join(text[start : start + 19] for start in range(0, len(text), 19)),
    "in lines of JSON": lambda text: json.dumps("\r\n".join(text[start : start + 19] for start in range(0, len(text), 19))),
}

CREDENTIALS = f"""<{{0}}Response><{{0}}Result><Credentials>
<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>{ROLE_SECRET}</SecretAccessKey><SessionToken>{ROLE_TOKEN}</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{{0}}Result></{{0}}Response>"""


class Server(http.server.ThreadingHTTPServer):
    """Assumes every role, and refuses all else (roles too, where sts_refuses) with secrets in its words."""

    words = ""
    code = ("AccessDeniedException", "AccessDenied")  # of Security Hub, and of STS
    sts_refuses = False

    def wait(self):
        """Called before STS is refused."""


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers for a Server."""

    server: Server

    def do_GET(self):
        """Security Hub's calls."""
        self._refuse()

    do_PATCH = do_DELETE = do_GET

    def do_POST(self):
        """STS's calls, and Security Hub's."""
        asked = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
        action = asked.get("Action", [""])[0]
        if action.startswith("AssumeRole") and not self.server.sts_refuses:
            self._answer(200, CREDENTIALS.format(action))
        elif action:
            self.server.wait()
            words = html.escape(self.server.words)
            self._answer(
                403, f"<ErrorResponse><Error><Code>{self.server.code[1]}</Code><Message>{words}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
            )
        else:
            self._refuse()

    def _refuse(self):
        self._answer(403, json.dumps({"__type": self.server.code[0], "message": self.server.words}))

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):  # pylint: disable=arguments-differ
        """Keep quiet."""


@pytest.fixture(name="echo")
def _echo():
    server = Server(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url(server):
    """A server's URL."""
    return f"http://127.0.0.1:{server.server_address[1]}"


def keys_as_options(world, echo, monkeypatch, tmp_path):
    """Keys among the options."""
    return {"access_key": "ASIAOWN", "secret_key": SECRET, "session_token": TOKEN, "assume_role_arn": None}


def keys_as_options_and_a_role(world, echo, monkeypatch, tmp_path):
    """Keys among the options, and a role."""
    return {"access_key": "ASIAOWN", "secret_key": SECRET + "\n", "session_token": TOKEN}


def keys_of_the_environment(world, echo, monkeypatch, tmp_path):
    """Keys in the environment."""
    for name, value in (("ACCESS_KEY_ID", "ASIAOWN"), ("SECRET_ACCESS_KEY", SECRET), ("SESSION_TOKEN", TOKEN)):
        monkeypatch.setenv(f"AWS_{name}", value)
    return {"access_key": None, "secret_key": None, "assume_role_arn": None}


PROFILES = f"""
[profile keys]
aws_access_key_id = ASIAOWN
aws_secret_access_key = {SECRET}
aws_session_token = {TOKEN}
endpoint_url = {{url}}
[profile role]
role_arn = {{role}}
source_profile = keys
endpoint_url = {{url}}
"""


def profile(name):
    """Keys, or a role, of a profile."""

    def options(world, echo, monkeypatch, tmp_path):
        (tmp_path / "config").write_text(PROFILES.format(url=url(echo), role=world.role(MEMBER)), encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        return {"access_key": None, "secret_key": None, "assume_role_arn": None, "profile": name}

    return options


def web_identity(world, echo, monkeypatch, tmp_path):
    """A token in a file, and the role that it is for."""
    (tmp_path / "token").write_text(TOKEN + "\n", encoding="utf-8")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", world.role(MEMBER))
    monkeypatch.setenv("AWS_ENDPOINT_URL", url(echo))
    return {"access_key": None, "secret_key": None, "assume_role_arn": None}


SOURCES = {
    "options": (keys_as_options, [SECRET, TOKEN], []),
    "options and a role": (keys_as_options_and_a_role, [SECRET, TOKEN, ROLE_SECRET, ROLE_TOKEN], [SECRET, TOKEN]),
    "environment": (keys_of_the_environment, [SECRET, TOKEN], []),
    "profile": (profile("keys"), [SECRET, TOKEN], []),
    "profile with a role": (profile("role"), [SECRET, TOKEN, ROLE_SECRET, ROLE_TOKEN], [SECRET, TOKEN]),
    "web identity": (web_identity, [TOKEN, ROLE_SECRET, ROLE_TOKEN], [TOKEN]),
}


def check_that_none_is_told(result, secrets):
    """None of the secrets stands anywhere in a result, and what stood around them does, where AWS's words are told."""
    assert result["failed"]
    for told in (result["error"]["message"], result["msg"]):
        assert told.count("********") >= len(secrets)
        assert "before" in told and "after" in told
    assert {error["aws_message"] for error in [result["error"], *(outcome["error"] for outcome in result["regions"])]} == {None}  # it is in the message
    # Neither as they are nor quoted: the longest part of each that nothing quotes
    for secret in secrets:
        for part in secret.replace("+", "/").replace("=", "/").split("/"):
            assert len(part) < 8 or part[:18] not in json.dumps(result)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("source", SOURCES)
def test_secrets_in_a_refusal(world, echo, monkeypatch, tmp_path, source, spelling):
    """Security Hub refuses a call and tells whose key it was."""
    options, secrets, _known_to_sts = SOURCES[source]
    echo.words = " between ".join(["before", *map(SPELLINGS[spelling], secrets), "after"])
    result = world.run(regions=REGIONS, endpoint_url=url(echo), aws_config=ONCE, **options(world, echo, monkeypatch, tmp_path))
    assert result["error"]["reason"] == "access_denied"
    check_that_none_is_told(result, secrets)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("source", [source for source, (_options, _secrets, known_to_sts) in SOURCES.items() if known_to_sts])
def test_secrets_in_the_refusal_of_a_role(world, echo, monkeypatch, tmp_path, source, spelling):
    """STS refuses a role and tells whose key it was, before there is any other."""
    options, _secrets, secrets = SOURCES[source]
    echo.sts_refuses = True
    echo.words = " between ".join(["before", *map(SPELLINGS[spelling], secrets), "after"])
    result = world.run(regions=REGIONS, endpoint_url=url(echo), aws_config=ONCE, **options(world, echo, monkeypatch, tmp_path))
    assert result["error"]["reason"] == "assume_role_failed"
    check_that_none_is_told(result, secrets)


SIGNATURES = [("InvalidSignatureException", "SignatureDoesNotMatch"), ("SignatureDoesNotMatch",) * 2, ("IncompleteSignatureException", "IncompleteSignature")]


@pytest.mark.parametrize("spelling", ["as it is", "quoted for a URL", "in lines"])
@pytest.mark.parametrize("sts_refuses", [False, True])
@pytest.mark.parametrize("code", SIGNATURES)
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(world, echo, monkeypatch, tmp_path, code, sts_refuses, spelling):
    """A refused signature's text is cut at 300 characters or at its first line break: after the secrets are masked."""
    echo.code, echo.sts_refuses = code, sts_refuses
    echo.words = "x" * 285 + " " + SPELLINGS[spelling](SECRET) + " afterwards"
    options = keys_as_options_and_a_role(world, echo, monkeypatch, tmp_path) if sts_refuses else keys_as_options(world, echo, monkeypatch, tmp_path)
    result = world.run(endpoint_url=url(echo), aws_config=ONCE, **options)
    assert (result["error"]["reason"], result["error"]["code"]) == ("credentials", code[sts_refuses])
    assert "x" * 285 + " ******** after. " in result["error"]["message"]
    assert SECRET[:4] not in json.dumps(result)


@pytest.mark.parametrize("code, length", [*((code, 300) for code in SIGNATURES), (Server.code, 1000)])
def test_only_the_text_of_a_refused_signature_is_cut(world, echo, monkeypatch, tmp_path, code, length):
    """All others stay whole."""
    echo.code, echo.words = code, "x" * 1000
    result = world.run(endpoint_url=url(echo), aws_config=ONCE, **keys_as_options(world, echo, monkeypatch, tmp_path))
    assert "x" * length in result["msg"] and "x" * (length + 1) not in json.dumps(result)


def test_secrets_where_nobody_knows_whose_account_it_is(world, echo, monkeypatch, tmp_path):
    """What fails before any region is asked is told without secrets too."""
    echo.words = f"before {SECRET} {TOKEN} after"
    result = world.run(endpoint_url=url(echo), aws_config=ONCE, expected_account_id=MEMBER, **keys_as_options(world, echo, monkeypatch, tmp_path))
    assert "regions" not in result
    check_that_none_is_told({**result, "regions": []}, [SECRET, TOKEN])


@EVERY_MODULE
def test_secrets_in_every_module(world, echo, monkeypatch, tmp_path, module, options):
    """None has a way of its own to tell them."""
    echo.words = " between ".join(["before", *ALL, "after"])
    result = world.run_module(module, endpoint_url=url(echo), aws_config=ONCE, **options, **keys_as_options_and_a_role(world, echo, monkeypatch, tmp_path))
    check_that_none_is_told(result, ALL)


def test_secrets_in_the_log(world, echo, monkeypatch, tmp_path, caplog):
    """botocore logs what STS refuses, and Ansible may keep a log."""
    options, _secrets, secrets = SOURCES["web identity"]
    echo.sts_refuses = True
    echo.words = f"before {TOKEN} after"
    world.run(endpoint_url=url(echo), aws_config=ONCE, **options(world, echo, monkeypatch, tmp_path))
    assert not [secret for secret in secrets if secret in caplog.text]
    assert logging.getLogger("botocore").propagate


def test_secrets_in_the_log_while_tasks_run_beside_one_another(world, echo, monkeypatch, tmp_path, caplog):
    """As the event source has them run. One that ends does not let the library speak while another one is under way."""
    other = threading.Thread(target=world.run)
    world.fault("GetAdministratorAccount", delay=0.5)
    other.start()
    while not world.calls():
        assert other.is_alive()
    options, _secrets, secrets = SOURCES["web identity"]
    echo.sts_refuses = True
    echo.words = f"before {TOKEN} after"
    echo.wait = other.join
    world.run(endpoint_url=url(echo), aws_config=ONCE, **options(world, echo, monkeypatch, tmp_path))
    assert not [secret for secret in secrets if secret in caplog.text]
    assert logging.getLogger("botocore").propagate


def test_secrets_of_one_account_among_many(world):
    """An account that a call left unprocessed is told of without them too."""
    world.control.seed(hubs=[world.base_account])
    said = f"before {world.secret_key} after"
    world.fault("CreateMembers", response={"UnprocessedAccounts": [{"AccountId": MEMBER, "ProcessingResult": said}]})
    result = world.run_module(securityhub_member, assume_role_arn=None, members=[{"account_id": MEMBER}])
    (member,) = result["regions"][0]["members"]
    assert "before ******** after" in member["error"]["message"]
    assert world.secret_key not in json.dumps(result)


def test_a_secret_that_is_part_of_a_word(world):
    """It is no real one; the result keeps its form all the same."""
    result = world.run(secret_key="a")
    assert (result["error"]["reason"], result["regions"][0]["error"]["code"]) == ("credentials", "SignatureDoesNotMatch")
    assert "administrator" in result


def test_what_a_terminal_would_act_upon_is_shown(world):
    """Wherever it stands: in errors and in what AWS tells."""
    harm = "\x1b[2Jred\x9b31m\r\nforged: \u202eline\ud83d\U0001f600"
    shown = "\\x1b[2Jred\\x9b31m\\r\\nforged: \\u202eline\\ud83d\U0001f600"
    world.control.seed(hubs=[MEMBER])
    for operation in ("GetAdministratorAccount", "GetMasterAccount"):
        world.fault(operation, times=len(REGIONS), error={"code": "AccessDeniedException", "message": harm})
    error = world.run(regions=REGIONS)["error"]
    assert shown in error["message"]
    world.fault("GetAdministratorAccount", response={"Administrator": {"AccountId": harm, "MemberStatus": harm, "InvitationId": harm}})
    result = world.run()
    assert result["error"]["reason"] == "different_administrator" and shown in result["msg"]
    assert result["administrator"] == {"account_id": shown, "invitation_id": shown, "invited_at": None, "member_status": shown}
