"""What identifiers of the tables mean, in words, and values made fit to be shown."""

from datetime import datetime

from cdp_assets.identity.explain.explanation import Link, Record
from cdp_assets.identity.scoring.contexts import ELSEWHERE

PERSONAL = (
    "This shows personal data on purpose, to those who audit how records were matched. Keep it as you keep the records"
    " themselves, and delete it when you are done."
)
_GUARDS = {
    "first_name": "the first names contradict each other, and not both e-mail and date of birth agree",
    "name_suffix": "one is the junior or senior of the other",
    "last_name": "the last names contradict each other, and neither e-mail, phone nor street agrees",
    "date_of_birth": "the dates of birth are further apart than a slip of the pen, and no e-mail agrees",
    "user_id": "one source has given them different log-in ids",
    "account_id": "one source has given them different accounts",
    "never": "a steward decided that they are never one customer",
    "cluster_conflict": "of all that is known of the two groups of records, more speaks against than for one customer",
}
_LONGEST = 400
NOTHING = "\N{EN DASH}"
"""Stands where there is no value."""


def guard(name: str) -> str:
    """Why a guard keeps two records apart."""
    if name in _GUARDS:
        return _GUARDS[name]
    key = name.removesuffix("_differs")
    return f"the rule asks that {key_name(key)} does not differ, and it does" if key != name else f"the guard {name}"


def quarantine(reason: str) -> str:
    """Why a record was set apart as a single."""
    limit = reason.removeprefix("too_many_")
    if limit == reason:
        return f"set apart as a single: {reason}"
    return (
        f"set apart as a single: with the records it is linked to, it would have more {key_name(limit)} than one"
        " customer may, and cutting weak links did not help"
    )


def key_name(key: str) -> str:
    """`date_of_birth` → `date of birth`."""
    return key.replace("_", " ")


def reason(link: Link) -> str:
    """What made a link."""
    if link.kind == "rule":
        return f"rule {link.rule}"
    return "a steward's decision" if link.kind == "manual" else "match model"


def matched_by(record: Record) -> str:
    """The strongest link a record has."""
    named = {"single": "nothing: a single", "manual": "a steward's decision", "probabilistic": "match model"}
    return named.get(record.matched_by, f"rule {record.matched_by}")


def context(name: str, given: tuple[str, ...]) -> str:
    """Among which pairs a pair was scored."""
    if name == ELSEWHERE:
        return "scored among pairs of records that share neither a home, a phone, nor a family name near by"
    silent = " and ".join(key_name(key) for key in given)
    says = "says" if len(given) == 1 else "say"
    return f"scored among pairs that share the {name}" + (f", so {silent} {says} nothing more" if silent else "")


def weight(bits: float) -> str:
    """A weight with its sign, to the hundredth."""
    if abs(bits) < 0.005:
        return "0"
    return f"{bits:+.2f}".replace("-", "\N{MINUS SIGN}")


def probability(share: float | None) -> str:
    """A probability in per cent, never rounded to certainty."""
    if share is None:
        return NOTHING
    if share == 1:
        return "100\u00a0%"
    if share > 0.9999:
        return "> 99.99\u00a0%"
    return "< 0.01\u00a0%" if share < 0.0001 else f"{share:.2%}".replace("%", "\u00a0%")


def moment(at: datetime | None) -> str:
    """A moment in UTC, to the minute."""
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def counted(count: int, noun: str) -> str:
    """`2 records`, `1 record`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def outsider(place: int) -> str:
    """What a record of another customer is called, by its place among `outsiders`."""
    return f"\N{MULTIPLICATION SIGN}{place + 1}"


def shown(value: str, longest: int = _LONGEST) -> str:
    """A value as it may be shown: what moves a terminal's cursor or turns text around becomes visible, and a very long
    one is cut."""
    cut = value if len(value) <= longest else f"{value[:longest]}… ({len(value):,} characters)"
    return "".join(_visible(character) for character in cut)


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    turns = (
        0x80 <= code < 0xA0 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or code in {0x200E, 0x200F, 0x61C}
    )
    return f"⟨U+{code:04X}⟩" if turns or 0xD800 <= code < 0xE000 else character
