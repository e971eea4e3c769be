"""A waterfall is what Splink added up, bar by bar."""

from pathlib import Path

import polars as pl
import pytest

from cdp_assets.identity.explain.explain import explanation
from cdp_assets.identity.explain.explanation import Explanation
from cdp_assets.identity.explain.waterfalls import waterfalls
from cdp_assets.identity.scoring.contexts import CONTEXTS, ELSEWHERE
from cdp_assets_tests.unit.identity.explain.people import FAMILY
from cdp_assets_tests.unit.identity.explain.population import Population, match_model


def tables(population: Population) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Its records and scored pairs."""
    records, pairs = (
        population.warehouse.read_arrow(f"SELECT * FROM identity.{name}") for name in ("records", "pairs")
    )
    return pl.DataFrame(records), pl.DataFrame(pairs)


def test_prior_and_steps_of_every_pair_of_every_context_add_up_to_the_weight_it_was_scored_with(
    family: Population, tmp_path: Path
) -> None:
    namesakes = Population(tmp_path)
    mail = ("ann.lee@here.org", "ann.lee@there.org")
    namesakes.match([{"id": n, "first_name": "Ann", "last_name": "Lee", "email": mail[n]} for n in (0, 1)])
    contexts = {check_sums(population) for population in (family, namesakes)}
    assert frozenset.union(*contexts) == {ELSEWHERE, *(context.name for context in CONTEXTS)}


def check_sums(family: Population) -> frozenset[str]:
    """Check every pair's sum; the contexts they are in."""
    records, pairs = tables(family)
    falls = waterfalls(family.model, records, pairs)
    for row in pairs.iter_rows(named=True):
        fall = falls[row["number_l"], row["number_r"]]
        total = fall.prior + sum(step.weight for step in fall.steps)
        assert total == pytest.approx(row["match_weight"], abs=1e-6)
        assert total == pytest.approx(fall.match_weight, abs=1e-6)
        assert not fall.is_stale
        assert fall.threshold == family.model.threshold
    return frozenset(fall.context for fall in falls.values())


def test_a_step_names_the_level_that_both_values_reach_and_shows_them_as_they_are_matched(family: Population) -> None:
    told = explanation(family.warehouse, "shop:3", family.model).customers[0]
    (link,) = (link for link in told.links if {link.left, link.right} == {0, 2})
    assert link.waterfall is not None
    assert link.waterfall.context == "phone"
    assert link.waterfall.given == ("phone",)
    steps = {step.comparison: (step.level, step.left, step.right) for step in link.waterfall.steps}
    assert "phone" not in steps
    assert steps["first_name"] == ("same first name", "anna", "anna")
    assert steps["email"] == ("all else", "anna.smith@example.com", "as@example.org")
    assert steps["address"] == ("same postal code", "12 elm st, 02108", "02108")
    assert steps["company"] == ("missing", None, None)


def test_the_left_values_are_those_of_the_record_named_first_whatever_the_numbers(tmp_path: Path) -> None:
    population = Population(tmp_path)
    later, *others = FAMILY
    population.match(others[:2])
    population.match([later, *others[:2]])  # crm:1 comes first by its name, and has the highest number
    told = explanation(population.warehouse, "crm:1", population.model).customers[0]
    assert told.records[0].number > told.records[2].number
    (link,) = (link for link in told.links if (link.left, link.right) == (0, 2))
    assert link.waterfall is not None
    (email,) = (step for step in link.waterfall.steps if step.comparison == "email")
    assert (email.left, email.right) == ("anna.smith@example.com", "as@example.org")


def test_how_common_a_value_is_counts_as_a_step_of_its_own(anna: Explanation) -> None:
    told = anna.customers[0]
    (link,) = (link for link in told.links if (link.left, link.right) == (0, 1))
    assert link.waterfall is not None
    rarity = {step.comparison: step.weight for step in link.waterfall.steps if step.is_rarity}
    assert rarity["last_name"] < 0 < rarity["first_name"]  # every fifth is a Smith


def test_pairs_of_a_context_that_the_model_has_not_are_left_out(family: Population) -> None:
    records, pairs = tables(family)
    other = match_model()
    del other.contexts["phone"]  # type: ignore[attr-defined]
    falls = waterfalls(other, records, pairs)
    assert len(falls) == pairs.filter(pl.col("context") != "phone").height


def test_a_pair_scored_before_a_record_changed_says_so(family: Population) -> None:
    records, pairs = tables(family)
    changed = records.with_columns(last_name=pl.lit("jones"))
    falls = waterfalls(family.model, changed, pairs.filter(context=ELSEWHERE))
    assert falls
    assert all(fall.is_stale for fall in falls.values())
