"""Waterfalls for the terminal."""

from rich import box
from rich.table import Table as Grid
from rich.text import Text

from cdp_assets.identity.explain.explanation import Waterfall
from cdp_assets.identity.explain.words import context, key_name, shown, weight

_WIDTH = 28
_LONGEST = 32


def in_one_line(fall: Waterfall) -> str:
    """Prior and weights, those that say nothing left out."""
    steps = [
        f"{key_name(step.comparison)}{' (rarity)' if step.is_rarity else ''} {weight(step.weight)}"
        for step in fall.steps
        if weight(step.weight) != "0"
    ]
    told = ", ".join([f"prior {weight(fall.prior)}", *steps])
    return f"{told}; together {weight(fall.match_weight)}, {_beside(fall)}"


def waterfall_grid(fall: Waterfall, title: str) -> Grid:
    """A row a comparison, with a bar that goes on where the one before it ended; a colon marks the threshold."""
    grid = Grid(title=f"{title} ({context(fall.context, fall.given)})", title_justify="left", box=box.SIMPLE)
    grid.title_style = "dim"
    grid.add_column("comparison")
    grid.add_column("level reached", overflow="fold")
    grid.add_column("weight", justify="right")
    grid.add_column("", width=_WIDTH, no_wrap=True)
    reached = [0.0, fall.prior]
    for step in fall.steps:
        reached.append(reached[-1] + step.weight)
    low, high = min(*reached, fall.threshold), max(*reached, fall.threshold)

    def at(bits: float) -> int:
        return round((bits - low) / ((high - low) or 1.0) * (_WIDTH - 1))

    def bar(begin: float, end: float) -> Text:
        first, last = sorted((at(begin), at(end)))
        cells = ["█" if first <= place <= last and begin != end else " " for place in range(_WIDTH)]
        if cells[at(fall.threshold)] == " ":
            cells[at(fall.threshold)] = ":"
        return Text("".join(cells), style="green" if end > begin else "red")

    grid.add_row("before looking", "prior odds of such a pair", weight(fall.prior), bar(0.0, fall.prior))
    for place, step in enumerate(fall.steps):
        values = " ≠ ".join(shown(value, _LONGEST) for value in dict.fromkeys((step.left, step.right)) if value)
        level = Text(f"{step.level}: {values}" if step.left and step.right else step.level)
        grid.add_row(key_name(step.comparison), level, weight(step.weight), bar(reached[place + 1], reached[place + 2]))
    total = Text(_beside(fall), style="bold")
    grid.add_row(Text("match weight", style="bold"), total, weight(fall.match_weight), bar(0.0, fall.match_weight))
    return grid


def _beside(fall: Waterfall) -> str:
    stale = f"; was {weight(fall.scored)} before a record changed" if fall.is_stale else ""
    return f"threshold {weight(fall.threshold)}{stale}"
