"""Brings audiences and their history up to date: those that read the same facts share what reads them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
from sqlglot import exp

from cdp_assets.audiences import moves
from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import Compiled, compile_audience
from cdp_assets.audiences.contracts import (
    ASSIGNMENTS,
    DEFINITIONS,
    HISTORY,
    MEMBERSHIP_LOG,
    audience_contract,
    work_contracts,
)
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.sizes import record_sizes
from cdp_assets.audiences.sources import Source, Sources
from cdp_assets.audiences.splits import Dealing
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.sql.render import readable
from cdp_assets.tables import Contract, Table
from cdp_assets.warehouses.base import Warehouse, WriteMode

NOBODY = Decimal(0)
_WORTH_A_TABLE = 2
"""Audiences that read a source for which it is written to a table first."""


@dataclass(frozen=True)
class AudienceChange:
    """What a refresh did: members there are now, changes logged, and the SQL that decides membership.

    `unexpected` says why there should not be so many members, or so few; empty if there is nothing to say.
    """

    members: int
    entered: int
    exited: int
    merged: int
    definition_version: str
    sql: str
    unexpected: str = ""


def refresh_audience(
    warehouse: Warehouse,
    definition: AudienceDefinition,
    as_of: datetime,
    catalogue: Catalogue | None = None,
    holdout: Decimal = NOBODY,
) -> AudienceChange:
    """Refresh one audience, as `refresh_audiences` does."""
    return refresh_audiences(warehouse, [definition], as_of, catalogue, holdout)[definition.name]


def refresh_audiences(
    warehouse: Warehouse,
    definitions: Sequence[AudienceDefinition],
    as_of: datetime,
    catalogue: Catalogue | None = None,
    holdout: Decimal = NOBODY,
) -> dict[str, AudienceChange]:
    """Write `audiences.<name>` of each as of a moment, and log who entered, left, or was merged into another member.

    None of them may read another. `holdout` is the percent of customers whom no audience sends anywhere. All of it or
    nothing is written; running twice changes nothing more. Without `catalogue` the warehouse's own columns are used.

    Raises:
        ConfigurationError: a definition names something the warehouse does not have.
    """
    known = catalogue or Catalogue.declared().of(warehouse)
    sources = Sources()
    compiled = {one.name: compile_audience(one, known, as_of, sources) for one in definitions}
    suffix = hashlib.sha256(",".join(sorted(compiled)).encode()).hexdigest()[:8]
    work = work_contracts(suffix)
    shared = {source.alias: Table("audiences", f"refresh__{source.alias}_{suffix}") for source in _shared(compiled)}
    with warehouse.session():
        warehouse.ensure(*(audience_contract(one, known) for one in definitions), *HISTORY, *work)
        try:
            for source in _shared(compiled):
                warehouse.write_select(shared[source.alias], _written_out(source, compiled))
            refresh = _Refresh(warehouse, definitions, compiled, as_of, holdout, work, shared)
            with warehouse.transaction():
                return refresh.run()
        finally:
            for table in (*shared.values(), *(contract.table for contract in work)):
                warehouse.drop(table)


def _shared(compiled: Mapping[str, Compiled]) -> list[Source]:
    """The aggregates that several audiences read."""
    readers: dict[str, list[Source]] = {}
    for one in compiled.values():
        for source in one.sources:
            readers.setdefault(source.alias, []).append(source)
    return [
        used[0] for used in readers.values() if len(used) >= _WORTH_A_TABLE and not isinstance(used[0].query, Table)
    ]


def _written_out(source: Source, compiled: Mapping[str, Compiled]) -> exp.Select:
    return source.select(frozenset().union(*(one.features.get(source.alias, ()) for one in compiled.values())))


@dataclass(frozen=True)
class _Refresh:
    """One transaction: members found, what became of each, arms dealt, history and tables written."""

    warehouse: Warehouse
    definitions: Sequence[AudienceDefinition]
    compiled: Mapping[str, Compiled]
    as_of: datetime
    holdout: Decimal
    work: tuple[Contract, Contract, Contract]
    shared: Mapping[str, Table]

    def run(self) -> dict[str, AudienceChange]:
        found, moved, after = (contract.table for contract in self.work)
        shared = {alias: table.expression() for alias, table in self.shared.items()}
        queries = {name: one.reading_from(shared) for name, one in self.compiled.items()}
        for name, query in queries.items():
            self.warehouse.write_select(found, _named(name, query), WriteMode.APPEND)
        has_history = self.warehouse.exists(ID_HISTORY.table)
        self._append(moved, moves.transitions(list(queries), found, has_history))
        for one in self.definitions:
            if one.splits is not None:
                self._append(ASSIGNMENTS.table, Dealing(one, one.splits, moved).newly_given(self.as_of, self.holdout))
        self._append(after, moves.members_now(self.definitions, moved, self.holdout, self.as_of))
        self._append(MEMBERSHIP_LOG.table, moves.changes(self.definitions, moved, after, self.as_of, self._sequence()))
        for one in self.definitions:
            self.warehouse.write_select(Table("audiences", one.name), _of(one.name, after))
        self._keep_versions()
        return self._told({row["audience"]: row for row in self.warehouse.read_arrow(moves.counts(moved)).to_pylist()})

    def _told(self, counted: Mapping[str, Mapping[str, int]]) -> dict[str, AudienceChange]:
        numbers = {
            one.name: {
                name: counted.get(one.name, {}).get(name, 0) for name in ("members", "entered", "exited", "merged")
            }
            for one in self.definitions
        }
        sizes = {name: found["members"] for name, found in numbers.items()}
        unexpected = record_sizes(self.warehouse, self.definitions, sizes, self.as_of)
        return {
            one.name: AudienceChange(
                **numbers[one.name],
                definition_version=one.version,
                sql=readable(self.warehouse.render(self.compiled[one.name].query), self.warehouse.dialect),
                unexpected=unexpected.get(one.name, ""),
            )
            for one in self.definitions
        }

    def _sequence(self) -> int:
        largest = exp.select(exp.Max(this=exp.column("sequence")).as_("n")).from_(MEMBERSHIP_LOG.table.expression())
        return int(self.warehouse.read_arrow(largest)["n"][0].as_py() or 0) + 1

    def _keep_versions(self) -> None:
        """Write down the definitions that were not run before, or not since another."""
        every = exp.select("audience", "definition_version", "since").from_(DEFINITIONS.table.expression())
        known = self.warehouse.read_arrow(every).to_pylist()
        since = {row["audience"]: max(r["since"] for r in known if r["audience"] == row["audience"]) for row in known}
        latest = {(r["audience"], r["definition_version"]) for r in known if r["since"] == since[r["audience"]]}
        rows = [
            {
                "audience": one.name,
                "definition_version": one.version,
                "since": self.as_of,
                "definition": one.model_dump_json(by_alias=True, exclude_defaults=True),
            }
            for one in self.definitions
            if (one.name, one.version) not in latest
        ]
        if rows:
            table = pa.Table.from_pylist(rows, schema=DEFINITIONS.schema)
            self.warehouse.write_arrow(DEFINITIONS.table, table, WriteMode.APPEND)

    def _append(self, table: Table, query: exp.Query) -> None:
        self.warehouse.write_select(table, query, WriteMode.APPEND)


def _named(audience: str, members: exp.Select) -> exp.Select:
    name = exp.cast(exp.Literal.string(audience), "text").as_("audience", quoted=True)
    rows = members.subquery(exp.to_identifier("members", quoted=True))
    return exp.select(name, exp.column("customer_id", quoted=True)).from_(rows)


def _of(audience: str, after: Table) -> exp.Select:
    columns = (exp.column(name, quoted=True) for name in ("customer_id", "entered_at", "split"))
    here = exp.column("audience", quoted=True).eq(exp.Literal.string(audience))
    return exp.select(*columns).from_(after.expression()).where(here)
