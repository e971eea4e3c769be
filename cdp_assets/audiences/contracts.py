"""The tables of the audiences stage."""

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.definition import WORK_PREFIX, AudienceDefinition
from cdp_assets.audiences.upstream import AS_OF, upstream
from cdp_assets.tables import BOOLEAN, INTEGER, TEXT, TIMESTAMP, Column, Contract, Layout, Table

_IDS = ("master.customers.customer_id", "identity.id_history.customer_id")
_AUDIENCE = Column("audience", TEXT, "The audience.")
_AT = Column("at", TIMESTAMP, "The as_of of the run that saw it.", (AS_OF,))
_VERSION = Column("definition_version", TEXT, "The version of the definition that decided it.")


def audience_contract(definition: AudienceDefinition, catalogue: Catalogue | None = None) -> Contract:
    """The table of one audience."""
    decided_by = upstream(definition, catalogue).columns
    return Contract(
        Table("audiences", definition.name),
        definition.description,
        (
            Column("customer_id", TEXT, "A member.", decided_by),
            Column("entered_at", TIMESTAMP, "The as_of of the run since which the customer is a member.", (AS_OF,)),
            Column("split", TEXT, "The member's arm, `holdout` or `global_holdout`; null without.", _IDS[:1]),
        ),
        key=("customer_id",),
    )


MEMBERSHIP_LOG = Contract(
    Table("audiences", "membership_log", Layout(partition_by="at", cluster_by=("audience", "customer_id"))),
    "Every change of every audience, append-only.",
    (
        _AUDIENCE,
        Column(
            "customer_id",
            TEXT,
            "The customer who entered, left or has another arm, or whose id was merged into another.",
            _IDS,
        ),
        _AT,
        Column(
            "change",
            TEXT,
            "enter, exit, merged, or reassigned: a member who stays has another arm.",
            (*_IDS, "identity.id_history.other_customer_id"),
        ),
        Column("split", TEXT, "The member's arm; null without splits."),
        _VERSION,
        Column("merged_into", TEXT, "The member who has the records of a merged id; else null.", _IDS),
        Column("sequence", INTEGER, "Orders the runs of one as_of: later ones have larger numbers."),
    ),
)
ASSIGNMENTS = Contract(
    Table("audiences", "assignments", Layout(cluster_by=("audience", "customer_id"))),
    "The arm each member of an audience with splits was given, append-only: who comes back finds it again. The global"
    " holdout is given none.",
    (
        _AUDIENCE,
        Column("customer_id", TEXT, "The customer.", _IDS),
        Column("arm", TEXT, "The arm, or `holdout`."),
        Column("salt", TEXT, "What the hash was salted with; arms of another salt do not count."),
        Column("assigned_at", TIMESTAMP, "The as_of of the run that gave it.", (AS_OF,)),
        Column("inherited_from", TEXT, "The merged id whose arm it was; null when the hash decided.", _IDS),
    ),
)
SIZES = Contract(
    Table("audiences", "sizes"),
    "How many members each audience had, one row a moment.",
    (
        _AUDIENCE,
        _AT,
        Column("members", INTEGER, "Members.", _IDS[:1]),
        Column(
            "is_expected", BOOLEAN, "Whether so many were expected; what comes later is measured by the last that were."
        ),
        _VERSION,
    ),
    key=("audience", "at"),
)
DEFINITIONS = Contract(
    Table("audiences", "definitions"),
    "Every version of every definition that was run, append-only.",
    (
        _AUDIENCE,
        _VERSION,
        Column("since", TIMESTAMP, "The as_of of its first run.", (AS_OF,)),
        Column("definition", TEXT, "The definition, as JSON."),
    ),
)
OVERLAP = Contract(
    Table("audiences", "overlap"),
    "How many customers each two audiences have in common; pairs with none have no row.",
    (
        Column("audience", TEXT, "The audience."),
        Column("other_audience", TEXT, "The other, or the same one: its members."),
        Column("customers", INTEGER, "Customers in both.", _IDS[:1]),
    ),
    key=("audience", "other_audience"),
)
HISTORY = (MEMBERSHIP_LOG, ASSIGNMENTS, SIZES, DEFINITIONS)

SUCCESSORS = Contract(
    Table("audiences", f"{WORK_PREFIX}successors"),
    "The ids that those were merged into whom their audience has no longer; kept while a refresh works.",
    (
        _AUDIENCE,
        Column("former_id", TEXT, "A member before."),
        Column("entered_at", TIMESTAMP, "Since when."),
        Column("successor_id", TEXT, "An id that it was merged into, at once or after others."),
    ),
)
