"""What an audience would be, without writing it: how many, whom each condition leaves out, who can be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlglot import exp

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import Compiled, compile_audience
from cdp_assets.audiences.declared import CONSENTS, CUSTOMERS
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.expressions import aliased, column, known, same
from cdp_assets.masking import mask
from cdp_assets.sql.render import readable
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

SHOWN = 5
IDENTIFIERS = ("email", "phone")
_MASKED = ("first_name", "last_name", "email", "phone", "city", "country")
ALL_CUSTOMERS = "all customers"


@dataclass(frozen=True)
class Preview:
    """An audience as it would be at a moment.

    `funnel` has, for each condition in order, its path and how many customers are left; `identifiers` the share of
    members that has each; `consents` how many members granted or denied each purpose. Samples are masked.
    """

    name: str
    members: int
    funnel: Sequence[tuple[str, int]]
    identifiers: Mapping[str, float]
    consents: Mapping[str, Mapping[str, int]]
    sample: Sequence[Mapping[str, Any]]
    sql: str


def preview(warehouse: Warehouse, definition: AudienceDefinition, catalogue: Catalogue, as_of: datetime) -> Preview:
    """Preview an audience; nothing is kept.

    Raises:
        ConfigurationError: the definition names something that is not there.
    """
    compiled = compile_audience(definition, catalogue, as_of)
    members = Table("audiences", f"preview__{uuid4().hex[:12]}")
    with warehouse.session():
        try:
            count = warehouse.write_select(members, compiled.reading_from({}, **_known_identifiers()))
            return Preview(
                name=definition.name,
                members=count,
                funnel=_funnel(warehouse, compiled, count),
                identifiers=_identifiers(warehouse, members, count),
                consents=_consents(warehouse, members),
                sample=_sample(warehouse, members),
                sql=readable(warehouse.render(compiled.query), warehouse.dialect),
            )
        finally:
            warehouse.drop(members)


def _funnel(warehouse: Warehouse, compiled: Compiled, members: int) -> list[tuple[str, int]]:
    """Customers left after each condition; the last is known, and one alone needs no other look."""
    steps = compiled.steps if compiled.limit is not None else compiled.steps[:-1]
    last = ("limit" if compiled.limit is not None else compiled.steps[-1].path, members)
    if not steps:
        return [(ALL_CUSTOMERS, warehouse.row_count(CUSTOMERS)), last]
    counts: dict[str, exp.Expr] = {"everybody": exp.Count(this=exp.Star())}
    for number in range(len(steps)):
        reached = exp.and_(*(step.predicate.copy() for step in steps[: number + 1]))
        counts[f"step_{number}"] = exp.Count(this=exp.case().when(reached, exp.Literal.number(1)))
    query = compiled.joined({}).select(*(count.as_(name, quoted=True) for name, count in counts.items()))
    (row,) = warehouse.read_arrow(query).to_pylist()
    middle = [(step.path, int(row[f"step_{number}"])) for number, step in enumerate(steps)]
    return [(ALL_CUSTOMERS, int(row["everybody"])), *middle, last]


def _known_identifiers() -> dict[str, exp.Expr]:
    """1 where a customer has an identifier, else null: the members are written with this instead of joined again."""
    one = exp.Literal.number(1)
    return {name: exp.case().when(known(name, "customers"), one.copy()) for name in IDENTIFIERS}


def _identifiers(warehouse: Warehouse, members: Table, count: int) -> dict[str, float]:
    known = (exp.Count(this=exp.column(name, quoted=True)).as_(name, quoted=True) for name in IDENTIFIERS)
    (row,) = warehouse.read_arrow(exp.select(*known).from_(members.expression())).to_pylist()
    return {name: row[name] / count if count else 0.0 for name in IDENTIFIERS}


def _consents(warehouse: Warehouse, members: Table) -> dict[str, dict[str, int]]:
    keys = (column("purpose", "c"), column("state", "c"))
    query = exp.select(*keys, exp.Count(this=exp.Star()).as_("customers", quoted=True))
    query = _of_members(query, members, CONSENTS).group_by(*(key.copy() for key in keys))
    found: dict[str, dict[str, int]] = {}
    for row in warehouse.read_arrow(query.order_by(*(key.copy() for key in keys))).to_pylist():
        found.setdefault(row["purpose"], {})[row["state"]] = row["customers"]
    return found


def _sample(warehouse: Warehouse, members: Table) -> list[dict[str, Any]]:
    key = exp.column("customer_id", quoted=True)
    first = exp.select(key).from_(members.expression()).order_by(key.copy()).limit(SHOWN)
    ids = [row["customer_id"] for row in warehouse.read_arrow(first).to_pylist()]
    if not ids:
        return []
    chosen = column("customer_id", "c").isin(*(exp.Literal.string(one) for one in ids))
    query = exp.select(*(column(name, "c") for name in ("customer_id", *_MASKED)))
    query = query.from_(aliased(CUSTOMERS, "c")).where(chosen)
    rows = warehouse.read_arrow(query.order_by(column("customer_id", "c"))).to_pylist()
    return [{"customer_id": row["customer_id"], **{name: mask(row[name]) for name in _MASKED}} for row in rows]


def _of_members(query: exp.Select, members: Table, table: Table) -> exp.Select:
    theirs = same("customer_id", "c", "customer_id", "m")
    return query.from_(aliased(members, "m")).join(aliased(table, "c"), on=theirs)
