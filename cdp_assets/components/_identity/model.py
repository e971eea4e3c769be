"""The match model as an asset: mostly looked at, seldom trained, and adopted when a person says so."""

from typing import TYPE_CHECKING, Any

import dagster as dg

from cdp_assets.as_of import AS_OF, read_as_of
from cdp_assets.components._identity.engine import Engine
from cdp_assets.components.table_asset import Results, asset_key, contract_result
from cdp_assets.components.warehouse import WarehouseResource, step
from cdp_assets.identity.contracts import CUSTOMER_IDS, LABELS, MATCH_MODEL
from cdp_assets.identity.model_chart import weights_chart, weights_table
from cdp_assets.identity.pipeline.models import load_model
from cdp_assets.identity.pipeline.sources import CUSTOMER_RECORDS, FURTHER
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.warehouses.base import Warehouse

if TYPE_CHECKING:
    from cdp_assets.identity.pipeline.training import Renewal

STEP = "identity__match_model"
NO_CANDIDATE = "no_candidate_waits"
PARTS = ("probabilistic", "junk", "phone_regions", "date_orders")


class MatchModelConfig(dg.Config):
    """`retrain` learns anew from today's records. What is learned is a candidate, unless `adopt` puts it in force at
    once; `adopt_version` puts a model in force that is in the table: a candidate, or one from before."""

    retrain: bool = False
    adopt: bool = False
    adopt_version: str | None = None


def match_model_asset(engine: Engine) -> dg.AssetsDefinition:
    """The models trained so far; its data version is that of the one in force."""
    spec = engine.spec(
        MATCH_MODEL,
        [CUSTOMER_RECORDS, FURTHER],
        read_only=[AS_OF.table, LABELS.table],
        parts=PARTS,
        kinds=["python", "splink"],
    )
    check = dg.AssetCheckSpec(
        NO_CANDIDATE, asset=spec.key, description="No trained model waits for somebody to adopt it, or not."
    )

    @dg.multi_asset(specs=[spec], check_specs=[check], **step(STEP))
    def match_model(
        context: dg.AssetExecutionContext, config: MatchModelConfig, warehouse: WarehouseResource
    ) -> Results:
        from cdp_assets.identity.pipeline.training import Wish, renew_model

        with warehouse.opened(context) as opened:
            wish = Wish(config.retrain, config.adopt, config.adopt_version)
            renewal = renew_model(opened, engine.config, wish, read_as_of(opened), engine.limits)
            would_change = _would_change(opened, engine, renewal)
            result = contract_result(opened, MATCH_MODEL, _facts(renewal.model, renewal.trained_because))
            version, check = dg.DataVersion(renewal.model.version), _waits(renewal, would_change)
            yield result._replace(data_version=version, check_results=[check])

    return match_model


def _would_change(warehouse: Warehouse, engine: Engine, renewal: "Renewal") -> dict[str, Any]:
    """What adopting the model that this run trained as a candidate would change; of an older one nothing is said."""
    if renewal.trained_because is None or renewal.candidate is None or not warehouse.exists(CUSTOMER_IDS.table):
        return {}
    from cdp_assets.identity.preview import impact

    trained = load_model(warehouse, renewal.candidate)
    found = impact(warehouse, engine.config, trained, engine.limits, read_as_of(warehouse)).as_json()
    counts = {name: value for name, value in found.items() if isinstance(value, int)}
    rest = {name: dg.MetadataValue.json(found[name]) for name in ("audiences", "examples")}
    return counts | rest | {"learned": dg.MetadataValue.md(weights_table(trained))}


def _facts(model: MatchModel, trained_because: str | None) -> dict[str, Any]:
    return {
        "version": model.version,
        "is_trained": model.is_trained,
        "reason": model.reason or "",
        "trained_because": trained_because or "",
        "trained_on_records": model.records,
        "threshold": model.threshold,
        "threshold_from": model.threshold_from or "",
        "junk_values": len(model.junk),
        "learned": dg.MetadataValue.md(weights_table(model)),
        "learned_chart": dg.MetadataValue.json(weights_chart(model)),
    }


def _waits(renewal: "Renewal", would_change: dict[str, Any]) -> dg.AssetCheckResult:
    adopt = f"run {MATCH_MODEL.table} with adopt_version: the candidate's, or that of the one in force to dismiss it"
    known = {"candidate": renewal.candidate, "in_force": renewal.model.version, "fix": adopt, **would_change}
    return dg.AssetCheckResult(
        asset_key=asset_key(MATCH_MODEL.table),
        check_name=NO_CANDIDATE,
        passed=renewal.candidate is None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=known if renewal.candidate else {},
    )
