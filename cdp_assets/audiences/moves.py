"""What becomes of an audience's members when it is refreshed, as SELECTs over its table, whom its conditions found now,
and the ids that those who are gone were merged into."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from sqlglot import exp

from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.expressions import aliased, column, known, same, together
from cdp_assets.audiences.splits import Dealing, held_by_all
from cdp_assets.audiences.values import moment
from cdp_assets.identity.merges import merges
from cdp_assets.sql.functions import call
from cdp_assets.sql.render import template
from cdp_assets.tables import Table

_TEMPLATE = Path(__file__).with_name("successors.sql")


@dataclass(frozen=True)
class Moves:
    """One audience as of a moment: `found` selects its members' ids now, `successors` as `successors` has them.

    `percent` of all customers are held back from every audience.
    """

    definition: AudienceDefinition
    found: exp.Select
    successors: Table
    at: datetime
    percent: Decimal

    @property
    def table(self) -> Table:
        """The audience as it was, until it is written."""
        return Table("audiences", self.definition.name)

    @cached_property
    def dealing(self) -> Dealing | None:
        """How arms are dealt; None without splits."""
        splits = self.definition.splits
        return None if splits is None else Dealing(self.definition.name, splits)

    def gone(self) -> exp.Select:
        """`audience`, `customer_id`, `entered_at` of the former members whose id is not found now."""
        query = exp.select(self._name(), column("customer_id", "f"), column("entered_at", "f"))
        query = query.from_(aliased(self.table, "f"))
        query = query.join(aliased(self.found, "n"), on=same("customer_id", "n", "customer_id", "f"), join_type="left")
        return query.where(exp.not_(known("customer_id", "n")))

    def merged(self) -> exp.Select:
        """`former_id`, `entered_at`, `current_id` of the former members who were merged into one there is now."""
        keys = (column("former_id", "s"), column("entered_at", "s"))
        query = exp.select(*keys, exp.Min(this=column("successor_id", "s")).as_("current_id", quoted=True))
        query = query.from_(aliased(self.successors, "s"))
        query = query.join(aliased(self.found, "n"), on=same("customer_id", "n", "successor_id", "s"))
        mine = column("audience", "s").eq(exp.Literal.string(self.definition.name))
        return query.where(mine).group_by(*(key.copy() for key in keys))

    def newly_dealt(self) -> exp.Select | None:
        """The rows that `assignments` is to have more; None without splits."""
        if self.dealing is None:
            return None
        return self.dealing.newly_given(self.found, self.merged(), self.at, self.percent)

    def changes(self, sequence: int) -> exp.Select:
        """The rows that the log is to have more."""
        now = exp.Coalesce(this=column("current_id", "m"), expressions=[column("customer_id", "n")])
        split, was = self._split(now), column("split", "f")
        is_former, is_found, is_merged = known("customer_id", "f"), known("customer_id", "n"), known("former_id", "m")
        is_left = exp.and_(is_former, exp.not_(is_found), exp.not_(is_merged))
        is_new = exp.and_(exp.not_(is_former), exp.not_(known("current_id", "h")))
        is_reassigned = exp.and_(is_former, is_found, exp.NEQ(this=_said(was), expression=_said(split)))
        kinds = {"merged": is_merged, "exit": is_left, "reassigned": is_former}
        change = exp.case()
        for kind, condition in kinds.items():
            change = change.when(condition.copy(), exp.Literal.string(kind))
        values: dict[str, exp.Expr] = {
            "customer_id": exp.Coalesce(this=column("customer_id", "f"), expressions=[column("customer_id", "n")]),
            "at": moment(self.at),
            "change": change.else_(exp.Literal.string("enter")),
            "split": exp.case().when(is_left, was).else_(split),
            "definition_version": exp.Literal.string(self.definition.version),
            "merged_into": column("current_id", "m"),
            "sequence": exp.cast(exp.Literal.number(sequence), "bigint"),
        }
        query = self._before_and_now().select(
            self._name(), *(value.as_(name, quoted=True) for name, value in values.items())
        )
        return self._dealt(query, now).where(exp.or_(is_new, exp.not_(is_found), is_reassigned))

    def _before_and_now(self) -> exp.Select:
        """Former members `f` and those found now `n`, with whom the former were merged into `m` and the heirs `h`."""
        heirs = exp.select(column("current_id")).distinct().from_(aliased(self.merged(), "merged"))
        query = exp.Select().from_(aliased(self.table, "f"))
        query = query.join(aliased(self.found, "n"), on=same("customer_id", "n", "customer_id", "f"), join_type="full")
        query = query.join(aliased(self.merged(), "m"), on=same("former_id", "m", "customer_id", "f"), join_type="left")
        return query.join(aliased(heirs, "h"), on=same("current_id", "h", "customer_id", "n"), join_type="left")

    def members(self) -> exp.Select:
        """The audience as it is now; a member who absorbed others has been in since the first of them entered."""
        earliest = exp.Min(this=column("entered_at")).as_("entered_at", quoted=True)
        inherited = exp.select(column("current_id"), earliest).from_(aliased(self.merged(), "merged"))
        inherited = inherited.group_by(column("current_id"))
        since = call("cdp_least", column("entered_at", "f"), column("entered_at", "i"))
        now = column("customer_id", "n")
        query = exp.select(
            now,
            exp.Coalesce(this=since, expressions=[moment(self.at)]).as_("entered_at", quoted=True),
            self._split(now).as_("split", quoted=True),
        ).from_(aliased(self.found, "n"))
        query = query.join(aliased(self.table, "f"), on=same("customer_id", "f", "customer_id", "n"), join_type="left")
        query = query.join(aliased(inherited, "i"), on=same("current_id", "i", "customer_id", "n"), join_type="left")
        return self._dealt(query, now)

    def _split(self, customer_id: exp.Expr) -> exp.Expr:
        """The arm of a member there is now."""
        held = held_by_all(customer_id.copy(), self.percent)
        return held if self.dealing is None else exp.Coalesce(this=held, expressions=[column("arm", "g")])

    def _dealt(self, query: exp.Select, customer_id: exp.Expr) -> exp.Select:
        """The same with the arm that a member was given."""
        if self.dealing is None:
            return query
        theirs = exp.EQ(this=column("customer_id", "g"), expression=customer_id.copy())
        return query.join(aliased(self.dealing.given(), "g"), on=theirs, join_type="left")

    def _name(self) -> exp.Expr:
        return exp.cast(exp.Literal.string(self.definition.name), "text").as_("audience", quoted=True)


def successors(every: Sequence[Moves]) -> exp.Query:
    """`audience`, `former_id`, `entered_at`, `successor_id`: whom those who are gone were merged into, step by step."""
    query = template(_TEMPLATE)
    parts = {"gone": together([one.gone() for one in every]), "merges": merges()}
    for cte in query.find_all(exp.CTE):
        if cte.alias in parts:
            cte.set("this", parts[cte.alias])
    return query


def _said(split: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=split.copy(), expressions=[exp.Literal.string("")])
