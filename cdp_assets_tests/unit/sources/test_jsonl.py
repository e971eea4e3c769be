import gzip
import json
from pathlib import Path

import pytest

from cdp_assets.errors import SourceError
from cdp_assets.sources.formats.base import FormatOptions
from cdp_assets.sources.formats.jsonl import JsonLinesFormat
from cdp_assets_tests.unit.sources.reading import Content, read


@pytest.fixture
def parse(tmp_path: Path):
    def parse(*lines: str | bytes, required: tuple[str, ...] = ()) -> Content:
        path = tmp_path / "orders.jsonl"
        path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
        return read(JsonLinesFormat(FormatOptions()), path, required)

    return parse


def test_nested_values_are_json_text_and_flat_ones_text(parse):
    (row,) = parse(
        '{"id": 1, "ok": true, "price": 9.5, "note": "é", "none": null, "lines": [{"a": "é"}], "o": {}}'
    ).rows

    assert row == {
        "id": "1", "ok": "true", "price": "9.5", "note": "é", "none": None, "lines": '[{"a":"é"}]', "o": "{}",
    }  # fmt: skip


def test_big_integers_keep_every_digit(parse):
    (row,) = parse('{"id": 123456789012345678901234567890, "nested": {"id": 9007199254740993}}').rows

    assert row == {"id": "123456789012345678901234567890", "nested": '{"id":9007199254740993}'}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "not a JSON object"),
        ("42", "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"id": 1', "not JSON"),
        ("{'id': 1}", "not JSON"),
        ('{"id": 1} {"id": 2}', "not JSON"),
        ('{"id": NaN}', "not JSON"),
        ('{"id": -Infinity}', "not JSON"),
        ('{"id": 1e999}', "a number too large to keep"),
        ("[" * 100_000, "not JSON"),
        ('{"id": 1, "ID": 2}', "keys that differ in upper and lower case only"),
        ('{"id": 1, "": 2}', "a key that is empty"),
        ('{"id": 1, "\\u0000": 2}', "a key with a zero byte or half a surrogate pair"),
        ('{"id": 1, "\\ud83d": 2}', "a key with a zero byte or half a surrogate pair"),
        ('{"id": "a\\u0000b"}', "it has a zero byte or half a surrogate pair"),
        ('{"id": "\\ud83d"}', "it has a zero byte or half a surrogate pair"),
        ('{"id": {"a": "\\ud83d"}}', "it has a zero byte or half a surrogate pair"),
        (b'{"id": "\xff"}', "it is not UTF-8"),
        (b'{"id": "\0"}', "it has a zero byte"),
    ],
)
def test_a_line_that_cannot_be_kept_is_set_aside_as_it_came_and_the_others_loaded(parse, line, reason):
    content = parse('{"id": 0}', line, '{"id": 3}')

    assert [row["id"] for row in content.rows] == ["0", "3"]
    assert content.lines == [1, 3]
    assert content.reasons == {2: reason}
    text = line.decode(errors="surrogateescape") if isinstance(line, bytes) else line
    assert content.rejected[0].row == text


def test_an_escaped_emoji_is_one_character(parse):
    assert parse('{"id": "\\ud83d\\ude00"}').rows == [{"id": "😀"}]


@pytest.mark.parametrize(
    "value", ["x" * 10_000, "x" * 300_000, "مرحبا", "👩‍👩‍👧", "a\u2028\x85b", 'quote " and \n break']
)
def test_any_text_comes_back_as_sent(parse, value):
    assert parse(json.dumps({"id": value}), json.dumps({"id": value}, ensure_ascii=False)).rows == [{"id": value}] * 2


def test_blank_lines_count_but_are_no_rows(parse):
    content = parse('{"id": 1}', "", "  \r", '{"id": 2}\r')

    assert (content.lines, content.rejected) == ([1, 4], [])


def test_a_byte_order_mark_is_skipped(parse):
    assert parse(b'\xef\xbb\xbf{"id": 1}').rows == [{"id": "1"}]


def test_keys_that_come_later_are_null_before(parse):
    assert parse('{"a": 1}', '{"b": 2}').rows == [{"a": "1", "b": None}, {"a": None, "b": "2"}]


def test_a_key_spelled_otherwise_in_another_line_is_the_same_column(parse):
    content = parse('{"Email": "a", "x": 1}', '{"email": "b"}', '{"EMAIL": "c"}', required=("eMail",))

    assert [row["Email"] for row in content.rows] == ["a", "b", "c"]
    assert list(content.rows[0]) == ["Email", "x"]


def test_a_line_without_a_required_value_is_set_aside(parse):
    content = parse(
        '{"id": 1}', '{"id": ""}', '{"id": "  "}', '{"id": null}', '{"x": 1}', '{"id": 0}', required=("id",)
    )

    assert content.lines == [1, 6]
    assert content.reasons == dict.fromkeys([2, 3, 4, 5], "the required column id is empty")


def test_a_file_that_never_has_a_required_key_is_refused(parse):
    with pytest.raises(SourceError, match=r"orders\.jsonl lacks the required column id; it has: a, b\."):
        parse('{"b": 1}', '{"a": 2}', required=("id",))


def test_an_empty_file_has_no_rows(parse):
    assert parse(required=("id",)) == Content([], [], [])


def test_a_compressed_file_is_read(tmp_path):
    path = tmp_path / "orders.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": 1}\n'))

    assert read(JsonLinesFormat(FormatOptions()), path).rows == [{"id": "1"}]
