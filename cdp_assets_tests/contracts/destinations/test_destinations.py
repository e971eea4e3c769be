"""What every destination promises, run against each one there is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cdp_assets.destinations.base import Destination, Operation, Removal, Row
from cdp_assets.errors import ConfigurationError
from cdp_assets_tests.contracts.destinations.batches import HOSTILE, batch
from cdp_assets_tests.contracts.destinations.stand import NAMES, Stand, standing
from cdp_assets_tests.docs.pages import table
from cdp_assets_tests.reference_data import REPOSITORY

LOST_ANSWERS = [row for row in table(REPOSITORY / "docs" / "destinations.md", "destination") if "replayed" in row[2]]


@pytest.fixture(params=NAMES)
def stand(request, tmp_path: Path) -> Iterator[Stand]:
    with standing(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def destination(stand: Stand) -> Iterator[Destination]:
    made = stand.make()
    yield made
    made.close()


def test_the_destinations_of_the_platform_are_found():
    assert {"braze", "file", "webhook"} <= set(NAMES)


def test_it_declares_what_it_can_take(destination: Destination):
    assert 1 <= destination.limits.batch_size <= 10_000
    assert destination.limits.modes
    assert destination.limits.removals


@pytest.mark.parametrize("operation", list(Operation))
def test_every_row_gets_exactly_one_result_whatever_is_in_it(
    stand: Stand, destination: Destination, operation: Operation
):
    sent = stand.fitting(destination, batch(operation=operation))
    results = destination.send(sent)
    assert sorted(result.key for result in results) == sorted(HOSTILE)
    assert all(result.accepted for result in results)


def test_a_batch_sent_again_is_accepted_again(stand: Stand, destination: Destination):
    sent = stand.fitting(destination, batch())
    assert destination.send(sent) == destination.send(sent)


@pytest.mark.parametrize("row", LOST_ANSWERS, ids=lambda row: f"{row[0]} {row[1]}".replace("`", ""))
def test_what_the_guide_calls_idempotent_is_the_same_when_replayed(row: list[str], tmp_path: Path):
    name, operation = (cell.strip("`") for cell in row[:2])
    rows = (Row("c1", {"EMAIL": None if operation == "remove" else "new@example.com"}, previous_key="c0"),)
    sent = replace(batch(operation=Operation(operation), removal=Removal.CLEAR_FIELDS, columns=("EMAIL",)), rows=rows)
    with standing(name, tmp_path) as stand:
        destination = stand.make()
        held = batch({key: {"EMAIL": "old@example.com"} for key in ("c0", "c1", "c2")}, name="00000001")
        destination.send(stand.fitting(destination, held))
        before = stand.arrived()
        destination.send(stand.fitting(destination, sent))
        once = stand.arrived()
        destination.send(stand.fitting(destination, sent))
        assert stand.arrived() == once
        assert once != before
        destination.close()


def test_a_removal_without_values_is_accepted(stand: Stand, destination: Destination):
    (result,) = destination.send(stand.fitting(destination, batch({"c1": {}}, Operation.REMOVE)))
    assert result.accepted


def test_an_unknown_setting_is_refused_with_those_there_are(stand: Stand):
    with pytest.raises(ConfigurationError, match=r"there is no option 'colour'; the options are: .*batch_size"):
        stand.make(colour="blue")


def test_a_setting_out_of_range_is_refused_with_its_value(stand: Stand):
    with pytest.raises(ConfigurationError, match="batch_size is 0; "):
        stand.make(batch_size=0)


def test_neither_a_batch_nor_a_result_shows_personal_data_when_printed(stand: Stand, destination: Destination):
    sent = stand.fitting(destination, batch({"c1": {"EMAIL": "ann@example.com", "NAME": "Ann"}}))
    assert "ann@example.com" not in repr(sent) + repr(destination.send(sent))


def test_the_idempotency_key_tells_batches_apart_and_replays_together():
    keys = [
        batch(),
        batch(operation=Operation.CHANGE),
        batch(name="00000000.0"),
        batch(run_id="run/2"),
        batch(sync="other"),
        batch(dict(list(HOSTILE.items())[1:])),
        replace(batch(), rows=tuple(replace(row, checksum="other") for row in batch().rows)),
    ]
    assert len({one.idempotency_key for one in keys}) == len(keys)
    assert batch().idempotency_key == batch().idempotency_key
