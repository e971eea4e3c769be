"""Exports no source should send, and some do: what cannot be read is null, and no row stops a build."""

from typing import Any

TIMESTAMPS = [
    "2026-01-31T12:00:00Z", "2026-01-31 12:00:00", "2026-01-31T12:00", "2026-01-31", "2026-01-31T12:00:00+05:30",
    "2026-01-31T12:00:00-0930", "2026-01-31T12:00:00+14", "2026-01-31 12:00:00 UTC",
    "2026-01-31T12:00:00.1Z", "2026-01-31T12:00:00.123456789Z", "2026-01-31T23:59:59.9999999+00:00",
    "2024-02-29T00:00:00Z", "2000-02-29", "2026-01-31T00:00:00.000+0000", "1000-01-01T00:00:00Z", "9999-12-31",
    # Nothing below is an instant.
    "2023-02-29T00:00:00Z", "1900-02-29", "2023-02-30", "2026-04-31T00:00:00Z", "0000-00-00", "0000-00-00 00:00:00",
    "0001-01-01T00:00:00Z", "10000-01-01", "2026-13-01", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
    "2026-06-30T23:59:60Z", "2026-01-31T12:00:00+15:00", "2026-01-31T12:00:00+05:60", "2026-01-31T12Z", "2026-1-31",
    "20260131T120000Z", "31/01/2026", "01-31-2026", "2026-01-31T12:00:00z", "2026-01-31t12:00:00Z", "1769860800",
    "2026-01-31T12:00:00 Europe/Berlin", "2026-01-31T12:00:00 +0100", "2026-01-31T12:00:00 Z", "2026-01-31T12:00:00UTC",
    "2026-01-31T12:00:00+05:30 ", " 2026-01-31", "2026-01-31+01:00", "infinity",
    "epoch", "now", "today", "NULL", "not a date", "", " ", "2026-01-31T12:00:00Z\n",
    "\uff12\uff10\uff12\uff16-01-31", "-2026-01-31",
]  # fmt: skip

NUMBERS = [
    "12", " 12 ", "+12.5", "-0", "-12.34", ".5", "5.", "00012.10", "1e3", "1.5E+2", "25e-1", "0.00005", "-0.00005",
    "0.000049999999999999999", "2.00015", "1e-30", "99999999999999.9999", "-99999999999999.9999", "1e13",
    "12345678901234.56785",
    # Nothing below is an amount.
    "99999999999999.99995", "100000000000000", "1e14", "1e99", "1e400", "-1e400", "9" * 400, "0." + "1" * 400, "NaN",
    "Infinity", "-inf", "1,000", "1_000", "0x10", "1e", "e5", ".", "-", "+-1", "1 2", "$5", "٣", "\u00a012", "12\t",
    "ten", "", " ", "true", "1.2.3", "--1",
]  # fmt: skip

DATES = [
    "1980-02-29", " 1980-02-28 ", "1980-02-29T00:00:00Z", "1980-02-29 and more", "1999-12-31",
    "2023-02-30", "1900-02-29", "0000-00-00", "0000-01-01", "0999-01-01", "1980-2-29", "29.02.1980", "1980", "", " ",
    "infinity", "\uff11\uff19\uff18\uff10-02-29", "-1980-02-29",
]  # fmt: skip

TEXTS = [
    "  padded  ", "\u00a0\u2003no-break\u3000", "\ttab\n", " ", "\u2009", "", "É🙂é", "👩‍👩‍👧",
    'a "quoted" b', "back\\slash", "it's",
    "line\nbreak\r\n", "%_like%", "NULL", "null", "a'; drop table x; --", "{{ jinja }}", "$1 ?", "\u202eright to left",
    "e\u0301 decomposed", "中文", "مرحبا", "ΑΒΓ ЖЗИ", "\ufeffmark", "a\u200bb", "\x01 control", "</script>", "x" * 3000,
]  # fmt: skip

NAMES = [
    "Ann", "Ann Lee", "Lee, Ann Marie", " Lee ,Ann ", "Ann  Lee", ",", "Lee,", ",Ann", "a,b,c", "李 小龍",
    "\u00a0Ann Lee\u2003",
    "Ann\u00a0Lee", "O'Neil \"Bo\" B\\c", "", " ", "Ann Lee van der Berg",
]  # fmt: skip

ADDRESSES = [
    "https://www.Acme.example/about", "acme.example", "HTTP://ACME.EXAMPLE:80", " www.acme.example?x=1", "ftp://a.b#c",
    "https://", "//x", "www.", "", " ", "http://münchen.example/ü", "https://a b.example", "javascript:alert(1)",
]  # fmt: skip

COUNTRIES = [
    "de",
    " DE ",
    "Deutschland",
    "ÖSTERREICH",
    "österreich\u00a0",
    "D",
    "DEU",
    "Nowhere",
    "日本",
    "",
    " ",
    "1 ",
]

BOOLEANS = ["true", " TRUE ", "1", "t", "Yes", "0", "N", "false", "2", "", "wahr", "on", "\u00a0y"]

# A document a warehouse reads, and one it does not: nothing in between, such as a comma too many.
OBJECTS = [
    '{"id": 7, "city": "Bonn", "email": "Ann@X.example", "state": "subscribed", "sessionId": "s1"}',
    '{"id": "x", "city": " \\u00d6rebro ", "email": "a\\"b@x.example", "state": " SUBSCRIBED ", "sessionId": ""}',
    '{"id": null, "city": null, "email": null, "state": null, "sessionId": null}',
    '{"id": {"a": 1}, "city": ["x"], "email": [], "state": {}, "sessionId": [1, 2]}',
    '{"id": 12345678901234567, "city": true, "email": false, "state": 0, "sessionId": -5}',
    '{"id": 1, "city": "back\\\\slash \\/ \\t tab", "email": "\\ud83d\\ude42@x.example", "state": "null"}',
    '  {"city" : "spaced" , "state":"not_subscribed"}  ', '{"city": "a\'b", "state": "pending"}',
    '{"City": "other case", "STATE": "subscribed"}', '{"a": {"city": "deeper"}}', "{}",
    "[]", "[1, 2]", '["city"]', '"city"', "7", "null", "true", "", " ", "{", "}", "{broken",
    '{"city": "cut', "{'city': 'x'}",
    '{"city": "x"} more', "not json", '{"city": undefined}', "\\", "🙂", '{"city" "x"}', "[{]}", "{]", '{"a": tru}',
]  # fmt: skip


def _array(*lines: tuple[str, str, str]) -> str:
    """Order lines as JSON, from the JSON of their id, quantity and price."""
    fields = '"product_id": 5, "title": "Mug", "product_type": " "'
    documents = [f'"id": {line}, {fields}, "quantity": {quantity}, "price": {price}' for line, quantity, price in lines]
    return "[" + ", ".join("{" + document + "}" for document in documents) + "]"


ARRAYS = [
    _array(("1", "4", '"25.00"')), _array(("1", "2", "2.5"), ('"2"', '"3"', '"0.3333"')),
    _array(("1", '"99999999999999"', '"99999999999999"')), _array(("1", '"many"', '"1e400"')),
    _array(("1", "null", "null")), _array(("1", "[1]", '{"x": 1}')), "[null]", '[1, "x", true]',
    "[" + _array(("1", "1", "1")) + "]", "[{}]", "[]", "{}", '{"0": {"id": 1}}', "[", "]", '[{"id": 1}', "[{]}", "",
    "null", _array(("12345678901234567", "1", "1")), _array(("3", "1", '" 7.5 "'))[:-1] + ", null, []]",
]  # fmt: skip

PAYMENT = '[{"id": 1, "kind": "refund", "amount": "%s", "currency": "%s"}, {"kind": "void", "amount": "9"}]'
PAYMENTS = [
    *(PAYMENT % pair for pair in [("25.00", "EUR"), ("1e400", "eur"), ("99999999999999.9999", "JPY"), ("-5", "")]),
    '[{"kind": "refund", "amount": "1", "currency": "EUR"}, {"kind": "refund", "amount": "2.5", "currency": "USD"}]',
    '[{"kind": ["refund"], "amount": 1}]', "[]", "{}", "[{", "", "null",
]  # fmt: skip


def _contacts() -> list[dict[str, Any]]:
    births = [{"Id": f"d{n}", "Birthdate": date, "LastModifiedDate": "2026-01-01"} for n, date in enumerate(DATES)]
    times = [{"Id": f"t{n}", "CreatedDate": t, "LastModifiedDate": t, "Phone": "1"} for n, t in enumerate(TIMESTAMPS)]
    countries = [{"Id": f"c{n}", "MailingCountry": country} for n, country in enumerate(COUNTRIES)]
    flags = [{"Id": f"b{n}", "IsDeleted": flag, "HasOptedOutOfEmail": flag} for n, flag in enumerate(BOOLEANS)]
    texts = [
        {
            "Id": f"x{n}",
            "FirstName": text,
            "Email": text,
            "Phone": text,
            "MobilePhone": TEXTS[-n],
            "MailingStreet": text,
        }
        for n, text in enumerate(TEXTS)
    ]
    versions = [{"Id": "v", "LastName": time, "LastModifiedDate": time} for time in TIMESTAMPS]
    return [*births, *times, *countries, *flags, *texts, *versions, {"Id": None}, {"Id": ""}, {"Id": " "}]


def _orders() -> list[dict[str, Any]]:
    times = [{"id": f"t{n}", "processed_at": time, "cancelled_at": time} for n, time in enumerate(TIMESTAMPS)]
    amounts: list[dict[str, Any]] = [
        {
            "id": f"{currency}{n}",
            "total_price": number,
            "currency": currency,
            "processed_at": "2025-03-10T23:30:00-05:00",
        }
        | {"cancelled_at": "2025-03-11" if n % 3 == 0 else None, "email": "ann@x.example" if n < 12 else None}
        for n, number in enumerate(NUMBERS)
        for currency in ("USD", "eur", "JPY", "XXX")
    ]
    people = [{"id": f"o{n}", "customer": document} for n, document in enumerate(OBJECTS)]
    lines = [
        {"id": f"l{n}", "line_items": array, "cancelled_at": "2025-03-11" if n % 2 else None}
        for n, array in enumerate(ARRAYS)
    ]
    return [*times, *amounts, *people, *lines]


HOSTILE_ROWS: dict[str, list[dict[str, Any]]] = {
    "crm__accounts": [
        *({"Id": f"w{n}", "Website": address, "Name": "A"} for n, address in enumerate(ADDRESSES)),
        *({"Id": f"c{n}", "BillingCountry": country} for n, country in enumerate(COUNTRIES)),
    ],
    "crm__contacts": _contacts(),
    "crm__consents": [
        {"Id": f"k{n}", "PartyId": "x0", "DataUsePurpose": "ads", "PrivacyConsentStatus": text, "CaptureSource": text}
        for n, text in enumerate(["OptIn", " optin ", "OPTOUT", "Seen", "", " ", "NotSeen", *TEXTS])
    ],
    "shop__customers": [
        {"id": f"s{n}", "default_address": document, "email_marketing_consent": document, "updated_at": "2026-01-01"}
        for n, document in enumerate(OBJECTS)
    ],
    "shop__orders": _orders(),
    "shop__refunds": [
        *(
            {"id": f"p{n}", "order_id": "USD0", "created_at": "2025-03-12", "transactions": payment}
            for n, payment in enumerate(PAYMENTS)
        ),
        *(
            {"id": f"l{n}", "order_id": f"l{n}", "created_at": "2025-03-12", "refund_line_items": array}
            for n, array in enumerate([a.replace('"price"', '"line_item_id": 1, "subtotal"') for a in ARRAYS])
        ),
    ],
    "web__events": [
        *(
            {
                "messageId": f"i{n}",
                "type": "identify",
                "userId": f"u{n % 5}",
                "traits": document,
                "timestamp": "2026-01-01",
            }
            for n, document in enumerate(OBJECTS)
        ),
        *(
            {"messageId": f"e{n}", "type": "track", "event": "Seen", "context": document, "properties": document}
            for n, document in enumerate(OBJECTS)
        ),
        *({"messageId": f"t{n}", "type": "page", "timestamp": time} for n, time in enumerate(TIMESTAMPS)),
    ],
    "support__tickets": [
        *({"ticket_id": f"n{n}", "requester_name": name, "requester_email": name} for n, name in enumerate(NAMES)),
        *(
            {"ticket_id": f"x{n}", "subject": text, "channel": text, "status": "Closed ", "created_at": "2026-01-01"}
            for n, text in enumerate(TEXTS)
        ),
    ],
}
"""By raw table, as `raw_rows.ROWS`."""
