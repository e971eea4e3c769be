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
    return warehouse_class(settings).from_settings(settings)
