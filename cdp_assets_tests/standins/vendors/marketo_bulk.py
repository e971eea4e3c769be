"""Marketo with bulk imports: a batch of additions is an import looked at twice, others are calls of two rows each."""

from cdp_assets_tests.standins.vendors import marketo
from cdp_assets_tests.standins.vendors.base import Vendor

VENDOR = Vendor(
    "marketo_bulk",
    marketo.VENDOR.variables,
    marketo.wanted,
    marketo.follows,
    settings={**marketo.SETTINGS, "batch_size": 2, "bulk_batch_size": 7, "bulk_above": 0},
    sync={"removal": "clear_fields"},
    calls=4,
    asides=2,
    poisoned="1003",
    secrets=marketo.SECRETS,
    plugin="marketo",
)
