"""An explanation for the terminal: the records, then a line a link, waterfalls where there are few."""

from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Console, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from cdp_assets.identity.explain.explanation import Customer, Event, Explanation
from cdp_assets.identity.explain.fields import Cell, fields_of
from cdp_assets.identity.explain.text_links import LONGEST, joined, kept_out, path_lines, record_name, title
from cdp_assets.identity.explain.words import NOTHING, PERSONAL, counted, matched_by, moment, quarantine, shown

_MOST_COLUMNS = 4
_MARKED = "values marked ≠ differ from what most of these records have"


def render_text(explanation: Explanation, to: str | None = None, width: int = 100) -> str:
    """The explanation as plain text, `width` columns wide; otherwise as `lines_of`."""
    console = Console(file=StringIO(), width=width, highlight=False, no_color=True)
    with console.capture() as captured:
        for part in lines_of(explanation, to):
            console.print(part)
    return captured.get()


def lines_of(explanation: Explanation, to: str | None = None) -> Iterator[RenderableType]:
    """What a console is to print, one after another.

    Args:
        explanation: what to tell.
        to: another record of the customer, as `source:record_id`: the path from the asked record to it is told, too.

    Raises:
        DataError: there is no such path to tell of.
    """
    yield Text(PERSONAL, style="dim")
    if explanation.note:
        yield Text(f"\n{shown(explanation.note)}")
    yield from _events(explanation.story)
    for customer in explanation.customers:
        yield from _customer(explanation, customer, to)


def _customer(explanation: Explanation, customer: Customer, to: str | None) -> Iterator[RenderableType]:
    sources = len({record.source for record in customer.records})
    size = f"{counted(len(customer.records), 'record')} of {counted(sources, 'source')}"
    yield Text(f"\ncustomer {customer.customer_id}: {size}", style="bold")
    yield _across(customer) if len(customer.records) <= _MOST_COLUMNS else _down(customer)
    for place, record in enumerate(customer.records):
        if record.quarantined_by:
            yield Text(f"record {place + 1} is {quarantine(record.quarantined_by)}", style="yellow")
    asked = next((place for place, one in enumerate(customer.records) if one.name == explanation.asked_record), None)
    yield from joined(customer, asked, with_waterfalls=to is None)
    if to is not None and asked is not None:
        yield from path_lines(customer, asked, explanation.path_to(to))
    yield from kept_out(customer)
    yield from _decisions(customer)
    if customer.history:
        yield title("History of the id")
        yield from _events(customer.history)


def _across(customer: Customer) -> Grid:
    grid = Grid("", title=_MARKED, title_justify="left", title_style="dim")
    for place in range(len(customer.records)):
        grid.add_column(Text(record_name(customer, place)), overflow="fold")
    for field in fields_of(customer.records):
        grid.add_row(Text(field.name), *(_cell(cell) for cell in field.cells))
    grid.add_row(Text("matched by"), *(Text(matched_by(record)) for record in customer.records))
    return grid


def _down(customer: Customer) -> Grid:
    grid = Grid(box=None, show_header=False, title=_MARKED, title_justify="left", title_style="dim")
    grid.add_column(justify="right")
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    fields = [field for field in fields_of(customer.records) if field.name != "name forms"]
    for place, record in enumerate(customer.records):
        known = [_cell(field.cells[place]) for field in fields if field.cells[place].value]
        grid.add_row(str(place + 1), Text(shown(record.name, 40)), Text(" · ").join(known))
    return grid


def _cell(cell: Cell) -> Text:
    text = Text(shown(cell.value, LONGEST) if cell.value else NOTHING, style="bold yellow" if cell.differs else "")
    if cell.differs:
        text = Text.assemble(("≠ ", "bold yellow"), text)
    if cell.matched:
        text.append(f" (as {shown(cell.matched, LONGEST)})", style="dim")
    return text.append(" (not used)", style="dim") if cell.unused else text


def _decisions(customer: Customer) -> Iterator[RenderableType]:
    if customer.decisions:
        yield title("Stewards' decisions")
    for one in customer.decisions:
        state = "" if one.holds else "  (no longer holds)"
        pair = f"{shown(one.one, LONGEST)}  {shown(one.other, LONGEST)}"
        who, why = shown(one.decided_by or NOTHING), shown(one.reason or NOTHING)
        yield Text(f"{moment(one.decided_at)}  {one.decision:<9}  {pair}  {who}  {why}{state}")


def _events(events: Sequence[Event]) -> Iterator[RenderableType]:
    for event in events:
        moved = " → ".join(filter(None, (event.customer_id, event.other_customer_id)))
        yield Text(f"{moment(event.happened_at)}  {event.event:<7}  {moved}  {shown(event.reason or '')}")
