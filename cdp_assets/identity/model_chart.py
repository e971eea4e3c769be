"""What a match model learned, for people to look at: how much each agreement speaks for or against."""

from collections.abc import Iterator
from math import log2
from typing import Any

from cdp_assets.identity.scoring.model import MatchModel

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_BITS_A_BLOCK = 2


def learned_weights(model: MatchModel) -> Iterator[dict[str, Any]]:
    """One row a level of a comparison: `context`, `comparison`, `level`, `m` and `u` (how often matching and other
    pairs are at the level), and `weight`, log2 of their ratio."""
    for context, settings in model.contexts.items():
        for comparison in settings["comparisons"]:
            for level in comparison["comparison_levels"]:
                m, u = level.get("m_probability"), level.get("u_probability")
                if m and u:
                    named = {"comparison": comparison["output_column_name"], "level": level["label_for_charts"]}
                    yield {"context": context, **named, "m": m, "u": u, "weight": log2(m / u)}


def weights_chart(model: MatchModel) -> dict[str, Any]:
    """The weights as a Vega-Lite specification: a bar a level, a row a comparison, a column a context."""
    return {
        "$schema": _SCHEMA,
        "title": f"match weights of model {model.version}",
        "data": {"values": [row | {"weight": round(row["weight"], 3)} for row in learned_weights(model)]},
        "mark": {"type": "bar", "tooltip": True},
        "encoding": {
            "x": {"field": "weight", "type": "quantitative", "title": "match weight (bits)"},
            "y": {"field": "level", "type": "nominal", "sort": None, "title": None},
            "row": {"field": "comparison", "type": "nominal", "sort": None, "title": None},
            "column": {"field": "context", "type": "nominal", "sort": None, "title": None},
            "color": {"condition": {"test": "datum.weight < 0", "value": "#b2452f"}, "value": "#2f6db2"},
        },
        "resolve": {"scale": {"y": "independent"}},
    }


def weights_table(model: MatchModel) -> str:
    """The weights as a table in Markdown, with bars of text; the reason where there is no model."""
    if not model.is_trained:
        return f"No model: {model.reason}."
    lines = ["| context | comparison | level | m | u | weight | |", "|---|---|---|--:|--:|--:|---|"]
    for row in learned_weights(model):
        known = f"| {row['context']} | {row['comparison']} | {row['level']} | {row['m']:.2g} | {row['u']:.2g}"
        lines.append(f"{known} | {row['weight']:+.1f} | {_bar(row['weight'])} |")
    return "\n".join(lines)


def _bar(weight: float) -> str:
    return ("█" if weight > 0 else "░") * round(abs(weight) / _BITS_A_BLOCK)
