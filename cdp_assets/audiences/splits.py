"""Which arm a member is in: the one it was given before, else one by a hash of salt and customer id."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlglot import exp

from cdp_assets.audiences.contracts import ASSIGNMENTS
from cdp_assets.audiences.expressions import aliased, column, known, same
from cdp_assets.audiences.options import GLOBAL_HOLDOUT, Splits
from cdp_assets.audiences.values import moment
from cdp_assets.sql.functions import call

_DIGITS = 8
"""Hexadecimal digits of the hash that decide: shares are met to within one in four billion."""
_WHOLE = Decimal(100)


def by_hash(salt: str, customer_id: exp.Expr, shares: dict[str, Decimal]) -> exp.Expr:
    """The arm that a hash of salt and customer id falls into; null beyond the last if shares are less than 100."""
    if not any(shares.values()):
        return exp.cast(exp.null(), "text")
    salted = exp.DPipe(this=exp.Literal.string(f"{salt}:"), expression=customer_id)
    digits = exp.Left(this=call("cdp_sha256", salted), expression=exp.Literal.number(_DIGITS))
    arm, reached = exp.case(), Decimal(0)
    for name, share in shares.items():
        reached += share
        # Digits of one length in lower case are ordered as the numbers they stand for.
        below = exp.LT(this=digits.copy(), expression=exp.Literal.string(_threshold(reached)))
        arm = arm.when(below if reached < _WHOLE else exp.true(), exp.Literal.string(name))
    return arm


def held_by_all(customer_id: exp.Expr, percent: Decimal) -> exp.Expr:
    """`global_holdout` for the customers whom no audience sends anywhere, null for others."""
    return by_hash(GLOBAL_HOLDOUT, customer_id, {GLOBAL_HOLDOUT: percent})


@dataclass(frozen=True)
class Dealing:
    """The arms of one audience's members."""

    audience: str
    splits: Splits

    @property
    def salt(self) -> str:
        """What the hash is salted with."""
        return self.splits.salt or self.audience

    def given(self, also: tuple[str, ...] = ()) -> exp.Select:
        """`customer_id`, `arm` and `also`: the arm each customer was last given, of those there are now."""
        columns = [column(name) for name in ("customer_id", "arm", *also)]
        latest = exp.Order(expressions=[exp.Ordered(this=column("assigned_at"), desc=True), column("arm")])
        place = exp.Window(this=exp.RowNumber(), partition_by=[column("customer_id")], order=latest)
        here = {"audience": self.audience, "salt": self.salt}
        arms = column("arm").isin(*(exp.Literal.string(name) for name in self.splits.shares))
        ranked = (
            exp.select(*columns, place.as_("place", quoted=True))
            .from_(ASSIGNMENTS.table.expression())
            .where(*(column(name).eq(exp.Literal.string(value)) for name, value in here.items()), arms)
        )
        first = column("place").eq(exp.Literal.number(1))
        return exp.select(*(one.copy() for one in columns)).from_(aliased(ranked, "ranked")).where(first)

    def newly_given(self, found: exp.Select, merged: exp.Select, at: datetime, percent: Decimal) -> exp.Select:
        """The rows that `assignments` is to have more: members without an arm, but for those whom all hold back.

        One whom other members were merged into takes over the arm of the first of them, in order of ids, who had one.
        `found` selects the members, `merged` who was merged into which of them.
        """
        held = held_by_all(column("customer_id", "u"), percent)
        sent_somewhere = [exp.Is(this=held, expression=exp.null())] if percent else []
        arm = exp.Coalesce(
            this=column("arm", "i"), expressions=[by_hash(self.salt, column("customer_id", "u"), self.splits.shares)]
        )
        values: dict[str, exp.Expr] = {
            "audience": exp.cast(exp.Literal.string(self.audience), "text"),
            "customer_id": column("customer_id", "u"),
            "arm": arm,
            "salt": exp.cast(exp.Literal.string(self.salt), "text"),
            "assigned_at": moment(at),
            "inherited_from": column("former_id", "i"),
        }
        inherited = aliased(self._inherited(merged), "i")
        return (
            exp.select(*(value.as_(name, quoted=True) for name, value in values.items()))
            .from_(aliased(found, "u"))
            .join(aliased(self.given(), "g"), on=same("customer_id", "g", "customer_id", "u"), join_type="left")
            .join(inherited, on=same("current_id", "i", "customer_id", "u"), join_type="left")
            .where(exp.not_(known("customer_id", "g")), *sent_somewhere)
        )

    def _inherited(self, merged: exp.Select) -> exp.Select:
        """`current_id`, `former_id`, `arm`: the first merged id of each member that had an arm."""
        order = exp.Order(expressions=[exp.Ordered(this=column("former_id", "m"))])
        place = exp.Window(this=exp.RowNumber(), partition_by=[column("current_id", "m")], order=order)
        columns = (column("current_id", "m"), column("former_id", "m"), column("arm", "g"))
        ranked = (
            exp.select(*columns, place.as_("place", quoted=True))
            .from_(aliased(merged, "m"))
            .join(aliased(self.given(), "g"), on=same("customer_id", "g", "former_id", "m"))
        )
        first = column("place").eq(exp.Literal.number(1))
        names = ("current_id", "former_id", "arm")
        return exp.select(*(column(name) for name in names)).from_(aliased(ranked, "ranked")).where(first)


def _threshold(percent: Decimal) -> str:
    return f"{int(percent / _WHOLE * 16**_DIGITS):0{_DIGITS}x}"
