"""The base of everything a team writes in YAML: nothing unknown is accepted, and errors say what is allowed."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Strict(BaseModel):
    """A part of a definition, unchangeable once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_options(cls, content: Any) -> Any:  # noqa: ANN401 - whatever a document holds at this place
        if isinstance(content, Mapping):
            allowed = [field.alias or name for name, field in cls.model_fields.items()]
            unknown = [repr(option) for option in content if option not in allowed]
            if unknown:
                raise ValueError(
                    f"there is no option {', '.join(unknown)}; the options are: {', '.join(allowed) or 'none'}"
                )
        return content

    def exactly_one(self, *names: str) -> None:
        """Raise unless exactly one of these fields is given; without names, of all fields."""
        fields = type(self).model_fields
        options = {name: fields[name].alias or name for name in names or fields}
        given = [option for name, option in options.items() if getattr(self, name) is not None]
        if len(given) != 1:
            got = ", ".join(given) or "none"
            raise ValueError(f"needs exactly one of {', '.join(options.values())}; got {got}")
