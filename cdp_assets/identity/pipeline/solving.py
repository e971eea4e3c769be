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
    solution = _part(warehouse, job, exp.select(NUMBER).from_(among.expression()), links)()
    with warehouse.transaction():
        for table in (among, gone):
            delete_numbers(warehouse, CLUSTERS.table, table)
            delete_numbers(warehouse, EDGES.table, table, _SIDES)
        _write(warehouse, job, solution, WriteMode.APPEND)
        _write_applied(warehouse, job)


def solve_all(warehouse: Warehouse, job: Job) -> None:
    """Solve all components, as many at a time as fit; one part is read while another is solved."""
    links = _links(warehouse, job.config, None)
    parts = _parts(warehouse, job, links)
    mode = WriteMode.REPLACE
    with work_table(warehouse, "parts", parts) as table, warehouse.transaction():
        for solution in _in_order(_unsolved(warehouse, job, links, parts, table)):
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


def _unsolved(
    warehouse: Warehouse, job: Job, links: pl.DataFrame, parts: pl.DataFrame, table: Table
) -> Iterator[Callable[[], Solution]]:
    for part in parts["part"].unique(maintain_order=True).to_list() or [0]:  # nobody is a part too
        members, here = parts.filter(part=part), exp.column("part").eq(exp.Literal.number(part))
        inside = links.join(members, left_on="number_l", right_on=NUMBER, how="semi")
        yield _part(warehouse, job, exp.select(NUMBER).from_(table.expression()).where(here), inside)


def _links(warehouse: Warehouse, config: IdentityConfig, among: Table | None) -> pl.DataFrame:
    """Rule by rule: all at once they would take twice the memory."""
    schema = pl.Schema({**dict.fromkeys((*_SIDES, "rank"), pl.Int64()), "objection": pl.String()})
    found = [pl.DataFrame(schema=schema)]
    for rank, rule in enumerate(config.rules):
        links = exp.select(*schema.names()).from_(links_of_rule(rule, rank, among).subquery("links"))
        found.append(pl.DataFrame(warehouse.read_arrow(links)).cast(schema))
    return pl.concat(found)


def _parts(warehouse: Warehouse, job: Job, links: pl.DataFrame) -> pl.DataFrame:
    """`record_number`, `part` of all records, in the order of parts; the records of a component are in one part."""
    numbers = pl.DataFrame(warehouse.read_arrow(exp.select(NUMBER).from_(RECORDS.table.expression())))[NUMBER].sort()
    above = exp.column("match_weight") > exp.Literal.number(repr(job.model.threshold))
    positive = pl.DataFrame(warehouse.read_arrow(exp.select(*_SIDES).from_(PAIRS.table.expression()).where(above)))
    joined = [positive, *(some.select(_SIDES) for some in (links, job.decided.must_link))]
    known = numbers.to_numpy()
    left, right = (np.concatenate([dense(some[side], known) for some in joined]) for side in _SIDES)
    del positive, joined
    component = closed(len(known), left, right)
    order = np.argsort(component, kind="stable")
    begins = np.flatnonzero(np.diff(component[order], prepend=-1))
    lengths = np.diff(begins, append=len(order))
    part = np.repeat(begins // _RECORDS_A_PART, lengths)
    return pl.DataFrame({NUMBER: known[order], "part": part}, schema={NUMBER: pl.Int64, "part": pl.Int64})


def _part(warehouse: Warehouse, job: Job, among: exp.Select, links: pl.DataFrame) -> Callable[[], Solution]:
    """How to solve the records whose numbers `among` gives: all that it takes has been read."""
    records = exp.select(*(exp.column(name, "r") for name in COLUMNS)).from_(RECORDS.table.expression().as_("r"))
    pairs = exp.select(*(exp.column(name, "p") for name in (*_SIDES, "match_weight")))
    pairs = pairs.from_(PAIRS.table.expression().as_("p"))
    for side in _SIDES:
        alias = f"in_{side}"
        pairs = pairs.join(among.subquery(alias), on=exp.column(NUMBER, alias).eq(exp.column(side, "p")))
    records = records.join(among.subquery("a"), on=exp.column(NUMBER, "a").eq(exp.column(NUMBER, "r")))
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
        edges = _with_keys(solution).select(column.name for column in EDGES.columns)
        warehouse.write_arrow(EDGES.table, edges.to_arrow().cast(EDGES.schema), mode)


def _with_keys(solution: Solution) -> pl.DataFrame:
    edges = solution.edges
    for side in "lr":
        keys = solution.clusters.select(
            pl.col(NUMBER).alias(f"number_{side}"), pl.col("source", "record_id").name.suffix(f"_{side}")
        )
        edges = edges.join(keys, on=f"number_{side}", how="left", maintain_order="left")
    return edges


def _write_applied(warehouse: Warehouse, job: Job) -> None:
    rows = applied(job.decided).to_arrow().cast(APPLIED_DECISIONS.schema)
    warehouse.write_arrow(APPLIED_DECISIONS.table, rows)
