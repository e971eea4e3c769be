"""Checksums of mapped values: equal exactly when the values are, and telling nothing without the key."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def checksum(fields: Mapping[str, Any], secret_key: bytes) -> str:
    """HMAC-SHA256 of the fields as 64 hexadecimal digits, whatever their order."""
    return hmac.digest(secret_key, b"".join(_parts(fields)), hashlib.sha256).hex()


def _parts(fields: Mapping[str, Any]) -> Iterator[bytes]:
    """Every name and value with its length before it, so that no two different rows are written alike."""
    for name in sorted(fields):
        kind, text = canonical(fields[name])
        raw_name, raw = name.encode(), text.encode("utf-8", "surrogatepass")
        yield b"%d:%b%c%d:%b" % (len(raw_name), raw_name, kind.encode(), len(raw), raw)


def canonical(value: object) -> tuple[str, str]:  # noqa: PLR0911 - one line a type
    """The value as a letter for its kind and a text; numbers that are equal have one text."""
    match value:
        case None:
            return "n", ""
        case str():
            return "s", value
        case bool():
            return "b", "1" if value else "0"
        case int() | Decimal():
            return "d", _digits(Decimal(value))
        case float():
            return "f", repr(value)
        case datetime():
            return "t", (value.astimezone(UTC) if value.tzinfo else value).isoformat()
        case date():
            return "a", value.isoformat()
        case bytes():
            return "x", value.hex()
        case _:
            return "j", json.dumps(value, sort_keys=True, default=str)


def _digits(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
