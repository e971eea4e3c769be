"""Merged ids as SQL, for the stages that follow a customer to the id that holds its records now."""

from sqlglot import exp

from cdp_assets.identity.contracts import ID_HISTORY

LONGEST_CHAIN = 100
"""Merges followed one after another; an id is merged once, so only history gone wrong could have more."""


def merges() -> exp.Select:
    """`customer_id`, `other_customer_id`: each id that was merged, once, and the id it was merged into."""
    into = exp.Min(this=exp.column("other_customer_id")).as_("other_customer_id")
    return (
        exp.select("customer_id", into)
        .from_(ID_HISTORY.table.expression())
        .where(exp.column("event").eq(exp.Literal.string("merged")))
        .group_by("customer_id")
    )
