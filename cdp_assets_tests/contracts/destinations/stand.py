"""A destination as a deployment would have it, and what arrived there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdp_assets.destinations.base import Destination
from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.sample.standins.base import StandIn
from cdp_assets.settings import Settings
from cdp_assets_tests.contracts.destinations.endpoint import Endpoint, serving
from cdp_assets_tests.standins.destinations import in_a_thread
from cdp_assets_tests.standins.vendors.base import vendor

DESTINATIONS, STANDINS = "cdp_assets.destinations", "cdp_assets.sample.standins"
NAMES = plugin_names(DESTINATIONS)


@dataclass
class Stand:
    """A destination by name, with the loopback endpoint, the outbox and the stand-in it may use."""

    name: str
    endpoint: Endpoint
    standin: StandIn | None
    settings: Settings
    env: dict[str, str]

    def make(self, **values: Any) -> Destination:
        return find_plugin(DESTINATIONS, self.name, Destination).from_settings(values, self.settings, self.env)

    def arrived(self) -> Any:
        """All that the destination holds, as it is now."""
        files = {str(path): path.read_bytes() for path in self.settings.outbox_dir.rglob("*") if path.is_file()}
        return deepcopy([files, self.endpoint.applied, self.standin and self.standin.members.held])


@contextmanager
def standing(name: str, folder: Path) -> Iterator[Stand]:
    """A destination with all that it needs, on loopback and in a folder."""
    with serving() as endpoint, ExitStack() as standins:
        env = {"CDP_OUTBOX_DIR": str(folder / "outbox"), "CDP_WEBHOOK_BASE_URL": endpoint.url}
        standin = None
        if name in plugin_names(STANDINS):
            standin = find_plugin(STANDINS, name, StandIn)("k3y")
            env |= vendor(name).variables(standins.enter_context(in_a_thread(standin)).url, standin.secret)
        yield Stand(name, endpoint, standin, Settings.from_env(env), env)
