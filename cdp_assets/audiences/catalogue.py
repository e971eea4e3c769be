"""Which tables and columns a condition may use, and what kind of values each column holds."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import pyarrow as pa
from sqlglot import exp

from cdp_assets.audiences.declared import COLUMNS, CUSTOMERS, RELATIONS, SCORES, Kind, Relation
from cdp_assets.audiences.options import Priority
from cdp_assets.audiences.registered import RegisteredTable
from cdp_assets.churn import contracts as churn
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse

KEY = "customer_id"
_NOT_IN_PATHS = "\"'\\{}*"


@dataclass(frozen=True)
class Column:
    """A column of the catalogue, or what is at `path` in a column of JSON."""

    table: Table
    name: str
    kind: Kind
    path: str = ""

    @property
    def read(self) -> str:
        """The column as lineage names it."""
        return f"{self.table}.{self.name}"

    def __str__(self) -> str:
        return f"{self.read}.{self.path}" if self.path else self.read


@dataclass(frozen=True)
class Catalogue:
    """Columns by table, what has one row a customer (by which key), relations, and the audiences there are.

    `audiences` has each with its place in a list of priorities; without it any name is accepted.
    """

    tables: Mapping[Table, Mapping[str, Kind]]
    profiles: Mapping[Table, str] = field(default_factory=lambda: {CUSTOMERS: KEY, SCORES: KEY})
    relations: Mapping[str, Relation] = field(default_factory=lambda: dict(RELATIONS))
    audiences: Mapping[str, Priority | None] | None = None

    @classmethod
    def declared(
        cls, registered: Iterable[RegisteredTable] = (), audiences: Mapping[str, Priority | None] | None = None
    ) -> "Catalogue":
        """What the platform's own contracts promise, and what a team registered; needs no warehouse.

        Raises:
            ConfigurationError: a relation of a registered table has the name of another, or a column that is not there.
        """
        tables: dict[Table, dict[str, Kind]] = {CUSTOMERS: {}, SCORES: _kinds(churn.SCORES)}
        for table, kinds in COLUMNS.items():
            tables[table] = {name: kind for kind, names in kinds.items() for name in names}
        found = cls(tables, audiences=audiences)
        for one in registered:
            found = found._with(one)
        return found

    def of(self, warehouse: Warehouse) -> "Catalogue":
        """The same with the columns the warehouse really has; of a table that is missing, the known ones."""
        schemas = {table.schema for table in self.tables}
        present = {
            str(table): {name: _kind(text, warehouse.dialect) for name, text in columns.items()}
            for table, columns in warehouse.catalogue(schemas).items()
        }
        tables = {table: _merged(known, present.get(str(table))) for table, known in self.tables.items()}
        return replace(self, tables=tables)

    def profile_column(self, name: str, path: str) -> Column:
        """A property, by `stage.table.column` or by its name alone: of customers, scores, registered tables, in order.

        Raises:
            ConfigurationError: there is none; the message names the path and what is allowed.
        """
        places = list(self.profiles)
        named = [table for table in places if name.startswith(f"{table}.")]
        if not named and name.count(".") > 1 and Table.parse(name.rpartition(".")[0]) in self.tables:
            raise ConfigurationError(f"{path}: {name!r} is not in a table of {', '.join(map(str, places))}.")
        for table in named or places:
            column = self._find(table, name.removeprefix(f"{table}."))
            if column is not None:
                return _with_a_path(column, path)
        raise self._unknown(name, named or places, path)

    def column(self, table: Table, name: str, path: str) -> Column:
        """A column of one table.

        Raises:
            ConfigurationError: there is none; the message names the path and what is allowed.
        """
        column = self._find(table, name.removeprefix(f"{table}."))
        if column is None:
            raise self._unknown(name, [table], path)
        return _with_a_path(column, path)

    def relation(self, name: str, source: Table, path: str) -> Relation:
        """A relation that starts at a table.

        Raises:
            ConfigurationError: there is none; the message names the path and what is allowed.
        """
        there = {known: relation for known, relation in self.relations.items() if relation.source == source}
        if name not in there:
            said = f"{path}: {name!r} is not a relation of {source}"
            raise ConfigurationError(f"{said}{_nearest(name, there)}; it has: {', '.join(sorted(there)) or 'none'}.")
        return there[name]

    def audience(self, name: str, path: str) -> Table:
        """The table of an audience.

        Raises:
            ConfigurationError: there is none; the message names the path and what is allowed.
        """
        if self.audiences is not None and name not in self.audiences:
            there = ", ".join(sorted(self.audiences)) or "none"
            near = _nearest(name, self.audiences)
            raise ConfigurationError(f"{path}: there is no audience {name!r}{near}; there are: {there}.")
        return Table("audiences", name)

    def higher(self, priority: Priority | None) -> list[str]:
        """The audiences that come before a place in its list, highest first."""
        if priority is None:
            return []
        others = ((name, other) for name, other in (self.audiences or {}).items() if other is not None)
        same = [(other.rank, name) for name, other in others if other.list == priority.list]
        return [name for rank, name in sorted(same) if rank < priority.rank]

    def _find(self, table: Table, name: str) -> Column | None:
        columns = self.tables[table]
        if name in columns:
            return Column(table, name, columns[name])
        first, _, rest = name.partition(".")
        if rest and columns.get(first) is Kind.JSON:
            return Column(table, first, Kind.JSON, rest)
        return None

    def _unknown(self, name: str, tables: Collection[Table], path: str) -> ConfigurationError:
        names = sorted({column for table in tables for column in self.tables[table]})
        places = ", ".join(map(str, tables))
        near = _nearest(name.rpartition(".")[2], names)
        return ConfigurationError(f"{path}: {name!r} is not a column of {places}{near}; there are: {', '.join(names)}.")

    def _with(self, one: RegisteredTable) -> "Catalogue":
        table = Table.parse(one.table)
        if table in self.tables:
            raise ConfigurationError(f"table {one.table!r} is known already; register another one, or take this away.")
        columns = {name: Kind(kind) for name, kind in one.columns.items()}
        keyed = {} if one.key is None else {one.key: Kind.TEXT}
        tables = {**self.tables, table: {**keyed, **columns}}
        relations = dict(self.relations)
        for relation in one.relations:
            source = Table.parse(relation.from_)
            if relation.name in relations:
                raise ConfigurationError(f"there are two relations {relation.name!r}; give one another name.")
            if source not in tables:
                there = ", ".join(map(str, tables))
                raise ConfigurationError(f"relation {relation.name!r} is from {source}; it must be one of: {there}.")
            for near, far in relation.on.items():
                _check_column(tables, source, near, relation.name)
                _check_column(tables, table, far, relation.name)
            relations[relation.name] = Relation(source, table, tuple(relation.on.items()))
        profiles = {**self.profiles, **({table: one.key} if one.key is not None else {})}
        return replace(self, tables=tables, relations=relations, profiles=profiles)


def _check_column(tables: Mapping[Table, Mapping[str, Kind]], table: Table, name: str, relation: str) -> None:
    if name not in tables[table]:
        there = ", ".join(sorted(tables[table]))
        raise ConfigurationError(f"relation {relation!r}: {name!r} is not a column of {table}; it has: {there}.")


def _with_a_path(column: Column, path: str) -> Column:
    """The column, if what it says of JSON is a path into it."""
    if column.path and (not all(column.path.split(".")) or any(char in column.path for char in _NOT_IN_PATHS)):
        raise ConfigurationError(
            f"{path}: {column.path!r} is no path into the JSON of {column.read}; write names of fields with dots"
            f" between them, without any of {' '.join(_NOT_IN_PATHS)}."
        )
    return column


def _nearest(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), n=3)
    return f" (nearest: {', '.join(close)})" if close else ""


def _merged(known: Mapping[str, Kind], present: Mapping[str, Kind] | None) -> Mapping[str, Kind]:
    """A table's real columns; a text that is known to hold JSON does."""
    if present is None:
        return known
    return {name: Kind.JSON if known.get(name) is Kind.JSON else kind for name, kind in present.items()}


def _kinds(contract: Contract) -> dict[str, Kind]:
    return {column.name: _arrow_kind(column.type) for column in contract.columns}


def _arrow_kind(type_: pa.DataType) -> Kind:
    for matches, kind in (
        (pa.types.is_string, Kind.TEXT),
        (pa.types.is_boolean, Kind.BOOLEAN),
        (pa.types.is_date, Kind.DATE),
        (pa.types.is_timestamp, Kind.TIMESTAMP),
    ):
        if matches(type_):
            return kind
    return Kind.NUMBER


def _kind(text: str, dialect: str) -> Kind:
    """The kind of a warehouse's own type."""
    type_ = exp.DataType.build(text, dialect=dialect, udt=True)
    for types, kind in (
        (exp.DataType.TEXT_TYPES, Kind.TEXT),
        (exp.DataType.NUMERIC_TYPES, Kind.NUMBER),
        ({exp.DataType.Type.BOOLEAN}, Kind.BOOLEAN),
        ({exp.DataType.Type.DATE}, Kind.DATE),
        (exp.DataType.TEMPORAL_TYPES, Kind.TIMESTAMP),
    ):
        if type_.this in types:
            return kind
    return Kind.OTHER
