"""E-mail addresses as match keys: the same mailbox gives the same text. Not for sending to."""

import re
import unicodedata

_ADDRESS = re.compile(r"[^@\s,;<>()\"]+@[^@\s,;<>()\"]+\.[^@\s,;<>()\".]{2,}")
_DOTS_IGNORED = frozenset({"gmail.com", "googlemail.com"})
_MISTYPED_DOMAINS = {
    "gmial.com": "gmail.com",
    "gmai.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gamil.com": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.con": "gmail.com",
    "googlemail.com": "gmail.com",
    "hotmial.com": "hotmail.com",
    "hotmail.con": "hotmail.com",
    "yaho.com": "yahoo.com",
    "yahoo.con": "yahoo.com",
    "outlok.com": "outlook.com",
    "outlook.con": "outlook.com",
}


def normalise_email(text: str | None) -> str | None:
    """The mailbox in lower case, without its `+tag` (and without dots at Gmail), or null when it is no address."""
    if not text or len(text) > 320:
        return None
    plain = unicodedata.normalize("NFKC", text).strip().strip("<>").casefold().removeprefix("mailto:").rstrip(".")
    if not _ADDRESS.fullmatch(plain):
        return None
    local, _, domain = plain.rpartition("@")
    local = local.split("+", 1)[0] or local
    if domain in _DOTS_IGNORED or _MISTYPED_DOMAINS.get(domain) in _DOTS_IGNORED:
        local = local.replace(".", "") or local
    return f"{local}@{_MISTYPED_DOMAINS.get(domain, domain)}"
