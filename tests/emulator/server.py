# Copyright (c) Contributors to the cloudsec.securityhub project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server: moto's own server application behind access keys, regions, faults and the call log."""

from __future__ import annotations

import dataclasses
import functools
import http.server
import io
import json
import re
import socket
import socketserver
import struct
import sys
import threading
import time
import traceback
import typing as t
from urllib.parse import parse_qsl
from urllib.parse import unquote

import moto.account
import moto.securityhub
from moto.core.base_backend import AccountSpecificBackend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.moto_server.werkzeug_app import create_backend_app
from moto.utilities.utils import get_partition

from . import signature
from . import state
from .account import account_backends
from .account.regions import DEFAULT_REGIONS
from .account.regions import HOME_REGIONS
from .account.regions import regions
from .calls import CallLog
from .calls import count_by_operation
from .client import Client
from .credentials import BASE_ACCESS_KEY
from .credentials import BASE_ACCOUNT
from .credentials import BASE_SECRET_KEY
from .credentials import AccessKey
from .credentials import AccessKeys
from .faults import Fault
from .faults import Faults
from .faults import denied
from .faults import longest
from .history import History
from .securityhub import securityhub_backends
from .securityhub.settings import settings
from .seed import KEYS
from .seed import Seed
from .seed import check_account_id
from .service import TOKEN_INVALID
from .service import Answer
from .service import Call
from .service import Request
from .service import check_seconds
from .service import error_answer
from .service import is_unsigned
from .service import json_answer
from .service import operation_model
from .service import read_call
from .service import with_defaults
from .validation import violations_of_request

SERVICES = ("account", "securityhub", "sts")
# Of services that are here for a few operations only.
OPERATIONS = {"account": ("ListRegions",), "sts": ("AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity")}
# What services call too many calls; STS takes any number here.
THROTTLED = {"account": "TooManyRequestsException", "securityhub": "LimitExceededException"}
ROLE_NAME = "SecurityHubMember"
ROLE_ARN = re.compile(r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/.+")
# Of moto's answers: what this server says itself, and what moto tells its own test code.
OTHER_HEADERS = ("content-length", "connection", "server", "date", "status", "access-control-allow-origin")


def known_regions(names: t.Iterable[str]) -> list[str]:
    """The names as a list. Raises ValueError for a region that moto, which asks botocore, has never heard of."""
    known = list(names)
    for region in known:
        if region not in securityhub_backends[BASE_ACCOUNT]:
            raise ValueError(f"there is no region {region!r}")
    return known


def _invalid(call: Call, violations: list[str]) -> Answer:
    """What a service says of parameters that it can't take."""
    if call.service == "securityhub":
        return error_answer(call.service, "InvalidInputException", f"Invalid parameter value. {' '.join(violations)}")
    count = "1 validation error" if len(violations) == 1 else f"{len(violations)} validation errors"
    code = "ValidationError" if call.service == "sts" else "ValidationException"
    return error_answer(call.service, code, f"{count} detected: {' '.join(violations)}")


class MotoServer(DomainDispatcherApplication):
    """moto's server application. A host's backend is looked up once: moto lists its own directories for it every time."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self.get_backend_for_host = functools.lru_cache(maxsize=None)(super().get_backend_for_host)


class Throttle:
    """A bucket of tokens for each service, account and region, as AWS throttles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str | None, ...], tuple[float, float]] = {}

    def admits(self, call: Call) -> bool:
        """Whether a call may pass; one that does takes a token."""
        if not settings.rate:
            return True
        with self._lock:
            now = time.monotonic()
            bucket = (call.service, call.account, call.region)
            tokens, since = self._buckets.get(bucket, (settings.burst, now))
            tokens = min(settings.burst, tokens + (now - since) * settings.rate)
            admitted = tokens >= 1
            self._buckets[bucket] = (tokens - admitted, now)
        return admitted


class Emulator:
    """Answers requests. Knows nothing of sockets."""

    def __init__(self, regions: t.Sequence[str] | None, seed: dict[str, t.Any] | None, base_account: str, strict: bool):
        # moto asks its packages for the backends; a merge of the extensions into moto makes these lines needless.
        moto.account.account_backends = account_backends
        moto.securityhub.securityhub_backends = securityhub_backends
        AccountSpecificBackend.get_session()  # kept from here on, whatever the environment says later
        self.moto = MotoServer()
        self.keys = AccessKeys(check_account_id(base_account))
        self.strict = strict
        self.first_regions = known_regions(regions or DEFAULT_REGIONS)
        self.first_seed = seed or {}
        self.lock = threading.RLock()  # one change at a time: a membership has two ends
        self.observers: list[t.Callable[[Request, Call, dict[str, t.Any], Answer], None]] = []  # see every call, its log entry and its answer
        self.reset()

    # AWS

    def answer(self, request: Request) -> Answer:
        """Answer any request."""
        if request.path.startswith("/_emulator/"):
            return self.control(request)
        call = read_call(request)
        key = self.keys.find(call.access_key)
        # Without strictness, a key that nobody knows is the base account's. Who asks without one is of no account; moto wants to have one.
        is_anybody = is_unsigned(request) or not self.strict
        call.account = key.account if key else self.keys.base_account if is_anybody else None
        entry = self.calls.begin(call)
        answer = self._answer_call(request, call, key, entry)
        self.calls.finish(entry, answer)
        for observe in self.observers:
            observe(request, call, entry, answer)
        return answer

    def _answer_call(self, request: Request, call: Call, key: AccessKey | None, entry: dict[str, t.Any]) -> Answer:
        faults = self.faults.take(call)
        entry["faults"] = [fault.id for fault in faults]
        instead = self._do(faults, "before", call, None)
        answer = instead or self._refusal(request, call, key) or self._ask(request, call, longest(faults, "lag"))
        instead = instead or self._do(faults, "after", call, answer)
        entry["instead"] = instead is not None  # whether the answer is a fault's
        return dataclasses.replace(instead or answer, drip=longest(faults, "drip"))

    def _do(self, faults: list[Fault], when: str, call: Call, real: Answer | None) -> Answer | None:
        answer = None
        for fault in faults:
            if fault.when == when:
                try:
                    fault.wait()
                except threading.BrokenBarrierError:
                    return error_answer(call.service, "InternalException", f"{fault.together} calls did not come together.", 500)
                answer = answer or fault.answer(call, self.keys.caller_arn(call) if fault.deny else "", real)
        return answer

    def _refusal(self, request: Request, call: Call, key: AccessKey | None) -> Answer | None:
        """What AWS answers before it looks at the operation: who calls, where, how often, and with what."""
        if self.strict and not is_unsigned(request):
            try:
                signature.verify(request, call, key)
            except signature.Refused as refused:
                return refused.answer(call.service)
        if call.service not in SERVICES:
            return error_answer(call.service, "NotImplemented", f"The emulator has no service {call.service}")
        refusal = self._region_refusal(call) or self._operation_refusal(call)
        if refusal:
            return refusal
        violations = violations_of_request(request, call)
        if violations:
            return _invalid(call, violations)
        return self._role_refusal(call) if "RoleArn" in call.params else None

    def _region_refusal(self, call: Call) -> Answer | None:
        """What a service says where it does not answer, or not to this account. STS answers in all regions."""
        if call.service == "securityhub" and not regions.is_usable(call.account, call.region):
            return error_answer(call.service, "UnrecognizedClientException", TOKEN_INVALID)
        if call.service == "account" and call.region not in HOME_REGIONS:
            return error_answer(call.service, "SignatureDoesNotMatch", "Credential should be scoped to a valid region.")
        return None

    def _operation_refusal(self, call: Call) -> Answer | None:
        """What a service says of an operation that it doesn't have, or that it is asked for too often."""
        if operation_model(call.service, call.operation) is None:
            if call.service == "sts":
                return error_answer("sts", "InvalidAction", f"Could not find operation {call.operation} for version 2011-06-15")
            return error_answer(call.service, "UnknownOperationException", "", 404)
        if call.operation not in OPERATIONS.get(call.service, (call.operation,)):
            return error_answer(call.service, "NotImplemented", f"The emulator has no {call.operation}")
        if call.service in THROTTLED and not self.throttle.admits(call):
            return error_answer(call.service, THROTTLED[call.service], "Rate exceeded")
        return None

    def _role_refusal(self, call: Call) -> Answer | None:
        """What STS says of a role that can't be, is of another partition, or whose trust policy asks for an external ID that is not the caller's."""
        arn = str(call.params["RoleArn"])
        if not ROLE_ARN.fullmatch(arn):
            return error_answer("sts", "ValidationError", f"{arn} is invalid")
        if arn.split(":")[1] != get_partition(call.region):
            return error_answer("sts", "ValidationError", "Request ARN is invalid")
        if self.external_ids.get(arn.split(":")[4], call.params.get("ExternalId")) != call.params.get("ExternalId"):
            return denied(call, self.keys.caller_arn(call))
        return None

    def _ask(self, request: Request, call: Call, lag: float) -> Answer:
        """What the service answers, by its present state or by one that is so many seconds old. Only Security Hub has one that can be old."""
        with self.lock:
            if call.service != "securityhub":
                return self._ask_moto(request, call)
            return self.history.answer(request, call, lag, lambda asked: self._ask_moto(asked, call))

    def _ask_moto(self, request: Request, call: Call) -> Answer:
        environ = self._environ(request, call)
        head: list[t.Any] = []
        try:
            body = b"".join(self.moto(environ, lambda status, headers, exc_info=None: head.extend((status, headers))))
        except NotImplementedError:
            return error_answer(call.service, "NotImplemented", f"The emulator has no {call.operation}")
        except Exception as error:  # moto raises what it did not think of
            traceback.print_exc()
            return error_answer(call.service, "InternalFailure", f"The emulator failed: {error!r}")
        answer = Answer(int(head[0].split()[0]), body, {name: value for name, value in head[1] if name.lower() not in OTHER_HEADERS})
        if answer.status == 404 and answer.headers.get("Content-Type", "").startswith("text/html"):
            return error_answer(call.service, "NotImplemented", f"The emulator has no {call.operation}")
        return answer

    @staticmethod
    def _environ(request: Request, call: Call) -> dict[str, t.Any]:
        """The request in WSGI's words. The account goes along in moto's own header, to spare moto its search through all accounts."""
        environ: dict[str, t.Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(request.path, "latin-1"),
            "QUERY_STRING": request.query,
            "RAW_URI": request.target,
            "REQUEST_URI": request.target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        environ["HTTP_HOST"] = "127.0.0.1"  # moto would look for the region in another one, such as a VPC endpoint's; it stands in the signature
        environ.pop("HTTP_CONTENT_TYPE", None)
        # Bodies are JSON whatever they are called, but for STS; moto would look into a form by itself
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded" if call.service == "sts" else "application/json"
        environ["CONTENT_LENGTH"] = str(len(request.body))
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account
        return environ

    # The control API

    def control(self, request: Request) -> Answer:
        """Answer a request to the control API: 404 for a path that does not exist, 400 for a body that makes no sense."""
        _empty, _prefix, name, *rest = request.path.split("/")
        handler = getattr(self, f"_{request.method.lower()}_{name}", None)
        if handler is None:
            return json_answer({"error": f"the control API has no {request.method} {request.path}"}, 404)
        try:
            body = json.loads(request.body) if request.body else None
            answer = handler(body, dict(parse_qsl(request.query)), *rest)
            return answer if isinstance(answer, Answer) else json_answer(answer)
        except (TypeError, ValueError, KeyError, RecursionError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def _get_health(self, _body: t.Any, _query: dict[str, str]) -> t.Any:
        return {"status": "ok", **self.description()}

    def _get_calls(self, _body: t.Any, query: dict[str, str]) -> t.Any:
        entries = self.calls.find(**query)
        return {"count": len(entries), "by_operation": count_by_operation(entries), "calls": entries}

    def _delete_calls(self, _body: t.Any, _query: dict[str, str]) -> t.Any:
        self.calls.clear()
        return {}

    def _get_sessions(self, _body: t.Any, _query: dict[str, str]) -> t.Any:
        return {"sessions": self.keys.sessions()}

    def _get_faults(self, _body: t.Any, _query: dict[str, str]) -> t.Any:
        return {"faults": self.faults.as_list()}

    def _post_faults(self, body: t.Any, _query: dict[str, str]) -> t.Any:
        return {"ids": self.add_faults(body if isinstance(body, list) else [body])}

    def _delete_faults(self, _body: t.Any, _query: dict[str, str], fault_id: str | None = None) -> t.Any:
        with self.lock:
            self.faults.remove(int(fault_id) if fault_id else None)
            self.history.keep(self.faults.longest_lag())
        return {}

    def _get_settings(self, _body: t.Any, _query: dict[str, str]) -> t.Any:
        return settings.as_dict()

    def _post_settings(self, body: t.Any, _query: dict[str, str]) -> t.Any:
        settings.update(**body)
        return settings.as_dict()

    def _get_state(self, _body: t.Any, query: dict[str, str]) -> t.Any:
        with self.lock:
            return {"accounts": state.describe(**query)}

    def _post_seed(self, body: t.Any, _query: dict[str, str]) -> t.Any:
        self.seed(body or {})
        return self._get_health(None, {})

    def _post_reset(self, body: t.Any, _query: dict[str, str]) -> t.Any:
        self.reset(**(body or {}))
        return self._get_health(None, {})

    def _post_outage(self, body: t.Any, _query: dict[str, str]) -> Answer:
        return dataclasses.replace(json_answer({}), outage=check_seconds(body["seconds"]))

    def description(self) -> dict[str, t.Any]:
        """What a client needs to know."""
        return {
            "access_key": BASE_ACCESS_KEY,
            "secret_key": BASE_SECRET_KEY,
            "base_account": self.keys.base_account,
            "regions": regions.names,
            "administrators": self.administrators,
            "members": self.members,
            "role_name": ROLE_NAME,
            "role_arn_pattern": "arn:aws:iam::{account_id}:role/" + ROLE_NAME,
        }

    def reset(self, seed: bool | dict[str, t.Any] = True) -> None:
        """As it was when it started, with or without the seed that it was started with, or with another one. Access keys given out remain valid."""
        with self.lock:
            securityhub_backends.clear()
            settings.reset()
            self.calls = CallLog()
            self.faults = Faults()
            self.history = History()
            self.throttle = Throttle()
            regions.reset(self.first_regions)
            self.external_ids: dict[str, str] = {}
            self.administrators: list[str] = []
            self.members: list[str] = []
            if seed:
                self.seed(self.first_seed if seed is True else seed)

    def seed(self, description: dict[str, t.Any]) -> None:
        """Put accounts in place. Raises ValueError for what it does not understand."""
        known = {"regions", "opted_out", "region_statuses", "external_ids", "settings", "faults", *KEYS}
        if set(description) - known:
            raise ValueError(f"unknown key {sorted(set(description) - known)[0]!r} in a seed; known: {', '.join(sorted(known))}")
        with self.lock:
            for account, statuses in (description.get("region_statuses") or {}).items():
                regions.tell(check_account_id(account), statuses)
                for region in statuses:
                    securityhub_backends.add_region(region)
            if description.get("regions"):
                regions.names = known_regions(description["regions"])
            regions.opted_out.update(description.get("opted_out") or {})
            self.external_ids.update(description.get("external_ids") or {})
            settings.update(**(description.get("settings") or {}))
            seed = Seed(description, regions.names)
            seed.administrators = self.administrators
            seed.members = self.members
            seed.apply()
            self.history.forget()
            self.add_faults(description.get("faults") or [])

    def add_faults(self, descriptions: list[t.Any]) -> list[int]:
        """Add faults; the answer is their IDs. Raises ValueError, and adds none, where one makes no sense."""
        faults = [Fault.from_dict(description) for description in descriptions]
        with self.lock:
            ids = [self.faults.add(fault) for fault in faults]
            self.history.keep(self.faults.longest_lag())
        return ids


class Dripping(io.BufferedIOBase):
    """Writes to another file one byte at a time, each after so many seconds, until the server stops: that raises ConnectionAbortedError."""

    def __init__(self, file: io.BufferedIOBase, seconds: float, stopped: threading.Event):
        self._file = file
        self._seconds = seconds
        self._stopped = stopped

    def write(self, data: t.Any) -> int:
        """Write and flush each byte."""
        for byte in data:
            if self._stopped.wait(self._seconds):
                raise ConnectionAbortedError("the server stops")
            self._file.write(bytes([byte]))
            self._file.flush()
        return len(data)


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads a request, sends its answer, and keeps the connection. Clients of AWS reuse connections, and so must the server let them."""

    protocol_version = "HTTP/1.1"
    server_version = "emulator"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one segment
    server: Server

    def handle_one_request(self) -> None:
        """One request, or the end of the connection."""
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _handle(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not re.fullmatch(r"[0-9]{1,9}", length, re.ASCII):
            # Where the body ends can't be told, nor where the next request begins
            self.close_connection = True
            self._send(json_answer({"message": "A body needs a Content-Length."}, 411))
            return
        body = self.rfile.read(int(length))
        answer = self.server.emulator.answer(Request(self.command, self.path, self.headers, body))
        if answer.outage is not None:
            self.close_connection = True
            self.server.go_away(answer.outage, self.connection)
        if answer.reset:
            self._reset()
        elif answer.dropped:
            self._drop()
        elif answer.drip:
            self._drip(answer)
        else:
            self._send(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _reset(self) -> None:
        """The kernel sends a RST where a socket that shall not linger is closed. Python's own close() waits for the files that read and write it."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())

    def _drip(self, answer: Answer) -> None:
        file = self.wfile
        self.wfile = Dripping(file, answer.drip, self.server.stopped)
        try:
            self._send(answer)
        finally:
            self.wfile = file

    def _send(self, answer: Answer) -> None:
        length = str(len(answer.body))
        headers = with_defaults(answer.headers, {"Server": self.version_string(), "Date": self.date_time_string(), "Content-Length": length})
        self.log_request(answer.status)
        self.send_response_only(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        if "Content-Length" not in headers or headers["Content-Length"] != length:
            self.close_connection = True  # a client can't tell where the next answer would begin

    def log_message(self, format: str, *args: t.Any) -> None:  # pylint: disable=redefined-builtin
        """On standard error, and only where it is wanted."""
        if self.server.verbose:
            super().log_message(format, *args)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], emulator: Emulator, verbose: bool):
        self.emulator = emulator
        self.verbose = verbose
        self.connections: set[socket.socket] = set()
        self.stopped = threading.Event()
        self.outage: float = 0
        self.is_away = threading.Event()
        super().__init__(address, Handler)

    def serve(self) -> None:
        """Answer until stop() is called, but for outages."""
        self.serve_forever(poll_interval=0.02)
        while not self.stopped.is_set():
            self._close()
            # Bound but not listening, it refuses connections, and nobody else gets the port
            self.socket = socket.socket(self.address_family, self.socket_type)
            self.server_bind()
            self.is_away.set()
            if not self.stopped.wait(self.outage):
                self.server_activate()
                self.serve_forever(poll_interval=0.02)
        self._close()
        self.is_away.set()

    def go_away(self, seconds: float, but_for: socket.socket) -> None:
        """Begin an outage: close all connections but one, and listen again after so many seconds. Returns when nobody listens."""
        self.connections.discard(but_for)
        self.outage = seconds
        self.is_away.clear()
        if not self.stopped.is_set():
            self.shutdown()
            self.is_away.wait()

    def stop(self) -> None:
        """Have serve() end, and every connection closed."""
        self.stopped.set()
        self.shutdown()

    def server_bind(self) -> None:
        """Without the look-up of the host's name that HTTPServer makes, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # of other families of sockets it may be bytes

    def process_request(self, request: t.Any, client_address: t.Any) -> None:
        """Remember the connection, so that it can be closed when the server stops."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: t.Any) -> None:
        """Forget the connection."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def _close(self) -> None:
        """Listen no more, and close what clients keep open."""
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed meanwhile

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that goes away is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class EmulatorServer:
    """The emulator on a port of this machine, in a thread of this process: ``with EmulatorServer() as emulator: ...``

    One at a time: moto keeps its state in the process.
    """

    _running = threading.Lock()

    def __init__(
        self,
        port: int = 0,
        regions: t.Sequence[str] | None = None,
        seed: dict[str, t.Any] | None = None,
        base_account: str = BASE_ACCOUNT,
        strict_credentials: bool = True,
        verbose: bool = False,
    ):
        if not self._running.acquire(blocking=False):
            raise RuntimeError("another emulator runs in this process already")
        try:
            self.emulator = Emulator(regions, seed, base_account, strict_credentials)
            self._server = Server(("127.0.0.1", port), self.emulator, verbose)
        except BaseException:
            self._running.release()
            raise
        self._thread = threading.Thread(target=self._server.serve, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.client = Client(self.url)

    def start(self) -> EmulatorServer:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, and close every connection."""
        self._server.stop()
        self._thread.join()
        self._running.release()

    @property
    def connections(self) -> int:
        """How many connections clients keep open."""
        return len(self._server.connections)

    def __enter__(self) -> EmulatorServer:
        return self.start()

    def __exit__(self, *_exc: t.Any) -> None:
        self.stop()

    def description(self) -> dict[str, t.Any]:
        """What a client needs to know."""
        return {"url": self.url, **self.emulator.description()}
