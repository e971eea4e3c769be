"""The tables of the churn stage."""

from cdp_assets.tables import AMOUNT, BOOLEAN, FLOAT, INTEGER, TEXT, TIMESTAMP, Column, Contract, Layout, Table

_TRANSACTIONS, _EVENTS = "master.transactions", "master.events"
_ORDER = tuple(f"{_TRANSACTIONS}.{name}" for name in ("customer_id", "type", "occurred_at", "is_deleted"))
_AMOUNT = (*_ORDER, f"{_TRANSACTIONS}.amount_reporting")
_EVENT = tuple(f"{_EVENTS}.{name}" for name in ("customer_id", "source", "occurred_at", "is_deleted"))
_AS_OF = ("raw.as_of.as_of",)

FEATURES = Contract(
    Table("churn", "features", Layout(cluster_by=("as_of", "customer_id"))),
    "What was known of each customer who had ordered before a cut-off, and whether no order followed it.",
    (
        Column("customer_id", TEXT, "The customer.", (f"{_TRANSACTIONS}.customer_id",)),
        Column("as_of", TIMESTAMP, "The cut-off: every fact of the row is older.", _AS_OF),
        Column("first_order_at", TIMESTAMP, "When the first order was placed.", _ORDER),
        Column("last_order_at", TIMESTAMP, "When the last order was placed.", _ORDER),
        Column("order_count", INTEGER, "Orders so far.", _ORDER),
        Column("orders_90d", INTEGER, "Orders in the last 90 days.", _ORDER),
        Column("orders_prior_90d", INTEGER, "Orders in the 90 days before those.", _ORDER),
        Column("spent_total", AMOUNT, "Amount of all orders, in the reporting currency.", _AMOUNT),
        Column("spent_365d", AMOUNT, "Amount of the last 365 days' orders, in the reporting currency.", _AMOUNT),
        Column("refund_count", INTEGER, "Refunds and cancellations so far.", _ORDER),
        Column("refunds_90d", INTEGER, "Refunds and cancellations in the last 90 days.", _ORDER),
        Column("refunded_total", AMOUNT, "Amount given back, positive, in the reporting currency.", _AMOUNT),
        Column("last_event_at", TIMESTAMP, "When the customer was last seen on the web; null if never.", _EVENT),
        Column("events_30d", INTEGER, "Web events in the last 30 days.", _EVENT),
        Column("events_90d", INTEGER, "Web events in the last 90 days.", _EVENT),
        Column("events_prior_90d", INTEGER, "Web events in the 90 days before those.", _EVENT),
        Column("ticket_count", INTEGER, "Support tickets so far.", _EVENT),
        Column("tickets_90d", INTEGER, "Support tickets in the last 90 days.", _EVENT),
        Column("churned", BOOLEAN, "Whether no order followed within the horizon; null until it has passed.", _ORDER),
    ),
    key=("customer_id", "as_of"),
)

_LEARNT = tuple(f"churn.features.{column.name}" for column in FEATURES.columns)

MODEL = Contract(
    Table("churn", "model"),
    "One model a training, with its quality beside the recency rule's on a cut-off neither has seen.",
    (
        Column("version", TEXT, "Hash of the model's content.", _LEARNT),
        Column("trained_at", TIMESTAMP, "The as_of of the run that trained it.", _AS_OF),
        Column("method", TEXT, "lightgbm, or with too little data: recency, base_rate, none.", _LEARNT),
        Column("method_reason", TEXT, "Why this method.", _LEARNT),
        Column("horizon_days", INTEGER, "Days without an order that make a churned customer."),
        Column("training_rows", INTEGER, "How many pairs of a customer and a cut-off it learnt from.", _LEARNT),
        Column("judged_rows", INTEGER, "Customers it was judged on; null if it could not be.", _LEARNT),
        Column("auc", FLOAT, "ROC-AUC on the judging cut-off.", _LEARNT),
        Column("brier", FLOAT, "Brier score on the judging cut-off; lower is better.", _LEARNT),
        Column("recency_auc", FLOAT, "ROC-AUC of the recency rule there.", _LEARNT),
        Column("recency_brier", FLOAT, "Brier score of the recency rule there.", _LEARNT),
        Column("model", TEXT, "Everything a score depends on, as JSON: trees, calibration, rule.", _LEARNT),
    ),
    key=("trained_at",),
)

_SCORED = (*_LEARNT, "churn.model.model")

SCORES = Contract(
    Table("churn", "scores", Layout(cluster_by=("customer_id",))),
    "How likely each customer is to churn, and why.",
    (
        Column("customer_id", TEXT, "The customer.", ("churn.features.customer_id",)),
        Column("as_of", TIMESTAMP, "The moment the score speaks of.", ("churn.features.as_of",)),
        Column("churn_probability", FLOAT, "Calibrated probability of no order within the horizon.", _SCORED),
        Column("risk_band", TEXT, "low, medium or high.", _SCORED),
        *(
            Column(f"reason_{n}", TEXT, f"What moved the score {rank}, and which way.", _SCORED)
            for n, rank in enumerate(("most", "second most", "third most"), start=1)
        ),
        Column("model_version", TEXT, "The model that gave the score.", ("churn.model.version",)),
    ),
    key=("customer_id",),
)
