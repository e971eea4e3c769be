"""What the platform's own contracts promise conditions: columns with their kinds, fact tables, relations."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cdp_assets.churn import contracts as churn
from cdp_assets.tables import Table


class Kind(StrEnum):
    """What a column holds, as far as operators care."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    JSON = "json"
    OTHER = "other"


@dataclass(frozen=True)
class FactTable:
    """A table with a row for each thing a customer did; `key` tells rows of one moment apart."""

    table: Table
    key: tuple[str, ...]
    is_deleted: str | None = "is_deleted"
    customer_id: str = "customer_id"
    occurred_at: str = "occurred_at"


@dataclass(frozen=True)
class Relation:
    """How rows of `source` find rows of `target`: by equal columns, those marked as deleted left out."""

    source: Table
    target: Table
    on: tuple[tuple[str, str], ...]
    is_deleted: str | None = None


CUSTOMERS = Table("master", "customers")
ACCOUNTS = Table("master", "accounts")
CONSENTS = Table("master", "consents")
IDENTIFIERS = Table("master", "identifiers")
SCORES = churn.SCORES.table
TRANSACTIONS = FactTable(Table("master", "transactions"), ("source", "transaction_id"))
LINES = FactTable(Table("master", "transaction_lines"), ("source", "transaction_id", "line_id"), is_deleted=None)
EVENTS = FactTable(Table("master", "events"), ("source", "event_id"))

RELATIONS: Mapping[str, Relation] = {
    "account": Relation(
        CUSTOMERS, ACCOUNTS, (("account_id", "account_id"), ("account_id_source", "source")), "is_deleted"
    ),
    "parent_account": Relation(
        ACCOUNTS, ACCOUNTS, (("parent_account_id", "account_id"), ("source", "source")), "is_deleted"
    ),
    "contacts": Relation(ACCOUNTS, CUSTOMERS, (("account_id", "account_id"), ("source", "account_id_source"))),
    "consents": Relation(CUSTOMERS, CONSENTS, (("customer_id", "customer_id"),)),
    "identifiers": Relation(CUSTOMERS, IDENTIFIERS, (("customer_id", "customer_id"),)),
}

_GOLDEN = (
    *("first_name", "last_name", "email", "phone", "street", "city", "region", "postal_code", "country", "company"),
    *("account_id", "user_id"),
)
COLUMNS: Mapping[Table, Mapping[Kind, tuple[str, ...]]] = {
    CUSTOMERS: {
        Kind.TEXT: ("customer_id", "sources", *_GOLDEN, *(f"{field}_source" for field in (*_GOLDEN, "date_of_birth"))),
        Kind.NUMBER: ("record_count", "order_count", "total_spent", "average_order_amount"),
        Kind.DATE: ("date_of_birth",),
        Kind.TIMESTAMP: ("first_seen_at", "last_seen_at", "first_order_at", "last_order_at"),
    },
    TRANSACTIONS.table: {
        Kind.TEXT: (
            *("source", "transaction_id", "parent_transaction_id", "type", "record_id", "email", "phone", "currency"),
            *("status", "channel", "customer_id"),
        ),
        Kind.NUMBER: ("amount", "amount_reporting"),
        Kind.BOOLEAN: ("is_deleted",),
        Kind.TIMESTAMP: ("occurred_at", "source_updated_at"),
    },
    LINES.table: {
        Kind.TEXT: (
            *("source", "transaction_id", "line_id", "customer_id", "type", "product_id", "product_name", "category"),
        ),
        Kind.NUMBER: ("quantity", "amount"),
        Kind.TIMESTAMP: ("occurred_at",),
    },
    EVENTS.table: {
        Kind.TEXT: (
            *("source", "event_id", "record_id", "anonymous_id", "user_id", "session_id", "event_name", "customer_id"),
        ),
        Kind.BOOLEAN: ("is_deleted",),
        Kind.TIMESTAMP: ("occurred_at", "received_at", "source_updated_at"),
        Kind.JSON: ("properties",),
    },
    ACCOUNTS: {
        Kind.TEXT: ("source", "account_id", "parent_account_id", "name", "domain", "country"),
        Kind.BOOLEAN: ("is_deleted",),
        Kind.TIMESTAMP: ("source_updated_at",),
    },
    CONSENTS: {
        Kind.TEXT: ("customer_id", "purpose", "state", "source", "record_id", "channel", "evidence"),
        Kind.TIMESTAMP: ("decided_at",),
    },
    IDENTIFIERS: {
        Kind.TEXT: ("customer_id", "type", "value", "sources"),
        Kind.BOOLEAN: ("is_verified",),
        Kind.TIMESTAMP: ("first_seen_at", "last_seen_at"),
    },
}
