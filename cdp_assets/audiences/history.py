"""Who was in an audience at any moment, out of the log of changes."""

from datetime import datetime

from sqlglot import exp

from cdp_assets.audiences.contracts import MEMBERSHIP_LOG
from cdp_assets.audiences.values import moment


def members_at(audience: str, at: datetime) -> exp.Select:
    """`customer_id`, `since`, `split`, `definition_version` of the members an audience had at a moment.

    `since` is when they entered, or took over from an id that was merged into theirs. The ids are those of that time.
    """
    told = exp.union(_changes(audience, at, "customer_id"), _changes(audience, at, "merged_into"), distinct=False)
    latest = [exp.Ordered(this=exp.column(name), desc=True) for name in ("at", "sequence", "is_in")]
    partition = [exp.column("customer_id")]
    place = exp.Window(this=exp.RowNumber(), partition_by=partition, order=exp.Order(expressions=latest))
    columns = ("customer_id", "at", "split", "definition_version", "is_in")
    ranked = exp.select(*columns, place.as_("place")).from_(told.subquery("told")).subquery("ranked")
    last = exp.column("place").eq(exp.Literal.number(1))
    inside = exp.column("is_in").eq(exp.Literal.number(1))
    query = exp.select("customer_id", exp.column("at").as_("since"), "split", "definition_version")
    return query.from_(ranked).where(last, inside).order_by("customer_id")


def _changes(audience: str, at: datetime, who: str) -> exp.Select:
    """What happened to customers, and whether they were members after it: by entering, or by a merge into them."""
    entered = exp.column("change").eq(exp.Literal.string("enter"))
    one, zero = exp.Literal.number(1), exp.Literal.number(0)
    is_in = exp.case().when(entered, one).else_(zero) if who == "customer_id" else one
    return (
        exp.select(
            exp.column(who).as_("customer_id"),
            *("at", "sequence", "split", "definition_version"),
            is_in.as_("is_in"),
        )
        .from_(MEMBERSHIP_LOG.table.expression())
        .where(
            exp.column("audience").eq(exp.Literal.string(audience)),
            exp.column("at") <= moment(at),
            exp.column(who).is_(exp.null()).not_(),
        )
    )
