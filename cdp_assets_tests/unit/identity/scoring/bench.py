"""A workbench of records that tests make up, as training and scoring use it."""

import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import duckdb
import polars as pl

from cdp_assets.identity.scoring.compare import COLUMNS
from cdp_assets.identity.scoring.workbench import Limits, load_nodes, workbench

Record = Mapping[str, Any]
SCHEMA: dict[str, Any] = dict.fromkeys(COLUMNS, pl.String) | {"record_number": pl.Int64, "date_of_birth": pl.Date}


def compared_columns(records: Iterable[Record]) -> pl.DataFrame:
    """The columns of `identity.records` that are compared, numbered in order; what is not said is null."""
    rows = [{**dict.fromkeys(SCHEMA), **one, "record_number": number} for number, one in enumerate(records)]
    return pl.DataFrame(rows, schema=SCHEMA)


@contextmanager
def both_ways(
    records: Iterable[Record], shares: Mapping[str, Mapping[str, float]]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the records as `nodes`, and in `pairs` every two of them, each way round."""
    with workbench(Limits(threads=1)) as connection:
        load_nodes(connection, compared_columns(records).to_arrow(), shares)
        connection.execute(
            "CREATE TABLE pairs AS SELECT l.rowid AS place_l, r.rowid AS place_r, 0::BIGINT AS rules"
            " FROM nodes AS l, nodes AS r WHERE l.rowid <> r.rowid"
        )
        yield connection


def variations(count: int) -> list[Record]:
    """People of a few households, of whom several records tell, with slips and gaps."""
    chance = random.Random(count)
    found = []
    for _ in range(count):
        home = random.Random(chance.randrange(count // 5))
        who = random.Random(chance.randrange(count // 5))
        street, code = f"{home.randrange(99)} oak ave", f"100{home.randrange(10, 20)}"
        first, last = who.choice(["anna", "robert", "maria", "peter", "ann"]), home.choice(["keller", "smith", "haas"])
        full = {
            "first_name": first,
            "name_forms": first,
            "last_name": last,
            "email": f"{first}.{last}@{chance.choice('ab')}.org",
            "phone": f"+1512555{home.randrange(100, 120):04}",
            "street": street,
            "city": home.choice(["austin", "boston"]),
            "postal_code": code,
            "date_of_birth": date(1950 + who.randrange(40), 1 + who.randrange(12), 1 + who.randrange(28)),
        }
        found.append({name: slipped(value, chance) for name, value in full.items() if chance.random() < 0.8})
    return found


def slipped(value: Any, chance: random.Random) -> Any:
    """Now and then a text with two characters swapped."""
    if not isinstance(value, str) or chance.random() < 0.8:
        return value
    place = chance.randrange(max(len(value) - 1, 1))
    return value[:place] + value[place + 1 : place + 2] + value[place : place + 1] + value[place + 2 :]
