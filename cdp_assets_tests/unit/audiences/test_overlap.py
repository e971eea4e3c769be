"""Which audiences have how many customers in common."""

import json

import pyarrow as pa
import pytest

from cdp_assets.audiences.contracts import OVERLAP
from cdp_assets.audiences.overlap import overlap, overlap_chart, overlap_map
from cdp_assets.tables import TEXT, Table

MEMBERS = {"one": "abcd", "two": "cd", "three": "dx", "none": ""}
SCHEMA = pa.schema([("customer_id", TEXT)])


@pytest.fixture
def filled(warehouse):
    for name, ids in MEMBERS.items():
        warehouse.write_arrow(Table("audiences", name), pa.table({"customer_id": list(ids)}, schema=SCHEMA))
    warehouse.write_select(OVERLAP.table, overlap(list(MEMBERS)))
    return warehouse


def test_each_pair_with_customers_in_common_is_counted_both_ways_and_with_itself(filled):
    rows = filled.read_arrow("SELECT * FROM audiences.overlap").to_pylist()
    found = {(row["audience"], row["other_audience"]): row["customers"] for row in rows}
    pairs = {(one, other): len(set(MEMBERS[one]) & set(MEMBERS[other])) for one in MEMBERS for other in MEMBERS}
    assert found == {pair: customers for pair, customers in pairs.items() if customers}
    assert len(rows) == len(found)


def test_the_table_is_as_its_contract_says(filled):
    written = filled.read_arrow("SELECT * FROM audiences.overlap")
    assert {field.name: field.type for field in written.schema} == {c.name: c.type for c in OVERLAP.columns}


def test_the_map_shows_which_share_of_the_rows_audience_is_in_the_columns(filled):
    lines = overlap_map(filled, list(MEMBERS)).splitlines()
    assert lines[0] == "| | one | two | three | none |"
    assert lines[1] == "|---|---:|---:|---:|---:|"
    assert lines[2] == "| **one** (4) | ██ 100% | ▒▒ 50% | ░░ 25% |    0% |"
    assert lines[3] == "| **two** (2) | ██ 100% | ██ 100% | ▒▒ 50% |    0% |"
    assert lines[5] == "| **none** (0) |    0% |    0% |    0% |    0% |"


def test_the_chart_has_the_same_shares_with_the_size_of_the_rows_audience(filled):
    chart = overlap_chart(filled, list(MEMBERS))
    values = {(row["audience"], row["other"]): (row["share"], row["members"]) for row in chart["data"]["values"]}
    assert len(values) == len(chart["data"]["values"]) == len(MEMBERS) ** 2
    assert values["one", "two"] == (0.5, 4)
    assert values["two", "one"] == (1, 2)
    assert values["none", "one"] == (0, 0)
    assert json.dumps(chart)
    assert chart["encoding"]["y"]["sort"] == chart["encoding"]["x"]["sort"] == list(MEMBERS)


def test_one_audience_overlaps_with_itself(filled):
    rows = filled.read_arrow(overlap(["two"])).to_pylist()
    assert rows == [{"audience": "two", "other_audience": "two", "customers": 2}]
