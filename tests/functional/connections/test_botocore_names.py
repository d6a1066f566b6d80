# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A botocore that has renamed what the collection hooks into: tasks work all the same, or say that it is nobody's fault but the collection's."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

import botocore
import pytest
from emulator_process import running_emulator

from .conftest import url

HERE = pathlib.Path(__file__).parent
BOTOCORE = pathlib.Path(botocore.__file__).parent
ACCOUNT, ADMINISTRATOR = "444444444444", "111111111111"
REGIONS = ["eu-west-1", "us-east-1", "ap-south-1"]

# What is renamed, and in which of botocore's files: there, and wherever botocore itself uses it
WORKS = {
    "event that brings a call's region and credentials": ("provide-client-params", "client.py"),
    "event that chooses the endpoint": ("before-endpoint-resolution", "regions.py"),
    "event that sends": ("before-send", "endpoint.py"),
    "credentials of a request": ("request_credentials", "signers.py"),
    "region of a request": ("client_region", "*.py"),
    "names of what decides on the endpoint": ("EndpointResolverBuiltins", "*.py"),
    "one of them": ("AWS_STS_USE_GLOBAL_ENDPOINT", "*.py"),
    "another of them": ("SDK_ENDPOINT", "*.py"),
    "parser of times": ("set_parser_defaults", "*.py"),
    "factory of parsers": ("response_parser_factory", "*.py"),
    "search for credentials": ("create_credential_resolver", "*.py"),
    "class of that": ("CredentialResolver", "*.py"),
    "loader of models": ("data_loader", "*.py"),
    "session of HTTP": ("URLLib3Session", "*.py"),
    "TLS context of that": ("_get_ssl_context", "httpsession.py"),
    "TLS of a connection": ("_setup_ssl_cert", "httpsession.py"),
    "pools of connections": ("_pool_classes_by_scheme", "httpsession.py"),
    "their manager": ("_manager", "httpsession.py"),
    "its settings": ("_get_pool_manager_kwargs", "httpsession.py"),
    "maker of parsers": ("create_parser", "*.py"),
    "bundle of certificates": ("get_cert_path", "*.py"),
    "proxies of the environment": ("get_environ_proxies", "*.py"),
}


@pytest.fixture(name="rename")
def _rename(tmp_path):
    """A function that makes a copy of botocore with another name in it, and returns the folder to import it from."""

    def rename(name, pattern):
        copy = tmp_path / "botocore"
        copy.mkdir()
        for path in BOTOCORE.iterdir():
            if path.suffix != ".py" and path.name != "__pycache__":  # what was compiled is the copy's own
                (copy / path.name).symlink_to(path)
        count = 0
        for path in BOTOCORE.glob("*.py"):
            content = path.read_text(encoding="utf-8")
            if path.match(pattern):
                content, found = re.subn(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", f"{name}_renamed", content)
                count += found
            (copy / path.name).write_text(content, encoding="utf-8")
        assert count, f"botocore has no {name} any more: who uses it here?"
        return str(tmp_path)

    return rename


@pytest.fixture(name="emulator", scope="module")
def _emulator(tmp_path_factory):
    """An emulator with a member of an administrator."""
    with running_emulator(str(tmp_path_factory.mktemp("emulator")), ["--regions", ",".join(REGIONS)]) as facts:
        seed = {"members": [{"account_id": ACCOUNT, "administrator": ADMINISTRATOR, "status": "Enabled"}]}
        request = urllib.request.Request(facts["url"] + "/_emulator/seed", json.dumps(seed).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request).close()
        yield facts


def run_module(folder, name, options):
    """The result of a module, run with the botocore of a folder."""
    options = {key: value for key, value in options.items() if value is not None}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(HERE / "run_module.py"), name, json.dumps(options)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["botocore"].startswith(folder)
    return told["result"]


def run(emulator, folder, **options):
    """The result of securityhub_invitation: as a task of its own, by a role."""
    usual = {
        "administrator_id": ADMINISTRATOR,
        "regions": REGIONS,
        "endpoint_url": emulator["url"],
        "access_key": emulator["access_key"],
        "secret_key": emulator["secret_key"],
        "assume_role_arn": f"arn:aws:iam::{ACCOUNT}:role/Member",
    }
    return run_module(folder, "securityhub_invitation", {**usual, **options})


@pytest.mark.parametrize("what", WORKS)
def test_tasks_work_without(emulator, rename, what):
    """Each in turn. What is slower then, is slower."""
    folder = rename(*WORKS[what])
    result = run(emulator, folder, regions=["all"])
    assert not result.get("failed"), result["msg"]
    assert [outcome["administrator"]["account_id"] for outcome in result["regions"]] == [ADMINISTRATOR] * len(REGIONS)


@pytest.mark.parametrize("what", ["session of HTTP", "TLS context of that", "TLS of a connection", "bundle of certificates", "event that sends"])
@pytest.mark.parametrize("trusted", [True, False])
def test_whom_tls_trusts_stays_the_same_without(serve, authority, rename, what, trusted):
    """Nobody who is not trusted is spoken to, and everybody who is."""
    bundle, context = authority
    server = serve(context)
    options = {"endpoint_url": url(server, "https"), "aws_ca_bundle": bundle if trusted else None, "aws_config": {"retries": {"max_attempts": 0}}}
    result = run_module(rename(*WORKS[what]), "securityhub_hub_info", {"region": "eu-west-1", "access_key": "AKIA", "secret_key": "secret", **options})
    if trusted:
        assert result["hub"], result["msg"]
    else:
        assert result["error"]["reason"] == "endpoint_unreachable" and "CERTIFICATE_VERIFY_FAILED" in result["msg"]
        assert not server.asked


@pytest.mark.parametrize("what", ["search for credentials", "credentials of a request", "event that chooses the endpoint"])
def test_so_do_tasks_with_a_profile(emulator, rename, what, tmp_path, monkeypatch):
    """Its role is assumed, in each region."""
    config = tmp_path / "config"
    keys = f"aws_access_key_id={emulator['access_key']}\naws_secret_access_key={emulator['secret_key']}\n"
    role = f"role_arn=arn:aws:iam::{ACCOUNT}:role/Member\nsource_profile=base\nendpoint_url={emulator['url']}\n"
    config.write_text(f"[profile base]\n{keys}endpoint_url={emulator['url']}\n[profile work]\n{role}", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    result = run(emulator, rename(*WORKS[what]), profile="work", assume_role_arn=None, access_key=None, secret_key=None, endpoint_url=None)
    assert not result.get("failed"), result["msg"]


@pytest.mark.parametrize("name", ["validate_region_name", "max_pool_connections"])
def test_another_name_is_the_collections_fault(emulator, rename, name):
    """And not that of the options, the credentials or the network."""
    result = run(emulator, rename(name, "*.py"))
    assert result["error"]["reason"] == "aws_error" and "defect of the collection" in result["msg"]
