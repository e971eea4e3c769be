"""Everything a deployment sets through the environment, read here and nowhere else."""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from cdp_assets.errors import ConfigurationError
from cdp_assets.registry import plugin_names

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT_DIR = PROJECT_ROOT / "dbt_project"
DATA_DIR = PROJECT_ROOT / "data"
DEFAULT_HOME = DATA_DIR / "dagster_home"


@dataclass(frozen=True)
class Settings:
    """One deployment's settings. Paths are absolute; times are seconds."""

    warehouse: str
    duckdb_path: Path
    landing_dir: Path
    outbox_dir: Path
    dagster_home: Path
    dbt_output_dir: Path
    lock_timeout: float
    reporting_timezone: str
    settle_time: float
    secret_key_file: Path
    matching_memory: str | None = None
    global_holdout: Decimal = Decimal(0)
    """Percent of customers who stay in their audiences and whom no sync sends."""
    secret_key_value: str | None = field(default=None, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The environment they were read from, for the variables of one warehouse alone."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings, each with its default.

        Raises:
            ConfigurationError: a value cannot be used; the message names variable, value and what is allowed.
        """
        env = os.environ if env is None else env
        return cls(
            warehouse=_warehouse(env, "CDP_WAREHOUSE", "duckdb"),
            duckdb_path=_path(env, "CDP_DUCKDB_PATH", DATA_DIR / "cdp.duckdb"),
            landing_dir=_path(env, "CDP_LANDING_DIR", DATA_DIR / "landing"),
            outbox_dir=_path(env, "CDP_OUTBOX_DIR", DATA_DIR / "outbox"),
            dagster_home=_path(env, "DAGSTER_HOME", DEFAULT_HOME),
            dbt_output_dir=_path(env, "CDP_DBT_OUTPUT_DIR", DATA_DIR / "dbt"),
            lock_timeout=_seconds(env, "CDP_LOCK_TIMEOUT_SECONDS", 120.0),
            reporting_timezone=_timezone(env, "CDP_REPORTING_TIMEZONE", "UTC"),
            settle_time=_seconds(env, "CDP_LANDING_SETTLE_SECONDS", 2.0),
            secret_key_file=_path(env, "CDP_SECRET_KEY_FILE", DATA_DIR / "secret.key"),
            matching_memory=_memory(env, "CDP_MATCHING_MEMORY"),
            global_holdout=_percent(env, "CDP_GLOBAL_HOLDOUT"),
            secret_key_value=env.get("CDP_SECRET_KEY") or None,
            variables=dict(env),
        )

    @property
    def sample_truth_path(self) -> Path:
        """Where the sample keeps which records are one person: beside the landing folder, not in it."""
        return self.landing_dir.parent / "sample_truth.parquet"

    @property
    def log_dir(self) -> Path:
        """Where `cdp run` keeps what its steps print."""
        return self.dagster_home / "cdp_logs"

    @property
    def sync_locks(self) -> Path:
        """Where runs of a sync keep others from starting."""
        return self.dagster_home / "sync_locks"

    @property
    def stand_ins(self) -> Path:
        """Where stand-ins of destinations keep what they hold."""
        return self.outbox_dir.parent / "stand_ins"

    def with_lock_timeout(self, seconds: float) -> "Settings":
        """The same settings with another wait for the warehouse."""
        return replace(self, lock_timeout=seconds)

    def secret_key(self) -> bytes:
        """The key of checksums: `CDP_SECRET_KEY`, else a file made on first use that only its owner can read.

        Raises:
            ConfigurationError: the file is empty.
        """
        if self.secret_key_value:
            return self.secret_key_value.encode()
        if not self.secret_key_file.exists():
            _create_private(self.secret_key_file, secrets.token_hex(32))
        key = self.secret_key_file.read_bytes()
        if not key.strip():
            raise ConfigurationError(f"the key file {self.secret_key_file} is empty; delete it to have a new key made.")
        return key


def environment() -> Mapping[str, str]:
    """The environment, for plug-ins whose settings have names of their own, such as `CDP_WEBHOOK_BASE_URL`."""
    return os.environ


def _create_private(path: Path, text: str) -> None:
    """Write a file only its owner can read; of several processes at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()


def _warehouse(env: Mapping[str, str], name: str, default: str) -> str:
    value, known = env.get(name) or default, plugin_names("cdp_assets.warehouses")
    if value not in known:
        raise ConfigurationError(f"{name} is {value!r}; it must be one of: {', '.join(known)}.")
    return value


def _path(env: Mapping[str, str], name: str, default: Path) -> Path:
    return Path(env.get(name) or default).expanduser().absolute()


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ConfigurationError(f"{name} is {text!r}; it must be a number of seconds, 0 or more, such as 60.")
    return value


def _memory(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name)
    if text and not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", text):
        raise ConfigurationError(f"{name} is {text!r}; it must be a number and a unit, such as 500MB or 16GB.")
    return text or None


def _timezone(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name) or default
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(f"{name} is {value!r}; it must be an IANA time zone, such as Europe/Paris.") from error
    return value


def _percent(env: Mapping[str, str], name: str) -> Decimal:
    text = env.get(name, "").strip() or "0"
    with contextlib.suppress(InvalidOperation):
        found = Decimal(text)
        if found.is_finite() and 0 <= found < 100:
            return found
    raise ConfigurationError(f"{name} is {text!r}; it must be a percent from 0 up to, and without, 100, such as 5.")
