"""A destination as a deployment would have it, and what arrived there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdp_assets.destinations.base import Batch, Destination, IdentifierDestination
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
        patience = vendor(self.name).settings if self.standin else {}
        found = find_plugin(DESTINATIONS, self.name, Destination)
        return found.from_settings({**patience, **values}, self.settings, self.env)

    def fitting(self, destination: Destination, sent: Batch) -> Batch:
        """The batch as the engine sends it there: where identifiers are kept, each row is that of its e-mail."""
        if not isinstance(destination, IdentifierDestination):
            return sent
        (field,) = vendor(self.name).sync["mapping"]
        rows = []
        for row in sent.rows:
            email = str(row.fields.get("EMAIL"))
            (found,) = destination.identifiers({field: email if "@example.com" in email else "old@example.com"})
            rows.append(replace(row, fields={"kind": found.kind, **found.values}, previous_key=None))
        return replace(sent, rows=tuple(rows))

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
