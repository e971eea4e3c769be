"""This deployment's warehouse, for a command."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from cdp_assets.settings import Settings

if TYPE_CHECKING:
    from cdp_assets.warehouses.base import Warehouse


@contextmanager
def opened_warehouse() -> Iterator["Warehouse"]:
    """The warehouse that the environment names, in one session; drivers are imported only now."""
    from cdp_assets.warehouses import open_warehouse

    with closing(open_warehouse(Settings.from_env())) as warehouse, warehouse.session():
        yield warehouse
