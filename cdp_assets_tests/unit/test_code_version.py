import re
import sys

import pytest
from pydantic import BaseModel

from cdp_assets.code_version import _package_digest, code_version

PACKAGE = "package_under_test"


class Configuration(BaseModel):
    threshold: float = 0.5


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / PACKAGE
    (folder / "sub").mkdir(parents=True)
    for name, content in {"__init__.py": "", "rules.py": "A = 1\n", "sub/query.sql": "SELECT 1\n"}.items():
        (folder / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    return folder


def fresh_version(configuration: BaseModel | None = None) -> str:
    """As a new process would tell it: a package's sources are read once a process."""
    _package_digest.cache_clear()
    return code_version(PACKAGE, configuration)


def test_a_version_is_twelve_digits_and_stays_while_nothing_changes(package):
    version = fresh_version()

    assert re.fullmatch("[0-9a-f]{12}", version)
    assert fresh_version() == version


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "rules.py").write_text("A = 2\n"),
        lambda folder: (folder / "sub/query.sql").write_text("SELECT 2\n"),
        lambda folder: (folder / "sub/new.py").touch(),
        lambda folder: (folder / "rules.py").rename(folder / "other.py"),
        lambda folder: (folder / "rules.py").unlink(),
    ],
    ids=["code", "sql", "new file", "renamed file", "removed file"],
)
def test_a_version_changes_with_the_sources(package, change):
    before = fresh_version()
    change(package)

    assert fresh_version() != before


def test_a_version_does_not_change_with_what_is_not_source(package):
    before = fresh_version()
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "rules.cpython-311.pyc").write_bytes(b"x")
    (package / "notes.md").write_text("x")

    assert fresh_version() == before


def test_a_version_changes_with_the_configuration(package):
    versions = {fresh_version(), fresh_version(Configuration()), fresh_version(Configuration(threshold=0.6))}

    assert len(versions) == 3
    assert fresh_version(Configuration()) == fresh_version(Configuration(threshold=0.5))
