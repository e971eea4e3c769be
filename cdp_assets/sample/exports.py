"""Files as the systems leave them in the landing folder: complete or not there, never half written."""

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cdp_assets.sample.junk import with_broken_lines

_OWN_NAME = re.compile(r"^[a-z]+_sample_[0-9A-Za-z-]+\.(csv|jsonl)$")
_SYSTEMS = ("crm", "shop", "web", "support")


@dataclass(frozen=True)
class Export:
    """One file to write: `name` is `<system>/<entity>_sample_<suffix>.<csv or jsonl>`.

    JSON rows come as frames of objects, or as one column `line` that holds their text.
    """

    name: str
    rows: pl.DataFrame
    broken: tuple[bytes, ...] = ()


def write_exports(landing_dir: Path, exports: list[Export], seed: int) -> dict[str, int]:
    """Write the files; returns good rows by file name. Each appears at once, by renaming a hidden one."""
    for export in exports:
        target = landing_dir / export.name
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = target.with_name(f".{target.name}.{os.getpid()}.part")
        hidden.write_bytes(_content(export, seed))
        hidden.replace(target)
    return {export.name: len(export.rows) for export in exports}


def remove_stale(landing_dir: Path, written: dict[str, int]) -> None:
    """Delete what an earlier sample left and this one did not write; files with other names are not touched."""
    for system in _SYSTEMS:
        folder = landing_dir / system
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if _OWN_NAME.match(path.name) and f"{system}/{path.name}" not in written:
                path.unlink()


def _content(export: Export, seed: int) -> bytes:
    rows = export.rows
    if export.name.endswith(".csv"):
        header = _csv(rows[:0], header=True)
        return header + with_broken_lines(rows, _csv, list(export.broken), seed, export.name)
    return with_broken_lines(rows, _json_lines, list(export.broken), seed, export.name)


def _csv(rows: pl.DataFrame, *, header: bool = False) -> bytes:
    if rows.is_empty() and not header:
        return b""
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=header)
    return buffer.getvalue()


def _json_lines(rows: pl.DataFrame) -> bytes:
    if rows.is_empty():
        return b""
    if rows.columns == ["line"]:
        return "\n".join([*rows["line"], ""]).encode()
    buffer = io.BytesIO()
    rows.write_ndjson(buffer)
    return buffer.getvalue()
