"""The warehouses there are, one module each, and how a deployment's one is found."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdp_assets.settings import Settings
    from cdp_assets.warehouses.base import Warehouse


def warehouse_class(settings: "Settings") -> "type[Warehouse]":
    """The class of warehouse that the settings name."""
    from cdp_assets.registry import find_plugin
    from cdp_assets.warehouses.base import Warehouse

    return find_plugin(__name__, settings.warehouse, Warehouse)


def open_warehouse(settings: "Settings") -> "Warehouse":
    """The warehouse that the settings name; nothing is connected to yet.

    Raises:
        ConfigurationError: a variable or a driver that it needs is missing.
    """
    from importlib.util import find_spec

    from cdp_assets.errors import ConfigurationError

    warehouse = warehouse_class(settings).from_settings(settings)
    if find_spec(f"dbt.adapters.{settings.warehouse}") is None:
        raise ConfigurationError(
            f"CDP_WAREHOUSE is {settings.warehouse!r}, whose dbt adapter is not installed;"
            f" pip install 'cdp-assets[{settings.warehouse}]', or make demo WAREHOUSE={settings.warehouse}."
        )
    return warehouse
