"""What starts runs: sensors for what landed and what people wrote, schedules that move `as_of` and train a match model,
and the conditions for all the rest."""

import json

import dagster as dg

from cdp_assets.components._identity.model import STEP as MATCH_MODEL_STEP
from cdp_assets.components._identity.model import MatchModelConfig
from cdp_assets.components.full import full_tags
from cdp_assets.components.table_asset import asset_key
from cdp_assets.defs.raw.as_of import AsOfConfig
from cdp_assets.errors import WarehouseLockedError, WarehouseUnavailableError
from cdp_assets.identity.contracts import MATCH_MODEL
from cdp_assets.identity.pipeline.written import WRITTEN
from cdp_assets.orchestration.arrivals import new_arrivals, sources_of
from cdp_assets.orchestration.edits import edited, written_versions
from cdp_assets.settings import Settings
from cdp_assets.warehouses import open_warehouse

AS_OF_KEY = dg.AssetKey(["raw", "as_of"])
UNFINISHED = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)

full_refresh = dg.define_asset_job(
    "full_refresh",
    selection=dg.AssetSelection.all(),
    tags=full_tags(),
    description="Every asset, from what landed to what is sent. Files loaded before are not loaded again.",
)

daily = dg.define_asset_job(
    "daily",
    selection=dg.AssetSelection.assets(AS_OF_KEY),
    description="Moves as_of; what depends on it follows by itself.",
)


@dg.schedule(
    job=daily,
    cron_schedule="0 3 * * *",
    execution_timezone=Settings.from_env().reporting_timezone,
    description="Moves as_of to the day's midnight (UTC). Off until switched on: the demo's day is fixed.",
)
def move_as_of(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for the day the tick stands for, so that a late tick gives the same tables."""
    day = context.scheduled_execution_time.date().isoformat()
    config = dg.RunConfig(ops={"raw__as_of": AsOfConfig(as_of=day)})
    return dg.RunRequest(run_key=day, run_config=config)


train_match_model = dg.define_asset_job(
    "train_match_model",
    selection=dg.AssetSelection.assets(asset_key(MATCH_MODEL.table)),
    config=dg.RunConfig(ops={MATCH_MODEL_STEP: MatchModelConfig(retrain=True)}),
    description="Trains a match model on today's records: a candidate, whose check says what adopting it would change.",
)

monthly_training = dg.ScheduleDefinition(
    name="monthly_training",
    job=train_match_model,
    cron_schedule="0 4 1 * *",
    execution_timezone=Settings.from_env().reporting_timezone,
    description="Trains a candidate on the first of the month. Off until switched on: nothing is adopted by itself.",
)


@dg.sensor(
    target=dg.AssetSelection.groups("raw") - dg.AssetSelection.assets(AS_OF_KEY),
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the raw assets of what landed. Content that was loaded before starts nothing.",
)
def landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Look at the landing folder; the cursor keeps size and time of each file, so that unchanged ones cost nothing."""
    settings = Settings.from_env()
    seen = json.loads(context.cursor or "{}")
    assert context.repository_def is not None
    try:
        arrivals = new_arrivals(
            open_warehouse(settings), sources_of(context.repository_def.asset_graph), settings, seen
        )
    except (WarehouseLockedError, WarehouseUnavailableError) as error:
        return dg.SkipReason(str(error))
    request = dg.RunRequest(
        run_key=arrivals.fingerprint, asset_selection=[asset_key(table) for table in arrivals.tables]
    )
    return dg.SensorResult(
        run_requests=[request] if arrivals.tables else [], cursor=json.dumps(arrivals.seen, sort_keys=True)
    )


@dg.sensor(
    target=dg.AssetSelection.assets(*map(asset_key, WRITTEN)),
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the tables that people fill when somebody wrote into one: a decision, a label.",
)
def edits(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Look at the tables between runs; the cursor keeps what was asked for, so that one edit starts one run."""
    if context.instance.get_runs_count(dg.RunsFilter(statuses=list(UNFINISHED))):
        return dg.SkipReason("a run works in the warehouse; what was written is looked at when it ended.")
    try:
        versions = written_versions(open_warehouse(Settings.from_env()))
    except (WarehouseLockedError, WarehouseUnavailableError) as error:
        return dg.SkipReason(str(error))
    asked = json.loads(context.cursor or "{}")
    said = {key.to_user_string(): version for key, version in versions.items()}
    new = [key for key in edited(context.instance, versions) if asked.get(key.to_user_string()) != versions[key]]
    request = dg.RunRequest(asset_selection=new)
    return dg.SensorResult(run_requests=[request] if new else [], cursor=json.dumps(said, sort_keys=True))


automation = dg.AutomationConditionSensorDefinition(
    "automation",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="Runs everything below the raw stage when its inputs change.",
)
