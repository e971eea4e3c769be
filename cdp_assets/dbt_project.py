"""The dbt project as Dagster needs it: its manifest, kept by a hash of the project, and its environment."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from cdp_assets.errors import ConfigurationError
from cdp_assets.settings import DBT_PROJECT_DIR, Settings
from cdp_assets.warehouses import warehouse_class

_PARSED = "partial_parse.msgpack"
_OUTPUT_FOLDERS = {"target", "logs", "dbt_packages"}


def dbt_executable() -> Path:
    """The dbt of this environment."""
    return Path(sys.executable).with_name("dbt")


def dbt_environment(settings: Settings) -> dict[str, str]:
    """What profiles.yml reads."""
    return {
        **warehouse_class(settings).dbt_environment(settings),
        "CDP_REPORTING_TIMEZONE": settings.reporting_timezone,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def prepare_manifest(settings: Settings, project_dir: Path = DBT_PROJECT_DIR) -> Path:
    """The project's `manifest.json`, parsed when the project changed since the last time.

    Parsing takes seconds and connects to nothing.

    Raises:
        ConfigurationError: the project does not parse; the message is dbt's.
    """
    folder = settings.dbt_output_dir / f"manifest-{_project_hash(settings, project_dir)}"
    manifest = folder / "manifest.json"
    if not manifest.exists():
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        _parse(settings, project_dir, draft)
        try:
            draft.rename(folder)
        except OSError:
            shutil.rmtree(draft)
        _remove_older(folder)
    return manifest


def prepare_target(settings: Settings, name: str) -> Path:
    """Where one kind of invocation keeps its artifacts; it starts from the parsed project."""
    target = settings.dbt_output_dir / name
    target.mkdir(parents=True, exist_ok=True)
    parsed = prepare_manifest(settings).with_name(_PARSED)
    if parsed.exists() and not (target / _PARSED).exists():
        shutil.copyfile(parsed, target / _PARSED)
    return target


def _project_hash(settings: Settings, project_dir: Path) -> str:
    digest = hashlib.sha256(f"{version('dbt-core')} {settings.warehouse}".encode())
    digest.update(repr(sorted(_not_secret(settings).items())).encode())
    for path in sorted(project_dir.rglob("*")):
        relative = path.relative_to(project_dir)
        if path.is_file() and not _OUTPUT_FOLDERS & set(relative.parts):
            digest.update(f"\0{relative}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _not_secret(settings: Settings) -> dict[str, str]:
    """What the manifest may depend on, such as the names of databases."""
    warehouse = warehouse_class(settings)
    secret = {variable.name for variable in warehouse.variables if variable.secret}
    return {name: value for name, value in warehouse.dbt_environment(settings).items() if name not in secret}


def _parse(settings: Settings, project_dir: Path, target: Path) -> None:
    command = [str(dbt_executable()), "--quiet", "--no-use-colors", "parse", "--target", settings.warehouse]
    folders = [f"--project-dir={project_dir}", f"--profiles-dir={project_dir}"]
    outputs = [f"--target-path={target}", f"--log-path={target}"]
    done = subprocess.run(  # noqa: S603 - our own dbt, and paths
        [*command, *folders, *outputs],
        env={**os.environ, **dbt_environment(settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        said = " ".join((done.stdout + done.stderr).split())
        raise ConfigurationError(f"the dbt project {project_dir} does not parse: {said}")


def _remove_older(folder: Path) -> None:
    for other in folder.parent.glob("manifest-*"):
        if other.name != folder.name and other.suffix == "":
            shutil.rmtree(other, ignore_errors=True)
