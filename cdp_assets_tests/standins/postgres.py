"""A PostgreSQL of our own: a new cluster in a temporary folder, on a free loopback port, gone when it is closed."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

_USER = "cdp"
_ACCOUNT = "postgres"  # the system account the server runs under when we are root, which it refuses to be
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
}
_TEMPLATE = "cdp_template"
_EXTENSIONS = ("fuzzystrmatch",)  # what the platform asks the owner of a database for
_START_TIMEOUT = 60.0
_ATTEMPTS = 3


@dataclass
class PostgresCluster:
    """A running cluster. Databases in it are `cdp_1`, `cdp_2` and so on."""

    binaries: Path
    folder: Path
    port: int
    password: str
    process: subprocess.Popen[bytes]

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def fresh_database(self) -> dict[str, str]:
        """Create an empty database; returns the environment that names it."""
        name = f"cdp_{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.environment(name)

    def drop_database(self, environment: dict[str, str]) -> None:
        """Drop a database, whoever is connected to it."""
        self.psql(f"DROP DATABASE {environment['CDP_POSTGRES_DATABASE']} WITH (FORCE)")

    def environment(self, database: str) -> dict[str, str]:
        """The environment variables that point the platform at a database of this cluster."""
        return {
            "CDP_WAREHOUSE": "postgres",
            "CDP_POSTGRES_HOST": "127.0.0.1",
            "CDP_POSTGRES_PORT": str(self.port),
            "CDP_POSTGRES_USER": _USER,
            "CDP_POSTGRES_PASSWORD": self.password,
            "CDP_POSTGRES_DATABASE": database,
            "CDP_POSTGRES_SSLMODE": "disable",
        }

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the owner of everything; returns what psql prints, unaligned and without headings.

        Raises:
            RuntimeError: the server refused it.
        """
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", _USER, "-d", database]
        command = [str(self.binaries / "psql"), *options, *place, "-c", statement]
        return _run(command, {**os.environ, "PGPASSWORD": self.password, "PGSSLMODE": "disable"}).strip()

    def stop(self) -> None:
        """Stop the server at once, without a checkpoint: nothing in it is needed any more."""
        subprocess.run(
            _as_account([str(self.binaries / "pg_ctl"), "stop", "-m", "immediate", "-D", str(self.folder / "data")]),
            check=False,
            capture_output=True,
        )
        self.process.wait(timeout=_START_TIMEOUT)


@contextmanager
def postgres_cluster() -> Iterator[PostgresCluster]:
    """Start a cluster, and stop it and remove its folder at the end.

    Raises:
        RuntimeError: PostgreSQL is not installed, or does not start; the message says which.
    """
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="cdp_postgres_"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _ACCOUNT, _ACCOUNT)
        password = secrets.token_urlsafe(24)
        _initialise(binaries, folder, password)
        cluster = _start(binaries, folder, password)
        try:
            cluster.psql(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            for extension in _EXTENSIONS:
                cluster.psql(f"CREATE EXTENSION {extension}", _TEMPLATE)
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_binaries() -> Path:
    """The folder of the newest PostgreSQL's programs.

    Raises:
        RuntimeError: there is none.
    """
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    found = [*([Path(on_path)] if on_path else []), *packaged]
    if not found:
        raise RuntimeError(
            "PostgreSQL is not installed: no initdb in /usr/lib/postgresql/*/bin or on PATH;"
            " install it with `apt-get install postgresql`."
        )
    return found[-1].resolve().parent


def _initialise(binaries: Path, folder: Path, password: str) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if os.geteuid() == 0:
        shutil.chown(secret, _ACCOUNT, _ACCOUNT)
    # Texts are ordered by their bytes, as elsewhere, and all letters have an upper and a lower case.
    locale = ["--locale=C", "--lc-ctype=C.UTF-8", "--encoding=UTF8"]
    options = [*locale, "--auth=scram-sha-256", f"--username={_USER}", "--no-sync"]
    _run(_as_account([str(binaries / "initdb"), "-D", str(folder / "data"), *options, f"--pwfile={secret}"]))
    secret.unlink()


def _start(binaries: Path, folder: Path, password: str) -> PostgresCluster:
    """Start the server; another port when the one that was free a moment ago is taken meanwhile."""
    for _ in range(_ATTEMPTS):
        port = _free_port()
        settings = {**_FAST, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
        command = [str(binaries / "postgres"), "-D", str(folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(_as_account(command, die_with_parent=True), stdout=log, stderr=log, cwd=folder)
        if _is_ready(binaries, port, process):
            return PostgresCluster(binaries, folder, port, password, process)
    said = (folder / "log").read_text(errors="replace").splitlines()[-3:]
    raise RuntimeError(f"PostgreSQL did not start: {' '.join(said)}")


def _is_ready(binaries: Path, port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server takes connections; false when it ended instead."""
    deadline = time.monotonic() + _START_TIMEOUT
    ask = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while process.poll() is None and time.monotonic() < deadline:
        if subprocess.run(ask, check=False).returncode == 0:
            return process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.wait()
    return False


def _as_account(command: Sequence[str], *, die_with_parent: bool = False) -> list[str]:
    """The command under an account the server accepts; on Linux it can be told to end when we are killed."""
    options = []
    if os.geteuid() == 0:
        options += [f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}", "--init-groups"]
    if die_with_parent:
        options += ["--pdeathsig=QUIT"]
    if not options or shutil.which("setpriv") is None:
        return list(command)
    return ["setpriv", *options, "--", *command]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: Sequence[str], env: dict[str, str] | None = None) -> str:
    """Run to the end; returns what it printed.

    Raises:
        RuntimeError: it failed.
    """
    ended = subprocess.run(command, env=env, cwd="/", check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {' '.join(ended.stderr.split())}")
    return ended.stdout
