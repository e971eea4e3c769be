"""Finds plug-ins by where they are: `destinations/braze.py` exists, so the destination `braze` exists."""

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from cdp_assets.errors import ConfigurationError

T = TypeVar("T")


def plugin_names(package: str) -> list[str]:
    """Names of the plug-ins in a package: its modules, without `base` and those that start with an underscore."""
    paths = import_module(package).__path__
    return sorted(m.name for m in pkgutil.iter_modules(paths) if m.name != "base" and not m.name.startswith("_"))


def find_plugin(package: str, name: str, base: type[T]) -> type[T]:
    """The one concrete subclass of `base` that the module `package.name` defines.

    Only the module asked for is imported, so that one plug-in's missing driver does not stop the others.

    Raises:
        ConfigurationError: there is no such plug-in, and the message lists those there are; or what it needs is not
            installed.
    """
    kind = _kind(package)
    names = plugin_names(package)
    if name not in names:
        raise ConfigurationError(f"there is no {kind} {name!r}; there are: {', '.join(names)}.")
    module = _imported(package, name)
    found = [
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, base)
        and member.__module__ == module.__name__
        and not inspect.isabstract(member)
    ]
    if len(found) != 1:
        raise ConfigurationError(f"{module.__name__} must define exactly one {base.__name__}; it defines {len(found)}.")
    return found[0]


def _imported(package: str, name: str) -> ModuleType:
    try:
        return import_module(f"{package}.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == __package__:
            raise
        raise ConfigurationError(
            f"the {_kind(package)} {name!r} needs the module {error.name!r}, which is not installed;"
            " install the extra of setup.cfg that has it, as in: uv pip install '.[destinations]'."
        ) from error


def _kind(package: str) -> str:
    return package.rsplit(".", 1)[-1].removesuffix("s")
