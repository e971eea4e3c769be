"""Links for the terminal: those that hold as a tree, a path, and those that were kept out."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from cdp_assets.identity.explain.explanation import Customer, Link, Veto
from cdp_assets.identity.explain.text_bars import in_one_line, waterfall_grid
from cdp_assets.identity.explain.words import (
    NOTHING,
    counted,
    guard,
    key_name,
    outsider,
    probability,
    reason,
    shown,
    weight,
)

LONGEST = 80
"""Characters of a value that are shown."""
_MOST_WATERFALLS = 4
_MOST_LINES = 25
_DEEPEST = 8
_UNTOLD = {"country", "region", "name_forms"}


def title(text: str) -> Text:
    """The line above a section."""
    return Text(f"\n{text}", style="bold")


def record_name(customer: Customer, place: int) -> str:
    """The number of a record on the screen, and its name."""
    return f"{place + 1} {shown(customer.records[place].name, LONGEST)}"


def joined(customer: Customer, asked: int | None, *, with_waterfalls: bool) -> Iterator[RenderableType]:
    """The links of the spanning tree, each record below the one that it hangs on.

    Args:
        customer: whose.
        asked: the record to begin with; none takes the one with the most links.
        with_waterfalls: whether to tell how the links were scored.
    """
    tree = customer.links[: customer.links_in_tree]
    yield title("What joins them")
    if not tree:
        yield Text("nothing: it is a single record")
    for depth, place, link in _walk(customer, asked):
        said = record_name(customer, place) + (f"  by {_how(link)}" if link else "")
        yield Padding(Text(said), (0, 0, 0, 2 * min(depth, _DEEPEST)))
    more = len(customer.links) - len(tree) + customer.further_links
    if more:
        yield Text(f"and {counted(more, 'further link')} between them", style="dim")
    scored = [link for link in tree if link.waterfall]
    few = len(scored) <= _MOST_WATERFALLS
    if with_waterfalls:
        yield from _waterfalls(customer, [link for link in scored if few or link.kind == "probabilistic"], bars=few)


def path_lines(customer: Customer, start: int, path: Sequence[Link] | None) -> Iterator[RenderableType]:
    """A path, a line a link."""
    yield title("The strongest path")
    if path is None:
        yield Text("no links that hold join the two")
        return
    at = start
    for link in path:
        following = link.right if link.left == at else link.left
        yield Text(f"{record_name(customer, at)} — {record_name(customer, following)}  by {_how(link)}")
        at = following
    yield from _waterfalls(customer, [link for link in path if link.waterfall], bars=True)


def kept_out(customer: Customer) -> Iterator[RenderableType]:
    """Links that a guard kept out, the strongest first."""
    if customer.vetoes:
        yield title("What was kept out")
    for veto in customer.vetoes[:_MOST_LINES]:
        yield _veto(customer, veto)
    yield from _more(len(customer.vetoes) + customer.further_vetoes)


def _walk(customer: Customer, asked: int | None) -> Iterator[tuple[int, int, Link | None]]:
    """Depth, place and link of every record that links lead to."""
    near: dict[int, list[tuple[int, Link]]] = defaultdict(list)
    for branch in customer.links[: customer.links_in_tree]:
        near[branch.left].append((branch.right, branch))
        near[branch.right].append((branch.left, branch))
    first = asked if asked is not None else max(near, key=lambda place: len(near[place]), default=0)
    seen: set[int] = set()
    for root in (first, *sorted(near)):
        waiting: list[tuple[int, int, Link | None]] = [(0, root, None)] if root in near else []
        while waiting:
            depth, place, link = waiting.pop()
            if place not in seen:
                seen.add(place)
                yield depth, place, link
                waiting += [(depth + 1, other, on) for other, on in reversed(near[place]) if other not in seen]


def _waterfalls(customer: Customer, links: Sequence[Link], *, bars: bool) -> Iterator[RenderableType]:
    if links:
        yield title("What the match model says")
    for link in links if bars else links[:_MOST_LINES]:
        pair = f"{record_name(customer, link.left)} — {record_name(customer, link.right)}"
        if link.waterfall:
            yield waterfall_grid(link.waterfall, pair) if bars else Text(f"{pair}: {in_one_line(link.waterfall)}")
    if not bars:
        yield from _more(len(links))


def _veto(customer: Customer, veto: Veto) -> Text:
    number = outsider(customer.outsiders[veto.other.name])
    owner = f" of {veto.other_customer_id}" if veto.other_customer_id else ""
    told = Text(f"{record_name(customer, veto.link.left)} — {number} {shown(veto.other.name, LONGEST)}{owner}")
    told.append(f"  by {_how(veto.link)}")
    told.append(f"\n  kept out: {guard(veto.vetoed_by)}", style="red")
    if veto.conflict:
        _, *sides = veto.conflict
        told.append(f" ({' ≠ '.join(shown(', '.join(side), LONGEST) or NOTHING for side in sides)})")
    return told


def _more(count: int) -> Iterator[RenderableType]:
    if count > _MOST_LINES:
        yield Text(f"and {count - _MOST_LINES:,} more; --html and --json tell more of them", style="dim")


def _how(link: Link) -> str:
    told = reason(link)
    if link.kind == "probabilistic":
        told += f", {weight(link.match_weight or 0.0)}, {probability(link.match_probability)} likely"
    agreeing = [key_name(key) for key in link.agreeing if key not in _UNTOLD]
    return told + (f"; same {', '.join(agreeing)}" if agreeing else "")
