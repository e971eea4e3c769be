"""What a model learned is shown as weights: log2 of how much likelier a matching pair is at a level than another."""

from datetime import UTC, datetime

from cdp_assets.identity.model_chart import learned_weights, weights_chart, weights_table
from cdp_assets.identity.scoring.model import MatchModel

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LEVELS = [
    {"label_for_charts": "missing", "is_null_level": True},
    {"label_for_charts": "same", "m_probability": 0.8, "u_probability": 0.1},
    {"label_for_charts": "all else", "m_probability": 0.1, "u_probability": 0.8},
    {"label_for_charts": "never seen"},
]
MODEL = MatchModel(
    NOW, 100, contexts={"phone": {"comparisons": [{"output_column_name": "email", "comparison_levels": LEVELS}]}}
)


def test_each_level_that_was_learned_has_a_weight_for_or_against():
    rows = [(row["context"], row["comparison"], row["level"], row["weight"]) for row in learned_weights(MODEL)]
    assert rows == [("phone", "email", "same", 3.0), ("phone", "email", "all else", -3.0)]


def test_the_table_shows_weights_as_bars():
    assert weights_table(MODEL).splitlines()[2:] == [
        "| phone | email | same | 0.8 | 0.1 | +3.0 | ██ |",
        "| phone | email | all else | 0.1 | 0.8 | -3.0 | ░░ |",
    ]


def test_the_chart_holds_its_data():
    chart = weights_chart(MODEL)
    assert "vega-lite" in chart["$schema"]
    assert [row["weight"] for row in chart["data"]["values"]] == [3.0, -3.0]


def test_without_a_model_the_table_is_the_reason():
    assert weights_table(MatchModel(NOW, 0, reason="too few")) == "No model: too few."
    assert weights_chart(MatchModel(NOW, 0, reason="too few"))["data"] == {"values": []}
