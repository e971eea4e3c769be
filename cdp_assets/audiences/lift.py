"""What an arm of an audience brought more than its holdout: uplift with a confidence interval, and the sample it takes.

Customers count for the arm they were given, whether they stayed in the audience or not (intention to treat), and what
they did from then up to `as_of` counts; ids that are no longer there, as those merged into others, do not. Means are
compared by Welch's interval; the share who ordered by Newcombe's (Statistics in Medicine 17, 1998, method 10). Sample
sizes are those of a two-sided test by the normal approximation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil, sqrt

from scipy.stats import norm, t
from sqlglot import exp

from cdp_assets.audiences.contracts import ASSIGNMENTS
from cdp_assets.audiences.declared import CUSTOMERS, TRANSACTIONS
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.expressions import column
from cdp_assets.audiences.options import HOLDOUT
from cdp_assets.audiences.splits import Dealing
from cdp_assets.audiences.values import moment
from cdp_assets.errors import ConfigurationError, DataError
from cdp_assets.warehouses.base import Warehouse

CONFIDENCE, POWER = 0.95, 0.8
_FEWEST = 2


class Metric(StrEnum):
    """What is compared, a customer of an arm."""

    CONVERSION = "conversion"
    ORDERS = "orders"
    REVENUE = "revenue"


@dataclass(frozen=True)
class Arm:
    """The customers of an arm: how many, and the mean and variance of the metric."""

    name: str
    customers: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Lift:
    """An arm against the holdout: the difference of means with its interval, in the metric's unit.

    `relative` is the difference over the holdout's mean, None if that is 0. `needed` is how many customers each side
    takes to tell a difference as large as `detectable` from none; None if there is none to tell.
    """

    arm: str
    metric: Metric
    customers: int
    holdout_customers: int
    mean: float
    holdout_mean: float
    difference: float
    low: float
    high: float
    relative: float | None
    detectable: float
    needed: int | None

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves out no difference."""
        return self.low > 0 or self.high < 0


def measure(
    warehouse: Warehouse, definition: AudienceDefinition, metric: Metric, as_of: datetime, detect: float | None = None
) -> list[Lift]:
    """Each arm of an audience against its holdout; `detect` is the relative difference that samples are to tell.

    Raises:
        ConfigurationError: the audience has no holdout.
        DataError: an arm or the holdout has too few customers to compare.
    """
    splits = definition.splits
    if splits is None or not splits.holdout:
        raise ConfigurationError(
            f"the audience {definition.name!r} has no holdout to compare with; give it one in splits."
        )
    found = {arm.name: arm for arm in _arms(warehouse, definition, metric, as_of)}
    few = [name for name in splits.shares if name not in found or found[name].customers < _FEWEST]
    if few:
        raise DataError(
            f"audience {definition.name!r}: {', '.join(few)} has fewer than {_FEWEST} customers to compare."
        )
    holdout = found.pop(HOLDOUT)
    return [compare(found[name], holdout, metric, detect) for name in splits.arms]


def compare(arm: Arm, holdout: Arm, metric: Metric, detect: float | None = None) -> Lift:
    """An arm against a holdout of at least two customers each."""
    low, high = (_newcombe if metric is Metric.CONVERSION else _welch)(arm, holdout)
    difference = arm.mean - holdout.mean
    detectable = abs(difference) if detect is None else abs(detect * holdout.mean)
    return Lift(
        arm=arm.name,
        metric=metric,
        customers=arm.customers,
        holdout_customers=holdout.customers,
        mean=arm.mean,
        holdout_mean=holdout.mean,
        difference=difference,
        low=low,
        high=high,
        relative=difference / holdout.mean if holdout.mean else None,
        detectable=detectable,
        needed=sample_size(arm.variance, holdout.variance, detectable),
    )


def sample_size(variance: float, other_variance: float, difference: float) -> int | None:
    """Customers each of two equal sides needs to tell a difference of means from none, four times in five."""
    if not difference:
        return None
    z = norm.ppf(1 - (1 - CONFIDENCE) / 2) + norm.ppf(POWER)
    return ceil(float(z) ** 2 * (variance + other_variance) / difference**2)


def _welch(arm: Arm, holdout: Arm) -> tuple[float, float]:
    difference = arm.mean - holdout.mean
    parts = [one.variance / one.customers for one in (arm, holdout)]
    if not sum(parts):
        return difference, difference
    freedom = sum(parts) ** 2 / sum(
        part**2 / (one.customers - 1) for part, one in zip(parts, (arm, holdout), strict=True)
    )
    margin = float(t.ppf(1 - (1 - CONFIDENCE) / 2, freedom)) * sqrt(sum(parts))
    return difference - margin, difference + margin


def _newcombe(arm: Arm, holdout: Arm) -> tuple[float, float]:
    difference = arm.mean - holdout.mean
    (low, high), (other_low, other_high) = _wilson(arm), _wilson(holdout)
    below = sqrt((arm.mean - low) ** 2 + (other_high - holdout.mean) ** 2)
    above = sqrt((high - arm.mean) ** 2 + (holdout.mean - other_low) ** 2)
    return difference - below, difference + above


def _wilson(arm: Arm) -> tuple[float, float]:
    """Wilson's interval of a share (JASA 22, 1927)."""
    z, n = float(norm.ppf(1 - (1 - CONFIDENCE) / 2)), arm.customers
    centre = (arm.mean + z**2 / (2 * n)) / (1 + z**2 / n)
    margin = z / (1 + z**2 / n) * sqrt(arm.mean * (1 - arm.mean) / n + z**2 / (4 * n**2))
    return centre - margin, centre + margin


def _arms(warehouse: Warehouse, definition: AudienceDefinition, metric: Metric, as_of: datetime) -> Sequence[Arm]:
    if not warehouse.exists(ASSIGNMENTS.table):
        return []
    value = exp.cast(column("value", "v"), "double")
    sums = {"total": exp.Sum(this=value), "squares": exp.Sum(this=exp.Mul(this=value.copy(), expression=value.copy()))}
    values = _values(definition, metric, as_of).subquery(exp.to_identifier("v", quoted=True))
    query = exp.select(column("arm", "v"), exp.Count(this=exp.Star()).as_("customers", quoted=True))
    query = query.select(*(total.as_(name, quoted=True) for name, total in sums.items())).from_(values)
    rows = warehouse.read_arrow(query.group_by(column("arm", "v"))).to_pylist()
    return [_arm(row["arm"], row["customers"], row["total"], row["squares"]) for row in rows]


def _arm(name: str, customers: int, total: float, squares: float) -> Arm:
    mean = total / customers
    spread = max(squares - customers * mean**2, 0.0)
    return Arm(name, customers, mean, spread / (customers - 1) if customers > 1 else 0.0)


def _values(definition: AudienceDefinition, metric: Metric, as_of: datetime) -> exp.Select:
    """`customer_id`, `arm`, `value` of every customer there is who was given an arm."""
    assert definition.splits is not None
    dealt = Dealing(definition.name, definition.splits).given(("assigned_at",))
    orders = exp.Count(this=column("transaction_id", "t"))
    one, zero = exp.Literal.number(1), exp.Literal.number(0)
    value: exp.Expr = {
        Metric.CONVERSION: exp.case().when(exp.GT(this=orders, expression=zero), one).else_(zero),
        Metric.ORDERS: orders,
        Metric.REVENUE: exp.Coalesce(this=exp.Sum(this=column("amount_reporting", "t")), expressions=[zero]),
    }[metric]
    keys = (column("customer_id", "g"), column("arm", "g"))
    since = exp.GT(this=column("occurred_at", "t"), expression=column("assigned_at", "g"))
    until = exp.LTE(this=column("occurred_at", "t"), expression=moment(as_of))
    kept = exp.not_(exp.Coalesce(this=column("is_deleted", "t"), expressions=[exp.false()]))
    same = exp.EQ(this=column("customer_id", "t"), expression=column("customer_id", "g"))
    counted = (
        [] if metric is Metric.REVENUE else [exp.EQ(this=column("type", "t"), expression=exp.Literal.string("order"))]
    )
    there = exp.EQ(this=column("customer_id", "c"), expression=column("customer_id", "g"))
    customers = exp.alias_(CUSTOMERS.expression(), "c", table=True, quoted=True)
    facts = exp.alias_(TRANSACTIONS.table.expression(), "t", table=True, quoted=True)
    return (
        exp.select(*keys, value.as_("value", quoted=True))
        .from_(dealt.subquery(exp.to_identifier("g", quoted=True)))
        .join(customers, on=there)
        .join(facts, on=exp.and_(same, since, until, kept, *counted), join_type="left")
        .group_by(*(key.copy() for key in keys))
    )
