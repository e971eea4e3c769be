"""Identifiers as Google's customer match takes them: e-mail, phone and names hashed, the rest as it is.

The rules are those of https://developers.google.com/data-manager/api/devguides/concepts/formatting. Before them text is
brought to Unicode's NFKC, so that a name typed in one keyboard's way and in another's is one person. What cannot be a
value of its field is None, and so is no identifier.
"""

import re
from decimal import Decimal
from unicodedata import category, normalize
from uuid import UUID

import phonenumbers

from cdp_assets.activation.hashing.digest import hashed

PREFIXES = frozenset({"dr", "frau", "herr", "miss", "mlle", "mme", "mr", "mrs", "ms", "mx", "prof", "rev", "sir"})
SUFFIXES = frozenset({"esq", "ii", "iii", "iv", "jr", "phd", "sr"})
_LONGEST_EMAIL = 254
_LONGEST_ID = 512
_POSTAL_CODE = re.compile(r"[0-9A-Z][0-9A-Z -]{1,10}")
_ZIP_CODE = re.compile(r"(\d{5})-?(\d{4})?")


def email(value: object) -> str | None:
    """The digest of an e-mail address: lower case, no white space; at Gmail also without dots and `+suffix`."""
    return hashed(_text(value), _email)


def phone(value: object, country: str | None) -> str | None:
    """The digest of a phone number as E.164; a number without a country code is read as one of `country`."""
    return hashed(_text(value), lambda text: _phone(text, country))


def given_name(value: object) -> str | None:
    """The digest of a first name in lower case, without a prefix such as Mrs."""
    return hashed(_text(value), _given_name)


def family_name(value: object) -> str | None:
    """The digest of a last name in lower case, without a suffix such as Jr."""
    return hashed(_text(value), _family_name)


def region_code(value: object) -> str | None:
    """A country's two letters (ISO 3166-1), which go out as they are."""
    text = _text(value).upper()
    return text if re.fullmatch("[A-Z]{2}", text) else None


def postal_code(value: object, country: str | None) -> str | None:
    """A postal code, which goes out as it is: so only what looks like one does, and no other column by mistake."""
    text = " ".join(_text(value).upper().split())
    if country == "US":
        parts = _ZIP_CODE.fullmatch(text)
        return "-".join(part for part in parts.groups() if part) if parts else None
    return text if _POSTAL_CODE.fullmatch(text) else None


def mobile_id(value: object) -> str | None:
    """An advertising id of a device; the one of only zeros, of those who do not want to be followed, is none."""
    text = _text(value)
    try:
        known = UUID(text).int != 0
    except ValueError:
        return None
    return text if known and text.count("-") == 4 else None


def user_id(value: object) -> str | None:
    """The advertiser's own id, which goes out as it is: an e-mail address, mapped by mistake, does not."""
    text = _text(value)
    return text if text and len(text) <= _LONGEST_ID and "@" not in text else None


def _text(value: object) -> str:
    """The value as text without white space around it, the same however it was typed; empty if it is none."""
    match value:
        case str():
            text = normalize("NFKC", value).strip()
        case bool():
            text = ""
        case int():
            text = str(value)
        case float() if value.is_integer():
            text = str(int(value))
        case Decimal() if value.is_finite() and value == int(value):
            text = str(int(value))
        case _:
            text = ""
    # With what nobody types there is nobody to find, and a lone surrogate has no bytes to hash.
    return "" if any(category(char) in {"Cc", "Cs"} and not char.isspace() for char in text) else text


def _email(text: str) -> str | None:
    user, at, domain = "".join(text.lower().split()).partition("@")
    if domain in {"gmail.com", "googlemail.com"}:
        user = user.partition("+")[0].replace(".", "")
    address = f"{user}{at}{domain}"
    return address if user and domain and "@" not in domain and len(address) <= _LONGEST_EMAIL else None


def _phone(text: str, country: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _given_name(text: str) -> str | None:
    words = text.lower().split()
    while len(words) > 1 and words[0].rstrip(".") in PREFIXES:
        del words[0]
    return " ".join(words) or None


def _family_name(text: str) -> str | None:
    words = text.lower().split()
    while len(words) > 1 and words[-1].replace(".", "") in SUFFIXES:
        del words[-1]
        words[-1] = words[-1].rstrip(",")
    return " ".join(words) or None
