"""What a destination says is kept without what it says about whom."""

import pytest

from cdp_assets.activation.redaction import redact


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Email ANN@example.com is taken", "Email <EMAIL> is taken"),
        ("duplicate of bob@example.org", "duplicate of <e-mail>"),
        ("phone +33 6 12 34 56 78 is invalid", "phone <number> is invalid"),
        ("hash " + "ab" * 32, "hash <hash>"),
        ("code 601:\n  try   later", "code 601: try later"),
        ("", ""),
    ],
)
def test_values_addresses_numbers_and_hashes_are_blotted_out(said, kept):
    assert redact(said, {"EMAIL": "ann@example.com", "CITY": None, "X": ""}) == kept


def test_a_reason_is_short():
    assert len(redact("word " * 1000, {})) == 200
