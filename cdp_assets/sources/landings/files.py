"""Files dropped into the landing folder."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from cdp_assets.errors import ConfigurationError, SourceError
from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.settings import Settings
from cdp_assets.sources.formats.base import Batch, Format
from cdp_assets.sources.landings.base import Arrival, Landing
from cdp_assets.strict import Strict
from cdp_assets.validation import validated

FORMATS = "cdp_assets.sources.formats"
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart")


class FilesOptions(Strict):
    """`glob` is relative to the landing folder; `format` is known by the file's name unless given."""

    type: str = "files"
    glob: str = Field(min_length=1)
    format: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class FilesLanding(Landing):
    """The files under the landing folder that match a pattern."""

    def __init__(self, options: FilesOptions, root: Path) -> None:
        self.options = options
        self.root = root

    @classmethod
    def from_options(cls, options: dict[str, Any], settings: Settings) -> "FilesLanding":
        parsed = validated(FilesOptions, options, "landing of type files")
        if Path(parsed.glob).is_absolute() or ".." in Path(parsed.glob).parts:
            raise ConfigurationError(
                f"landing of type files: glob is {parsed.glob!r}; it must be relative to the landing folder,"
                " such as crm/contacts*.csv."
            )
        if parsed.format is not None:
            _format_named(parsed.format, parsed.options)
        return cls(parsed, settings.landing_dir)

    def arrivals(self) -> list[Arrival]:
        found = []
        for path in sorted(self.root.glob(self.options.glob)):
            name = path.relative_to(self.root).as_posix()
            hidden = any(part.startswith((".", "_")) for part in Path(name).parts)
            if path.is_file() and not hidden and not path.name.lower().endswith(_UNFINISHED):
                status = path.stat()
                found.append(Arrival(name, path, status.st_mtime, status.st_size))
        return found

    def content_hash(self, arrival: Arrival) -> str:
        try:
            with arrival.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(f"{arrival.name} cannot be read: {error.strerror or error}.") from error

    def unchanged(self, arrival: Arrival) -> bool:
        return arrival.path.exists() and _arrival(arrival.name, arrival.path) == arrival

    def batches(self, arrival: Arrival, required: Sequence[str]) -> Iterator[Batch]:
        try:
            yield from self._format(arrival.path).batches(arrival.path, required)
            status = arrival.path.stat()
        except OSError as error:
            raise SourceError(f"{arrival.name} cannot be read: {error.strerror or error}.") from error
        except (EOFError, zlib.error) as error:
            raise SourceError(f"{arrival.name} is a compressed file cut short or damaged; send it again.") from error
        if arrival.stamp != [status.st_size, status.st_mtime]:
            raise SourceError(f"{arrival.name} changed while it was read; the next run reads it again.")

    def _format(self, path: Path) -> Format:
        if self.options.format is not None:
            return _format_named(self.options.format, self.options.options)
        for name in plugin_names(FORMATS):
            if path.name.lower().endswith(find_plugin(FORMATS, name, Format).suffixes):
                return _format_named(name, self.options.options)
        raise SourceError(
            f"{path.name}: its format cannot be told from its name;"
            f" set `format` to one of: {', '.join(plugin_names(FORMATS))}."
        )


def _arrival(name: str, path: Path) -> Arrival:
    status = path.stat()
    return Arrival(name, path, status.st_mtime, status.st_size)


def _format_named(name: str, options: dict[str, Any]) -> Format:
    plugin = find_plugin(FORMATS, name, Format)
    return plugin(validated(plugin.options_model, options, f"options of the format {name}"))
