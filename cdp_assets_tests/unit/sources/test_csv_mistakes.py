from pathlib import Path

import pytest

from cdp_assets.sources.formats.base import BATCH_ROWS
from cdp_assets.sources.formats.csv import CsvFormat, CsvOptions
from cdp_assets.sources.load import printable
from cdp_assets_tests.unit.sources.reading import Content, read

OPEN_QUOTE = "a quote is opened and not closed"


@pytest.fixture
def parse(tmp_path: Path):
    def parse(content: str | bytes) -> Content:
        path = tmp_path / "contacts.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(CsvFormat(CsvOptions()), path)

    return parse


@pytest.mark.parametrize(
    "stray", ['1,"x', '1,"x" z', '"1,x'], ids=["not closed", "text after the quote", "first field"]
)
def test_a_stray_quote_costs_its_own_line_alone(parse, stray):
    content = parse(f"id,note\n{stray}\n2,y\n3,z\n")

    assert content.rows == [{"id": "2", "note": "y"}, {"id": "3", "note": "z"}]
    assert content.lines == [3, 4]
    assert [(bad.line, bad.reason, bad.row) for bad in content.rejected] == [(2, OPEN_QUOTE, stray)]


def test_a_quote_inside_an_unquoted_field_is_text(parse):
    assert parse('id,note\n1,5" pipe\n').rows == [{"id": "1", "note": '5" pipe'}]


def test_two_stray_quotes_that_would_close_each_other_cost_two_lines(parse):
    content = parse('id,note\n1,"x\n2,y\n3,"z\n4,w\n')

    assert [row["id"] for row in content.rows] == ["2", "4"]
    assert content.reasons == {2: OPEN_QUOTE, 4: OPEN_QUOTE}


def test_a_stray_quote_in_the_last_line_is_told(parse):
    content = parse('id,note\n1,"x"\n2,"y')

    assert content.rows == [{"id": "1", "note": "x"}]
    assert content.reasons == {3: OPEN_QUOTE}


def test_a_stray_quote_in_a_long_file_does_not_swallow_the_rest(parse):
    content = parse('id,note\n1,"x\n' + "".join(f"{i},y\n" for i in range(2, 5001)))

    assert content.lines == list(range(3, 5002))
    assert content.reasons == {2: OPEN_QUOTE}


def test_tens_of_thousands_of_stray_quotes_are_each_one_line(parse):
    content = parse("id,note\n" + "".join(f'{i},"x\n{i},y\n' for i in range(20_000)))

    assert len(content.rows) == 20_000
    assert list(content.reasons) == list(range(2, 40_002, 2))


def test_too_few_and_too_many_fields_are_told(parse):
    content = parse("a,b\n1\n1,2,3\n1,2\n")

    assert content.lines == [4]
    assert content.reasons == {2: "1 fields where the header has 2", 3: "3 fields where the header has 2"}


def test_bytes_that_are_not_utf_8_cost_their_row_and_stay_readable(parse):
    content = parse(b"id,note\n1,caf\xe9\n2,y\n")

    assert content.rows == [{"id": "2", "note": "y"}]
    assert content.reasons == {2: "it is not UTF-8"}
    assert printable(content.rejected[0].row) == "1,caf\N{REPLACEMENT CHARACTER}"


def test_a_zero_byte_costs_its_row(parse):
    content = parse(b"id,note\n1,a\0b\n2,\xc3\xa9\0\n3,y\n")

    assert content.lines == [4]
    assert content.reasons == {2: "it has a zero byte", 3: "it has a zero byte"}
    assert "\0" not in printable(content.rejected[0].row)


def test_batches_are_bounded_and_continue_the_line_numbers(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text("id\n" + "1\n" * (BATCH_ROWS + 5))

    first, second = CsvFormat(CsvOptions()).batches(path, [])
    assert (len(first.lines), len(second.lines)) == (BATCH_ROWS, 5)
    assert second.lines[-1] == BATCH_ROWS + 6
