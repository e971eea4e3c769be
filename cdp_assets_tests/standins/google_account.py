"""A service account of our own, for clients that log in before they talk to a stand-in of Google's: a key file, and
the server it names, which gives everybody a token."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_TOKEN = json.dumps({"access_token": "a-token", "expires_in": 36_000, "token_type": "Bearer"}).encode()


class _Tokens(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_TOKEN)))
        self.end_headers()
        self.wfile.write(_TOKEN)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own signature
        """Say nothing."""


@contextmanager
def service_account(folder: Path) -> Iterator[Path]:
    """The account's key file, for as long as its token server runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tokens)
    Thread(target=server.serve_forever, daemon=True).start()
    key = {
        "type": "service_account",
        "project_id": "cdp-test",
        "private_key_id": "1",
        "private_key": _private_key(),
        "client_email": "cdp@cdp-test.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": f"http://127.0.0.1:{server.server_port}/token",
    }
    path = folder / "service_account.json"
    path.write_text(json.dumps(key))
    try:
        yield path
    finally:
        server.shutdown()
        server.server_close()


def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
