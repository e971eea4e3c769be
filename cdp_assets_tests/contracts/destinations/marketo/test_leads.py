"""What our batches do to leads and to the static list."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from cdp_assets.destinations.base import Mode, Operation, PermanentError, Removal
from cdp_assets.destinations.marketo import MarketoDestination
from cdp_assets.sample.standins._server import StandInServer
from cdp_assets.sample.standins.marketo import MarketoStandIn
from cdp_assets_tests.contracts.destinations.batches import batch
from cdp_assets_tests.contracts.destinations.marketo.client import ANN, NAMES, SECRET, leads, marketo, moved, told


def test_values_arrive_as_marketo_reads_them(destination: MarketoDestination, standin: MarketoStandIn):
    paris = timezone(timedelta(hours=2))
    values = {
        "day": date(2026, 6, 30),
        "moment": datetime(2026, 6, 30, 14, 0, 0, 123456, tzinfo=paris),
        "short": Decimal("12.3400"),
        "long": Decimal("0.1234567890123456789"),
        "yes": True,
        "gone": None,
        "not_a_number": float("nan"),
        "several": ["a", "b"],
        "parts": {"weekly": 3},
    }
    destination.send(batch({"c1": values}, columns=tuple(values)))
    assert standin.members.held["c1"] == {
        "day": "2026-06-30",
        "moment": "2026-06-30T12:00:00Z",
        "short": 12.34,
        "long": "0.1234567890123456789",
        "yes": True,
        "several": '["a","b"]',
        "parts": '{"weekly":3}',
    }


@pytest.mark.parametrize("mode", [Mode.MIRROR, Mode.UPSERT, Mode.UPDATE])
def test_a_change_makes_no_lead_and_puts_nobody_on_the_list(
    on_a_list: MarketoDestination, standin: MarketoStandIn, mode: Mode
):
    leads(standin, {"cdpCustomerId": "c1", "email": "old@example.com"})
    changes = batch({"c1": ANN, "c2": ANN}, Operation.CHANGE, mode=mode, columns=NAMES)
    assert told(on_a_list.send(changes)) == {"c1": True, "c2": True}
    assert standin.members.held == {"c1": ANN}


def test_an_insertion_puts_a_lead_that_is_there_on_the_list_and_leaves_it_as_it_is(
    on_a_list: MarketoDestination, standin: MarketoStandIn
):
    leads(standin, {"cdpCustomerId": "c1", "email": "old@example.com"})
    added = batch({"c1": ANN, "c2": ANN}, mode=Mode.INSERT, columns=NAMES)
    assert told(on_a_list.send(added)) == {"c1": True, "c2": True}
    assert standin.members.held == {
        "c1": {"email": "old@example.com", "staticLists": ["1001"]},
        "c2": {**ANN, "staticLists": ["1001"]},
    }


def test_clearing_fields_takes_a_lead_off_the_list_too(on_a_list: MarketoDestination, standin: MarketoStandIn):
    on_a_list.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
    removal = batch({"c1": {}, "c9": {}}, Operation.REMOVE, removal=Removal.CLEAR_FIELDS, columns=NAMES)
    assert told(on_a_list.send(removal)) == {"c1": True, "c9": True}
    assert standin.members.held == {"c1": {}, "c2": {**ANN, "staticLists": ["1001"]}}


def test_a_removal_by_deletion_only_takes_leads_off_the_list(on_a_list: MarketoDestination, standin: MarketoStandIn):
    on_a_list.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
    gone = batch({"c1": {}, "c2": {}, "with, comma": {}}, Operation.REMOVE, columns=NAMES)
    first, second, third = on_a_list.send(gone)
    assert (first.accepted, second.accepted, third.accepted) == (True, True, False)
    assert "the key has a comma" in third.reason
    assert standin.members.held == {"c1": ANN, "c2": ANN}
    assert all(result.accepted for result in on_a_list.send(replace(gone, rows=gone.rows[:2])))


def test_a_lead_is_never_deleted_so_deletion_needs_a_list(
    destination: MarketoDestination, on_a_list: MarketoDestination
):
    assert destination.limits.removals == {Removal.CLEAR_FIELDS, Removal.NOTHING}
    assert on_a_list.limits.removals == {Removal.CLEAR_FIELDS, Removal.NOTHING, Removal.DELETE}


def test_more_leads_than_a_page_holds_are_all_taken_off_the_list(server: StandInServer, standin: MarketoStandIn):
    twins = marketo(server.url, lookup_field="email", list_id=1001)
    leads(standin, *({"cdpCustomerId": f"c{n}", "email": "ann@example.com"} for n in range(650)))
    for number in range(1001, 1651):
        standin.book.change_list(number, "1001", add=True)
    assert twins.send(batch({"ann@example.com": {}}, Operation.REMOVE, columns=("firstName",)))[0].accepted
    assert all("staticLists" not in lead for lead in standin.members.held.values())
    twins.close()


def test_five_hundred_rows_are_written_three_hundred_at_a_time(server: StandInServer, standin: MarketoStandIn):
    client = marketo(server.url, list_id=1001)
    rows = {f"c{n}": {"email": f"p{n}@example.com", "firstName": 'Zoë, "Z"'} for n in range(500)}
    for operation in (Operation.CHANGE, Operation.REMOVE):
        assert all(one.accepted for one in client.send(batch(rows, operation, columns=NAMES, mode=Mode.UPDATE)))
    assert all(one.accepted for one in client.send(batch(rows, mode=Mode.INSERT, columns=NAMES)))
    assert standin.members.held == {key: {**fields, "staticLists": ["1001"]} for key, fields in rows.items()}
    assert max(one.rows for one in server.control.log) == 300
    client.close()


@pytest.mark.parametrize("batch_size", [300, 1], ids=["call", "import"])
def test_what_is_too_large_is_refused_whole_so_that_its_halves_are_tried(server: StandInServer, batch_size: int):
    client = marketo(server.url, batch_size=batch_size)
    size = 600_000 if batch_size == 300 else 6_000_000
    with pytest.raises(PermanentError, match=r"would have \d+ bytes; Marketo takes"):
        client.send(batch({key: {"story": "x" * size} for key in ("c1", "c2")}, columns=("story",)))
    assert server.control.log == []
    if batch_size == 300:
        assert client.send(batch({"c1": {"story": "x" * size}}, columns=("story",)))[0].accepted
    client.close()


def test_nothing_that_is_asked_has_a_secret_or_a_person_in_its_address(server: StandInServer):
    client = marketo(server.url, list_id=1001, batch_size=1)
    client.send(batch({"c1": ANN, "c2": ANN}, columns=NAMES))
    client.send(batch({"c1": {}}, Operation.REMOVE, columns=NAMES))
    client.send(moved())
    client.close()
    asked = repr(server.control.log)
    assert "identity" in asked
    assert not any(text in asked for text in (SECRET, "t0ken", "custom-service", "c1", "example.com"))


@pytest.mark.parametrize("operation", [Operation.CHANGE, Operation.REMOVE])
def test_of_a_batch_of_several_calls_one_that_is_refused_whole_is_halved_and_no_other_is_made_again(
    server: StandInServer, standin: MarketoStandIn, operation: Operation
):
    client = marketo(server.url, batch_size=3)
    leads(standin, *({"cdpCustomerId": f"c{n}"} for n in range(9)))
    standin.members.writes.clear()
    standin.members.poison = {"c4"}
    sent = batch(
        dict.fromkeys((f"c{n}" for n in range(9)), ANN), operation, removal=Removal.CLEAR_FIELDS, columns=NAMES
    )
    refused = [result for result in client.send(sent) if not result.accepted]
    assert [(result.key, "1003" in result.reason) for result in refused] == [("c4", True)]
    assert dict(standin.members.writes) == {f"c{n}": 1 for n in range(9) if n != 4}
    client.close()
