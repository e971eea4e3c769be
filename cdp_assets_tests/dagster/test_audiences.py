"""The step that makes all audiences: one that cannot be made does not keep the others from being made."""

from pathlib import Path

import dagster as dg
import pytest

from cdp_assets.as_of import write_as_of
from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.order import priorities
from cdp_assets.components import warehouse as resource
from cdp_assets.components.audience import Audience, audiences_of
from cdp_assets.components.audience_step import audience_assets, audience_definitions
from cdp_assets.components.warehouse import WarehouseResource
from cdp_assets.definitions import defs
from cdp_assets.errors import ConfigurationError, WarehouseUnavailableError
from cdp_assets.settings import PROJECT_ROOT
from cdp_assets.tables import Table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse
from cdp_assets_tests.unit.audiences.world import AS_OF, customer, definition, fill

CUSTOMERS = Table("master", "customers")
FRENCH = {"property": {"field": "country", "eq": "FR"}}
GONE = {"property": {"field": "city", "eq": "Paris"}}


class Shop(DuckDBWarehouse):
    """Says that it cannot be reached as often as it is told."""

    unreachable = 0

    def session(self):
        if Shop.unreachable:
            Shop.unreachable -= 1
            raise WarehouseUnavailableError("gone for now")
        return super().session()


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    """A warehouse of two customers whose table has no city, and is what assets are given."""
    opened = Shop(tmp_path / "cdp.duckdb")
    fill(opened, {CUSTOMERS: [customer("a", country="FR"), customer("b", country="DE")]})
    customers = opened.read_arrow("SELECT * FROM master.customers")
    write_as_of(opened, AS_OF)
    opened.write_arrow(CUSTOMERS, customers.drop_columns(["city"]))
    monkeypatch.setattr(Shop, "unreachable", 0)
    monkeypatch.setattr(resource, "open_warehouse", lambda _: Shop(tmp_path / "cdp.duckdb"))
    monkeypatch.setattr(resource, "_WAIT_SECONDS", 0)
    return opened


def materialise(*definitions: AudienceDefinition) -> dg.ExecuteInProcessResult:
    assets = audience_assets(definitions, Catalogue.declared((), priorities(definitions)))
    with dg.instance_for_test() as instance:
        resources = {"warehouse": WarehouseResource()}
        return dg.materialize([assets], resources=resources, instance=instance, raise_on_error=False)


def made(result: dg.ExecuteInProcessResult) -> set[str]:
    return {event.asset_key.path[-1] for event in result.get_asset_materialization_events()}


def test_what_cannot_be_made_and_what_reads_it_are_left_and_named_and_the_others_are_made(shop):
    result = materialise(
        definition(FRENCH, name="french"),
        definition(GONE, name="parisian"),
        definition({"audience": {"not_in": "parisian"}}, name="elsewhere"),
        definition({"audience": {"in": "french"}}, name="also_french"),
    )
    failure = str(result.failure_data_for_node("audiences").error.cause)
    assert not result.success
    assert made(result) == {"french", "also_french"}
    assert shop.read_arrow("SELECT customer_id FROM audiences.also_french")["customer_id"].to_pylist() == ["a"]
    assert not {Table("audiences", "parisian"), Table("audiences", "elsewhere")} & set(shop.tables())
    assert "audience 'parisian': " in failure
    assert "city" in failure
    assert "audience 'elsewhere': it reads one that was not made" in failure
    assert "'french'" not in failure


def test_a_warehouse_that_cannot_be_reached_has_the_step_tried_again(shop):
    Shop.unreachable = 2
    result = materialise(definition(FRENCH, name="french"), definition({"not": FRENCH}, name="foreign"))
    assert result.success
    assert made(result) == {"french", "foreign"}


def test_each_audience_is_linked_to_the_file_it_is_written_in_and_to_no_other():
    graph = defs().resolve_asset_graph()
    linked = {}
    for name in ("abandoned_basket", "at_risk_high_value", "coffee_and_tea_drinkers"):
        metadata = graph.get(dg.AssetKey(["audiences", name])).metadata
        references = metadata["dagster/code_references"].code_references
        linked[name] = [Path(one.file_path).relative_to(PROJECT_ROOT).as_posix() for one in references]
    assert linked == {
        "abandoned_basket": ["cdp_assets/defs/audiences/abandoned_basket/defs.yaml"],
        "at_risk_high_value": ["cdp_assets/defs/audiences/at_risk_high_value/defs.yaml"],
        "coffee_and_tea_drinkers": ["dbt_project/models/audiences/coffee_and_tea_drinkers.sql"],
    }


class Tree:
    """A deployment's components, as those see them who ask for others."""

    def __init__(self, *definitions: AudienceDefinition) -> None:
        self.audiences = [Audience(one, self) for one in definitions]  # type: ignore[arg-type]
        for one in self.audiences:
            one.file = Path("defs.yaml")

    def get_all_components(self, of_type: type) -> list[Audience]:
        return [one for one in self.audiences if isinstance(one, of_type)]


def names(tree: Tree) -> set[str]:
    """The audiences that are assets."""
    made = audience_definitions(audiences_of(tree)).assets or []
    return {key.path[1] for assets in made for key in assets.keys} - {"overlap"}


def test_audiences_that_are_dbt_models_need_no_others_beside_them():
    assert names(Tree()) == {"coffee_and_tea_drinkers"}
    assert names(Tree(definition(FRENCH, name="french"))) == {"coffee_and_tea_drinkers", "french"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (definition({"property": {"field": "shoe", "eq": 1}}, name="wrong"), "shoe"),
        (definition(FRENCH, name="coffee_and_tea_drinkers"), "name: there is another audience"),
        (definition(FRENCH, name="french"), "name: there is another audience"),
    ],
)
def test_while_one_cannot_be_made_its_own_component_says_so_and_no_audience_is_an_asset(wrong, said):
    tree = Tree(definition(FRENCH, name="french"), wrong)
    with pytest.raises(ConfigurationError, match=said):
        tree.audiences[1].definitions()
    assert names(tree) == set()
