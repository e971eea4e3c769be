"""How many customers audiences have in common."""

from collections.abc import Sequence

from sqlglot import exp

from cdp_assets.audiences.contracts import OVERLAP
from cdp_assets.audiences.expressions import column, same, together
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

_SHADES = " ░▒▓█"


def overlap(names: Sequence[str]) -> exp.Select:
    """One row a pair of audiences with customers in common, each with itself too; columns as `OVERLAP` has them."""
    members = [
        exp.select(
            exp.cast(exp.Literal.string(name), "text").as_("audience", quoted=True), column("customer_id")
        ).from_(Table("audiences", name).expression())
        for name in names
    ]
    one, other = (exp.alias_(exp.to_table("members"), alias, table=True) for alias in ("one", "other"))
    keys = (column("audience", "one"), column("audience", "other").as_("other_audience", quoted=True))
    shared = exp.select(*keys, exp.Count(this=exp.Star()).as_("customers", quoted=True)).from_(one)
    shared = shared.join(other, on=same("customer_id", "one", "customer_id", "other")).group_by(
        column("audience", "one"), column("audience", "other")
    )
    return shared.with_("members", as_=together(members))


def overlap_map(warehouse: Warehouse, names: Sequence[str]) -> str:
    """A heat map in Markdown: which share of the members of the row's audience is in the column's too."""
    rows = warehouse.read_arrow(exp.select("*").from_(OVERLAP.table.expression())).to_pylist()
    shared = {(row["audience"], row["other_audience"]): row["customers"] for row in rows}
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for name in names:
        size = shared.get((name, name), 0)
        cells = [_cell(shared.get((name, other), 0) / size if size else 0.0) for other in names]
        lines.append(f"| **{name}** ({size:,}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(share: float) -> str:
    shade = _SHADES[min(int(share * len(_SHADES)), len(_SHADES) - 1)]
    return f"{shade * 2} {share:.0%}"
