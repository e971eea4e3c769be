"""The audiences of this deployment, and the tables registered for them, as their YAML files define them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import yaml

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.imported import imported_audiences
from cdp_assets.audiences.order import priorities
from cdp_assets.audiences.registered import RegisteredTable
from cdp_assets.definition_files import read_definition
from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "cdp_assets" / "defs" / "audiences"
_TABLE_TYPE = "cdp_assets.components.audience_table.AudienceTable"


@dataclass(frozen=True)
class Configured:
    """Audiences and registered tables, each in order of name, and the files of audiences that have one."""

    audiences: dict[str, AudienceDefinition]
    tables: tuple[RegisteredTable, ...]
    files: dict[str, Path]

    @property
    def catalogue(self) -> Catalogue:
        """What conditions may use, without a look into the warehouse."""
        return Catalogue.declared(self.tables, priorities(self.audiences.values()))

    def audience(self, name: str) -> AudienceDefinition:
        """One audience.

        Raises:
            ConfigurationError: there is none of this name; the message lists those there are.
        """
        if name not in self.audiences:
            raise ConfigurationError(
                f"there is no audience {name!r}; there are: {', '.join(self.audiences) or 'none'}."
            )
        return self.audiences[name]


def configured(folder: Path = FOLDER, leave_out: Callable[[ConfigurationError], None] | None = None) -> Configured:
    """What the files of a folder define. With `leave_out`, which is told why, files that define nothing are left out.

    Raises:
        ConfigurationError: a file cannot be read or does not fit; the message names it and the line.
    """
    audiences = {one.name: one for one in imported_audiences()}
    tables: list[RegisteredTable] = []
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("defs.yaml")):
        try:
            if _type(path) == _TABLE_TYPE:
                tables.append(read_definition(path, RegisteredTable))
            else:
                definition = read_definition(path, AudienceDefinition)
                check_name_is_free(definition.name, audiences, str(path))
                audiences[definition.name], files[definition.name] = definition, path
        except ConfigurationError as error:
            if leave_out is None:
                raise
            leave_out(error)
    return Configured(dict(sorted(audiences.items())), tuple(sorted(tables, key=lambda one: one.table)), files)


def check_name_is_free(name: str, taken: Collection[str], where: str) -> None:
    """Check that no other audience has this name.

    Raises:
        ConfigurationError: one has.
    """
    if name in taken:
        raise ConfigurationError(f"{where}: there is another audience {name!r}; give one of them another name.")


def _type(path: Path) -> object:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError):
        return None
    return content.get("type") if isinstance(content, dict) else None
