"""The household generator: people who live together, and records as sources and hands make them."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks._identity.changes import story
from benchmarks._identity.datasets import PUBLISHED, Dataset, household_set, published
from benchmarks._identity.households import households
from benchmarks._identity.names import all_surnames, surnames
from benchmarks._identity.noise import births, called, slips
from benchmarks._identity.population import population
from cdp_assets.identity.quality import cluster_quality
from cdp_assets_tests.reference_data import reference_file

RECORDS, TRUTH = households(5000, seed=1)
PEOPLE = population(np.random.default_rng(1), 5000)


def test_a_seed_gives_the_same_records_again_and_another_seed_gives_others():
    again, truth = households(300, seed=2)
    same, same_truth = households(300, seed=2)
    other, _ = households(300, seed=3)
    assert again.equals(same)
    assert truth.equals(same_truth)
    assert not again.equals(other)


def test_people_have_four_records_on_average_and_some_many_more():
    counts = TRUTH.value_counts()["count"]
    assert (RECORDS.height, counts.len(), counts.min()) == (20_000, 5000, 1)
    assert counts.max() > 15


def test_neither_row_order_nor_record_id_tells_who_it_is():
    number = RECORDS["record_id"].str.slice(2).cast(pl.Int64).to_numpy()
    for telling in (np.arange(RECORDS.height), number):
        assert abs(np.corrcoef(telling, TRUTH.to_numpy())[0, 1]) < 0.03
    assert RECORDS.select("source", "record_id").is_unique().all()


def test_household_members_share_surname_address_and_landline_but_not_mobile():
    pairs = PEOPLE.join(PEOPLE, on="household").filter(pl.col("person") < pl.col("person_right"))
    assert (pairs["last"] == pairs["last_right"]).mean() > 0.6
    assert (pairs["street"] == pairs["street_right"]).all()
    assert (pairs["landline"] == pairs["landline_right"]).drop_nulls().all()
    assert not (pairs["mobile"] == pairs["mobile_right"]).drop_nulls().any()


def test_there_are_juniors_and_twins():
    juniors = PEOPLE.filter("junior").join(PEOPLE.filter(pl.col("place") == 0), on="household")
    assert juniors.height > 3
    assert (juniors["first"] == juniors["first_right"]).all()
    assert (juniors["born"] > juniors["born_right"]).all()
    children = PEOPLE.filter("child")
    assert 0.005 < children.select("household", "born").is_duplicated().mean() < 0.15


def test_no_two_people_have_an_email_of_their_own_in_common():
    emails = pl.concat([PEOPLE["email"], PEOPLE["email_2"]]).drop_nulls()
    assert emails.n_unique() == emails.len()


def test_surnames_are_skewed_as_in_a_census():
    drawn = surnames(np.random.default_rng(1), 100_000).alias("name").value_counts(sort=True)
    assert all_surnames().n_unique() == all_surnames().len() == 8000
    assert 0.005 < drawn["count"][0] / 100_000 < 0.015
    assert drawn.height > 4000


def test_slips_change_the_share_that_they_are_told_to():
    names = pl.Series(["Katherine"] * 4000)
    rng = np.random.default_rng(1)
    assert (slips(rng, names, 0.0) == names).all()
    slipped = slips(rng, names, 0.25)
    assert 0.2 < (slipped != names).mean() < 0.3
    assert set(slipped.str.len_chars().unique()) == {8, 9, 10}


def test_nicknames_are_those_of_the_name():
    called_by = called(np.random.default_rng(1), pl.Series(["Robert"] * 500), 1.0)
    assert {"Bob", "Rob"} <= set(called_by)
    assert not {"Jim", "Kate", "Robert"} & set(called_by)


def test_slips_in_dates_leave_dates():
    leap = pl.Series(["2000-02-29"] * 500).str.to_date()
    wrong = births(np.random.default_rng(1), leap, 1.0)
    assert wrong.null_count() == 0
    assert (wrong != leap).mean() > 0.5


def test_an_exact_email_finds_most_and_is_shared_by_some_households():
    email = RECORDS["email"].str.strip_chars().str.to_lowercase()
    found = pl.select(pl.coalesce(email, pl.lit(RECORDS["record_id"])).alias("found"))["found"]
    quality = cluster_quality(found, TRUTH)
    assert 0.98 < quality.precision < 0.9999
    assert 0.5 < quality.recall < 0.7


def test_the_family_alone_is_no_reason_to_merge():
    lived = RECORDS.select(family=pl.concat_str(pl.col("last_name").str.to_lowercase(), "postal_code"), truth=TRUTH)
    lived = lived.drop_nulls()
    assert cluster_quality(lived["family"], lived["truth"]).precision < 0.6


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100), share=st.sampled_from([0.01, 0.05, 0.2]))
def test_a_story_ends_with_what_its_deltas_leave(seed: int, share: float):
    records, truth = RECORDS.head(1000), TRUTH.head(1000)
    told = story(records, truth, share, seed)
    key = ["source", "record_id"]
    left = pl.concat([told.base, told.inserted]).join(told.changed, on=key, how="anti")
    live = told.changed.filter(~pl.col("is_deleted")).drop("is_deleted")
    assert pl.concat([left, live]).sort(key).equals(told.final.sort(key))
    assert told.inserted.height == told.changed.height == round(1000 * share)
    deleted = told.changed.filter("is_deleted")
    assert deleted.height == round(1000 * share / 5)
    assert deleted.join(told.base, on=key, how="semi").height == deleted.height
    known = live.join(told.base, on=key, how="inner")
    assert known.height == round(1000 * share * 2 / 5)


def test_most_of_the_changed_records_do_change():
    told = story(RECORDS, TRUTH, 0.1, seed=1)
    key = ["source", "record_id"]
    known = told.changed.filter(~pl.col("is_deleted")).drop("is_deleted").join(told.base, on=key, how="semi")
    same = known.join(told.base, on=told.base.columns, how="semi", nulls_equal=True)
    assert same.height < 0.2 * known.height


def test_a_household_set_is_in_contract_columns_alone():
    small = household_set(400, seed=1)
    assert small.contract_records.columns == small.records.columns
    assert small.records.height == small.truth.len() == 400


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_set_keeps_its_truth_apart(name: str):
    dataset = _published(name)
    assert (dataset.records.height, dataset.truth.n_unique()) == {
        "febrl3": (5000, 2000),
        "febrl4": (10_000, 5000),
        "historical": (50_578, 5156),
    }[name]
    assert "truth" not in dataset.records.columns
    assert {"source", "record_id", "first_name", "last_name", "date_of_birth"} <= set(dataset.contract_records.columns)
    names = dataset.contract_records.select("last_name", "date_of_birth").with_columns(truth=dataset.truth)
    exact = names.drop_nulls().with_columns(key=pl.concat_str("last_name", "date_of_birth"))
    assert cluster_quality(exact["key"], exact["truth"]).precision > 0.9, "truth stands beside its own record"


def _published(name: str) -> Dataset:
    try:
        return published(name)
    except FileNotFoundError as absent:
        pytest.skip(str(absent))


def test_a_published_set_that_is_absent_says_where_it_is_looked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("CDP_TEST_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"historical_50k\.parquet is not there; set CDP_TEST_DATA"):
        published("historical")


def test_the_reference_data_is_found_where_tests_find_it():
    if not reference_file("historical_50k.parquet").exists():
        pytest.skip("the reference data is not there")
    assert published("historical").records.height == 50_578
