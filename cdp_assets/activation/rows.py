"""The rows of a sync's source: their keys, whether they may be sent, and their mapped values, as SELECTs."""

import re

from sqlglot import exp

from cdp_assets.activation import consent
from cdp_assets.activation.checksum import checksum, keyed
from cdp_assets.activation.consent import CONSENTS, CUSTOMER_ID, same_customer
from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.activation.sync import Sync
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

_PERSONAL = re.compile(r"e_?mail|phone|mobile|msisdn|birth|(first|last|full)_?name", re.IGNORECASE)
NO_KEY = "the key is null or empty"
SEVERAL = "several rows of the source have this key"


def check_columns(warehouse: Warehouse, definition: SyncDefinition) -> None:
    """Check that every table and column the sync names is there, and joined tables have one row a customer.

    Raises:
        ConfigurationError: one is not; the message names it and what there is. Or the key says who somebody is.
        DataError: a joined table has several rows for one customer.
    """
    needed = _needed(definition)
    for table, names in needed.items():
        present = warehouse.columns(table)
        if not present:
            raise ConfigurationError(f"sync {definition.name!r}: there is no table {table} in the warehouse.")
        for name in sorted(names - set(present)):
            raise ConfigurationError(
                f"sync {definition.name!r}: {table} has no column {name!r}; it has {', '.join(present)}."
            )
    for table in definition.joined_tables:
        _check_one_row_a_customer(warehouse, definition, table)
    if definition.key != CUSTOMER_ID:
        _check_key_is_impersonal(warehouse, definition)


def write_inventory(sync: Sync) -> None:
    """Write the work table of the source: one row a key, with what became of it.

    `row_key`, `copies`, `status` (`valid`, `invalid`, `suppressed`), `reason`, `basis` of sending it, `checksum`.
    """
    consent.write_suppressed(sync)
    with keyed(sync.warehouse, sync.work, sync.secret_key, list(sync.definition.mapping)) as keys:
        sync.warehouse.write_select(sync.work.inventory, _inventory(sync, keys))


def values(sync: Sync, among: exp.Select | None = None) -> exp.Select:
    """`row_key` and the mapped columns as `f0`, `f1`, ...: one row a row of the source that may be sent.

    With `among`, a SELECT of keys, only of those: what they do not need of large tables is then not worked on.
    """
    refused = consent.refusal(sync)
    query = _source(sync, among).select(_text(sync.definition.key).as_("row_key"))
    for number, column in enumerate(_columns(sync.definition)):
        query = query.select(column.as_(f"f{number}"))
    return query.where(refused.is_(exp.null()))


def checksum_of(sync: Sync, alias: str) -> exp.Expr:
    """The checksum of the values of `values`, joined under an alias, where the table of keys is joined too."""
    columns = [exp.column(f"f{number}", alias) for number in range(len(sync.definition.mapping))]
    return checksum(columns)


def _inventory(sync: Sync, keys: exp.Expr) -> exp.Select | exp.Union:
    """Rows with a key of their own, and, apart, keys that no row or several have: to group all would cost more."""
    definition, key = sync.definition, exp.column("row_key", "e")
    each = _source(sync).join(keys, join_type="cross")
    each = each.select(
        _key(definition.key).as_("row_key"),
        consent.refusal(sync).as_("refusal"),
        consent.basis(definition).as_("basis"),
        checksum(_columns(definition)).as_("checksum"),
    )
    refused = exp.column("refusal", "e").is_(exp.null()).not_()
    status = exp.Case().when(refused, exp.Literal.string("suppressed")).else_(exp.Literal.string("valid"))
    broken = _broken(definition)
    sound = (
        exp.select(
            key,
            exp.cast(exp.Literal.number(1), "BIGINT").as_("copies"),
            status.as_("status"),
            exp.column("refusal", "e").as_("reason"),
            exp.column("basis", "e"),
            exp.column("checksum", "e"),
        )
        .from_(each.subquery("e"))
        .join(broken.subquery("b"), on=exp.column("row_key", "b").eq(key.copy()), join_type="left")
        .where(key.copy().is_(exp.null()).not_(), exp.column("row_key", "b").is_(exp.null()))
    )
    return exp.union(sound, _unsound(sync), distinct=False)


def _unsound(sync: Sync) -> exp.Select:
    """Keys that no row or several have: invalid, but suppressed where one of the rows may not be sent."""
    definition, nothing = sync.definition, exp.cast(exp.null(), "TEXT")
    gated = _source(sync).select(_key(definition.key).as_("row_key"), consent.refusal(sync).as_("refusal"))
    same = exp.column("row_key", "b").eq(exp.column("row_key", "e"))
    refused = (
        exp.select(exp.column("row_key", "e"), exp.Min(this=exp.column("refusal", "e")).as_("refusal"))
        .from_(gated.subquery("e"))
        .join(_broken(definition).subquery("b"), on=same)
        .group_by(exp.column("row_key", "e"))
    )
    refusal = exp.column("refusal", "r")
    nameless = exp.column("row_key", "b").is_(exp.null())
    why = exp.Case().when(nameless, exp.Literal.string(NO_KEY)).else_(exp.Literal.string(SEVERAL))
    sendable = exp.Case().when(refusal.is_(exp.null()), exp.Literal.string("invalid"))
    return (
        exp.select(
            exp.func("COALESCE", exp.column("row_key", "b"), exp.Literal.string("")).as_("row_key"),
            exp.column("copies", "b"),
            sendable.else_(exp.Literal.string("suppressed")).as_("status"),
            exp.func("COALESCE", refusal.copy(), why).as_("reason"),
            nothing.as_("basis"),
            nothing.copy().as_("checksum"),
        )
        .from_(_broken(definition).subquery("b"))
        .join(refused.subquery("r"), on=exp.column("row_key", "r").eq(exp.column("row_key", "b")), join_type="left")
    )


def _broken(definition: SyncDefinition) -> exp.Select:
    """`row_key` and `copies` of the keys that are missing, or that several rows have."""
    counted = (
        exp.select(_key(definition.key).as_("row_key"), exp.Count(this=exp.Star()).as_("copies"))
        .from_(definition.source_table.expression().as_("s"))
        .group_by(_key(definition.key))
    )
    faulty = exp.or_(exp.column("row_key", "n").is_(exp.null()), exp.column("copies", "n") > 1)
    return exp.select("row_key", "copies").from_(counted.subquery("n")).where(faulty)


def _needed(definition: SyncDefinition) -> dict[Table, set[str]]:
    """The columns a sync reads of each table."""
    needed: dict[Table, set[str]] = {definition.source_table: {definition.key}}
    for column in definition.mapping.values():
        table, name = _split(definition, column)
        needed.setdefault(table, set()).add(name)
    if definition.splits:
        needed[definition.source_table].add("split")
    if definition.purpose:
        needed.setdefault(CONSENTS, set()).update({CUSTOMER_ID, "purpose", "state"})
    if len(needed) > 1:
        for names in needed.values():
            names.add(CUSTOMER_ID)
    return needed


def _source(sync: Sync, among: exp.Select | None = None) -> exp.Select:
    """The source as `s`, or its rows of some keys, joined to the tables the mapping names and to the gate."""
    definition = sync.definition
    source, customers = definition.source_table.expression().as_("s"), None
    if among is not None:
        chosen = exp.Select().from_(source).where(_text(definition.key).isin(query=among))
        customers = chosen.select(exp.column(CUSTOMER_ID, "s", quoted=True)) if sync.has_customers else None
        source = chosen.select("*").subquery("s")
    query = exp.Select().from_(source)
    for number, table in enumerate(definition.joined_tables):
        query = query.join(table.expression().as_(f"t{number}"), on=same_customer(f"t{number}"), join_type="left")
    return consent.joined(sync, query, customers)


def _columns(definition: SyncDefinition) -> list[exp.Expression]:
    aliases = {definition.source_table: "s"}
    aliases |= {table: f"t{number}" for number, table in enumerate(definition.joined_tables)}
    split = (_split(definition, column) for column in definition.mapping.values())
    return [exp.column(name, aliases[table], quoted=True) for table, name in split]


def _key(column: str) -> exp.Func:
    return exp.func("NULLIF", _text(column), exp.Literal.string(""))


def _text(column: str) -> exp.Cast:
    return exp.cast(exp.column(column, "s", quoted=True), "TEXT")


def _split(definition: SyncDefinition, column: str) -> tuple[Table, str]:
    table, _, name = column.rpartition(".")
    return (Table.parse(table) if table else definition.source_table), name


def _check_key_is_impersonal(warehouse: Warehouse, definition: SyncDefinition) -> None:
    """Keys are written down where personal data must not be."""
    if _PERSONAL.search(definition.key):
        raise ConfigurationError(
            f"sync {definition.name!r}: key {definition.key!r} says who somebody is, by its name, and keys are kept in"
            " the tables of the activation stage; take a column that tells rows apart and nobody who they are."
        )
    at = exp.StrPosition(this=_text(definition.key), substr=exp.Literal.string("@"))
    found = exp.select(exp.Max(this=at).as_("at")).from_(definition.source_table.expression().as_("s"))
    if warehouse.read_arrow(found)["at"][0].as_py():
        raise ConfigurationError(
            f"sync {definition.name!r}: key {definition.key!r} holds e-mail addresses, and keys are kept in the tables"
            " of the activation stage; take a column that tells rows apart and nobody who they are."
        )


def _check_one_row_a_customer(warehouse: Warehouse, definition: SyncDefinition, table: Table) -> None:
    customers = exp.Count(this=exp.Distinct(expressions=[exp.column(CUSTOMER_ID, quoted=True)]))
    query = exp.select(exp.Count(this=exp.column(CUSTOMER_ID, quoted=True)).as_("rows"), customers.as_("customers"))
    row = warehouse.read_arrow(query.from_(table.expression())).to_pylist()[0]
    if row["rows"] != row["customers"]:
        raise DataError(
            f"sync {definition.name!r}: {table} has {row['rows']} rows for {row['customers']} customers;"
            " map from a table with one row a customer."
        )
