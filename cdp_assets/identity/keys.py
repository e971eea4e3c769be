"""Match keys of the records as nodes of a graph: single values, and lists where a record may have several."""

import polars as pl

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import RECORDS

MULTIPLE = {"email": "emails", "phone": "phones", "user_id": "user_ids", "name_forms": "name_forms"}


def nodes_of(records: pl.DataFrame) -> pl.DataFrame:
    """The records in the order of their keys, numbered by `node` (0, 1, ...), further values as lists.

    Raises:
        DataError: a column is missing or a record comes more than once.
    """
    missing = [column.name for column in RECORDS.columns if column.name not in records.columns]
    if missing:
        raise DataError(f"identity.records lacks {', '.join(missing)}; materialise it again.")
    repeated = records.height - records.select("source", "record_id").unique().height
    if repeated:
        raise DataError(f"identity.records needs one row a source and record_id; {repeated} rows repeat another's.")
    spaced = [pl.col(name).str.split(" ") for name in ("emails", "phones", "name_forms")]
    ordered = records.sort("source", "record_id").with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))
    return ordered.with_columns(*spaced, pl.col("user_ids").str.json_decode(pl.List(pl.String)))


def values_of(nodes: pl.DataFrame, key: str) -> pl.DataFrame:
    """`node` and the key's value, one row a value; nulls are left out."""
    found = nodes.select("node", pl.col(MULTIPLE.get(key, key)).alias(key))
    exploded = found.explode(key) if key in MULTIPLE else found
    return exploded.drop_nulls().unique(maintain_order=True)
