"""The rows of a sync's source: their keys, their consent, and their mapped values, as SELECTs."""

from sqlglot import exp

from cdp_assets.activation.definition import SyncDefinition
from cdp_assets.destinations.base import Mode
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

CUSTOMER_ID = "customer_id"
CONSENTS = Table("master", "consents")


def check_columns(warehouse: Warehouse, definition: SyncDefinition) -> None:
    """Check that every table and column the sync names is there, and joined tables have one row a customer.

    Raises:
        ConfigurationError: one is not; the message names it and what there is.
        DataError: a joined table has several rows for one customer.
    """
    needed: dict[Table, set[str]] = {definition.source_table: {definition.key}}
    for column in definition.mapping.values():
        table, name = _split(definition, column)
        needed.setdefault(table, set()).add(name)
    if definition.purpose:
        needed.setdefault(CONSENTS, set()).update({CUSTOMER_ID, "purpose", "state"})
    if len(needed) > 1:
        for names in needed.values():
            names.add(CUSTOMER_ID)
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


def keys(definition: SyncDefinition) -> exp.Select:
    """`row_key`, `copies`, `status` (`valid`, `invalid`, `suppressed`) and `reason`: one row a key of the source."""
    counted = (
        exp.select(
            _key(definition.key).as_("row_key"),
            exp.Count(this=exp.Star()).as_("copies"),
            exp.Min(this=_consents_given(definition)).as_("granted"),
        )
        .from_(definition.source_table.expression().as_("s"))
        .group_by(_key(definition.key))
    )
    if definition.purpose:
        counted = counted.join(_granted(definition.purpose), on=_same_customer("c"), join_type="left")
    key, copies, granted = (exp.column(name, "k") for name in ("row_key", "copies", "granted"))
    states = (
        (key.is_(exp.null()), "invalid", "the key is null or empty"),
        (copies > 1, "invalid", "several rows of the source have this key"),
        (granted.eq(0), "suppressed", f"no consent for {definition.purpose}"),
    )
    status, reason = exp.Case(), exp.Case()
    for condition, name, why in states:
        status = status.when(condition.copy(), exp.Literal.string(name))
        reason = reason.when(condition.copy(), exp.Literal.string(why))
    return exp.select(
        exp.func("COALESCE", key.copy(), exp.Literal.string("")).as_("row_key"),
        copies.copy().as_("copies"),
        status.else_(exp.Literal.string("valid")).as_("status"),
        reason.as_("reason"),
    ).from_(counted.subquery("k"))


def values(definition: SyncDefinition) -> exp.Select:
    """`row_key` and the mapped columns as `f0`, `f1`, ...: one row a row of the source that may be sent."""
    aliases = {definition.source_table: "s"}
    aliases |= {table: f"t{number}" for number, table in enumerate(definition.joined_tables)}
    query = exp.select(_text(definition.key).as_("row_key")).from_(definition.source_table.expression().as_("s"))
    for number, column in enumerate(definition.mapping.values()):
        table, name = _split(definition, column)
        query = query.select(exp.column(name, aliases[table], quoted=True).as_(f"f{number}"))
    for table in definition.joined_tables:
        query = query.join(table.expression().as_(aliases[table]), on=_same_customer(aliases[table]), join_type="left")
    if definition.purpose:
        query = query.join(_granted(definition.purpose), on=_same_customer("c"))
    return query


def sends_values_on_removal(definition: SyncDefinition) -> bool:
    """Whether a removal carries mapped values: in mode remove the rows to take away are there to be read."""
    return definition.mode is Mode.REMOVE


def _granted(purpose: str) -> exp.Subquery:
    """Customers who granted the purpose and nowhere denied it."""
    state, granted = exp.column("state"), exp.Literal.string("granted")
    return (
        exp.select(exp.column(CUSTOMER_ID))
        .from_(CONSENTS.expression())
        .where(exp.column("purpose").eq(exp.Literal.string(purpose)))
        .group_by(exp.column(CUSTOMER_ID))
        .having(
            exp.and_(
                exp.Min(this=state).eq(granted),
                exp.Max(this=state.copy()).eq(granted.copy()),
                exp.Count(this=state.copy()).eq(exp.Count(this=exp.Star())),
            )
        )
        .subquery("c")
    )


def _consents_given(definition: SyncDefinition) -> exp.Expression:
    one = exp.Literal.number(1)
    if not definition.purpose:
        return one
    return exp.Case().when(exp.column(CUSTOMER_ID, "c").is_(exp.null()), exp.Literal.number(0)).else_(one)


def _same_customer(alias: str) -> exp.EQ:
    return exp.column(CUSTOMER_ID, alias, quoted=True).eq(exp.column(CUSTOMER_ID, "s", quoted=True))


def _text(column: str) -> exp.Cast:
    return exp.cast(exp.column(column, "s", quoted=True), "TEXT")


def _key(column: str) -> exp.Func:
    return exp.func("NULLIF", _text(column), exp.Literal.string(""))


def _split(definition: SyncDefinition, column: str) -> tuple[Table, str]:
    table, _, name = column.rpartition(".")
    return (Table.parse(table) if table else definition.source_table), name


def _check_one_row_a_customer(warehouse: Warehouse, definition: SyncDefinition, table: Table) -> None:
    customers = exp.Count(this=exp.Distinct(expressions=[exp.column(CUSTOMER_ID, quoted=True)]))
    query = exp.select(exp.Count(this=exp.column(CUSTOMER_ID, quoted=True)).as_("rows"), customers.as_("customers"))
    row = warehouse.read_arrow(query.from_(table.expression())).to_pylist()[0]
    if row["rows"] != row["customers"]:
        raise DataError(
            f"sync {definition.name!r}: {table} has {row['rows']} rows for {row['customers']} customers;"
            " map from a table with one row a customer."
        )
