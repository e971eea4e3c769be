"""The project's pages as tests read them: code blocks, links, and the files they name."""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from cdp_assets_tests.reference_data import REPOSITORY

_BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block; `path` is the file it is, or changes, when a line before it names one."""

    language: str
    text: str
    path: str | None = None


def pages() -> list[Path]:
    """Every page people read."""
    return [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = _BLOCK.finditer(page.read_text())
    return [Block(match["language"], match["text"], match["path"]) for match in found]


def shell_lines(page: Path) -> list[str]:
    """What a page tells people to type, a command a line; a command that runs over lines is one."""
    text = "\n".join(block.text for block in blocks(page) if block.language == "sh")
    whole = re.sub(r'"[^"]*"', lambda quoted: quoted[0].replace("\n", " "), text)
    lines = (line.split(" # ")[0].strip() for line in whole.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _BLOCK.sub("", page.read_text())


def table(page: Path, first_heading: str) -> list[list[str]]:
    """The rows of the tables whose first column has this heading."""
    tables = page.read_text().split(f"\n| {first_heading} |")[1:]
    rows = [line for table in tables for line in takewhile(_is_row, table.splitlines()[2:])]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def _is_row(line: str) -> bool:
    return line.startswith("|")


def apply_diff(text: str, diff: str) -> str:
    """The text after a hunk without line numbers: what it keeps and removes stands there exactly once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"the page changes lines that are not there, or not once:\n{before}"
    return text.replace(before, after)
