"""The files of `cdp match`: records in, customer ids out, rules, and the frozen model."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from cdp_assets.definition_files import read_definition
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.normalise.inputs import TEXTS
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.settings import PROJECT_ROOT

SHIPPED_RULES = PROJECT_ROOT / "cdp_assets" / "defs" / "identity" / "defs.yaml"
_COLUMNS = {*TEXTS, "date_of_birth", "is_deleted"}


def read_records(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """The contract's columns of a Parquet file of records, and the names of its other columns, which are not read.

    Raises:
        DataError: there is no such file, it may not be read, or it is no whole Parquet.
    """
    try:
        names = list(pl.read_parquet_schema(path))
        known = [name for name in names if name in _COLUMNS]
        records = pl.read_parquet(path, columns=known, glob=False) if known else pl.DataFrame()
    except (OSError, pl.exceptions.PolarsError) as error:
        why = "it is not a whole Parquet file"
        if isinstance(error, FileNotFoundError | PermissionError):
            why = os.strerror(error.errno or 2).lower()
        raise DataError(f"{path} cannot be read: {why}; give records in Parquet, in contract columns.") from error
    return records, [name for name in names if name not in _COLUMNS]


def read_rules(path: Path) -> IdentityConfig:
    """The configuration in a YAML file: the attributes of `defs.yaml`, or that file itself.

    Raises:
        ConfigurationError: it cannot be read, or says something that is not allowed.
    """
    return read_definition(path, IdentityConfig)


def check_out(out: Path, others: Mapping[str, Path | None]) -> None:
    """See to it, before anything is worked out, that `out` can be written and is none of the other files.

    Raises:
        ConfigurationError: it is one of them, or no file can be written there.
    """
    for name, other in others.items():
        if other is not None and other.resolve() == out.resolve():
            raise ConfigurationError(f"--out {out} is the file of {name} and would take its place; name another.")
    if out.exists() and not out.is_file():
        raise ConfigurationError(f"--out {out} is not a file; name one that is, or that is not there yet.")
    try:
        with _draft(out) as draft:
            draft.touch()
    except OSError as error:
        raise ConfigurationError(
            f"--out {out} cannot be written: {error.strerror}; name a file in a folder you may write to."
        ) from error


def write_ids(path: Path, ids: pa.RecordBatchReader) -> int:
    """Write the rows to a Parquet file that appears whole or not at all; returns how many.

    Raises:
        DataError: the file cannot be written.
    """
    count = 0
    try:
        with _draft(path) as draft:
            with pq.ParquetWriter(draft, ids.schema, compression="zstd") as writer:
                for batch in ids:
                    writer.write_batch(batch)
                    count += batch.num_rows
            draft.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error
    return count


def write_model(path: Path, model: MatchModel) -> None:
    """Write the model to a file that appears whole or not at all.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        with _draft(path) as draft:
            draft.write_text(model.to_json(), encoding="utf-8")
            draft.replace(path)
    except OSError as error:
        raise DataError(f"the model {path} cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Where to write what is then to take the place of `path`; gone afterwards if it did not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
