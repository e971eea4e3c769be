"""Salesforce exports: contacts (with duplicates and deleted ones) and business accounts."""

import numpy as np
import polars as pl

from cdp_assets.sample.calendar import DAY_MS, END_MS, FIRST_MS
from cdp_assets.sample.emails import company_domain, company_name
from cdp_assets.sample.noise import JUNK_EMAILS, JUNK_PHONES, Profile, records, with_junk
from cdp_assets.sample.people import company_count
from cdp_assets.sample.phones import national
from cdp_assets.sample.randomness import between, chance, generator
from cdp_assets.sample.timestamps import SALESFORCE, written

COLUMNS = [
    "Id", "AccountId", "FirstName", "LastName", "Email", "Phone", "MobilePhone", "MailingStreet", "MailingCity",
    "MailingState", "MailingPostalCode", "MailingCountry", "Birthdate", "HasOptedOutOfEmail", "CreatedDate",
    "LastModifiedDate", "IsDeleted",
]  # fmt: skip
_FIRST_ENTRY = Profile(email=0.84, email_2=0.08, mobile=0.8, mobile_2=0.05, nickname=0.04, moved=0.04)
_SECOND_ENTRY = Profile(
    email=0.5, email_2=0.3, mobile=0.6, mobile_2=0.1, nickname=0.2, married=0.06, moved=0.22, typo=0.12
)
_RECEPTION = "212-664-7665"
_COUNTRY_WRITINGS = {
    "US": ["United States", "United States", "United States", "USA"],
    "GB": ["United Kingdom", "United Kingdom", "United Kingdom", "UK"],
    "FR": ["France"] * 4,
    "DE": ["Germany", "Germany", "Germany", "Deutschland"],
}
_AWKWARD_STREETS = ["{}\nApt 4B", '{}, "The Old Mill"', "{} 🏡", "c/o Reception\r\n{}"]


def salesforce_id(prefix: str, numbers: pl.Series) -> pl.Series:
    """An 18-character id: the object's prefix, the number, and a suffix of the right length."""
    return prefix + "5g0" + numbers.cast(pl.String).str.zfill(9) + "AAA"


def contacts(people: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The contact export's columns plus `person`, `changed` (ms of the last modification) and `created` (ms)."""
    rng = generator(seed, "crm.contacts")
    known = people.filter("in_crm")["person"]
    again = known.filter(pl.Series(chance(rng, len(known), 0.13)))
    thrice = again.filter(pl.Series(chance(rng, len(again), 0.12)))
    doubles = pl.concat([again, thrice])
    rows = pl.concat([records(people, known, rng, _FIRST_ENTRY), records(people, doubles, rng, _SECOND_ENTRY)])
    double = pl.Series(np.arange(len(rows)) >= len(known))
    order = rng.permutation(len(rows))
    return _export(rng, rows[order], double[order])


def accounts(people: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The account export: one row a company, a few of them subsidiaries."""
    rng = generator(seed, "crm.accounts")
    size = company_count(len(people))
    number = pl.Series(np.arange(size))
    parent = pl.Series(np.arange(size) // 7)
    created = pl.Series(between(rng, FIRST_MS - 900 * DAY_MS, FIRST_MS, size))
    changed = pl.Series(between(rng, created.to_numpy(), END_MS, size))
    subsidiary = pl.Series(chance(rng, size, 0.2)) & (parent < number)
    nothing = pl.Series([None] * size, dtype=pl.String)
    return pl.DataFrame(
        {
            "Id": salesforce_id("001", number),
            "ParentId": salesforce_id("001", parent).zip_with(subsidiary, nothing),
            "Name": company_name(number),
            "Website": "https://www." + company_domain(number),
            "BillingCountry": pl.Series(["United States", "United Kingdom", "France", "Germany"]).gather(
                rng.integers(0, 4, size)
            ),
            "CreatedDate": written(created, SALESFORCE),
            "LastModifiedDate": written(changed, SALESFORCE),
            "IsDeleted": _flags(pl.Series(chance(rng, size, 0.01))),
        }
    )


def _export(rng: np.random.Generator, rows: pl.DataFrame, double: pl.Series) -> pl.DataFrame:
    size = len(rows)
    created = between(rng, FIRST_MS - 1200 * DAY_MS, END_MS - 30 * DAY_MS, size)
    changed = between(rng, created, END_MS, size)
    nothing = pl.Series([None] * size, dtype=pl.String)
    mobile = national(rng, rows["number"], rows["country"])
    landline = national(rng, rows["landline"], rows["country"]).zip_with(pl.Series(chance(rng, size, 0.55)), nothing)
    reception = pl.Series(chance(rng, size, 0.02)) & (rows["country"] == "US")
    landline = pl.Series([_RECEPTION] * size).zip_with(reception, landline)
    with_address = pl.Series(chance(rng, size, 0.9))
    known_birth = pl.Series(chance(rng, size, 0.58))
    deleted = pl.Series(chance(rng, size, 0.008)) | (double & pl.Series(chance(rng, size, 0.06)))
    number = pl.Series(np.arange(size))
    return pl.DataFrame(
        {
            "Id": salesforce_id("003", number),
            "AccountId": salesforce_id("001", rows["company"]),
            "FirstName": rows["first"].str.to_uppercase().zip_with(pl.Series(chance(rng, size, 0.02)), rows["first"]),
            "LastName": rows["last"],
            "Email": with_junk(rng, rows["email"], JUNK_EMAILS, 0.15),
            "Phone": with_junk(rng, landline, JUNK_PHONES, 0.02),
            "MobilePhone": with_junk(rng, mobile, JUNK_PHONES, 0.08),
            "MailingStreet": _awkward(rng, rows["street"]).zip_with(with_address, nothing),
            "MailingCity": rows["city"].zip_with(with_address, nothing),
            "MailingState": rows["region"].zip_with(with_address, nothing),
            "MailingPostalCode": rows["postal"].zip_with(with_address, nothing),
            "MailingCountry": _countries(rng, rows["country"]),
            "Birthdate": rows["born"].cast(pl.String).zip_with(known_birth, nothing),
            "HasOptedOutOfEmail": _flags(pl.Series(chance(rng, size, 0.08))),
            "CreatedDate": written(created, SALESFORCE),
            "LastModifiedDate": written(changed, SALESFORCE),
            "IsDeleted": _flags(deleted),
            "person": rows["person"],
            "created": created,
            "changed": changed,
        }
    )


def _awkward(rng: np.random.Generator, streets: pl.Series) -> pl.Series:
    """A few streets with line breaks, quotes and emoji in them."""
    for pattern in _AWKWARD_STREETS:
        before, after = pattern.split("{}")
        streets = (before + streets + after).zip_with(pl.Series(chance(rng, len(streets), 0.004)), streets)
    return streets


def _countries(rng: np.random.Generator, country: pl.Series) -> pl.Series:
    style = rng.integers(0, 4, len(country))
    drawn = country
    for code, writings in _COUNTRY_WRITINGS.items():
        drawn = pl.Series(writings).gather(style).zip_with(country == code, drawn)
    return drawn


def _flags(values: pl.Series) -> pl.Series:
    """Salesforce's `true` and `false`."""
    return values.cast(pl.String)
