"""What a batch does to leads and to the static list, by calls; what is returned are the keys refused, with reasons."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from cdp_assets.destinations._marketo import codes
from cdp_assets.destinations._marketo.leads import MOST_LEADS, Leads, Outcome, Record, slices
from cdp_assets.destinations.base import Batch, Mode, Operation, PermanentError, Row

CREATE_OR_UPDATE, CREATE_ONLY, UPDATE_ONLY = "createOrUpdate", "createOnly", "updateOnly"
# A lead that is there is what an insertion wants; one that is not there has nothing to change, or to lose.
_AS_WANTED = {CREATE_OR_UPDATE: "", CREATE_ONLY: codes.ALREADY_THERE, UPDATE_ONLY: codes.NOT_FOUND}
_COMMA = "the key has a comma, and Marketo finds leads by values that commas separate"
_SEVERAL = "several leads have the key"
_NO_ID = "Marketo did not tell the lead's id, by which the list knows it"
Refused = dict[str, str]


def action_of(batch: Batch) -> str:
    """What Marketo is to do with leads of an addition or a change."""
    if batch.operation is Operation.ADD:
        return CREATE_ONLY if batch.mode is Mode.INSERT else CREATE_OR_UPDATE
    return UPDATE_ONLY


@dataclass(frozen=True)
class Writes:
    """Calls of at most `size` leads each; `list_id` is the static list that is kept, if one is."""

    leads: Leads
    list_id: int | None
    size: int

    def write(self, batch: Batch, rows: Sequence[Row], *, listed: bool = False) -> Refused:
        """Additions and changes; additions, and what is said to be `listed`, also go on the list."""
        found = {row.key: row for row in rows}
        onto = self.list_id is not None and (listed or batch.operation is Operation.ADD)
        return self._in_calls(batch, found, lambda keys: self._write(batch, [found[key] for key in keys], onto=onto))

    def move(self, batch: Batch, rows: Sequence[Row]) -> Refused:
        """Rows whose customer goes on under another key: the lead gets that key, and with it the values.

        Where the new key has a lead already, that one gets the values and the former one loses them, in this order, so
        that nothing is lost on the way. What has neither was deleted in Marketo, unless it is an addition.
        """
        refused: Refused = {}
        left = {row.key: row for row in rows}
        while left:
            # Where one goes to a key that another leaves, the other goes first.
            leaving = {row.previous_key for row in left.values()}
            free = {key: row for key, row in left.items() if key not in leaving} or left
            kept = leaving & free.keys()
            refused |= self._in_calls(batch, free, partial(self._move, batch, free, kept))
            left = {key: row for key, row in left.items() if key not in free}
        return refused

    def clear(self, batch: Batch, keys: Iterable[str]) -> Refused:
        """Take the mapped values off leads, and the leads off the list."""
        return self._in_calls(batch, keys, lambda some: self._clear(batch, some))

    def take_off_list(self, batch: Batch) -> Refused:
        """Take leads off the list, and nothing else; one that is gone is off it."""
        return self._in_calls(batch, [row.key for row in batch.rows], self._unlist)

    def cleared(self, batch: Batch, key: str) -> Record:
        """A lead without the mapped values."""
        return self.leads.record(key, dict.fromkeys(batch.columns))

    def _in_calls(self, batch: Batch, keys: Iterable[str], do: Callable[[Sequence[str]], Refused]) -> Refused:
        """Do something with so many leads at a time.

        A call refused whole is the engine's to halve, with its batch, if it is the only one; others have been carried
        out by then, and it is halved here.
        """
        refused: Refused = {}
        waiting = list(slices(keys, self.size))
        while waiting:
            some = waiting.pop(0)
            try:
                refused |= do(some)
            except PermanentError as error:
                if len(batch.rows) <= self.size:
                    raise
                middle = len(some) // 2
                refused |= {} if middle else {some[0]: str(error)}
                waiting = ([some[:middle], some[middle:]] if middle else []) + waiting
        return refused

    def _write(self, batch: Batch, rows: Sequence[Row], *, onto: bool) -> Refused:
        action = action_of(batch)
        outcomes = self.leads.write(action, [self.leads.record(row.key, row.fields) for row in rows])
        keyed = list(zip((row.key for row in rows), outcomes, strict=True))
        refused = _refused(keyed, _AS_WANTED[action])
        if not onto:
            return refused
        there = [key for key, one in keyed if one.code == codes.ALREADY_THERE]
        found = self.leads.find(key for key in there if "," not in key)
        return refused | self._put_on_list(_ids(keyed) | {key: found.get(key, []) for key in there})

    def _clear(self, batch: Batch, keys: Sequence[str]) -> Refused:
        outcomes = self.leads.write(UPDATE_ONLY, [self.cleared(batch, key) for key in keys])
        keyed = list(zip(keys, outcomes, strict=True))
        return _refused(keyed, codes.NOT_FOUND) | self._take_off(_ids(keyed))

    def _unlist(self, keys: Sequence[str]) -> Refused:
        unfindable = {key: _COMMA for key in keys if "," in key}
        found = self.leads.find(key for key in keys if key not in unfindable)
        return unfindable | self._take_off({key: ids for key, ids in found.items() if ids})

    def _move(
        self, batch: Batch, moved: Mapping[str, Row], kept: Collection[str | None], keys: Sequence[str]
    ) -> Refused:
        """Move rows, without clearing leads whose key is one of `kept`, because others go to it at the same time."""
        rows = [moved[key] for key in keys]
        refused = {row.key: _COMMA for row in rows if "," in f"{row.key}{row.previous_key}"}
        findable = [row for row in rows if row.key not in refused]
        found = self.leads.find(key for row in findable for key in (row.key, row.previous_key) if key)
        former = {row.key: found[row.previous_key or ""] for row in findable}
        refused |= {key: _SEVERAL for key, ids in former.items() if max(len(ids), len(found[key])) > 1}
        left = [row for row in findable if row.key not in refused]
        refused |= self._renamed(batch, [(former[row.key][0], row) for row in left if _alone(former, found, row)])
        others = [row for row in left if not _alone(former, found, row)]
        written = [row for row in others if found[row.key] or batch.operation is Operation.ADD]
        refused |= self.write(batch, written, listed=batch.mode is not Mode.UPDATE)
        doubled = {
            row.previous_key: row.key
            for row in written
            if row.previous_key and former[row.key] and row.key not in refused and row.previous_key not in kept
        }
        said = self.clear(batch, doubled)
        return refused | {doubled[old]: f"its former lead was not cleared: {why}" for old, why in said.items()}

    def _renamed(self, batch: Batch, rows: Sequence[tuple[int, Row]]) -> Refused:
        if not rows:
            return {}
        records = [{"id": number, **self.leads.record(row.key, row.fields)} for number, row in rows]
        keyed = list(zip((row.key for _, row in rows), self.leads.write(UPDATE_ONLY, records, "id"), strict=True))
        refused = _refused(keyed, codes.NOT_FOUND)
        if batch.operation is not Operation.ADD:  # a lead that was on the list still is
            return refused
        return refused | self._put_on_list({row.key: [number] for number, row in rows if row.key not in refused})

    def _put_on_list(self, ids: Mapping[str, list[int]]) -> Refused:
        return self._on_list(ids, take_off=False)

    def _take_off(self, ids: Mapping[str, list[int]]) -> Refused:
        return self._on_list(ids, take_off=True)

    def _on_list(self, ids: Mapping[str, list[int]], *, take_off: bool) -> Refused:
        if self.list_id is None:
            return {}
        refused = {key: _NO_ID for key, numbers in ids.items() if not numbers}
        change = self.leads.take_off if take_off else self.leads.put_on
        for some in slices([(key, number) for key, numbers in ids.items() for number in numbers], MOST_LEADS):
            outcomes = change(self.list_id, [number for _, number in some])
            keyed = zip((key for key, _ in some), outcomes, strict=True)
            told = "taken off" if take_off else "put on"
            refused |= {key: f"it was not {told} the list: {one.reason}" for key, one in keyed if one.code}
        return refused


def _alone(former: Mapping[str, list[int]], found: Mapping[str, list[int]], row: Row) -> bool:
    """Whether only the former key has a lead."""
    return bool(former[row.key]) and not found[row.key]


def _ids(keyed: Iterable[tuple[str, Outcome]]) -> dict[str, list[int]]:
    """The ids of the leads that were written, as far as the answer tells them."""
    return {key: [] if one.id is None else [one.id] for key, one in keyed if not one.code}


def _refused(keyed: Iterable[tuple[str, Outcome]], as_wanted: str) -> Refused:
    return {key: one.reason for key, one in keyed if one.code and one.code != as_wanted}
