# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each test keeps one promise about connections, over a real socket on loopback."""

from __future__ import annotations

import itertools
import os
import pathlib
import socket
import threading
import time

import pytest

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudsec.securityhub.plugins.module_utils import _client as clients
from ansible_collections.cloudsec.securityhub.plugins.module_utils._module import run_task
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_hub_info
from ansible_collections.cloudsec.securityhub.plugins.modules import securityhub_invitation_info

from .conftest import url

REGIONS = ["eu-west-1", "us-east-1", "ap-south-1", "sa-east-1", "eu-north-1"]
FAST = {"retries": {"max_attempts": 0}, "connect_timeout": 15, "read_timeout": 15}


def look(module=securityhub_hub_info, **options):
    """The result of a module with these options."""
    options = {"access_key": "AKIA", "secret_key": "secret", "region": "eu-west-1", "aws_config": FAST, **options}
    validated = ArgumentSpecValidator(module.SPEC["argument_spec"]).validate(options)
    assert not validated.error_messages
    return run_task(module.run, validated.validated_parameters, check_mode=True)


def test_a_server_whose_authority_is_trusted_is_spoken_to(serve, authority):
    bundle, context = authority
    assert look(endpoint_url=url(serve(context), "https"), aws_ca_bundle=bundle)["hub"]["hub_arn"]


def test_a_server_whose_authority_is_not_trusted_is_not_spoken_to(serve, authority):
    server = serve(authority[1])
    result = look(endpoint_url=url(server, "https"))
    assert result["error"]["reason"] == "endpoint_unreachable"
    assert "CERTIFICATE_VERIFY_FAILED" in result["msg"]
    assert server.asked == []


def test_without_validation_any_server_is_spoken_to(serve, authority):
    assert look(endpoint_url=url(serve(authority[1]), "https"), validate_certs=False)["hub"]["hub_arn"]


def test_an_unreadable_bundle_is_bad_input(serve, authority):
    result = look(endpoint_url=url(serve(authority[1]), "https"), aws_ca_bundle="/does/not/exist")
    assert result["error"]["reason"] == "invalid_input"


@pytest.mark.parametrize("as_new_file", [True, False], ids=["a new file", "the same file"])
def test_a_bundle_that_was_replaced_is_read_again(serve, authority, tmp_path, as_new_file):
    """Though it is as long and as old as before, it is another one."""
    bundle, context = authority
    server = serve(context)
    trusted = pathlib.Path(bundle).read_bytes()
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"#" * len(trusted))
    for content, reason in ((trusted, None), (b"#" * len(trusted), "invalid_input"), (trusted, None)):
        before = os.stat(bundle)
        if as_new_file:
            (tmp_path / "new").write_bytes(content)
            os.replace(tmp_path / "new", bundle)
        else:
            bundle.write_bytes(content)
        os.utime(bundle, ns=(before.st_atime_ns, before.st_mtime_ns))
        result = look(endpoint_url=url(server, "https"), aws_ca_bundle=str(bundle))
        assert result.get("error", {}).get("reason") == reason


@pytest.mark.parametrize("tokens, most", [(itertools.count, 500), (lambda: itertools.repeat("again"), 4)], ids=["new tokens", "the same token"])
def test_pagination_that_does_not_end_is_an_error(serve, tokens, most):
    """However the pages are chained."""
    server = serve()
    tokens = tokens()
    server.more = lambda: {"Invitations": [], "NextToken": str(next(tokens))}
    result = look(securityhub_invitation_info, endpoint_url=url(server, "http"))
    assert result["error"]["reason"] == "aws_error"
    assert "Pagination did not end" in result["msg"] and "eu-west-1" in result["msg"]
    assert len(server.asked) < most


def test_a_proxy_of_the_environment_is_used(serve, monkeypatch):
    proxy = serve()
    monkeypatch.setenv("HTTP_PROXY", url(proxy, "http"))
    assert look(endpoint_url="http://securityhub.example.com")["hub"]["hub_arn"]
    assert proxy.asked[0] == "http://securityhub.example.com/accounts"


def test_a_proxy_of_aws_config_is_used(serve):
    proxy = serve()
    config = {**FAST, "proxies": {"http": url(proxy, "http")}}
    assert look(endpoint_url="http://securityhub.example.com", aws_config=config)["hub"]["hub_arn"]
    assert proxy.asked[0] == "http://securityhub.example.com/accounts"


def test_hosts_that_need_no_proxy_are_reached_without(serve, monkeypatch):
    proxy, server = serve(), serve()
    monkeypatch.setenv("HTTP_PROXY", url(proxy, "http"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert look(endpoint_url=url(server, "http"))["hub"]["hub_arn"]
    assert proxy.asked == []


def test_a_silent_endpoint_is_told_apart_from_an_answer():
    result = look(endpoint_url="http://127.0.0.1:9", regions=["eu-west-1"], region=None)
    assert result["error"]["reason"] == "endpoint_unreachable"
    assert result["regions"][0]["hub"] is None


@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("way", ["http", "https", "proxy"])
def test_all_regions_wait_at_the_same_time(serve, authority, monkeypatch, way, part):
    """The server does not go on with its answers before it has got all regions' requests."""
    bundle, context = authority
    server = serve(context if way == "https" else None)
    server.before[part] = threading.Barrier(len(REGIONS), timeout=10).wait
    endpoint_url = url(server, "https" if way == "https" else "http")
    if way == "proxy":
        monkeypatch.setenv("HTTP_PROXY", endpoint_url)
        endpoint_url = "http://securityhub.example.com"
    result = look(endpoint_url=endpoint_url, aws_ca_bundle=bundle, regions=REGIONS, region=None)
    assert all(outcome["hub"] for outcome in result["regions"]), result["msg"]


@pytest.mark.parametrize("part", ["head", "body"])
def test_silence_ends_with_the_read_time_out_in_all_regions(serve, part):
    server, over = serve(), threading.Event()
    server.before[part] = lambda: over.wait(30)
    result = look(endpoint_url=url(server, "http"), regions=REGIONS, region=None, aws_config={**FAST, "read_timeout": 1})
    over.set()
    assert {outcome["error"]["reason"] for outcome in result["regions"]} == {"endpoint_unreachable"}
    assert "Read timeout" in result["msg"]


@pytest.mark.parametrize("way", ["http", "https", "proxy"])
def test_an_answer_that_drips_ends_with_the_read_time_out(serve, authority, monkeypatch, way):
    """It would take a minute; each byte of it comes in time."""
    bundle, context = authority
    server = serve(context if way == "https" else None)
    server.pace = 0.5
    endpoint_url = url(server, "https" if way == "https" else "http")
    if way == "proxy":
        monkeypatch.setenv("HTTP_PROXY", endpoint_url)
        endpoint_url = "http://securityhub.example.com"
    began = time.monotonic()
    result = look(endpoint_url=endpoint_url, aws_ca_bundle=bundle, aws_config={**FAST, "read_timeout": 2})
    assert result["error"]["reason"] == "endpoint_unreachable" and "Read timeout" in result["msg"]
    assert time.monotonic() - began < 20


def test_the_connections_to_all_regions_are_kept(serve, monkeypatch):
    """Each region is another host, here reached by a name of its own; urllib3 keeps those of ten."""
    server = serve()
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kwargs: look_up("127.0.0.1", *args, **kwargs))
    regions = [f"eu-west-{number}" for number in range(1, 18)]
    for _twice in range(2):
        for region in regions:
            assert look(endpoint_url=f"http://{region}.example.com:{server.server_address[1]}", region=region)["hub"]
    assert len(set(server.callers)) == len(regions)


def test_a_child_process_does_not_use_its_parents_connections(serve):
    server = serve()
    for _twice in range(2):
        look(endpoint_url=url(server, "http"))
    assert len(set(server.callers)) == 1, "connections are kept"
    child = os.fork()
    if child == 0:
        os._exit(0 if look(endpoint_url=url(server, "http"))["hub"] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(set(server.callers)) == 2
    look(endpoint_url=url(server, "http"))
    assert len(set(server.callers)) == 2, "the parent still has its own"


def test_the_rehearsal_of_the_usual_calls_looks_nothing_up_and_sends_nothing(monkeypatch):
    """warm() keeps what goes wrong to itself; here it would be seen."""

    def never(*args, **kwargs):
        raise AssertionError(args)

    monkeypatch.setattr(socket, "getaddrinfo", never)
    monkeypatch.setattr(socket.socket, "connect", never)
    made = []
    factory = clients.ClientFactory(None, True, None)
    attempt = clients.RegionClient.attempt

    def noted_attempt(self, method, parameters):
        made.append(method)
        return attempt(self, method, parameters)

    monkeypatch.setattr(clients.RegionClient, "attempt", noted_attempt)
    factory.rehearse()
    assert {"get_administrator_account", "assume_role"} <= set(made)


def test_without_a_shared_client_nothing_is_rehearsed(monkeypatch):
    """A client of its own would look the host up."""
    monkeypatch.setattr(clients, "_goes_where_it_is_bound", lambda *args: False)
    monkeypatch.setattr(clients.RegionClient, "call", lambda *args, **parameters: pytest.fail("called"))
    clients._shared_client.cache_clear()
    clients.ClientFactory(None, True, None).rehearse()
    clients._shared_client.cache_clear()
