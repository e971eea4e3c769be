"""Phone numbers as match keys: E.164."""

import re
from collections.abc import Sequence

import phonenumbers

_EXTENSION = re.compile(r"\s*(?:ext\.?|x|extension|#)\s*\d+\s*$", re.IGNORECASE)


def normalise_phone(text: str | None, regions: Sequence[str]) -> str | None:
    """The number in E.164, or null when it is none.

    A number without a country code is read as one of the first of `regions` (ISO alpha-2) where it is in use, else
    of the first where its length is possible.
    """
    if not text or len(text) > 40:
        return None
    plain = _EXTENSION.sub("", text)
    read = [number for region in regions if (number := _parsed(plain, region)) is not None]
    possible = [number for number in read if phonenumbers.is_possible_number(number)]
    best = next((number for number in possible if phonenumbers.is_valid_number(number)), None)
    if best is None and not possible:
        return None
    return phonenumbers.format_number(best or possible[0], phonenumbers.PhoneNumberFormat.E164)


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
