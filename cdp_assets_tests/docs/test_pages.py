"""What the pages say is so: links, files, commands, options, variables."""

import importlib
import json
import re
import shlex
from configparser import ConfigParser
from itertools import takewhile
from pathlib import Path

import click
import pytest
import yaml

from cdp_assets.cli import main
from cdp_assets.components._identity.model import STEP, MatchModelConfig
from cdp_assets.registry import plugin_names
from cdp_assets.settings import PROJECT_ROOT, Settings
from cdp_assets.stages import Stage
from cdp_assets.warehouses import warehouse_class
from cdp_assets.warehouses._variables import Variable
from cdp_assets_tests.docs.pages import apply_diff, blocks, pages, prose, shell_lines, table
from cdp_assets_tests.reference_data import REPOSITORY

README, CONTRIBUTING = REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"
WAREHOUSES = REPOSITORY / "docs" / "warehouses.md"
OTHER_WAREHOUSES = [name for name in plugin_names("cdp_assets.warehouses") if name != "duckdb"]
ADRS = sorted((REPOSITORY / "docs" / "adr").glob("*.md"))
TRUSTED = {"source", "export", "python", "pre-commit", "cp", "curl"}
"""Commands that are the shell's, or run in the guide's own test."""

each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(REPOSITORY)))


@each_page
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{target} is not there"
        assert not anchor or anchor in _anchors(file), f"{target}: no such heading"


@each_page
def test_every_file_named_is_there(page):
    made_here = {block.path for block in blocks(page)}
    for name in re.findall(r"`((?:cdp_assets|cdp_assets_tests|dbt_project|docs)/[^`\s]*)`", prose(page)):
        known = name.split("<", 1)[0]
        if not any(made and made.startswith(known) for made in made_here):
            assert (REPOSITORY / known).exists(), f"{name} is not there"


@each_page
def test_every_command_and_option_exists(page):
    quoted = [span for span in re.findall(r"`([^`\n]+)`", prose(page)) if span.startswith(("cdp ", "make "))]
    for line in [*shell_lines(page), *quoted]:
        words = shlex.split(line)
        if words[0] not in TRUSTED:
            _CHECKS[words[0]](words[1:])


def test_the_readme_has_every_command_with_its_options():
    rows = {row[0]: row[1] for row in table(README, "command")}
    commands = _commands()
    assert set(rows) == {f"`cdp {name}`" for name in commands}
    for name, command in commands.items():
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
        assert set(re.findall(r"--[a-z-]+", rows[f"`cdp {name}`"])) == options


def test_the_readme_has_every_variable_that_is_read():
    modules = (REPOSITORY / "cdp_assets").rglob("*.py")
    code = "".join(path.read_text() for path in modules if "warehouses" not in path.parts)
    read = set(re.findall(r'"(CDP_[A-Z_]+|DAGSTER_HOME)"', code)) - {"CDP_RUN_ID"}  # which a run tells dbt itself
    read |= {variable.name for name in OTHER_WAREHOUSES for variable in _variables(name)}
    told = [*table(README, "variable"), *table(WAREHOUSES, "variable")]
    assert sorted(row[0].strip("`") for row in told) == sorted(read)


@pytest.mark.parametrize("name", OTHER_WAREHOUSES)
def test_each_warehouse_has_its_variables_with_defaults_and_meaning(name):
    rows = {row[0].strip("`"): row[1:] for row in table(WAREHOUSES, "variable")}
    for variable in _variables(name):
        default = "required" if variable.required else f"`{variable.default}`" if variable.default else "optional"
        assert rows[variable.name] == [default, variable.description]


def test_the_readme_has_the_defaults_that_apply():
    settings = Settings.from_env({})
    defaults = {str(value) for value in vars(settings).values() if not isinstance(value, float | dict)}
    defaults = {default.removeprefix(f"{PROJECT_ROOT}/") for default in defaults}
    defaults |= {f"{value:g}" for value in vars(settings).values() if isinstance(value, float)}
    said = {row[1].strip("`") for row in table(README, "variable")}
    assert said == defaults - {"None"} | {"unset"}


def test_the_readme_starts_its_use_with_the_two_commands():
    first = next(block for block in blocks(README) if block.language == "sh")
    assert [line.split("#")[0].strip() for line in first.text.splitlines()] == ["make demo", "make test"]


def test_the_architecture_page_has_every_stage_in_order():
    rows = table(REPOSITORY / "docs" / "architecture.md", "stage")
    assert [row[0].strip("`") for row in rows] == list(Stage)


def test_the_changelog_starts_with_the_version_being_made():
    setup = ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    newest = re.search(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == setup["metadata"]["version"]


def test_decisions_are_numbered_without_gaps():
    assert [page.name[:4] for page in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]
    assert ADRS


@pytest.mark.parametrize("page", ADRS, ids=lambda page: page.stem)
def test_a_decision_says_its_status_context_decision_and_consequences(page):
    text = page.read_text()
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert re.search(r"^Status: (accepted|superseded by \d+), \w+ \d{4}$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_pre_commit_downloads_nothing():
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["entry"].split()[0] for hook in hooks} == {".venv/bin/ruff", ".venv/bin/mypy"}


def test_a_change_that_a_guide_prints_is_refused_where_the_lines_are_not_there():
    assert apply_diff("a\nc\n", " a\n+b\n c\n") == "a\nb\nc\n"
    with pytest.raises(AssertionError, match="not there"):
        apply_diff("a\nc\n", " a\n+b\n d\n")


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _variables(warehouse: str) -> tuple[Variable, ...]:
    return warehouse_class(Settings.from_env({"CDP_WAREHOUSE": warehouse})).variables


def _check_make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert words
    for word in words:
        name, is_variable, value = word.partition("=")
        known = plugin_names("cdp_assets.warehouses") if is_variable else targets
        assert (value if is_variable else name) in known, f"make {word}: there are {known}"


def _commands() -> dict[str, click.Command]:
    """Every command by its name, those of a group as `group name`."""
    found: dict[str, click.Command] = {}
    for name, command in main.commands.items():
        inner = command.commands.items() if isinstance(command, click.Group) else ()
        found |= {f"{name} {below}": one for below, one in inner} or {name: command}
    return found


def _check_cdp(words: list[str]) -> None:
    before = list(takewhile(lambda word: word.startswith("-"), words))
    said = words[len(before) :]
    commands = _commands()
    name = next((name for name in (" ".join(said[:2]), said[0]) if name in commands), None)
    assert name, f"there is no cdp {said[0]}"
    command = commands[name]
    command.make_parser(click.Context(command)).parse_args(said[len(name.split()) :])
    assert set(before) <= {option for parameter in main.params for option in parameter.opts}


def _check_dg(words: list[str]) -> None:
    if words[:2] == ["scaffold", "defs"]:
        module, _, name = words[2].rpartition(".")
        assert hasattr(importlib.import_module(module), name)
    elif words[0] == "launch":
        assert words[1::2] == ["--assets", "--config-json"]
        ((step, content),) = json.loads(words[4])["ops"].items()
        assert step == STEP == words[2].removeprefix("key:").strip('"').replace("/", "__")
        assert set(content["config"]) <= set(MatchModelConfig.model_fields)
    else:
        assert words in (["check", "yaml"], ["check", "defs"])


def _check_pytest(words: list[str]) -> None:
    for path in (word for word in words if word.startswith("cdp_assets_tests")):
        assert (REPOSITORY / path).exists()


_CHECKS = {"make": _check_make, "cdp": _check_cdp, "dg": _check_dg, "pytest": _check_pytest}
