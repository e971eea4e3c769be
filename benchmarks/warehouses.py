"""What a warehouse costs over its bare driver, and whether streams of rows keep its memory flat.

Reads and merges of the same rows go through the warehouse and through the driver's best road in turn; the medians are
compared. Streams run in processes of their own. PostgreSQL is a cluster that this starts and stops.

    python benchmarks/warehouses.py --rows 1000000 --stream-rows 1000000 10000000 --json claims.json
"""

import argparse
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from os import environ
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a script as well as with -m

from benchmarks.claims import Claim, print_claims, write_claims  # noqa: E402
from benchmarks.machine import describe_machine  # noqa: E402
from benchmarks.processes import measure  # noqa: E402
from cdp_assets.settings import Settings  # noqa: E402
from cdp_assets.tables import Table  # noqa: E402
from cdp_assets.warehouses import open_warehouse  # noqa: E402
from cdp_assets.warehouses.base import WriteMode  # noqa: E402
from cdp_assets_tests.standins.postgres import postgres_cluster  # noqa: E402

BATCH_ROWS = 65_536
BASE, TARGET, STREAMED = Table("bench", "base"), Table("bench", "target"), Table("bench", "streamed")
ROAD_AIM = ">= 0.8 of the bare driver"
MEMORY_AIM = {"duckdb": "< 512 MiB", "postgres": "< 64 MiB"}  # DuckDB keeps blocks of its file, whoever reads them
_CITIES = pa.array(["Lyon", "Osaka", "Malmö", "Tunis", "Quito"])
_QUERY = "SELECT * FROM bench.base"


def batch(first: int, rows: int) -> pa.RecordBatch:
    """Rows with the ids from `first` on: a key and eight columns of mixed types, a tenth of one of them null."""
    random = np.random.default_rng(first)
    ids = pa.array(np.arange(first, first + rows))
    digits = pa.array(random.integers(0, 10**9, rows)).cast(pa.decimal128(19, 0))
    columns = {
        "id": ids,
        "email": pc.binary_join_element_wise(ids.cast(pa.string()), "example.com", "@"),
        "city": _CITIES.take(pa.array(random.integers(0, len(_CITIES), rows))),
        "score": pa.array(random.random(rows), mask=random.random(rows) < 0.1),
        "visits": pa.array(random.integers(0, 1000, rows)),
        "active": pa.array(random.integers(0, 2, rows).astype(bool)),
        "born": pa.array(random.integers(0, 20_000, rows).astype("int32")).cast(pa.date32()),
        "seen_at": pa.array(random.integers(10**15, 2 * 10**15, rows)).cast(pa.timestamp("us", tz="UTC")),
        "spent": pa.Array.from_buffers(pa.decimal128(18, 4), rows, digits.buffers()),
    }
    return pa.RecordBatch.from_pydict(columns)


def stream(first: int, rows: int) -> pa.RecordBatchReader:
    """Rows that are made batch by batch."""
    starts = range(first, first + rows, BATCH_ROWS)
    batches = (batch(start, min(BATCH_ROWS, first + rows - start)) for start in starts)
    return pa.RecordBatchReader.from_batches(batch(first, 0).schema, batches)


class BareDriver(ABC):
    """The quickest way a driver has of its own, without what the warehouse checks and promises."""

    @abstractmethod
    def run(self, *statements: str) -> None:
        """Run statements, each for itself."""

    @abstractmethod
    def read(self, query: str) -> pa.Table:
        """The result of a SELECT."""

    @abstractmethod
    def merge(self, rows: pa.Table) -> None:
        """Replace the rows with the same id in the target, at once."""


class BareDuckDB(BareDriver):
    """DuckDB's own client; the file is opened for each operation, as it must be where processes take turns."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._path = environment["CDP_DUCKDB_PATH"]

    def run(self, *statements: str) -> None:
        with duckdb.connect(self._path) as connection:
            for statement in statements:
                connection.execute(statement)

    def read(self, query: str) -> pa.Table:
        with duckdb.connect(self._path) as connection:
            return connection.sql(query).to_arrow_table()

    def merge(self, rows: pa.Table) -> None:
        with duckdb.connect(self._path) as connection:
            connection.register("incoming", rows)
            connection.begin()
            connection.execute("DELETE FROM bench.target AS t USING incoming AS i WHERE t.id = i.id")
            connection.execute("INSERT INTO bench.target BY NAME SELECT * FROM incoming")
            connection.commit()


class BarePostgres(BareDriver):
    """ADBC's own connection, open all the time: COPY into a temporary table, then two statements."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        from adbc_driver_postgresql import dbapi

        user, password = environment["CDP_POSTGRES_USER"], environment["CDP_POSTGRES_PASSWORD"]
        place = f"{environment['CDP_POSTGRES_HOST']}:{environment['CDP_POSTGRES_PORT']}"
        uri = f"postgresql://{user}:{password}@{place}/{environment['CDP_POSTGRES_DATABASE']}"
        self._connection = dbapi.connect(uri, autocommit=True)

    def run(self, *statements: str) -> None:
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def read(self, query: str) -> pa.Table:
        with self._connection.cursor() as cursor:
            return cursor.execute(query).fetch_arrow_table()

    def merge(self, rows: pa.Table) -> None:
        self.run("BEGIN", "CREATE TEMPORARY TABLE incoming (LIKE bench.target) ON COMMIT DROP")
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest("incoming", rows.to_reader(), mode="append", temporary=True)
        self.run(
            "DELETE FROM bench.target AS t USING incoming AS i WHERE t.id = i.id",
            "INSERT INTO bench.target SELECT * FROM incoming",
            "COMMIT",
        )


BARE: Mapping[str, Callable[[Mapping[str, str]], BareDriver]] = {"duckdb": BareDuckDB, "postgres": BarePostgres}


def road_claims(name: str, environment: Mapping[str, str], rows: int, repeats: int) -> Iterator[Claim]:
    """Reads and merges through the warehouse and through the bare driver, in turn."""
    warehouse, bare = open_warehouse(Settings.from_env(environment)), BARE[name](environment)
    warehouse.write_arrow(BASE, stream(0, rows))
    incoming = stream(rows // 2, rows).read_all()
    renew = ("DROP TABLE IF EXISTS bench.target", "CREATE TABLE bench.target AS SELECT * FROM bench.base")
    reads = _in_turn(lambda: warehouse.read_arrow(_QUERY), lambda: bare.read(_QUERY), repeats)
    yield _road_claim(f"{name}: read", rows, reads)
    merges = _in_turn(
        lambda: warehouse.write_arrow(TARGET, incoming, WriteMode.MERGE, ["id"]),
        lambda: bare.merge(incoming),
        repeats,
        before=lambda: bare.run(*renew),
    )
    yield _road_claim(f"{name}: merge", rows, merges)
    warehouse.close()


def memory_claims(name: str, environment: Mapping[str, str], sizes: Sequence[int]) -> Iterator[Claim]:
    """Peak memory of processes that stream the smallest and the largest size; how much more the largest needs."""
    for direction in ("in", "out"):
        peaks = {}
        for rows in sorted(sizes):
            command = [sys.executable, __file__, "--child", direction, "--rows", str(rows)]
            measured = measure(command, {**environ, **environment}, ROOT)
            peaks[rows] = measured.peak_mib()
            _say(f"{name}: {rows:,} rows {direction}: {measured.seconds:.1f} s, peak {peaks[rows]:.0f} MiB")
        grown = peaks[max(sizes)] - peaks[min(sizes)]
        yield Claim.of(
            f"{name}: memory more for {max(sizes):,} rows {direction} than for {min(sizes):,}", grown, MEMORY_AIM[name]
        )


def stream_once(direction: str, rows: int) -> None:
    """Stream rows into a new table, or those of that table out; for a process of its own."""
    warehouse = open_warehouse(Settings.from_env())
    if direction == "in":
        warehouse.drop(STREAMED)
        warehouse.write_arrow(STREAMED, stream(0, rows))
        return
    query = f"SELECT * FROM {STREAMED} WHERE id < {rows}"
    with warehouse.read_batches(query) as reader:
        found = sum(each.num_rows for each in reader)
    if found != rows:
        raise RuntimeError(f"{found} rows came out instead of {rows}.")


def _in_turn(
    ours: Callable[[], object], bare: Callable[[], object], repeats: int, before: Callable[[], object] = lambda: None
) -> list[tuple[float, float]]:
    """Seconds of both, as often as told; a first run of each is not counted."""
    pairs = []
    for number in range(repeats + 1):
        seconds = {}
        for call in (ours, bare) if number % 2 else (bare, ours):
            before()
            began = time.perf_counter()
            call()
            seconds[call] = time.perf_counter() - began
        pairs.append((seconds[ours], seconds[bare]))
    return pairs[1:]


def _road_claim(name: str, rows: int, pairs: Sequence[tuple[float, float]]) -> Claim:
    """Medians; that of the ratios is of runs side by side, so that what else the machine did counts less."""
    ours, peer = (median(seconds) for seconds in zip(*pairs, strict=True))
    ratio = median(bare / own for own, bare in pairs)
    _say(f"{name} of {rows:,} rows: {ours:.2f} s, bare {peer:.2f} s, ratio {ratio:.2f}")
    is_met = ratio >= float(ROAD_AIM.split()[1])
    return Claim(f"{name} (rows/s)", round(rows / ours), round(rows / peer), round(ratio, 2), ROAD_AIM, is_met)


def main() -> None:
    """Measure, print, and write the claims."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warehouses", nargs="+", choices=list(BARE), default=list(BARE))
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows that are read and merged")
    parser.add_argument("--repeats", type=int, default=5, help="how often each road is taken")
    parser.add_argument("--stream-rows", type=int, nargs=2, default=[1_000_000, 10_000_000], metavar="ROWS")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the claims here")
    parser.add_argument("--child", choices=["in", "out"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        stream_once(options.child, options.rows)
        return
    print("\n".join(describe_machine()))
    claims: list[Claim] = []
    with ExitStack() as stack:
        for name in options.warehouses:
            environment = _environment(name, stack)
            claims += road_claims(name, environment, options.rows, options.repeats)
            claims += memory_claims(name, environment, options.stream_rows)
    print_claims(claims)
    if options.json:
        write_claims(options.json, claims)


def _environment(name: str, stack: ExitStack) -> dict[str, str]:
    """The environment of an empty warehouse of its kind."""
    if name == "postgres":
        return stack.enter_context(postgres_cluster()).fresh_database()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cdp_benchmark_"))
    return {"CDP_WAREHOUSE": "duckdb", "CDP_DUCKDB_PATH": str(Path(folder) / "cdp.duckdb")}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
