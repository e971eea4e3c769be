"""A real HTTP endpoint on loopback that keeps what it accepts, and fails as told."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any


@dataclass
class Endpoint:
    """`faults` are used up one a request: a status, `(status, headers)`, "reset", "slow" or "garbage".

    A batch with a key of `poison` is refused whole (422); a row whose key is in `picky` is refused alone.
    A request whose idempotency key was seen before is answered as then, and not applied again.
    """

    url: str = ""
    faults: list[Any] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)
    picky: set[str] = field(default_factory=set)
    plain: bool = False
    requests: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    applied: list[dict[str, Any]] = field(default_factory=list)
    seen: dict[str, bytes] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def answer(self, key: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """Status and body for a batch, applied once."""
        if key in self.seen:
            return 200, self.seen[key]
        if self.poison & {row["key"] for row in body["rows"]}:
            return 422, b'{"reason": "a row of this batch cannot be read"}'
        good = [row for row in body["rows"] if row["key"] not in self.picky]
        self.applied += good
        results = [
            {"key": row["key"], "status": "ok"}
            if row in good
            else {"key": row["key"], "status": "error", "reason": f"bad value {row['fields']}"}
            for row in body["rows"]
        ]
        self.seen[key] = b"" if self.plain else json.dumps({"results": results}).encode()
        return 200, self.seen[key]


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with endpoint.lock:
                endpoint.requests.append((dict(self.headers), body))
                fault = endpoint.faults.pop(0) if endpoint.faults else None
                if fault is None:
                    self._reply(*endpoint.answer(self.headers["Idempotency-Key"], body), {})
                    return
            match fault:
                case "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    self.close_connection = True
                case "slow":
                    time.sleep(0.6)
                    self.close_connection = True
                case "garbage":
                    self._reply(200, b'{"results": "fine"}', {})
                case (status, headers):
                    self._reply(status, b"", headers)
                case status:
                    self._reply(status, b"<html>", {})

        def _reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    return Handler


@contextmanager
def serving() -> Iterator[Endpoint]:
    """An endpoint on a free port of loopback, for as long as the block lasts."""
    endpoint = Endpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint))
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
