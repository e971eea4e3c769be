"""Whatever the source does, and whatever a destination refuses, what is known to be held is what is held."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_assets_tests.unit.activation.world import FakeDestination, World, definition

KEYS = [f"c{n}" for n in range(6)]
VALUES = st.tuples(st.sampled_from([None, "", "a", "b"]), st.sampled_from([None, "x"]))
STEP = st.tuples(
    st.dictionaries(st.sampled_from(KEYS), VALUES),  # who is in the source, with which values
    st.sets(st.sampled_from(KEYS)),  # who denied
    st.sets(st.sampled_from(KEYS), max_size=2),  # who poisons a batch
    st.sets(st.sampled_from(KEYS), max_size=2),  # who is refused alone
)


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.lists(STEP, min_size=2, max_size=3))
def test_after_every_run_the_accepted_rows_are_as_desired(steps):
    sync = definition(guard=1, max_rejected_share=1)
    with tempfile.TemporaryDirectory() as folder:
        world, fake = World.at(Path(folder)), FakeDestination(batch_size=3)
        for people, denied, poison, picky in steps:
            world.put(people, granted=[key for key in people if key not in denied])
            fake.poison, fake.picky = poison, picky
            world.run(fake, sync)
            refused = poison | picky
            desired = {key: {"EMAIL": e, "CITY": c} for key, (e, c) in people.items() if key not in denied}
            assert world.held() == set(fake.content)
            assert {k: v for k, v in fake.content.items() if k not in refused} == {
                k: v for k, v in desired.items() if k not in refused
            }
            assert {row["row_key"] for row in world.rows("rejected_rows")} <= refused
        fake.poison, fake.picky = set(), set()
        world.run(fake, sync)
        assert fake.content == desired
        assert world.rows("rejected_rows") == []
