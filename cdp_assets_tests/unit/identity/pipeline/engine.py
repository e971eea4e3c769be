"""The engine on a warehouse of its own, for tests: records in, customers out."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CUSTOMER_IDS, DECISIONS, EDGES, ID_HISTORY
from cdp_assets.identity.junk import frequency_junk
from cdp_assets.identity.masking import mask_junk
from cdp_assets.identity.pipeline.clusters import update_clusters
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.pairs import update_pairs
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.records import build_records, hashed, normalised
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.train import train_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.warehouses.base import WriteMode
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.identity.people import CONFIG, customer_records, identifiers

BEGINNING = datetime(2026, 6, 1, tzinfo=UTC)
RULES_ALONE = MatchModel(BEGINNING, 0, reason="by rules alone")


class Engine:
    """Resolves people as `people.customer_records` takes them; every call is a run, a day after the last."""

    def __init__(self, folder: Path, model: MatchModel = RULES_ALONE, config: IdentityConfig = CONFIG) -> None:
        self.model, self.config = model, config
        self.warehouse = DuckDBWarehouse(folder / "engine.duckdb")
        self.runs = 0

    def run(self, changed: Iterable[dict[str, Any]] = (), gone: Iterable[str] = ()) -> "Engine":
        """Take in new and changed people, forget those of `gone`, and resolve."""
        sent = customer_records(changed)
        keys = sent.select("source", "record_id")
        deleted = pl.DataFrame({"source": "crm", "record_id": list(gone)}, schema=keys.schema)
        built = build_records(sent, identifiers(), self.config)
        with self.warehouse.session():
            store_records(self.warehouse, built, pl.concat([keys, deleted]))
            update_pairs(self.warehouse, self.model, Limits(threads=1))
            update_clusters(self.warehouse, self.config, self.model)
            update_ids(self.warehouse, BEGINNING + timedelta(days=self.runs), f"run {self.runs}")
        self.runs += 1
        return self

    def decide(self, one: str, other: str, decision: str) -> "Engine":
        """A steward's word, which the next run applies."""
        self.runs += 1
        row = {"source_l": "crm", "record_id_l": one, "source_r": "crm", "record_id_r": other, "decision": decision}
        row |= {"reason": "asked", "decided_by": "a steward", "decided_at": BEGINNING + timedelta(days=self.runs)}  # type: ignore[dict-item]
        rows = pl.DataFrame([row]).cast({"decided_at": pl.Datetime("us", "UTC")})
        self.warehouse.ensure(DECISIONS)
        table = rows.select(column.name for column in DECISIONS.columns).to_arrow().cast(DECISIONS.schema)
        self.warehouse.write_arrow(DECISIONS.table, table, WriteMode.APPEND)
        return self

    @property
    def customers(self) -> set[frozenset[str]]:
        """Record ids by customer."""
        grouped = self.ids.group_by("customer_id").agg("record_id")
        return {frozenset(ids) for ids in grouped["record_id"]}

    @property
    def ids(self) -> pl.DataFrame:
        """`identity.customer_ids`, in the order of its keys."""
        return self._table(CUSTOMER_IDS.table.name).sort("source", "record_id")

    @property
    def history(self) -> pl.DataFrame:
        """`identity.id_history`."""
        return self._table(ID_HISTORY.table.name)

    @property
    def edges(self) -> pl.DataFrame:
        """`identity.edges`."""
        return self._table(EDGES.table.name).sort("source_l", "record_id_l", "source_r", "record_id_r")

    def id_of(self, record_id: str) -> str:
        """The customer of a record."""
        return str(self.ids.filter(pl.col("record_id") == record_id)["customer_id"].item())

    def _table(self, name: str) -> pl.DataFrame:
        return pl.DataFrame(self.warehouse.read_arrow(f"SELECT * FROM identity.{name}"))


def trained_on(people: Iterable[dict[str, Any]], config: IdentityConfig = CONFIG) -> MatchModel:
    """A model of the people."""
    plain = normalised(customer_records(people), identifiers(), config)
    junk = frequency_junk(plain, config.junk)
    return train_model(hashed(mask_junk(plain, junk)), junk, config, BEGINNING, Limits(threads=1))
