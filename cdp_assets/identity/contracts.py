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
    *_of("email", "phone", "user_id", "first_name", "last_name", "street", "city", "postal_code", "country"),
    *_of("date_of_birth", "company", "account_id"),
    f"{_IDENTIFIERS}.value",
)


def _matched(*names: str) -> tuple[str, ...]:
    return tuple(f"identity.records.{name}" for name in names)


_KEYS = _matched("emails", "phones", "user_ids", "name_forms", "first_name", "last_name", "street", "date_of_birth")
_SCORED = (*_KEYS, "identity.match_model.settings_json", "identity.match_model.term_frequencies_json")
_CLUSTER = (
    *_matched("source", "record_id"),
    *(f"identity.edges.{name}_{side}" for side in "lr" for name in ("source", "record_id")),
    "identity.edges.vetoed_by",
)
_LINK = ("identity.edges.kind", "identity.edges.rule", "identity.edges.match_probability")


def _record_key(table: str, suffix: str = "", of: str = "The record") -> Iterable[Column]:
    yield Column(f"source{suffix}", TEXT, f"{of}'s source", (f"{table}.source",))
    yield Column(f"record_id{suffix}", TEXT, f"{of}'s id in its source", (f"{table}.record_id",))


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
        Column("first_name", TEXT, "Given names, folded to plain lower-case words", _NAMES),
        Column("name_forms", TEXT, "First given name and the full names it is short for, separated by spaces", _NAMES),
        Column("last_name", TEXT, "Family name, folded", _NAMES),
        Column("street", TEXT, "Street and number, folded, usual words abbreviated", _of("street")),
        Column("city", TEXT, "City, folded", _of("city")),
        Column("postal_code", TEXT, "Postal code, letters and digits only", _of("postal_code", "country")),
        Column("country", TEXT, "ISO 3166 alpha-2", _of("country")),
        Column("date_of_birth", DATE, "Date of birth", _of("date_of_birth")),
        Column("company", TEXT, "Company, folded", _of("company")),
        Column("account_id", TEXT, "The account the record belongs to in its source", _of("account_id")),
        Column("junk_reasons", TEXT, "Which keys were nulled as junk and why; null when none was", _EVERY_KEY),
        Column("record_hash", TEXT, "Hash of the match keys; the same hash needs no new comparison", _EVERY_KEY),
    ),
    ("source", "record_id"),
)

EDGES = Contract(
    Table("identity", "edges"),
    "Links found between two records, with those that a guard vetoed; the left key sorts before the right one.",
    (
        *_record_key("identity.records", "_l", "The left record"),
        *_record_key("identity.records", "_r", "The right record"),
        Column("kind", TEXT, "rule, probabilistic or manual", _KEYS),
        Column("rule", TEXT, "Name of the strongest rule that links them; null for other kinds", _KEYS),
        Column("match_weight", FLOAT, "Splink's match weight (log2 of the odds); null for rules", _SCORED),
        Column("match_probability", FLOAT, "Splink's match probability; 1 for rules", _SCORED),
        Column(
            "model_version",
            TEXT,
            "Version of the model that scored the pair; null for rules",
            ("identity.match_model.version",),
        ),
        Column("vetoed_by", TEXT, "The guard that forbids the link; null when the link holds", _KEYS),
    ),
    ("source_l", "record_id_l", "source_r", "record_id_r"),
)

MATCH_MODEL = Contract(
    Table("identity", "match_model"),
    "Trained matching models, one row a version.",
    (
        Column("version", TEXT, "Hash of the model's content", _KEYS),
        Column("trained_at", TIMESTAMP, "The moment of the run that trained it", _AS_OF),
        Column("is_trained", BOOLEAN, "Whether there was enough to learn from", _KEYS),
        Column("reason", TEXT, "Why there is no model; null when there is one", _KEYS),
        Column("records", INTEGER, "Records it was trained on", _matched("record_id")),
        Column("threshold", FLOAT, "Match probability from which a pair is linked"),
        Column("settings_json", TEXT, "Splink's settings with the trained parameters", _KEYS),
        Column(
            "term_frequencies_json",
            TEXT,
            "Shares of the names among the records trained on",
            _matched("first_name", "last_name"),
        ),
    ),
    ("version",),
)

CUSTOMER_IDS = Contract(
    Table("identity", "customer_ids", Layout(cluster_by=("customer_id",))),
    "The customer each live record belongs to.",
    (
        *_record_key("identity.records"),
        Column("customer_id", TEXT, "Opaque, stable, never reused", _CLUSTER),
        Column("matched_by", TEXT, "Rule name, probabilistic, manual or single: the strongest link", _LINK),
        Column("match_probability", FLOAT, "Probability of that link; 1 for rules, null for single", _LINK),
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

CONTRACTS = (RECORDS, EDGES, MATCH_MODEL, CUSTOMER_IDS, ID_HISTORY)
