"""Which tables and columns a condition may use, and what kind of values each column holds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import pyarrow as pa
from sqlglot import exp

from cdp_assets.churn import contracts as churn
from cdp_assets.errors import ConfigurationError
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse


class Kind(StrEnum):
    """What a column holds, as far as operators care."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    OTHER = "other"


CUSTOMERS = Table("master", "customers")
SCORES = churn.SCORES.table
FACTS = {"transaction": Table("master", "transactions"), "event": Table("master", "events")}
OCCURRED_AT = "occurred_at"

_GOLDEN = ("first_name", "last_name", "email", "phone", "street", "city", "region", "postal_code", "country", "company")
_KINDS: dict[Kind, dict[Table, tuple[str, ...]]] = {
    Kind.TEXT: {
        CUSTOMERS: (*("customer_id", "sources"), *_GOLDEN, *(f"{f}_source" for f in (*_GOLDEN, "date_of_birth"))),
        FACTS["transaction"]: (
            *("source", "transaction_id", "parent_transaction_id", "type", "record_id", "email", "phone", "currency"),
            *("status", "channel", "customer_id"),
        ),
        FACTS["event"]: (
            *("source", "event_id", "record_id", "anonymous_id", "user_id", "session_id", "event_name", "properties"),
            "customer_id",
        ),
    },
    Kind.NUMBER: {
        CUSTOMERS: ("record_count", "order_count", "total_spent", "average_order_amount"),
        FACTS["transaction"]: ("amount", "amount_reporting"),
    },
    Kind.BOOLEAN: {FACTS["transaction"]: ("is_deleted",), FACTS["event"]: ("is_deleted",)},
    Kind.DATE: {CUSTOMERS: ("date_of_birth",)},
    Kind.TIMESTAMP: {
        CUSTOMERS: ("first_seen_at", "last_seen_at", "first_order_at", "last_order_at"),
        FACTS["transaction"]: (OCCURRED_AT, "source_updated_at"),
        FACTS["event"]: (OCCURRED_AT, "received_at", "source_updated_at"),
    },
}


@dataclass(frozen=True)
class Column:
    """A column of the catalogue."""

    table: Table
    name: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


@dataclass(frozen=True)
class Catalogue:
    """Columns by table, and the audiences there are (none: any name is accepted)."""

    tables: Mapping[Table, Mapping[str, Kind]]
    audiences: frozenset[str] | None = None

    @classmethod
    def declared(cls) -> "Catalogue":
        """What the platform's own contracts promise; needs no warehouse."""
        tables: dict[Table, dict[str, Kind]] = {SCORES: _kinds(churn.SCORES)}
        for kind, columns in _KINDS.items():
            for table, names in columns.items():
                tables.setdefault(table, {}).update(dict.fromkeys(names, kind))
        return cls(tables)

    @classmethod
    def of(cls, warehouse: Warehouse) -> "Catalogue":
        """The columns the warehouse really has, a deployment's own included; the declared ones of a missing table."""
        declared = cls.declared()
        found = {
            table: {name: _kind(text, warehouse.dialect) for name, text in warehouse.columns(table).items()}
            for table in declared.tables
        }
        return replace(declared, tables={table: found[table] or declared.tables[table] for table in found})

    def profile_column(self, field: str, path: str) -> Column:
        """A column of a customer or score, by `stage.table.column` or by its name alone, customers first.

        Raises:
            ConfigurationError: there is none; the message names the path and what is allowed.
        """
        table, _, name = field.rpartition(".")
        places = [place for place in (CUSTOMERS, SCORES) if table in ("", str(place))]
        if not places:
            raise ConfigurationError(f"{path}: {field!r} is not in a table of {CUSTOMERS}, {SCORES}.")
        for place in places:
            if name in self.tables[place]:
                return Column(place, name, self.tables[place][name])
        return self.column(places[0], name, path)

    def column(self, table: Table, field: str, path: str) -> Column:
        """A column of one table.

        Raises:
            ConfigurationError: there is none; the message names the path and what is allowed.
        """
        name = field.removeprefix(f"{table}.")
        if name not in self.tables[table]:
            allowed = ", ".join(sorted(self.tables[table]))
            raise ConfigurationError(f"{path}: {field!r} is not a column of {table}; it has: {allowed}.")
        return Column(table, name, self.tables[table][name])

    def audience(self, name: str, path: str) -> Table:
        """The table of an audience.

        Raises:
            ConfigurationError: there is none; the message names the path and what is allowed.
        """
        if self.audiences is not None and name not in self.audiences:
            there = ", ".join(sorted(self.audiences)) or "none"
            raise ConfigurationError(f"{path}: there is no audience {name!r}; there are: {there}.")
        return Table("audiences", name)


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
