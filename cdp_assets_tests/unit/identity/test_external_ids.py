"""JSON objects of ids are read as a JSON parser reads them."""

import json

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cdp_assets.identity.normalise.external_ids import members

TEXT = st.text('a1 ":,{}[]\\\u00e9\n\t', max_size=5)
SCALAR = TEXT | st.integers() | st.none() | st.booleans()
JSON = st.dictionaries(
    TEXT, SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(TEXT, SCALAR, max_size=1), max_size=3
)


def expected(text: str) -> list[tuple[str, str]] | None:
    """Type and value of each member by Python's parser; null for what is no object."""
    try:
        read = json.loads(text)
    except ValueError:
        return None
    if not isinstance(read, dict):
        return None
    listed = [(kind, item) for kind, value in read.items() for item in (value if isinstance(value, list) else [value])]
    scalars = [(kind, item) for kind, item in listed if item is not None and not isinstance(item, dict)]
    return sorted((kind, item if isinstance(item, str) else json.dumps(item)) for kind, item in scalars)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        JSON.map(json.dumps) | JSON.map(lambda read: json.dumps(read, ensure_ascii=False, indent=1)) | TEXT, max_size=6
    )
)
@example(['{"a": 01}', '{"a": "x" "b": 1}', '{"": ""}', '{"a": "x"} x'])
def test_objects_are_read_as_a_parser_reads_them(texts):
    found, broken = members(pl.Series(texts, dtype=pl.String))
    for node, text in enumerate(texts):
        wanted = expected(text)
        ours = found.filter(pl.col("node") == node).select("type", "value").rows()
        assert sorted(ours) == (wanted or [])
        assert (node in broken["node"]) == (wanted is None and bool(text.strip()))
