"""Compiles an audience to one SELECT of customer ids, as sqlglot expressions fit for any dialect.

Customers are read once; all else is joined to them with at most one row a customer. A missing value makes a comparison
neither true nor false, and neither is its negation: only `is_not_set` and `or_not_set` ask for missing values. The
moment the audience speaks of is a literal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlglot import exp

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.comparison import compile_comparison
from cdp_assets.audiences.declared import CONSENTS, CUSTOMERS
from cdp_assets.audiences.definition import AudienceDefinition, Condition
from cdp_assets.audiences.facts import Did, compile_facts, compile_sequence
from cdp_assets.audiences.leaves import OtherAudience
from cdp_assets.audiences.options import Limit
from cdp_assets.audiences.reading import Reading
from cdp_assets.audiences.related import compile_related
from cdp_assets.audiences.sources import KEY, Materialised, Source, Sources
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Table


@dataclass(frozen=True)
class Step:
    """A condition that all members meet, and the path it is written at."""

    path: str
    predicate: exp.Expr


@dataclass(frozen=True)
class Compiled:
    """An audience as SQL: what is joined to customers, the conditions all of which hold, and the columns read.

    `columns` are `stage.table.column`.
    """

    sources: tuple[Source, ...]
    features: Mapping[str, frozenset[str]]
    steps: tuple[Step, ...]
    limit: Limit | None
    order: tuple[exp.Expr, ...]
    per: exp.Expr | None
    columns: frozenset[str]

    @property
    def query(self) -> exp.Select:
        """The SELECT of `customer_id`."""
        return self.reading_from({})

    def reading_from(self, materialised: Materialised, **also: exp.Expr) -> exp.Select:
        """The SELECT of `customer_id` where some sources were written to tables before; `also` of what is joined."""
        query = self.joined(materialised).select(_customer(KEY))
        query = query.select(*(value.as_(name, quoted=True) for name, value in also.items()))
        query = query.where(*(step.predicate.copy() for step in self.steps))
        if self.limit is None:
            return query
        if self.per is None:
            return query.order_by(*(part.copy() for part in self.order)).limit(self.limit.top)
        order = exp.Order(expressions=[part.copy() for part in self.order])
        place = exp.Window(this=exp.RowNumber(), partition_by=[self.per.copy()], order=order)
        ranked = query.select(place.as_("place", quoted=True)).subquery(exp.to_identifier("ranked", quoted=True))
        top = exp.LTE(this=exp.column("place", quoted=True), expression=exp.Literal.number(self.limit.top))
        return exp.select(*(exp.column(name, quoted=True) for name in (KEY, *also))).from_(ranked).where(top)

    def joined(self, materialised: Materialised) -> exp.Select:
        """Customers with all that is joined to them, nothing selected yet."""
        return joined(self.sources, self.features, materialised)


def joined(sources: Iterable[Source], features: Mapping[str, frozenset[str]], materialised: Materialised) -> exp.Select:
    """Customers with sources joined to them, of each the features that are asked for; nothing selected yet."""
    query = exp.Select().from_(exp.alias_(CUSTOMERS.expression(), "customers", table=True, quoted=True))
    for source in sources:
        query = query.join(source.joined(features.get(source.alias, frozenset()), materialised.get(source.alias)))
    return query


def compile_audience(
    definition: AudienceDefinition, catalogue: Catalogue, as_of: datetime, sources: Sources | None = None
) -> Compiled:
    """The members of an audience at `as_of`, which must be aware; audiences compiled with one `sources` share them.

    Raises:
        ConfigurationError: a field, operator, value, relation or audience is not known; the message names its path.
    """
    if as_of.tzinfo is None:
        raise ConfigurationError(f"as_of is {as_of.isoformat()}; it needs a time zone, such as +00:00.")
    reading = Reading(catalogue, as_of.astimezone(UTC))
    compiler = _Compiler(definition.name, reading, Sources() if sources is None else sources)
    compiler.reading.plain(CUSTOMERS, KEY, "customers")
    steps = [*compiler.steps(definition.condition), *compiler.left_out(definition)]
    limit = definition.limit
    order = compiler.order(limit) if limit is not None else ()
    per = compiler.profile(limit.per, "limit.per") if limit is not None and limit.per is not None else None
    return Compiled(
        tuple(compiler.used.values()),
        {alias: frozenset(names) for alias, names in compiler.features.items()},
        tuple(steps),
        limit,
        order,
        per,
        frozenset(compiler.reading.columns),
    )


@dataclass
class _Compiler:
    """Compiles the tree of one audience, and gathers what its conditions read."""

    name: str
    reading: Reading
    sources: Sources
    used: dict[str, Source] = field(default_factory=dict)
    features: dict[str, set[str]] = field(default_factory=dict)

    def steps(self, tree: Condition) -> list[Step]:
        """The conditions of a tree that all hold, each on its own."""
        if tree.all is None:
            return [Step("condition", self.condition(tree, "condition"))]
        paths = [(f"condition.all.{number}", child) for number, child in enumerate(tree.all)]
        return [Step(path, self.condition(child, path)) for path, child in paths]

    def left_out(self, definition: AudienceDefinition) -> list[Step]:
        """Who is left out though the conditions hold: members of other audiences, those without a consent."""
        named = [(f"exclude.{number}", name) for number, name in enumerate(definition.exclude)]
        named += [("priority", name) for name in self.reading.catalogue.higher(definition.priority)]
        found = [
            Step(path, self.audience(OtherAudience.model_validate({"not_in": name}), path)) for path, name in named
        ]
        purposes = definition.suppress.without_consent if definition.suppress else ()
        return found + [
            Step(f"suppress.without_consent.{number}", self.consents_to(purpose))
            for number, purpose in enumerate(purposes)
        ]

    def condition(self, node: Condition, path: str) -> exp.Expr:
        """The predicate of a node and all below it."""
        if node.all is not None:
            return exp.and_(*self._children(node.all, f"{path}.all"))
        if node.any is not None:
            return exp.or_(*self._children(node.any, f"{path}.any"))
        if node.not_ is not None:
            return exp.not_(self.condition(node.not_, f"{path}.not"))
        return self.leaf(node, path)

    def leaf(self, node: Condition, path: str) -> exp.Expr:
        """The predicate of a condition that has none below it."""
        if node.property is not None:
            here = f"{path}.property"
            column = self.reading.catalogue.profile_column(node.property.field, f"{here}.field")
            operand = self.profile(node.property.field, f"{here}.field")
            return compile_comparison(node.property, column, operand, self.reading.as_of, here)
        if node.audience is not None:
            return self.audience(node.audience, f"{path}.audience")
        if node.related is not None:
            return self._did(compile_related(node.related, self.reading, self.sources, f"{path}.related"))
        if node.sequence is not None:
            return self._did(compile_sequence(node.sequence, self.reading, self.sources, f"{path}.sequence"))
        kind, facts = ("event", node.event) if node.event is not None else ("transaction", node.transaction)
        assert facts is not None
        return self._did(compile_facts(facts, self.reading, self.sources, f"{path}.{kind}"))

    def profile(self, name: str, path: str) -> exp.Expr:
        """How a property of a customer is read."""
        column = self.reading.catalogue.profile_column(name, path)
        if column.table == CUSTOMERS:
            return self.reading.operand(column, "customers")
        table, key = column.table, self.reading.catalogue.profiles[column.table]
        source = self._use(self.sources.table(table, f"{table.schema}__{table.name}", key), table)
        return self.reading.operand(column, source.alias)

    def audience(self, other: OtherAudience, path: str) -> exp.Expr:
        """Whether a customer is in another audience, or is not; never unknown."""
        if other.name == self.name:
            raise ConfigurationError(f"{path}: {other.name!r} is this audience itself; name another one.")
        table = self.reading.catalogue.audience(other.name, path)
        source = self._use(self.sources.table(table, f"audience_{other.name}"), table)
        absent = exp.Is(this=exp.column(KEY, table=source.alias, quoted=True), expression=exp.null())
        return absent if other.not_in else exp.not_(absent)

    def consents_to(self, purpose: str) -> exp.Expr:
        """Whether a customer has granted a purpose; never unknown."""
        said = {"purpose": purpose, "state": "granted"}
        granted = [
            exp.EQ(this=self.reading.plain(CONSENTS, name, "consents"), expression=exp.Literal.string(value))
            for name, value in said.items()
        ]
        table = exp.alias_(CONSENTS.expression(), "consents", table=True, quoted=True)
        query = exp.select(self.reading.plain(CONSENTS, KEY, "consents")).from_(table).where(*granted)
        source = self._use(self.sources.select(query, "consent"))
        return exp.not_(exp.Is(this=exp.column(KEY, table=source.alias, quoted=True), expression=exp.null()))

    def order(self, limit: Limit) -> tuple[exp.Expr, ...]:
        """The order that a limit cuts: customers without a value last, ties by customer id."""
        operand = self.profile(limit.field, "limit.field")
        missing = exp.Is(this=operand.copy(), expression=exp.null())
        last = exp.case().when(missing, exp.Literal.number(1)).else_(exp.Literal.number(0))
        by_value = exp.Ordered(this=operand, desc=limit.order == "highest", nulls_first=False)
        return last, by_value, _customer(KEY)

    def _children(self, nodes: Sequence[Condition], path: str) -> list[exp.Expr]:
        return [self.condition(child, f"{path}.{number}") for number, child in enumerate(nodes)]

    def _did(self, did: Did) -> exp.Expr:
        self._use(did.source)
        self.features.setdefault(did.source.alias, set()).update(did.features)
        return did.predicate

    def _use(self, source: Source, table: Table | None = None) -> Source:
        if table is not None:
            self.reading.columns.add(f"{table}.{source.key}")
        return self.used.setdefault(source.alias, source)


def _customer(name: str) -> exp.Column:
    return exp.column(name, table="customers", quoted=True)
