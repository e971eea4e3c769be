"""The work tables of one sync: made by a run, dropped when it ends, and left behind by one that was killed."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse


@dataclass(frozen=True)
class WorkTables:
    """Keys of the source, checksums of their values, and the plan: no personal data in any of them."""

    keys: Table
    checksums: Table
    plan: Table

    @classmethod
    def of(cls, sync: str) -> "WorkTables":
        """The work tables of a sync."""
        names = (f"{part}__{sync}" for part in ("keys", "checksums", "plan"))
        return cls(*(Table("activation", name) for name in names))

    def drop(self, warehouse: Warehouse) -> None:
        """Drop those there are."""
        for table in (self.keys, self.checksums, self.plan):
            warehouse.drop(table)


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
