"""An explanation as one HTML page that needs nothing else: no network, no fonts, no files beside it."""

import base64
import hashlib
import json
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

from cdp_assets.identity.explain.explanation import Customer, Explanation
from cdp_assets.identity.explain.graph import COLOURS, graph, source_colours
from cdp_assets.identity.explain.markup import Markup, element, joined, trusted
from cdp_assets.identity.explain.page_links import (
    decisions_table,
    history_list,
    link_in_brief,
    links_kept_out,
    links_that_hold,
)
from cdp_assets.identity.explain.page_records import records_table
from cdp_assets.identity.explain.words import PERSONAL, counted, moment, shown

MOST_PATHS = 60
"""Records up to which the paths between any two are on the page; beyond, those from one record to all others."""
_MOST_BESIDE = 16
"""Records of a graph that is still legible at half the page's width."""
_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
_LEGEND = (("rule", "rule"), ("probabilistic", "match model"), ("manual", "steward's decision"), ("vetoed", "kept out"))
_METHOD = (
    "A match weight is the log2 of the odds that two records are one customer: each point more doubles the odds. The"
    " strongest path between two records is the one whose weakest link is the strongest; rules and decisions count as"
    " certain."
)


def render_html(explanation: Explanation) -> str:
    """The page. Values of records are shown as text whatever they hold, and no script but the page's own can run."""
    told = [_customer(explanation, customer, f"c{place}") for place, customer in enumerate(explanation.customers)]
    body = element(
        "body",
        element("header", _heading(explanation), element("p", PERSONAL, class_="personal", role="note")),
        element("main", _story(explanation), *told),
        element("footer", element("p", _METHOD)),
        element("script", trusted(_SCRIPT)),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("title", f"Why {shown(explanation.asked, 60)} is one customer"),
        element("style", trusted(_STYLE)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _policy() -> str:
    """Only this style and this script, by their hashes: what slipped through escaping still could not run."""
    allowed = f"style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _heading(explanation: Explanation) -> Markup:
    asked = element("code", element("bdi", shown(explanation.asked, 120)))
    what = "Why these records are one customer" if len(explanation.customers) == 1 else "What became of a customer id"
    note = element("p", shown(explanation.note, 400), class_="lead") if explanation.note else None
    return joined(element("p", what, class_="kicker"), element("h1", asked), note)


def _story(explanation: Explanation) -> Markup | None:
    if not explanation.story:
        return None
    return element("section", element("h2", "How it came to this"), history_list(explanation.story))


def _customer(explanation: Explanation, customer: Customer, prefix: str) -> Markup:
    title = element("h2", "Customer ", element("code", customer.customer_id), class_="customer")
    return element(
        "article",
        title if explanation.asked != customer.customer_id else None,
        _overview(customer, prefix, explanation.asked_record),
        _section("Records", _differing(), records_table(explanation, customer)),
        _section("What joins them", links_that_hold(customer, prefix)),
        _section("What was kept out", links_kept_out(customer)),
        _section("Stewards' decisions", decisions_table(customer.decisions)) if customer.decisions else None,
        _section("History of the id", history_list(customer.history)),
    )


def _section(title: str, *content: Markup | None) -> Markup:
    return element("section", element("h3", title), *content)


def _differing() -> Markup:
    said = joined(
        "Values marked ", element("span", "≠", class_="mark"), " differ from what most of these records have."
    )
    return element("p", said, class_="note")


def _overview(customer: Customer, prefix: str, asked: str | None) -> Markup:
    drawn = graph(customer)
    counts = [
        counted(len(customer.records), "record") + f" of {counted(len(source_colours(customer)), 'source')}",
        counted(len(customer.links) + customer.further_links, "link") + " between them",
        counted(len(customer.vetoes) + customer.further_vetoes, "link") + " kept out",
    ]
    items = [element("li", count) for count in counts]
    moments = {record.assigned_at for record in customer.records}
    if len(moments) == 1:
        items.append(element("li", f"all here since {moment(moments.pop())}"))
    if weakest := customer.weakest_link:
        items.append(element("li", "held together, at the weakest, by ", link_in_brief(customer, weakest)))
    picture = element("figure", drawn, element("figcaption", _legend(customer))) if drawn else None
    facts = element("div", element("ul", *items, class_="counts"), _paths(customer, prefix, asked), class_="facts")
    wide = len(customer.records) + len(customer.outsiders) > _MOST_BESIDE
    return element("section", facts, picture, class_="overview wide" if wide else "overview")


def _legend(customer: Customer) -> Markup:
    sources = [
        element("li", element("span", class_=f"badge s{colour}"), shown(name, 40))
        for name, colour in list(source_colours(customer).items())[:COLOURS]
    ]
    lines = [
        element(
            "li",
            element("svg", element("line", x1="0", x2="28", y1="6", y2="6", class_=f"edge {kind}"), class_="swatch"),
            name,
        )
        for kind, name in _LEGEND
    ]
    return element("ul", *sources, *lines, class_="legend")


def _paths(customer: Customer, prefix: str, asked: str | None) -> Markup | None:
    """Two lists to choose records from; the script shows the path between them."""
    count = len(customer.records)
    if count < 2:
        return None
    start = next((place for place, one in enumerate(customer.records) if one.name == asked), 0)
    every = count <= MOST_PATHS
    pairs = combinations(range(count), 2) if every else (sorted((start, at)) for at in range(count) if at != start)
    places = {id(link): place for place, link in enumerate(customer.links)}
    found = {}
    for one, other in pairs:
        path = customer.path(one, other)
        found[f"{one}-{other}"] = None if path is None else [places[id(link)] for link in path]
    starts, end = (range(count) if every else [start]), (count - 1 if start < count - 1 else 0)
    return element(
        "div",
        element("h3", "The strongest path between two records"),
        element(
            "div",
            _choice(customer, "From", f"{prefix}-from", starts, start),
            _choice(customer, "to", f"{prefix}-to", range(count), end),
            class_="choices",
        ),
        element("ol", class_="path", aria_live="polite"),
        element("noscript", element("p", "Without scripts: follow the lines of the picture, which are these paths.")),
        element("script", trusted(json.dumps(found)), type="application/json"),
        class_="paths",
        data_prefix=prefix,
    )


def _choice(customer: Customer, label: str, name: str, places: Iterable[int], chosen: int) -> Markup:
    options = [
        element(
            "option",
            f"{place + 1}  {shown(customer.records[place].name, 48)}",
            value=str(place),
            selected=place == chosen,
        )
        for place in places
    ]
    return joined(element("label", label, for_=name), element("select", *options, id=name))
