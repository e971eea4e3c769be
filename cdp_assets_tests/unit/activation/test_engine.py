"""A sync brings the destination in line with the source, and knows what it did."""

import pytest

from cdp_assets.activation import delivery, dry_run
from cdp_assets.activation.plan import Part
from cdp_assets.activation.sync import Sync
from cdp_assets.activation.worktables import WorkTables
from cdp_assets.destinations.base import Batch, Operation, TransientError
from cdp_assets.errors import ConfigurationError, DataError, DestinationError
from cdp_assets_tests.unit.activation.world import AS_OF, KEY, FakeDestination, World, definition

PEOPLE = {f"c{n}": (f"p{n}@example.com", "Lyon") for n in range(1, 6)}


def test_first_run_adds_every_member_with_its_mapped_values(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    result = world.run(fake)
    assert fake.content == {key: {"EMAIL": email, "CITY": city} for key, (email, city) in PEOPLE.items()}
    assert world.held() == set(PEOPLE)
    assert result.tally.succeeded == {Operation.ADD: 5}
    assert (result.planned, result.held_rows, result.rejected_share) == (5, 5, 0)


def test_only_what_changed_is_sent_removals_before_changes_before_additions(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    world.run(fake)
    fake.batches.clear()
    world.put(
        {"c9": ("new@example.com", None)} | PEOPLE | {"c2": ("p2@example.com", "Paris")}, ["c2", "c3", "c4", "c9"]
    )
    result = world.run(fake)
    assert fake.sent() == [("remove", "c1"), ("remove", "c5"), ("change", "c2"), ("add", "c9")]
    assert fake.content["c2"]["CITY"] == "Paris"
    assert set(fake.content) == world.held() == {"c2", "c3", "c4", "c9"}
    assert result.tally.planned == {Operation.REMOVE: 2, Operation.CHANGE: 1, Operation.ADD: 1}
    assert [row["planned_remove"] for row in world.rows("sync_runs")] == [0, 2]


def test_columns_that_are_not_mapped_make_no_change(world: World, fake: FakeDestination):
    sync = definition(mapping={"EMAIL": "master.customers.email"})
    world.put(PEOPLE)
    world.run(fake, sync)
    fake.batches.clear()
    world.put({key: (email, "Nice") for key, (email, _) in PEOPLE.items()})
    world.run(fake, sync)
    assert fake.sent() == []


def test_the_same_run_twice_sends_nothing_and_changes_no_table(world: World, fake: FakeDestination):
    world.put(PEOPLE | {"no": ("no@example.com", None)}, [*PEOPLE, "no", None, "c1", "c1"], granted=list(PEOPLE))
    world.run(fake)
    before = world.everything()
    fake.batches.clear()
    second = world.run(fake)
    assert fake.sent() == []
    assert world.everything() == before
    assert (second.planned, second.tally.invalid, second.tally.suppressed) == (0, 4, 1)


def test_invalid_rows_are_set_aside_and_no_sign_of_departure(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    world.run(fake)
    fake.batches.clear()
    world.put(PEOPLE, [*PEOPLE, "c1", None, ""])
    result = world.run(fake)
    assert fake.sent() == []
    assert result.tally.invalid == 4
    assert world.rows("set_aside", "row_key", "status", "reason", "copies") == [
        {"row_key": "", "status": "invalid", "reason": "the key is null or empty", "copies": 2},
        {"row_key": "c1", "status": "invalid", "reason": "several rows of the source have this key", "copies": 2},
    ]
    assert {row["status"] for row in world.rows("sync_rows")} == {"succeeded", "invalid"}
    world.put(PEOPLE)
    world.run(fake)
    assert world.rows("set_aside") == []


def test_consent_is_needed_and_its_withdrawal_removes(world: World, fake: FakeDestination):
    world.put(PEOPLE, granted=["c1", "c2", "c3"])
    result = world.run(fake)
    assert set(fake.content) == {"c1", "c2", "c3"}
    assert result.tally.suppressed == 2
    fake.batches.clear()
    world.put(PEOPLE, granted=["c1", "c3", "c4"])
    world.run(fake)
    assert fake.sent() == [("remove", "c2"), ("add", "c4")]


def test_a_removal_carries_no_values_or_empties_the_fields(world: World, fake: FakeDestination):
    for removal, fields in (("delete", {}), ("clear_fields", {"EMAIL": None, "CITY": None})):
        sync = definition(name=f"crm_{removal}", removal=removal)
        world.put(PEOPLE)
        world.run(fake, sync)
        world.put(PEOPLE, ["c2", "c3", "c4", "c5"])
        fake.batches.clear()
        world.run(fake, sync)
        assert [dict(row.fields) for row in fake.batches[0].rows] == [fields]


@pytest.mark.parametrize(
    ("mode", "sent"),
    [
        ("mirror", [("remove", "c1"), ("change", "c2"), ("add", "c9")]),
        ("upsert", [("change", "c2"), ("add", "c9")]),
        ("insert", [("add", "c9")]),
        ("update", [("change", "c2"), ("change", "c9")]),
        ("remove", [("remove", "c2"), ("remove", "c9")]),
    ],
)
def test_each_mode_sends_its_operations(world: World, fake: FakeDestination, mode, sent):
    sync = definition(mode=mode, purpose=None if mode == "remove" else "email_marketing")
    people = {key: PEOPLE[key] for key in ("c1", "c2", "c3")}
    world.put(people)
    world.run(fake, sync)
    fake.batches.clear()
    world.put(people | {"c2": ("p2@example.com", "Paris"), "c9": ("new@example.com", None)}, ["c2", "c3", "c9"])
    world.run(fake, sync)
    assert fake.sent() == sent
    world.run(fake, sync)
    assert fake.sent() == []


def test_in_mode_remove_one_who_returns_to_the_list_is_removed_again(world: World, fake: FakeDestination):
    sync = definition(mode="remove", purpose=None)
    for members in (["c1", "c2"], ["c2"], ["c1", "c2"]):
        world.put(PEOPLE, members)
        world.run(fake, sync)
    assert fake.sent() == [("remove", "c1"), ("remove", "c2"), ("remove", "c1")]


def test_removal_nothing_keeps_knowing_what_is_held(world: World, fake: FakeDestination):
    sync = definition(removal="nothing")
    for members in (["c1", "c2"], ["c2"], ["c1", "c2"]):
        world.put(PEOPLE, members)
        world.run(fake, sync)
    assert fake.sent() == [("add", "c1"), ("add", "c2")]


def test_a_refused_row_is_tried_by_every_run_until_it_is_accepted(world: World, fake: FakeDestination):
    fake.picky = {"c2"}
    world.put(PEOPLE)
    sync = definition(max_rejected_share=0.5)
    world.run(fake, sync)
    world.run(fake, sync)
    (refused,) = world.rows("rejected_rows")
    assert (refused["row_key"], refused["operation"], refused["attempts"]) == ("c2", "add", 2)
    assert refused["first_failed_at"] < refused["last_failed_at"]
    assert "c2" not in world.held()
    fake.picky.clear()
    fake.batches.clear()
    world.run(fake, sync)
    assert fake.sent() == [("add", "c2")]
    assert world.rows("rejected_rows") == []
    assert world.held() == set(PEOPLE)


def test_a_refused_row_that_left_the_source_is_forgotten(world: World, fake: FakeDestination):
    fake.picky = {"c2"}
    world.put(PEOPLE)
    world.run(fake)
    world.put(PEOPLE, ["c1", "c3", "c4", "c5"])
    fake.batches.clear()
    world.run(fake)
    assert fake.sent() == []
    assert world.rows("rejected_rows") == []


def test_reasons_are_kept_without_personal_data(world: World, fake: FakeDestination):
    fake.picky = {"c2"}
    world.put(PEOPLE)
    world.run(fake)
    (refused,) = world.rows("rejected_rows", "reason")
    assert refused["reason"] == "no good: {'EMAIL': '<EMAIL>', 'CITY': '<CITY>'}"
    assert "example.com" not in str(world.everything())
    assert "Lyon" not in str(world.everything())


def test_a_batch_refused_whole_is_halved_until_each_row_is_classified(world: World):
    fake = FakeDestination(batch_size=32, poison={"c07", "c21"})
    people = {f"c{n:02}": (f"p{n}@example.com", None) for n in range(40)}
    world.put(people)
    result = world.run(fake)
    assert world.held() == set(fake.content) == set(people) - fake.poison
    assert [row["row_key"] for row in world.rows("rejected_rows")] == ["c07", "c21"]
    assert result.tally.attempted == {Operation.ADD: 40}
    assert len(fake.batches) < 25
    accepted = [r["row_key"] for r in world.rows("sync_rows") if r["status"] == "succeeded"]
    assert sorted(accepted) == sorted(set(people) - fake.poison)


def test_a_transient_failure_is_tried_again_with_the_same_key_and_retry_after_is_waited_for(world: World, fake):
    world.put(PEOPLE)
    fake.faults = [TransientError("HTTP 429", retry_after=7.0), TransientError("HTTP 500")]
    waits: list[float] = []
    world.run(fake, sleep=waits.append)
    assert waits[0] == 7.0
    assert 0 < waits[1] <= 0.02
    assert len({batch.idempotency_key for batch in fake.batches[:3]}) == 1
    assert world.held() == set(PEOPLE)


def test_a_destination_that_stays_down_stops_the_run_and_keeps_what_was_accepted(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    fake.on_send = lambda _: fake.faults.extend([TransientError("HTTP 503")] * (len(fake.batches) > 1))
    with pytest.raises(DestinationError, match=r"gave up on batch 00000001 \(1 rows\) after 3 attempts: HTTP 503"):
        world.run(fake)
    assert len(world.held()) == 4
    assert [(r["outcome"], r["succeeded_add"], r["attempted_add"]) for r in world.rows("sync_runs")] == [
        ("failed", 4, 5)
    ]
    assert [r["row_key"] for r in world.rows("sync_rows") if r["status"] == "aborted"] == ["c5"]
    fake.on_send = lambda _: None
    fake.faults.clear()
    world.run(fake)
    assert world.held() == set(PEOPLE)


def test_a_retry_after_beyond_patience_stops_the_run(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    fake.faults = [TransientError("HTTP 429", retry_after=86_400)]
    with pytest.raises(DestinationError, match="it asks for 86400 s more"):
        world.run(fake)


def test_a_destination_that_refuses_too_much_stops_the_run(world: World):
    people = {f"c{n:03}": (f"p{n}@example.com", None) for n in range(200)}
    fake = FakeDestination(batch_size=10, picky=set(people))
    world.put(people)
    with pytest.raises(DestinationError, match="refused 30 of 200 new rows, more than max_rejected_share 10%"):
        world.run(fake)
    assert len(fake.sent()) == 30


def test_an_empty_source_removes_nothing_and_fails(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    world.run(fake)
    fake.batches.clear()
    world.put(PEOPLE, [])
    with pytest.raises(DataError, match=r"audiences.vip is empty while the destination holds 5 rows"):
        world.run(fake)
    assert fake.sent() == []
    world.run(fake, definition(guard=1))
    assert len(fake.sent()) == 5


def test_a_much_smaller_source_removes_nothing_and_fails(world: World, fake: FakeDestination):
    people = {f"c{n:02}": (None, None) for n in range(20)}
    world.put(people)
    world.run(fake)
    world.put(people, list(people)[:9])
    fake.batches.clear()
    with pytest.raises(DataError, match=r"lost 11 of the 20 rows .* \(55%\), more than guard 50%"):
        world.run(fake)
    assert fake.sent() == []
    assert len(world.held()) == 20


def test_lost_state_sends_everything_again_and_removes_nothing(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    world.run(fake)
    world.warehouse.execute("DELETE FROM activation.sync_state")
    world.put(PEOPLE, ["c1", "c2"])
    fake.batches.clear()
    result = world.run(fake)
    assert fake.sent() == [("add", "c1"), ("add", "c2")]
    assert result.rebaselined
    assert not world.run(fake).rebaselined


def test_lost_state_stops_a_sync_that_only_inserts(world: World, fake: FakeDestination):
    sync = definition(mode="insert")
    world.put(PEOPLE)
    world.run(fake, sync)
    world.warehouse.execute("DELETE FROM activation.sync_state")
    with pytest.raises(DataError, match="mode insert would send them twice"):
        world.run(fake, sync)


@pytest.mark.parametrize("mode", ["mirror", "insert"])
def test_at_another_target_it_begins_anew_and_removes_nothing(world: World, fake: FakeDestination, mode: str):
    sync = definition(mode=mode)
    world.put(PEOPLE)
    fake.picky = {"c5"}
    world.run(fake, sync)
    other = FakeDestination(target="elsewhere")
    world.put(PEOPLE, ["c1", "c2"])
    result = world.run(other, sync)
    assert result.rebaselined
    assert other.sent() == [("add", "c1"), ("add", "c2")]
    assert world.held() == {"c1", "c2"}
    assert world.rows("rejected_rows") == []
    assert not world.run(other, sync).rebaselined


def test_a_mirror_turned_into_a_removal_and_back_begins_anew_each_time(world: World, fake: FakeDestination):
    world.put({key: PEOPLE[key] for key in ("c1", "c2")})
    removing = definition(mode="remove", purpose=None)
    for sync in (definition(), removing, definition()):
        world.run(fake, sync)
    assert fake.sent() == [(how, key) for how in ("add", "remove", "add") for key in ("c1", "c2")]


def test_a_sync_that_never_removes_is_not_stopped_by_those_who_left(world: World, fake: FakeDestination):
    people = {f"c{n:02}": (None, None) for n in range(40)}
    sync = definition(removal="nothing")
    world.put(people)
    world.run(fake, sync)
    world.put(people, ["c00"])
    world.run(fake, sync)
    assert len(world.held()) == 40


def test_one_row_that_is_always_refused_is_no_share_of_later_runs(world: World, fake: FakeDestination):
    fake.picky = {"c2"}
    world.put(PEOPLE)
    sync = definition(max_rejected_share=0.5)
    assert world.run(fake, sync).rejected_share == 0.2
    assert world.run(fake, sync).rejected_share == 0


def test_a_dry_run_that_dies_leaves_nothing_that_a_run_would_send(
    world: World, fake: FakeDestination, monkeypatch: pytest.MonkeyPatch
):
    def die(*_: object) -> int:
        raise KeyboardInterrupt

    world.put(PEOPLE)
    world.run(fake)
    fake.sent()
    world.put(PEOPLE, [])
    monkeypatch.setattr(dry_run, "count_plan", die)
    monkeypatch.setattr(WorkTables, "drop", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        dry_run.dry_run(Sync(world.warehouse, definition(), fake, KEY), AS_OF, AS_OF, Part())
    monkeypatch.undo()
    with pytest.raises(DataError, match="is empty"):
        world.run(fake)
    assert fake.sent() == []


def test_a_row_that_may_not_have_arrived_and_changed_since_is_added_not_changed(world: World, fake: FakeDestination):
    def die(_: Batch) -> None:
        raise KeyboardInterrupt

    world.put(PEOPLE)
    fake.on_send = die
    with pytest.raises(KeyboardInterrupt):
        world.run(fake)
    fake.on_send = lambda _: None
    world.put(PEOPLE | {"c1": ("p1@example.com", "Brest")})
    fake.sent()
    world.run(fake)
    assert fake.sent() == [("add", key) for key in PEOPLE]
    assert fake.content["c1"]["CITY"] == "Brest"


@pytest.mark.parametrize("mode", ["mirror", "insert"])
def test_a_row_that_was_perhaps_sent_before_it_might_not_be_is_told_of_once(
    world: World, fake: FakeDestination, mode: str
):
    def die(_: Batch) -> None:
        raise KeyboardInterrupt

    world.put({"c1": PEOPLE["c1"]})
    fake.on_send = die
    with pytest.raises(KeyboardInterrupt):
        world.run(fake, definition(mode=mode))
    fake.on_send = lambda _: None
    world.suppress("c1")
    for _ in range(2):
        world.run(fake, definition(mode=mode, guard=1))
    told = world.rows("sync_rows", "run_id", "operation", "status")
    assert told[0] == {"run_id": "run-1", "operation": "add", "status": "unanswered"}
    assert [row["status"] for row in told].count("unanswered") == 1
    assert (fake.sent()[-1] == ("remove", "c1")) == (mode == "mirror")


def test_a_merged_customer_goes_on_as_the_survivor(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    world.run(fake)
    fake.batches.clear()
    survivor = {"c0": PEOPLE["c1"], **{key: PEOPLE[key] for key in ("c2", "c3", "c4", "c5")}}
    world.merge(("c1", "x"), ("x", "c0"))
    world.put(survivor)
    world.run(fake)
    assert fake.sent() == []
    world.put(survivor | {"c0": ("p1@example.com", "Brest")})
    world.run(fake)
    (batch,) = fake.batches
    assert [(row.key, row.previous_key) for row in batch.rows] == [("c0", "c1")]
    assert fake.sent() == [("change", "c0")]
    assert world.held() == set(fake.content) == set(survivor)


def test_where_rows_are_found_by_their_key_a_merged_customer_is_sent_at_once_and_once(world: World):
    fake = FakeDestination(addressed_by_key=True)
    world.put(PEOPLE)
    world.run(fake)
    fake.batches.clear()
    survivor = {"c0": PEOPLE["c1"], **{key: PEOPLE[key] for key in ("c2", "c3", "c4", "c5")}}
    world.merge(("c1", "c0"))
    world.put(survivor)
    world.run(fake)
    assert [(row.key, row.previous_key) for batch in fake.batches for row in batch.rows] == [("c0", "c1")]
    assert fake.sent() == [("change", "c0")]
    assert world.held() == set(fake.content) == set(survivor)
    world.run(fake)
    assert fake.sent() == []


def test_two_held_customers_that_become_one_leave_one_row(world: World, fake: FakeDestination):
    world.put(PEOPLE)
    world.run(fake)
    fake.batches.clear()
    world.merge(("c2", "c1"))
    world.put({key: value for key, value in PEOPLE.items() if key != "c2"})
    world.run(fake)
    assert [(row.key, row.merged_into) for row in fake.batches[0].rows] == [("c2", "c1")]
    assert fake.sent() == [("remove", "c2")]
    assert world.held() == {"c1", "c3", "c4", "c5"}


def test_merged_customers_do_not_trip_the_guard(world: World, fake: FakeDestination):
    people = {f"c{n:02}": (None, None) for n in range(40)}
    world.put(people)
    world.run(fake)
    world.merge(*((f"c{n:02}", "c00") for n in range(1, 30)))
    world.put({key: people[key] for key in ("c00", *list(people)[30:])})
    result = world.run(fake)
    assert result.tally.succeeded == {Operation.REMOVE: 29}


def test_hostile_values_and_keys_arrive_as_they_are(world: World, fake: FakeDestination):
    people = {
        "'; DROP TABLE master.customers; --": ("a'b\"c\\d\n;--", "北京 🏙"),
        "é\u0301\u202e": ("", None),
        "%s {0} $1": (None, "\t x"),
        "日本": ("=1+1", "NULL"),
    }
    world.put(people)
    fake.poison = {"日本"}
    world.run(fake, definition(max_rejected_share=1))
    expected = {k: {"EMAIL": e, "CITY": c} for k, (e, c) in people.items() if k != "日本"}
    assert fake.content == expected
    fake.poison = set()
    world.run(fake)
    world.put(people, ["日本"])
    world.run(fake, definition(guard=1))
    assert set(fake.content) == world.held() == {"日本"}


def test_null_and_empty_text_are_different_values(world: World, fake: FakeDestination):
    world.put({"c1": ("", None)})
    world.run(fake)
    world.put({"c1": (None, "")})
    world.run(fake)
    assert fake.sent() == [("add", "c1"), ("change", "c1")]


def test_a_member_who_loses_consent_while_the_sync_runs_is_not_sent(world: World, fake: FakeDestination, monkeypatch):
    people = {f"c{n}": (f"p{n}@example.com", None) for n in range(8)}
    world.put(people)
    fake.on_send = lambda _: world.put(people, granted=[key for key in people if key != "c5"])
    monkeypatch.setattr(delivery, "PAGE_ROWS", 4)
    world.run(fake)
    assert ("add", "c5") not in fake.sent()
    assert world.held() == set(people) - {"c5"}
    assert [r["row_key"] for r in world.rows("sync_rows") if r["status"] == "aborted"] == ["c5"]


def test_a_value_that_changes_while_the_sync_runs_and_then_back_is_sent_both_times(
    world: World, fake: FakeDestination, monkeypatch
):
    people = {f"c{n}": (f"p{n}@example.com", None) for n in range(8)}
    world.put(people)
    fake.on_send = lambda _: world.put(people | {"c6": ("new@example.com", None)})
    monkeypatch.setattr(delivery, "PAGE_ROWS", 4)
    world.run(fake)
    assert fake.content["c6"]["EMAIL"] == "new@example.com"
    fake.on_send = lambda _: None
    world.put(people)
    world.run(fake)
    assert fake.sent()[8:] == [("change", "c6")]
    assert fake.content["c6"]["EMAIL"] == "p6@example.com"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "audiences.nobody"}, "there is no table audiences.nobody"),
        (
            {"mapping": {"X": "master.customers.shoe"}},
            "master.customers has no column 'shoe'; it has customer_id, email",
        ),
        ({"key": "id"}, "audiences.vip has no column 'id'; it has customer_id"),
    ],
)
def test_what_is_not_there_is_named(world: World, fake: FakeDestination, changes, message):
    world.put(PEOPLE)
    with pytest.raises(ConfigurationError, match=message):
        world.run(fake, definition(**changes))
