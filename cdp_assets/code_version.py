"""A version of code that changes when the code does, so that what it made counts as stale."""

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path

from pydantic import BaseModel


@cache
def _package_digest(package: str) -> str:
    root = Path(next(iter(import_module(package).__path__)))
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".sql"}:
            digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def code_version(package: str, configuration: BaseModel | None = None) -> str:
    """Twelve hexadecimal digits over a package's sources and the configuration given to it."""
    text = _package_digest(package) + (configuration.model_dump_json() if configuration else "")
    return hashlib.sha256(text.encode()).hexdigest()[:12]
