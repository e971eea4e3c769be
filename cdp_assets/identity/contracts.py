"""The tables of the identity stage."""

from collections.abc import Iterable

from cdp_assets.tables import BOOLEAN, DATE, FLOAT, INTEGER, TEXT, TIMESTAMP, Column, Contract, Layout, Table

_RECORDS = "lookup.customer_records"
_IDENTIFIERS = "lookup.identifiers"
_AS_OF = ("raw.as_of.as_of",)


def _of(*names: str) -> tuple[str, ...]:
    return tuple(f"{_RECORDS}.{name}" for name in names)


def _further(name: str) -> tuple[str, ...]:
    return (*_of(name), f"{_IDENTIFIERS}.value", f"{_IDENTIFIERS}.type")


_NAMES = _of("first_name", "last_name")
_EVERY_KEY = (
    *_of("email", "phone", "user_id", "anonymous_id", "external_ids", "first_name", "last_name"),
    *_of("street", "city", "region", "postal_code", "country", "date_of_birth", "company", "account_id"),
    f"{_IDENTIFIERS}.value",
)


def _matched(*names: str) -> tuple[str, ...]:
    return tuple(f"identity.records.{name}" for name in names)


_KEYS = _matched("emails", "phones", "user_ids", "name_forms", "first_name", "last_name", "street", "date_of_birth")
_SCORED = (*_KEYS, "identity.match_keys.value", "identity.match_model.model_json")
_WEIGHED = ("identity.pairs.match_weight", "identity.match_model.threshold")
_KNOWN = (*_KEYS, "identity.match_keys.value", *_WEIGHED, "identity.decisions.decision")
_CLUSTER = ("identity.clusters.cluster",)


_LIVING = (
    *_matched("last_name", "street", "city", "postal_code", "phones"),
    *_of("source_updated_at"),
    "identity.customer_ids.customer_id",
)
_UNCERTAIN = (
    *(f"identity.edges.{name}" for name in ("match_probability", "vetoed_by")),
    *(f"identity.clusters.{name}" for name in ("quarantined_by", "component")),
    "identity.decisions.decision",
)


def _record_key(table: str, suffix: str = "", of: str = "The record", upstream_suffix: str = "") -> Iterable[Column]:
    yield Column(f"source{suffix}", TEXT, f"{of}'s source", (f"{table}.source{upstream_suffix}",))
    yield Column(f"record_id{suffix}", TEXT, f"{of}'s id in its source", (f"{table}.record_id{upstream_suffix}",))


def _written_pair() -> Iterable[Column]:
    """Two records as a person writes them down: made from no column."""
    for suffix, side in (("_l", "One"), ("_r", "The other")):
        yield Column(f"source{suffix}", TEXT, f"{side} record's source")
        yield Column(f"record_id{suffix}", TEXT, f"{side} record's id in its source")


RECORDS = Contract(
    Table("identity", "records", Layout(cluster_by=("source", "record_id"))),
    "Normalised match keys of every live source record; junk is null, with the reason kept.",
    (
        *_record_key(_RECORDS),
        Column("email", TEXT, "Main e-mail, normalised for matching", _further("email")),
        Column("emails", TEXT, "Every e-mail, separated by spaces", _further("email")),
        Column("phone", TEXT, "Main phone in E.164", _further("phone")),
        Column("phones", TEXT, "Every phone in E.164, separated by spaces", _further("phone")),
        Column("user_id", TEXT, "Main log-in id", _further("user_id")),
        Column("user_ids", TEXT, "Every log-in id, as a JSON array", _further("user_id")),
        Column("external_ids", TEXT, "Every id elsewhere as type:id, as a JSON array", _further("external_ids")),
        Column("anonymous_ids", TEXT, "Every anonymous (device) id, as a JSON array", _further("anonymous_id")),
        Column("first_name", TEXT, "Given names, folded to plain lower-case words", _NAMES),
        Column("name_forms", TEXT, "First given name and the full names it is short for, separated by spaces", _NAMES),
        Column("name_suffix", TEXT, "What tells father and son apart: jr, sr, ii, iii or iv", _NAMES),
        Column("last_name", TEXT, "Family name, folded", _NAMES),
        Column("street", TEXT, "Street and number, folded, usual words abbreviated", _of("street")),
        Column("city", TEXT, "City, folded", _of("city")),
        Column("region", TEXT, "State or region, folded", _of("region")),
        Column("postal_code", TEXT, "Postal code, letters and digits only", _of("postal_code", "country")),
        Column("country", TEXT, "ISO 3166 alpha-2", _of("country")),
        Column("date_of_birth", DATE, "Date of birth", _of("date_of_birth")),
        Column("company", TEXT, "Company, folded", _of("company")),
        Column("account_id", TEXT, "The account the record belongs to in its source", _of("account_id")),
        Column("junk_reasons", TEXT, "Which keys were nulled as junk and why; null when none was", _EVERY_KEY),
        Column("record_hash", TEXT, "Hash of the match keys; the same hash needs no new comparison", _EVERY_KEY),
        Column("record_number", INTEGER, "Stands for the record in narrow tables; given once, says nothing"),
        Column("source_hash", TEXT, "Hash of the source rows; the same hash needs no normalising", _EVERY_KEY),
    ),
    ("source", "record_id"),
)

EDGES = Contract(
    Table("identity", "edges"),
    "Links found between two records, with those that a guard vetoed; the left key sorts before the right one.",
    (
        *_record_key("identity.records", "_l", "The left record"),
        *_record_key("identity.records", "_r", "The right record"),
        Column("number_l", INTEGER, "The left record, as identity.records numbers it"),
        Column("number_r", INTEGER, "The right record, as identity.records numbers it"),
        Column("kind", TEXT, "rule, probabilistic or manual", _KNOWN),
        Column("rule", TEXT, "Name of the strongest rule that links them; null for other kinds", _KEYS),
        Column("match_weight", FLOAT, "Splink's match weight (log2 of the odds); null for rules", _WEIGHED[:1]),
        Column("match_probability", FLOAT, "Splink's match probability; 1 for rules nothing objects to", _WEIGHED[:1]),
        Column(
            "model_version",
            TEXT,
            "Version of the model that scored the pair; null for rules",
            ("identity.match_model.version",),
        ),
        Column("vetoed_by", TEXT, "The guard that forbids the link; null when the link holds", _KNOWN),
    ),
    ("source_l", "record_id_l", "source_r", "record_id_r"),
)

MATCH_KEYS = Contract(
    Table("identity", "match_keys", Layout(cluster_by=("key", "record_number"))),
    "Every value of the match keys of which a record may have several, one row a value.",
    (
        Column("record_number", INTEGER, "The record, as identity.records numbers it"),
        Column("key", TEXT, "email, phone, user_id, external_id, anonymous_id, name_forms or name_word", _EVERY_KEY),
        Column("value", TEXT, "The normalised value", _EVERY_KEY),
    ),
    ("record_number", "key", "value"),
)

PAIRS = Contract(
    Table("identity", "pairs", Layout(cluster_by=("number_l",))),
    "Every pair of records that shares a blocking key, with what the match model says of it, for and against.",
    (
        Column("number_l", INTEGER, "The record with the smaller number"),
        Column("number_r", INTEGER, "The other record"),
        Column(
            "context",
            TEXT,
            "What the two share: address, phone, surname, mailbox, or elsewhere for none",
            _SCORED,
        ),
        Column("match_weight", FLOAT, "log2 of the odds that they are one customer", _SCORED),
    ),
    ("number_l", "number_r"),
)

COMPARED_RECORDS = Contract(
    Table("identity", "compared_records"),
    "What identity.pairs was computed from: a record with another hash is compared again.",
    (
        Column("record_number", INTEGER, "The record, as identity.records numbers it"),
        Column("record_hash", TEXT, "Its hash when it was compared", ("identity.records.record_hash",)),
        Column("model_version", TEXT, "The model it was compared with", ("identity.match_model.version",)),
    ),
    ("record_number",),
)

CLUSTERS = Contract(
    Table("identity", "clusters", Layout(cluster_by=("component",))),
    "Which records the guards let be one customer, before ids are given.",
    (
        *_record_key("identity.records"),
        Column("record_number", INTEGER, "The record, as identity.records numbers it"),
        Column("record_hash", TEXT, "Its hash when it was clustered", ("identity.records.record_hash",)),
        Column("component", INTEGER, "Smallest record number that any links lead to, vetoed ones included", _KNOWN),
        Column("cluster", INTEGER, "Smallest record number of its cluster", _KNOWN),
        Column("matched_by", TEXT, "Rule name, probabilistic, manual or single: its strongest link", _KNOWN),
        Column("match_probability", FLOAT, "Probability of that link; 1 for rules, null for single", _WEIGHED[:1]),
        Column("quarantined_by", TEXT, "Why it was set apart as a single; null for most", _KNOWN),
        Column("solved_with", TEXT, "Version of the rules, guards and model that decided"),
    ),
    ("source", "record_id"),
)

APPLIED_DECISIONS = Contract(
    Table("identity", "applied_decisions"),
    "The decisions that identity.clusters was solved with: where they differ now, it is solved again.",
    (
        Column("number_l", INTEGER, "The record with the smaller number"),
        Column("number_r", INTEGER, "The other record"),
        Column("decision", TEXT, "always or never", ("identity.decisions.decision",)),
    ),
    ("number_l", "number_r"),
)

DECISIONS = Contract(
    Table("identity", "decisions"),
    "What stewards decided of pairs of records, append-only: the latest row of a pair holds, whichever record is left.",
    (
        *_written_pair(),
        Column("decision", TEXT, "always (one customer), never, or withdrawn, which undoes the one before"),
        Column("reason", TEXT, "Why"),
        Column("decided_by", TEXT, "Who"),
        Column("decided_at", TIMESTAMP, "When, by the clock"),
    ),
    ("source_l", "record_id_l", "source_r", "record_id_r", "decided_at"),
)

LABELS = Contract(
    Table("identity", "labels"),
    "Pairs of records of which somebody knows whether they are one customer; used to calibrate and to measure.",
    (
        *_written_pair(),
        Column("is_match", BOOLEAN, "Whether the two are one customer"),
        Column("labelled_by", TEXT, "Who says so"),
        Column("labelled_at", TIMESTAMP, "When, by the clock"),
    ),
    ("source_l", "record_id_l", "source_r", "record_id_r"),
)

HOUSEHOLDS = Contract(
    Table("identity", "households", Layout(cluster_by=("household_id",))),
    "Customers who live together, never a merge of people; a customer who lives alone, as far as known, has no row.",
    (
        Column("household_id", TEXT, "Stable id of the household", _LIVING),
        Column("customer_id", TEXT, "A member", ("identity.customer_ids.customer_id",)),
        Column("linked_by", TEXT, "What joins the member to another: address, else phone", _LIVING),
        Column("assigned_at", TIMESTAMP, "When the customer became a member", _AS_OF),
    ),
    ("customer_id",),
)

REVIEW_QUEUE = Contract(
    Table("identity", "review_queue"),
    "Customers a steward should look at, the most valuable and least certain first.",
    (
        Column("rank", INTEGER, "1 is first", _UNCERTAIN),
        Column("customer_id", TEXT, "The customer of the left record", ("identity.customer_ids.customer_id",)),
        Column(
            "reason",
            TEXT,
            "weak_link (the link that holds the customer together), vetoed_link (one between two customers) or"
            " quarantined (records set apart as singles)",
            _UNCERTAIN,
        ),
        Column("uncertainty", FLOAT, "0 (certain) to 1 (as likely as not)", _UNCERTAIN),
        Column("records", INTEGER, "Records of the customers concerned", ("identity.customer_ids.record_id",)),
        Column(
            "revenue",
            FLOAT,
            "What those records have spent, in the reporting currency; null when unknown",
            ("lookup.record_revenue.amount",),
        ),
        Column(
            "priority",
            FLOAT,
            "Uncertainty x impact, which is ln(1 + records) + ln(1 + revenue); what the rank sorts by",
            (*_UNCERTAIN, "lookup.record_revenue.amount"),
        ),
        *_record_key("identity.edges", "_l", "The left record of the pair to look at", "_l"),
        *_record_key("identity.edges", "_r", "The right record, null when nothing links a quarantined one", "_r"),
    ),
    ("rank",),
)

MATCH_MODEL = Contract(
    Table("identity", "match_model"),
    "Match models, one row a version: the adopted one with the latest adopted_at is in force.",
    (
        Column("version", TEXT, "Hash of the model's content", _EVERY_KEY),
        Column("trained_at", TIMESTAMP, "The moment of the run that trained it", _AS_OF),
        Column("is_trained", BOOLEAN, "Whether there was enough to learn from", _EVERY_KEY),
        Column("reason", TEXT, "Why it cannot score pairs; null when it can", _EVERY_KEY),
        Column("records", INTEGER, "Live records it was trained on", _of("record_id", "is_deleted")),
        Column(
            "threshold",
            FLOAT,
            "Match weight (log2 of the odds) above which a pair is linked",
            (*_EVERY_KEY, "identity.labels.is_match"),
        ),
        Column("model_json", TEXT, "Everything it decides by: parameters, term frequencies, junk", _EVERY_KEY),
        Column("trained_with", TEXT, "Hash of the configuration it was trained with"),
        Column("adopted_at", TIMESTAMP, "When it was put in force; null for a candidate", _AS_OF),
    ),
    ("version",),
)

CUSTOMER_IDS = Contract(
    Table("identity", "customer_ids", Layout(cluster_by=("customer_id",))),
    "The customer each live record belongs to.",
    (
        *_record_key("identity.clusters"),
        Column("customer_id", TEXT, "Opaque, stable, never reused", _CLUSTER),
        Column(
            "matched_by",
            TEXT,
            "Rule name, probabilistic, manual or single: the strongest link",
            ("identity.clusters.matched_by",),
        ),
        Column(
            "match_probability",
            FLOAT,
            "Probability of that link; 1 for rules, null for single",
            ("identity.clusters.match_probability",),
        ),
        Column("assigned_at", TIMESTAMP, "When the record was given this id", _AS_OF),
    ),
    ("source", "record_id"),
)

ID_HISTORY = Contract(
    Table("identity", "id_history", Layout(cluster_by=("customer_id",))),
    "Append-only account of every customer id: created, merged into another, split, retired.",
    (
        Column("happened_at", TIMESTAMP, "The moment of the run", _AS_OF),
        Column("event", TEXT, "created, merged, split or retired", _CLUSTER),
        Column("customer_id", TEXT, "The id it happened to", _CLUSTER),
        Column("other_customer_id", TEXT, "The id that holds its records now; null for created and retired", _CLUSTER),
        Column("run_id", TEXT, "The run it happened in"),
        Column("reason", TEXT, "What happened, in words", _CLUSTER),
    ),
    ("happened_at", "event", "customer_id", "other_customer_id"),
)

CONTRACTS = (
    RECORDS,
    MATCH_KEYS,
    MATCH_MODEL,
    PAIRS,
    COMPARED_RECORDS,
    EDGES,
    CLUSTERS,
    APPLIED_DECISIONS,
    DECISIONS,
    LABELS,
    CUSTOMER_IDS,
    ID_HISTORY,
    HOUSEHOLDS,
    REVIEW_QUEUE,
)
