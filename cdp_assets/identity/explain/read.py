"""What the warehouse holds of one customer: rows of its own records, and of those that its links lead to."""

from collections.abc import Collection
from contextlib import suppress

import polars as pl
from sqlglot import exp

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import CLUSTERS, CUSTOMER_IDS, DECISIONS, EDGES, MATCH_MODEL, PAIRS, RECORDS
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.stages import Stage
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse

NUMBER = "record_number"
_KEY = ("source", "record_id")
_SIDES = ("number_l", "number_r")
_SENT = Table(Stage.LOOKUP, "customer_records")
_ASSIGNED = ("customer_id", "matched_by", "match_probability", "assigned_at")


class CustomerReader:
    """Reads the rows that concern one customer; a table that is not there has none."""

    def __init__(self, warehouse: Warehouse, customer_id: str) -> None:
        self._warehouse = warehouse
        self._customer_id = customer_id

    def records(self) -> pl.DataFrame:
        """Its records, ordered by key: `identity.records`, and of each `_ASSIGNED` and `quarantined_by`."""
        return self._records(exp.column("customer_id", "i").eq(exp.Literal.string(self._customer_id)))

    def others(self, numbers: Collection[int]) -> pl.DataFrame:
        """The same of any records, by their numbers."""
        listed = [exp.Literal.number(number) for number in sorted(numbers)]
        return self._records(exp.column(NUMBER, "r").isin(*listed) if listed else exp.false())

    def sent(self) -> pl.DataFrame:
        """The rows of `lookup.customer_records`, every column as text."""
        columns = list(self._warehouse.columns(_SENT))
        if not columns:
            return pl.DataFrame(schema=dict.fromkeys(_KEY, pl.String))
        query = exp.select(*columns).from_(_SENT.expression().as_("s")).where(self._is_its_own("s"))
        rows = pl.DataFrame(self._warehouse.read_arrow(query)).rename(str.lower)
        return rows.with_columns(pl.col(column).cast(pl.String, strict=False) for column in rows.columns)

    def edges(self) -> pl.DataFrame:
        """Links that one of its records has, vetoed ones included: `identity.edges` without the keys."""
        columns = (*_SIDES, "kind", "rule", "match_weight", "match_probability", "model_version", "vetoed_by")
        query = exp.select(*columns).from_(EDGES.table.expression().as_("e"))
        return self._read(EDGES, query.where(self._touches("e")))

    def scored(self, numbers: Collection[int]) -> pl.DataFrame:
        """The rows of `identity.pairs` between these records."""
        listed = [exp.Literal.number(number) for number in sorted(numbers)]
        query = exp.select(*(column.name for column in PAIRS.columns)).from_(PAIRS.table.expression())
        return self._read(PAIRS, query.where(*(exp.column(side).isin(*listed) for side in _SIDES)))

    def decisions(self) -> pl.DataFrame:
        """What stewards decided of pairs with one of its records."""
        columns = [column.name for column in DECISIONS.columns]
        query = exp.select(*columns).from_(DECISIONS.table.expression().as_("d"))
        sides = [self._read(DECISIONS, query.where(self._is_its_own("d", f"_{side}"))) for side in "lr"]
        return pl.concat(sides).unique(maintain_order=True)

    def models(self, versions: Collection[str]) -> dict[str, MatchModel]:
        """The models of these versions that the warehouse keeps, and this version of the program can read."""
        if not versions or "model_json" not in self._warehouse.columns(MATCH_MODEL.table):
            return {}
        wanted = exp.column("version").isin(*(exp.Literal.string(version) for version in sorted(versions)))
        query = exp.select("version", "model_json").from_(MATCH_MODEL.table.expression()).where(wanted)
        found = {}
        for row in self._warehouse.read_arrow(query).to_pylist():
            with suppress(DataError):
                found[row["version"]] = MatchModel.from_json(row["model_json"], str(MATCH_MODEL.table))
        return found

    def _records(self, wanted: exp.Expr) -> pl.DataFrame:
        keys = [exp.column(column.name, "r") for column in RECORDS.columns]
        assigned = [exp.column(name, "i") for name in _ASSIGNED]
        query = exp.select(*keys, *assigned, exp.column("quarantined_by", "c"))
        query = query.from_(RECORDS.table.expression().as_("r"))
        query = query.join(CUSTOMER_IDS.table.expression().as_("i"), on=_same_key("i", "r"), join_type="left")
        query = query.join(CLUSTERS.table.expression().as_("c"), on=_same_key("c", "r"), join_type="left")
        return pl.DataFrame(self._warehouse.read_arrow(query.where(wanted))).sort(_KEY)

    def _numbers(self) -> exp.Select:
        query = exp.select(exp.column(NUMBER, "r")).from_(RECORDS.table.expression().as_("r"))
        return query.where(self._is_its_own("r"))

    def _touches(self, alias: str) -> exp.Expr:
        return exp.or_(*(exp.column(side, alias).isin(query=self._numbers()) for side in _SIDES))

    def _is_its_own(self, alias: str, suffix: str = "") -> exp.Expr:
        """Whether the record that a row's key names is one of the customer's."""
        own = exp.column("customer_id", "own").eq(exp.Literal.string(self._customer_id))
        same = [exp.column(name, "own").eq(exp.column(f"{name}{suffix}", alias)) for name in _KEY]
        query = exp.select(exp.Literal.number(1)).from_(CUSTOMER_IDS.table.expression().as_("own"))
        return exp.Exists(this=query.where(own, *same))

    def _read(self, contract: Contract, query: exp.Select) -> pl.DataFrame:
        if not self._warehouse.exists(contract.table):
            return pl.DataFrame(contract.empty())
        return pl.DataFrame(self._warehouse.read_arrow(query))


def customer_of(warehouse: Warehouse, source: str, record_id: str) -> str:
    """The customer of a record.

    Raises:
        DataError: it has none, or there are no customers yet.
    """
    require_customers(warehouse)
    parts = {"source": source, "record_id": record_id}
    key = [exp.column(name).eq(exp.Literal.string(part)) for name, part in parts.items()]
    query = exp.select("customer_id").from_(CUSTOMER_IDS.table.expression()).where(*key)
    found = warehouse.read_arrow(query)["customer_id"].to_pylist()
    if not found:
        raise DataError(
            f"{source}:{record_id} is the record of no customer; check the source's name and the record's id, and"
            " whether it is deleted there or newer than the last run."
        )
    return str(found[0])


def is_customer(warehouse: Warehouse, customer_id: str) -> bool:
    """Whether some record has this customer id now.

    Raises:
        DataError: there are no customers yet.
    """
    require_customers(warehouse)
    wanted = exp.column("customer_id").eq(exp.Literal.string(customer_id))
    count = exp.select(exp.Count(this=exp.Star()).as_("n")).from_(CUSTOMER_IDS.table.expression()).where(wanted)
    return bool(warehouse.read_arrow(count)["n"][0].as_py())


def require_customers(warehouse: Warehouse) -> None:
    """Raise a `DataError` unless `identity.customer_ids` is there."""
    if not warehouse.exists(CUSTOMER_IDS.table):
        raise DataError(f"{CUSTOMER_IDS.table} is not there yet; start `cdp run`, which makes it.")


def _same_key(one: str, other: str) -> exp.Expr:
    return exp.and_(*(exp.column(name, one).eq(exp.column(name, other)) for name in _KEY))
