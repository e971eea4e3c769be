"""The page about syncs has every option there is, with its default."""

from enum import StrEnum

from cdp_assets.activation.contracts import CONTRACTS
from cdp_assets.activation.definition import SyncDefinition
from cdp_assets_tests.docs.pages import table
from cdp_assets_tests.reference_data import REPOSITORY

PAGE = REPOSITORY / "docs" / "syncs.md"


def test_it_has_every_option_with_its_default():
    told = {row[0].strip("`"): row[1].strip("`") for row in table(PAGE, "option")}
    expected = {}
    for name, field in SyncDefinition.model_fields.items():
        default = field.get_default(call_default_factory=True)
        default = default.value if isinstance(default, StrEnum) else default
        expected[name] = "required" if field.is_required() else str(default) if default else "none"
    assert told == expected


def test_the_tables_it_names_are_there():
    told = {row[0].strip("`") for row in table(PAGE, "table")}
    assert told < {str(contract.table) for contract in CONTRACTS}
