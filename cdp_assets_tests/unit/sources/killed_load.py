"""A process that loads the contacts and stops on the way, to be killed: `python -m ... LANDING WAREHOUSE WRITES`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from cdp_assets.settings import Settings
from cdp_assets.sources.contracts import LOADS
from cdp_assets.sources.definition import SourceDefinition
from cdp_assets.sources.formats import csv
from cdp_assets.sources.load import load_table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

ROWS_A_BATCH = 1_000
CRM = SourceDefinition.model_validate(
    {"name": "crm", "tables": [{"name": "contacts", "landing": {"type": "files", "glob": "*.csv"}, "required": ["Id"]}]}
)


class _Stopping(DuckDBWarehouse):
    """Says so when as many batches are written, and then waits."""

    writes_left = 0

    def write_arrow(self, table, rows, *args, **kwargs):
        written = super().write_arrow(table, rows, *args, **kwargs)
        self.writes_left -= written == ROWS_A_BATCH or (table == LOADS.table and written == 1)
        if self.writes_left == 0:
            sys.stdout.write("stopped\n")
            sys.stdout.flush()
            sys.stdin.read()
        return written


def main(landing: str, path: str, writes: str) -> None:
    csv.BATCH_ROWS = ROWS_A_BATCH
    warehouse = _Stopping(Path(path))
    warehouse.writes_left = int(writes)
    settings = Settings.from_env({"CDP_LANDING_DIR": landing})
    load_table(warehouse, CRM, CRM.tables[0], settings, datetime(2026, 6, 30, tzinfo=UTC))


if __name__ == "__main__":
    main(*sys.argv[1:])
