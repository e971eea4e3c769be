"""The page of the destinations says what their models say, and its commands work as printed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic_core import PydanticUndefined

from cdp_assets.as_of import write_as_of
from cdp_assets.destinations.base import Destination, Mode, Operation
from cdp_assets.registry import find_plugin, plugin_names
from cdp_assets.sample.standins._faults import FaultKind
from cdp_assets.settings import Settings
from cdp_assets.tables import TEXT, Table
from cdp_assets_tests.docs.clone import Clone
from cdp_assets_tests.docs.pages import blocks, table
from cdp_assets_tests.reference_data import REPOSITORY
from cdp_assets_tests.standins.vendors.base import vendor, vendor_names
from cdp_assets_tests.unit.activation import world

PAGE = REPOSITORY / "docs" / "destinations.md"
PACKAGE = "cdp_assets.destinations"
NAMES = plugin_names(PACKAGE)
ENV = {name: value for one in map(vendor, vendor_names()) for name, value in one.variables("https://x", "k").items()}
REQUIRED = {"google_ads": {"terms_accepted": True}}
ANSWERS = {"looked up", "replayed because idempotent", "marked for a person"}
_MADE = """
import sys
import dagster as dg
from cdp_assets.orchestration.instance import open_instance
from cdp_assets.settings import Settings
with open_instance(Settings.from_env()) as instance:
    for name in sys.argv[1:]:
        instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(name.split("."))))
"""


@pytest.mark.parametrize("name", NAMES)
def test_each_destination_has_its_settings_with_defaults_and_meaning(name: str):
    fields = find_plugin(PACKAGE, name, Destination).settings_model.model_fields
    told = [[f"`{key}`", _shown(field.default), field.description] for key, field in fields.items()]
    assert table(PAGE, f"setting of `{name}`") == told


def test_each_destination_has_what_it_can_take():
    told = [[row[0], *row[2:]] for row in table(PAGE, "destination") if len(row) == 4 and row[2].isdigit()]
    found = []
    for name in NAMES:
        plugin, required = find_plugin(PACKAGE, name, Destination), REQUIRED.get(name, {})
        limits = plugin.from_settings(required, Settings.from_env(ENV), ENV).limits
        found.append([f"`{name}`", str(limits.batch_size), ", ".join(f"`{one}`" for one in sorted(limits.removals))])
        missing = frozenset(Mode) - limits.modes
        assert missing == {mode for mode in Mode if f"`{name}` does not take `{mode}`" in PAGE.read_text()}
    assert told == found


def test_each_operation_of_each_destination_has_what_is_done_when_the_answer_is_lost():
    told = [row for row in table(PAGE, "destination") if row[2] in ANSWERS]
    expected = {(f"`{name}`", f"`{operation}`") for name in NAMES for operation in Operation}
    assert {(row[0], row[1]) for row in told} == expected
    assert len(told) == len(expected)


def test_every_fault_is_told():
    assert all(f"`{kind}`" in PAGE.read_text() for kind in FaultKind)


@pytest.mark.slow
def test_following_the_page_brings_the_audience_to_the_stand_in(tmp_path: Path):
    start, sync, try_it = blocks(PAGE)
    clone = Clone.at(tmp_path / "clone")
    _as_after_the_demo(clone)
    with _terminal(clone, start.text.replace("8085", "0")) as url:
        clone.follow(sync)
        printed = clone.run(try_it.text.replace("http://127.0.0.1:8085", url))
    assert '"status": 500' in printed
    assert '"status": 201' in printed
    assert '{"held": {"c1": {"email": "ann@example.com", "first_name": "Ann", "churn_probability": 0.9}}' in printed
    assert clone.query("SELECT row_key FROM activation.sync_state") == [("c1",)]


def _shown(default: object) -> str:
    if default is PydanticUndefined:
        return "required"
    match default:
        case None | "":
            return "unset"
        case bool():
            return f"`{str(default).lower()}`"
        case _:
            return f"`{default}`"


def _as_after_the_demo(clone: Clone) -> None:
    """The tables that the page's sync reads, and Dagster's word that they were made; one customer, who consented."""
    (clone.root / "data").mkdir()
    warehouse = world.DuckDBWarehouse(clone.root / "data" / "cdp.duckdb", lock_timeout=10)
    tables = {
        "audiences.at_risk_high_value": {"customer_id": "c1"},
        "master.customers": {"customer_id": "c1", "email": "ann@example.com", "first_name": "Ann"},
        "master.consents": {"customer_id": "c1", "purpose": "email_marketing", "state": "granted"},
        "churn.scores": {"customer_id": "c1", "churn_probability": 0.9},
    }
    for name, row in tables.items():
        columns = [(column, pa.float64() if isinstance(value, float) else TEXT) for column, value in row.items()]
        warehouse.write_arrow(Table.parse(name), pa.Table.from_pylist([row], schema=pa.schema(columns)))
    write_as_of(warehouse, world.AS_OF)
    clone.run(f"python -c '{_MADE}' {' '.join([*tables, 'raw.as_of', 'identity.id_history'])}")


@contextmanager
def _terminal(clone: Clone, command: str) -> Iterator[str]:
    """A terminal in which a command goes on; gives the first line it prints."""
    arguments = [sys.executable, *command.split()[1:]]
    with subprocess.Popen(
        arguments, cwd=clone.root, env=clone.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()
