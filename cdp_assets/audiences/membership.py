"""Brings an audience's table and the membership log up to date, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.audiences.contracts import MEMBERSHIP_LOG, audience_contract
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.values import moment
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.merges import merges
from cdp_assets.sql.render import template
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse, WriteMode

_TEMPLATE = Path(__file__).with_name("transitions.sql")


@dataclass(frozen=True)
class AudienceChange:
    """What a refresh did: members there are now, changes logged, and the SQL that decides membership."""

    members: int
    entered: int
    exited: int
    merged: int
    definition_version: str
    sql: str


def refresh_audience(
    warehouse: Warehouse, definition: AudienceDefinition, as_of: datetime, catalogue: Catalogue | None = None
) -> AudienceChange:
    """Write `audiences.<name>` as of a moment, and log who entered, left, or was merged into another member.

    Running twice changes nothing more. Without `catalogue` the warehouse's own columns are used.

    Raises:
        ConfigurationError: the definition names something the warehouse does not have.
    """
    members = compile_audience(definition, catalogue or Catalogue.of(warehouse), as_of).query
    table = audience_contract(definition).table
    with warehouse.transaction():
        warehouse.ensure(audience_contract(definition), MEMBERSHIP_LOG)
        transitions = transitions_query(table, members, has_history=warehouse.exists(ID_HISTORY.table))
        before = _logged(warehouse, definition.name)
        warehouse.write_select(MEMBERSHIP_LOG.table, _log_query(transitions, definition, as_of), WriteMode.APPEND)
        after = _logged(warehouse, definition.name)
        count = warehouse.write_select(table, _table_query(transitions, as_of))
    entered, exited, merged = (after.get(change, 0) - before.get(change, 0) for change in ("enter", "exit", "merged"))
    return AudienceChange(count, entered, exited, merged, definition.version, warehouse.render(members))


def transitions_query(table: Table, members: exp.Select, has_history: bool) -> exp.Query:
    """Pairs of `former_id` (with its `entered_at`, `is_merged`) and `current_id`, null for nobody."""
    query = template(_TEMPLATE)
    parameters = {
        "former": exp.select("customer_id", "entered_at").from_(table.expression()),
        "current_members": members,
    }
    if has_history:
        parameters["merges"] = merges()
    for cte in query.find_all(exp.CTE):
        if cte.alias in parameters:
            cte.set("this", parameters[cte.alias].copy())
    return query


def _table_query(transitions: exp.Query, as_of: datetime) -> exp.Query:
    """The audience as it is now; a member who absorbed others has been in it since the first of them entered."""
    entered = exp.Coalesce(this=exp.Min(this=_column("entered_at")), expressions=[moment(as_of)])
    return (
        exp.select(
            _column("current_id").as_("customer_id", quoted=True), entered.as_("entered_at", quoted=True), _split()
        )
        .from_(transitions.copy().subquery("transitions"))
        .where(_known("current_id"))
        .group_by(_column("current_id"))
    )


def _log_query(transitions: exp.Query, definition: AudienceDefinition, as_of: datetime) -> exp.Query:
    """The rows a refresh adds to the log."""
    change = (
        exp.case()
        .when(_column("is_merged"), exp.Literal.string("merged"))
        .when(_known("former_id"), exp.Literal.string("exit"))
        .else_(exp.Literal.string("enter"))
    )
    who = exp.Coalesce(this=_column("former_id"), expressions=[_column("current_id")])
    columns = {
        "audience": exp.cast(exp.Literal.string(definition.name), "text"),
        "customer_id": who,
        "at": moment(as_of),
        "change": change,
    }
    stayed = exp.and_(_known("former_id"), _known("current_id"), exp.not_(_column("is_merged")))
    return (
        exp.select(
            *(value.as_(name, quoted=True) for name, value in columns.items()),
            _split(),
            exp.cast(exp.Literal.string(definition.version), "text").as_("definition_version", quoted=True),
        )
        .from_(transitions.copy().subquery("transitions"))
        .where(exp.not_(stayed))
    )


def _logged(warehouse: Warehouse, audience: str) -> dict[str, int]:
    """How many changes of each kind an audience has in the log."""
    query = (
        exp.select(_column("change"), exp.Count(this=exp.Star()).as_("rows", quoted=True))
        .from_(MEMBERSHIP_LOG.table.expression())
        .where(_column("audience").eq(audience))
        .group_by(_column("change"))
    )
    return {row["change"]: row["rows"] for row in warehouse.read_arrow(query).to_pylist()}


def _split() -> exp.Expr:
    return exp.cast(exp.null(), "text").as_("split", quoted=True)


def _known(name: str) -> exp.Expr:
    return exp.not_(exp.Is(this=_column(name), expression=exp.null()))


def _column(name: str) -> exp.Column:
    return exp.column(name, quoted=True)
