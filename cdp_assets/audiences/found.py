"""Whom audiences have now, written to tables that are kept while they are refreshed; several are found in one pass."""

from collections.abc import Mapping, Sequence

from sqlglot import exp

from cdp_assets.audiences.compile import Compiled, joined
from cdp_assets.audiences.definition import WORK_PREFIX
from cdp_assets.audiences.expressions import column
from cdp_assets.audiences.sources import KEY, Materialised, Source
from cdp_assets.tables import Layout, Table
from cdp_assets.warehouses.base import Warehouse

_SEVERAL = 2
"""Audiences for which it is worth a table that a source is read once, or customers are."""
_AT_ONCE = 100
"""Audiences found in one pass, each a column."""


def find_members(warehouse: Warehouse, compiled: Mapping[str, Compiled]) -> dict[str, exp.Select]:
    """The `customer_id` of the members of each audience, out of tables that are written for it.

    An audience that has a limit, or alone reads some aggregate, is found apart.
    """
    shared: dict[str, exp.Table] = {}
    for source in _shared(compiled):
        features = frozenset().union(*(one.features.get(source.alias, ()) for one in compiled.values()))
        shared[source.alias] = _written(warehouse, source.alias, source.select(features))
    alike = [name for name, one in compiled.items() if one.limit is None and _is_there(one, shared)]
    batches = [alike[start : start + _AT_ONCE] for start in range(0, len(alike), _AT_ONCE)]
    found: dict[str, exp.Select] = {}
    for number, names in enumerate(batch for batch in batches if len(batch) >= _SEVERAL):
        table = _written(warehouse, f"members_{number}", _in_which([compiled[name] for name in names], shared))
        for place, name in enumerate(names):
            found[name] = exp.select(column(KEY)).from_(table.copy()).where(_place(place))
    for number, (name, one) in enumerate(compiled.items()):
        if name not in found:
            table = _written(warehouse, f"found_{number}", one.reading_from(shared))
            found[name] = exp.select(column(KEY)).from_(table)
    return found


def _shared(compiled: Mapping[str, Compiled]) -> list[Source]:
    """The aggregates that several audiences read."""
    readers: dict[str, list[Source]] = {}
    for one in compiled.values():
        for source in one.sources:
            readers.setdefault(source.alias, []).append(source)
    return [used[0] for used in readers.values() if len(used) >= _SEVERAL and not isinstance(used[0].query, Table)]


def _is_there(compiled: Compiled, shared: Materialised) -> bool:
    """Whether all that an audience reads is in tables."""
    return all(isinstance(one.query, Table) or one.alias in shared for one in compiled.sources)


def _in_which(every: Sequence[Compiled], shared: Materialised) -> exp.Select:
    """Every customer, and whether each audience has them."""
    sources = {source.alias: source for one in every for source in one.sources}
    query = joined(sources.values(), {}, shared).select(column(KEY, "customers"))
    flags = (exp.and_(*(step.predicate.copy() for step in one.steps)) for one in every)
    return query.select(*(flag.as_(_place(place).name, quoted=True) for place, flag in enumerate(flags)))


def _place(number: int) -> exp.Column:
    """The column that says whether the audience of that number has a customer."""
    return column(f"is_in_{number}")


def _written(warehouse: Warehouse, name: str, query: exp.Select) -> exp.Table:
    table = Table("audiences", f"{WORK_PREFIX}{name}", Layout(is_brief=True))
    warehouse.write_select(table, query)
    return table.expression()
