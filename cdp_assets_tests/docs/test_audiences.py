"""The page about audiences says what the model says, and its definitions and tables hold."""

from pathlib import Path

import pytest
import yaml

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import compile_audience
from cdp_assets.audiences.declared import CUSTOMERS
from cdp_assets.audiences.definition import AudienceDefinition, Condition
from cdp_assets.audiences.operators import OPERATOR_FIELDS, Operators
from cdp_assets.audiences.registered import RegisteredTable
from cdp_assets.validation import validated
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.docs.pages import table
from cdp_assets_tests.reference_data import REPOSITORY
from cdp_assets_tests.unit.audiences.world import AS_OF, customer, definition, fill

PAGE = REPOSITORY / "docs" / "audiences.md"
OF_EVERY_AUDIENCE = {"name", "description", "condition"}


def attributes() -> list[dict]:
    found = PAGE.read_text().split("```yaml\n")[1:]
    return [yaml.safe_load(block.split("```")[0])["attributes"] for block in found]


def first_words(head: str) -> set[str]:
    return {word.strip("` ") for row in table(PAGE, head) for word in row[0].split(",")}


def test_it_has_every_condition_operator_and_option():
    groups = {"all", "any", "not_"}
    assert first_words("condition") == set(Condition.model_fields) - groups
    names = {Operators.model_fields[name].alias or name for name in OPERATOR_FIELDS}
    assert first_words("operator") == names
    assert first_words("option") == set(AudienceDefinition.model_fields) - OF_EVERY_AUDIENCE


def test_its_definitions_are_definitions():
    audience, registered = attributes()
    loyalty = validated(RegisteredTable, registered, "the page")
    compile_audience(validated(AudienceDefinition, audience, "the page"), Catalogue.declared([loyalty]), AS_OF)
    golden = definition({"property": {"field": "tier", "eq": "gold"}})
    assert "loyalty" in compile_audience(golden, Catalogue.declared([loyalty]), AS_OF).query.sql()


@pytest.fixture
def people(tmp_path: Path) -> DuckDBWarehouse:
    warehouse = DuckDBWarehouse(tmp_path / "cdp.duckdb")
    fill(warehouse, {CUSTOMERS: [customer("FR", country="FR"), customer("DE", country="DE"), customer("missing")]})
    return warehouse


def test_its_truth_table_is_what_the_warehouse_says(people):
    heads, rows = _truth_table()
    for head, *answers in zip(heads, *(row[1:] for row in rows), strict=True):
        query = compile_audience(definition(_condition(head)), Catalogue.declared(), AS_OF).query
        members = set(people.read_arrow(query)["customer_id"].to_pylist())
        assert members == {row[0] for row, answer in zip(rows, answers, strict=True) if answer == "yes"}, head


def _truth_table() -> tuple[list[str], list[list[str]]]:
    lines = Path(PAGE).read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("| the value is"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start : start + 5]]
    return [head.strip("`") for head in cells[0][1:]], cells[2:]


def _condition(head: str) -> dict:
    if head.startswith("not"):
        return {"not": {"property": {"field": "country", "eq": "FR"}}}
    if head.startswith("is"):
        return {"property": {"field": "country", head: True}}
    return {"property": {"field": "country", **yaml.safe_load("{" + head + "}")}}
