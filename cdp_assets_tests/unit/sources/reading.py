"""Reads a file through a format, all batches together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdp_assets.sources.formats.base import Format, Rejected


@dataclass
class Content:
    rows: list[dict[str, str | None]]
    lines: list[int]
    rejected: list[Rejected]

    @property
    def reasons(self) -> dict[int, str]:
        return {bad.line: bad.reason for bad in self.rejected}


def read(format_: Format, path: Path, required: Sequence[str] = ()) -> Content:
    content = Content([], [], [])
    for batch in format_.batches(path, required):
        names = list(batch.columns)
        columns = zip(*batch.columns.values(), strict=True)
        content.rows += [dict(zip(names, values, strict=True)) for values in columns]
        content.lines += batch.lines
        content.rejected += batch.rejected
    return content
