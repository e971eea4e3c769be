"""Audiences that are written as dbt models: each in `dbt_project/models/audiences/`, with a column `customer_id`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.audiences.order import model_table
from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import DBT_PROJECT_DIR
from cdp_assets.validation import validated

FOLDER = DBT_PROJECT_DIR / "models" / "audiences"
OPTIONS = ("owners", "exclude", "suppress", "limit", "priority", "splits", "expected", "schedule")


def imported_audiences(folder: Path = FOLDER) -> list[AudienceDefinition]:
    """The audience of each model: those whom its table has, and what `config.meta` says besides, as in `defs.yaml`.

    Raises:
        ConfigurationError: a model has no description or owners, or an option that is not allowed.
    """
    described = dict(_described(folder))
    return [_audience(path, described.get(path.stem, {})) for path in sorted(folder.glob("*.sql"))]


def model_file(name: str) -> Path:
    """The file of the model of that name."""
    return FOLDER / f"{name}.sql"


def _audience(path: Path, properties: Mapping[str, Any]) -> AudienceDefinition:
    config = _mapping(path, properties, "config")
    meta = _mapping(path, config, "meta", "config.meta")
    options = {name: meta[name] for name in OPTIONS if name in meta}
    values = {
        "name": path.stem,
        "description": properties.get("description"),
        "condition": {"audience": {"in": model_table(path.stem)}},
        **options,
    }
    return validated(AudienceDefinition, {k: v for k, v in values.items() if v is not None}, f"{path} and its YAML")


def _mapping(path: Path, content: Mapping[str, Any], key: str, called: str = "") -> Mapping[str, Any]:
    found = content.get(key) or {}
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} and its YAML: {called or key} of the model {path.stem!r} must be a mapping.")
    return found


def _described(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")]):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path}: this is not YAML ({' '.join(str(error).split())}).") from error
        models = _models(content)
        if models is None:
            raise ConfigurationError(f"{path}: it must be a mapping with a list of models, each with a name, as dbt's.")
        yield from ((model["name"], model) for model in models)


def _models(content: object) -> list[dict[str, Any]] | None:
    """The models of a file; None if it has another shape."""
    if content is None:
        return []
    found = (content.get("models") or []) if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) and "name" in one for one in found):
        return None
    return found
