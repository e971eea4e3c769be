"""The tables of the audiences stage."""

from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.upstream import AS_OF, upstream
from cdp_assets.tables import TEXT, TIMESTAMP, Column, Contract, Layout, Table

_IDS = ("master.customers.customer_id", "identity.id_history.customer_id")


def audience_contract(definition: AudienceDefinition) -> Contract:
    """The table of one audience."""
    decided_by = upstream(definition).columns
    return Contract(
        Table("audiences", definition.name),
        definition.description,
        (
            Column("customer_id", TEXT, "A member.", decided_by),
            Column("entered_at", TIMESTAMP, "The as_of of the run since which the customer is a member.", (AS_OF,)),
            Column("split", TEXT, "The arm of the audience's split; null without one."),
        ),
        key=("customer_id",),
    )


MEMBERSHIP_LOG = Contract(
    Table("audiences", "membership_log", Layout(partition_by="at", cluster_by=("audience", "customer_id"))),
    "Every change of every audience, append-only.",
    (
        Column("audience", TEXT, "The audience."),
        Column("customer_id", TEXT, "The customer who entered or left, or whose id was merged into another.", _IDS),
        Column("at", TIMESTAMP, "The as_of of the run that saw the change.", (AS_OF,)),
        Column("change", TEXT, "enter, exit or merged.", (*_IDS, "identity.id_history.other_customer_id")),
        Column("split", TEXT, "The member's arm; null without splits."),
        Column("definition_version", TEXT, "The version of the definition that decided it."),
    ),
)
