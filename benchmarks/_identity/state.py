"""What `cdp match --state` keeps, read to check its promises: quarantined records, and the history of ids."""

from pathlib import Path

import duckdb
import polars as pl


def quarantined_share(state: Path) -> float:
    """Records set apart as singles, as a share of all, from 0 to 1.

    Raises:
        RuntimeError: the folder is not a state.
    """
    counted = _read(state, "SELECT count(quarantined_by) / greatest(count(*), 1) AS share FROM identity.clusters")
    return float(counted["share"][0])


def merged_ids(state: Path) -> set[str]:
    """Ids that the history says were merged into another.

    Raises:
        RuntimeError: the folder is not a state.
    """
    return set(_read(state, "SELECT customer_id FROM identity.id_history WHERE event = 'merged'")["customer_id"])


def _read(state: Path, query: str) -> pl.DataFrame:
    files = sorted(state.glob("*.duckdb"))
    if len(files) != 1:
        raise RuntimeError(f"{state} holds {len(files)} DuckDB files; a state has one")
    with duckdb.connect(str(files[0]), read_only=True) as connection:
        return pl.DataFrame(connection.sql(query).to_arrow_table())
