"""Who was in an audience at any moment, out of the log of changes."""

from datetime import datetime

from sqlglot import exp

from cdp_assets.audiences.contracts import MEMBERSHIP_LOG
from cdp_assets.audiences.expressions import aliased, column, known, same
from cdp_assets.audiences.sources import KEY
from cdp_assets.audiences.values import moment
from cdp_assets.warehouses.base import Warehouse


def has_history(warehouse: Warehouse, audience: str) -> bool:
    """Whether an audience of this name ever had a member; it may have been deleted since."""
    if not warehouse.exists(MEMBERSHIP_LOG.table):
        return False
    theirs = exp.select(exp.Literal.number(1).as_("one", quoted=True)).from_(MEMBERSHIP_LOG.table.expression())
    one = theirs.where(column("audience").eq(exp.Literal.string(audience))).limit(1)
    return bool(warehouse.read_arrow(one).num_rows)


def members_at(audience: str, at: datetime) -> exp.Select:
    """`customer_id`, `since`, `split`, `definition_version` of the members an audience had at a moment.

    `since` is when they entered, or took over from an id that was merged into theirs; since then their arm may have
    changed. The ids are those of that time.
    """
    moved, last = aliased(_latest(audience, at, is_moved=True), "m"), aliased(_latest(audience, at), "l")
    since = column("at", "m").as_("since", quoted=True)
    query = exp.select(column(KEY, "m"), since, column("split", "l"), column("definition_version", "m"))
    query = query.from_(moved).join(last, on=same(KEY, "l", KEY, "m"))
    return query.where(column("is_in", "m").eq(exp.Literal.number(1))).order_by(column(KEY, "m"))


def _latest(audience: str, at: datetime, is_moved: bool = False) -> exp.Select:
    """The latest that was logged of each customer; with `is_moved`, of what made them a member or ended it."""
    told = exp.union(_changes(audience, at, KEY), _changes(audience, at, "merged_into"), distinct=False)
    # By the order of runs, which need not be that of the moments they speak of.
    order = [exp.Ordered(this=column(name), desc=True) for name in ("sequence", "is_in")]
    place = exp.Window(this=exp.RowNumber(), partition_by=[column(KEY)], order=exp.Order(expressions=order))
    columns = [column(name) for name in (KEY, "at", "split", "definition_version", "is_in")]
    ranked = exp.select(*columns, place.as_("place", quoted=True)).from_(told.subquery("told"))
    if is_moved:
        ranked = ranked.where(column("change").neq(exp.Literal.string("reassigned")))
    first = column("place").eq(exp.Literal.number(1))
    return exp.select(*(one.copy() for one in columns)).from_(aliased(ranked, "ranked")).where(first)


def _changes(audience: str, at: datetime, who: str) -> exp.Select:
    """What happened to customers, and whether they were members after it: by entering, or by a merge into them."""
    stays = column("change").isin(exp.Literal.string("enter"), exp.Literal.string("reassigned"))
    one, zero = exp.Literal.number(1), exp.Literal.number(0)
    is_in = exp.case().when(stays, one).else_(zero) if who == KEY else one
    names = ("at", "sequence", "split", "definition_version", "change")
    query = exp.select(column(who).as_(KEY, quoted=True), *map(column, names), is_in.as_("is_in", quoted=True))
    return query.from_(MEMBERSHIP_LOG.table.expression()).where(
        column("audience").eq(exp.Literal.string(audience)), column("at") <= moment(at), known(who)
    )
