"""A rate limit holds back what would be too much, and nothing else."""

from threading import Barrier, Thread

from hypothesis import given
from hypothesis import strategies as st

from cdp_assets.destinations._rate import RateLimit


class Time:
    """A clock that only moves by sleeping, or when told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_requests_within_the_limit_do_not_wait():
    time = Time()
    limit = RateLimit(3, 10.0, lambda: time.now, time.sleep)
    for _ in range(3):
        limit.take()
    assert time.slept == []


def test_the_next_waits_until_the_first_is_out_of_the_window():
    time = Time()
    limit = RateLimit(2, 10.0, lambda: time.now, time.sleep)
    limit.take()
    time.now = 4.0
    limit.take()
    time.now = 5.0
    limit.take()
    assert time.slept == [5.0]
    limit.take()
    assert time.slept == [5.0, 4.0]


@given(st.integers(1, 5), st.lists(st.floats(0, 8, allow_nan=False), min_size=1, max_size=40))
def test_no_window_ever_has_more_requests_than_allowed(requests: int, pauses: list[float]):
    time, sent = Time(), []
    limit = RateLimit(requests, 10.0, lambda: time.now, time.sleep)
    for pause in pauses:
        time.now += pause
        limit.take()
        sent.append(time.now)
    assert sent == sorted(sent)
    assert all(later - earlier >= 10.0 - 1e-9 for earlier, later in zip(sent, sent[requests:], strict=False))


def test_threads_get_turns_of_their_own():
    slept: list[float] = []
    limit, together = RateLimit(2, 10.0, lambda: 0.0, slept.append), Barrier(8)

    def ask() -> None:
        together.wait()
        limit.take()

    asking = [Thread(target=ask) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(slept) == [10.0, 10.0, 20.0, 20.0, 30.0, 30.0]
