"""Decisions that cannot all hold: always-links that join, over any number of records, what a never-link separates."""

from collections import deque
from typing import Any

import polars as pl

from cdp_assets.errors import DataError
from cdp_assets.identity.clusters import components
from cdp_assets.identity.record_pairs import LEFT, PAIR, RIGHT, named

_MOST_NAMED = 3
_KEY = ["source", "record_id"]
_Links = dict[int, list[tuple[int, dict[str, Any]]]]


def refuse_conflicts(always: pl.DataFrame, never: pl.DataFrame) -> None:
    """Check that the decisions can all hold.

    Args:
        always: rows of `decisions.effective`: pairs that are one customer.
        never: the others, pairs that are not.

    Raises:
        DataError: they cannot; the never-link and the always-links between its records are named, with who decided
            them and when.
    """
    sides = [frame.select(source=side[0], record_id=side[1]) for frame in (always, never) for side in (LEFT, RIGHT)]
    nodes = pl.concat(sides).unique().sort(_KEY).with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))
    links, broken = _numbered(always, nodes), _numbered(never, nodes)
    groups = components(nodes.height, links)
    for side in ("l", "r"):
        group = groups.select(pl.col("node").alias(f"node_{side}"), pl.col("component").alias(f"group_{side}"))
        broken = broken.join(group, on=f"node_{side}")
    broken = broken.filter(pl.col("group_l") == pl.col("group_r")).sort(PAIR)
    if broken.height:
        raise DataError(_message(broken.row(0, named=True), links, broken.height - 1))


def told(decision: dict[str, Any]) -> str:
    """`always a:1 and b:2 (by NAME, DATE)`."""
    who = decision["decided_by"] or "nobody named"
    pair = f"{named(decision, 'l')} and {named(decision, 'r')}"
    return f"{decision['decision']} {pair} (by {who}, {decision['decided_at']:%Y-%m-%d %H:%M} UTC)"


def _numbered(decisions: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    for side, key in (("l", LEFT), ("r", RIGHT)):
        numbers = nodes.select(
            *(pl.col(name).alias(f"{name}_{side}") for name in _KEY), pl.col("node").alias(f"node_{side}")
        )
        decisions = decisions.join(numbers, on=key, how="left", maintain_order="left")
    return decisions


def _message(never: dict[str, Any], always: pl.DataFrame, others: int) -> str:
    path = [told(decision) for decision in _path(never["node_l"], never["node_r"], always)]
    more = f" and {len(path) - _MOST_NAMED} more" if len(path) > _MOST_NAMED else ""
    said = f"decisions conflict: {told(never)} against {', '.join(path[:_MOST_NAMED])}{more}"
    return f"{said}; undo one of them with `cdp link ... --undo`" + (f" ({others} more conflicts)." if others else ".")


def _path(start: int, end: int, always: pl.DataFrame) -> list[dict[str, Any]]:
    """The fewest always-links that join two records, in order."""
    links: _Links = {}
    for row in always.sort(PAIR).iter_rows(named=True):
        links.setdefault(row["node_l"], []).append((row["node_r"], row))
        links.setdefault(row["node_r"], []).append((row["node_l"], row))
    came: dict[int, tuple[int, dict[str, Any]] | None] = {start: None}
    waiting = deque([start])
    while end not in came:
        here = waiting.popleft()
        for there, decision in links[here]:
            if there not in came:
                came[there] = (here, decision)
                waiting.append(there)
    path = []
    step = came[end]
    while step is not None:
        path.append(step[1])
        step = came[step[0]]
    return path[::-1]
