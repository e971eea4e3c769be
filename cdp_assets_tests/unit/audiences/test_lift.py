"""What an arm brought more than its holdout, against published examples, another implementation, and counts by hand."""

from statistics import mean, variance

import numpy as np
import pytest
from scipy import stats

from cdp_assets.audiences.lift import Arm, Metric, compare, measure, sample_size
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets_tests.unit.audiences.refreshed import ANYONE, FRENCH, day, split
from cdp_assets_tests.unit.audiences.world import TRANSACTIONS, definition, order, put


def of_share(some, customers):
    share = some / customers
    return Arm("x", customers, share, share * (1 - share) * customers / (customers - 1))


def of_values(values):
    return Arm("x", len(values), mean(values), variance(values))


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_shares_is_that_of_newcombes_table_ii(one, other, low, high):
    found = compare(of_share(*one), of_share(*other), Metric.CONVERSION)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.is_significant == (low > 0)


@pytest.mark.parametrize("metric", [Metric.REVENUE, Metric.ORDERS])
@pytest.mark.parametrize(("arm", "holdout"), [(40, 25), (3, 200), (2, 2)])
def test_the_interval_of_means_is_that_of_welchs_test(metric, arm, holdout):
    random = np.random.default_rng(arm * 1000 + holdout)
    one, other = random.normal(12, 5, arm).tolist(), random.exponential(10, holdout).tolist()
    found = compare(of_values(one), of_values(other), metric)
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.difference == pytest.approx(mean(one) - mean(other))
    assert found.relative == pytest.approx(mean(one) / mean(other) - 1)


def test_sides_that_do_not_vary_have_an_interval_of_no_width():
    found = compare(of_values([5.0, 5.0]), of_values([3.0, 3.0]), Metric.REVENUE)
    assert (found.low, found.high, found.is_significant) == (2, 2, True)


@pytest.mark.parametrize(
    ("one", "other", "needed"), [(0.25, 0.20, 1091), (0.10, 0.05, 432), (0.55, 0.50, 1562), (0.2, 0.2, None)]
)
def test_the_sample_for_two_shares_is_that_of_the_textbooks(one, other, needed):
    assert sample_size(one * (1 - one), other * (1 - other), one - other) == needed


def test_the_sample_can_be_asked_for_a_difference_of_ones_own():
    arm, holdout = of_values([1.0, 2.0, 3.0]), of_values([1.0, 1.0, 4.0])
    assert compare(arm, holdout, Metric.ORDERS).needed is None
    found = compare(arm, holdout, Metric.ORDERS, detect=0.25)
    assert found.detectable == 0.5
    assert found.needed == int((1.959964 + 0.841621) ** 2 * (1 + 3) / 0.25) + 1


def test_a_holdout_without_any_gives_no_relative_difference():
    assert compare(of_share(3, 10), of_share(0, 10), Metric.CONVERSION).relative is None


PEOPLE = [f"c{number}" for number in range(40)]
TESTED = split(treated=50, other=20, holdout=30)


def known(world):
    """Customers by arm, after the audience was refreshed."""
    world.have(PEOPLE)
    world.refresh(TESTED)
    found = {}
    for who, arm in world.arms().items():
        found.setdefault(arm, []).append(who)
    return found


def by_arm(world, metric, on=10, audience=TESTED):
    return {one.arm: one for one in measure(world.warehouse, audience, Metric(metric), day(on))}


def test_what_customers_did_after_their_arm_was_given_and_up_to_the_moment_counts(world):
    arms = known(world)
    one, two, *_ = arms["treated"]
    held = arms["holdout"][0]
    orders = [
        order(one, day(0), "1000"),
        order(one, day(1), "30"),
        order(one, day(10), "12"),
        order(one, day(11), "1000"),
        order(one, day(2), "1000", is_deleted=True),
        order(one, day(2), "-7", type="refund"),
        order(two, day(3), "5", is_deleted=False),
        order(held, day(3), "20"),
        order("stranger", day(3), "1000"),
        order(None, day(3), "1000"),
    ]
    put(world.warehouse, {TRANSACTIONS: orders})
    size, held_size = len(arms["treated"]), len(arms["holdout"])
    revenue, counted, converted = (by_arm(world, metric)["treated"] for metric in ("revenue", "orders", "conversion"))
    assert (revenue.customers, revenue.holdout_customers) == (size, held_size)
    assert revenue.mean * size == pytest.approx(30 + 12 - 7 + 5)
    assert revenue.holdout_mean * held_size == pytest.approx(20)
    assert counted.mean * size == pytest.approx(3)
    assert converted.mean * size == pytest.approx(2)
    values = [35, 5] + [0] * (size - 2), [20] + [0] * (held_size - 1)
    expected = stats.ttest_ind(*values, equal_var=False).confidence_interval(0.95)
    assert (revenue.low, revenue.high) == pytest.approx((expected.low, expected.high))
    assert by_arm(world, "revenue")["other"].mean == 0
    assert by_arm(world, "orders", on=9)["treated"].mean * size == pytest.approx(2)


def test_customers_who_left_the_audience_count_for_their_arm(world):
    arms = known(world)
    put(world.warehouse, {TRANSACTIONS: [order(who, day(1)) for who in PEOPLE]})
    world.have(PEOPLE, french=PEOPLE[:5])
    audience = split(condition=FRENCH, treated=50, other=20, holdout=30)
    world.refresh(audience, on=2)
    assert len(world.members()) == 5
    assert by_arm(world, "orders", audience=audience)["treated"].customers == len(arms["treated"])


def test_an_id_that_was_merged_into_another_counts_no_more(world):
    arms = known(world)
    gone, survivor = arms["treated"][0], arms["holdout"][0]
    world.merge((gone, survivor))
    world.have(set(PEOPLE) - {gone})
    world.refresh(TESTED, on=1)
    put(world.warehouse, {TRANSACTIONS: [order(survivor, day(2))]})
    found = by_arm(world, "orders")["treated"]
    assert (found.customers, found.holdout_customers) == (len(arms["treated"]) - 1, len(arms["holdout"]))
    assert found.holdout_mean * found.holdout_customers == pytest.approx(1)


def test_of_a_customer_dealt_anew_only_the_last_arm_and_what_came_after_it_count(world):
    known(world)
    put(world.warehouse, {TRANSACTIONS: [order(who, day(1)) for who in PEOPLE]})
    anew = split(salt="again", treated=50, other=20, holdout=30)
    world.refresh(anew, on=5)
    found = by_arm(world, "orders", audience=anew)
    assert found["treated"].mean == found["treated"].holdout_mean == 0
    assert sum(one.customers for one in found.values()) + found["treated"].holdout_customers == len(PEOPLE)


def test_an_audience_without_a_holdout_or_customers_has_nothing_to_compare(world):
    for audience in (definition(ANYONE), split(a=50, b=50)):
        with pytest.raises(ConfigurationError, match="'tested' has no holdout"):
            measure(world.warehouse, audience, Metric.ORDERS, day(0))
    with pytest.raises(DataError, match="treated, other, holdout has fewer than 2 customers"):
        measure(world.warehouse, TESTED, Metric.ORDERS, day(0))


def test_the_variance_is_that_of_a_sample(world):
    arms = known(world)
    put(world.warehouse, {TRANSACTIONS: [order(who, day(1)) for who in arms["treated"][:3]]})
    found = by_arm(world, "orders")["treated"]
    values = [1] * 3 + [0] * (found.customers - 3)
    z = 1.959964 + 0.841621
    assert found.needed == pytest.approx(z**2 * variance(values) / mean(values) ** 2, abs=1)
