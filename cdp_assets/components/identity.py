"""Identity resolution: match keys, a saved model, edges, and the customer each record belongs to."""

from typing import Any

import dagster as dg
import polars as pl

from cdp_assets.as_of import AS_OF, read_as_of
from cdp_assets.code_version import code_version
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.components.table_asset import Results, asset_key, contract_result, contract_spec, read_frame
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import CUSTOMER_IDS, EDGES, ID_HISTORY, MATCH_MODEL, RECORDS
from cdp_assets.identity.edges import find_edges
from cdp_assets.identity.model import MatchModel, latest_model
from cdp_assets.identity.records import build_records
from cdp_assets.identity.resolve import resolve
from cdp_assets.identity.training import train_model
from cdp_assets.stages import Stage
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import WriteMode

CUSTOMER_RECORDS, IDENTIFIERS = Table(Stage.LOOKUP, "customer_records"), Table(Stage.LOOKUP, "identifiers")
LARGEST_CLUSTER, EVERY_RECORD_ONCE = "largest_cluster", "every_record_once"


class MatchModelConfig(dg.Config):
    """`retrain` learns anew from today's records; otherwise a model that is there is kept."""

    retrain: bool = False


class Identity(DefinedComponent[IdentityConfig]):
    """Which source records are one customer, by rules and by Splink, with ids that stay."""

    definition_model = IdentityConfig

    def definitions(self) -> dg.Definitions:
        return dg.Definitions(assets=[self._records(), self._match_model(), self._edges(), self._customer_ids()])

    @property
    def version(self) -> str:
        """Changes with the engine's code and with the configuration."""
        return code_version("cdp_assets.identity", self.definition)

    def _spec(self, contract: Contract, deps: list[Table], read_only_deps: tuple[Table, ...] = ()) -> dg.AssetSpec:
        return contract_spec(
            contract, deps=deps, read_only_deps=read_only_deps, kinds={"python"}, code_version=self.version
        )

    def _records(self) -> dg.AssetsDefinition:
        @dg.multi_asset(
            specs=[self._spec(RECORDS, [CUSTOMER_RECORDS, IDENTIFIERS])],
            **step("identity__records"),
        )
        def records(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
            with warehouse.opened(context) as opened:
                built = build_records(
                    read_frame(opened, CUSTOMER_RECORDS), read_frame(opened, IDENTIFIERS), self.definition
                )
                opened.write_arrow(RECORDS.table, built.to_arrow().cast(RECORDS.schema))
                junk = built["junk_reasons"].is_not_null().sum()
                yield contract_result(opened, RECORDS, {"records_with_junk": int(junk)})

        return records

    def _match_model(self) -> dg.AssetsDefinition:
        @dg.multi_asset(
            specs=[self._spec(MATCH_MODEL, [RECORDS.table], (AS_OF.table,))],
            **step("identity__match_model"),
        )
        def match_model(
            context: dg.AssetExecutionContext, config: MatchModelConfig, warehouse: WarehouseResource
        ) -> Results:
            with warehouse.opened(context) as opened:
                opened.ensure(MATCH_MODEL)
                key = asset_key(MATCH_MODEL.table)
                made_by = context.instance.get_latest_materialization_code_versions([key]).get(key)
                model = latest_model(read_frame(opened, MATCH_MODEL.table))
                records = read_frame(opened, RECORDS.table)
                if model is None or config.retrain or made_by != self.version or _outgrown(model, records.height):
                    model = train_model(records, self.definition, read_as_of(opened))
                    opened.write_arrow(MATCH_MODEL.table, model.to_table(), WriteMode.MERGE, MATCH_MODEL.key)
                facts = {"version": model.version, "is_trained": model.is_trained, "reason": model.reason or ""}
                trained = {"trained_on_records": model.records, "threshold": model.threshold}
                result = contract_result(opened, MATCH_MODEL, {**facts, **trained})
                yield result._replace(data_version=dg.DataVersion(model.version))

        return match_model

    def _edges(self) -> dg.AssetsDefinition:
        @dg.multi_asset(
            specs=[self._spec(EDGES, [RECORDS.table, MATCH_MODEL.table])],
            **step("identity__edges"),
        )
        def edges(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
            with warehouse.opened(context) as opened:
                model = latest_model(read_frame(opened, MATCH_MODEL.table))
                found = find_edges(read_frame(opened, RECORDS.table), model, self.definition)
                opened.write_arrow(EDGES.table, found.to_arrow().cast(EDGES.schema))
                held = found.filter(pl.col("vetoed_by").is_null())
                counts = {f"edges_{kind}": count for kind, count in held["kind"].value_counts().iter_rows()}
                yield contract_result(opened, EDGES, {**counts, "vetoed": found.height - held.height})

        return edges

    def _customer_ids(self) -> dg.AssetsDefinition:
        specs = [
            self._spec(CUSTOMER_IDS, [RECORDS.table, EDGES.table], (AS_OF.table,)),
            self._spec(ID_HISTORY, [RECORDS.table, EDGES.table], (AS_OF.table,)),
        ]
        checks = [
            dg.AssetCheckSpec(
                EVERY_RECORD_ONCE,
                asset=specs[0].key,
                blocking=True,
                description="Every live source record has exactly one customer id.",
            ),
            dg.AssetCheckSpec(
                LARGEST_CLUSTER,
                asset=specs[0].key,
                blocking=True,
                description=f"No customer has more than {self.definition.largest_cluster} records.",
            ),
        ]

        @dg.multi_asset(specs=specs, check_specs=checks, **step("identity__customer_ids"))
        def customer_ids(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
            with warehouse.opened(context) as opened:
                opened.ensure(CUSTOMER_IDS, ID_HISTORY)
                records = read_frame(opened, RECORDS.table)
                resolution = resolve(
                    records,
                    read_frame(opened, EDGES.table),
                    read_frame(opened, CUSTOMER_IDS.table),
                    read_frame(opened, ID_HISTORY.table),
                    self.definition,
                    read_as_of(opened),
                    context.run_id,
                )
                with opened.transaction():
                    opened.write_arrow(CUSTOMER_IDS.table, resolution.customer_ids.to_arrow().cast(CUSTOMER_IDS.schema))
                    opened.write_arrow(
                        ID_HISTORY.table, resolution.history.to_arrow().cast(ID_HISTORY.schema), WriteMode.APPEND
                    )
                ids = contract_result(opened, CUSTOMER_IDS, _id_facts(resolution.customer_ids))
                yield ids._replace(check_results=self._checks(records, resolution.customer_ids))
                yield contract_result(opened, ID_HISTORY, {"rows_added": resolution.history.height})

        return customer_ids

    def _checks(self, records: pl.DataFrame, customer_ids: pl.DataFrame) -> list[dg.AssetCheckResult]:
        key = asset_key(CUSTOMER_IDS.table)
        keys = ["source", "record_id"]
        same = records.select(keys).sort(keys).equals(customer_ids.select(keys).sort(keys))
        largest = _largest(customer_ids)
        return [
            dg.AssetCheckResult(
                asset_key=key,
                check_name=EVERY_RECORD_ONCE,
                passed=same,
                metadata={"records": records.height, "assigned": customer_ids.height},
            ),
            dg.AssetCheckResult(
                asset_key=key,
                check_name=LARGEST_CLUSTER,
                passed=largest <= self.definition.largest_cluster,
                metadata={"largest": largest, "allowed": self.definition.largest_cluster},
            ),
        ]


def _outgrown(model: MatchModel, records: int) -> bool:
    """Whether there was too little to learn from and now there is more, or the records have doubled since."""
    return records > model.records if not model.is_trained else records >= 2 * model.records


def _largest(customer_ids: pl.DataFrame) -> int:
    if customer_ids.is_empty():
        return 0
    return int(customer_ids["customer_id"].value_counts()["count"].cast(pl.Int64).max() or 0)  # type: ignore[arg-type]


def _id_facts(customer_ids: pl.DataFrame) -> dict[str, Any]:
    matched = {f"matched_by_{how}": count for how, count in customer_ids["matched_by"].value_counts().iter_rows()}
    return {"customers": customer_ids["customer_id"].n_unique(), "largest": _largest(customer_ids), **matched}
