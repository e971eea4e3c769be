"""What an audience would be, without writing it: how many, whom each condition leaves out, who can be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlglot import exp

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import Compiled, compile_audience
from cdp_assets.audiences.declared import CUSTOMERS
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.expressions import aliased, column
from cdp_assets.audiences.order import references
from cdp_assets.audiences.preview_query import IDENTIFIERS, About, conditions, preview_query
from cdp_assets.errors import ConfigurationError
from cdp_assets.masking import mask
from cdp_assets.sql.render import readable
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

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
    """Preview an audience; nothing is written.

    Raises:
        ConfigurationError: the definition names something that is not there, or an audience that was not made yet.
    """
    compiled = compile_audience(definition, catalogue, as_of)
    with warehouse.session():
        for name in sorted(references(definition, catalogue.audiences or {})):
            if not warehouse.exists(Table("audiences", name)):
                raise ConfigurationError(f"audience {name!r}, which it reads, was not made yet; materialise it first.")
        rows = warehouse.read_arrow(preview_query(compiled)).to_pylist()
        found = {about: [row for row in rows if row["about"] == about] for about in About}
        (members,) = found[About.MEMBERS]
        count = int(members["customers"])
        return Preview(
            name=definition.name,
            members=count,
            funnel=_funnel(compiled, found[About.FUNNEL], count),
            identifiers={name: members[name] / count if count else 0.0 for name in IDENTIFIERS},
            consents=_consents(found[About.CONSENT]),
            sample=_sample(warehouse, [row["name"] for row in found[About.SAMPLE]]),
            sql=readable(warehouse.render(compiled.query), warehouse.dialect),
        )


def _funnel(compiled: Compiled, rows: Sequence[Mapping[str, Any]], members: int) -> list[tuple[str, int]]:
    """Customers left after each condition; of those a row counts, `name` conditions hold before one does not."""
    paths = [ALL_CUSTOMERS, *(step.path for step in conditions(compiled))]
    left = [sum(row["customers"] for row in rows if int(row["name"]) >= held) for held in range(len(paths))]
    last = "limit" if compiled.limit is not None else compiled.steps[-1].path
    return [*zip(paths, left, strict=True), (last, members)]


def _consents(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in sorted(rows, key=lambda row: (row["name"], row["state"])):
        found.setdefault(row["name"], {})[row["state"]] = row["customers"]
    return found


def _sample(warehouse: Warehouse, ids: Sequence[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    chosen = column("customer_id", "c").isin(*(exp.Literal.string(one) for one in ids))
    query = exp.select(*(column(name, "c") for name in ("customer_id", *_MASKED)))
    query = query.from_(aliased(CUSTOMERS, "c")).where(chosen)
    rows = warehouse.read_arrow(query.order_by(column("customer_id", "c"))).to_pylist()
    return [{"customer_id": row["customer_id"], **{name: mask(row[name]) for name in _MASKED}} for row in rows]
