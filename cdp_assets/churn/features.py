"""What was known of each customer at a cut-off, computed inside the warehouse."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path

from sqlglot import exp

from cdp_assets.churn.config import ChurnConfig
from cdp_assets.sql.render import template

_TEMPLATE = Path(__file__).with_name("features.sql")
_WINDOWS = (30, 90, 180, 365)


def features_query(cut_offs: Sequence[datetime], config: ChurnConfig, as_of: datetime) -> exp.Query:
    """One row a customer and cut-off, with the columns of `churn.features`.

    `churned` is null for a cut-off whose horizon has not passed at `as_of`.
    """
    query = template(_TEMPLATE)
    moments = _rows(_cut_off(cut_off, config.horizon, as_of) for cut_off in sorted(set(cut_offs)))
    _fill(query, "cut_offs", moments)
    names = _rows({"source": _text(source)} for source in config.support_sources)
    _fill(query, "support_sources", names or exp.select(_text(None).as_("source")).where(exp.false()))
    return query


def _cut_off(cut_off: datetime, horizon: timedelta, as_of: datetime) -> dict[str, exp.Expression]:
    label_end = cut_off + horizon
    windows = {f"since_{days}d": _moment(cut_off - timedelta(days=days)) for days in _WINDOWS}
    known = _moment(label_end if label_end <= as_of else None)
    return {"as_of": _moment(cut_off), **windows, "labelled_until": known}


def _rows(rows: Iterable[dict[str, exp.Expression]]) -> exp.Query | None:
    """Rows of typed constants as one query; none without rows."""
    selects: list[exp.Query] = [exp.select(*[value.as_(name) for name, value in row.items()]) for row in rows]
    return reduce(lambda above, row: exp.union(above, row, distinct=False), selects) if selects else None


def _fill(query: exp.Query, name: str, rows: exp.Query | None) -> None:
    """Put rows in the place of a parameter's declaration."""
    if rows is None:
        raise ValueError(f"{name} needs at least one row")
    declaration = next(cte for cte in query.find_all(exp.CTE) if cte.alias == name)
    declaration.set("this", rows)


def _moment(value: datetime | None) -> exp.Expression:
    return exp.cast(exp.null() if value is None else exp.Literal.string(value.isoformat(sep=" ")), "timestamptz")


def _text(value: str | None) -> exp.Expression:
    return exp.cast(exp.null() if value is None else exp.Literal.string(value), "text")
