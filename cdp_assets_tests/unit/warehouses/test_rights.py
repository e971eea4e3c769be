"""What is missing is told with the statement that gives it, when it is a right that is missing."""

import pytest

from cdp_assets.errors import WarehouseError
from cdp_assets.warehouses._rights import try_rights
from cdp_assets.warehouses.base import Right
from cdp_assets.warehouses.duckdb import DuckDBWarehouse


class Guarded(DuckDBWarehouse):
    """Refuses to create the schemas it is told to, with a message of a server's."""

    refusals: dict[str, str]

    def create_schema(self, schema: str) -> None:
        if schema in self.refusals:
            raise WarehouseError(self.refusals[schema])
        super().create_schema(schema)

    def grant(self, right: Right, schema: str) -> str:
        return f"GRANT {right} ON {schema};"


@pytest.fixture
def guarded(tmp_path) -> Guarded:
    return Guarded(tmp_path / "cdp.duckdb")


def test_a_missing_right_comes_with_its_grant_and_the_other_schemas_are_tried_too(guarded):
    guarded.refusals = {"raw": "permission denied for database cdp"}
    problems = [tried for tried in try_rights(guarded, ["raw", "master"]) if tried.problem]

    assert [(one.right, one.schema, one.grant) for one in problems] == [
        (Right.CREATE_SCHEMA, "raw", "GRANT create schema ON raw;")
    ]
    assert guarded.tables() == []


def test_what_is_no_right_is_left_to_its_message(guarded):
    guarded.refusals = {"raw": "the disk is full"}
    problem = next(tried for tried in try_rights(guarded, ["raw"]) if tried.problem)
    assert problem.problem == "the disk is full"
    assert "GRANT" not in problem.grant
