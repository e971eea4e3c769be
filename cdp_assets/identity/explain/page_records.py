"""The records of a customer side by side, as an HTML table."""

from cdp_assets.identity.explain.explanation import Customer, Explanation, Record
from cdp_assets.identity.explain.fields import Cell, Field, fields_of
from cdp_assets.identity.explain.graph import source_colours
from cdp_assets.identity.explain.markup import Markup, element, joined
from cdp_assets.identity.explain.words import NOTHING, matched_by, moment, probability, quarantine, shown

_MOST_COLUMNS = 6
"""Records that stand side by side; more stand below each other."""


def records_table(explanation: Explanation, customer: Customer) -> Markup:
    """Fields down and records across where they are few, and the other way round where they are many."""
    fields = fields_of(customer.records)
    colours = source_colours(customer)
    together = len({record.assigned_at for record in customer.records}) == 1
    heads = [
        joined(
            _head(place, record, f"s{colours[record.source]}"),
            None if together else element("span", f"here since {moment(record.assigned_at)}", class_="fact"),
            element("span", "asked for", class_="tag") if record.name == explanation.asked_record else None,
        )
        for place, record in enumerate(customer.records)
    ]
    if len(heads) <= _MOST_COLUMNS:
        table = _across(heads, fields)
    else:
        table = _down(heads, [field for field in fields if field.name != "name forms"])
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label="Records side by side")


def _across(heads: list[Markup], fields: list[Field]) -> Markup:
    columns = [element("th", head, scope="col") for head in heads]
    rows = [
        element("tr", element("th", field.name, scope="row"), *(_cell(cell) for cell in field.cells))
        for field in fields
    ]
    corner = element("th", element("span", "field", class_="hidden"), scope="col")
    return element(
        "table", element("thead", element("tr", corner, *columns)), element("tbody", *rows), class_="records across"
    )


def _down(heads: list[Markup], fields: list[Field]) -> Markup:
    columns = [element("th", name, scope="col") for name in ("record", *(field.name for field in fields))]
    rows = [
        element("tr", element("th", head, scope="row"), *(_cell(field.cells[place]) for field in fields))
        for place, head in enumerate(heads)
    ]
    return element("table", element("thead", element("tr", *columns)), element("tbody", *rows), class_="records down")


def _head(place: int, record: Record, colour: str) -> Markup:
    likely = record.match_probability if record.match_probability != 1 else None
    said = f"matched by {matched_by(record)}" + (f", {probability(likely)} likely" if likely is not None else "")
    return joined(
        element("span", str(place + 1), class_=f"badge {colour}"),
        element("bdi", shown(record.name, 80), class_="key"),
        element("span", said, class_="fact"),
        element("span", quarantine(record.quarantined_by), class_="warning") if record.quarantined_by else None,
    )


def _cell(cell: Cell) -> Markup:
    if cell.value is None:
        return element("td", element("span", NOTHING, aria_label="nothing"), class_="nothing")
    mark = joined(
        element("span", "≠", class_="mark", aria_hidden="true"), element("span", "differs: ", class_="hidden")
    )
    said = "not used for matching" if cell.unused else None
    seen = joined("matched as ", element("bdi", shown(cell.matched))) if cell.matched else said
    return element(
        "td",
        mark if cell.differs else None,
        element("bdi", shown(cell.value), dir="auto"),
        element("span", seen, class_="seen") if seen else None,
        class_="differs" if cell.differs else None,
    )
