"""One customer as it is now, out of the tables of the identity stage."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.decisions import effective, typed
from cdp_assets.identity.explain.explanation import Customer, Decision, Record, Waterfall, strength
from cdp_assets.identity.explain.links import Edge, Pair, Teller, pair_of
from cdp_assets.identity.explain.past import past_of
from cdp_assets.identity.explain.paths import spanning_tree
from cdp_assets.identity.explain.read import NUMBER, CustomerReader
from cdp_assets.identity.explain.shared_keys import keys_of
from cdp_assets.identity.explain.solved import solved_edges
from cdp_assets.identity.explain.waterfalls import waterfalls
from cdp_assets.identity.record_pairs import PAIR, named
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.warehouses.base import Warehouse

MOST_LINKS = 1000
"""Links told one by one beside those of the spanning tree; who needs more wants `identity.edges`."""
MOST_VETOES = 200
_KEY = ["source", "record_id"]
_SIDES = ["number_l", "number_r"]
_NOT_SENT = {*_KEY, "is_deleted"}


def customer(
    warehouse: Warehouse, customer_id: str, model: MatchModel | None = None, config: IdentityConfig | None = None
) -> Customer:
    """All there is to tell of a customer that has records.

    Args:
        warehouse: holds the tables.
        customer_id: a current one.
        model: stands in for the one that `identity.match_model` keeps.
        config: what it was resolved with, when `identity.edges` is not kept: with the model, the edges are found again.

    Raises:
        DataError: it was resolved with another model or other rules.
    """
    reader = CustomerReader(warehouse, customer_id)
    rows = reader.records()
    records = _records(rows, reader.sent())
    places = {record.number: place for place, record in enumerate(records)}
    if model is not None and config is not None:
        every = solved_edges(warehouse, customer_id, config, model)
        edges = _strongest_first(every.filter(pl.any_horizontal(pl.col(_SIDES).is_in(list(places)))))
    else:
        edges = _strongest_first(reader.edges())
    held = [edge for edge in edges if edge["vetoed_by"] is None and places.keys() >= set(pair_of(edge))]
    vetoed = [edge for edge in edges if edge["vetoed_by"] is not None]
    tree = _tree(held, places)
    others = [place for place in range(len(held)) if place not in set(tree)]
    told = [held[place] for place in (*tree, *others[:MOST_LINKS])]
    kept_out = vetoed[:MOST_VETOES]
    strangers = reader.others({number for edge in kept_out for number in pair_of(edge)} - places.keys())
    teller = Teller(
        places,
        {record.number: record for record in (*records, *_records(strangers))},
        dict.fromkeys(places, customer_id) | dict(strangers.select(NUMBER, "customer_id").iter_rows()),
        _waterfalls(reader, pl.concat([rows, strangers]), [*told, *kept_out], model),
    )
    return Customer(
        customer_id,
        records,
        tuple(teller.link(edge) for edge in told),
        len(tree),
        len(held) - len(told),
        tuple(teller.veto(edge) for edge in kept_out),
        len(vetoed) - len(kept_out),
        tuple(_decisions(reader.decisions())),
        past_of(warehouse, customer_id),
    )


def _records(rows: pl.DataFrame, sent: pl.DataFrame | None = None) -> tuple[Record, ...]:
    originals = () if sent is None else sent.iter_rows(named=True)
    by_key = {(row["source"], row["record_id"]): row for row in originals}
    return tuple(
        Record(
            row["source"],
            row["record_id"],
            row[NUMBER],
            row["matched_by"] or "single",
            row["match_probability"],
            row["assigned_at"],
            row["quarantined_by"],
            _values(by_key.get((row["source"], row["record_id"]), {})),
            keys_of(row),
            row["junk_reasons"],
        )
        for row in rows.iter_rows(named=True)
    )


def _values(sent: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in sent.items() if value and name not in _NOT_SENT and not name.startswith("_")}


def _strongest_first(edges: pl.DataFrame) -> list[Edge]:
    """Decisions, then rules, then the others, each by match weight; of equals, in the order of their numbers."""
    kind = pl.col("kind").replace_strict({"manual": 0, "rule": 1}, default=2, return_dtype=pl.Int64)
    numbers = [which("number_l", "number_r") for which in (pl.min_horizontal, pl.max_horizontal)]
    ordered = edges.sort(kind, -pl.col("match_weight"), "rule", *numbers, nulls_last=True)
    return list(ordered.iter_rows(named=True))


def _tree(held: Sequence[Edge], places: Mapping[int, int]) -> list[int]:
    ends = [
        (places[edge["number_l"]], places[edge["number_r"]], strength(edge["kind"], edge["match_weight"]))
        for edge in held
    ]
    return spanning_tree(len(places), ends)


def _waterfalls(
    reader: CustomerReader, records: pl.DataFrame, edges: Sequence[Edge], model: MatchModel | None
) -> dict[Pair, Waterfall]:
    """Of the edges that a model scored which is at hand."""
    versions = {pair_of(edge): edge["model_version"] for edge in edges if edge["model_version"] is not None}
    found: dict[Pair, Waterfall] = {}
    if not versions:
        return found
    scored = reader.scored({number for pair in versions for number in pair})
    for version, one in ({model.version: model} if model else reader.models(set(versions.values()))).items():
        wanted = [pair for pair in versions if versions[pair] == version]
        asked = pl.DataFrame(wanted, dict.fromkeys(("number_l", "number_r"), pl.Int64), orient="row")
        found |= waterfalls(one, records, scored.join(asked, on=["number_l", "number_r"], how="semi"))
    return found


def _decisions(rows: pl.DataFrame) -> Iterator[Decision]:
    """In order of time, withdrawn ones included."""
    holding = set(effective(rows).select(*PAIR, "decided_at").iter_rows())
    for row in typed(rows).sort("decided_at", *PAIR).iter_rows(named=True):
        yield Decision(
            named(row, "l"),
            named(row, "r"),
            row["decision"],
            row["reason"],
            row["decided_by"],
            row["decided_at"],
            (*(row[name] for name in PAIR), row["decided_at"]) in holding,
        )
