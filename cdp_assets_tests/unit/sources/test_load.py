from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import select

from cdp_assets.sources.contracts import LOADS, REJECTED_ROWS
from cdp_assets.tables import Table
from cdp_assets_tests.unit.sources.conftest import NOW

CONTACTS = Table("raw", "crm__contacts")


def rows(warehouse, table=CONTACTS):
    found = warehouse.read_arrow(select("*").from_(table.expression()))
    return found.sort_by([(name, "ascending") for name in found.column_names]).to_pylist()


def test_a_row_is_kept_as_sent_with_where_and_when_it_came(drop, load, warehouse):
    drop("crm/a.csv", "Id,Näme\n1, x \n2,\n")
    report = load()

    (loaded,) = rows(warehouse, LOADS.table)
    technical = {"_load_id": loaded["load_id"], "_loaded_at": NOW}
    assert rows(warehouse) == [
        {"Id": "1", "_source_row": "crm/a.csv:2", "Näme": " x "} | technical,
        {"Id": "2", "_source_row": "crm/a.csv:3", "Näme": None} | technical,
    ]
    assert (report.files, report.rows, report.rejected, report.failures) == (["crm/a.csv"], 2, 0, [])


def test_the_ledger_tells_each_file(drop, load, warehouse):
    path = drop("crm/a.csv", "Id\n1\n\n2\n")
    load()

    (loaded,) = rows(warehouse, LOADS.table)
    assert (loaded["source"], loaded["raw_table"], loaded["file"]) == ("crm", "crm__contacts", "crm/a.csv")
    assert (loaded["rows"], loaded["rejected"], loaded["loaded_at"]) == (2, 0, NOW)
    assert len(loaded["content_hash"]) == 64
    assert path.exists()


def test_files_are_loaded_in_order_of_name(drop, load):
    for name in ["b", "c", "a"]:
        drop(f"crm/{name}.csv", f"Id\n{name}\n")
    told = []

    assert load(progress=told.append).files == ["crm/a.csv", "crm/b.csv", "crm/c.csv"]
    assert told == [f"crm/{name}.csv: 1 rows, 0 rejected" for name in "abc"]


def test_every_format_lands_in_one_table(drop, load, warehouse, settings):
    drop("crm/a.csv", "Id\n1\n")
    drop("crm/b.jsonl", '{"Id": 2}\n')
    pq.write_table(pa.table({"Id": [3]}), settings.landing_dir / "crm" / "c.parquet")
    load()

    assert [row["Id"] for row in rows(warehouse)] == ["1", "2", "3"]


def test_a_refused_row_is_kept_readable_with_its_place_and_reason(drop, load, warehouse):
    drop("crm/a.csv", b"Id,Email\n1,a\n2\n3,caf\xe9\0\n")
    report = load()

    (loaded,) = rows(warehouse, LOADS.table)
    about = {"load_id": loaded["load_id"], "source": "crm", "raw_table": "crm__contacts", "file": "crm/a.csv"}
    gone = "\N{REPLACEMENT CHARACTER}"
    assert rows(warehouse, REJECTED_ROWS.table) == [
        about | {"line": 3, "reason": "1 fields where the header has 2", "row": "2"},
        about | {"line": 4, "reason": "it is not UTF-8", "row": f"3,caf{gone}{gone}"},
    ]
    assert (report.rows, report.rejected, loaded["rejected"]) == (1, 2, 2)


def test_half_a_surrogate_pair_in_json_does_not_stop_the_load(drop, load, warehouse):
    drop("crm/a.jsonl", '{"Id": 1, "\\ud83d": 1}\n{"Id": "\\ud83d"}\n{"Id": 3}\n')

    assert (load().failures, [row["Id"] for row in rows(warehouse)]) == ([], ["3"])


def test_columns_nobody_declared_are_kept_and_reported(drop, load, warehouse):
    drop("crm/a.csv", "Id,Name\n1,x\n")
    drop("crm/b.csv", "Id,Name,Shoe Size\n2,y,42\n")
    report = load(columns=["Id", "Name"])

    assert report.undeclared_columns == ["Shoe Size"]
    assert [row["Shoe Size"] for row in rows(warehouse)] == [None, "42"]


def test_without_declared_columns_nothing_is_undeclared(drop, load):
    drop("crm/a.csv", "Id,Name\n1,x\n")

    assert load().undeclared_columns == []


def test_declared_columns_are_there_before_any_file_came_and_after_a_declaration_grew(load, warehouse):
    load(columns=["Name"])
    assert list(warehouse.columns(CONTACTS)) == ["Id", "Name", "_load_id", "_source_row", "_loaded_at"]

    load(columns=["Name", "Email"])
    assert list(warehouse.columns(CONTACTS))[-1] == "Email"
    assert rows(warehouse) == []


def test_a_column_is_spelled_as_declared_whatever_the_file_says(drop, load, warehouse):
    drop("crm/a.csv", "ID,EMAIL,Fax\n1,a,b\n")
    drop("crm/b.jsonl", '{"id": 2, "email": "c", "fax": "d"}\n{"Id": 3, "Email": "e", "FAX": "f"}\n')
    report = load(columns=["Email"])

    found = [(row["Id"], row["Email"], row["Fax"]) for row in rows(warehouse)]
    assert found == [("1", "a", "b"), ("2", "c", "d"), ("3", "e", "f")]
    assert report.undeclared_columns == ["Fax"]


@pytest.mark.parametrize("reserved", ["_load_id", "_SOURCE_ROW", "_loaded_at"])
def test_the_platforms_own_column_names_are_refused(drop, load, warehouse, reserved):
    drop("crm/a.csv", f"Id,{reserved}\n1,x\n")

    (failure,) = load().failures
    assert failure == f"crm/a.csv has a column {reserved}, a name the platform keeps for itself; rename it."
    assert rows(warehouse) == rows(warehouse, LOADS.table) == []


@pytest.mark.parametrize("name", ['Sel"ect', "from", "a b", "naïve", "x); DROP TABLE raw.loads; --", "%s {x} $1 ?"])
def test_any_column_name_and_value_is_kept(drop, load, warehouse, name):
    quoted = name.replace('"', '""')
    drop("crm/a.csv", f'Id,"{quoted}"\n1,"{quoted}"\n')
    load(now=NOW + timedelta(days=1))

    assert [row[name] for row in rows(warehouse)] == [name]
