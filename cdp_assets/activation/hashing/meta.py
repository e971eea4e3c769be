"""Meta's normalisation of each key of a custom audience, hashed where Meta wants it hashed.

Text is read as Unicode's compatibility form, composed: what looks the same becomes the same digest. Each function takes
whatever a warehouse holds, and returns None of what cannot be such a value.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import phonenumbers

from cdp_assets.activation.hashing.digest import hashed
from cdp_assets.activation.hashing.us_states import US_STATES

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_MOBILE_AD_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LIMITED_TRACKING = "00000000-0000-0000-0000-000000000000"
_US_ZIP = re.compile(r"(\d{5})(-?\d{4})?")
_ZIP_PLUS_FOUR = re.compile(r"\d{5}-\d{4}")
_GENDERS = {"f": "f", "female": "f", "m": "m", "male": "m"}
_ALIASES = {"uk": "gb", "usa": "us"}
_FIRST_YEAR = 1900
_LONGEST_PHONE = 40
_SHORTEST_BARE = 11
"""National numbers are ten digits or less nearly everywhere: so many without a `+` begin with a country code."""


def email(value: object) -> str | None:
    """Trimmed, in lower case."""
    return _hashed(value, lambda text: folded if _EMAIL.fullmatch(folded := _folded(text)) else None)


def phone(value: object, country: str | None = None) -> str | None:
    """Digits with the country code and no leading zeros; `country`, as `us`, is where a national number is from."""
    return _hashed(value, lambda text: _international(text, country.upper() if country else None))


def name(value: object) -> str | None:
    """First or last: lower case without punctuation, in any script; single spaces stay."""
    return _hashed(value, lambda text: " ".join(_kept(_folded(text), "LMNZ").split()))


def city(value: object) -> str | None:
    """Lower case without punctuation and spaces."""
    return _hashed(value, lambda text: _kept(_folded(text), "LMN"))


def state(value: object, country: str | None = None) -> str | None:
    """As a city; a state of the United States by its two letters, unless the country is another."""
    return _hashed(value, lambda text: _state(_kept(_folded(text), "LMN"), country))


def postal_code(value: object, country: str | None = None) -> str | None:
    """Lower case without spaces and dashes; the first five digits of one of the United States."""
    return _hashed(value, lambda text: _postal_code(_folded(text), country))


def country(value: object) -> str | None:
    """Hashed, of what `country_code` reads."""
    return _hashed(value, country_code)


def country_code(value: object) -> str | None:
    """ISO alpha-2 in lower case."""
    folded = _folded(_text(value)).strip()
    code = _ALIASES.get(folded, folded)
    return code if code.upper() in phonenumbers.SUPPORTED_REGIONS else None


def birth_parts(value: object) -> dict[str, str]:
    """`DOBY`, `DOBM` and `DOBD`, each hashed, of a date or one in ISO 8601; none of them of anything else."""
    born = _date(value)
    if born is None or born.year < _FIRST_YEAR:
        return {}
    parts = {"DOBY": f"{born.year:04}", "DOBM": f"{born.month:02}", "DOBD": f"{born.day:02}"}
    return {part: digest for part, text in parts.items() if (digest := hashed(text, str)) is not None}


def gender(value: object) -> str | None:
    """`f` or `m`."""
    return _hashed(value, lambda text: _GENDERS.get(_folded(text)))


def external_id(value: object) -> str | None:
    """As it is, trimmed; Meta takes it unhashed."""
    return _text(value).strip() or None


def mobile_ad_id(value: object) -> str | None:
    """Lower case with its hyphens, unhashed; the zeros that a device gives who limits tracking are nobody's."""
    folded = _folded(_text(value)).strip()
    return folded if _MOBILE_AD_ID.fullmatch(folded) and folded != _LIMITED_TRACKING else None


def _hashed(value: object, normalise: Callable[[str], str | None]) -> str | None:
    text = _text(value)
    return hashed(text, normalise) if text else None


def _text(value: object) -> str:
    """What a warehouse may hold as text: whole numbers too; empty of anything else."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "ignore").decode()
        case bool():
            return ""
        case int():
            return str(value)
        case float() | Decimal() if math.isfinite(value) and value % 1 == 0:
            return f"{value:.0f}"
        case _:
            return ""


def _folded(text: str) -> str:
    """One form of what looks the same, in lower case, which can itself take a text out of that form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).strip()


def _kept(text: str, categories: str) -> str:
    """The characters of these Unicode categories, as L for letters, M for marks, N for numbers, Z for spaces."""
    return "".join(character for character in text if unicodedata.category(character)[0] in categories)


def _state(folded: str, country: str | None) -> str:
    return US_STATES.get(folded, folded) if country in {None, "us"} else folded


def _postal_code(folded: str, country: str | None) -> str | None:
    if country == "us" or (country is None and _ZIP_PLUS_FOUR.fullmatch(folded)):
        found = _US_ZIP.fullmatch(folded.replace(" ", ""))
        return found[1] if found else None
    return _kept(folded, "LN")


def _international(text: str, region: str | None) -> str | None:
    """Digits of the number as it is dialled from abroad; None of one whose country is not known."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if len(plain) > _LONGEST_PHONE:
        return None
    digits = re.sub(r"[^0-9]", "", plain)
    if digits.startswith("00"):
        return _dialled(_parsed(f"+{digits.lstrip('0')}", None), phonenumbers.is_possible_number)
    if "+" in plain:
        return _dialled(_parsed(plain, None), phonenumbers.is_possible_number)
    national = _parsed(plain, region) if region else None
    if national and phonenumbers.is_possible_number(national):
        return _dialled(national, phonenumbers.is_valid_number)
    if len(digits) < _SHORTEST_BARE or digits.startswith("0"):
        return None
    return _dialled(_parsed(f"+{digits}", None), phonenumbers.is_valid_number)


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _dialled(
    number: phonenumbers.PhoneNumber | None, accepted: Callable[[phonenumbers.PhoneNumber], bool]
) -> str | None:
    if number is None or not accepted(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _date(value: object) -> date | None:
    match value:
        case datetime():
            return value.date()
        case date():
            return value
        case str():
            try:
                return datetime.fromisoformat(unicodedata.normalize("NFKC", value).strip()).date()
            except ValueError:
                return None
        case _:
            return None
