"""Keys of which a record has several are one row a value, as text in between."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.keys import LISTS, decode_lists, encode_lists, match_keys, single_lists
from cdp_assets_tests.unit.identity.people import records_of

VALUES = st.text(st.characters(exclude_categories=["C"]), min_size=1)


def test_each_value_is_a_row():
    records = records_of(
        [{"id": 1, "email": "a@b.org", "first_name": "Bob"}, {"id": 2}],
        ("crm", "1", "email", "c@b.org"),
        ("crm", "1", "user_id", 'u "1"'),
        ("crm", "1", "anonymous_id", "x"),
        ("crm", "1", "anonymous_id", "y, z"),
        ("crm", "1", "loyalty", "1 2"),
    )
    keys = match_keys(records)
    assert keys.columns == ["source", "record_id", "key", "value"]
    assert set(keys["record_id"]) == {"1"}
    names = keys.filter(pl.col("key") == "name_forms")["value"].to_list()
    assert {"bob", "robert"} <= set(names)
    assert set(keys.filter(pl.col("key") != "name_forms").select("key", "value").rows()) == {
        ("email", "a@b.org"),
        ("email", "c@b.org"),
        ("user_id", 'u "1"'),
        ("external_id", "loyalty:1 2"),
        ("anonymous_id", "x"),
        ("anonymous_id", "y, z"),
    }


def test_the_columns_that_name_a_record_can_be_chosen():
    records = records_of([{"id": 1, "email": "a@b.org"}]).with_columns(record_number=pl.lit(7))
    assert match_keys(records, ["record_number"]).rows() == [(7, "email", "a@b.org")]


@settings(deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_a_list_is_read_back_from_its_text(values):
    for entry in LISTS.values():
        if entry.as_json:
            text = encode_lists(entry, pl.Series([values]))
            assert decode_lists(entry, text).to_list() == [values]
            assert (
                single_lists(entry, pl.Series(values[:1])).to_list()
                == encode_lists(entry, pl.Series([values[:1]])).to_list()
            )
