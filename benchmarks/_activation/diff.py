"""Run as a process: the diff of an audience of which one member in a hundred changed; prints its seconds.

Arguments: a folder, and how many members.
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlglot import exp

from benchmarks._activation.members import SECRET_KEY, change_one_percent, definition, make_members
from cdp_assets.activation.contracts import SYNC_STATE
from cdp_assets.activation.engine import check_ready, count_plan, take_stock
from cdp_assets.activation.plan import Part, RunOfPlan, moment, write_plan
from cdp_assets.activation.result import Tally
from cdp_assets.activation.sync import Sync
from cdp_assets.destinations.webhook import WebhookDestination, WebhookSettings
from cdp_assets.warehouses.base import WriteMode

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def main(folder: Path, count: int) -> None:
    warehouse = make_members(folder, count)
    webhook = WebhookDestination("http://127.0.0.1:1", WebhookSettings())
    sync = Sync(warehouse, definition("webhook"), webhook, SECRET_KEY)
    check_ready(sync)
    take_stock(sync)
    held = exp.select(exp.Literal.string(sync.name).as_("sync"), "row_key", "checksum", moment(NOW).as_("sent_at"))
    warehouse.write_select(SYNC_STATE.table, held.from_(sync.work.inventory.expression()), WriteMode.APPEND)
    change_one_percent(warehouse.path)
    began, tally = time.perf_counter(), Tally()
    with warehouse.session():
        take_stock(sync)
        with warehouse.transaction():
            write_plan(sync, RunOfPlan("run", NOW, 0, NOW, Part()))
            count_plan(sync, tally)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "changed": tally.planned.total(), "began": time.time() - seconds}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
