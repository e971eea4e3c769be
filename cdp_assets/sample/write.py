"""The sample: raw exports of four systems about the same people, and the truth about who is who."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from cdp_assets.errors import ConfigurationError
from cdp_assets.sample.behaviour import behaviour
from cdp_assets.sample.calendar import SAMPLE_AS_OF
from cdp_assets.sample.consents import consents
from cdp_assets.sample.crm import COLUMNS, accounts, contacts
from cdp_assets.sample.exports import Export, remove_stale, write_exports
from cdp_assets.sample.junk import CONTACT_LINES, INVALID_UTF8_LINE, JSON_LINES, TICKET_LINES
from cdp_assets.sample.orders import order_export, order_lines, placed_orders, refund_export, with_revenue
from cdp_assets.sample.people import people as draw_people
from cdp_assets.sample.shop import customers
from cdp_assets.sample.support import tickets
from cdp_assets.sample.timestamps import moments
from cdp_assets.sample.web import events

DEFAULT_SEED = 20260630
_YEARS = (2024, 2025, 2026)


@dataclass(frozen=True)
class SampleSummary:
    """What was written: `files` maps a file's name under the landing folder to its good rows."""

    as_of: datetime
    people: int
    records: int
    files: dict[str, int]


@dataclass(frozen=True)
class Systems:
    """What each system holds, export columns and truth (`person`) together."""

    contacts: pl.DataFrame
    accounts: pl.DataFrame
    consents: pl.DataFrame
    customers: pl.DataFrame
    orders: pl.DataFrame
    lines: pl.DataFrame
    events: pl.DataFrame
    tickets: pl.DataFrame


def write_sample(landing_dir: Path, truth_path: Path, people: int = 5000, seed: int = DEFAULT_SEED) -> SampleSummary:
    """Write the exports under `landing_dir` and the truth (source, record_id, person_id) as Parquet to `truth_path`.

    The same arguments give the same bytes. Files of an earlier sample that this one does not write are removed.

    Raises:
        ConfigurationError: too few people, or the truth would lie among the exports.
    """
    if people < 100:
        raise ConfigurationError(
            f"The sample cannot have {people} people; it needs 100 or more, such as --people 5000."
        )
    if truth_path.absolute().is_relative_to(landing_dir.absolute()):
        raise ConfigurationError(
            f"The truth file {truth_path} lies in the landing folder; give a path outside {landing_dir}."
        )
    drawn = draw_systems(people, seed)
    files = write_exports(landing_dir, _exports(drawn, seed), seed)
    remove_stale(landing_dir, files)
    known = _truth(drawn)
    _write_parquet(known, truth_path)
    return SampleSummary(as_of=SAMPLE_AS_OF, people=people, records=len(known), files=files)


def draw_systems(people: int, seed: int) -> Systems:
    """Draw everything the four systems hold."""
    everyone = draw_people(seed, people)
    told = behaviour(everyone, seed)
    crm = contacts(everyone, seed)
    shop = customers(everyone, told, seed)
    orders = placed_orders(everyone, shop, told, seed)
    lines = order_lines(orders, seed)
    orders = with_revenue(orders, lines)
    return Systems(
        contacts=crm,
        accounts=accounts(everyone, seed),
        consents=consents(crm, seed),
        customers=shop,
        orders=orders,
        lines=lines,
        events=events(everyone, shop, orders, told, seed),
        tickets=tickets(everyone, orders, seed),
    )


def _exports(drawn: Systems, seed: int) -> list[Export]:
    day = "2026-06-30"
    arrived = moments(drawn.events["received"]).dt.year()
    web = {year: drawn.events.filter(arrived == year).select("line") for year in _YEARS}
    return [
        Export(f"crm/contacts_sample_{day}.csv", drawn.contacts.select(COLUMNS), tuple(CONTACT_LINES)),
        Export(f"crm/accounts_sample_{day}.csv", drawn.accounts),
        Export(f"crm/consents_sample_{day}.csv", drawn.consents),
        Export(f"shop/customers_sample_{day}.jsonl", drawn.customers.drop("person", "joined"), tuple(JSON_LINES)),
        Export(f"shop/orders_sample_{day}.jsonl", order_export(drawn.orders, drawn.lines, seed), tuple(JSON_LINES[:1])),
        Export(f"shop/refunds_sample_{day}.jsonl", refund_export(drawn.orders, drawn.lines, seed)),
        *(Export(f"web/events_sample_{year}.jsonl", web[year], _broken_events(year)) for year in _YEARS),
        Export(f"support/tickets_sample_{day}.csv", drawn.tickets.drop("person"), tuple(TICKET_LINES)),
    ]


def _broken_events(year: int) -> tuple[bytes, ...]:
    return (*JSON_LINES, INVALID_UTF8_LINE) if year == _YEARS[-1] else ()


def _truth(drawn: Systems) -> pl.DataFrame:
    identified = drawn.events.filter(pl.col("type") == "identify").unique("user", keep="first", maintain_order=True)
    parts = {
        "crm": drawn.contacts.select("person", record_id="Id"),
        "shop": drawn.customers.select("person", record_id=pl.col("id").cast(pl.String)),
        "web": identified.select("person", record_id="user"),
        "support": drawn.tickets.select("person", record_id="ticket_id"),
    }
    person_id = pl.lit("person-") + pl.col("person").cast(pl.String).str.zfill(7)
    rows = [
        part.select(pl.lit(source).alias("source"), "record_id", person_id=person_id) for source, part in parts.items()
    ]
    return pl.concat(rows).sort("source", "record_id")


def _write_parquet(frame: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.{os.getpid()}.part")
    frame.write_parquet(hidden)
    hidden.replace(path)
