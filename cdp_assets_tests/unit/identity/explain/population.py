"""A warehouse of few people that the real pipeline has matched, for those who ask why."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import DECISIONS, RECORDS
from cdp_assets.identity.pipeline.clusters import update_clusters
from cdp_assets.identity.pipeline.ids import update_ids
from cdp_assets.identity.pipeline.pairs import update_pairs
from cdp_assets.identity.pipeline.records import store_records
from cdp_assets.identity.records import build_records
from cdp_assets.identity.scoring.blocking_rules import RULES
from cdp_assets.identity.scoring.comparisons import COMPARISONS, TERM_FREQUENCIES
from cdp_assets.identity.scoring.contexts import CONTEXTS, ELSEWHERE
from cdp_assets.identity.scoring.expectation import Parameters
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.settings import splink_settings
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import WriteMode
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

DAY = datetime(2026, 6, 30, tzinfo=UTC)
NEXT_DAY = datetime(2026, 7, 1, tzinfo=UTC)
CONFIG = IdentityConfig.model_validate(
    {
        "rules": [
            {"name": "user_id", "agree": ["user_id"], "trusted": True},
            {"name": "email_and_name", "agree": ["email", "name_forms"]},
            {
                "name": "name_and_address",
                "agree": ["name_forms", "last_name", "street", "postal_code"],
                "must_not_differ": ["date_of_birth"],
            },
        ]
    }
)
SENT = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "street",
    "city",
    "postal_code",
    "country",
    "date_of_birth",
    "user_id",
)
_NO_IDENTIFIERS = pl.DataFrame(schema=dict.fromkeys(("source", "record_id", "type", "value"), pl.String))
Person = Mapping[str, Any]


def match_model() -> MatchModel:
    """A model nobody trained: every comparison tells, the more the stronger the agreement, in every context."""
    contexts = {
        one.name: _settings([c for c in COMPARISONS if c.name not in one.given], 0.3, term_frequencies=False)
        for one in CONTEXTS
    }
    contexts[ELSEWHERE] = _settings(COMPARISONS, 0.001, term_frequencies=True)
    frequencies = {column: {"": 0.01} for column in TERM_FREQUENCIES}
    frequencies["last_name"] |= {"smith": 0.2}
    blocking = [
        rule.keys for rule in RULES if rule.name in {"email", "phone", "word and postal_code", "form and last_name"}
    ]
    return MatchModel(DAY, 1000, 1.5, contexts, blocking, (), frequencies)


def _settings(comparisons: Sequence[Any], share: float, *, term_frequencies: bool) -> dict[str, Any]:
    agreeing = {one.name: np.geomspace(1, 0.05, one.count) for one in comparisons}
    m = {name: values / values.sum() for name, values in agreeing.items()}
    u = {name: values[::-1] / values.sum() for name, values in agreeing.items()}
    return splink_settings(comparisons, Parameters(share, m, u), term_frequencies=term_frequencies)


class Population:
    """Records and the warehouse they are matched in."""

    def __init__(self, folder: Path, model: MatchModel | None = None) -> None:
        self.path = folder / "cdp.duckdb"
        self.warehouse = DuckDBWarehouse(self.path)
        self.model = model or match_model()

    def match(
        self,
        people: Iterable[Person],
        at: datetime = DAY,
        config: IdentityConfig = CONFIG,
        *,
        sent: bool = True,
        killed: bool = False,
    ) -> None:
        """Match these records in the place of all there were; each has `id` and what was sent, the source is the crm's
        unless it says so. With `sent`, `lookup.customer_records` holds them; a run that was `killed` gave no ids."""
        rows = customer_records(people)
        with self.warehouse.session():
            if sent:
                self.warehouse.write_arrow(Table("lookup", "customer_records"), rows.to_arrow())
            built = build_records(rows, _NO_IDENTIFIERS, config)
            keys = rows.select("source", "record_id")
            if self.warehouse.exists(RECORDS.table):
                known = pl.DataFrame(self.warehouse.read_arrow("SELECT source, record_id FROM identity.records"))
                keys = pl.concat([keys, known]).unique()
            store_records(self.warehouse, built, keys)
            update_pairs(self.warehouse, self.model, Limits(threads=1))
            update_clusters(self.warehouse, config, self.model)
            if not killed:
                update_ids(self.warehouse, at, f"run-{at:%d}")

    def decide(self, one: str, other: str, decision: str, why: str, at: datetime = DAY) -> None:
        """Note a decision of the crm's records."""
        row = ("crm", one, "crm", other, decision, why, "ann", at)
        rows = pl.DataFrame([row], schema=pl.DataFrame(DECISIONS.empty()).schema, orient="row")
        self.warehouse.write_arrow(DECISIONS.table, rows.to_arrow().cast(DECISIONS.schema), WriteMode.APPEND)

    def customer_of(self, record_id: str, source: str = "crm") -> str:
        """The customer of a record."""
        rows = self.warehouse.read_arrow("SELECT source, record_id, customer_id FROM identity.customer_ids").to_pylist()
        return next(row["customer_id"] for row in rows if (row["source"], row["record_id"]) == (source, record_id))

    def query(self, sql: str) -> list[dict[str, Any]]:
        """What the warehouse answers."""
        return self.warehouse.read_arrow(sql).to_pylist()


def customer_records(people: Iterable[Person]) -> pl.DataFrame:
    """`lookup.customer_records` of the people."""
    schema = dict.fromkeys(("source", "record_id", *SENT), pl.String) | {"is_deleted": pl.Boolean}
    rows = []
    for person in people:
        row = dict.fromkeys(schema) | {"source": "crm", "is_deleted": False, "country": "US"} | dict(person)
        row["record_id"] = str(row.pop("id"))
        rows.append(row)
    return pl.DataFrame(rows, schema=schema)
