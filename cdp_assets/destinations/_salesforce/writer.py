"""Which calls bring records to what a batch wants; each method returns the rows refused, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cdp_assets.destinations._salesforce.answers import DUPLICATE, GONE
from cdp_assets.destinations._salesforce.bulk import Ingest, Patience, Results
from cdp_assets.destinations._salesforce.collections import MOST_ROWS, Collections
from cdp_assets.destinations._salesforce.connection import Connection
from cdp_assets.destinations._salesforce.lookup import Lookup
from cdp_assets.destinations._salesforce.records import Record, cell, says_null
from cdp_assets.destinations._salesforce.work import Progress, Target, Work, keep_existed, own_rows
from cdp_assets.destinations.base import Batch, Mode, Removal, Row


class Writer:
    """Sends a batch by collections, or by a bulk job where it is larger than one takes."""

    def __init__(self, connection: Connection, target: Target, patience: Patience) -> None:
        self._target = target
        parts = (connection, target.sobject, target.field)
        self._lookup, self._collections = Lookup(*parts), Collections(*parts)
        self._bulk = Ingest(*parts, patience)

    def removed(self, batch: Batch) -> dict[str, str]:
        """Take away the records, or empty their fields; of a record that is not there, nothing is left to do."""
        known = self._lookup.ids([row.key for row in batch.rows])
        refused = {key: self._target.ambiguous(len(ids)) for key, ids in known.items() if len(ids) > 1}
        rows = [row for row in batch.rows if row.key in known and row.key not in refused]
        said = self._taken_away(batch, {row.key: known[row.key][0] for row in rows}, bulk=len(batch.rows) > MOST_ROWS)
        return refused | said

    def _taken_away(self, batch: Batch, ids: Mapping[str, str], *, bulk: bool) -> dict[str, str]:
        if batch.removal is Removal.NOTHING:
            return {}
        deletes = batch.removal is Removal.DELETE
        nulls: Record = {} if deletes else dict.fromkeys(batch.columns)
        records = {key: {"Id": record_id, **nulls} for key, record_id in ids.items()}
        if bulk:
            said = self._by_id(batch, "delete" if deletes else "update", records)
        else:
            said = (self._collections.delete if deletes else self._collections.update)(records)
        return {key: reason for key, reason in said.items() if not reason.startswith(GONE)}

    def _by_id(self, batch: Batch, operation: str, records: Mapping[str, Record]) -> dict[str, str]:
        if not records:
            return {}
        results = self._bulk.run(Progress(batch.job).part("bulk"), operation, lambda: list(records.values()), "Id")
        said = {key: results.reason(record["Id"]) for key, record in records.items()}
        return {key: reason for key, reason in said.items() if reason}

    def written(self, batch: Batch) -> dict[str, str]:
        """Create and change the records, as the mode says."""
        # A former record that another row of the batch claims stays that row's.
        keys = {row.key for row in batch.rows}
        rows = [replace(row, previous_key=None) if row.previous_key in keys else row for row in batch.rows]
        # A record that moves takes several steps, and a text that a bulk job would take for null has no other way.
        plain = [row for row in rows if row.previous_key is None and not says_null(row.fields)]
        if len(plain) <= MOST_ROWS:
            return self._collected(batch, rows)
        apart = [row for row in rows if row.previous_key is not None or says_null(row.fields)]
        return self._in_bulk(batch, plain) | self._collected(batch, apart)

    def _collected(self, batch: Batch, rows: Sequence[Row]) -> dict[str, str]:
        looked_up = [row for row in rows if row.previous_key is not None or batch.mode in {Mode.INSERT, Mode.UPDATE}]
        keys = [key for row in looked_up for key in (row.key, row.previous_key) if key is not None]
        known = self._lookup.ids(keys) if keys else {}
        existed = Progress(batch.job).part("existed")
        own = own_rows(existed, rows) if batch.mode is Mode.INSERT else None
        work = self._target.work(batch.mode, rows, known, own or ())
        if work.creates and own is None:
            keep_existed(existed, rows, known)
        refused = work.refused | self._collections.update(work.updates) | self._collections.upsert(work.upserts)
        refused |= self._created(work, again=own is not None)
        left = {key: former for key, former in work.leaving.items() if key not in refused}
        unremoved = self._taken_away(batch, left, bulk=False)
        return refused | {key: f"its former record was not removed: {said}" for key, said in unremoved.items()}

    def _created(self, work: Work, *, again: bool) -> dict[str, str]:
        """Create records; what a late first attempt has created meanwhile is ours."""
        refused = self._collections.create(work.creates)
        doubtful = [key for key, reason in refused.items() if again and reason.startswith(DUPLICATE)]
        found = self._lookup.ids(doubtful) if doubtful else {}
        return {key: reason for key, reason in refused.items() if key not in found}

    def _in_bulk(self, batch: Batch, rows: Sequence[Row]) -> dict[str, str]:
        if batch.mode is Mode.UPDATE:
            work = self._target.work(batch.mode, rows, self._lookup.ids([row.key for row in rows]))
            return work.refused | self._by_id(batch, "update", work.updates)
        if batch.mode is Mode.INSERT:
            return self._inserted_in_bulk(batch, rows)
        job, field = Progress(batch.job).part("bulk"), self._target.field
        results = self._bulk.run(job, "upsert", lambda: [self._target.record(row) for row in rows], field)
        return _refused(results, rows)

    def _inserted_in_bulk(self, batch: Batch, rows: Sequence[Row]) -> dict[str, str]:
        """A job that is gone on with created what it mentions; what it does not mention was there before it."""
        begun: list[Work] = []

        def creates() -> list[Record]:
            begun.append(self._target.work(batch.mode, rows, self._lookup.ids([row.key for row in rows])))
            return list(begun[0].creates.values())

        results = self._bulk.run(Progress(batch.job).part("bulk"), "insert", creates, self._target.field)
        if begun:
            return begun[0].refused | _refused(results, [row for row in rows if row.key in begun[0].creates])
        there = self._target.there_already()
        unmentioned = {row.key: there for row in rows if not results.mentions(cell(row.key))}
        return unmentioned | _refused(results, [row for row in rows if row.key not in unmentioned])


def _refused(results: Results, rows: Sequence[Row]) -> dict[str, str]:
    said = {row.key: results.reason(cell(row.key)) for row in rows}
    return {key: why for key, why in said.items() if why}
