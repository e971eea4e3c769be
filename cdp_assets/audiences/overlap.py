"""How many customers audiences have in common."""

from collections.abc import Sequence
from typing import Any

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
    shares, sizes = _shares(warehouse, names)
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for name in names:
        cells = [_cell(shares[name, other]) for other in names]
        lines.append(f"| **{name}** ({sizes[name]:,}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def overlap_chart(warehouse: Warehouse, names: Sequence[str]) -> dict[str, Any]:
    """The same as a Vega-Lite specification with the data in it."""
    shares, sizes = _shares(warehouse, names)
    values = [
        {"audience": name, "other": other, "share": round(share, 4), "members": sizes[name]}
        for (name, other), share in shares.items()
    ]
    place = {"type": "nominal", "sort": list(names), "title": None}
    share = {"field": "share", "type": "quantitative", "title": "share of the row's members"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": "members of the row's audience who are in the column's too",
        "data": {"values": values},
        "mark": {"type": "rect", "tooltip": True},
        "encoding": {
            "y": {"field": "audience", **place},
            "x": {"field": "other", **place},
            "color": {**share, "scale": {"domain": [0, 1]}, "legend": {"format": ".0%"}},
        },
    }


def _shares(warehouse: Warehouse, names: Sequence[str]) -> tuple[dict[tuple[str, str], float], dict[str, int]]:
    """Which share of each audience is in each other, and how many members each has."""
    rows = warehouse.read_arrow(exp.select("*").from_(OVERLAP.table.expression())).to_pylist()
    shared = {(row["audience"], row["other_audience"]): row["customers"] for row in rows}
    sizes = {name: shared.get((name, name), 0) for name in names}
    shares = {
        (name, other): shared.get((name, other), 0) / sizes[name] if sizes[name] else 0.0
        for name in names
        for other in names
    }
    return shares, sizes


def _cell(share: float) -> str:
    shade = _SHADES[min(int(share * len(_SHADES)), len(_SHADES) - 1)]
    return f"{shade * 2} {share:.0%}"
