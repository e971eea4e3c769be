"""Every column says what it is and where it comes from."""

import pytest

from cdp_assets.identity.contracts import CONTRACTS

OWN = {str(contract.table): {column.name for column in contract.columns} for contract in CONTRACTS}
FACTS_OF_THE_RUN = {"run_id", "solved_with", "trained_with", "record_number", "number_l", "number_r"}
WRITTEN_BY_PEOPLE = {"decisions", "labels"}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.table.name)
def test_every_column_has_a_description_and_a_lineage_that_exists(contract):
    for column in contract.columns:
        assert column.description
        if contract.table.name in WRITTEN_BY_PEOPLE:
            assert not column.lineage
        else:
            assert column.lineage or column.name in FACTS_OF_THE_RUN
        for upstream in column.lineage:
            stage, table, name = upstream.split(".")
            assert stage in {"raw", "lookup", "identity"}
            if stage == "identity":
                assert name in OWN[f"{stage}.{table}"]
                assert table != contract.table.name
    assert set(contract.key) <= {column.name for column in contract.columns}
