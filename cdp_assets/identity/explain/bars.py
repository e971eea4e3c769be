"""A waterfall as a table: a row a comparison, whose bar goes on where the one before it ended."""

from cdp_assets.identity.explain.explanation import Waterfall
from cdp_assets.identity.explain.markup import Markup, element, joined
from cdp_assets.identity.explain.words import context, key_name, probability, shown, weight

_MISSING = "missing"
_NOTHING_SAID = 0.005
"""Bits that the number beside the bar shows as none."""


def waterfall_table(fall: Waterfall, left: str, right: str) -> Markup:
    """The table, from the prior to the match weight, with the threshold across all bars.

    Args:
        fall: what to show.
        left: what to call the left record.
        right: what to call the other.
    """
    scale = _Scale(fall)
    rows = [_row("before looking", "prior odds of such a pair", None, None, fall.prior, scale.bar(0.0, fall.prior))]
    reached = fall.prior
    for step in fall.steps:
        bar = scale.bar(reached, reached + step.weight)
        rows.append(_row(key_name(step.comparison), step.level, step.left, step.right, step.weight, bar))
        reached += step.weight
    linked = fall.match_weight > fall.threshold
    verdict = f"{probability(_share(fall.match_weight))} likely; {'above' if linked else 'not above'} the threshold"
    final = _row("match weight", verdict, None, None, fall.match_weight, scale.bar(0.0, fall.match_weight, "total"))
    heads = [element("th", name, scope="col") for name in ("comparison", "level reached", left, right)]
    heads += [element("th", "weight", scope="col", class_="weight"), element("th", scale.axis(), scope="col")]
    table = element(
        "table",
        element("caption", f"{context(fall.context, fall.given)[0].upper()}{context(fall.context, fall.given)[1:]}."),
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        element("tfoot", final),
        class_="waterfall",
    )
    return joined(element("div", table, class_="scroll"), _stale(fall))


class _Scale:
    """Places of weights across the bars, in per cent."""

    def __init__(self, fall: Waterfall) -> None:
        reached = [0.0, fall.threshold, fall.match_weight, fall.prior]
        for step in fall.steps:
            reached.append(reached[-1] + step.weight)
        self._low, high = min(reached), max(reached)
        self._width = high - self._low or 1.0
        self._threshold = fall.threshold

    def bar(self, begin: float, end: float, kind: str | None = None) -> Markup:
        """One row's bar, from one weight to another, and the threshold."""
        left, right = sorted((self._at(begin), self._at(end)))
        kind = kind or ("against" if end < begin else "for")
        if abs(end - begin) < _NOTHING_SAID:
            kind = "nothing"
        parts = [
            self._upright(0.0, "zero"),
            self._upright(self._threshold, "threshold"),
            element(
                "rect", x=_per_cent(left), y="22%", width=_per_cent(max(right - left, 0.4)), height="56%", class_=kind
            ),
        ]
        return element("svg", *parts, class_="bar", aria_hidden="true")

    def axis(self) -> Markup:
        """The head of the column of bars: where the threshold is."""
        at = self._at(self._threshold)
        anchor = "start" if at < 25 else "end" if at > 75 else "middle"
        said = element("text", f"threshold {weight(self._threshold)}", x=_per_cent(at), y="62%", text_anchor=anchor)
        return joined(element("span", "weights added up", class_="hidden"), element("svg", said, class_="axis"))

    def _upright(self, at: float, kind: str) -> Markup:
        place = _per_cent(self._at(at))
        return element("line", x1=place, x2=place, y1="0", y2="100%", class_=kind)

    def _at(self, bits: float) -> float:
        return 2 + 96 * (bits - self._low) / self._width


def _row(comparison: str, level: str, left: str | None, right: str | None, bits: float, bar: Markup) -> Markup:
    number = weight(bits)
    cells = [element("th", comparison, scope="row"), element("td", level), *(_value(value) for value in (left, right))]
    cells += [element("td", number, class_="weight"), element("td", bar, class_="bars")]
    return element("tr", *cells, class_=_MISSING if level == _MISSING else None)


def _value(value: str | None) -> Markup:
    return element("td", None if value is None else element("bdi", shown(value, 120)))


def _stale(fall: Waterfall) -> Markup | None:
    if not fall.is_stale:
        return None
    said = f"A record has changed since: when it was last scored, the weight was {weight(fall.scored)}."
    return element("p", said, class_="warning")


def _share(bits: float) -> float:
    return float(1 / (1 + 2.0 ** -min(max(bits, -300.0), 300.0)))


def _per_cent(at: float) -> str:
    return f"{at:.2f}%"
