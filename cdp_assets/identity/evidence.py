"""What speaks for and against two records being one customer: rules, the model, vetoes and decisions, as weights."""

from dataclasses import dataclass

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.linkage import SCALE
from cdp_assets.identity.vetoes import HARD, SIDES, contradictions

STRONGEST = 15.0
"""log2 of the odds beyond which a pair counts no more: one certain pair is not to outweigh many doubtful ones."""
FORBIDDEN = -(2.0**30)
_KINDS = pl.Enum(["manual", "rule", "probabilistic"])


@dataclass(frozen=True)
class Constraints:
    """Pairs that a person decided, as `number_l`, `number_r`, the smaller first."""

    must_link: pl.DataFrame
    cannot_link: pl.DataFrame

    @classmethod
    def none(cls) -> "Constraints":
        """Nobody decided anything."""
        nothing = pl.DataFrame(schema=dict.fromkeys(SIDES, pl.Int64))
        return cls(nothing, nothing)


def weigh(
    records: pl.DataFrame,
    rule_links: pl.DataFrame,
    pairs: pl.DataFrame,
    decided: Constraints,
    config: IdentityConfig,
    threshold: float,
) -> pl.DataFrame:
    """One row a pair about which something is known, in the order of `number_l`, `number_r`.

    Args:
        records: rows of `identity.records`.
        rule_links: `number_l`, `number_r`, `rank` (place of the rule in the configuration), `objection`.
        pairs: `number_l`, `number_r`, `match_weight` of pairs between the records.
        decided: what stewards decided.
        config: which contradictions count.
        threshold: match weight above which a pair speaks for.

    Returns:
        `number_l`, `number_r`; `kind` (`manual`, `rule`, `probabilistic`, or null: it only speaks against), `rank`,
        `match_weight`, `objection`, `must`, `cannot`; `certain`: a person or a rule nothing objects to links them;
        `weight` in 1/`SCALE` bits, and `must_link`.
    """
    known = pairs.select(*SIDES, "match_weight")
    rules = _strongest_rule(rule_links)
    must = decided.must_link.select(*SIDES, pl.lit(value=True).alias("must"))
    cannot = decided.cannot_link.select(*SIDES, pl.lit(value=True).alias("cannot"))
    for some in (rules, must, cannot):
        known = known.join(some, on=SIDES, how="full", coalesce=True)
    known = known.sort(SIDES).with_columns(pl.col("must", "cannot").fill_null(value=False))
    above = pl.col("match_weight") - threshold
    speaks = pl.col("must") | pl.col("rank").is_not_null() | (above > 0).fill_null(value=False)
    found = contradictions(known.filter(speaks).select(SIDES), records, config.vetoes)
    known = known.join(found.rename({"objection": "contradiction"}), on=SIDES, how="left", maintain_order="left")
    trusted = [rank for rank, rule in enumerate(config.rules) if rule.trusted]
    is_trusted = pl.col("rank").is_in(trusted).fill_null(value=False)
    objection = pl.coalesce("objection", pl.when(~is_trusted).then("contradiction"))
    certain = pl.col("must") | (pl.col("rank").is_not_null() & pl.col("objection").is_null())
    known = known.with_columns(objection=objection).with_columns(certain=certain & ~pl.col("cannot"))
    return known.with_columns(_kind(above), _weight(above), _must_link(is_trusted))


def _strongest_rule(links: pl.DataFrame) -> pl.DataFrame:
    """Of the rules that link a pair, the first without an objection, else the first."""
    reasons = pl.Enum(sorted(links["objection"].drop_nulls().unique()))
    place = links["objection"].cast(reasons).to_physical().cast(pl.Int64).fill_null(-1) + 1
    order = (place > 0).cast(pl.Int64) * 2**40 + links["rank"] * 2**20 + place
    best = links.select(SIDES).with_columns(order=order).group_by(SIDES).agg(pl.col("order").min())
    named = pl.Series([None, *reasons.categories], dtype=pl.String)
    return best.select(
        *SIDES,
        rank=pl.col("order") // 2**20 % 2**20,
        objection=named.gather(best["order"] % 2**20),
    )


def _kind(above: pl.Expr) -> pl.Expr:
    """What links the two; a rule that something objects to only where the model does not."""
    by_rule, objected = pl.col("rank").is_not_null(), pl.col("objection").is_not_null()
    hard = pl.col("objection").is_in(HARD).fill_null(value=False)
    kind = pl.when(pl.col("must")).then(pl.lit("manual")).when(by_rule & ~objected).then(pl.lit("rule"))
    kind = kind.when((above > 0) & ~hard).then(pl.lit("probabilistic"))
    return (
        kind.when(by_rule).then(pl.lit("rule")).when(above > 0).then(pl.lit("probabilistic")).cast(_KINDS).alias("kind")
    )


def _weight(above: pl.Expr) -> pl.Expr:
    """A person's word outweighs all; a rule counts as certain, unless contradicted: then the model's word is left."""
    scored = above.clip(-STRONGEST, STRONGEST)
    hard = pl.col("objection").is_in(HARD).fill_null(value=False)
    weight = (
        pl.when(pl.col("cannot"))
        .then(FORBIDDEN)
        .when(pl.col("certain"))
        .then(STRONGEST)
        .when(hard)
        .then(-STRONGEST)
        .otherwise(scored.fill_null(-STRONGEST))
    )
    return (weight * SCALE).round().cast(pl.Int64).alias("weight")


def _must_link(trusted: pl.Expr) -> pl.Expr:
    return (pl.col("must") | (trusted & pl.col("objection").is_null())).alias("must_link")
