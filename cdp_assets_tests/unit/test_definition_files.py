"""What is wrong in a team's YAML file is told with its line."""

from pathlib import Path

import pytest

from cdp_assets.definition_files import read_definition
from cdp_assets.errors import ConfigurationError
from cdp_assets.strict import Strict


class Item(Strict):
    name: str
    size: int = 1


class Things(Strict):
    items: tuple[Item, ...]
    note: str = ""


GOOD = """\
type: things
attributes:
  note: two
  items:
    - name: a
    - name: b
      size: 2
"""


@pytest.mark.parametrize("text", [GOOD, "note: two\nitems: [{name: a}, {name: b, size: 2}]\n"])
def test_the_attributes_or_the_file_itself_are_the_definition(tmp_path: Path, text: str):
    (tmp_path / "defs.yaml").write_text(text)
    read = read_definition(tmp_path / "defs.yaml", Things)
    assert read == Things(items=(Item(name="a"), Item(name="b", size=2)), note="two")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("size: 2", "size: two", ":7: items.1.size is 'two'; input should be a valid integer"),
        ("size: 2", "sise: 2", ":6: items.1: there is no option 'sise'; the options are: name, size"),
        ("- name: a", "- size: 3", ":5: items.0.name is missing"),
        ("  note: two", "  note: [", ":5: this is not YAML"),
        ("  items:", "  things:", ":2: there is no option 'things'; the options are: items, note"),
        ("attributes:", "attributes: 5\nmore:", ": it must be a mapping"),
        (GOOD, "", ": it must be a mapping"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_file_and_line(tmp_path: Path, right: str, wrong: str, said: str):
    path = tmp_path / "defs.yaml"
    path.write_text(GOOD.replace(right, wrong))
    with pytest.raises(ConfigurationError) as refused:
        read_definition(path, Things)
    assert f"{path}{said}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"defs\.yaml cannot be read: No such file or directory"):
        read_definition(tmp_path / "defs.yaml", Things)
    (tmp_path / "defs.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"defs\.yaml.*: this is not YAML"):
        read_definition(tmp_path / "defs.yaml", Things)


@pytest.mark.parametrize("text", [GOOD + "  note: three\n", "items:\n- name: a\n  size: 1\n  name: b\n"])
def test_an_option_that_is_written_twice_is_refused_with_its_line(tmp_path: Path, text: str):
    (tmp_path / "defs.yaml").write_text(text)
    line = text.count("\n")
    with pytest.raises(ConfigurationError, match=rf"defs.yaml:{line}: '(note|name)' is written twice"):
        read_definition(tmp_path / "defs.yaml", Things)
