"""What the suites that every vendor's destination goes through must know of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from cdp_assets.destinations.base import Destination
from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.settings import Settings

PACKAGE = "cdp_assets_tests.standins.vendors"
SECRET = "k3y-of-the-workspace"
Held = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Vendor:
    """A vendor whose stand-in is `cdp_assets.sample.standins.<name>`; one tried in several ways says its `plugin`.

    `variables` gives the environment of a deployment from the stand-in's address and secret, `settings` makes it small
    and impatient (batches of seven rows, one at a time, a second's patience), `sync` is what differs in the definition.
    `wanted` is what the stand-in holds after each of `steps`, by what it keeps a customer under: its `address`. A batch
    takes at most `calls` requests where all goes well, at least `least` (unset, as many), and a run `asides` besides,
    such as for a token. `refused` and `poisoned` are in what it says of a row that it refuses alone, and of one for
    which it refuses the whole request.
    `follows` checks what is held once the e-mail of `c00` changed to the one given and `c01` withdrew consent, both
    while a sync was down.
    """

    name: str
    variables: Callable[[str, str], dict[str, str]]
    wanted: Callable[[str], Held]
    follows: Callable[[Held, str], None]
    settings: Mapping[str, Any] = field(default_factory=dict)
    sync: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ("add", "change", "remove")
    address: Callable[[str], str] = str
    calls: int = 1
    least: int | None = None
    asides: int = 0
    refused: str = "disallowed"
    poisoned: str = "HTTP 400"
    secrets: frozenset[str] = frozenset({SECRET, "Bearer"})
    plugin: str = ""

    @property
    def destination(self) -> str:
        """The name of the destination, and of its stand-in."""
        return self.plugin or self.name

    def make(self, url: str, secret: str = SECRET, **settings: Any) -> Destination:
        """The destination, at the stand-in's address."""
        found = find_plugin("cdp_assets.destinations", self.destination, Destination)
        values = {"batch_size": 7, "concurrency": 1, "timeout_seconds": 1.0, **self.settings, **settings}
        return found.from_settings(values, Settings.from_env({}), self.variables(url, secret))


def vendor(name: str) -> Vendor:
    """The vendor of a module of this package."""
    found: Vendor = import_module(f"{PACKAGE}.{name}").VENDOR
    return found


def vendor_names() -> list[str]:
    return plugin_names(PACKAGE)
