"""What a pair says does not depend on which of its records is on the left, nor on the other records."""

import string
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets.identity.scoring.compare import COLUMNS, compared
from cdp_assets.identity.scoring.comparisons import COMPARISONS
from cdp_assets.identity.scoring.contexts import CONTEXTS, in_context
from cdp_assets.identity.scoring.scores import scoring_query
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets_tests.unit.identity.explain.population import match_model
from cdp_assets_tests.unit.identity.scoring.bench import both_ways, compared_columns, variations

MODEL = match_model()
KNOWN = {*COLUMNS, "given", "forms", "mailbox", "street_name", "all_emails", "all_phones"}
SIDES = ["number_l", "number_r"]
PAIRS = "pairs JOIN nodes AS l ON place_l = l.rowid JOIN nodes AS r ON place_r = r.rowid"

letters = st.sampled_from("ab") | st.sampled_from("aé łß中क😀👨‍👩‍👧") | st.sampled_from(string.ascii_lowercase)
words = st.text(letters, min_size=1, max_size=7).map(str.strip).filter(bool)
names = st.sampled_from(["anna", "ann", "a", "anna maria", "smith", "smyth", "maria", "ü"]) | words
mails = st.builds("{}@{}".format, names.map(lambda name: name.replace(" ", ".")), st.sampled_from(["b.org", "c.org"]))
phones = st.sampled_from(["+15125550101", "+15125550110", "+15125550102", "+4930123456"])
streets = st.sampled_from(["12 oak ave", "21 oak ave", "oak ave", "12 oak st", "5 😀 ave", "main", "1 2"]) | words
codes = st.sampled_from(["10001", "10010", "1000", "sw1a1aa", "10002"]) | words
births = st.integers(0, 40).map(lambda days: date(1980, 1, 1) + timedelta(days=days * 13))
records = st.fixed_dictionaries(
    {},
    optional={
        "first_name": names,
        "name_forms": st.lists(names.map(lambda name: name.split()[0]), min_size=1, max_size=3).map(" ".join),
        "last_name": names,
        "email": mails,
        "emails": st.lists(mails, min_size=1, max_size=3).map(" ".join),
        "phone": phones,
        "phones": st.lists(phones, min_size=1, max_size=3).map(" ".join),
        "street": streets,
        "city": names,
        "postal_code": codes,
        "date_of_birth": births,
        "company": names,
    },
)
several = st.lists(records, min_size=2, max_size=6)
quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(several)
def test_every_condition_says_the_same_both_ways(some):
    levels = [(one.missing, f"{one.name}: missing") for one in COMPARISONS]
    levels += [(level.condition, f"{one.name}: {level.label}") for one in COMPARISONS for level in one.levels]
    with both_ways(some, {}) as connection:
        contexts = ", ".join(f"({one.condition}) AS {one.name}" for one in CONTEXTS)
        beside = f"SELECT COLUMNS(l.*) AS '\\0_l', COLUMNS(r.*) AS '\\0_r', {contexts} FROM {PAIRS}"
        held = ", ".join(
            [*(f'({condition}) AS "{name}"' for condition, name in levels), *(one.name for one in CONTEXTS)]
        )
        found = pl.DataFrame(connection.sql(f"SELECT number_l, number_r, {held} FROM ({beside})").to_arrow_table())
    turned = found.rename({"number_l": "number_r", "number_r": "number_l"}).select(found.columns)
    assert found.sort(SIDES).equals(turned.sort(SIDES))


@pytest.fixture(scope="module")
def scoring() -> str:
    return scoring_query(MODEL.contexts, in_context(MODEL.contexts), KNOWN, levels=True)


@quick
@given(several)
def test_context_levels_and_weight_of_a_pair_are_the_same_both_ways(scoring, some):
    with both_ways(some, MODEL.term_frequencies) as connection:
        found = pl.DataFrame(connection.sql(scoring).to_arrow_table())
    assert found.height == len(some) * (len(some) - 1)
    assert found.unique().height == found.height // 2


def test_a_pairs_weight_depends_on_its_records_and_the_model_alone():
    everything = compared_columns(variations(200))
    pairs = weighed(everything)
    assert set(pairs["context"]) == set(MODEL.contexts)
    assert pairs.equals(weighed(everything.sample(fraction=1, shuffle=True, seed=1)))
    some = pl.col("number_l").is_between(40, 59) | pl.col("number_r").is_between(40, 59)
    changed = everything.with_columns(is_changed=pl.col("record_number").is_between(40, 59))
    assert pairs.filter(some).equals(weighed(changed, only_changed=True))
    alone = pairs.row(pairs.height // 2, named=True)
    two = everything.filter(pl.col("record_number").is_in([alone["number_l"], alone["number_r"]]))
    assert weighed(two.reverse()).to_dicts() == [alone]


def weighed(records: pl.DataFrame, *, only_changed: bool = False) -> pl.DataFrame:
    """`contracts.PAIRS` of what blocking finds, in order."""
    with compared(records.to_arrow(), MODEL, Limits(threads=2), only_changed=only_changed) as rows:
        return pl.DataFrame(rows.read_all()).sort(SIDES)
