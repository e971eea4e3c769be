"""The syncs of this deployment, as their YAML files define them."""

from collections.abc import Collection
from pathlib import Path

from cdp_assets.activation.definition import SyncDefinition, check_audience
from cdp_assets.audiences.configured import configured as configured_audiences
from cdp_assets.definition_files import located, read_definition
from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "cdp_assets" / "defs" / "activation"


def configured_syncs(folder: Path = FOLDER) -> dict[str, SyncDefinition]:
    """The definitions by name, in order.

    Raises:
        ConfigurationError: a file cannot be read or does not fit; the message names it and the line.
    """
    audiences = configured_audiences().audiences
    found: dict[str, SyncDefinition] = {}
    for path in sorted(folder.rglob("defs.yaml")):
        definition = read_definition(path, SyncDefinition)
        try:
            check_name_is_free(definition.name, found)
            check_audience(definition, audiences)
        except ConfigurationError as error:
            raise ConfigurationError(located(path, str(error))) from error
        found[definition.name] = definition
    return found


def check_name_is_free(name: str, taken: Collection[str]) -> None:
    """Check that no other sync has this name.

    Raises:
        ConfigurationError: one has.
    """
    if name in taken:
        raise ConfigurationError(f"name: there is another sync {name!r}; give one of them another name.")


def configured_sync(name: str, folder: Path = FOLDER) -> SyncDefinition:
    """One of them.

    Raises:
        ConfigurationError: there is none of this name; the message lists those there are.
    """
    syncs = configured_syncs(folder)
    if name not in syncs:
        raise ConfigurationError(f"there is no sync {name!r}; there are: {', '.join(syncs) or 'none'}.")
    return syncs[name]
