"""A warehouse's variables are read together, and what is missing is told in one message."""

import pytest

from cdp_assets.errors import ConfigurationError
from cdp_assets.registry import plugin_names
from cdp_assets.settings import Settings
from cdp_assets.warehouses import open_warehouse, warehouse_class
from cdp_assets.warehouses._variables import Variable, read_variables

VARIABLES = (
    Variable("CDP_THING_HOST", "Where.", required=True),
    Variable("CDP_THING_PORT", "Its port.", default="5432"),
    Variable("CDP_THING_PASSWORD", "The password.", secret=True),
    Variable("CDP_THING_USER", "Who.", required=True),
)
NEEDING = [name for name in plugin_names("cdp_assets.warehouses") if name != "duckdb"]


def test_values_come_from_the_environment_else_their_defaults():
    given = {"CDP_THING_HOST": "db", "CDP_THING_USER": "me", "CDP_THING_PORT": ""}
    assert read_variables("thing", VARIABLES, given) == {
        "CDP_THING_HOST": "db",
        "CDP_THING_PORT": "5432",
        "CDP_THING_PASSWORD": "",
        "CDP_THING_USER": "me",
    }


def test_everything_missing_looked_for_and_set_is_one_message_without_values():
    with pytest.raises(ConfigurationError) as told:
        read_variables("thing", VARIABLES, {"CDP_THING_PASSWORD": "hunter2", "CDP_THING_USER": "bob"})
    assert str(told.value) == (
        "CDP_WAREHOUSE is 'thing', which needs CDP_THING_HOST. Looked for in the environment of this process:"
        " CDP_THING_HOST (not set), CDP_THING_PORT (not set: 5432), CDP_THING_PASSWORD (set), CDP_THING_USER (set)."
        " docs/warehouses.md shows how to set them."
    )


@pytest.mark.parametrize("name", NEEDING)
def test_each_warehouse_tells_all_it_looked_for(name):
    settings = Settings.from_env({"CDP_WAREHOUSE": name})
    with pytest.raises(ConfigurationError) as told:
        open_warehouse(settings)
    variables = warehouse_class(settings).variables
    assert all(variable.name in str(told.value) for variable in variables)
    assert any(variable.required for variable in variables)


@pytest.mark.parametrize("name", NEEDING)
def test_secrets_are_known_as_such(name):
    variables = warehouse_class(Settings.from_env({"CDP_WAREHOUSE": name})).variables
    assert all(v.secret for v in variables if "PASSWORD" in v.name or "PASSPHRASE" in v.name)


def test_the_settings_never_show_the_environment():
    settings = Settings.from_env({"CDP_POSTGRES_PASSWORD": "hunter2", "CDP_SECRET_KEY": "hunter3"})
    assert "hunter" not in repr(settings)
