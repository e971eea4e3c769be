"""Compiles an audience to one SELECT of customer ids, as sqlglot expressions fit for any dialect.

Customers are read once; scores, other audiences, and one aggregate a `transaction` or `event` condition are joined
to them, each with at most one row a customer. A missing value makes a comparison neither true nor false, and neither
is its negation: only `is_not_set` asks for missing values. The moment the audience speaks of is a literal.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from cdp_assets.audiences.catalogue import CUSTOMERS, FACTS, SCORES, Catalogue, Column
from cdp_assets.audiences.comparison import compile_comparison
from cdp_assets.audiences.definition import AudienceDefinition, Condition, Facts, Limit, OtherAudience
from cdp_assets.audiences.facts import aggregate_query, within_bounds
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Table

_ALIASES = {CUSTOMERS: "customers", SCORES: "scores"}
KEY = "customer_id"


@dataclass(frozen=True)
class Compiled:
    """The SELECT of `customer_id`, and the columns (`stage.table.column`) it reads."""

    query: exp.Select
    columns: frozenset[str]


def compile_audience(definition: AudienceDefinition, catalogue: Catalogue, as_of: datetime) -> Compiled:
    """The members of an audience at `as_of`, which must be aware.

    Raises:
        ConfigurationError: a field, operator, value or audience is not known; the message names its path.
    """
    if as_of.tzinfo is None:
        raise ConfigurationError(f"as_of is {as_of.isoformat()}; it needs a time zone, such as +00:00.")
    compiler = _Compiler(definition.name, catalogue, as_of)
    predicate = compiler.condition(definition.condition, "condition")
    others = [OtherAudience.model_validate({"not_in": name}) for name in definition.exclude]
    excluded = [compiler.audience(other, f"exclude.{n}") for n, other in enumerate(others)]
    query = exp.select(_column("customers", KEY)).from_(_aliased(CUSTOMERS, "customers"))
    ordering = compiler.ordering(definition.limit) if definition.limit else []
    for join in compiler.joins.values():
        query = query.join(join, copy=False)
    query = query.where(exp.and_(predicate, *excluded), copy=False)
    if definition.limit:
        query = query.order_by(*ordering, copy=False).limit(definition.limit.top, copy=False)
    return Compiled(query, frozenset(compiler.columns))


@dataclass
class _Compiler:
    """What compiling one audience gathers: the joins its conditions need, the columns they read."""

    name: str
    catalogue: Catalogue
    as_of: datetime
    joins: dict[str, exp.Join] = field(default_factory=dict)
    columns: set[str] = field(default_factory=lambda: {f"{CUSTOMERS}.{KEY}"})

    def condition(self, node: Condition, path: str) -> exp.Expr:
        """The predicate of a node and all below it."""
        if node.all is not None:
            return exp.and_(*(self.condition(child, f"{path}.all.{n}") for n, child in enumerate(node.all)))
        if node.any is not None:
            return exp.or_(*(self.condition(child, f"{path}.any.{n}") for n, child in enumerate(node.any)))
        if node.not_ is not None:
            return exp.not_(self.condition(node.not_, f"{path}.not"))
        if node.property is not None:
            here = f"{path}.property"
            column, operand = self.profile(node.property.field, f"{here}.field")
            return compile_comparison(node.property, column, operand, self.as_of, here)
        if node.audience is not None:
            return self.audience(node.audience, f"{path}.audience")
        kind = "event" if node.event is not None else "transaction"
        facts = node.event or node.transaction
        assert facts is not None
        return self.facts(facts, FACTS[kind], f"{path}.{kind}")

    def profile(self, name: str, path: str) -> tuple[Column, exp.Expr]:
        """A column of a customer or score, and how to read it."""
        column = self.catalogue.profile_column(name, path)
        self.columns.add(str(column))
        if column.table == SCORES:
            self._join("scores", _aliased(SCORES, "scores"), SCORES)
        return column, _column(_ALIASES[column.table], column.name)

    def audience(self, other: OtherAudience, path: str) -> exp.Expr:
        """Whether a customer is in another audience, or is not; never unknown."""
        if other.name == self.name:
            raise ConfigurationError(f"{path}: {other.name!r} is this audience itself; name another one.")
        table = self.catalogue.audience(other.name, path)
        alias = f"audience_{other.name}"
        self._join(alias, _aliased(table, alias), table)
        absent = exp.Is(this=_column(alias, KEY), expression=exp.null())
        return absent if other.not_in else exp.not_(absent)

    def facts(self, facts: Facts, table: Table, path: str) -> exp.Expr:
        """Whether an aggregate of a customer's facts is within its bounds."""
        query, columns = aggregate_query(facts, table, self.catalogue, self.as_of, path)
        self.columns.update(map(str, columns))
        alias = f"{table.name}_{len(self.joins) + 1}"
        self._join(alias, query.subquery(exp.to_identifier(alias, quoted=True)), table)
        return within_bounds(facts, _column(alias, "value"))

    def ordering(self, limit: Limit) -> list[exp.Expr]:
        """The order that a limit cuts: customers without a value last, ties by customer id."""
        _, operand = self.profile(limit.field, "limit.field")
        missing = exp.Is(this=operand.copy(), expression=exp.null())
        last = exp.case().when(missing, exp.Literal.number(1)).else_(exp.Literal.number(0))
        by_value = exp.Ordered(this=operand, desc=limit.order == "highest", nulls_first=False)
        return [last, by_value, _column("customers", KEY)]

    def _join(self, alias: str, source: exp.Expr, table: Table) -> None:
        """Join a source, once, that has at most one row a customer."""
        same = exp.EQ(this=_column(alias, KEY), expression=_column("customers", KEY))
        self.joins.setdefault(alias, exp.Join(this=source, side="LEFT", on=same))
        self.columns.add(f"{table}.{KEY}")


def _column(table: str, name: str) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def _aliased(table: Table, alias: str) -> exp.Expr:
    return exp.alias_(table.expression(), alias, table=True, quoted=True)
