# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server over a real socket on loopback, with TLS where a test asks for it."""

from __future__ import annotations

import contextlib
import http.server
import json
import ssl
import threading
import time

import pytest
from certificate import make_certificate


class Server(http.server.ThreadingHTTPServer):
    """What it was asked, by whom; more() is told too, before has what to do before the answer's head and before its body.

    pace: how long to wait before each byte of the body, in seconds.
    """

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.asked: list[str] = []
        self.callers: list = []
        self.more = dict
        self.before = {"head": lambda: None, "body": lambda: None}
        self.pace = 0.0


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers every call as an enabled hub without tags."""

    server: Server
    protocol_version = "HTTP/1.1"  # with connections that are kept

    def do_GET(self):
        """DescribeHub, ListTagsForResource and, by way of a proxy, the same with a whole URL."""
        self.server.asked.append(self.path)
        self.server.callers.append(self.client_address)
        self.server.before["head"]()
        hub = {"HubArn": "arn:aws:securityhub:eu-west-1:111122223333:hub/default", "Tags": {}}
        body = json.dumps({} if self.path == "/administrator" else {**hub, **self.server.more()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.server.before["body"]()
        if self.server.pace:
            self._drip(body)
        else:
            self.wfile.write(body)

    def _drip(self, body):
        """Until nobody reads any more."""
        with contextlib.suppress(OSError):
            for byte in body:
                time.sleep(self.server.pace)
                self.wfile.write(bytes([byte]))
        self.close_connection = True

    def log_message(self, *args):  # pylint: disable=arguments-differ
        """Keep quiet."""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(name="serve")
def _serve():
    servers = []

    def serve(context=None):
        server = Server(Hub)
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(name="authority", scope="session")
def _authority(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself: the file with it, and a server's context with it."""
    authority, server = make_certificate(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    return str(authority), context


def url(server, scheme):
    """A server's URL."""
    return f"{scheme}://127.0.0.1:{server.server_address[1]}"
