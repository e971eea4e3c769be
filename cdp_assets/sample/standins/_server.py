"""The HTTP server around a stand-in: loopback only, one thread a connection, one request at a time inside."""

import json
import socket
import struct
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from cdp_assets.sample.standins._control import PREFIX, Control, Logged
from cdp_assets.sample.standins._faults import Fault, FaultKind, Window
from cdp_assets.sample.standins.base import Answer, Request, StandIn

HOST = "127.0.0.1"
BEFORE = frozenset({FaultKind.TIMEOUT_BEFORE, FaultKind.DROPPED_BEFORE})
SILENT = BEFORE | {FaultKind.TIMEOUT_AFTER, FaultKind.DROPPED_AFTER}
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class StandInServer(ThreadingHTTPServer):
    """A stand-in listening on a port of loopback."""

    daemon_threads = True

    def __init__(self, standin: StandIn, port: int) -> None:
        self.control = Control(standin)
        self.window = Window(standin.requests_per_window, standin.window_seconds)
        super().__init__((HOST, port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.server_port}"

    def serve_one(self, request: Request) -> tuple[Answer | None, Fault | None]:
        """The answer, None where there is to be none, and the fault that the request met."""
        control, now = self.control, datetime.now(UTC)
        with control.lock:
            if request.path.startswith(PREFIX):
                return control.answer(request), None
            fault = control.faults.take()
            answer = self._answer(request, fault, now)
            silent = fault is not None and fault.kind in SILENT
            control.log.append(
                Logged(
                    request.method,
                    request.path,
                    answer.rows if answer else 0,
                    None if silent or not answer else answer.status,
                    fault.kind.value if fault else None,
                )
            )
            return None if silent else answer, fault

    def _answer(self, request: Request, fault: Fault | None, now: datetime) -> Answer | None:
        standin = self.control.standin
        fits, remaining, reset = self.window.use(now.timestamp())
        kind = fault.kind if fault else None
        if kind in BEFORE:
            return None
        if fault and kind is FaultKind.SERVER_ERROR:
            return Answer(fault.status, standin.failure(fault.status))
        if fault and kind is FaultKind.RATE_LIMITED:
            told = standin.rate_headers(0, int(now.timestamp() + fault.seconds) + 1) if fault.wait == "reset" else {}
            return Answer(standin.limited_status, standin.failure(429), {**told, **fault.retry_after(now)})
        if not fits:
            return Answer(standin.limited_status, standin.failure(429), standin.rate_headers(0, reset))
        if kind is FaultKind.TOKEN_EXPIRED:
            standin.expire_token()
        answer = standin.answer(request)
        headers = {**standin.rate_headers(remaining, reset), **answer.headers}
        return Answer(answer.status, answer.body, headers, answer.rows)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body go out one after the other: the second would wait 40 ms
    server: StandInServer

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - named by the library

    def log_message(self, *args: object) -> None:
        """Nothing: the request log is asked for, and a path may hold what is nobody's business."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
        answer, fault = self.server.serve_one(request)
        if fault and fault.kind in {FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER, FaultKind.SLOW}:
            time.sleep(fault.seconds)
        if answer is None:
            self._hang_up()
        else:
            self._reply(answer)

    def _hang_up(self) -> None:
        """Close the connection with no answer, as a machine that went away does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.connection.close()
        self.close_connection = True

    def _reply(self, answer: Answer) -> None:
        content = _content(answer.body)
        headers = {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(content))}
        try:
            self.send_response(answer.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except ConnectionError:  # the client had enough of waiting
            self.close_connection = True


def _content(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()
