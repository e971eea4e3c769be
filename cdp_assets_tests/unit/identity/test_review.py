"""The review queue asks first about what is uncertain and matters, and names the pair to look at."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.clusters import components
from cdp_assets.identity.contracts import DECISIONS, REVIEW_QUEUE
from cdp_assets.identity.review import review_queue
from cdp_assets.identity.spanning import weakest_links

UNDECIDED = pl.DataFrame(DECISIONS.empty())
Edge = tuple[str, str, float, str | None]


def queue(
    customers: Mapping[str, str],
    *edges: Edge,
    quarantined: str = "",
    never: tuple[str, str] | None = None,
    revenue: Mapping[str, str] | None = None,
    limit: int = 1000,
) -> pl.DataFrame:
    """The queue of records (named by one letter) of customers, and edges (one, other, probability, vetoed by).

    A customer's name begins with its component's letter.
    """
    names = list(customers)
    schema = {"record_id": pl.String, "customer_id": pl.String}
    ids = pl.DataFrame({"record_id": names, "customer_id": list(customers.values())}, schema=schema)
    ids = ids.with_columns(source=pl.lit("crm"))
    clusters = ids.select(
        *("source", "record_id"),
        component=pl.col("customer_id").str.slice(0, 1).rank("dense").cast(pl.Int64),
        quarantined_by=pl.when(pl.col("record_id").is_in(list(quarantined))).then(pl.lit("size")),
    )
    schema = {
        "record_id_l": pl.String,
        "record_id_r": pl.String,
        "match_probability": pl.Float64,
        "vetoed_by": pl.String,
    }
    found = pl.DataFrame(list(edges), schema=schema, orient="row").with_columns(
        source_l=pl.lit("crm"), source_r=pl.lit("crm")
    )
    spent = None
    if revenue is not None:
        rows = [("crm", name, Decimal(amount)) for name, amount in revenue.items()]
        spent = pl.DataFrame(
            rows, schema={"source": pl.String, "record_id": pl.String, "amount": pl.Decimal(18, 4)}, orient="row"
        )
    decisions = UNDECIDED
    if never:
        row = ("crm", never[0], "crm", never[1], "never", "why", "ann", datetime(2026, 7, 1, tzinfo=UTC))
        decisions = pl.DataFrame([row], schema=UNDECIDED.schema, orient="row")
    return review_queue(found, clusters, ids, decisions, spent, limit)


def asked(result: pl.DataFrame) -> list[tuple[str, str, str | None]]:
    """Reason and pair of each row, in order."""
    return result.select("reason", "record_id_l", "record_id_r").rows()


def test_the_bridge_between_two_certain_halves_is_what_to_look_at():
    halves = [("a", "b", 0.999, None), ("b", "c", 0.7, None), ("c", "d", 0.999, None), ("b", "d", 0.6, None)]
    result = queue(dict.fromkeys("abcd", "x"), *halves)
    assert asked(result) == [("weak_link", "b", "c")]
    row = result.row(0, named=True)
    assert (row["rank"], row["customer_id"], row["records"], row["revenue"]) == (1, "x", 4, None)
    assert row["uncertainty"] == pytest.approx(0.6)
    assert row["priority"] == pytest.approx(0.6 * math.log(5))


def test_a_weak_link_beside_a_strong_path_is_not_asked_about():
    assert queue(
        dict.fromkeys("abc", "x"), ("a", "b", 0.999, None), ("b", "c", 0.999, None), ("a", "c", 0.5, None)
    ).is_empty()


def test_rules_and_stewards_are_certain():
    assert queue(dict.fromkeys("ab", "x"), ("a", "b", 1.0, None)).is_empty()


def test_a_link_that_holds_against_the_odds_is_wholly_uncertain():
    assert queue(dict.fromkeys("ab", "x"), ("a", "b", 0.2, None))["uncertainty"].to_list() == [1.0]


def test_of_two_as_uncertain_the_larger_and_the_one_who_spends_more_come_first():
    customers = dict.fromkeys("ab", "x") | dict.fromkeys("cde", "y") | dict.fromkeys("fg", "z")
    edges = [("a", "b", 0.8, None), ("c", "d", 0.8, None), ("d", "e", 0.99, None), ("f", "g", 0.8, None)]
    assert queue(customers, *edges)["customer_id"].to_list() == ["y", "x", "z"]
    result = queue(customers, *edges, revenue={"f": "80.5", "g": "20", "a": "-50"})
    assert result["customer_id"].to_list() == ["z", "y", "x"]
    assert result["revenue"].to_list() == [100.5, None, -50.0]
    assert result["priority"][0] == pytest.approx(0.4 * (math.log(3) + math.log(101.5)))
    assert result["priority"][2] == pytest.approx(0.4 * math.log(3))


def test_a_vetoed_link_as_likely_as_not_is_asked_about_once_for_two_customers():
    customers = dict.fromkeys("ab", "x1") | dict.fromkeys("cd", "x2")
    apart = [("a", "c", 0.9, "first_name"), ("b", "d", 0.6, "first_name"), ("a", "d", 1.0, "first_name")]
    result = queue(customers, *apart)
    assert asked(result) == [("vetoed_link", "b", "d")]
    assert result["records"].item() == 4
    assert result["uncertainty"].item() == pytest.approx(0.8)


def test_what_a_steward_separated_is_not_asked_again_whichever_records_were_named():
    customers = dict.fromkeys("ab", "x1") | dict.fromkeys("cd", "x2")
    edges = [("b", "c", 0.5, "first_name")]
    assert asked(queue(customers, *edges)) == [("vetoed_link", "b", "c")]
    assert queue(customers, *edges, never=("a", "d")).is_empty()


def test_records_set_apart_are_asked_about_once_a_component_with_their_strongest_link():
    customers = {"a": "x1", "b": "x2", "c": "x3", "d": "y1"}
    edges = [("a", "b", 0.8, "limit"), ("b", "c", 1.0, "limit"), ("a", "c", 1.0, "limit")]
    result = queue(customers, *edges, quarantined="bcd")
    assert asked(result) == [("quarantined", "b", "c"), ("quarantined", "d", None)]
    assert result.select("customer_id", "records", "uncertainty").rows() == [("x2", 2, 1.0), ("y1", 1, 1.0)]


def test_the_queue_ends_at_its_limit_and_ranks_count_from_one():
    customers = {f"{side}{n}": f"x{n}" for n in range(9) for side in "ab"}
    edges = [(f"a{n}", f"b{n}", 0.5 + n / 20, None) for n in range(9)]
    result = queue(customers, *edges, limit=4)
    assert result["rank"].to_list() == [1, 2, 3, 4]
    assert result["customer_id"].to_list() == ["x0", "x1", "x2", "x3"]
    assert result.to_arrow().cast(REVIEW_QUEUE.schema).num_rows == 4


def test_nothing_to_match_leaves_nothing_to_review():
    assert queue({}).to_arrow().cast(REVIEW_QUEUE.schema).num_rows == 0


letters = "abcdefgh"
pairs = st.tuples(st.sampled_from(letters), st.sampled_from(letters)).filter(lambda pair: pair[0] < pair[1])
probabilities = st.sampled_from([0.3, 0.5, 0.6, 0.8, 0.95, 0.999, 1.0])


@given(
    st.lists(st.sampled_from(["x1", "x2", "y1"]), min_size=8, max_size=8),
    st.dictionaries(pairs, st.tuples(probabilities, st.sampled_from([None, "first_name"]))),
    st.sets(st.sampled_from(letters)),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=60)
def test_the_order_of_rows_does_not_matter(customers, edges, quarantined, chance):
    of, links = list(zip(letters, customers, strict=True)), [(*pair, *rest) for pair, rest in edges.items()]
    spent = {name: f"{ord(name) / 7:.4f}" for name in letters[::2]}
    one = queue(dict(of), *links, quarantined="".join(quarantined), revenue=spent)
    chance.shuffle(of)
    chance.shuffle(links)
    assert queue(dict(of), *links, quarantined="".join(quarantined), revenue=dict(reversed(spent.items()))).equals(one)


@given(st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda p: p[0] < p[1]), probabilities))
@settings(deadline=None)
def test_the_weakest_link_is_as_strong_as_the_strongest_way_to_join_all_records(edges):
    links = pl.DataFrame(
        [(*pair, p) for pair, p in edges.items()],
        schema={"node_l": pl.Int64, "node_r": pl.Int64, "match_probability": pl.Float64},
        orient="row",
    )
    groups = components(7, links)
    named = links.join(groups.rename({"node": "node_l", "component": "customer"}), on="node_l")
    found = weakest_links(named, 7)
    assert sorted(found["customer"]) == sorted(named["customer"].unique())
    for customer, weakest in found.select("customer", "match_probability").iter_rows():
        own = named.filter(customer=customer)
        members = groups.filter(component=customer).height

        def joined(least: float, own: pl.DataFrame = own) -> int:
            return (
                components(7, own.filter(pl.col("match_probability") >= least)).group_by("component").len()["len"].max()
            )

        assert joined(weakest) == members
        assert joined(math.nextafter(weakest, 2)) < members
