"""Takes personal data out of what a destination says, before it is kept."""

import re
from collections.abc import Mapping
from typing import Any

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")
_LONG_NUMBER = re.compile(r"\+?\d(?:[\s().-]?\d){5,}")
_HASH = re.compile(r"\b[0-9a-fA-F]{32,}\b")
_LONGEST = 200


def redact(reason: str, fields: Mapping[str, Any]) -> str:
    """The reason in at most 200 characters; the row's values, e-mails, hashes and long numbers are blotted out."""
    values = {name: str(value) for name, value in fields.items() if value not in (None, "") and len(str(value)) > 1}
    for name, value in sorted(values.items(), key=lambda item: -len(item[1])):
        reason = re.sub(re.escape(value), f"<{name}>", reason, flags=re.IGNORECASE)
    reason = _EMAIL.sub("<e-mail>", reason)
    reason = _HASH.sub("<hash>", reason)
    reason = _LONG_NUMBER.sub("<number>", reason)
    return " ".join(reason.split())[:_LONGEST]
