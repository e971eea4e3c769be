"""Which warehouses the tests run on, and an empty one of each kind.

`CDP_TEST_WAREHOUSES` lists them; DuckDB alone by default. A live one, in the cloud, is added for each kind whose
variables are there with `CDP_TEST_` in the place of `CDP_`: `CDP_TEST_SNOWFLAKE_ACCOUNT` and so on. What it holds is
dropped, so that its database or project must have `test` in its name.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from sqlglot import exp

from cdp_assets.errors import WarehouseError
from cdp_assets.registry import plugin_names
from cdp_assets.settings import Settings
from cdp_assets.warehouses import open_warehouse, warehouse_class
from cdp_assets.warehouses.base import Warehouse
from cdp_assets_tests.standins.bigquery import bigquery_server
from cdp_assets_tests.standins.postgres import postgres_cluster
from cdp_assets_tests.standins.snowflake import snowflake_standin

LIVE = "live_"
STAND_INS = {"postgres": postgres_cluster, "snowflake": snowflake_standin, "bigquery": bigquery_server}
Environment = dict[str, str]


def chosen() -> list[str]:
    """Names of the warehouses to test on; a live one's begins with `live_`."""
    known = plugin_names("cdp_assets.warehouses")
    names = (os.environ.get("CDP_TEST_WAREHOUSES") or "duckdb").replace(",", " ").split()
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"CDP_TEST_WAREHOUSES names {', '.join(unknown)}; there are: {', '.join(known)}.")
    return [*names, *(f"{LIVE}{name}" for name in names if live_environment(name))]


def live_environment(name: str, environment: Mapping[str, str] = os.environ) -> Environment:
    """The variables of a live warehouse of this kind; empty when one it needs is not there."""
    variables = warehouse_class(Settings.from_env({"CDP_WAREHOUSE": name})).variables
    values = {v.name: environment.get(v.name.replace("CDP_", "CDP_TEST_", 1), "") for v in variables}
    if not variables or any(v.required and not values[v.name] for v in variables):
        return {}
    place = values.get(f"CDP_{name.upper()}_DATABASE") or values.get(f"CDP_{name.upper()}_PROJECT", "")
    if not re.search(r"(?<![a-z])test(?![a-z])", place.lower()):
        raise ValueError(f"the live tests drop what they find; {place!r} has no `test` in its name.")
    return {"CDP_WAREHOUSE": name, **{variable: value for variable, value in values.items() if value}}


@contextmanager
def environments(name: str) -> Iterator[Callable[[Path], Environment]]:
    """For as long as its server runs: makes the environment of an empty warehouse; a folder is at its disposal."""
    if name.startswith(LIVE):
        yield lambda _: _emptied(live_environment(name.removeprefix(LIVE)))
    elif name == "duckdb":
        yield lambda folder: {"CDP_DUCKDB_PATH": str(folder / "cdp.duckdb"), "CDP_LOCK_TIMEOUT_SECONDS": "10"}
    else:
        with STAND_INS[name]() as server:
            yield lambda _: server.fresh_database()


def opened(environment: Environment) -> Warehouse:
    """The warehouse of an environment."""
    return open_warehouse(Settings.from_env(environment))


def _emptied(environment: Environment) -> Environment:
    with closing(opened(environment)) as warehouse:
        for table in warehouse.tables():
            with contextlib.suppress(WarehouseError):  # a view: the next statement drops those
                warehouse.drop(table)
        for view in warehouse.tables():
            warehouse.execute(exp.Drop(tables=[view.expression()], kind="VIEW"))
    return environment
