"""The gate: who may be sent to a destination, why, and why not."""

from sqlglot import exp

from cdp_assets.activation.contracts import SUPPRESSIONS
from cdp_assets.activation.definition import SyncDefinition, UnknownConsent
from cdp_assets.activation.held import survivors
from cdp_assets.activation.sync import Sync
from cdp_assets.audiences.options import HELD_BACK
from cdp_assets.destinations.base import Mode
from cdp_assets.tables import Table

CUSTOMER_ID = "customer_id"
CONSENTS = Table("master", "consents")
CONSENT, SUPPRESSED = "c", "x"
"""The aliases under which the gate joins consents and the suppression list to the source, `s`."""


def write_suppressed(sync: Sync) -> None:
    """Write the work table of the customers nobody may be sent: those of the list, and those they were merged into."""
    listed = exp.select(exp.column(CUSTOMER_ID)).from_(SUPPRESSIONS.table.expression())
    seed = exp.select(exp.column(CUSTOMER_ID).as_("state_key")).from_(SUPPRESSIONS.table.expression())
    merged = exp.select(exp.column("current_key").as_(CUSTOMER_ID)).from_(
        survivors(sync.warehouse, seed).subquery("merged")
    )
    both = exp.union(listed, merged, distinct=False).subquery("listed")
    sync.warehouse.write_select(sync.work.suppressed, exp.select(CUSTOMER_ID).distinct().from_(both))


def joined(sync: Sync, query: exp.Select, customers: exp.Select | None = None) -> exp.Select:
    """A query of the source, joined to what the gate looks at; without customers there is nothing to look at.

    Where the source's rows are those of some customers, consents of no others need be read.
    """
    definition = sync.definition
    if definition.purpose:
        query = query.join(_consents(definition.purpose, customers), on=same_customer(CONSENT), join_type="left")
    if _looks_at_list(sync):
        listed = sync.work.suppressed.expression().as_(SUPPRESSED)
        query = query.join(listed, on=same_customer(SUPPRESSED), join_type="left")
    return query


def refusal(sync: Sync) -> exp.Expression:
    """Why a row may not be sent; null if it may."""
    definition = sync.definition
    said = exp.Case()
    if _looks_at_list(sync):
        said = said.when(_known(SUPPRESSED), _text("on the suppression list"))
    if sync.has_splits and definition.mode is not Mode.REMOVE:
        held_back = exp.column("split", "s", quoted=True).isin(*map(_text, HELD_BACK))
        said = said.when(held_back, _text("held back, to compare with those who are sent"))
    if definition.splits:
        theirs = exp.column("split", "s", quoted=True).isin(*map(_text, definition.splits))
        said = said.when(exp.func("COALESCE", theirs, exp.false()).not_(), _text("in another arm of the audience"))
    if definition.purpose:
        said = said.when(_granted().eq(exp.Literal.number(0)), _text(f"consent for {definition.purpose} is denied"))
        if definition.unknown_consent is UnknownConsent.DENY:
            said = said.when(_granted().is_(exp.null()), _text(f"no consent for {definition.purpose}"))
    return said.else_(exp.cast(exp.null(), "TEXT")) if said.args.get("ifs") else exp.cast(exp.null(), "TEXT")


def basis(definition: SyncDefinition) -> exp.Expression:
    """Why a row that may be sent may be."""
    if definition.mode is Mode.REMOVE:
        return _text("taking away needs no consent")
    if not definition.purpose:
        return _text(f"no consent needed: {definition.no_consent_reason}")
    granted = _text(f"consent for {definition.purpose}")
    if definition.unknown_consent is UnknownConsent.DENY:
        return granted
    unknown = _text(f"no consent known, which is allowed: {definition.unknown_consent_reason}")
    return exp.Case().when(_granted().is_(exp.null()), unknown).else_(granted)


def same_customer(alias: str) -> exp.EQ:
    """The condition that joins a table with one row a customer to the source."""
    return exp.column(CUSTOMER_ID, alias, quoted=True).eq(exp.column(CUSTOMER_ID, "s", quoted=True))


def _consents(purpose: str, customers: exp.Select | None) -> exp.Subquery:
    """`customer_id`, `granted`: 1 where every word on the purpose grants it, else 0."""
    granted = exp.Case().when(exp.column("state").eq(_text("granted")), exp.Literal.number(1))
    query = (
        exp.select(CUSTOMER_ID, exp.Min(this=granted.else_(exp.Literal.number(0))).as_("granted"))
        .from_(CONSENTS.expression())
        .where(exp.column("purpose").eq(_text(purpose)))
        .group_by(exp.column(CUSTOMER_ID))
    )
    if customers is not None:
        query = query.where(exp.column(CUSTOMER_ID).isin(query=customers))
    return query.subquery(CONSENT)


def _looks_at_list(sync: Sync) -> bool:
    return sync.has_customers and sync.definition.mode is not Mode.REMOVE


def _granted() -> exp.Column:
    return exp.column("granted", CONSENT)


def _known(alias: str) -> exp.Expression:
    return exp.column(CUSTOMER_ID, alias, quoted=True).is_(exp.null()).not_()


def _text(value: str) -> exp.Literal:
    return exp.Literal.string(value)
