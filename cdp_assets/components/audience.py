"""Audiences: condition trees, each compiled to one SELECT, and their members as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import dagster as dg
from pydantic import BaseModel

from cdp_assets.audiences.catalogue import Catalogue
from cdp_assets.audiences.configured import check_name_is_free
from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.imported import imported_audiences, model_file
from cdp_assets.audiences.order import priorities
from cdp_assets.audiences.upstream import upstream
from cdp_assets.components.audience_table import AudienceTable
from cdp_assets.components.defined import DefinedComponent
from cdp_assets.errors import ConfigurationError


class AudienceScaffolder(dg.Scaffolder[Any]):
    """Writes a `defs.yaml` for an audience, to be edited."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        example = {
            "name": request.target_path.name,
            "description": "Customers who ordered in the last 90 days.",
            "owners": ["team:marketing"],
            "condition": {
                "all": [
                    {"property": {"field": "email", "is_set": True}},
                    {"transaction": {"count": {"at_least": 1}, "within_last": "90d"}},
                ]
            },
        }
        dg.scaffold_component(request, example)


@dg.scaffold_with(AudienceScaffolder)
class Audience(DefinedComponent[AudienceDefinition]):
    """A set of customers, defined by conditions on who they are and what they did."""

    definition_model = AudienceDefinition
    file: Path

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "Audience":
        loaded = cast("Audience", super().load(attributes, context))
        loaded.file = context.path / "defs.yaml"
        return loaded

    @classmethod
    def get_code_references_for_yaml(cls, *_: object) -> Sequence[dg.LocalFileCodeReference]:
        """None: the assets are those of all audiences, and each names its own file."""
        return []

    def definitions(self) -> dg.Definitions:
        """None: a step of its own makes all audiences; this one only checks that it can be made."""
        every = audiences_of(self.tree)
        others = [one for one in every.definitions if one is not self.definition]
        check_name_is_free(self.definition.name, [one.name for one in others], "name")
        upstream(self.definition, every.catalogue)
        return dg.Definitions()


@dataclass(frozen=True)
class Audiences:
    """All audiences there are, those written as dbt models too, with their files, and what conditions may use."""

    written: Sequence[AudienceDefinition]
    imported: Sequence[AudienceDefinition]
    files: Mapping[str, Path]
    catalogue: Catalogue

    @property
    def definitions(self) -> list[AudienceDefinition]:
        """All of them."""
        return [*self.written, *self.imported]

    @property
    def can_be_made(self) -> bool:
        """Whether no two have one name, and none names what is not there: the components of those that do say so."""
        is_clear = len(self.files) == len(self.definitions)
        return is_clear and all(_can_be_made(one, self.catalogue) for one in self.written)


def audiences_of(tree: dg.ComponentTree) -> Audiences:
    """The audiences among a deployment's components and dbt models, in order of name."""
    found = sorted(tree.get_all_components(of_type=Audience), key=lambda one: one.definition.name)
    tables = sorted(tree.get_all_components(of_type=AudienceTable), key=lambda one: one.definition.table)
    written, imported = [one.definition for one in found], imported_audiences()
    files = {one.definition.name: one.file for one in found} | {one.name: model_file(one.name) for one in imported}
    catalogue = Catalogue.declared([table.definition for table in tables], priorities([*written, *imported]))
    return Audiences(written, imported, files, catalogue)


def _can_be_made(definition: AudienceDefinition, catalogue: Catalogue) -> bool:
    try:
        upstream(definition, catalogue)
    except ConfigurationError:
        return False
    return True
