"""Values that identify nobody by themselves: listed ones, and the placeholders that forms and systems fill in."""

from collections.abc import Iterable

import polars as pl

from cdp_assets.identity.config import Junk
from cdp_assets.identity.normalise.emails import normalise_emails
from cdp_assets.identity.normalise.text import fold

_EMAIL_LOCAL = (
    r"no-?reply|do-?not-?reply|none|null|na|n/a|test(?:er|ing|user)?\d*|unknown|anonymous|asdf+|noemail|no-?email"
    r"|nomail|guest|dummy|fake|x{2,}|a{3,}|example|placeholder|nobody"
)
_EMAIL_DOMAIN = r"(?:test|none|null|noemail|no-?email|nomail|domain|email|invalid)\.(?:com|org|net|invalid)"
_EMAIL = rf"^(?:{_EMAIL_LOCAL})@|@(?:{_EMAIL_DOMAIN})$"
_PHONE = "1234567|9876543|" + "|".join(f"{digit}{{7}}$" for digit in range(10))
_NAMES = (
    "test", "dummy", "asdf", "unknown", "undefined", "none", "null", "n a", "noname", "no name", "not provided",
    "not available", "nobody", "anonymous", "customer", "user", "deleted", "redacted", "placeholder", "first name",
    "last name", "full name", "firstname", "lastname",
)  # fmt: skip
_ALSO_NAMES = ("tester", "na", "nan", "nil", "guest")  # some are called so
_PARTS = ("first_name", "last_name")
_NAME = r"^\d[\d ]*$|^(?:" + "|".join(f"{letter}{{3,}}" for letter in "abcdefghijklmnopqrstuvwxyz") + ")$"
_IDS = ("-1", "false", "true", "[object object]", "-", "n/a", *_NAMES, *_ALSO_NAMES)
_ID = r"^[0-]+$|^(?:ffffffff-ffff-ffff-ffff-ffffffffffff)$"
_DATES = ("0001-01-01", "1899-12-30", "1899-12-31", "2999-12-31", "9999-12-31")  # what systems write for "none"
_PLACEHOLDER, _BLOCKED = "placeholder", "blocked"


def email_reasons(emails: pl.Series, junk: Junk) -> pl.Series:
    """Why a normalised e-mail identifies nobody, or null."""
    listed = pl.Series([entry for entry in junk.emails if not entry.startswith("@")], dtype=pl.String)
    domains = [entry[1:].lower() for entry in junk.emails if entry.startswith("@")]
    blocked = emails.is_in(normalise_emails(listed).drop_nulls().implode())
    if domains:
        blocked |= emails.str.extract("@(.*)$").is_in(domains)
    return _reasons(emails, blocked, emails.str.contains(_EMAIL))


def phone_reasons(phones: pl.Series, junk: Junk) -> pl.Series:
    """Why a phone in E.164 identifies nobody, or null."""
    listed = pl.Series(junk.phones, dtype=pl.String).str.replace_all(r"[^+\d]", "")
    return _reasons(phones, phones.is_in(listed.implode()), phones.str.contains(_PHONE))


def id_reasons(ids: pl.Series) -> pl.Series:
    """Why an id is nobody's, or null: `identify(null)` must not make one person of many."""
    lower = ids.str.to_lowercase()
    return _reasons(ids, None, lower.is_in(_IDS) | lower.str.contains(_ID))


def name_reasons(names: pl.DataFrame, junk: Junk) -> dict[str, pl.Series]:
    """Why a folded `first_name` or `last_name` is nobody's, or null. `Nan Smith` is somebody, `nan nan` is not."""
    listed = _folded(junk.names)
    sure = {name: names[name].is_in(_NAMES) | names[name].str.contains(_NAME) for name in _PARTS}
    empty = {name: sure[name] | names[name].is_null() | names[name].is_in(_ALSO_NAMES) for name in _PARTS}
    placeholders = {
        name: sure[name] | (names[name].is_in(_ALSO_NAMES) & empty[other])
        for name, other in zip(_PARTS, reversed(_PARTS), strict=True)
    }
    return {name: _reasons(names[name], names[name].is_in(listed), placeholders[name]) for name in _PARTS}


def date_reasons(dates: pl.Series, junk: Junk) -> pl.Series:
    """Why a date of birth says nothing, or null."""
    listed = pl.Series([*_DATES, *junk.dates_of_birth], dtype=pl.String).str.to_date()
    year = dates.dt.year()
    impossible = year < junk.earliest_birth_year
    if junk.latest_birth_year is not None:
        impossible |= year > junk.latest_birth_year
    reasons = pl.DataFrame({"placeholder": dates.is_in(listed.implode()), "impossible": impossible})
    return reasons.select(
        pl.when("placeholder").then(pl.lit(_PLACEHOLDER)).when("impossible").then(pl.lit("impossible"))
    ).to_series()


def _folded(names: Iterable[str]) -> pl.Series:
    return fold(pl.Series(list(names), dtype=pl.String)).drop_nulls().implode()


def _reasons(values: pl.Series, blocked: pl.Series | None, placeholder: pl.Series) -> pl.Series:
    listed = pl.lit(value=False) if blocked is None else pl.lit(blocked)
    found = pl.when(listed).then(pl.lit(_BLOCKED)).when(pl.lit(placeholder)).then(pl.lit(_PLACEHOLDER))
    return pl.select(found.alias(values.name)).to_series()
