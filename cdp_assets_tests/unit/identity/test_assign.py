"""Customers keep their ids, and every id that changes has its row in the history."""

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.assign import Assignment, assign
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.history import current_id_map, current_ids

FIRST, LATER = datetime(2026, 6, 30, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
NOBODY = pl.DataFrame(
    schema={
        **dict.fromkeys(("source", "record_id", "customer_id"), pl.String),
        "assigned_at": pl.Datetime("us", "UTC"),
    }
)


def assigned(people: Mapping[object, object], before: Assignment | None = None) -> Assignment:
    """The assignment of records to clusters, after another one; its history is that of both."""
    rows = [("crm", str(record), cluster) for record, cluster in people.items()]
    numbers = {cluster: number for number, cluster in enumerate(sorted({str(row[2]) for row in rows}))}
    clusters = pl.DataFrame(
        [(source, record, numbers[str(cluster)]) for source, record, cluster in rows],
        schema={"source": pl.String, "record_id": pl.String, "cluster": pl.Int64},
        orient="row",
    )
    history = pl.DataFrame(ID_HISTORY.empty()) if before is None else before.history
    issued = set(history["customer_id"])
    found = assign(
        clusters,
        NOBODY if before is None else before.customer_ids,
        issued.intersection,
        FIRST if before is None else LATER,
        "run",
    )
    return Assignment(found.customer_ids, pl.concat([history, found.history]))


def id_of(assignment: Assignment, record: object) -> str:
    return str(assignment.customer_ids.filter(pl.col("record_id") == str(record))["customer_id"].item())


def later_events(assignment: Assignment) -> list[tuple[str, str, str | None]]:
    rows = assignment.history.filter(pl.col("happened_at") == LATER)
    return sorted(rows.select("event", "customer_id", "other_customer_id").rows())


def test_the_same_again_changes_nothing():
    before = assigned({n: n // 2 for n in range(10)})
    again = assigned({n: 100 - n // 2 for n in reversed(range(10))}, before)
    assert again.customer_ids.equals(before.customer_ids)
    assert later_events(again) == []


def test_a_new_record_takes_its_customers_id():
    before = assigned({2: "a"})
    again = assigned({1: "a", 2: "a"}, before)
    assert id_of(again, 1) == id_of(again, 2) == id_of(before, 2)
    assert again.customer_ids["assigned_at"].to_list() == [LATER, FIRST]
    assert later_events(again) == []


def test_a_merge_keeps_the_larger_id_and_says_so():
    before = assigned({1: "a", 2: "a", 3: "b"})
    again = assigned({1: "a", 2: "a", 3: "a"}, before)
    kept, gone = id_of(before, 1), id_of(before, 3)
    assert id_of(again, 3) == kept
    assert later_events(again) == [("merged", gone, kept)]
    assert current_ids(again.history, gone) == [kept]


def test_of_two_as_large_the_older_id_stays():
    grown = assigned({0: "b", 1: "a"}, assigned({1: "a"}))
    merged = assigned({0: "a", 1: "a"}, grown)
    assert id_of(merged, 0) == id_of(grown, 1)


def test_a_split_keeps_the_id_with_the_larger_part():
    before = assigned({1: "a", 2: "a", 3: "a"})
    again = assigned({1: "b", 2: "a", 3: "a"}, before)
    old, new = id_of(before, 1), id_of(again, 1)
    assert id_of(again, 2) == id_of(again, 3) == old != new
    assert later_events(again) == [("created", new, None), ("split", old, new)]
    assert current_ids(again.history, old) == sorted([old, new])


def test_a_customer_without_records_is_retired_and_its_id_never_issued_again():
    before = assigned({1: "a"})
    old = id_of(before, 1)
    gone = assigned({}, before)
    assert later_events(gone) == [("retired", old, None)]
    assert current_ids(gone.history, old) == []
    assert id_of(assigned({1: "a"}, gone), 1) != old


def test_ids_say_nothing_about_the_record():
    customer_id = id_of(assigned({"anna@b.org": "a"}), "anna@b.org")
    assert "anna" not in customer_id
    assert len(customer_id) == 22


partitions = st.dictionaries(st.integers(0, 30), st.integers(0, 8))


@given(partitions, partitions)
@settings(deadline=None)
def test_whatever_changes_every_id_leads_to_where_its_records_are(first, second):
    before = assigned(first)
    again = assigned(second, before)
    moved = before.customer_ids.join(again.customer_ids, on=["source", "record_id"], suffix="_now")
    current = current_id_map(again.history)
    for old, new in moved.select("customer_id", "customer_id_now").iter_rows():
        assert new in current.filter(pl.col("customer_id") == old)["current_customer_id"]
    assert set(current["current_customer_id"].drop_nulls()) == set(again.customer_ids["customer_id"])
    groups = {frozenset(some) for some in again.customer_ids.group_by("customer_id").agg("record_id")["record_id"]}
    meant = {frozenset(str(r) for r, c in second.items() if c == cluster) for cluster in second.values()}
    assert groups == meant


@given(partitions, partitions, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_records_does_not_matter(first, second, chance):
    before = assigned(first)
    shuffled = list(second.items())
    chance.shuffle(shuffled)
    assert assigned(dict(shuffled), before).customer_ids.equals(assigned(second, before).customer_ids)


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
    assert current_id_map(history).filter(pl.col("customer_id") == "x")["current_customer_id"].to_list() == [None]
