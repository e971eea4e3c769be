"""What the history says of ids: only what became of them, however many runs speak of one moment."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from cdp_assets.identity.contracts import ID_HISTORY
from cdp_assets.identity.id_lookup import story_of
from cdp_assets_tests.unit.identity.pipeline.engine import Engine

ANN = {"email": "ann@mail.example", "first_name": "Ann", "last_name": "Lee"}
NOON = datetime(2026, 6, 1, tzinfo=UTC)


def history(*rows: tuple[str, str, str | None, str]) -> pl.DataFrame:
    """`identity.id_history` of (event, id, other id, run), all of one moment."""
    told = [
        {
            "customer_id": own,
            "other_customer_id": other,
            "event": event,
            "reason": "",
            "happened_at": NOON,
            "run_id": run,
        }
        for event, own, other, run in rows
    ]
    names = [column.name for column in ID_HISTORY.columns]
    return pl.DataFrame(pl.DataFrame(told).select(names).to_arrow().cast(ID_HISTORY.schema))


def test_a_customer_that_loses_a_record_and_keeps_another_is_not_retired(tmp_path: Path):
    engine = Engine(tmp_path).run([{"id": "0", **ANN}, {"id": "1", **ANN}])
    ann = engine.id_of("1")
    engine.run(gone=["0"])
    assert engine.id_of("1") == ann
    assert engine.history["event"].to_list() == ["created"]
    engine.run(gone=["1"])
    assert engine.history["event"].to_list() == ["created", "retired"]


def test_merges_one_after_another_within_a_moment_lead_to_the_last():
    told = history(
        ("created", "a", None, "1"),
        ("created", "b", None, "1"),
        ("created", "c", None, "1"),
        ("merged", "c", "b", "2"),
        ("merged", "b", "a", "3"),
    )
    assert [story.current for id_ in "abc" if (story := story_of(told, id_))] == [["a"], ["a"], ["a"]]


def test_what_a_merged_customer_parts_with_later_may_be_the_merged_ones():
    told = history(
        ("created", "a", None, "1"),
        ("created", "b", None, "1"),
        ("merged", "b", "a", "2"),
        ("split", "a", "c", "3"),
        ("created", "c", None, "3"),
    )
    story = story_of(told, "b")
    assert story is not None
    assert story.current == ["a", "c"]


def test_what_a_customer_parts_with_in_the_run_that_merges_another_into_it_is_not_the_others():
    told = history(
        ("created", "a", None, "1"),
        ("created", "b", None, "1"),
        ("merged", "b", "a", "2"),
        ("split", "a", "c", "2"),
        ("created", "c", None, "2"),
    )
    story = story_of(told, "b")
    assert story is not None
    assert story.current == ["a"]
