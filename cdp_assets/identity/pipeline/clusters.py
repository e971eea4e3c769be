"""Keeps `identity.clusters` and `identity.edges` up to date: the components that a change touches are solved again."""

import hashlib

import polars as pl
from sqlglot import exp

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import APPLIED_DECISIONS, CLUSTERS, DECISIONS, EDGES, PAIRS, RECORDS
from cdp_assets.identity.decisions import constraints
from cdp_assets.identity.evidence import Constraints
from cdp_assets.identity.pipeline.solving import Job, applied, solve_again, solve_all
from cdp_assets.identity.pipeline.worktables import NUMBER, numbers_in, work_table
from cdp_assets.identity.record_pairs import PAIR
from cdp_assets.identity.rule_sql import sharing_rule_key
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

_SIDES = ("number_l", "number_r")
_MOST_TOUCHED = 0.3
"""The share of records whose components are touched above which solving all of them is cheaper."""


def update_clusters(warehouse: Warehouse, config: IdentityConfig, model: MatchModel, *, with_edges: bool = True) -> int:
    """Solve the components that changed since the last time; returns how many records they have.

    Args:
        warehouse: holds the records and pairs.
        config: rules, vetoes and limits.
        model: the one that weighed the pairs.
        with_edges: whether `identity.edges` is kept up to date too, for people to look at.

    Raises:
        DataError: stewards' decisions contradict each other.
    """
    warehouse.ensure(CLUSTERS, EDGES, DECISIONS, APPLIED_DECISIONS)
    job = Job(config, model, _decided(warehouse), solved_with(config, model), with_edges)
    changed, gone = _changed(warehouse, job.version), _gone(warehouse)
    records = warehouse.row_count(RECORDS.table)
    if changed.height > _MOST_TOUCHED * records:
        solve_all(warehouse, job)
        return records
    seeds = pl.concat([changed, _moved_decisions(warehouse, job.decided)]).unique()
    if seeds.is_empty() and gone.is_empty():
        return 0
    with work_table(warehouse, "changed", seeds) as new, work_table(warehouse, "gone", gone) as old:
        touched = _touched(warehouse, config, model.threshold, new, old)
        with work_table(warehouse, "touched", touched) as among:
            solve_again(warehouse, job, among, old)
    return touched.height


def solved_with(config: IdentityConfig, model: MatchModel) -> str:
    """The version of everything global that decides about clusters."""
    content = config.model_dump_json(include={"rules", "vetoes", "limits"})
    return hashlib.sha256(f"{model.version} {content}".encode()).hexdigest()[:16]


def _changed(warehouse: Warehouse, version: str) -> pl.DataFrame:
    """`record_number` of the records that are new, have another hash, or were solved with another version."""
    same = exp.and_(
        exp.column(NUMBER, "c").eq(exp.column(NUMBER, "r")),
        exp.column("record_hash", "c").eq(exp.column("record_hash", "r")),
        exp.column("solved_with", "c").eq(exp.Literal.string(version)),
    )
    query = exp.select(exp.column(NUMBER, "r")).from_(RECORDS.table.expression().as_("r"))
    query = query.join(CLUSTERS.table.expression().as_("c"), on=same, join_type="left")
    return pl.DataFrame(warehouse.read_arrow(query.where(exp.column(NUMBER, "c").is_(exp.null()))))


def _gone(warehouse: Warehouse) -> pl.DataFrame:
    same = exp.column(NUMBER, "c").eq(exp.column(NUMBER, "r"))
    query = exp.select(exp.column(NUMBER, "c")).from_(CLUSTERS.table.expression().as_("c"))
    query = query.join(RECORDS.table.expression().as_("r"), on=same, join_type="left")
    return pl.DataFrame(warehouse.read_arrow(query.where(exp.column(NUMBER, "r").is_(exp.null()))))


def _decided(warehouse: Warehouse) -> Constraints:
    """What stewards decided of records that are there, by number."""
    decisions = pl.DataFrame(warehouse.read_arrow(exp.select("*").from_(DECISIONS.table.expression())))
    if decisions.is_empty():
        return Constraints.none()
    keys = exp.select("source", "record_id", NUMBER).from_(RECORDS.table.expression())
    records = pl.DataFrame(warehouse.read_arrow(keys))
    found = constraints(decisions, records.select("source", "record_id"))
    return Constraints(_by_number(found.must_link, records), _by_number(found.cannot_link, records))


def _by_number(pairs: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    for place in range(2):
        side = "lr"[place]
        named = records.rename({"source": f"source_{side}", "record_id": f"record_id_{side}", NUMBER: f"one_{side}"})
        pairs = pairs.join(named, on=PAIR[2 * place : 2 * place + 2])
    return pairs.select(number_l=pl.min_horizontal("one_l", "one_r"), number_r=pl.max_horizontal("one_l", "one_r"))


def _moved_decisions(warehouse: Warehouse, decided: Constraints) -> pl.DataFrame:
    """`record_number` of the records of which something else is decided than what they were solved with."""
    before = pl.DataFrame(warehouse.read_arrow(exp.select("*").from_(APPLIED_DECISIONS.table.expression())))
    now = applied(decided)
    order = ["number_l", "number_r", "decision"]
    moved = pl.concat([before.select(order).join(now, on=order, how="anti"), now.join(before, on=order, how="anti")])
    return pl.concat([moved.select(pl.col(side).alias(NUMBER)) for side in _SIDES]).unique()


def _touched(warehouse: Warehouse, config: IdentityConfig, threshold: float, new: Table, old: Table) -> pl.DataFrame:
    """`record_number` of the records of all components that a change touches, whole."""
    linked = [exp.select(NUMBER).from_(table.expression()) for table in (new, old)]
    linked.append(exp.select(NUMBER).from_(sharing_rule_key(config.rules, new).subquery("s")))
    above = exp.column("match_weight") > exp.Literal.number(repr(threshold))
    for side, other in (_SIDES, _SIDES[::-1]):
        ends = exp.select(exp.column(other).as_(NUMBER)).from_(PAIRS.table.expression())
        linked.append(ends.where(exp.column(side).isin(query=numbers_in(new)), above.copy()))
    seeds = pl.concat([pl.DataFrame(warehouse.read_arrow(query)) for query in linked]).unique()
    with work_table(warehouse, "seeds", seeds) as table:
        inside = exp.select("component").from_(CLUSTERS.table.expression())
        inside = inside.where(exp.column(NUMBER).isin(query=numbers_in(table)))
        members = (
            exp.select(NUMBER).from_(CLUSTERS.table.expression()).where(exp.column("component").isin(query=inside))
        )
        found = pl.DataFrame(warehouse.read_arrow(members))
        live = exp.select(NUMBER).from_(RECORDS.table.expression())
        fresh = pl.DataFrame(warehouse.read_arrow(live.where(exp.column(NUMBER).isin(query=numbers_in(table)))))
    return pl.concat([found, fresh]).unique().sort(NUMBER)
