"""What stewards decided of pairs of records, and what of it binds the solver."""

import hashlib
from dataclasses import dataclass

import polars as pl

from cdp_assets.errors import DataError
from cdp_assets.identity.decision_conflicts import refuse_conflicts
from cdp_assets.identity.record_pairs import LEFT, PAIR, RIGHT, checked_pairs, named

ALWAYS, NEVER, WITHDRAWN = "always", "never", "withdrawn"
WORDS = (ALWAYS, NEVER, WITHDRAWN)
TABLE = "identity.decisions"
_FURTHER: dict[str, pl.DataType] = {
    "decision": pl.String(),
    "reason": pl.String(),
    "decided_by": pl.String(),
    "decided_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class Constraints:
    """Pairs of live records as `PAIR`: those that must be one customer, and those that must not."""

    must_link: pl.DataFrame
    cannot_link: pl.DataFrame


def typed(decisions: pl.DataFrame) -> pl.DataFrame:
    """The rows as `contracts.DECISIONS`, the left record of each sorting before its right one.

    Raises:
        DataError: a column is missing or of another type, a key is null, or a pair is a record and itself.
    """
    return checked_pairs(decisions, _FURTHER, TABLE)


def effective(decisions: pl.DataFrame) -> pl.DataFrame:
    """What holds now: each pair's latest row unless it withdraws, its left record sorting before its right one.

    The columns are those of `contracts.DECISIONS`, the rows sorted by pair. Rows of records that there are not are
    among them.

    Args:
        decisions: `identity.decisions`; the order of its rows does not matter.

    Raises:
        DataError: as `typed`; or a decision is none of `WORDS`, has no moment, or has the same one as another decision
            of its pair.
    """
    rows = typed(decisions).sort(*PAIR, *_FURTHER)
    _refuse_unknown_words(rows)
    _refuse_timeless(rows)
    latest = rows.filter(pl.col("decided_at") == pl.col("decided_at").max().over(PAIR))
    _refuse_ties(latest)
    return latest.unique(PAIR, keep="first", maintain_order=True).filter(pl.col("decision") != WITHDRAWN)


def checked(decisions: pl.DataFrame) -> pl.DataFrame:
    """As `effective`, and free of conflicts: what a run may use and a command may write.

    Raises:
        DataError: as `effective`; or always-links join two records, directly or over others, that a never-link keeps
            apart: both decisions are named.
    """
    holding = effective(decisions)
    refuse_conflicts(*(holding.filter(pl.col("decision") == word) for word in (ALWAYS, NEVER)))
    return holding


def version_of(decisions: pl.DataFrame) -> str:
    """Hash of the links that hold: a data version, which is the former one again once a decision is undone.

    Raises:
        DataError: as `effective`.
    """
    links = effective(decisions).select(*PAIR, "decision")
    return hashlib.sha256(repr(links.rows()).encode()).hexdigest()[:16]


def constraints(decisions: pl.DataFrame, records: pl.DataFrame) -> Constraints:
    """What binds the solver: decisions on records that are not there (yet) have no effect.

    Args:
        decisions: `identity.decisions`.
        records: `source`, `record_id` of the live records.

    Raises:
        DataError: as `checked`.
    """
    holding = checked(decisions)
    for side in (LEFT, RIGHT):
        holding = holding.join(
            records, left_on=side, right_on=["source", "record_id"], how="semi", maintain_order="left"
        )
    always, never = (holding.filter(pl.col("decision") == word).select(PAIR) for word in (ALWAYS, NEVER))
    return Constraints(always, never)


def _refuse_unknown_words(rows: pl.DataFrame) -> None:
    for row in rows.filter(~pl.col("decision").is_in(WORDS).fill_null(value=False)).head(1).iter_rows(named=True):
        raise DataError(
            f"{TABLE} decides {row['decision']!r} of {named(row, 'l')} and {named(row, 'r')};"
            f" it must be one of: {', '.join(WORDS)}."
        )


def _refuse_timeless(rows: pl.DataFrame) -> None:
    for row in rows.filter(pl.col("decided_at").is_null()).head(1).iter_rows(named=True):
        raise DataError(
            f"{TABLE} has no decided_at for {named(row, 'l')} and {named(row, 'r')}; fill it in, for the latest row of"
            " a pair holds."
        )


def _refuse_ties(latest: pl.DataFrame) -> None:
    tied = latest.filter(pl.col("decision").n_unique().over(PAIR) > 1)
    for row in tied.head(1).iter_rows(named=True):
        raise DataError(
            f"{TABLE} decides two things of {named(row, 'l')} and {named(row, 'r')} at {row['decided_at']:%Y-%m-%d %X};"
            " the latest row of a pair holds, so give them different moments."
        )
