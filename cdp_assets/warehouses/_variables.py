"""The environment variables that configure a warehouse: read together, and missed together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdp_assets.errors import ConfigurationError


@dataclass(frozen=True)
class Variable:
    """An environment variable. Without `default` and not `required`, it may be left unset."""

    name: str
    description: str
    default: str = ""
    required: bool = False
    secret: bool = False


def read_variables(warehouse: str, variables: Sequence[Variable], environment: Mapping[str, str]) -> dict[str, str]:
    """The value of each variable, its default where the environment has none; an unset one without is empty.

    Raises:
        ConfigurationError: a required one is not set; the message tells all that was looked for, and what is set.
    """
    values = {variable.name: environment.get(variable.name) or variable.default for variable in variables}
    missing = [variable.name for variable in variables if variable.required and not values[variable.name]]
    if missing:
        looked_for = ", ".join(f"{variable.name} ({_state(variable, environment)})" for variable in variables)
        raise ConfigurationError(
            f"CDP_WAREHOUSE is {warehouse!r}, which needs {' and '.join(missing)}. Looked for in the environment of"
            f" this process: {looked_for}. docs/warehouses.md shows how to set them."
        )
    return values


def _state(variable: Variable, environment: Mapping[str, str]) -> str:
    if environment.get(variable.name):
        return "set"
    if variable.required:
        return "not set"
    return f"not set: {variable.default}" if variable.default else "not set, optional"
