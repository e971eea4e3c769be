"""What is joined to customers, each with at most one row a customer: tables, and aggregates that share a scan.

Sources are known by what they select, so that conditions of one audience, and audiences made together, share them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from cdp_assets.tables import Table

KEY = "customer_id"
_FEW = 8
"""So many different conditions on a fact table are cheaper to test before grouping than to group by without."""


@dataclass
class Scan:
    """One pass over a table of facts: aggregates a customer, each over the rows of its own condition."""

    table: Table
    alias: str
    always: tuple[exp.Expr, ...]
    features: dict[str, "Feature"] = field(default_factory=dict)

    def feature(self, value: exp.Expr, condition: exp.Expr | None) -> str:
        """The name of an aggregate; of an equal one that is there already, that one's."""
        same = value.sql() + " OVER " + (condition.sql() if condition else "")
        return self.features.setdefault(same, Feature(f"f{len(self.features) + 1}", value, condition)).name

    def select(self, names: frozenset[str] | None = None) -> exp.Select:
        """`customer_id` and those features (or all), one row a customer with any such fact."""
        chosen = [feature for feature in self.features.values() if names is None or feature.name in names]
        key = exp.column(KEY, table=self.alias, quoted=True)
        query = exp.select(key, *(one.value.as_(one.name, quoted=True) for one in chosen))
        query = query.from_(exp.alias_(self.table.expression(), self.alias, table=True, quoted=True))
        conditions = {one.condition.sql(): one.condition for one in chosen if one.condition is not None}
        narrow = all(one.condition is not None for one in chosen) and len(conditions) <= _FEW
        either = [exp.or_(*conditions.values())] if narrow else []
        return query.where(*self.always, *either).group_by(key.copy())


@dataclass(frozen=True)
class Feature:
    """An aggregate over the rows of a condition, which `value` has in itself."""

    name: str
    value: exp.Expr
    condition: exp.Expr | None


@dataclass(frozen=True)
class Source:
    """Something joined to customers; `key` is its column with their id. `query` is a table, a SELECT, or a scan."""

    alias: str
    query: Table | exp.Select | Scan
    key: str = KEY

    def select(self, features: frozenset[str]) -> exp.Select:
        """What is selected, of a scan with those features; a table is not."""
        assert not isinstance(self.query, Table)
        return self.query.select(features) if isinstance(self.query, Scan) else self.query.copy()

    def joined(self, features: frozenset[str], materialised: exp.Table | None) -> exp.Join:
        """The join; a source that was `materialised` is read from there."""
        there = self.query.expression() if isinstance(self.query, Table) else materialised
        if there is not None:
            this: exp.Expr = exp.alias_(there.copy(), self.alias, table=True, quoted=True)
        else:
            this = self.select(features).subquery(exp.to_identifier(self.alias, quoted=True))
        same = exp.EQ(
            this=exp.column(self.key, table=self.alias, quoted=True),
            expression=exp.column(KEY, table="customers", quoted=True),
        )
        return exp.Join(this=this, side="LEFT", on=same)


@dataclass
class Sources:
    """The sources of audiences that are compiled together."""

    found: dict[str, Source] = field(default_factory=dict)

    def table(self, table: Table, alias: str, key: str = KEY) -> Source:
        """A table as it is."""
        return self.found.setdefault(str(table), Source(alias, table, key))

    def select(self, query: exp.Select, kind: str) -> Source:
        """A SELECT with the column `customer_id`; its alias begins with `kind`."""
        return self.found.setdefault(query.sql(), Source(self._alias(kind), query))

    def scan(self, table: Table, always: tuple[exp.Expr, ...]) -> tuple[Source, Scan]:
        """The one scan of a table of facts, whose rows `always` holds of."""
        name = f"scan of {table}"
        if name not in self.found:
            self.found[name] = Source(f"{table.name}_facts", Scan(table, table.name, always))
        scan = self.found[name].query
        assert isinstance(scan, Scan)
        return self.found[name], scan

    def _alias(self, kind: str) -> str:
        return f"{kind}_{sum(isinstance(one.query, exp.Select) for one in self.found.values()) + 1}"


Materialised = Mapping[str, exp.Table]
"""Tables and common table expressions that stand for sources, by alias."""
