"""Which keys block: records that agree on all keys of some rule are compared, and no others.

`word` is any word of the names, the full names of nicknames included, so that swapped, missing and short names meet.
A rule that finds too few matches for its pairs is left out; which, is decided at training and kept in the model.
"""

from dataclasses import dataclass

from sqlglot import exp, parse_one, select

_SEVERAL = {
    "word": "list_distinct(string_split(concat_ws(' ', first_name, last_name, trim(forms)), ' '))",
    "form": "list_distinct(string_split(trim(forms), ' '))",
    "email": "coalesce(all_emails, [email])",
    "phone": "coalesce(all_phones, [phone])",
}
_DERIVED = {
    "area": "substr(postal_code, 1, 3)",
    "year": "substr(date_of_birth, 1, 4)",
    "given_start": "substr(first_name, 1, 2)",
    "last_start": "substr(last_name, 1, 2)",
    "street_start": "substr(street, 1, 6)",
}
_NEEDED = {
    "word": "last_name",
    "form": "forms",
    "area": "postal_code",
    "year": "date_of_birth",
    "given_start": "first_name",
    "last_start": "last_name",
    "street_start": "street",
}
_NAMES = {"word", "form", "last_name"}


@dataclass(frozen=True)
class BlockingRule:
    """Keys that must all agree."""

    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        """The keys, for models and messages."""
        return " and ".join(self.keys)

    @property
    def columns(self) -> set[str]:
        """The columns of `nodes` without which it finds nothing."""
        return {_NEEDED.get(key, key) for key in self.keys}

    @property
    def names_alone(self) -> bool:
        """Whether a name is all that it asks for."""
        return set(self.keys) <= _NAMES


RULES = tuple(
    BlockingRule(keys)
    for keys in (
        ("email",),
        ("phone",),
        ("street", "postal_code"),
        ("word", "date_of_birth"),
        ("form", "last_name"),
        ("word", "postal_code"),
        ("mailbox", "last_start"),
        ("word", "city"),
        ("postal_code", "date_of_birth"),
        ("date_of_birth", "city"),
        ("word", "area", "company"),
        ("postal_code", "year"),
        ("postal_code", "company"),
        ("given_start", "last_start", "year"),
        ("given_start", "last_start", "area"),
        ("date_of_birth", "company"),
        ("word", "area"),
        ("street", "city"),
        ("street_start", "area"),
        ("street_start", "city"),
        ("street_start", "last_start"),
        ("last_start", "city"),
        ("date_of_birth",),
        ("street",),
        ("postal_code",),
        ("word",),
    )
)


def keys_of(rule: BlockingRule, *, is_changed: bool = False, nodes: str = "nodes") -> exp.Select:
    """`place`, with `is_changed` if asked, and a column each key: one row a combination, without nulls."""
    kept = ["place", "is_changed"] if is_changed else ["place"]
    place = exp.cast(exp.column("rowid"), "INTEGER").as_("place")
    columns = [parse_one(_expression(key), dialect="duckdb").as_(key) for key in rule.keys]
    inner = select(place, *kept[1:], *columns).from_(nodes)
    known = [exp.column(key).neq("") for key in rule.keys]
    return select(*kept, *rule.keys).from_(inner.subquery()).where(*known)


def hash_of(rule: str, *keys: str) -> str:
    """SQL for the number of a block: `rule` and `keys` are SQL for the rule's name and the values of its keys."""
    return f"hash({', '.join((rule, *keys))})"


def _expression(key: str) -> str:
    return f"unnest({_SEVERAL[key]})" if key in _SEVERAL else _DERIVED.get(key, key)
