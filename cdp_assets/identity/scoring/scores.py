"""The SQL that scores pairs, written by Splink: each comparison once, then the match weight of the pair's context.

Splink's own `predict` would join the records with the pairs once a context, work out probabilities nobody asks for,
and keep it all. In one query, the pairs stream past.
"""

from collections.abc import Container, Iterable, Mapping

from splink import SettingsCreator
from splink.internals.comparison import Comparison
from splink.internals.misc import prob_to_match_weight
from splink.internals.settings import Settings as SplinkSettings

from cdp_assets.identity.scoring.contexts import ELSEWHERE
from cdp_assets.identity.scoring.settings import Settings

_NUMBERS = ("least(l.number, r.number) AS number_l", "greatest(l.number, r.number) AS number_r")


def compiled(settings: Settings) -> SplinkSettings:
    """The settings as Splink works with them, on DuckDB."""
    return SettingsCreator.from_path_or_dict(settings).get_settings("duckdb")


def scoring_query(models: Mapping[str, Settings], context: str, known: Container[str], *, levels: bool = False) -> str:
    """A query of `pairs` and `nodes` for `number_l`, `number_r`, `context`, `match_weight` (log2 of the odds).

    Args:
        models: settings by the context whose pairs they score; those of `ELSEWHERE` score what is in no other.
        context: SQL for a pair's context, over `l` and `r`, two rows of `nodes`.
        known: the columns of `nodes` that have values: no others are looked at.
        levels: whether to add the pair's `rules`, and for each comparison a column of its name: the pair's level, 0 for
            the strongest agreement, -1 for nothing to compare.
    """
    by_context = {name: compiled(settings) for name, settings in models.items()}
    every = [comparison for model in by_context.values() for comparison in model.comparisons]
    comparisons = {one.output_column_name: one for one in every}.values()
    shares = {column.unquote().tf_name: None for one in every for column in one._tf_adjustment_input_columns}
    kept = ["number_l", "number_r", *(["rules"] if levels else [])]
    beside = [*_NUMBERS, *kept[2:], f"{context} AS context", *_beside(comparisons, known), *_shares(shares)]
    vectors = [*kept, "context", *(one._case_statement for one in comparisons)]
    vectors += [f"{name}_{side}" for name in shares for side in "lr"]
    told = [*kept, "context", f"{_weight(by_context)} AS match_weight", *map(_level, comparisons if levels else [])]
    return (
        f"WITH beside AS (SELECT {', '.join(beside)} FROM pairs"
        " JOIN nodes AS l ON place_l = l.rowid JOIN nodes AS r ON place_r = r.rowid),"
        f" vectors AS (SELECT {', '.join(vectors)} FROM beside) SELECT {', '.join(told)} FROM vectors"
    )


def _beside(comparisons: Iterable[Comparison], known: Container[str]) -> list[str]:
    """The columns compared, of both records. One without values keeps its type and costs nothing."""
    names = {column.unquote().name: None for one in comparisons for column in one._input_columns_used_by_case_statement}
    read = {name: "{}.{}" if name in known else "CASE WHEN false THEN {}.{} END" for name in names}
    return [f"{read[name].format(side, name)} AS {name}_{side}" for name in names for side in "lr"]


def _shares(names: Iterable[str]) -> list[str]:
    """Shares count where the values are the same, so that one record's are also the other's."""
    return [f"l.{name} AS {name}_{side}" for name in names for side in "lr"]


def _weight(by_context: Mapping[str, SplinkSettings]) -> str:
    sums = {name: _sum(model) for name, model in by_context.items()}
    cases = " ".join(f"WHEN '{name}' THEN {total}" for name, total in sums.items() if name != ELSEWHERE)
    return f"CASE context {cases} ELSE {sums[ELSEWHERE]} END" if cases else sums[ELSEWHERE]


def _sum(model: SplinkSettings) -> str:
    """Splink's match weight: that of the share of matches, of each level, and of how rare the values are."""
    core = model.core_model_settings
    terms = [f"{prob_to_match_weight(core.probability_two_random_records_match)!r}::DOUBLE"]
    for comparison in core.comparisons:
        parts = comparison._columns_to_select_for_match_weight_parts(
            retain_matching_columns=False, retain_intermediate_calculation_columns=False
        )
        terms += [part.rpartition(" as ")[0] for part in parts if part != comparison._gamma_column_name]
    return " + ".join(f"({term})" for term in terms)


def _level(comparison: Comparison) -> str:
    gamma = comparison._gamma_column_name
    from_strongest = f"CASE WHEN {gamma} < 0 THEN -1 ELSE {comparison._num_levels - 1} - {gamma} END"
    return f"({from_strongest})::BIGINT AS {comparison.output_column_name}"
