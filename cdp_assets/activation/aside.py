"""Rows of the source that are not sent, told once, when they become so; and what is forgotten when unwanted."""

from sqlglot import exp

from cdp_assets.activation.contracts import REJECTED_ROWS, SET_ASIDE, SYNC_STATE
from cdp_assets.activation.plan import departed, suppressed, wanted_keys
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.base import Mode
from cdp_assets.tables import Contract
from cdp_assets.warehouses.base import WriteMode

_COLUMNS = ("sync", "row_key", "status", "reason", "copies")


def rows_by_status(sync: Sync) -> dict[str, int]:
    """Rows of the source by status: `valid`, `invalid`, `suppressed`."""
    copies = exp.cast(exp.Sum(this=exp.column("copies")), "BIGINT").as_("copies")
    query = exp.select("status", copies).from_(sync.work.inventory.expression()).group_by("status")
    found = {row["status"]: row["copies"] for row in sync.warehouse.read_arrow(query).to_pylist()}
    return {status: found.get(status, 0) for status in ("valid", "invalid", "suppressed")}


def leaving(sync: Sync) -> int:
    """Rows held that the source no longer asks for, but for those merged into one that stays.

    Of a mode that removes nobody who left, those who may not be sent any longer.
    """
    gone, keys = departed(sync).subquery("gone"), wanted_keys(sync).subquery("wanted")
    stays = exp.column("current_key").isin(query=exp.select("row_key").from_(keys))
    query = exp.select("state_key").from_(gone).where(stays.not_())
    if sync.definition.mode is not Mode.MIRROR:
        query = query.where(exp.column("current_key").isin(query=suppressed(sync)))
    return sync.count(query)


def has_news(sync: Sync) -> bool:
    """Whether there is something to write down besides operations: rows newly set aside, or wanted no longer."""
    return any(sync.count(query) for query in (newly_set_aside(sync), *_obsolete(sync).values()))


def forget_obsolete(sync: Sync) -> None:
    """Forget what is refused, set aside or taken away and is wanted no longer; the plan is a whole one."""
    for contract, query in _obsolete(sync).items():
        sync.delete_keys(contract, query)


def write_set_aside(sync: Sync) -> None:
    """Write the rows set aside at present over those that were."""
    sync.delete(SET_ASIDE)
    sync.warehouse.write_select(SET_ASIDE.table, _set_aside(sync), WriteMode.APPEND)


def newly_set_aside(sync: Sync) -> exp.Select:
    """Rows set aside now that were not so, in the same way, before; with the columns a run tells rows by."""
    same = exp.and_(*(exp.column(name, "now").eq(exp.column(name, "before")) for name in _COLUMNS))
    return (
        exp.select(
            exp.cast(exp.null(), "TEXT").as_("batch"),
            exp.column("row_key", "now"),
            exp.cast(exp.null(), "TEXT").as_("operation"),
            exp.column("status", "now"),
            exp.column("reason", "now"),
            exp.cast(exp.null(), "TEXT").as_("basis"),
        )
        .from_(_set_aside(sync).subquery("now"))
        .join(SET_ASIDE.table.expression().as_("before"), on=same, join_type="left")
        .where(exp.column("row_key", "before").is_(exp.null()))
    )


def _set_aside(sync: Sync) -> exp.Select:
    name = exp.Literal.string(sync.name).as_("sync")
    query = exp.select(name, *_COLUMNS[1:]).from_(sync.work.inventory.expression())
    return query.where(exp.column("status").neq(exp.Literal.string("valid")))


def _obsolete(sync: Sync) -> dict[Contract, exp.Select]:
    """Keys to forget: no longer set aside, refused but no longer wanted, removed before and now out of the list."""
    work = sync.work
    unplanned = exp.column("row_key").isin(query=exp.select("row_key").from_(work.plan.expression())).not_()
    valid = exp.column("status").eq(exp.Literal.string("valid"))
    aside = exp.select("row_key").from_(work.inventory.expression()).where(valid.not_())
    refused = exp.select("row_key").from_(REJECTED_ROWS.table.expression()).where(sync.mine(), unplanned)
    stays = exp.column("row_key").isin(query=aside)
    before = exp.select("row_key").from_(SET_ASIDE.table.expression()).where(sync.mine(), stays.not_())
    found = {REJECTED_ROWS: refused, SET_ASIDE: before}
    if sync.definition.mode is Mode.REMOVE:
        gone = departed(sync).subquery("gone")
        found[SYNC_STATE] = exp.select(exp.column("state_key").as_("row_key")).from_(gone)
    return found
