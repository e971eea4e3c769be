"""Checksums are equal exactly when the values are, and the key they are made with does not stay in the warehouse."""

import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from cdp_assets.activation.checksum import checksum, keyed, opaque
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.errors import WarehouseError
from cdp_assets.tables import TEXT, Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

KEY = b"k"
WORK = WorkTables.of("crm")
VALUES = Table("audiences", "vip")
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
Pair = tuple[str | None, str | None]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> DuckDBWarehouse:
    folder: Path = tmp_path_factory.mktemp("checksums")
    return DuckDBWarehouse(folder / "w.duckdb")


def sums(
    warehouse: DuckDBWarehouse, pairs: Sequence[Pair], key: bytes = KEY, names: tuple[str, str] = ("a", "b")
) -> list[str]:
    rows = {"n": list(range(len(pairs))), "a": [a for a, _ in pairs], "b": [b for _, b in pairs]}
    schema = pa.schema([("n", pa.int64()), ("a", TEXT), ("b", TEXT)])
    warehouse.write_arrow(VALUES, pa.table(rows, schema=schema))
    with keyed(warehouse, WORK, key, names) as keys:
        mark = checksum([exp.column("a", "v"), exp.column("b", "v")]).as_("mark")
        query = exp.select(mark).from_(VALUES.expression().as_("v")).join(keys, join_type="cross")
        found: list[str] = warehouse.read_arrow(query.order_by(exp.column("n", "v")))["mark"].to_pylist()
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=6))
def test_rows_with_different_values_have_different_checksums(warehouse: DuckDBWarehouse, pairs: list[Pair]):
    found = sums(warehouse, pairs)
    assert len(set(found)) == len(set(pairs))
    assert all((found[i] == found[j]) is (pairs[i] == pairs[j]) for i in range(len(pairs)) for j in range(len(pairs)))


def test_values_do_not_run_into_each_other(warehouse: DuckDBWarehouse):
    pairs: list[Pair] = [("1", "2"), ("12", ""), ("", "12"), ("1:b1:2", None), (None, "12"), ("n", None), (None, "n")]
    assert len(set(sums(warehouse, pairs))) == len(pairs)


def test_names_and_the_key_count(warehouse: DuckDBWarehouse):
    row: list[Pair] = [("x", "y")]
    found = [sums(warehouse, row), sums(warehouse, row, names=("b", "a")), sums(warehouse, row, key=b"other")]
    assert len({one[0] for one in found}) == 3


def test_it_stays_the_same_between_versions(warehouse: DuckDBWarehouse):
    def derived(name: str) -> str:
        return hmac.new(KEY, f"activation.{name}.1:a1:b".encode(), "sha256").hexdigest()

    inner = hashlib.sha256((derived("inner_key") + "15:ann@example.comn:").encode()).hexdigest()
    expected = hashlib.sha256((derived("outer_key") + inner).encode()).hexdigest()[:32]
    assert sums(warehouse, [("ann@example.com", None)]) == [expected]


def test_the_key_is_in_the_warehouse_only_while_it_is_used(warehouse: DuckDBWarehouse):
    sums(warehouse, [("x", "y")])
    assert not warehouse.exists(WORK.secret)
    with keyed(warehouse, WORK, KEY, ("a", "b")):
        assert warehouse.exists(WORK.secret)
    with pytest.raises(WarehouseError), keyed(warehouse, WORK, KEY, ("a", "b")):
        warehouse.execute("DELETE FROM audiences.nobody")
    assert not warehouse.exists(WORK.secret)


def test_an_identifier_is_opaque_and_its_parts_do_not_run_into_each_other():
    found = {
        opaque(KEY, "email", {"value": "ann@example.com"}),
        opaque(b"other", "email", {"value": "ann@example.com"}),
        opaque(KEY, "phone", {"value": "ann@example.com"}),
        opaque(KEY, "address", {"a": "x", "b": "y"}),
        opaque(KEY, "address", {"a": "xy", "b": ""}),
        opaque(KEY, "address", {"a": "x1:by"}),
    }
    assert len(found) == 6
    assert hashlib.sha256(b"ann@example.com").hexdigest() not in found
    assert opaque(KEY, "e", {"a": "1", "b": "2"}) == opaque(KEY, "e", {"b": "2", "a": "1"})
