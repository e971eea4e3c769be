"""Postal addresses as match keys."""

import re

from cdp_assets.identity.names import fold

_ABBREVIATIONS = {
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "lane": "ln",
    "drive": "dr",
    "court": "ct",
    "place": "pl",
    "square": "sq",
    "terrace": "ter",
    "highway": "hwy",
    "parkway": "pkwy",
    "circle": "cir",
    "apartment": "apt",
    "suite": "ste",
    "unit": "apt",
    "flat": "apt",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "saint": "st",
    "strasse": "str",
}
_NOT_WORD = re.compile(r"[^A-Z0-9]")
_US_PLUS_FOUR = re.compile(r"\d{5}-?\d{4}")


def normalise_street(text: str | None) -> str | None:
    """Street and number, folded, with the usual words abbreviated."""
    folded = fold(text)
    return folded and " ".join(_ABBREVIATIONS.get(word, word) for word in folded.split())


def normalise_postal_code(text: str | None, country: str | None) -> str | None:
    """Letters and digits in upper case; United States codes have their first five digits."""
    if not text or len(text) > 20:
        return None
    plain = text.strip().upper()
    if country in (None, "US") and _US_PLUS_FOUR.fullmatch(plain):
        plain = plain[:5]
    return _NOT_WORD.sub("", plain) or None
