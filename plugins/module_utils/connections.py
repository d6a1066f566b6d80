# Copyright: Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The HTTP connections behind a client: proxies for each host, a CA bundle that is read once, and waiting that lets others compute."""

from __future__ import annotations

import functools
import http.client
import io
import os
import socket
import ssl

try:
    import botocore.utils
    from botocore.awsrequest import AWSHTTPConnection
    from botocore.awsrequest import AWSHTTPConnectionPool
    from botocore.awsrequest import AWSHTTPSConnection
    from botocore.awsrequest import AWSHTTPSConnectionPool
    from botocore.httpsession import URLLib3Session
    from botocore.httpsession import get_cert_path
except ImportError:
    # the module reports the missing library
    AWSHTTPConnection = AWSHTTPConnectionPool = AWSHTTPSConnection = AWSHTTPSConnectionPool = URLLib3Session = object

from . import turns


class Connections:
    """The connections of a client, with a proxy chosen for each host as botocore does it when it makes a client for that host."""

    def __init__(self, config, verify):
        self._config = config
        self._verify = verify
        self._sessions = []
        self._owner = os.getpid()
        self._session_of_proxies = functools.lru_cache(maxsize=None)(self._new_session)
        self._session_of_host = functools.lru_cache(maxsize=None)(self._find_session)
        self._session_of_proxies(())  # its TLS context is worth having before anybody forks

    def send(self, request, **kwargs):  # pylint: disable=unused-argument
        """Handler of botocore's before-send event: the answer is what botocore would have got by its own session."""
        if self._owner != os.getpid():
            # A parent's connections are not for its children: two of them would read each other's answers
            for session in self._sessions:
                session.close()
            self._owner = os.getpid()
        session = self._session_of_host("/".join(request.url.split("/", 3)[:3]))
        return session.send(request)

    def _find_session(self, host_url):
        proxies = self._config.proxies
        if proxies is None:
            proxies = botocore.utils.get_environ_proxies(host_url)
        return self._session_of_proxies(tuple(sorted(proxies.items())))

    def _new_session(self, proxies):
        config = self._config
        socket_options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        if config.tcp_keepalive:
            socket_options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
        # A proxy reached by TLS has trust settings of its own, which are botocore's business
        session_class = URLLib3Session if proxies else _Http
        session = session_class(
            verify=self._verify,
            proxies=dict(proxies),
            timeout=(config.connect_timeout, config.read_timeout),
            max_pool_connections=config.max_pool_connections,
            socket_options=socket_options,
            client_cert=config.client_cert,
            proxies_config=config.proxies_config,
        )
        # Should botocore name this differently one day, regions wait for one another, and all else stays as it is
        getattr(session, "_pool_classes_by_scheme", {}).update(http=_Pool, https=_TlsPool)
        self._sessions.append(session)
        return session


class _Http(URLLib3Session):
    """botocore's HTTP session, but the CA bundle is read once, not for each new connection (some 15 ms of CPU every time).

    Should botocore stop calling one of the two methods, connections go back to reading the bundle, or fail to verify; they never
    go unverified.
    """

    def _get_ssl_context(self):
        context = super()._get_ssl_context()
        if self._verify:
            context.load_verify_locations(get_cert_path(self._verify))
        return context

    def _setup_ssl_cert(self, conn, url, verify):
        super()._setup_ssl_cert(conn, url, verify)
        conn.ca_certs = None


class _Answer(http.client.HTTPResponse):
    """An answer that is waited for while other threads compute."""

    def __init__(self, sock, *args, **kwargs):
        super().__init__(sock, *args, **kwargs)
        if isinstance(sock, socket.socket):
            self.fp = io.BufferedReader(_Received(sock, self.fp.detach()))


class _Received(io.RawIOBase):
    """What a socket receives; raw is the file that reads it."""

    def __init__(self, sock, raw):
        super().__init__()
        self._sock = sock
        self._raw = raw

    def readable(self):
        return True

    def readinto(self, buffer):
        timeout = self._sock.gettimeout()
        has_decrypted = getattr(self._sock, "pending", int)
        while True:
            if not has_decrypted() and not turns.wait_for(self._sock, timeout):
                raise TimeoutError("timed out")
            self._sock.settimeout(0)
            try:
                received = self._raw.readinto(buffer)
            except ssl.SSLWantReadError:
                received = None  # what has come was TLS's own, or the beginning of a record
            finally:
                self._sock.settimeout(timeout)
            if received is not None:
                return received

    def close(self):
        self._raw.close()
        super().close()


class _Connecting:
    """What differs from botocore's connections, with TLS or without: others compute while this one is made, and while it waits."""

    response_class = _Answer

    def connect(self):
        """Connect."""
        with turns.given():
            super().connect()


class _Connection(_Connecting, AWSHTTPConnection):
    """A connection."""


class _TlsConnection(_Connecting, AWSHTTPSConnection):
    """A connection with TLS."""


class _Pool(AWSHTTPConnectionPool):
    """The connections to a host."""

    ConnectionCls = _Connection


class _TlsPool(AWSHTTPSConnectionPool):
    """The connections with TLS to a host."""

    ConnectionCls = _TlsConnection
