"""An empty warehouse of each kind that was chosen, and what its stand-in is known to get wrong."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cdp_assets.warehouses.base import Warehouse
from cdp_assets_tests.contracts.warehouses.expected import EXPECTED_FAILURES
from cdp_assets_tests.warehouse_choice import Environment, chosen, opened


@pytest.fixture(params=chosen())
def environment(request, empty_environment, tmp_path: Path) -> Environment:
    """The variables of an empty warehouse, for several processes or connections to share."""
    return empty_environment(request.param, tmp_path)


@pytest.fixture
def warehouse(environment) -> Iterator[Warehouse]:
    with closing(opened(environment)) as warehouse:
        yield warehouse


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what a stand-in gets wrong: the run fails as soon as it gets it right."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        name = callspec.params.get("environment") if callspec is not None else None
        if name not in EXPECTED_FAILURES:
            continue
        without = item.name.replace(f"[{name}]", "").replace(f"[{name}-", "[").replace(f"-{name}]", "]")
        reason = EXPECTED_FAILURES[name].get(without) or EXPECTED_FAILURES[name].get(item.originalname)
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
