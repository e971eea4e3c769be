"""Brings audiences and their history up to date: those that read the same facts share what reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
from sqlglot import exp

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.compile import Compiled, compile_audience
from cdp_assets.audiences.contracts import (
    ASSIGNMENTS,
    DEFINITIONS,
    HISTORY,
    MEMBERSHIP_LOG,
    SUCCESSORS,
    audience_contract,
)
from cdp_assets.audiences.definition import WORK_PREFIX, AudienceDefinition
from cdp_assets.audiences.expressions import column, together
from cdp_assets.audiences.found import find_members
from cdp_assets.audiences.moves import Moves, successors
from cdp_assets.audiences.sizes import record_sizes
from cdp_assets.audiences.sources import Sources
from cdp_assets.audiences.values import moment
from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.sql.render import readable
from cdp_assets.warehouses.base import Warehouse, WriteMode

NOBODY = Decimal(0)


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
    with warehouse.session():
        _clean_up(warehouse, known)
        warehouse.ensure(*(audience_contract(one, known) for one in definitions), *HISTORY, SUCCESSORS)
        try:
            found = find_members(warehouse, compiled)
            moves = [Moves(one, found[one.name], SUCCESSORS.table, as_of, holdout) for one in definitions]
            if warehouse.exists(ID_HISTORY.table):
                warehouse.write_select(SUCCESSORS.table, successors(moves))
            with warehouse.transaction():
                return _Refresh(warehouse, moves, compiled, as_of).run()
        finally:
            _clean_up(warehouse, known)


def _clean_up(warehouse: Warehouse, known: Catalogue) -> None:
    """Drop the tables that are kept while a refresh works, and those that one that was killed has left."""
    for table in warehouse.tables(["audiences"]):
        if table.name.startswith(WORK_PREFIX) and table.name not in (known.audiences or {}):
            warehouse.drop(table)


@dataclass(frozen=True)
class _Refresh:
    """One transaction: arms dealt, history and tables written."""

    warehouse: Warehouse
    moves: Sequence[Moves]
    compiled: Mapping[str, Compiled]
    as_of: datetime

    @property
    def definitions(self) -> list[AudienceDefinition]:
        """The audiences."""
        return [one.definition for one in self.moves]

    def run(self) -> dict[str, AudienceChange]:
        for one in self.moves:
            dealt = one.newly_dealt()
            if dealt is not None:
                self.warehouse.write_select(ASSIGNMENTS.table, dealt, WriteMode.APPEND)
        sequence = self._sequence()
        changes = together([one.changes(sequence) for one in self.moves])
        self.warehouse.write_select(MEMBERSHIP_LOG.table, changes, WriteMode.APPEND)
        members = {one.definition.name: self.warehouse.write_select(one.table, one.members()) for one in self.moves}
        self._keep_versions()
        return self._told(members, self._logged(sequence))

    def _logged(self, sequence: int) -> dict[tuple[str, str], int]:
        """How many changes of each kind this run logged of each audience."""
        this = [column("at").eq(moment(self.as_of)), column("sequence").eq(exp.Literal.number(sequence))]
        keys = [column("audience"), column("change")]
        query = exp.select(*keys, exp.Count(this=exp.Star()).as_("n", quoted=True))
        query = query.from_(MEMBERSHIP_LOG.table.expression()).where(*this).group_by(*(key.copy() for key in keys))
        return {(row["audience"], row["change"]): row["n"] for row in self.warehouse.read_arrow(query).to_pylist()}

    def _told(self, members: Mapping[str, int], logged: Mapping[tuple[str, str], int]) -> dict[str, AudienceChange]:
        unexpected = record_sizes(self.warehouse, self.definitions, members, self.as_of)
        return {
            one.name: AudienceChange(
                members=members[one.name],
                entered=logged.get((one.name, "enter"), 0),
                exited=logged.get((one.name, "exit"), 0),
                merged=logged.get((one.name, "merged"), 0),
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
