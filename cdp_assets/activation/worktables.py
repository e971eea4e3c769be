"""The work tables of one sync: made by a run, dropped when it ends, and left behind by one that was killed."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from sqlglot import exp

from cdp_assets.tables import Layout, Table
from cdp_assets.warehouses.base import Warehouse


@dataclass(frozen=True)
class WorkTables:
    """What a run keeps in the warehouse while it works: no personal data in any of them.

    `suppressed` has the customers nobody may be sent, `inventory` a row a key of the source, `moved` the rows held by
    an id that was merged, `found` the identifiers of rows that changed, by keyed hash, `plan` what is to be done, and
    `secret`, for moments, the keys of checksums. `state` and `identifiers` are a dry run's copies of what is known.
    """

    suppressed: Table
    inventory: Table
    moved: Table
    found: Table
    plan: Table
    secret: Table
    state: Table
    identifiers: Table

    @classmethod
    def of(cls, sync: str) -> "WorkTables":
        """The work tables of a sync."""
        return cls(*(Table("activation", f"{part.name}__{sync}", Layout(is_brief=True)) for part in fields(cls)))

    def drop(self, warehouse: Warehouse) -> None:
        """Drop those there are."""
        for part in fields(self):
            warehouse.drop(getattr(self, part.name))


def key_pages(warehouse: Warehouse, query: exp.Select, page_rows: int) -> Iterator[list[dict[str, object]]]:
    """Rows of a SELECT with a unique text `row_key`, in its order, a page at a time; nothing stays open between."""
    last: str | None = None
    while True:
        page = exp.select("*").from_(query.subquery("q")).order_by(exp.column("row_key")).limit(page_rows)
        if last is not None:
            page = page.where(exp.column("row_key") > exp.Literal.string(last))
        rows = warehouse.read_arrow(page).to_pylist()
        if rows:
            yield rows
        if len(rows) < page_rows:
            return
        last = rows[-1]["row_key"]
