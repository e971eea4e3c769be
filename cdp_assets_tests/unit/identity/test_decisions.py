"""What stewards decided holds until it is undone, and decisions that cannot all hold are refused by name."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.errors import DataError
from cdp_assets.identity.contracts import DECISIONS
from cdp_assets.identity.decisions import checked, constraints, effective, version_of

START = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


def decided(*rows: tuple[str, str, str], by: str = "ann") -> pl.DataFrame:
    """`identity.decisions` from (one, other, decision), a minute after each other; `crm:1` names a record."""
    noted = []
    for minute, (one, other, decision) in enumerate(rows):
        (source_l, record_l), (source_r, record_r) = (name.split(":") for name in (one, other))
        moment = START + timedelta(minutes=minute)
        noted.append((source_l, record_l, source_r, record_r, decision, f"reason {minute}", by, moment))
    schema = pl.DataFrame(DECISIONS.empty()).schema
    return pl.DataFrame(noted, schema=schema, orient="row")


def pairs(frame: pl.DataFrame) -> list[tuple[str, str]]:
    """The pairs of a frame as (left, right)."""
    left, right = (pl.format("{}:{}", f"source_{side}", f"record_id_{side}") for side in "lr")
    return frame.select(left=left, right=right).rows()


def test_the_latest_row_of_a_pair_holds_whichever_way_round_and_in_whatever_order():
    rows = decided(("shop:2", "crm:1", "always"), ("crm:1", "shop:2", "never"), ("crm:9", "crm:10", "always"))
    for order in (rows, rows.reverse()):
        holding = effective(order)
        assert pairs(holding) == [("crm:1", "shop:2"), ("crm:10", "crm:9")]
        assert holding["decision"].to_list() == ["never", "always"]
        assert holding["reason"].to_list() == ["reason 1", "reason 2"]


def test_what_was_withdrawn_no_longer_holds_and_may_be_decided_anew():
    undone = decided(("crm:1", "crm:2", "never"), ("crm:2", "crm:1", "withdrawn"))
    assert effective(undone).is_empty()
    again = decided(("crm:1", "crm:2", "never"), ("crm:2", "crm:1", "withdrawn"), ("crm:1", "crm:2", "always"))
    assert effective(again)["decision"].to_list() == ["always"]


def test_the_same_decision_noted_twice_at_one_moment_is_one():
    rows = decided(("crm:1", "crm:2", "never"))
    assert effective(pl.concat([rows, rows])).height == 1


def test_a_table_filled_by_hand_may_hold_numbers_texts_and_dates():
    typed = decided(("crm:1", "crm:2", "never"))
    numbers = typed.with_columns(pl.col("record_id_l", "record_id_r").cast(pl.Int64))
    for moment in (date(2026, 7, 1), "2026-07-01T09:30:00", datetime(2026, 7, 1, 9, 30)):  # noqa: DTZ001 - by hand
        holding = effective(numbers.with_columns(decided_at=pl.lit(moment)))
        assert pairs(holding) == [("crm:1", "crm:2")]
        assert holding["decided_at"].item().date() == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"decision": pl.lit("mabye")}, r"'mabye' of crm:1 and crm:2; it must be one of: always, never, withdrawn"),
        ({"decision": pl.lit(None, pl.String)}, "decides None of crm:1 and crm:2"),
        ({"record_id_r": pl.lit(None, pl.String)}, "record_id_r is null"),
        ({"record_id_r": pl.lit("1")}, "pairs crm:1 with itself"),
        ({"record_id_r": pl.lit(2.0)}, r"record_id_r holds values of type Float64 that are not text"),
        ({"decided_at": pl.lit(None, pl.Datetime("us", "UTC"))}, "no decided_at for crm:1 and crm:2"),
        ({"decided_at": pl.lit("last week")}, r"decided_at holds values of type String that are not moments \(UTC\)"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(change: dict[str, pl.Expr], said: str):
    with pytest.raises(DataError, match=said):
        effective(decided(("crm:1", "crm:2", "never")).with_columns(**change))


def test_a_missing_column_is_named_with_those_there_must_be():
    with pytest.raises(DataError, match=r"identity\.decisions lacks reason; its columns are source_l"):
        effective(decided(("crm:1", "crm:2", "never")).drop("reason"))


def test_two_decisions_of_a_pair_at_one_moment_are_refused():
    rows = decided(("crm:1", "crm:2", "never"), ("crm:1", "crm:2", "always")).with_columns(decided_at=pl.lit(START))
    with pytest.raises(DataError, match="two things of crm:1 and crm:2 at 2026-07-01 09:30:00"):
        effective(rows)


def test_a_never_link_inside_a_chain_of_always_links_is_refused_with_both_named():
    rows = decided(("crm:1", "crm:3", "never"), ("crm:1", "crm:2", "always"), ("crm:3", "crm:2", "always"), by="bo")
    with pytest.raises(DataError) as refused:
        checked(rows)
    said = str(refused.value)
    assert "never crm:1 and crm:3 (by bo, 2026-07-01 09:30 UTC)" in said
    assert "always crm:1 and crm:2 (by bo, 2026-07-01 09:31 UTC)" in said
    assert "always crm:2 and crm:3 (by bo, 2026-07-01 09:32 UTC)" in said
    assert "\n" not in said


def test_a_long_chain_is_told_in_short():
    links = [(f"crm:{n}", f"crm:{n + 1}", "always") for n in range(1, 9)]
    with pytest.raises(DataError, match=r"always crm:3 and crm:4 \(by ann, [^)]*\) and 5 more; undo one"):
        checked(decided(*links, ("crm:9", "crm:1", "never")))


def test_undoing_any_decision_of_a_conflict_ends_it():
    rows = [("crm:1", "crm:3", "never"), ("crm:1", "crm:2", "always"), ("crm:3", "crm:2", "always")]
    for one, other, _ in rows:
        assert checked(decided(*rows, (one, other, "withdrawn"))).height == 2


def test_never_links_beside_always_links_are_no_conflict():
    rows = decided(("crm:1", "crm:2", "always"), ("crm:3", "crm:4", "always"), ("crm:2", "crm:3", "never"))
    assert checked(rows).height == 3


def test_only_decisions_on_live_records_bind_the_solver_and_a_missing_one_joins_nothing():
    rows = decided(("crm:1", "web:2", "always"), ("web:2", "crm:3", "always"), ("crm:1", "crm:4", "never"))
    live = pl.DataFrame({"source": ["crm", "crm", "crm"], "record_id": ["1", "3", "4"]})
    bound = constraints(rows, live)
    assert pairs(bound.must_link) == []
    assert pairs(bound.cannot_link) == [("crm:1", "crm:4")]
    back = constraints(rows, pl.concat([live, pl.DataFrame({"source": ["web"], "record_id": ["2"]})]))
    assert pairs(back.must_link) == [("crm:1", "web:2"), ("crm:3", "web:2")]


def test_the_version_is_another_with_every_link_and_the_former_one_once_it_is_undone():
    first = [("crm:1", "crm:2", "always")]
    second = [*first, ("crm:1", "crm:3", "never")]
    undone = [*second, ("crm:3", "crm:1", "withdrawn")]
    assert version_of(decided(*first)) != version_of(decided(*second))
    assert version_of(decided(*undone)) == version_of(decided(*first, by="bo"))
    assert version_of(decided(("crm:1", "crm:2", "never"))) != version_of(decided(*first))


def test_no_decisions_bind_nothing():
    bound = constraints(pl.DataFrame(DECISIONS.empty()), pl.DataFrame({"source": ["crm"], "record_id": ["1"]}))
    assert bound.must_link.height == bound.cannot_link.height == 0


numbers = st.integers(0, 6)
choices = st.lists(
    st.tuples(numbers, numbers, st.sampled_from(["always", "never", "withdrawn"])).filter(lambda row: row[0] != row[1]),
    max_size=14,
)


@given(choices, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_decisions_are_accepted_exactly_when_some_partition_fulfils_them_all(rows, chance):
    standing = {frozenset(pair): decision for *pair, decision in rows}
    group = {n: n for n in range(7)}
    for pair, decision in standing.items():
        if decision == "always":
            one, other = (group[n] for n in pair)
            group = {n: other if label == one else label for n, label in group.items()}
    possible = all(len({group[n] for n in pair}) == 2 for pair, decision in standing.items() if decision == "never")
    table = decided(*((f"crm:{one}", f"crm:{other}", decision) for one, other, decision in rows))
    table = table.sample(fraction=1, shuffle=True, seed=chance.randrange(1000))
    if possible:
        assert checked(table).height == sum(decision != "withdrawn" for decision in standing.values())
    else:
        with pytest.raises(DataError, match="decisions conflict: never crm"):
            checked(table)
