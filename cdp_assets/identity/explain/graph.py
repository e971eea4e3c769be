"""The graph of a customer's records as inline SVG: what joins them, and what was kept out."""

from collections.abc import Sequence
from math import hypot

from cdp_assets.identity.explain.explanation import Customer, Link
from cdp_assets.identity.explain.layout import Point, radial
from cdp_assets.identity.explain.markup import Markup, element, joined
from cdp_assets.identity.explain.words import counted, outsider, reason, shown, weight

MOST_RECORDS = 150
"""Beyond this the graph shows nothing that one could make out."""
_MOST_FURTHER = 120
_MOST_OUTSIDERS = 12
_MOST_LABELLED, _FEW = 12, 5
_RADIUS, _MARGIN = 15.0, 56.0
_GAP, _WIDE_GAP = 46.0, 84.0
_RING, _WIDE_RING = 104.0, 160.0
_LEAST_WIDTH = 440.0
COLOURS = 8
"""Of sources: `page.css` has as many."""


def graph(customer: Customer) -> Markup | None:
    """The graph, or nothing where there are too many records for one to be read."""
    records = customer.records
    names = list(customer.outsiders)[:_MOST_OUTSIDERS]
    if len(records) + len(names) < 2 or len(records) > MOST_RECORDS:
        return None
    vetoed = dict.fromkeys(
        (veto.link.left, len(records) + names.index(veto.other.name))
        for veto in customer.vetoes
        if veto.other.name in names
    )
    tree, further = customer.links[: customer.links_in_tree], customer.links[customer.links_in_tree :]
    nearest = {stranger: (own, stranger) for own, stranger in reversed(vetoed)}
    ends = [(link.left, link.right) for link in tree] + sorted(nearest.values())
    labelled = len(records) + len(names) <= _MOST_LABELLED
    few = len(records) + len(names) <= _FEW
    points = radial(len(records) + len(names), ends, _WIDE_GAP if labelled else _GAP, _WIDE_RING if few else _RING)
    parts: list[Markup] = []
    if len(further) <= _MOST_FURTHER:
        parts += [_further(points, link, len(tree) + place) for place, link in enumerate(further)]
    parts += [_link(points, link, place, few) for place, link in enumerate(tree)]
    parts += [_line(points[own], points[stranger], "edge vetoed", None) for own, stranger in vetoed]
    colours = source_colours(customer)
    for place, record in enumerate(records):
        label = shown(record.name, 24) if labelled else None
        parts.append(_node(points[place], str(place + 1), label, f"node s{colours[record.source]}", place))
    for place, name in enumerate(names):
        label = shown(name, 24) if labelled else None
        parts.append(_node(points[len(records) + place], outsider(place), label, "node stranger", None))
    told = f"{counted(len(records), 'record')}, {counted(len(customer.links), 'link')} that hold, "
    told += f"{counted(len(customer.vetoes), 'link')} kept out; the lists below say the same in words."
    return element("svg", element("title", told), *parts, viewBox=_view(points), role="img", class_="graph")


def source_colours(customer: Customer) -> dict[str, int]:
    """The number of the colour that stands for each source."""
    names = dict.fromkeys(record.source for record in customer.records)
    return {name: place % COLOURS for place, name in enumerate(names)}


def _view(points: Sequence[Point]) -> str:
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    side = max(_MARGIN + 24, (_LEAST_WIDTH - (right - left)) / 2)
    return f"{left - side:.0f} {top - _MARGIN:.0f} {right - left + 2 * side:.0f} {bottom - top + 2 * _MARGIN:.0f}"


def _link(points: Sequence[Point], link: Link, place: int, labelled: bool) -> Markup:
    (x, y), (u, v) = points[link.left], points[link.right]
    line = _line((x, y), (u, v), f"edge {link.kind}", place)
    if not labelled:
        return line
    said = (
        link.rule if link.kind == "rule" else "decision" if link.kind == "manual" else weight(link.match_weight or 0.0)
    )
    label = element(
        "text",
        shown(said or "", 24),
        x=_at((x + u) / 2),
        y=_at((y + v) / 2 - 5),
        class_="edge-label",
        aria_hidden="true",
    )
    return joined(line, label)


def _further(points: Sequence[Point], link: Link, place: int) -> Markup:
    """A link beside the tree, bent so that it does not hide behind one of the tree's."""
    (x, y), (u, v) = points[link.left], points[link.right]
    length = hypot(u - x, v - y) or 1.0
    bend = min(0.18 * length, 60.0)
    middle = ((x + u) / 2 - (v - y) / length * bend, (y + v) / 2 + (u - x) / length * bend)
    path = f"M{_at(x)} {_at(y)}Q{_at(middle[0])} {_at(middle[1])} {_at(u)} {_at(v)}"
    return element(
        "path", element("title", reason(link)), d=path, class_=f"edge further {link.kind}", data_link=str(place)
    )


def _line(one: Point, other: Point, kind: str, place: int | None) -> Markup:
    (x, y), (u, v) = one, other
    ends = {"x1": _at(x), "y1": _at(y), "x2": _at(u), "y2": _at(v)}
    return element("line", class_=kind, data_link=None if place is None else str(place), **ends)


def _node(point: Point, number: str, name: str | None, kind: str, place: int | None) -> Markup:
    x, y = point
    mark = element("circle", cx=_at(x), cy=_at(y), r=_at(_RADIUS))
    text = element("text", number, x=_at(x), y=_at(y), class_="number")
    label = element("text", name, x=_at(x), y=_at(y + _RADIUS + 13), class_="label") if name else None
    return element("g", mark, text, label, class_=kind, data_record=None if place is None else str(place))


def _at(number: float) -> str:
    return f"{number:.1f}"
