"""Who lives together is a household, keeps its id, and stays as many customers as before."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.contracts import HOUSEHOLDS
from cdp_assets.identity.households import Households, households

FIRST, LATER = datetime(2026, 6, 30, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
NONE_ISSUED = pl.DataFrame(HOUSEHOLDS.empty())
ELM = {"street": "1 elm st", "postal_code": "10001"}
OAK = {"street": "2 oak st", "postal_code": "10002"}
_TEXTS = ("customer", "last_name", "street", "city", "postal_code", "phones")


def found(
    *rows: dict[str, Any], issued: pl.DataFrame = NONE_ISSUED, as_of: datetime = FIRST, shuffled: int | None = None
) -> pl.DataFrame:
    """The households of records, each with its `customer`, `last_name`, `street`, ... and perhaps `updated`."""
    schema = {**dict.fromkeys(_TEXTS, pl.String), "updated": pl.Datetime("us", "UTC")}
    frame = pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)
    frame = frame.with_row_index("record_id").with_columns(pl.col("record_id").cast(pl.String), source=pl.lit("crm"))
    if shuffled is not None:
        frame = frame.sample(fraction=1, shuffle=True, seed=shuffled)
    ids = frame.select("source", "record_id", customer_id="customer")
    records = frame.drop("customer").rename({"updated": "source_updated_at"})
    return households(records.reverse(), ids, issued, as_of, Households())


def homes(result: pl.DataFrame) -> set[frozenset[str]]:
    """The households as sets of customers."""
    return {frozenset(members) for members in result.group_by("household_id").agg("customer_id")["customer_id"]}


def person(customer: str, last_name: str | None = None, **rest: Any) -> dict[str, Any]:
    return {"customer": customer, "last_name": last_name, **rest}


def test_a_couple_of_two_names_at_one_address_is_a_household_and_stays_two_customers():
    result = found(person("ann", "lee", **ELM), person("bo", "fox", **ELM), person("cy", "fox", **OAK))
    assert homes(result) == {frozenset({"ann", "bo"})}
    assert result["linked_by"].to_list() == ["address", "address"]
    assert result.to_arrow().cast(HOUSEHOLDS.schema).num_rows == 2


def test_who_lives_alone_or_nowhere_has_no_row():
    assert found(person("ann", "lee", **ELM), person("ann", "lee", **ELM), person("bo", "lee")).is_empty()
    assert found().is_empty()


def test_in_a_building_without_flat_numbers_only_those_of_one_name_live_together():
    tower = [person(name[0] + "1", name, **ELM) for name in ("lee", "fox", "ray", "day")]
    result = found(*tower, person("l2", "lee", **ELM), person("nameless", None, **ELM))
    assert homes(result) == {frozenset({"l1", "l2"})}


def test_where_more_meet_than_a_household_has_it_is_an_institution():
    fits = [person(f"c{n:02}", "lee", **ELM) for n in range(15)]
    assert len(found(*fits)) == 15
    assert found(*fits, person("c15", "lee", **ELM)).is_empty()


def test_a_flat_number_tells_households_apart():
    flats = [{"street": f"1 elm st apt {n}", "postal_code": "10001"} for n in (1, 2)]
    result = found(*(person(f"{flat}{n}", "lee", **flats[flat]) for flat in (0, 1) for n in (0, 1)))
    assert homes(result) == {frozenset({"00", "01"}), frozenset({"10", "11"})}


def test_one_postal_code_known_of_a_street_and_city_stands_for_a_missing_one():
    city = {"street": "1 elm st", "city": "york"}
    joined = found(person("ann", "lee", **city, postal_code="10001"), person("bo", "fox", **city))
    assert homes(joined) == {frozenset({"ann", "bo"})}
    several = found(
        person("ann", "lee", **city, postal_code="10001"),
        person("bo", "fox", **city),
        person("cy", "ray", **city, postal_code="10002"),
    )
    assert several.is_empty()


def test_a_shared_phone_joins_those_of_one_name_wherever_they_live():
    result = found(person("ann", "lee", phones="+1555 +1666", **ELM), person("bo", "lee", phones="+1555", **OAK))
    assert homes(result) == {frozenset({"ann", "bo"})}
    assert result["linked_by"].to_list() == ["phone", "phone"]


def test_a_phone_joins_two_names_in_one_area_alone():
    near = {**ELM, "street": "9 elm st"}
    assert homes(found(person("ann", "lee", phones="+1555", **ELM), person("bo", "fox", phones="+1555", **near)))
    assert found(person("ann", "lee", phones="+1555", **ELM), person("bo", "fox", phones="+1555", **OAK)).is_empty()
    homeless = found(person("ann", "lee", phones="+1555", **ELM), person("bo", "fox", phones="+1555"))
    assert homes(homeless) == {frozenset({"ann", "bo"})}


def test_who_moved_does_not_live_with_the_next_tenant_but_still_with_the_family():
    moved = [person("ann", "lee", **ELM, updated=FIRST), person("ann", "lee", **OAK, updated=LATER)]
    assert found(*moved, person("next", "fox", **ELM, updated=LATER)).is_empty()
    assert homes(found(*moved, person("son", "lee", **ELM, updated=FIRST))) == {frozenset({"ann", "son"})}


def test_home_is_what_most_records_say_where_no_time_is_known():
    known = [person("ann", "lee", **OAK), person("ann", "lee", **ELM), person("ann", "lee", **OAK)]
    assert homes(found(*known, person("bo", "fox", **OAK))) == {frozenset({"ann", "bo"})}
    assert found(*known, person("bo", "fox", **ELM)).is_empty()


def test_phones_and_former_addresses_that_chain_families_together_leave_each_at_home():
    families = range(8)
    chained_by_phone = [
        person(f"{n}{who}", "lee", street=f"{n} elm st", postal_code="10001", phones=f"+1{n} +1{n + 1}")
        for n in families
        for who in "ab"
    ]
    assert homes(found(*chained_by_phone)) == {frozenset({f"{n}a", f"{n}b"}) for n in families}
    chained_by_moves = [
        person(f"{n}{who}", "lee", street=f"{n + step} elm st", postal_code="10001", updated=(FIRST, LATER)[step])
        for n in families
        for who in "ab"
        for step in (0, 1)
    ]
    assert homes(found(*chained_by_moves)) == {frozenset({f"{n}a", f"{n}b"}) for n in families}


def test_a_household_keeps_its_id_and_members_their_date_while_it_grows():
    before = found(person("bo", "fox", **ELM), person("cy", "fox", **ELM))
    grown = found(*(person(name, "fox", **ELM) for name in ("ann", "bo", "cy")), issued=before, as_of=LATER)
    assert grown["household_id"].unique().to_list() == before["household_id"].unique().to_list()
    assert dict(grown.select("customer_id", "assigned_at").iter_rows()) == {"ann": LATER, "bo": FIRST, "cy": FIRST}


def test_of_a_household_that_parts_the_larger_part_keeps_the_id():
    names = ("ann", "bo", "cy", "di", "ed")
    before = found(*(person(name, "fox", **ELM) for name in names))
    parted = found(*(person(name, "fox", **(OAK if name in "ann bo" else ELM)) for name in names), issued=before)
    kept = before["household_id"].unique().item()
    of = dict(parted.select("customer_id", "household_id").iter_rows())
    assert of["cy"] == of["di"] == of["ed"] == kept != of["ann"] == of["bo"]


def test_an_id_says_nothing_about_where_and_belongs_to_the_same_people_alone():
    one = found(person("ann", "fox", **ELM), person("bo", "fox", **ELM))
    other = found(person("ann", "fox", **ELM), person("cy", "fox", **ELM))
    assert one["household_id"][0] != other["household_id"][0]
    assert one["household_id"].str.contains("^h_[a-z2-7]{20}$").all()


places = st.sampled_from([{}, ELM, OAK, {**ELM, "postal_code": None, "city": "york"}, {**OAK, "city": "york"}])
rows = st.lists(
    st.builds(
        lambda who, name, place, phones: person(f"c{who:02}", name, **place, phones=phones),
        st.integers(0, 24),
        st.sampled_from([None, "lee", "fox", "ray", "day"]),
        places,
        st.sampled_from([None, "+1555", "+1666", "+1555 +1666"]),
    ),
    max_size=60,
)


@given(rows, rows, st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_whatever_the_records_households_are_small_stable_and_the_same_in_any_order(first, second, seed):
    before = found(*first)
    after = found(*second, issued=before, as_of=LATER)
    for result, records in ((before, first), (after, second)):
        assert result["customer_id"].is_unique().all()
        assert set(result["customer_id"]) <= {row["customer"] for row in records}
        sizes = result.group_by("household_id").len()["len"]
        assert sizes.is_between(2, 15).all()
    assert found(*second, issued=after, as_of=FIRST).equals(after)
    assert found(*second, issued=before.sample(fraction=1, shuffle=True, seed=seed), as_of=LATER).equals(after)
    assert homes(found(*second, shuffled=seed)) == homes(after)
