"""Features count what was known before a cut-off, and nothing after it."""

from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cdp_assets.churn.config import ChurnConfig
from cdp_assets.churn.contracts import FEATURES
from cdp_assets.churn.features import features_query
from cdp_assets_tests.unit.churn.world import AS_OF, CONFIG, TRANSACTIONS, before, event, features, shop, transaction


def test_each_feature_counts_its_own_window(tmp_path):
    warehouse = shop(
        tmp_path / "w",
        [
            transaction("a", before(400), 100),
            transaction("a", before(180), 1),
            transaction("a", before(100), 2),
            transaction("a", before(90), 3.5),
            transaction("a", before(95), -2, "refund"),
            transaction("a", before(1), -1, "cancellation"),
            transaction("a", AS_OF, 1000),
            {**transaction("a", before(5), 1000), "is_deleted": True},
            transaction(None, before(5), 1000),
        ],
        [
            *(event("a", before(days)) for days in (200, 180, 91, 90, 30, 29)),
            event("a", AS_OF),
            *(event("a", before(days), "support") for days in (200, 3)),
        ],
    )
    now = features(warehouse).filter(pl.col("as_of") == AS_OF).to_dicts()
    assert now == [
        {
            "customer_id": "a",
            "as_of": AS_OF,
            "first_order_at": before(400),
            "last_order_at": before(90),
            "order_count": 4,
            "orders_90d": 1,
            "orders_prior_90d": 2,
            "spent_total": Decimal("106.5000"),
            "spent_365d": Decimal("6.5000"),
            "refund_count": 2,
            "refunds_90d": 1,
            "refunded_total": Decimal("3.0000"),
            "last_event_at": before(29),
            "events_30d": 2,
            "events_90d": 3,
            "events_prior_90d": 2,
            "ticket_count": 2,
            "tickets_90d": 1,
            "churned": None,
        }
    ]


@pytest.mark.parametrize(("next_order", "churned"), [(90, False), (0.001, False), (89, False), (0, True), (91, True)])
def test_a_customer_churned_when_no_order_falls_in_the_horizon(tmp_path, next_order, churned):
    warehouse = shop(tmp_path / "w", [transaction("a", before(200)), transaction("a", before(next_order))])
    judged = features(warehouse).filter(pl.col("as_of") == before(90))
    assert judged["churned"].to_list() == [churned]


def test_a_refund_is_no_order_that_saves_a_customer(tmp_path):
    warehouse = shop(tmp_path / "w", [transaction("a", before(200)), transaction("a", before(50), -10, "refund")])
    assert features(warehouse).filter(pl.col("as_of") == before(90))["churned"].to_list() == [True]


def test_who_has_not_ordered_yet_has_no_row(tmp_path):
    warehouse = shop(tmp_path / "w", [transaction("a", before(100))], [event("b", before(300))])
    assert features(warehouse).select("customer_id", "as_of").rows() == [("a", before(90)), ("a", AS_OF)]


moments = st.floats(-100, 600).map(before)
deeds = st.lists(st.tuples(st.sampled_from("ab"), moments, st.sampled_from(["order", "refund", "web", "support"])))


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(known=deeds, later=deeds)
def test_facts_from_the_cut_off_on_change_no_feature(tmp_path_factory, known, later):
    cut_off = before(90)

    def measured(chosen):
        sold = [transaction(c, at, 5 if kind == "order" else -5, kind) for c, at, kind in chosen if kind in KINDS]
        seen = [event(c, at, kind) for c, at, kind in chosen if kind not in KINDS]
        path = tmp_path_factory.mktemp("shop") / "w"
        rows = shop(path, sold, seen).read_arrow(features_query([cut_off], CONFIG, AS_OF))
        return pl.DataFrame(rows).drop("churned").sort("customer_id")

    past = [deed for deed in known if deed[1] < cut_off]
    assert_frame_equal(measured(past), measured(past + [deed for deed in later if deed[1] >= cut_off]))


KINDS = ("order", "refund")


def test_the_table_is_as_its_contract_says(tmp_path):
    warehouse = shop(tmp_path / "w", [transaction("a", before(100))])
    warehouse.write_select(FEATURES.table, features_query([AS_OF], CONFIG, AS_OF))
    assert warehouse.read_arrow("SELECT * FROM churn.features").schema.equals(FEATURES.schema)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery"])
def test_the_query_can_be_said_in_every_dialect(dialect):
    query = features_query(CONFIG.cut_offs(AS_OF).every, CONFIG, AS_OF)
    sql = query.sql(dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert sqlglot.parse_one(sql, dialect=dialect).sql(dialect) == sql


def test_without_support_sources_every_event_is_web_activity(tmp_path):
    warehouse = shop(tmp_path / "w", [transaction("a", before(100))], [event("a", before(3), "support")])
    row = features(warehouse, ChurnConfig(support_sources=())).filter(pl.col("as_of") == AS_OF).to_dicts()[0]
    assert (row["events_30d"], row["ticket_count"]) == (1, 0)


def test_a_source_named_to_break_sql_is_only_a_name(tmp_path):
    name = "x'); DROP TABLE master.events; --"
    config = ChurnConfig(support_sources=(name,))
    warehouse = shop(tmp_path / "w", [transaction("a", before(100))], [event("a", before(3), name)])
    assert features(warehouse, config)["ticket_count"].max() == 1
    assert warehouse.row_count(TRANSACTIONS) == 1


def test_the_label_windows_of_training_calibration_and_judging_do_not_overlap():
    cut_offs = CONFIG.cut_offs(AS_OF)
    horizon = timedelta(days=CONFIG.horizon_days)
    assert max(cut_offs.training) + horizon <= cut_offs.calibration
    assert cut_offs.calibration + horizon <= cut_offs.judging
    assert cut_offs.judging + horizon <= cut_offs.current == AS_OF
    assert len(set(cut_offs.every)) == CONFIG.training_cut_offs + 3
