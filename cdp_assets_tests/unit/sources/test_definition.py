import pytest
from pydantic import ValidationError

from cdp_assets.sources.definition import SourceDefinition
from cdp_assets.tables import Table

CONTACTS = {"name": "contacts", "landing": {"type": "files", "glob": "crm/*.csv"}}


def test_a_raw_table_is_named_by_source_and_table():
    crm = SourceDefinition.model_validate({"name": "crm", "tables": [CONTACTS]})

    assert crm.raw_table(crm.tables[0]) == Table("raw", "crm__contacts")


def test_declared_columns_are_the_required_ones_first_each_once():
    table = CONTACTS | {"required": ["Id", "Email"], "columns": ["Name", "Id"]}
    crm = SourceDefinition.model_validate({"name": "crm", "tables": [table]})

    assert crm.tables[0].declared_columns == ["Id", "Email", "Name"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Crm"}, "name"),
        ({"name": "crm-eu"}, "name"),
        ({"name": "1crm"}, "name"),
        ({"tables": []}, "tables"),
        ({"owners": []}, "owners"),
        ({"freshness_hours": 0}, "freshness_hours"),
        ({"tabels": []}, "tabels"),
        ({"tables": [CONTACTS, CONTACTS]}, "tables named more than once: contacts"),
        ({"tables": [CONTACTS | {"name": "Contacts"}]}, "tables.0.name"),
        ({"tables": [CONTACTS | {"landing": {"type": "ftp"}}]}, "type is 'ftp'; the landing types are: files"),
        ({"tables": [CONTACTS | {"landing": {}}]}, "type is None; the landing types are: files"),
        ({"tables": [CONTACTS | {"max_rejected_share": 1.1}]}, "max_rejected_share"),
        ({"tables": [CONTACTS | {"requried": []}]}, "requried"),
    ],
)
def test_a_mistake_is_told_by_field_and_value(change, said):
    with pytest.raises(ValidationError) as refused:
        SourceDefinition.model_validate({"name": "crm", "tables": [CONTACTS]} | change)
    assert said in str(refused.value)
