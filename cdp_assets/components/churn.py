"""Churn: features as of several cut-offs, a model judged beside a simple rule, and today's scores."""

from datetime import datetime
from typing import Any

import dagster as dg
import polars as pl
from sqlglot import exp

from cdp_assets.as_of import AS_OF, read_as_of
from cdp_assets.churn.config import ChurnConfig
from cdp_assets.churn.contracts import FEATURES, MODEL, SCORES
from cdp_assets.churn.features import features_query
from cdp_assets.churn.model import worse_than_recency
from cdp_assets.churn.score import score
from cdp_assets.churn.store import latest_model, save_model
from cdp_assets.churn.train import train
from cdp_assets.code_version import code_version
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.components.table_asset import Results, asset_key, contract_result, contract_spec, read_frame
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse

KEY_IS_UNIQUE, ORDERS_REACH_AS_OF = "key_is_unique", "orders_reach_as_of"
FACTS = [Table("master", "transactions"), Table("master", "events"), AS_OF.table]


class Churn(DefinedComponent[ChurnConfig]):
    """Features, model and scores of customer churn."""

    definition_model = ChurnConfig

    def definitions(self) -> dg.Definitions:
        return dg.Definitions(assets=[self._features(), self._model(), self._scores()])

    def _spec(self, contract: Contract, deps: list[Table], kinds: set[str]) -> dg.AssetSpec:
        version = code_version("cdp_assets.churn", self.definition)
        return contract_spec(contract, deps=deps, kinds=kinds, code_version=version, owners=["team:data-science"])

    def _features(self) -> dg.AssetsDefinition:
        @dg.multi_asset(
            specs=[self._spec(FEATURES, FACTS, {"sql"})],
            check_specs=[
                dg.AssetCheckSpec(
                    KEY_IS_UNIQUE,
                    asset=asset_key(FEATURES.table),
                    blocking=True,
                    description="A customer has one row a cut-off.",
                ),
                dg.AssetCheckSpec(
                    ORDERS_REACH_AS_OF,
                    asset=asset_key(FEATURES.table),
                    blocking=True,
                    description="Somebody ordered within the horizon before as_of; else everybody would seem to churn.",
                ),
            ],
            **step("churn__features"),
        )
        def features(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
            with warehouse.opened(context) as opened:
                as_of = read_as_of(opened)
                cut_offs = self.definition.cut_offs(as_of)
                rows = opened.write_select(FEATURES.table, features_query(cut_offs.every, self.definition, as_of))
                result = contract_result(opened, FEATURES, {"cut_offs": len(cut_offs.every)})
                yield result._replace(check_results=[_unique(opened, rows), self._reaches(opened, as_of)])

        return features

    def _reaches(self, warehouse: Warehouse, as_of: datetime) -> dg.AssetCheckResult:
        newest = exp.select(exp.Max(this=exp.column("last_order_at")).as_("at")).from_(FEATURES.table.expression())
        at = warehouse.read_arrow(newest)["at"][0].as_py()
        return dg.AssetCheckResult(
            check_name=ORDERS_REACH_AS_OF,
            passed=at is None or at >= as_of - self.definition.horizon,
            metadata={"newest_order": str(at), "as_of": str(as_of), "fix": "cdp run --as-of, or load newer orders"},
        )

    def _model(self) -> dg.AssetsDefinition:
        @dg.multi_asset(
            specs=[self._spec(MODEL, [FEATURES.table, AS_OF.table], {"python", "lightgbm"})],
            check_specs=[
                dg.AssetCheckSpec(
                    "not_worse_than_recency",
                    asset=asset_key(MODEL.table),
                    blocking=True,
                    description="ROC-AUC and Brier score are no worse than those of a rule on recency alone.",
                )
            ],
            **step("churn__model"),
        )
        def model(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
            with warehouse.opened(context) as opened:
                trained = train(read_frame(opened, FEATURES.table), self.definition, read_as_of(opened))
                save_model(opened, trained)
                why = worse_than_recency(trained)
                quality = {
                    "version": trained.version,
                    "method": trained.method.value,
                    "method_reason": trained.method_reason,
                    "training_rows": trained.training_rows,
                    **_metrics("", trained.metrics),
                    **_metrics("recency_", trained.recency_metrics),
                }
                check = dg.AssetCheckResult(
                    check_name="not_worse_than_recency", passed=why is None, metadata={"why": why or "it is not"}
                )
                yield contract_result(opened, MODEL, quality)._replace(check_results=[check])

        return model

    def _scores(self) -> dg.AssetsDefinition:
        @dg.multi_asset(
            specs=[self._spec(SCORES, [FEATURES.table, MODEL.table, AS_OF.table], {"python", "lightgbm"})],
            **step("churn__scores"),
        )
        def scores(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Results:
            with warehouse.opened(context) as opened:
                as_of = read_as_of(opened)
                current = read_frame(opened, FEATURES.table).filter(pl.col("as_of") == as_of)
                scored = score(current, latest_model(opened), self.definition)
                opened.write_arrow(SCORES.table, scored.to_arrow().cast(SCORES.schema))
                bands = dict(scored["risk_band"].drop_nulls().value_counts().iter_rows())
                yield contract_result(opened, SCORES, {f"customers_{band}": count for band, count in bands.items()})

        return scores


def _unique(warehouse: Warehouse, rows: int) -> dg.AssetCheckResult:
    keys = exp.select(*FEATURES.key).distinct().from_(FEATURES.table.expression()).subquery("k")
    counted = warehouse.read_arrow(exp.select(exp.Count(this=exp.Star()).as_("n")).from_(keys))
    distinct = int(counted["n"][0].as_py())
    return dg.AssetCheckResult(
        check_name=KEY_IS_UNIQUE, passed=distinct == rows, metadata={"rows": rows, "keys": distinct}
    )


def _metrics(prefix: str, metrics: Any) -> dict[str, Any]:  # noqa: ANN401
    return {f"{prefix}auc": metrics.auc, f"{prefix}brier": metrics.brier} if metrics else {}
