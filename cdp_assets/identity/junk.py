"""Identifiers that identify nobody: placeholders, and values that too many different people share."""

import re
from datetime import date

import polars as pl

from cdp_assets.identity.config import Junk
from cdp_assets.identity.names import fold

_EMAIL_LOCAL = re.compile(
    r"(no-?reply|do-?not-?reply|none|null|na|n/a|test(er|ing|user)?\d*|unknown|anonymous|asdf+|noemail|no-?email|nomail"
    r"|guest|dummy|fake|x{2,}|a{3,}|example|placeholder|nobody)"
)
_EMAIL_DOMAIN = re.compile(r"(test|none|null|noemail|no-?email|nomail|domain|email|invalid)\.(com|org|net|invalid)")
_NAMES = frozenset(
    {"test", "tester", "dummy", "asdf", "xxx", "unknown", "undefined", "none", "null", "na", "n a", "not provided"}
    | {
        "no name",
        "nobody",
        "anonymous",
        "guest",
        "customer",
        "user",
        "first name",
        "last name",
        "firstname",
        "lastname",
    }
)

_USER_IDS = frozenset({"0", "-1", "false", "true", "nan", "nil", "[object object]", "-", "n/a"})


def junk_email(email: str, junk: Junk) -> str | None:
    """Why a normalised e-mail identifies nobody; null when it may."""
    local, _, domain = email.rpartition("@")
    if email in junk.emails or f"@{domain}" in junk.emails:
        return "blocked"
    return "placeholder" if _EMAIL_LOCAL.fullmatch(local) or _EMAIL_DOMAIN.fullmatch(domain) else None


def junk_phone(phone: str, junk: Junk) -> str | None:
    """Why a phone in E.164 identifies nobody; null when it may."""
    if phone in junk.phones:
        return "blocked"
    tail = phone[-7:]
    return "placeholder" if len(set(tail)) == 1 or "1234567" in phone or phone.endswith("0000000") else None


def junk_user_id(user_id: str) -> str | None:
    """Why a log-in id is nobody's; null when it may be one: `identify(null)` must not make one person of many."""
    return "placeholder" if user_id.casefold() in _USER_IDS or user_id.casefold() in _NAMES else None


def junk_name(name: str | None, junk: Junk) -> str | None:
    """Why a folded name is nobody's; null when it may be one."""
    if name is None:
        return None
    if name in {fold(blocked) for blocked in junk.names}:
        return "blocked"
    return "placeholder" if name in _NAMES else None


def junk_date_of_birth(born: date, junk: Junk) -> str | None:
    """Why a date of birth says nothing; null when it may be true."""
    if born.isoformat() in junk.dates_of_birth:
        return "placeholder"
    return "impossible" if born.year < junk.earliest_birth_year else None


def shared_values(values: pl.DataFrame, names: pl.DataFrame, junk: Junk) -> pl.DataFrame:
    """The e-mails, phones and log-in ids that too many people share, with the reason.

    Args:
        values: `node`, `key`, `value`.
        names: `node`, `first_name`, `last_name`.
        junk: the limits.

    Returns:
        `key`, `value`, `reason`.
    """
    named = values.join(names, on="node", how="left", maintain_order="left")
    person = pl.struct(pl.col("first_name").str.split(" ").list.first(), "last_name")
    known = pl.col("first_name").is_not_null() | pl.col("last_name").is_not_null()
    counts = named.group_by("key", "value").agg(
        people=person.filter(known).n_unique(), records=pl.col("node").n_unique()
    )
    too_many_names = pl.col("people") > junk.most_names_per_value
    too_many_records = pl.col("records") > junk.most_records_per_value
    reason = pl.when(too_many_names).then(pl.lit("shared by many names")).otherwise(pl.lit("shared by many records"))
    return counts.filter(too_many_names | too_many_records).select("key", "value", reason.alias("reason"))
