"""Splink's settings: the comparisons with what was learned of them, as the JSON it loads, saves and charts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cdp_assets.identity.scoring.comparisons import Comparison, Level
from cdp_assets.identity.scoring.expectation import Floats, Parameters

Settings = dict[str, Any]
_NEVER = 1e-6


def splink_settings(
    comparisons: Sequence[Comparison], parameters: Parameters | None = None, *, term_frequencies: bool = True
) -> Settings:
    """The settings of one model.

    Args:
        comparisons: what it compares, in order.
        parameters: what was learned; none leaves it to Splink's training.
        term_frequencies: whether a rare value agrees more strongly than a common one. In a context whose people share
            names anyway, it does not.
    """
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "number",
        "probability_two_random_records_match": parameters.share if parameters else 1e-4,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [],
        "linker_uid": "identity",
        "comparisons": [_comparison(one, parameters, term_frequencies) for one in comparisons],
    }


def parameters_of(settings: Settings) -> Parameters:
    """What a settings' levels say, the null level apart; a level that was never seen is as good as impossible."""
    m, u = {}, {}
    for comparison in settings["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        m[comparison["output_column_name"]] = _normalised([level.get("m_probability") for level in levels])
        u[comparison["output_column_name"]] = _normalised([level.get("u_probability") for level in levels])
    return Parameters(settings["probability_two_random_records_match"], m, u)


def _comparison(comparison: Comparison, parameters: Parameters | None, term_frequencies: bool) -> Settings:
    missing = {"sql_condition": comparison.missing, "label_for_charts": "missing", "is_null_level": True}
    levels = [_level(level, term_frequencies) for level in comparison.levels]
    levels.append({"sql_condition": "ELSE", "label_for_charts": "all else"})
    if parameters:
        learned = zip(levels, parameters.m[comparison.name], parameters.u[comparison.name], strict=True)
        for level, m, u in learned:
            level.update(m_probability=float(m), u_probability=float(u))
    return {"output_column_name": comparison.name, "comparison_levels": [missing, *levels]}


def _level(level: Level, term_frequencies: bool) -> Settings:
    written: Settings = {"sql_condition": level.condition, "label_for_charts": level.label}
    if level.tf_column and term_frequencies:
        written |= {"tf_adjustment_column": level.tf_column, "tf_adjustment_weight": 1.0}
    return written


def _normalised(probabilities: Sequence[float | None]) -> Floats:
    known = np.array([_NEVER if probability is None else max(probability, _NEVER) for probability in probabilities])
    shares: Floats = known / known.sum()
    return shares
