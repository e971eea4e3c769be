"""A DuckDB of its own to compare records in, out of core: never the warehouse, whichever it is."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from cdp_assets.identity.scoring.blocking_rules import hash_of

TermFrequencies = Mapping[str, Mapping[str, float]]
"""Per column the share of values; under '' the share of every value that is not there."""
_NODES = Path(__file__).with_name("nodes.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Limits:
    """What comparing may use; none leaves it to DuckDB: every core, and four fifths of the machine's memory.

    `memory` is as DuckDB reads it, such as `16GB`; what does not fit goes to temporary files.
    """

    threads: int | None = None
    memory: str | None = None


@contextmanager
def workbench(limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with `limits`, whose temporary files are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="cdp-identity-") as folder, duckdb.connect(":memory:") as connection:
        connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false")
        connection.execute("SET temp_directory = $folder", {"folder": folder})
        if limits.threads:
            connection.execute("SET threads = $threads", {"threads": limits.threads})
        if limits.memory:
            connection.execute("SET memory_limit = $memory", {"memory": limits.memory})
        yield connection


def load_nodes(
    connection: duckdb.DuckDBPyConnection,
    records: pa.Table | pa.RecordBatchReader,
    frequencies: TermFrequencies | None = None,
) -> set[str]:
    """Make the table `nodes` of `nodes.sql` from rows of `identity.records`; returns the columns that have values.

    A column `is_changed`, if there is one, is kept. `tf_<column>` is the share of the record's value, for each column
    of `frequencies`. Records of one name lie together: reading pairs of them is twice as fast then.
    """
    frequencies = frequencies or {}
    shares, joins = [], []
    for column, known in frequencies.items():
        name = f"common_{column}"
        connection.register(name, pa.table([list(known), list(known.values())], names=["value", "share"]))
        shares.append(f", coalesce({name}.share, {known['']!r}) AS tf_{column}")
        joins.append(f" LEFT JOIN {name} ON {name}.value = narrow.{column}")
    connection.register("records", records)
    narrow = _NODES.replace("/* further */", ", is_changed" if "is_changed" in records.schema.names else "")
    connection.execute(
        f"CREATE OR REPLACE TABLE nodes AS SELECT narrow.*{''.join(shares)} FROM ({narrow}) AS narrow{''.join(joins)}"
        " ORDER BY last_name, postal_code, first_name"
    )
    for name in ("records", *(f"common_{column}" for column in frequencies)):
        connection.unregister(name)
    columns = [name for name, *_ in connection.execute("DESCRIBE nodes").fetchall()]
    counts = ", ".join(f"count({column})" for column in columns)
    counted = connection.execute(f"SELECT {counts} FROM nodes").fetchall()[0]
    return {column for column, count in zip(columns, counted, strict=True) if count}


def load_oversized(connection: duckdb.DuckDBPyConnection, blocks: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Make the table `oversized` (`block`) from the name of the rule and the values of the keys of each block."""
    connection.execute("CREATE OR REPLACE TABLE oversized (block UBIGINT)")
    by_width: dict[int, list[tuple[str, Sequence[str]]]] = {}
    for rule, values in blocks:
        by_width.setdefault(len(values), []).append((rule, values))
    for width, some in by_width.items():
        names = [f"v{place}" for place in range(width)]
        columns = [pa.array([rule for rule, _ in some])]
        columns += [pa.array([values[place] for _, values in some]) for place in range(width)]
        connection.register("passed_over", pa.table(columns, names=["rule", *names]))
        connection.execute(f"INSERT INTO oversized SELECT {hash_of('rule', *names)} FROM passed_over")
        connection.unregister("passed_over")
