"""Requests of the Data Manager API: an audience member for each identifier."""

from collections.abc import Mapping, Sequence
from typing import Any

from cdp_assets.activation.hashing import google
from cdp_assets.destinations._google_ads.settings import GoogleAdsSettings
from cdp_assets.destinations.base import Identifier, Operation, Row
from cdp_assets.errors import ConfigurationError

FIELDS = {
    "contact_info": ("email", "phone", "first_name", "last_name", "postal_code", "country"),
    "mobile_id": ("mobile_ad_id",),
    "user_id": ("user_id",),
}
ADDRESS = ("first_name", "last_name", "postal_code")
ADDRESS_PARTS = {
    "given_name": "givenName",
    "family_name": "familyName",
    "region_code": "regionCode",
    "postal_code": "postalCode",
}


def check_fields(settings: GoogleAdsSettings, fields: Sequence[str]) -> None:
    """Check that a mapping has known names, and enough of them to find somebody.

    Raises:
        ConfigurationError: it has not; the message lists what there is.
    """
    wrong, known = "destination 'google_ads': the mapping", FIELDS[settings.upload_key_type]
    if unknown := [repr(name) for name in fields if name not in known]:
        raise ConfigurationError(
            f"{wrong} names {', '.join(unknown)}; with upload_key_type {settings.upload_key_type}"
            f" there is: {', '.join(known)}."
        )
    needed = {*ADDRESS} if settings.default_country else {*ADDRESS, "country"}
    if {*ADDRESS} & {*fields} and (missing := sorted(needed - {*fields})):
        raise ConfigurationError(f"{wrong} has part of an address; it needs {', '.join(missing)} too, or none of it.")
    if not {"email", "phone", "first_name", "mobile_ad_id", "user_id"} & {*fields}:
        raise ConfigurationError(f"{wrong} finds nobody; map at least email, phone or a whole address.")


def identifiers(settings: GoogleAdsSettings, fields: Mapping[str, Any]) -> list[Identifier]:
    """What Google can find a person by, each of which it matches alone."""
    if settings.upload_key_type == "mobile_id":
        found = {"mobile_id": {"value": google.mobile_id(fields.get("mobile_ad_id"))}}
    elif settings.upload_key_type == "user_id":
        found = {"user_id": {"value": google.user_id(fields.get("user_id"))}}
    else:
        said = fields.get("country")
        country = settings.default_country if said is None or said == "" else google.region_code(said)
        found = {
            "email": {"value": google.email(fields.get("email"))},
            "phone": {"value": google.phone(fields.get("phone"), country)},
            "address": {
                "given_name": google.given_name(fields.get("first_name")),
                "family_name": google.family_name(fields.get("last_name")),
                "region_code": country,
                "postal_code": google.postal_code(fields.get("postal_code"), country),
            },
        }
    whole = {kind: {name: value for name, value in values.items() if value} for kind, values in found.items()}
    return [Identifier(kind, values) for kind, values in whole.items() if len(values) == len(found[kind])]


def request(settings: GoogleAdsSettings, destination: object, operation: Operation, rows: Sequence[Row]) -> Any:  # noqa: ANN401
    """The body that adds or removes rows of one identifier each."""
    body: dict[str, Any] = {"destinations": [destination], "audienceMembers": [_member(row.fields) for row in rows]}
    if settings.upload_key_type == "contact_info":
        body["encoding"] = "HEX"
    if operation is not Operation.REMOVE:
        body["consent"] = {"adUserData": settings.ad_user_data, "adPersonalization": settings.ad_personalization}
        if settings.terms_accepted:
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
    return body


def _member(fields: Mapping[str, Any]) -> dict[str, Any]:
    match fields["kind"]:
        case "mobile_id":
            return {"mobileData": {"mobileIds": [fields["value"]]}}
        case "user_id":
            return {"userIdData": {"userId": fields["value"]}}
        case "address":
            found = {"address": {told: fields[name] for name, told in ADDRESS_PARTS.items()}}
        case kind:
            found = {{"email": "emailAddress", "phone": "phoneNumber"}[kind]: fields["value"]}
    return {"userData": {"userIdentifiers": [found]}}
