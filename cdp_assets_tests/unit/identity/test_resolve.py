"""Customers keep their ids, and every id that changes has its row in the history."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import CUSTOMER_IDS, ID_HISTORY
from cdp_assets.identity.history import current_id_map, current_ids
from cdp_assets.identity.resolve import Resolution, resolve
from cdp_assets_tests.unit.identity.people import (
    AS_OF,
    CONFIG,
    LATER,
    NO_HISTORY,
    NO_ISSUED,
    edges_of,
    groups,
    id_of,
    records_of,
    resolved,
)


def after(before: Resolution, people: list[dict]) -> Resolution:
    """The next run's customers, and the history of both runs."""
    again = resolved(people, before, LATER)
    return Resolution(again.customer_ids, pl.concat([before.history, again.history]))


def events(resolution: Resolution) -> list[tuple[str, str, str | None]]:
    """The rows the later run added."""
    rows = resolution.history.filter(pl.col("happened_at") == LATER)
    return rows.select("event", "customer_id", "other_customer_id").rows()


def test_each_record_says_what_put_it_with_its_customer():
    people = [
        {"id": 1, "email": "a@b.org", "first_name": "Anna"},
        {"id": 2, "email": "a@b.org", "first_name": "Anna"},
        {"id": 3, "email": "a@b.org"},
        {"id": 4},
    ]
    found = resolved(people).customer_ids
    assert found["matched_by"].to_list() == ["email_and_name", "email_and_name", "email", "single"]
    assert found["match_probability"].to_list() == [1.0, 1.0, 1.0, None]


def test_tables_keep_their_contracts_even_when_empty():
    for people in ([], [{"id": 1}]):
        resolution = resolved(people)
        assert resolution.customer_ids.to_arrow().cast(CUSTOMER_IDS.schema).num_rows == len(people)
        assert resolution.history.to_arrow().cast(ID_HISTORY.schema).num_rows == len(people)


def test_the_same_again_changes_nothing():
    people = [{"id": n, "email": f"a{n // 2}@b.org"} for n in range(10)]
    before = resolved(people)
    again = resolved(people[::-1], before, LATER)
    assert again.customer_ids.equals(before.customer_ids)
    assert again.history.is_empty()


def test_a_new_record_takes_its_customers_id():
    before = resolved([{"id": 2, "email": "a@b.org"}])
    again = after(before, [{"id": 1, "email": "a@b.org"}, {"id": 2, "email": "a@b.org"}])
    assert id_of(again, "1") == id_of(again, "2") == id_of(before, "2")
    assert again.customer_ids["assigned_at"].to_list() == [LATER, AS_OF]
    assert events(again) == []


def test_a_merge_keeps_the_larger_id_and_says_so():
    apart = [{"id": n, "email": "a@b.org"} for n in (1, 2)] + [{"id": 3, "email": "c@b.org"}]
    before = resolved(apart)
    again = after(before, [*apart[:2], {"id": 3, "email": "a@b.org"}])
    kept, gone = id_of(before, "1"), id_of(before, "3")
    assert id_of(again, "3") == kept
    assert events(again) == [("merged", gone, kept)]
    assert current_ids(again.history, gone) == [kept]


def test_of_two_as_large_the_older_id_stays():
    before = resolved([{"id": 1, "email": "a@b.org"}])
    grown = after(before, [{"id": 0, "email": "c@b.org"}, {"id": 1, "email": "a@b.org"}])
    records = records_of([{"id": 0, "email": "a@b.org"}, {"id": 1, "email": "a@b.org"}])
    edges = edges_of([{"id": 0, "email": "a@b.org"}, {"id": 1, "email": "a@b.org"}])
    merged = resolve(records, edges, grown.customer_ids, grown.history, CONFIG, LATER, "run")
    assert id_of(merged, "0") == id_of(before, "1")


def test_a_split_keeps_the_id_with_the_larger_part():
    together = [{"id": n, "email": "a@b.org"} for n in (1, 2, 3)]
    before = resolved(together)
    again = after(before, [{"id": 1, "email": "c@b.org"}, *together[1:]])
    old, new = id_of(before, "1"), id_of(again, "1")
    assert id_of(again, "2") == id_of(again, "3") == old != new
    assert sorted(events(again)) == [("created", new, None), ("split", old, new)]
    assert current_ids(again.history, old) == sorted([old, new])


def test_a_customer_without_records_is_retired_and_its_id_never_issued_again():
    before = resolved([{"id": 1, "email": "a@b.org"}])
    gone = after(before, [])
    old = id_of(before, "1")
    assert events(gone) == [("retired", old, None)]
    assert current_ids(gone.history, old) == []
    back = resolved([{"id": 1, "email": "a@b.org"}], gone, LATER)
    assert id_of(back, "1") != old


def test_a_merge_of_a_merge_is_followed_to_the_end():
    rows = [
        ("created", "a", None),
        ("merged", "a", "b"),
        ("merged", "b", "c"),
        ("split", "c", "d"),
        ("retired", "x", None),
    ]
    history = pl.DataFrame(rows, schema=["event", "customer_id", "other_customer_id"], orient="row")
    assert current_ids(history, "a") == ["c", "d"]
    assert current_ids(history, "x") == []
    assert current_ids(history, "unknown") == []
    assert current_id_map(history).rows() == [
        ("a", "c"),
        ("a", "d"),
        ("b", "c"),
        ("b", "d"),
        ("c", "c"),
        ("c", "d"),
        ("x", None),
    ]


def test_ids_say_nothing_about_the_person():
    customer_id = id_of(resolved([{"id": "anna@b.org", "email": "anna@b.org"}]), "anna@b.org")
    assert "anna" not in customer_id
    assert len(customer_id) == 22


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), unique_by=lambda pair: pair[0]),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), unique_by=lambda pair: pair[0]),
)
@settings(max_examples=25, deadline=None)
def test_whatever_changes_every_id_leads_to_where_its_records_are(first, second):
    def people(pairs: list[tuple[int, int]]) -> list[dict]:
        return [{"id": n, "email": f"a{group}@b.org"} for n, group in pairs]

    before = resolved(people(first))
    again = after(before, people(second))
    moved = before.customer_ids.join(again.customer_ids, on=["source", "record_id"], suffix="_now")
    current = current_id_map(again.history)
    for old, new in moved.select("customer_id", "customer_id_now").iter_rows():
        assert new in current.filter(pl.col("customer_id") == old)["current_customer_id"]
    alive = set(again.customer_ids["customer_id"])
    assert set(current["current_customer_id"].drop_nulls()) == alive
    assert groups(again) == groups(resolved(people(second)))


def test_inserts_deletions_and_shuffling_keep_the_other_ids():
    numbers = list(range(2000))
    people = [{"id": f"{n:05}", "email": f"a{n // 2}@b.org"} for n in numbers]
    before = resolved(people)
    chance = random.Random(1)
    dropped = set(chance.sample(numbers, 20))
    new = [{"id": f"new{n}", "email": f"a{chance.randrange(1100)}@b.org"} for n in range(20)]
    changed = [person for n, person in enumerate(people) if n not in dropped] + new
    chance.shuffle(changed)
    again = after(before, changed)
    both = before.customer_ids.join(again.customer_ids, on=["source", "record_id"], suffix="_now")
    assert (both["customer_id"] == both["customer_id_now"]).all()
    vanished = set(before.customer_ids["customer_id"]) - set(again.customer_ids["customer_id"])
    assert vanished == {old for event, old, _ in events(again) if event in {"merged", "retired"}}


def test_an_edge_to_a_record_that_is_not_there_is_refused():
    records, edges = records_of([{"id": 1}]), edges_of([{"id": n, "email": "a@b.org"} for n in (1, 2)])
    with pytest.raises(DataError, match=r"1 rows of identity\.edges"):
        resolve(records, edges, NO_ISSUED, NO_HISTORY, CONFIG, AS_OF, "run")
