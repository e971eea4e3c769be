"""How a plan is cut into batches, what becomes of rows and jobs that take more than one go, and parts of a plan."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cdp_assets.activation.plan import Part
from cdp_assets.activation.retry import RetryPolicy
from cdp_assets.destinations.base import Batch, Limits, Operation, PermanentError, RowResult, TransientError
from cdp_assets.errors import DataError, DestinationError
from cdp_assets_tests.unit.activation.identified import FakeAudience
from cdp_assets_tests.unit.activation.world import FakeDestination, World, definition

PEOPLE = {f"c{n:02}": (f"p{n}@example.com", "Lyon") for n in range(40)}


@dataclass
class WithJobs(FakeDestination):
    """Starts a job for each batch, and is cut off before it is over."""

    jobs: list[str] = field(default_factory=list)

    def send(self, batch: Batch) -> list[RowResult]:
        if batch.job.name is None:
            batch.job.keep(f"job of {batch.name}")
            raise TransientError("cut off")
        self.jobs.append(batch.job.name)
        return super().send(batch)


JOBS = ["job of 00000000", "job of 00000001"]


def test_a_job_once_begun_is_gone_on_with_in_the_run_and_forgotten_after_it(world: World):
    fake = WithJobs(batch_size=20)
    world.put(PEOPLE)
    world.run(fake)
    assert fake.jobs == JOBS
    assert world.rows("sync_jobs") == []


def test_a_job_of_a_run_that_was_killed_is_gone_on_with_by_the_next(world: World):
    fake = WithJobs(batch_size=20)
    fake.faults = [KeyboardInterrupt()]  # type: ignore[list-item]
    world.put(PEOPLE)
    with pytest.raises(KeyboardInterrupt):
        world.run(fake)
    assert [row["job"] for row in world.rows("sync_jobs")] == JOBS[:1]
    world.run(fake)
    assert fake.jobs == [JOBS[0], *JOBS]
    assert world.rows("sync_jobs") == []
    assert set(fake.content) == set(PEOPLE)


@dataclass
class Locking(FakeDestination):
    """Refuses the rows of `picky` twice each, for a reason that passes."""

    refusals: dict[str, int] = field(default_factory=dict)

    def send(self, batch: Batch) -> list[RowResult]:
        locked = {row.key for row in batch.rows if row.key in self.picky and self.refusals.get(row.key, 0) < 2}
        self.refusals |= {key: self.refusals.get(key, 0) + 1 for key in locked}
        self.batches.append(batch)
        for row in batch.rows:
            if row.key not in locked:
                self.content[row.key] = dict(row.fields)
        return [RowResult(row.key, row.key not in locked, "locked", row.key in locked) for row in batch.rows]


def test_rows_refused_for_what_passes_are_sent_again_in_the_run_without_the_others(world: World):
    fake = Locking(batch_size=20, picky={"c01", "c02"})
    world.put(PEOPLE)
    result = world.run(fake)
    assert result.tally.succeeded == {Operation.ADD: 40}
    assert [len(batch.rows) for batch in fake.batches] == [20, 2, 2, 20]
    assert world.held() == set(fake.content) == set(PEOPLE)


def test_rows_refused_for_what_should_pass_and_does_not_are_left_to_the_next_run(world: World):
    fake = Locking(batch_size=40, picky={"c01"}, refusals={"c01": -5})
    world.put(PEOPLE)
    world.run(fake)
    assert [row["row_key"] for row in world.rows("rejected_rows")] == ["c01"]
    assert world.held() == set(PEOPLE) - {"c01"}


def test_the_one_row_of_a_part_is_in_the_source_or_held(world: World):
    fake = FakeDestination()
    world.put(PEOPLE)
    with pytest.raises(
        DataError, match=r"'c99' is not a customer_id of audiences\.vip, nor a row the destination holds"
    ):
        world.run(fake, part=Part(only="c99"))
    assert world.run(fake, part=Part(only="c01")).planned == 1
    world.put({key: value for key, value in PEOPLE.items() if key != "c01"})
    assert world.run(fake, part=Part(only="c01")).planned == 1
    assert world.held() == set()


def test_a_part_of_a_plan_leaves_the_rest_to_the_next_run(world: World):
    fake = FakeDestination(batch_size=4, picky={"c03"})
    world.put(PEOPLE)
    assert world.run(fake, part=Part(limit=6)).planned == 6
    assert world.held() == {f"c{n:02}" for n in range(6)} - {"c03"}
    assert world.run(fake, part=Part(only="c20")).planned == 1
    assert [row["row_key"] for row in world.rows("rejected_rows")] == ["c03"]
    fake.picky.clear()
    assert world.run(fake, part=Part(refused=True)).planned == 1
    assert world.rows("rejected_rows") == []
    assert world.run(fake).planned == 40 - 7
    assert world.held() == set(PEOPLE)


@dataclass
class Bulky(FakeDestination):
    @property
    def limits(self) -> Limits:
        return replace(super().limits, bulk_batch_size=30, bulk_above=10)


def test_a_plan_of_many_rows_is_cut_into_large_batches(world: World):
    fake = Bulky(batch_size=4)
    world.put(PEOPLE)
    world.run(fake)
    assert [len(batch.rows) for batch in fake.batches] == [30, 10]
    fake.batches.clear()
    world.put({key: values if key > "c08" else (None, None) for key, values in PEOPLE.items()})
    world.run(fake)
    assert [len(batch.rows) for batch in fake.batches] == [4, 4, 1]


def test_a_poison_row_among_ten_thousand_is_found_and_the_others_arrive(world: World):
    people = {f"c{n:05}": (f"p{n}@example.com", None) for n in range(10_000)}
    fake = FakeDestination(batch_size=10_000, poison={"c07321"})
    world.put(people)
    world.run(fake)
    assert set(fake.content) == world.held() == set(people) - {"c07321"}
    (refusal,) = world.rows("rejected_rows", "row_key", "reason")
    assert refusal == {"row_key": "c07321", "reason": "1 rows cannot be read"}
    assert len(fake.batches) <= 2 * 14 + 1


def test_what_was_accepted_is_kept_when_the_rest_of_its_batch_is_refused_or_never_answered(world: World):
    for fault in (PermanentError("no"), TransientError("HTTP 503"), DestinationError("closed")):
        fake = Locking(batch_size=40, picky={"c01"}, refusals={"c01": -5}, target=repr(fault))
        world.put(PEOPLE)
        sent = fake.send

        def send(batch: Batch, fault: Exception = fault, sent: Callable[[Batch], list[RowResult]] = sent) -> Any:
            if len(batch.rows) == 1:
                raise fault
            return sent(batch)

        fake.send = send  # type: ignore[method-assign]
        world.run(fake)
        assert [len(batch.rows) for batch in fake.batches] == [40]
        in_doubt = {"c01"} if isinstance(fault, TransientError) else set()
        assert world.held() == set(PEOPLE) - {"c01"} | in_doubt
        assert [row["row_key"] for row in world.rows("rejected_rows")] == ["c01"]


def test_a_row_that_was_tried_again_and_not_answered_is_taken_back_when_its_member_leaves(world: World):
    fake = Locking(batch_size=40, picky={"c01"}, refusals={"c01": -5})
    sent = fake.send

    def send(batch: Batch) -> list[RowResult]:
        if len(batch.rows) > 1:
            return sent(batch)
        fake.picky = set()
        sent(batch)
        raise TransientError("timed out, and was applied")

    world.put(PEOPLE)
    fake.send = send  # type: ignore[method-assign]
    world.run(fake, policy=RetryPolicy(attempts=2, first_wait=0.01))
    assert "c01" in fake.content
    world.put(PEOPLE, [key for key in PEOPLE if key != "c01"])
    world.run(FakeDestination(content=fake.content))
    assert set(fake.content) == world.held() == set(PEOPLE) - {"c01"}
    assert world.rows("rejected_rows") == []


def test_a_part_waits_until_an_interrupted_run_was_gone_on_with(world: World):
    fake = FakeDestination(batch_size=4, faults=[KeyboardInterrupt()])  # type: ignore[list-item]
    world.put(PEOPLE)
    with pytest.raises(KeyboardInterrupt):
        world.run(fake)
    for part in (Part(limit=1), Part(only="c39"), Part(refused=True)):
        with pytest.raises(DataError, match="run the whole sync once to go on"):
            world.run(fake, part=part)
    world.run(fake)
    assert world.held() == set(PEOPLE)


def test_one_member_alone_is_sent_with_all_its_identifiers(world: World):
    audience = FakeAudience()
    world.put(PEOPLE | {"c01": ("p1@example.com", "Nice")})
    sync = definition(mapping={"email": "master.customers.email", "city": "master.customers.city"})
    world.run(audience, sync, part=Part(only="c01"))
    assert audience.sent() == [("add", "nice"), ("add", "p1@example.com")]
