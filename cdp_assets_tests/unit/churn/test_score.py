"""Scores are probabilities in bands, with reasons a person understands."""

import numpy as np
import polars as pl

from cdp_assets.churn.contracts import SCORES
from cdp_assets.churn.predictors import PREDICTORS
from cdp_assets.churn.reasons import reasons
from cdp_assets.churn.score import score
from cdp_assets_tests.unit.churn.world import AS_OF, CONFIG


def test_scores_are_as_the_contract_says(shop_features, shop_model):
    now = shop_features.filter(pl.col("as_of") == AS_OF)
    scored = score(now, shop_model, CONFIG)
    assert scored.columns == [column.name for column in SCORES.columns]
    assert scored["customer_id"].to_list() == now["customer_id"].to_list()
    assert scored["churn_probability"].is_between(0, 1).all()
    assert scored["model_version"].unique().to_list() == [shop_model.version]


def test_bands_follow_the_thresholds(shop_features, shop_model):
    scored = score(shop_features, shop_model, CONFIG)
    limits = scored.group_by("risk_band").agg(low=pl.min("churn_probability"), high=pl.max("churn_probability"))
    bands = {row["risk_band"]: row for row in limits.to_dicts()}
    assert bands["low"]["high"] < CONFIG.medium_risk_from <= bands["medium"]["low"]
    assert bands["medium"]["high"] < CONFIG.high_risk_from <= bands["high"]["low"]


def test_reasons_name_what_moved_the_score_most_first(shop_features):
    one = shop_features.filter(pl.col("customer_id") == "c00001").tail(1)
    moved = {"order_count": -0.1, "recency_days": 2.0, "events_30d": 0.5, "tickets_90d": 0.01}
    contributions = np.array([[moved.get(name, 0.0) for name in PREDICTORS]])
    days = round((one["as_of"] - one["last_order_at"]).dt.total_seconds().item() / 86400)
    assert reasons(one, contributions).row(0) == (
        f"last order {days} days ago (raises the risk)",
        f"web events in the last 30 days: {one['events_30d'].item()} (raises the risk)",
        f"number of orders so far: {one['order_count'].item()} (lowers the risk)",
    )


def test_fewer_causes_give_fewer_reasons(shop_features):
    one = shop_features.head(1)
    contributions = np.array([[-1.0 if name == "tickets_90d" else 0.0 for name in PREDICTORS]])
    assert reasons(one, contributions).row(0) == (
        "support tickets in the last 90 days: 0 (lowers the risk)",
        None,
        None,
    )


def test_every_predictor_has_words_for_known_and_missing_values(shop_features):
    for position in range(len(PREDICTORS)):
        contributions = np.zeros((shop_features.height, len(PREDICTORS)))
        contributions[:, position] = 1.0
        words = reasons(shop_features, contributions)["reason_1"]
        assert words.null_count() == 0
        assert words.str.contains(r"^[a-z0-9-].* \(raises the risk\)$").all()
        assert not words.str.contains("null|NaN|None").any()


def test_the_silent_are_riskier_than_the_active(shop_features, shop_model):
    now = shop_features.filter(pl.col("as_of") == AS_OF)
    scored = now.join(score(now, shop_model, CONFIG), on="customer_id")
    silent = scored.filter(pl.col("last_order_at") < AS_OF - pl.duration(days=200))["churn_probability"].mean()
    active = scored.filter(pl.col("last_order_at") > AS_OF - pl.duration(days=10))["churn_probability"].mean()
    assert silent > active + 0.3
