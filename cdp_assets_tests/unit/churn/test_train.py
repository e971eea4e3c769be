"""What is learnt is better than recency where there is more to learn, honest where there is not, and repeatable."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from cdp_assets.churn.config import ChurnConfig
from cdp_assets.churn.contracts import MODEL
from cdp_assets.churn.evaluate import Metrics, evaluate
from cdp_assets.churn.model import Method, worse_than_recency
from cdp_assets.churn.score import score
from cdp_assets.churn.store import latest_model, save_model
from cdp_assets.churn.train import train
from cdp_assets.errors import DataError
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.churn.world import AS_OF, CONFIG, before, features, shop, transaction


def test_the_model_beats_the_recency_rule_where_habits_differ(shop_model):
    assert shop_model.method is Method.LIGHTGBM
    assert 1 - shop_model.metrics.auc < 0.75 * (1 - shop_model.recency_metrics.auc)
    assert shop_model.metrics.brier < 0.75 * shop_model.recency_metrics.brier
    assert worse_than_recency(shop_model) is None


def test_a_model_that_could_not_be_judged_is_not_used(shop_model):
    one_outcome = replace(shop_model, metrics=replace(shop_model.metrics, auc=None))
    assert "same outcome" in worse_than_recency(one_outcome)


def test_probabilities_are_calibrated(shop_features, shop_model):
    judged = shop_features.filter(pl.col("as_of") == before(CONFIG.horizon_days))
    foretold = pl.DataFrame({"p": shop_model.probability(judged), "churned": judged["churned"].cast(pl.Float64)})
    tenths = foretold.group_by(tenth=(pl.col("p") * 10).floor()).agg(
        pl.mean("p"),
        pl.mean("churned"),
        rows=pl.len(),
    )
    error = (tenths["p"] - tenths["churned"]).abs() * tenths["rows"]
    assert error.sum() / foretold.height < 0.06


def test_the_same_rows_in_any_order_give_the_same_model_and_scores(shop_features, shop_model):
    again = train(shop_features.sample(fraction=1, shuffle=True, seed=3), CONFIG, AS_OF)
    assert (again.version, again.metrics) == (shop_model.version, shop_model.metrics)
    now = shop_features.filter(pl.col("as_of") == AS_OF)
    assert score(now.reverse(), again, CONFIG).equals(score(now, shop_model, CONFIG))


def test_another_seed_or_other_data_is_another_version(shop_features, shop_model):
    other = train(shop_features, CONFIG.model_copy(update={"seed": 1}), AS_OF)
    assert other.version != shop_model.version


def test_current_customers_are_never_learnt_from(shop_features, shop_model):
    past = shop_features.filter(pl.col("as_of") < AS_OF)
    assert train(past, CONFIG, AS_OF).version == shop_model.version


def test_what_is_judged_on_is_never_learnt_from(shop_features, shop_model):
    earlier = shop_features.filter(pl.col("as_of") < before(CONFIG.horizon_days))
    unjudged = train(earlier, CONFIG, AS_OF)
    assert unjudged.version == shop_model.version
    assert unjudged.metrics is None


@pytest.fixture
def short_history(tmp_path):
    """A shop that opened 200 days ago: its customers ordered once, and every second one again 50 days ago."""
    sold = [transaction(f"c{n}", before(110 + n % 80)) for n in range(300)]
    return features(shop(tmp_path / "w", sold + [transaction(f"c{n}", before(50)) for n in range(0, 300, 2)]))


def test_a_short_history_falls_back_to_the_recency_rule_unjudged_and_says_why(short_history):
    model = train(short_history, CONFIG, AS_OF)
    assert (model.method, model.metrics) == (Method.RECENCY, None)
    assert "needs 50 churned" in model.method_reason
    assert "0 churned and 0 kept to train, 27 churned and 0 kept to calibrate" in model.method_reason
    assert worse_than_recency(model) is None


def test_one_outcome_only_falls_back_to_its_base_rate(short_history):
    lost = short_history.with_columns(churned=pl.when(pl.col("churned").is_not_null()).then(pl.lit(True)))
    model = train(lost, CONFIG, AS_OF)
    assert (model.method, model.base_rate) == (Method.BASE_RATE, 1.0)


@pytest.mark.parametrize("rows", [0, 5])
def test_without_any_past_there_is_no_opinion(short_history, rows):
    today = short_history.filter(pl.col("as_of") == AS_OF).head(rows)
    model = train(today, CONFIG, AS_OF)
    scored = score(today, model, CONFIG)
    assert model.method is Method.NONE
    assert scored.height == rows
    assert scored["churn_probability"].null_count() == scored["risk_band"].null_count() == rows


def test_a_judging_cut_off_with_one_outcome_has_no_auc():
    metrics = evaluate(np.array([0.5, 1.0]), np.array([True, True]))
    assert metrics == Metrics(auc=None, brier=0.125, rows=2)


def test_a_model_below_the_recency_rule_is_told(shop_model):
    rule = shop_model.recency_metrics
    ranks_worse = replace(shop_model, metrics=Metrics(rule.auc - 0.01, rule.brier, rule.rows))
    foretells_worse = replace(shop_model, metrics=Metrics(rule.auc, rule.brier + 0.01, rule.rows))
    assert "ROC-AUC" in worse_than_recency(ranks_worse)
    assert "Brier" in worse_than_recency(foretells_worse)


def test_a_stored_model_scores_as_the_trained_one(tmp_path, shop_features, shop_model, short_history):
    warehouse = DuckDBWarehouse(tmp_path / "models")
    with pytest.raises(DataError, match="materialize churn/model"):
        latest_model(warehouse)
    save_model(warehouse, replace(train(short_history, CONFIG, AS_OF), trained_at=before(30)))
    save_model(warehouse, shop_model)
    save_model(warehouse, shop_model)
    stored = latest_model(warehouse)
    now = shop_features.filter(pl.col("as_of") == AS_OF)
    assert warehouse.row_count(MODEL.table) == 2
    assert (stored.version, stored.metrics) == (shop_model.version, shop_model.metrics)
    assert score(now, stored, CONFIG).equals(score(now, shop_model, CONFIG))


def test_a_model_of_other_predictors_is_refused_with_what_to_do(shop_features, shop_model):
    stale = replace(shop_model, trees=replace(shop_model.trees, predictors=("recency_days",)))
    with pytest.raises(DataError, match="materialize churn/model again"):
        score(shop_features.head(3), stale, CONFIG)


def test_bands_out_of_order_are_refused():
    with pytest.raises(ValueError, match=r"must be below high_risk_from, 0\.3"):
        ChurnConfig(high_risk_from=0.3)
