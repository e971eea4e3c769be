"""SHA-256 as advertising platforms take identifiers: hexadecimal, in lower case, of the normalised text."""

import hashlib
import re
from collections.abc import Callable

_HASHED = re.compile(r"[0-9A-Fa-f]{64}")


def hashed(value: str, normalise: Callable[[str], str | None]) -> str | None:
    """The digest of the normalised value; None of a value that cannot be one.

    What is hashed already, 64 hexadecimal digits, is not hashed again: it goes out in lower case.
    """
    text = value.strip()
    if _HASHED.fullmatch(text):
        return text.lower()
    normalised = normalise(text)
    return hashlib.sha256(normalised.encode()).hexdigest() if normalised else None
