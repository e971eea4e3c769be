"""The outbox: one change file a batch, in a folder a sync, for whatever picks files up.

Files are named by moment, run and batch, and written whole: a batch sent again replaces its own file. Read in the
order of their names they lead to what the sync wants.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from cdp_assets.destinations._payload import line, plain, record
from cdp_assets.destinations.base import Batch, Destination, Limits, RowResult
from cdp_assets.errors import DestinationError
from cdp_assets.settings import Settings
from cdp_assets.strict import Strict
from cdp_assets.validation import validated

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[\d\s().-]*")


class FileSettings(Strict):
    """How the files are written."""

    format: Literal["jsonl", "csv"] = Field(default="jsonl", description="`jsonl` or `csv`.")
    batch_size: int = Field(default=10_000, ge=1, le=10_000, description="Rows a file, at most 10,000.")
    spreadsheet_safe: bool = Field(
        default=True,
        description="Puts a `'` before CSV cells that a spreadsheet would run as formulas; numbers and phone"
        " numbers are left as they are. Turn it off when only machines read the files.",
    )


class FileDestination(Destination):
    """Writes change files under `folder/<sync>/`."""

    settings_model = FileSettings

    def __init__(self, folder: Path, settings: FileSettings) -> None:
        self.folder = folder
        self.settings = settings
        self.limits = Limits(batch_size=settings.batch_size)

    @property
    def target(self) -> str:
        return "file outbox"

    @classmethod
    def from_settings(cls, values: Mapping[str, Any], settings: Settings, env: Mapping[str, str]) -> "FileDestination":  # noqa: ARG003
        return cls(settings.outbox_dir, validated(FileSettings, values, "destination 'file'"))

    def payload(self, batch: Batch) -> object:
        return [plain(record(batch, row)) for row in batch.rows]

    def send(self, batch: Batch) -> list[RowResult]:
        content = self._csv(batch) if self.settings.format == "csv" else self._jsonl(batch)
        stem = f"{batch.as_of:%Y%m%dT%H%M%S}-{_file_name(batch.run_id)}-{_file_name(batch.name)}"
        try:
            _write_whole(self.folder / _file_name(batch.sync) / f"{stem}.{self.settings.format}", content)
        except OSError as error:
            raise DestinationError(
                f"cannot write into the outbox {self.folder}: {error.strerror}; check the folder and its free space."
            ) from error
        return [RowResult(row.key, accepted=True) for row in batch.rows]

    def _jsonl(self, batch: Batch) -> bytes:
        return b"".join(line(record(batch, row)) + b"\n" for row in batch.rows)

    def _csv(self, batch: Batch) -> bytes:
        """RFC 4180: every value quoted, so that an empty text (`""`) differs from no value (nothing)."""
        lines: list[list[object]] = [["key", "operation", "previous_key", "merged_into", *batch.columns]]
        for row in batch.rows:
            values = [plain(row.fields.get(name)) for name in batch.columns]
            lines.append([row.key, batch.operation.value, row.previous_key, row.merged_into, *values])
        return b"".join(",".join(map(self._cell, cells)).encode("utf-8", "replace") + b"\r\n" for cells in lines)

    def _cell(self, value: object) -> str:
        if value is None:
            return ""
        text = _text(value)
        if self.settings.spreadsheet_safe and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
            text = f"'{text}"
        return '"' + text.replace('"', '""') + '"'


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return line(value).decode()
        case _:
            return str(value)


def _file_name(text: str) -> str:
    """The text as one path component: no separators, not hidden, and no two texts alike."""
    name = quote(text, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that others see all of it or none, and it outlives a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
