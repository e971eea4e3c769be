"""Tables of a team's own that conditions may use, as it registers them."""

from typing import Annotated, Literal

from pydantic import Field

from cdp_assets.strict import Strict

TableName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$", description="as `marts.loyalty`")]
KindName = Literal["text", "number", "boolean", "date", "timestamp", "json"]


class RegisteredRelation(Strict):
    """How its rows are found from a customer or from another registered table, by equal columns."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    from_: TableName = Field("master.customers", alias="from")
    on: dict[str, str] = Field(min_length=1, description="column of `from`: column of this table")


class RegisteredTable(Strict):
    """A table made elsewhere: its columns, and how it belongs to customers.

    With a `key` it has at most one row a customer, and its columns are properties; with relations, `related` finds it.
    """

    table: TableName
    columns: dict[str, KindName] = Field(min_length=1)
    key: str | None = Field(None, description="column with the customer_id, unique in the table")
    relations: tuple[RegisteredRelation, ...] = ()
