"""Hand-made exports of each source: raw tables as the loader leaves them, all text."""

from typing import Any

import polars as pl
import yaml

from cdp_assets.settings import DBT_PROJECT_DIR
from cdp_assets.tables import Table
from cdp_assets.warehouses.base import Warehouse

LOADED_AT = "2026-07-01T00:00:00Z"

ROWS: dict[str, list[dict[str, Any]]] = {
    "crm__accounts": [
        {"Id": "A1", "Name": "Acme", "Website": "https://www.Acme.example/about", "BillingCountry": "Germany"},
    ],
    "crm__contacts": [
        {
            "Id": "C1", "AccountId": "A1", "FirstName": "Ann", "LastName": "Lee", "Email": " Ann@X.example ",
            "Phone": "030 1", "MobilePhone": "0170 1", "MailingStreet": "Elm 1", "MailingCity": "Berlin",
            "MailingCountry": "Deutschland", "Birthdate": "1980-02-29",
            "LastModifiedDate": "2026-01-02T00:00:00.000+0000", "HasOptedOutOfEmail": "false", "IsDeleted": "false",
        },
        {"Id": "C1", "FirstName": "Old", "Email": "old@x.example", "LastModifiedDate": "2025-01-01T00:00:00.000+0000"},
        {
            "Id": "C2", "FirstName": "Bo", "Email": "bo@x.example", "Birthdate": "1980-02-31",
            "LastModifiedDate": "not a date", "IsDeleted": "true", "HasOptedOutOfEmail": "true",
        },
        {"Id": "", "Email": "nobody@x.example"},
    ],
    "crm__consents": [
        {
            "Id": "K1", "PartyId": "C1", "DataUsePurpose": "email_marketing", "PrivacyConsentStatus": "OptOut",
            "CaptureDate": "2025-01-01T00:00:00Z",
        },
        {
            "Id": "K2", "PartyId": "C1", "DataUsePurpose": "ads", "PrivacyConsentStatus": "OptOut",
            "CaptureDate": "2025-01-01T00:00:00Z",
        },
        {
            "Id": "K3", "PartyId": "C1", "DataUsePurpose": "ads", "PrivacyConsentStatus": "OptIn",
            "CaptureDate": "2025-06-01T00:00:00Z",
        },
        {
            "Id": "K4", "PartyId": "C2", "DataUsePurpose": "ads", "PrivacyConsentStatus": "OptIn",
            "CaptureDate": "2025-06-01T00:00:00Z",
        },
        {
            "Id": "K5", "PartyId": "C2", "DataUsePurpose": "email_marketing", "PrivacyConsentStatus": "OptIn",
            "CaptureDate": "2026-06-01T00:00:00Z",
        },
    ],
    "shop__customers": [
        {
            "id": "7", "email": "ann@x.example", "phone": "+49 170 1", "first_name": "Anna", "last_name": "Lee",
            "created_at": "2024-08-01T00:00:00Z", "updated_at": "2026-05-01T00:00:00Z", "verified_email": "true",
            "default_address": '{"address1": null, "city": "Bonn", "zip": "53111", "country_code": "de"}',
            "email_marketing_consent": '{"state": "subscribed", "consent_updated_at": "2026-05-01T00:00:00Z"}',
            "sms_marketing_consent": '{"state": "not_subscribed"}',
        },
        {"id": "8", "email": "bo@x.example", "updated_at": "2026-05-02T00:00:00Z", "default_address": "{broken",
         "email_marketing_consent": '{"state": "REDACTED"}'},
    ],
    "shop__orders": [
        {
            "id": "1", "email": "ann@x.example", "customer": '{"id": 7}', "processed_at": "2025-03-10T10:00:00+02:00",
            "currency": "EUR", "total_price": "100.00",
            "line_items": '[{"id": 11, "product_id": 5, "title": "Mug", "quantity": 4, "price": "25.00"}]',
        },
        {
            "id": "2", "email": "ANN@x.example", "processed_at": "2025-04-01T00:00:00Z", "currency": "USD",
            "cancelled_at": "2025-04-02T00:00:00Z", "total_price": "50.00",
            "line_items": '[{"id": 21, "quantity": 2, "price": "25.00"}]',
        },
        {"id": "3", "email": "stranger@x.example", "currency": "XXX", "total_price": "ten", "line_items": "[]"},
    ],
    "shop__refunds": [
        {
            "id": "1", "order_id": "1", "created_at": "2025-03-20T00:00:00Z",
            "refund_line_items": '[{"id": 91, "line_item_id": 11, "quantity": 1, "subtotal": "25.00"}]',
            "transactions": '[{"id": 1, "kind": "refund", "amount": "25.00", "currency": "EUR"}]',
        },
        {
            "id": "2", "order_id": "2", "created_at": "2025-04-01T12:00:00Z",
            "refund_line_items": '[{"id": 92, "line_item_id": 21, "quantity": 1, "subtotal": "25.00"}]',
            "transactions": '[{"id": 2, "kind": "refund", "amount": "20.00", "currency": "USD"}]',
        },
    ],
    "web__events": [
        {
            "messageId": "m1", "type": "identify", "userId": "7", "anonymousId": "device-1",
            "timestamp": "2025-05-01T00:00:00Z", "traits": '{"email": "ann@old.example", "firstName": "Ann"}',
        },
        {
            "messageId": "m2", "type": "identify", "userId": "7", "anonymousId": "device-2",
            "timestamp": "2025-06-01T00:00:00Z", "traits": '{"email": "ann@x.example"}',
        },
        {
            "messageId": "m3", "type": "track", "event": "Product Viewed", "anonymousId": "device-1",
            "timestamp": "2025-04-30T00:00:00Z", "properties": '{"product_id": "5"}',
        },
        {
            "messageId": "m3", "type": "track", "event": "Product Viewed", "anonymousId": "device-1",
            "timestamp": "2025-04-30T00:00:00Z", "properties": '{"product_id": "5"}',
        },
        {"messageId": "m4", "type": "page", "anonymousId": "device-9", "timestamp": "2025-04-30T00:00:00Z"},
    ],
    "support__tickets": [
        {
            "ticket_id": "T1", "created_at": "2025-07-01 09:00:00", "updated_at": "2025-07-02 09:00:00",
            "status": "closed", "requester_name": "Lee, Ann Marie", "requester_email": "none@none.example",
            "channel": "email",
        },
        {"ticket_id": "T2", "created_at": "2025-07-01 09:00:00", "requester_email": "none@none.example"},
    ],
}  # fmt: skip

ANN, BO = "customer-ann", "customer-bo"
CUSTOMER_IDS = [
    ("crm", "C1", ANN), ("shop", "7", ANN), ("web", "7", ANN), ("support", "T1", ANN), ("shop", "8", BO),
    ("support", "T2", BO),
]  # fmt: skip

# The ticket's e-mail is junk in the eyes of identity, although other records of its customer have a good one.
MATCH_KEYS = [
    ("crm", "C1", "ann@x.example", "+49301"),
    ("shop", "7", "ann@x.example", "+491701"),
    ("web", "7", "ann@x.example", None),
    ("shop", "8", "bo@x.example", None),
]


def raw_columns() -> dict[str, list[str]]:
    """The columns of each raw table, as the dbt project declares them."""
    files = sorted(DBT_PROJECT_DIR.glob("models/staging/*/_sources.yml"))
    tables = [table for file in files for table in yaml.safe_load(file.read_text())["sources"][0]["tables"]]
    return {table["name"]: [column["name"] for column in table["columns"]] for table in tables}


def write_raw(warehouse: Warehouse, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Write every raw table, without rows when there are none."""
    for name, columns in raw_columns().items():
        technical = {"_load_id": "load-1", "_loaded_at": LOADED_AT}
        complete = [{**technical, "_source_row": f"{name}:{n}", **row} for n, row in enumerate(rows.get(name, []), 1)]
        frame = pl.DataFrame(complete, schema=dict.fromkeys(columns, pl.String))
        loaded_at = pl.col("_loaded_at").str.to_datetime(time_zone="UTC")
        warehouse.write_arrow(Table("raw", name), frame.with_columns(loaded_at).to_arrow())


def write_identity(warehouse: Warehouse, customer_ids: list[tuple[str, str, str]]) -> None:
    """Write identity's answer, which the master models read."""
    key = ["source", "record_id"]
    ids = pl.DataFrame(customer_ids, schema=dict.fromkeys([*key, "customer_id"], pl.String), orient="row")
    warehouse.write_arrow(Table("identity", "customer_ids"), ids.to_arrow())
    keys = pl.DataFrame(MATCH_KEYS, schema=dict.fromkeys([*key, "email", "phone"], pl.String), orient="row")
    warehouse.write_arrow(Table("identity", "records"), ids.select(key).join(keys, on=key, how="left").to_arrow())
