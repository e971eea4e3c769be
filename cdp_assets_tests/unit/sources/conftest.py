from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cdp_assets.settings import Settings
from cdp_assets.sources.definition import SourceDefinition
from cdp_assets.sources.load import LoadReport, load_table
from cdp_assets.warehouses.duckdb import DuckDBWarehouse

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"CDP_LANDING_DIR": str(tmp_path / "landing")})


@pytest.fixture
def drop(settings: Settings) -> Callable[[str, str | bytes], Path]:
    """Put a file into the landing folder."""

    def drop(name: str, content: str | bytes) -> Path:
        path = settings.landing_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return drop


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path / "cdp.duckdb", lock_timeout=10)


@pytest.fixture
def crm() -> SourceDefinition:
    contacts = {"name": "contacts", "landing": {"type": "files", "glob": "crm/*"}, "required": ["Id"]}
    return SourceDefinition.model_validate({"name": "crm", "tables": [contacts]})


@pytest.fixture
def load(warehouse: DuckDBWarehouse, settings: Settings, crm: SourceDefinition) -> Callable[..., LoadReport]:
    """Load the contacts, as declared by `crm` but for what is overridden."""

    def load(now: datetime = NOW, progress: Callable[[str], None] = lambda _: None, **overrides: Any) -> LoadReport:
        table = crm.tables[0].model_copy(update=overrides)
        return load_table(warehouse, crm, table, settings, now, progress)

    return load
