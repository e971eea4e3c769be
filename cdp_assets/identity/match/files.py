"""The files of `cdp match`: records in, customer ids out, rules, and the state of incremental runs."""

import os
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.settings import PROJECT_ROOT
from cdp_assets.validation import validated

SHIPPED_RULES = PROJECT_ROOT / "cdp_assets" / "defs" / "identity" / "defs.yaml"


def read_records(path: Path) -> pl.DataFrame:
    """The records of a Parquet file in contract columns.

    Raises:
        DataError: there is no such file, or it is no Parquet.
    """
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        why = "there is no such file" if not path.exists() else "it is not a Parquet file"
        raise DataError(f"{path} cannot be read: {why}; give records in Parquet, in contract columns.") from error


def read_rules(path: Path) -> IdentityConfig:
    """The configuration in a YAML file: the attributes of `defs.yaml`, or that file itself.

    Raises:
        ConfigurationError: it cannot be read, or says something that is not allowed.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise ConfigurationError(f"{path}{line} cannot be read as YAML; write rules as defs.yaml does.") from error
    attributes = content.get("attributes", content) if isinstance(content, dict) else content
    if not isinstance(attributes, dict):
        raise ConfigurationError(f"{path} must be a mapping with `rules` and other options, as defs.yaml is.")
    return validated(IdentityConfig, attributes, str(path))


def write_ids(path: Path, ids: pa.RecordBatchReader) -> int:
    """Write the rows to a Parquet file that appears whole or not at all; returns how many.

    Raises:
        DataError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(draft, ids.schema, compression="zstd") as writer:
            for batch in ids:
                writer.write_batch(batch)
                count += batch.num_rows
        draft.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return count
