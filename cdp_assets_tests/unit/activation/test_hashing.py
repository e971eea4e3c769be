"""What is sent hashed: the digest the platforms publish, never a digest of a digest."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from cdp_assets.activation.hashing.digest import hashed

JOHN = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"


def test_a_value_is_normalised_and_then_hashed():
    assert hashed("John_Smith@gmail.com", str.lower) == JOHN


def test_what_is_hashed_already_goes_out_as_it_is_in_lower_case():
    assert hashed(f" {JOHN.upper()} ", lambda _: "not asked") == JOHN


def test_what_cannot_be_a_value_has_no_digest():
    assert hashed("", str.lower) is None
    assert hashed("x", lambda _: None) is None


@given(st.text())
def test_a_digest_is_64_hexadecimal_digits_and_stays_itself(text: str):
    found = hashed(text, lambda value: value.encode("utf-8", "replace").decode())
    assert found is None or (len(found) == 64 and hashed(found, str.lower) == found)
    assert found != hashlib.sha256(b"").hexdigest()
