"""Reads components out of the warehouse, solves them, and writes what was found: some of them, or all in parts."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from sqlglot import exp

from cdp_assets.identity.clusters import closed, dense
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import APPLIED_DECISIONS, CLUSTERS, EDGES, PAIRS, RECORDS
from cdp_assets.identity.evidence import Constraints
from cdp_assets.identity.pipeline.worktables import NUMBER, delete_numbers, work_table
from cdp_assets.identity.rule_sql import links_of_rule
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.solve import COLUMNS, Solution, solve
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse, WriteMode

_SIDES = ("number_l", "number_r")
_RECORDS_A_PART, _PARTS_AT_ONCE = 150_000, 2


@dataclass(frozen=True)
class Job:
    """What decides: configuration, model and decisions, by `version`; `with_edges` writes `identity.edges` too."""

    config: IdentityConfig
    model: MatchModel
    decided: Constraints
    version: str
    with_edges: bool


def applied(decided: Constraints) -> pl.DataFrame:
    """The decisions as rows of `identity.applied_decisions`."""
    words = (("always", decided.must_link), ("never", decided.cannot_link))
    return pl.concat([some.select(*_SIDES, pl.lit(word).alias("decision")) for word, some in words])


def solve_again(warehouse: Warehouse, job: Job, among: Table, gone: Table) -> None:
    """Solve the components whose records `among` has, whole; forget those of `gone`."""
    links = _links(warehouse, job.config, among)
    solution = _part(warehouse, job, among, links)()
    with warehouse.transaction():
        for table in (among, gone):
            delete_numbers(warehouse, CLUSTERS.table, table)
            delete_numbers(warehouse, EDGES.table, table, _SIDES)
        _write(warehouse, job, solution, WriteMode.APPEND)
        _write_applied(warehouse, job)


def solve_all(warehouse: Warehouse, job: Job) -> None:
    """Solve all components, as many at a time as fit; one part is read while another is solved."""
    links = _links(warehouse, job.config, None)
    mode = WriteMode.REPLACE
    with warehouse.transaction():
        for solution in _in_order(_unsolved(warehouse, job, links)):
            _write(warehouse, job, solution, mode)
            mode = WriteMode.APPEND
        _write_applied(warehouse, job)


def _in_order(parts: Iterator[Callable[[], Solution]]) -> Iterator[Solution]:
    """The solutions of the parts, a few worked out at a time."""
    at_once = min(_PARTS_AT_ONCE, pl.thread_pool_size())
    waiting: deque[Future[Solution]] = deque()
    with ThreadPoolExecutor(at_once) as pool:
        for part in parts:
            waiting.append(pool.submit(part))
            if len(waiting) == at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _unsolved(warehouse: Warehouse, job: Job, links: pl.DataFrame) -> Iterator[Callable[[], Solution]]:
    for part in _parts(warehouse, job, links):
        with work_table(warehouse, "part", part) as among:
            inside = links.join(part, left_on="number_l", right_on=NUMBER, how="semi")
            yield _part(warehouse, job, among, inside)


def _links(warehouse: Warehouse, config: IdentityConfig, among: Table | None) -> pl.DataFrame:
    """Rule by rule: all at once they would take twice the memory."""
    schema = pl.Schema({**dict.fromkeys((*_SIDES, "rank"), pl.Int64()), "objection": pl.String()})
    found = [pl.DataFrame(schema=schema)]
    for rank, rule in enumerate(config.rules):
        links = exp.select(*schema.names()).from_(links_of_rule(rule, rank, among).subquery("links"))
        found.append(pl.DataFrame(warehouse.read_arrow(links)).cast(schema))
    return pl.concat(found)


def _parts(warehouse: Warehouse, job: Job, links: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """`record_number` of whole components, some at a time."""
    numbers = pl.DataFrame(warehouse.read_arrow(exp.select(NUMBER).from_(RECORDS.table.expression())))[NUMBER].sort()
    above = exp.column("match_weight") > exp.Literal.number(repr(job.model.threshold))
    positive = pl.DataFrame(warehouse.read_arrow(exp.select(*_SIDES).from_(PAIRS.table.expression()).where(above)))
    joined = [positive, *(some.select(_SIDES) for some in (links, job.decided.must_link))]
    known = numbers.to_numpy()
    left, right = (np.concatenate([dense(some[side], known) for some in joined]) for side in _SIDES)
    del positive, joined
    component = closed(len(known), left, right)
    order = np.argsort(component, kind="stable")
    ends = np.flatnonzero(np.diff(component[order], append=-1)) + 1
    begin = 0
    while begin < len(order):
        fitting = ends[ends <= begin + _RECORDS_A_PART]
        end = int(fitting[-1]) if len(fitting) and fitting[-1] > begin else int(ends[ends > begin][0])
        yield pl.DataFrame({NUMBER: known[order[begin:end]]}).sort(NUMBER)
        begin = end
    if not len(order):
        yield pl.DataFrame(schema={NUMBER: pl.Int64})


def _part(warehouse: Warehouse, job: Job, among: Table, links: pl.DataFrame) -> Callable[[], Solution]:
    """How to solve the records `among` has: all that it takes has been read."""
    records = exp.select(*(exp.column(name, "r") for name in COLUMNS)).from_(RECORDS.table.expression().as_("r"))
    pairs = exp.select(*(exp.column(name, "p") for name in (*_SIDES, "match_weight")))
    pairs = pairs.from_(PAIRS.table.expression().as_("p"))
    for query_side in _SIDES:
        alias = f"in_{query_side}"
        pairs = pairs.join(among.expression().as_(alias), on=exp.column(NUMBER, alias).eq(exp.column(query_side, "p")))
    records = records.join(among.expression().as_("a"), on=exp.column(NUMBER, "a").eq(exp.column(NUMBER, "r")))
    rows = pl.DataFrame(warehouse.read_arrow(records))
    decided = Constraints(*(_within(some, rows) for some in (job.decided.must_link, job.decided.cannot_link)))
    weighed = pl.DataFrame(warehouse.read_arrow(pairs))
    return lambda: solve(rows, links, weighed, decided, job.config, job.model)


def _within(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    for side in _SIDES:
        pairs = pairs.join(records.select(pl.col(NUMBER).alias(side)), on=side, how="semi")
    return pairs


def _write(warehouse: Warehouse, job: Job, solution: Solution, mode: WriteMode) -> None:
    clusters = solution.clusters.with_columns(solved_with=pl.lit(job.version))
    named = clusters.select(column.name for column in CLUSTERS.columns)
    warehouse.write_arrow(CLUSTERS.table, named.to_arrow().cast(CLUSTERS.schema), mode)
    if job.with_edges:
        with work_table(warehouse, "edges", solution.edges) as edges:
            warehouse.write_select(EDGES.table, _with_keys(edges), mode)


def _with_keys(edges: Table) -> exp.Select:
    """The edges with their records' keys, as `contracts.EDGES`."""
    columns = []
    for column in EDGES.columns:
        name, _, side = column.name.rpartition("_")
        table = side if name in {"source", "record_id"} else "e"
        columns.append(exp.column(name if table != "e" else column.name, table).as_(column.name))
    query = exp.select(*columns).from_(edges.expression().as_("e"))
    for side in "lr":
        same = exp.column(NUMBER, side).eq(exp.column(f"number_{side}", "e"))
        query = query.join(RECORDS.table.expression().as_(side), on=same)
    return query


def _write_applied(warehouse: Warehouse, job: Job) -> None:
    rows = applied(job.decided).to_arrow().cast(APPLIED_DECISIONS.schema)
    warehouse.write_arrow(APPLIED_DECISIONS.table, rows)
