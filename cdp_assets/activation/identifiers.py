"""What stands for people at a destination that knows identifiers alone: found, remembered as sent, and let go of.

A destination's identifiers are a set: one that two customers have is wanted until neither has it. They are made, of
the rows whose values changed, before anything is sent, and kept as sent, because a removal must say what it removes
after the e-mail is gone from the warehouse.
"""

from collections.abc import Iterator, Mapping
from json import dumps

import pyarrow as pa
from sqlglot import exp

from cdp_assets.activation import rows
from cdp_assets.activation.checksum import opaque
from cdp_assets.activation.contracts import SYNC_IDENTIFIERS
from cdp_assets.activation.sync import Sync
from cdp_assets.activation.worktables import key_pages
from cdp_assets.destinations.base import IdentifierDestination
from cdp_assets.warehouses.base import WriteMode

PAGE_ROWS = 50_000
NONE_FOUND = "no identifier that the destination takes"


def write_identifiers(sync: Sync, destination: IdentifierDestination) -> None:
    """Bring the identifiers that are wanted in line with the source.

    Rows without any are counted as invalid in the inventory.
    """
    stale, found = _stale(sync), SYNC_IDENTIFIERS.schema
    sync.warehouse.write_arrow(sync.work.found, found.empty_table())
    for page in key_pages(sync.warehouse, stale, PAGE_ROWS):
        table = pa.Table.from_pylist(list(_found(sync, destination, page)), schema=found)
        sync.warehouse.write_arrow(sync.work.found, table, WriteMode.APPEND)
    nobody = exp.select("member_key").from_(sync.work.found.expression()).where(_column_is("row_key", ""))
    with sync.warehouse.transaction():
        sync.warehouse.execute(
            exp.update(
                sync.work.inventory.expression(),
                {"status": exp.Literal.string("invalid"), "reason": exp.Literal.string(NONE_FOUND)},
                where=exp.column("row_key").isin(query=nobody),
            )
        )
        table = sync.identifiers.expression()
        sync.warehouse.execute(
            exp.update(table, {"is_wanted": exp.false()}, where=exp.and_(sync.mine(), _no_longer_wanted(sync)))
        )
        real = exp.select("*").from_(sync.work.found.expression()).where(_column_is("row_key", "").not_())
        sync.warehouse.write_select(sync.identifiers, real, WriteMode.MERGE, SYNC_IDENTIFIERS.key)
    sync.warehouse.drop(sync.work.found)  # it has what is sent, which a run that fails must not leave behind


def wanted(sync: Sync) -> exp.Select:
    """`row_key`, `checksum`, `basis` of each identifier that somebody of the source has."""
    key = exp.column("row_key", "i")
    return (
        exp.select(key, key.copy().as_("checksum"), exp.Min(this=exp.column("basis", "k")).as_("basis"))
        .from_(sync.identifiers.expression().as_("i"))
        .join(
            sync.work.inventory.expression().as_("k"),
            on=exp.column("row_key", "k").eq(exp.column("member_key", "i")),
            join_type="left",
        )
        .where(sync.mine("i"), exp.column("is_wanted", "i"))
        .group_by(key.copy())
    )


def of_member(sync: Sync, member: str) -> exp.Condition:
    """That a `row_key` is of an identifier that a row of the source has or had."""
    theirs = exp.select("row_key").from_(sync.identifiers.expression())
    return exp.column("row_key").isin(query=theirs.where(sync.mine(), _column_is("member_key", member)))


def of_members(sync: Sync, members: exp.Select) -> exp.Select:
    """`row_key` of the identifiers that rows of the source, by a SELECT of their keys, have or had."""
    theirs = exp.select("row_key").from_(sync.identifiers.expression())
    return theirs.where(sync.mine(), exp.column("member_key").isin(query=members))


def as_sent(sync: Sync, among: exp.Select) -> exp.Select:
    """`row_key`, `sent`, `may_be_added` of some keys: what is sent, and whether one who has it may be now."""
    chosen = exp.column("row_key").isin(query=among)
    members = exp.select("member_key").from_(sync.identifiers.expression()).where(sync.mine(), chosen)
    sendable = exp.select("row_key").from_(rows.values(sync, members).subquery("v"))
    member = exp.column("member_key", "i")
    wanted_now = exp.and_(exp.column("is_wanted", "i"), exp.column("row_key", "s").is_(exp.null()).not_())
    one = exp.Case().when(wanted_now, exp.Literal.number(1)).else_(exp.Literal.number(0))
    return (
        exp.select(exp.column("row_key", "i"), exp.Min(this=exp.column("sent", "i")).as_("sent"))
        .select(exp.Max(this=one).as_("may_be_added"))
        .from_(sync.identifiers.expression().as_("i"))
        .join(sendable.distinct().subquery("s"), on=exp.column("row_key", "s").eq(member), join_type="left")
        .where(sync.mine("i"), exp.column("row_key", "i").isin(query=among))
        .group_by(exp.column("row_key", "i"))
    )


def forget(sync: Sync) -> None:
    """Delete the identifiers that nobody has and the destination does not hold."""
    held = exp.select("row_key").from_(sync.state.expression()).where(sync.mine())
    unwanted = exp.and_(exp.column("is_wanted").not_(), exp.column("row_key").isin(query=held).not_())
    sync.warehouse.execute(exp.delete(sync.identifiers.expression()).where(sync.mine(), unwanted))


def _stale(sync: Sync) -> exp.Select:
    """The values, by `row_key`, of the rows whose identifiers are not those of their present values."""
    known = (
        exp.select("member_key", exp.Min(this=exp.column("member_checksum")).as_("member_checksum"))
        .from_(sync.identifiers.expression())
        .where(sync.mine(), exp.column("is_wanted"))
        .group_by("member_key")
    )
    other = exp.or_(
        exp.column("member_key", "n").is_(exp.null()),
        exp.column("member_checksum", "n").neq(exp.column("checksum", "k")),
    )
    fields = [exp.column(f"f{number}", "v") for number in range(len(sync.definition.mapping))]
    return (
        exp.select(exp.column("row_key", "k"), exp.column("checksum", "k"), *fields)
        .from_(sync.work.inventory.expression().as_("k"))
        .join(rows.values(sync).subquery("v"), on=exp.column("row_key", "v").eq(exp.column("row_key", "k")))
        .join(known.subquery("n"), on=exp.column("member_key", "n").eq(exp.column("row_key", "k")), join_type="left")
        .where(exp.column("status", "k").eq(exp.Literal.string("valid")), other)
    )


def _no_longer_wanted(sync: Sync) -> exp.Condition:
    """Of members that changed, or that are neither valid nor merely broken in the source."""
    inventory = sync.work.inventory.expression()
    staying = exp.select("row_key").from_(inventory).where(exp.column("status").neq(exp.Literal.string("suppressed")))
    changed = exp.select("member_key").from_(sync.work.found.expression())
    member = exp.column("member_key")
    return exp.or_(member.isin(query=staying).not_(), member.copy().isin(query=changed))


def _found(
    sync: Sync, destination: IdentifierDestination, page: list[dict[str, object]]
) -> Iterator[Mapping[str, object]]:
    for row in page:
        fields = {field: row[f"f{number}"] for number, field in enumerate(sync.definition.mapping)}
        identifiers = destination.identifiers(fields)
        member = {"sync": sync.name, "member_key": row["row_key"], "member_checksum": row["checksum"]}
        seen = {opaque(sync.secret_key, one.kind, one.values): one for one in identifiers}
        for key, one in seen.items():
            sent = dumps({"kind": one.kind, **one.values}, ensure_ascii=False, sort_keys=True)
            yield member | {"row_key": key, "kind": one.kind, "sent": sent, "is_wanted": True}
        if not seen:
            yield member | {"row_key": "", "kind": None, "sent": None, "is_wanted": False}


def _column_is(column: str, value: str) -> exp.EQ:
    return exp.column(column).eq(exp.Literal.string(value))
