"""Starts the stand-in of a destination as a process of its own, for as long as a sync needs it."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from cdp_assets.errors import DestinationError
from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.sample.standins.base import StandIn

PACKAGE = "cdp_assets.sample.standins"
_PATIENCE = 30.0


def stand_in(destination: str) -> type[StandIn] | None:
    """The stand-in of a destination, if there is one."""
    return find_plugin(PACKAGE, destination, StandIn) if destination in plugin_names(PACKAGE) else None


@contextmanager
def standing_in(destination: str, folder: Path) -> Iterator[Mapping[str, str]]:
    """The variables that point the destination at its stand-in, which keeps what it holds in `folder`.

    The process ends with the block, or with this process, however that ends.

    Raises:
        DestinationError: it did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    secret, kept = token_hex(16), folder / f"{destination}.json"
    options = ["--secret", secret, "--keep", str(kept), "--until-input-ends"]
    command = [sys.executable, "-m", PACKAGE, destination, *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise DestinationError(f"the stand-in of {destination!r} did not start; what it said is above.")
        yield find_plugin(PACKAGE, destination, StandIn).variables(url, secret)
    finally:
        process.stdin.close()
        process.wait(_PATIENCE)
        process.stdout.close()
