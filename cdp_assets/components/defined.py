"""The base of our components: their attributes are one pydantic model of the inner ring."""

from abc import abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import dagster as dg
import yaml
from pydantic import BaseModel

from cdp_assets.definition_files import check_each_once, located
from cdp_assets.errors import ConfigurationError

D = TypeVar("D", bound=BaseModel)


class DefinedComponent(dg.Component, Generic[D]):
    """A component made from a definition; `definition_model` is its model, which `dg check yaml` checks against."""

    definition_model: ClassVar[type[BaseModel]]

    def __init__(self, definition: D, tree: dg.ComponentTree) -> None:
        self.definition = definition
        self.tree = tree
        """All components, for those that need others."""

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        return cls.definition_model

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "DefinedComponent[Any]":
        return cls(attributes, context.component_tree)  # type: ignore[arg-type] # Dagster validated the attributes

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        path = context.path / "defs.yaml"
        check_each_once(path, yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader))
        try:
            return self.definitions()
        except ConfigurationError as error:
            raise ConfigurationError(located(path, str(error))) from error

    @abstractmethod
    def definitions(self) -> dg.Definitions:
        """What the definition stands for."""
