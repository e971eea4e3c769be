"""Which records are one customer: clusters of everything that is known of pairs, component by component.

A component is what any links join, vetoed ones included; nothing outside it can change how it is solved. So a run
after a change solves the touched components alone, and gets what solving all of them would give.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cdp_assets.identity.clusters import Integers, closed, dense
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.evidence import Constraints, weigh
from cdp_assets.identity.limits import within_limits
from cdp_assets.identity.linkage import average_linkage
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.vetoes import HARD, SIDES

_KEY = ["source", "record_id"]
_SAYS_WHO = (pl.col("first_name").str.len_chars() > 1).fill_null(value=False) | pl.col("date_of_birth").is_not_null()
COLUMNS = (
    *(*_KEY, "record_number", "record_hash", "first_name", "last_name", "name_suffix", "date_of_birth"),
    *("emails", "phones", "street", "user_ids", "account_id"),
)
"""The columns of `identity.records` that solving needs."""


@dataclass(frozen=True)
class Solution:
    """What was found.

    Attributes:
        clusters: `source`, `record_id`, `record_number`, `record_hash`, `component`, `cluster`, `matched_by`,
            `match_probability`, `quarantined_by`, one row a record.
        edges: `number_l`, `number_r`, `kind`, `rule`, `match_weight`, `match_probability`, `model_version`,
            `vetoed_by`: the links, those included that a guard kept out; the left record's key sorts first.
    """

    clusters: pl.DataFrame
    edges: pl.DataFrame


def solve(
    records: pl.DataFrame,
    rule_links: pl.DataFrame,
    pairs: pl.DataFrame,
    decided: Constraints,
    config: IdentityConfig,
    model: MatchModel,
) -> Solution:
    """The customers among the records, a function of its arguments whatever their row order.

    Args:
        records: `COLUMNS` of `identity.records`: whole components.
        rule_links: `number_l`, `number_r`, `rank`, `objection`, as `rule_sql.rule_links` says.
        pairs: `number_l`, `number_r`, `match_weight` of `identity.pairs` between the records.
        decided: what stewards decided of them.
        config: rules, vetoes and limits.
        model: the one that weighed the pairs.
    """
    nodes = records.sort(_KEY)
    numbers = nodes["record_number"].to_numpy()
    known = weigh(nodes, rule_links, pairs, decided, config, model.threshold)
    left, right = (dense(known[side], numbers) for side in SIDES)
    linked = known["kind"].is_not_null().to_numpy()
    component = closed(len(numbers), left[linked], right[linked])
    inside = component[left] == component[right]
    known, left, right = known.filter(pl.Series(inside)), left[inside], right[inside]
    cluster = _clustered(nodes, known, left, right)
    cluster, quarantined = within_limits(cluster, left, right, known, nodes, config)
    edges = _edges(known, cluster[left] == cluster[right], config, model)
    links = known["kind"].is_not_null().to_numpy()
    named = nodes.select(
        *_KEY,
        "record_number",
        "record_hash",
        component=nodes["record_number"].gather(component),
        cluster=nodes["record_number"].gather(cluster),
        quarantined_by=quarantined,
    )
    left, right = left[links], right[links]
    strongest = _strongest(edges, left, right, len(numbers))
    sides = {"number_l": np.minimum(left, right), "number_r": np.maximum(left, right)}
    sorted_sides = [nodes["record_number"].gather(places).alias(side) for side, places in sides.items()]
    return Solution(named.hstack(strongest), edges.with_columns(sorted_sides).drop("rank"))


def _clustered(nodes: pl.DataFrame, known: pl.DataFrame, left: Integers, right: Integers) -> Integers:
    """The cluster of each node. Records that do not say whose they are join the people they fit best, once those are
    told apart: a family's mailbox is nobody's bridge."""
    weight, certain = known["weight"].to_numpy(), known["certain"].to_numpy()
    begin = _together(nodes.height, known, left, right)
    named = np.zeros(nodes.height, dtype=np.bool_)
    named[begin[nodes.select(_SAYS_WHO).to_series().to_numpy()]] = True
    alike = named[begin[left]] == named[begin[right]]
    people = average_linkage(begin, left[alike], right[alike], weight[alike], certain[alike])
    return average_linkage(people, left, right, weight, certain, named[begin])


def _together(count: int, known: pl.DataFrame, left: Integers, right: Integers) -> Integers:
    """Clusters to begin with; where a person's never-link stands against trusted rules, these only weigh."""
    must = known["must_link"].to_numpy()
    labels = closed(count, left[must], right[must])
    forbidden = known["cannot"].to_numpy() & (labels[left] == labels[right])
    if not forbidden.any():
        return labels
    torn = np.isin(labels, labels[left[forbidden]])
    kept = must & (known["must"].to_numpy() | ~torn[left])
    return closed(count, left[kept], right[kept])


def _edges(known: pl.DataFrame, together: NDArray[np.bool_], config: IdentityConfig, model: MatchModel) -> pl.DataFrame:
    """The links among what is known, with the guard that keeps their ends apart."""
    links = known.with_columns(together=pl.Series(together)).filter(pl.col("kind").is_not_null())
    names = pl.Series([rule.name for rule in config.rules], dtype=pl.String)
    odds = (-pl.col("match_weight").clip(-300, 300) * np.log(2)).exp()
    guard = pl.when(pl.col("cannot")).then(pl.lit("never"))
    kept_apart = (pl.col("kind") == "probabilistic") & pl.col("rank").is_not_null() & ~pl.col("together")
    links = links.with_columns(kind=pl.when(kept_apart).then(pl.lit("rule")).otherwise("kind"))
    overruled = (pl.col("kind") == "probabilistic") & ~pl.col("objection").is_in(HARD)  # by the model's word
    objected = pl.col("objection").is_not_null() & (pl.col("kind") != "manual") & ~overruled
    by_model = (pl.col("kind") == "probabilistic") | objected
    return links.select(
        *SIDES,
        pl.col("kind").cast(pl.String),
        pl.when(pl.col("kind") == "rule").then(names.gather(links["rank"])).alias("rule"),
        "match_weight",
        pl.when(by_model).then(1 / (1 + odds)).otherwise(1.0).alias("match_probability"),
        pl.when(pl.col("match_weight").is_not_null()).then(pl.lit(model.version)).alias("model_version"),
        pl.when(~pl.col("together") | objected)
        .then(pl.coalesce(guard, "objection", pl.lit("cluster_conflict")))
        .alias("vetoed_by"),
        rank="rank",
    )


def _strongest(edges: pl.DataFrame, left: Integers, right: Integers, count: int) -> pl.DataFrame:
    """`matched_by`, `match_probability` of each node's best link that holds: manual, rules in order, then by score."""
    holds = edges["vetoed_by"].is_null().to_numpy()
    place = (
        pl.when(pl.col("kind") == "manual")
        .then(-1.0)
        .when(pl.col("kind") == "rule")
        .then(pl.col("rank"))
        .otherwise(2.0**31)
    )
    order = edges.select(place + 1 - pl.col("match_probability")).to_series().to_numpy()
    best = np.full(count, np.inf)
    for side in (left, right):
        np.minimum.at(best, side[holds], order[holds])
    chosen = np.full(count, -1, dtype=np.int64)
    for side in (left, right):
        strongest = np.flatnonzero(holds & (order == best[side]))
        chosen[side[strongest]] = strongest  # equal ones say the same
    place_of = pl.Series(chosen).replace(-1, None)
    named = edges.select(pl.when(pl.col("kind") == "rule").then("rule").otherwise("kind")).to_series()
    return pl.DataFrame(
        {
            "matched_by": named.gather(place_of).fill_null("single"),
            "match_probability": edges["match_probability"].gather(place_of),
        }
    )
