"""Reads columns of rows under an alias, and compiles filters on them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlglot import exp

from cdp_assets.audiences.catalogue import Catalogue, Column
from cdp_assets.audiences.comparison import compile_comparison
from cdp_assets.audiences.declared import Kind
from cdp_assets.audiences.operators import Filter
from cdp_assets.errors import ConfigurationError
from cdp_assets.sql.functions import call
from cdp_assets.tables import Table


@dataclass(frozen=True)
class Reading:
    """What all conditions of an audience share: the catalogue, the moment, and the columns read so far."""

    catalogue: Catalogue
    as_of: datetime
    columns: set[str] = field(default_factory=set)

    def operand(self, column: Column, alias: str) -> exp.Expr:
        """How a column is read from rows under an alias."""
        self.columns.add(column.read)
        plain = exp.column(column.name, table=alias, quoted=True)
        return call("cdp_json_text", plain, column.path) if column.path else plain

    def plain(self, table: Table, name: str, alias: str) -> exp.Expr:
        """A column that is there by contract."""
        self.columns.add(f"{table}.{name}")
        return exp.column(name, table=alias, quoted=True)

    def number(self, table: Table, name: str, alias: str, path: str) -> exp.Expr:
        """A column of numbers, or a number in JSON.

        Raises:
            ConfigurationError: it holds something else.
        """
        column = self.catalogue.column(table, name, path)
        if column.kind is Kind.JSON and column.path:
            return call("cdp_number", self.operand(column, alias))
        if column.kind is not Kind.NUMBER:
            raise ConfigurationError(f"{path}: {column} holds {column.kind} values; it must hold numbers.")
        return self.operand(column, alias)

    def value(self, table: Table, name: str, alias: str, path: str) -> exp.Expr:
        """A column of any kind."""
        return self.operand(self.catalogue.column(table, name, path), alias)

    def filters(self, filters: Sequence[Filter], table: Table, alias: str, path: str) -> list[exp.Expr]:
        """The predicates of filters, all of which must hold."""
        return [self.filter(one, table, alias, f"{path}.{number}") for number, one in enumerate(filters)]

    def filter(self, node: Filter, table: Table, alias: str, path: str) -> exp.Expr:
        """The predicate of one filter and all below it."""
        if node.all is not None:
            return exp.and_(*self.filters(node.all, table, alias, f"{path}.all"))
        if node.any is not None:
            return exp.or_(*self.filters(node.any, table, alias, f"{path}.any"))
        if node.not_ is not None:
            return exp.not_(self.filter(node.not_, table, alias, f"{path}.not"))
        assert node.field is not None
        column = self.catalogue.column(table, node.field, f"{path}.field")
        return compile_comparison(node, column, self.operand(column, alias), self.as_of, path)
