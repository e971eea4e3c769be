"""The syncs of this deployment, as their YAML files define them."""

from pathlib import Path
from typing import Any

import yaml

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import PROJECT_ROOT
from cdp_assets.validation import validated

FOLDER = PROJECT_ROOT / "cdp_assets" / "defs" / "activation"


def configured_syncs(folder: Path = FOLDER) -> dict[str, SyncDefinition]:
    """The definitions by name, in order.

    Raises:
        ConfigurationError: a file cannot be read or does not fit; the message names it.
    """
    found = (_read(path) for path in sorted(folder.rglob("defs.yaml")))
    return {definition.name: definition for definition in found}


def configured_sync(name: str, folder: Path = FOLDER) -> SyncDefinition:
    """One of them.

    Raises:
        ConfigurationError: there is none of this name; the message lists those there are.
    """
    syncs = configured_syncs(folder)
    if name not in syncs:
        raise ConfigurationError(f"there is no sync {name!r}; there are: {', '.join(syncs) or 'none'}.")
    return syncs[name]


def _read(path: Path) -> SyncDefinition:
    try:
        content: Any = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    attributes = content.get("attributes") if isinstance(content, dict) else None
    if not isinstance(attributes, dict):
        raise ConfigurationError(f"{path}: it has no attributes; see docs/guides for what a sync needs.")
    return validated(SyncDefinition, attributes, str(path))
