# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP connections of a client that calls many hosts: a proxy for each, a CA bundle that is read once, answers that end. Private to this collection."""

from __future__ import annotations

import functools
import http.client
import io
import os
import socket
import time
from typing import Any

try:
    import botocore.awsrequest
    import botocore.httpsession
    import botocore.utils
    import urllib3

    _BotocoreSession: Any = botocore.httpsession.URLLib3Session
except (ImportError, AttributeError):
    _BotocoreSession = object  # the module reports the missing library; with a botocore that has another name for it, clients are made without


# A host that no name is looked up for and nothing is sent to; every call to it is answered by nothing
NOWHERE = "https://nowhere.cloudsec.securityhub.invalid"
# Whose connections a client keeps: as many hosts as there are regions; urllib3 keeps those of ten
_MAX_HOSTS = 64


class Connections:
    """The connections of a client, with a proxy chosen for each host as botocore does it when it makes a client for that host.

    config: the client's botocore.config.Config. bundle: the path of the CA bundle; None: certificates are not verified.
    Raises OSError for a bundle that can't be read, AttributeError or TypeError with a botocore that has other names.
    """

    def __init__(self, config: botocore.config.Config, bundle: str | None) -> None:
        self._config = config
        self._bundle = bundle
        self._sessions: list[Any] = []
        self._owner = os.getpid()
        self._get_environ_proxies = botocore.utils.get_environ_proxies
        self._session_of_proxies = functools.lru_cache(maxsize=None)(self._new_session)
        self._session_of_host = functools.lru_cache(maxsize=None)(self._find_session)
        self._session_of_proxies(())  # its TLS context is made before anybody forks

    def close(self) -> None:
        """Close those that are kept open. Later calls open new ones."""
        for session in self._sessions:
            session.close()

    def send(self, request: Any, **kwargs: Any) -> Any:  # pylint: disable=unused-argument
        """Handle botocore's before-send event: return the response that botocore would have got by its own session."""
        if self._owner != os.getpid():
            # A parent's connections are not for its children: two of them would read each other's answers
            self.close()
            self._owner = os.getpid()
        session = self._session_of_host("/".join(request.url.split("/", 3)[:3]))
        return session.send(request)

    def _find_session(self, host_url: str) -> Any:
        if host_url == NOWHERE:
            return _Nowhere()
        proxies = self._config.proxies
        if proxies is None:
            proxies = self._get_environ_proxies(host_url)
        return self._session_of_proxies(tuple(sorted(proxies.items())))

    def _new_session(self, proxies: tuple[tuple[str, str], ...]) -> Any:
        config = self._config
        socket_options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        if config.tcp_keepalive:
            socket_options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        # A proxy reached by TLS has trust settings of its own, which are botocore's business
        session_class = _BoundedSession if proxies else functools.partial(_Session, self._bundle)
        session = session_class(
            verify=self._bundle or False,
            proxies=dict(proxies),
            timeout=(config.connect_timeout, config.read_timeout),
            max_pool_connections=config.max_pool_connections,
            socket_options=socket_options,
            client_cert=config.client_cert,
            proxies_config=config.proxies_config,
        )
        self._sessions.append(session)
        return session


class _Nowhere:
    """In place of a session: what a service would answer that has nothing to tell."""

    def send(self, request: Any) -> Any:
        """Return the answer to a request, which goes nowhere."""
        asks_for_xml = "urlencoded" in str(request.headers.get("Content-Type"))
        content = b"<_><AssumeRoleResult/><ResponseMetadata/></_>" if asks_for_xml else b"{}"
        body = urllib3.HTTPResponse(io.BytesIO(content), preload_content=False)
        return botocore.awsrequest.AWSResponse(request.url, 200, body.headers, body)


class _BoundedSession(_BotocoreSession):
    """botocore's HTTP session, but read_timeout is for an answer as a whole: a server that sends a byte now and then comes to an end too.

    The names are private to botocore. Where it has others, read_timeout is for each piece of an answer.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pools: dict[str, Any] = getattr(self, "_pool_classes_by_scheme", {})
        if pools and hasattr(self, "_manager"):
            self._pool_classes_by_scheme = {scheme: _bounded_pool(pool) for scheme, pool in pools.items()}
            self._manager.pool_classes_by_scheme = self._pool_classes_by_scheme

    def _get_pool_manager_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return super()._get_pool_manager_kwargs(**{"num_pools": _MAX_HOSTS, **kwargs})


def _bounded_pool(pool: Any) -> Any:
    connection = type("BoundedConnection", (pool.ConnectionCls,), {"response_class": _BoundedResponse})
    return type("BoundedPool", (pool,), {"ConnectionCls": connection})


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(_BoundedReader(sock), *args, **kwargs)  # type: ignore[arg-type]  # of the socket it only wants a file


class _BoundedReader(io.RawIOBase):
    """A socket as a file to read from: its time-out is for all that is read."""

    def __init__(self, sock: Any) -> None:
        super().__init__()
        self._socket = sock
        self._file = sock.makefile("rb", buffering=0)
        timeout = sock.gettimeout()
        self._end = None if timeout is None else time.monotonic() + timeout

    def makefile(self, *args: Any, **kwargs: Any) -> io.BufferedReader:  # pylint: disable=unused-argument
        """Return this file, buffered."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come, or wait for it. Raises TimeoutError."""
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        """Close the file, not the socket."""
        self._file.close()
        super().close()


class _Session(_BoundedSession):
    """A session for which the CA bundle is read once and not for each connection: some 15 ms of CPU every time.

    Both methods are private to botocore. Where it calls the first one no more, each connection reads the bundle again.
    """

    def __init__(self, bundle: str | None, **kwargs: Any) -> None:
        self._bundle = bundle
        self._has_read_bundle = False
        super().__init__(**kwargs)

    def _get_ssl_context(self, *args: Any, **kwargs: Any) -> Any:
        context = super()._get_ssl_context(*args, **kwargs)
        if self._bundle:
            context.load_verify_locations(self._bundle)
            self._has_read_bundle = True
        return context

    def _setup_ssl_cert(self, connection: Any, *args: Any, **kwargs: Any) -> None:
        super()._setup_ssl_cert(connection, *args, **kwargs)
        if self._has_read_bundle:
            connection.ca_certs = None
