"""A BigQuery of our own: bqemulator in an environment of its own, on free loopback ports."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cdp_assets_tests.standins.google_account import service_account
from cdp_assets_tests.standins.process import served

_SERVER = Path(__file__).with_name("bqemulator_server.py")


@dataclass
class BigQueryStandIn:
    """A running server. Projects in it are `cdp-test-1`, `cdp-test-2` and so on; each is there from the start."""

    rest_port: int
    grpc_port: int
    key_file: Path

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def fresh_database(self) -> dict[str, str]:
        """A project nobody has used; returns the environment that names it."""
        return self.environment(f"cdp-test-{next(self._numbers)}")

    def environment(self, project: str) -> dict[str, str]:
        """The environment variables that point the platform at a project of this server."""
        return {
            "CDP_WAREHOUSE": "bigquery",
            "CDP_BIGQUERY_PROJECT": project,
            "CDP_BIGQUERY_LOCATION": "US",
            "CDP_BIGQUERY_CREDENTIALS": str(self.key_file),
            "CDP_BIGQUERY_API_ENDPOINT": f"http://127.0.0.1:{self.rest_port}",
            "CDP_BIGQUERY_STORAGE_ENDPOINT": f"127.0.0.1:{self.grpc_port}",
        }


@contextmanager
def bigquery_server() -> Iterator[BigQueryStandIn]:
    """Start a server, and stop it at the end.

    Raises:
        RuntimeError: its environment cannot be made, or it does not start; the message says which.
    """
    with (
        served("bqemulator", _SERVER, lambda line: line.startswith('{"rest"')) as (told, folder),
        service_account(folder) as key_file,
    ):
        ports = json.loads(told)
        yield BigQueryStandIn(ports["rest"], ports["grpc"], key_file)
