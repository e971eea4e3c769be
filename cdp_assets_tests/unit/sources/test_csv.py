import gzip
from pathlib import Path

import pytest
from pydantic import ValidationError

from cdp_assets.errors import SourceError
from cdp_assets.sources.formats.csv import CsvFormat, CsvOptions
from cdp_assets_tests.unit.sources.reading import Content, read


@pytest.fixture
def parse(tmp_path: Path):
    def parse(content: str | bytes, required: tuple[str, ...] = (), delimiter: str = ",") -> Content:
        path = tmp_path / "contacts.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(CsvFormat(CsvOptions(delimiter=delimiter)), path, required)

    return parse


def test_quotes_delimiters_and_line_breaks_inside_quotes_are_kept(parse):
    content = parse('id,note\n1,"a ""b"", c"\n2,"x\ny"\n')

    assert content.rows == [{"id": "1", "note": 'a "b", c'}, {"id": "2", "note": "x\ny"}]


def test_a_row_is_told_by_the_physical_line_it_begins_on(parse):
    content = parse('id,note\n1,"a\nb\nc"\n\n2,d\nragged\n3,e\n')

    assert content.lines == [2, 6, 8]
    assert content.reasons == {7: "1 fields where the header has 2"}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_is_read_and_kept_inside_quotes(parse, ending):
    content = parse(ending.join(["id,note", f'1,"x{ending}y"', "2,z", ""]))

    assert content.rows == [{"id": "1", "note": f"x{ending}y"}, {"id": "2", "note": "z"}]
    assert content.lines == [2, 4]


def test_the_last_line_needs_no_line_ending(parse):
    assert parse("id\n1\n2").rows == [{"id": "1"}, {"id": "2"}]


def test_a_byte_order_mark_is_not_part_of_the_first_name(parse):
    assert parse(b"\xef\xbb\xbfid,b\n1,2\n", required=("id",)).rows == [{"id": "1", "b": "2"}]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
def test_another_delimiter_can_be_set(parse, delimiter):
    assert parse(f"id{delimiter}b\n1{delimiter}x,y\n", delimiter=delimiter).rows == [{"id": "1", "b": "x,y"}]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r", "\0"])
def test_a_delimiter_that_cannot_delimit_is_refused(delimiter):
    with pytest.raises(ValidationError, match="delimiter"):
        CsvOptions(delimiter=delimiter)


@pytest.mark.parametrize("name", ["contacts.csv.gz", "CONTACTS.CSV.GZ"])
def test_a_compressed_file_is_read_whatever_the_case_of_its_suffix(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress("id\nmüller\n".encode()))

    assert read(CsvFormat(CsvOptions()), path).rows == [{"id": "müller"}]


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, "x" * 300_000, "مرحبا بالعالم", "👩‍👩‍👧 🇫🇷", "a\u2028b\x0b\x0c\x85", "' OR 1=1; --"],
    ids=["long", "longer", "right to left", "emoji", "separators", "hostile"],
)
def test_any_text_comes_back_as_sent(parse, value):
    assert parse(f"id,note\n1,{value}\n2,b\n").rows == [{"id": "1", "note": value}, {"id": "2", "note": "b"}]


def test_an_empty_field_is_null_and_blanks_are_kept(parse):
    assert parse('a,b,c,d\n,""," ",x\n').rows == [{"a": None, "b": None, "c": " ", "d": "x"}]


def test_a_header_alone_has_columns_and_no_rows(tmp_path):
    path = tmp_path / "contacts.csv"
    path.write_text("id,b\n")

    (batch,) = CsvFormat(CsvOptions()).batches(path, ["id"])
    assert (batch.columns, batch.lines, batch.rejected) == ({"id": [], "b": []}, [], [])


@pytest.mark.parametrize("content", ["", "\n\n", '"id\n1\n'], ids=["empty", "blank", "open quote"])
def test_a_file_without_a_header_is_refused_by_name(parse, content):
    with pytest.raises(SourceError, match=r"contacts\.csv has no header line"):
        parse(content)


@pytest.mark.parametrize("header", ["id,ID", "id,b, B "])
def test_names_that_differ_in_case_only_are_refused(parse, header):
    with pytest.raises(SourceError, match=r"contacts\.csv names a column twice: (id|b);"):
        parse(f"{header}\n1,2,3\n")


@pytest.mark.parametrize(
    ("header", "said"), [(b"id,,b", "with nothing"), (b"id,\xff", "not UTF-8"), (b"id,\0", "zero byte")]
)
def test_names_that_cannot_be_kept_are_refused(parse, header, said):
    with pytest.raises(SourceError, match=said):
        parse(header + b"\n1,2,3\n")


def test_a_missing_required_column_is_told_with_the_file_and_the_columns_found(parse):
    with pytest.raises(SourceError) as refused:
        parse("Name,Mail\n1,2\n", required=("Id", "name"))
    assert "contacts.csv lacks the required column Id; it has: Name, Mail." in str(refused.value)


def test_a_row_without_a_required_value_is_set_aside(parse):
    content = parse("ID,b\n1,x\n ,y\n,z\n", required=("id",))

    assert content.rows == [{"ID": "1", "b": "x"}]
    assert content.reasons == {3: "the required column ID is empty", 4: "the required column ID is empty"}
