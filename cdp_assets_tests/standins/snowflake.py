"""A Snowflake of our own: the fakesnow server in an environment of its own, on a free loopback port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from cdp_assets_tests.standins.process import served

_SERVER = Path(__file__).with_name("fakesnow_server.py")


@dataclass
class SnowflakeStandIn:
    """A running server. Databases in it are `CDP_1`, `CDP_2` and so on; each is there from the first login on."""

    port: int

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def fresh_database(self) -> dict[str, str]:
        """An empty database; returns the environment that names it."""
        return self.environment(f"CDP_{next(self._numbers)}")

    def environment(self, database: str) -> dict[str, str]:
        """The environment variables that point the platform at a database of this server."""
        return {
            "CDP_WAREHOUSE": "snowflake",
            "CDP_SNOWFLAKE_ACCOUNT": "standin",
            "CDP_SNOWFLAKE_USER": "cdp",
            "CDP_SNOWFLAKE_PASSWORD": "not checked",
            "CDP_SNOWFLAKE_DATABASE": database,
            "CDP_SNOWFLAKE_HOST": "127.0.0.1",
            "CDP_SNOWFLAKE_PORT": str(self.port),
            "CDP_SNOWFLAKE_PROTOCOL": "http",
            "CDP_SNOWFLAKE_NETWORK_TIMEOUT_SECONDS": "20",  # the driver repeats without end what a server fails at
        }


@contextmanager
def snowflake_standin() -> Iterator[SnowflakeStandIn]:
    """Start a server, and stop it at the end.

    Raises:
        RuntimeError: its environment cannot be made, or it does not start; the message says which.
    """
    with served("fakesnow", _SERVER, lambda line: line.strip().isdecimal()) as (port, _):
        yield SnowflakeStandIn(int(port))
