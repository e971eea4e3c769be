"""Which identifiers a row has at Meta: each finds a person alone, and so is added and removed alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from cdp_assets.activation.hashing import meta
from cdp_assets.destinations.base import Identifier
from cdp_assets.errors import ConfigurationError

KINDS: dict[str, tuple[str, ...]] = {
    "EMAIL": ("EMAIL",),
    "PHONE": ("PHONE",),
    "MADID": ("MADID",),
    "EXTERN_ID": ("EXTERN_ID",),
    "PERSON": ("FN", "LN", "ZIP", "CT", "ST", "COUNTRY", "DOBY", "DOBM", "DOBD", "GEN"),
}
"""The keys of each kind of identifier, in the order of Meta's schema."""

FIELDS = (
    "email",
    "phone",
    "mobile_ad_id",
    "external_id",
    "first_name",
    "last_name",
    "postal_code",
    "city",
    "state",
    "country",
    "date_of_birth",
    "gender",
)
ALONE = frozenset({"email", "phone", "mobile_ad_id", "external_id"})
NAMED = frozenset({"first_name", "last_name"})
TOLD_APART_BY = frozenset({"postal_code", "date_of_birth"})


def identifiers(fields: Mapping[str, Any], default_country: str | None) -> list[Identifier]:
    """An identifier a kind, of what the fields have; `default_country`, as `US`, is that of rows without one."""
    given = fields.get("country") if fields.get("country") not in (None, "") else default_country
    code = meta.country_code(given)
    found = {
        "EMAIL": {"EMAIL": meta.email(fields.get("email"))},
        "PHONE": {"PHONE": meta.phone(fields.get("phone"), code)},
        "MADID": {"MADID": meta.mobile_ad_id(fields.get("mobile_ad_id"))},
        "EXTERN_ID": {"EXTERN_ID": meta.external_id(fields.get("external_id"))},
        "PERSON": _person(fields, given, code),
    }
    present = {kind: {key: value for key, value in keys.items() if value} for kind, keys in found.items()}
    return [Identifier(kind, values) for kind, values in present.items() if values]


def check_fields(fields: Sequence[str]) -> None:
    """Check that the fields are known, and that some of them make an identifier."""
    unknown = [repr(name) for name in fields if name not in FIELDS]
    if unknown:
        raise ConfigurationError(
            f"destination 'meta_ads': there is no field {', '.join(unknown)}; the fields are: {', '.join(FIELDS)}."
        )
    given = set(fields)
    if not (ALONE & given or (given >= NAMED and TOLD_APART_BY & given)):
        raise ConfigurationError(
            f"destination 'meta_ads': {', '.join(fields) or 'no field'} makes no identifier; map one of"
            f" {', '.join(name for name in FIELDS if name in ALONE)}, or first_name and last_name with postal_code or"
            " date_of_birth."
        )


def _person(fields: Mapping[str, Any], country: object, code: str | None) -> dict[str, str | None]:
    """Both names and what else there is; nothing without a postal code or a date of birth, which tell namesakes apart.

    A city is not enough: it would find a namesake as well as the customer.
    """
    names = {"FN": meta.name(fields.get("first_name")), "LN": meta.name(fields.get("last_name"))}
    postal_code = meta.postal_code(fields.get("postal_code"), code)
    born = meta.birth_parts(fields.get("date_of_birth"))
    if not all(names.values()) or not (postal_code or born):
        return {}
    return {
        **names,
        "ZIP": postal_code,
        "CT": meta.city(fields.get("city")),
        "ST": meta.state(fields.get("state"), code),
        "COUNTRY": meta.country(country),
        **born,
        "GEN": meta.gender(fields.get("gender")),
    }
