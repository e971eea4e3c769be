"""What two records may share without being one person: a home, a telephone, a surname nearby, a name for a mailbox.

Agreements are not independent among people who live together: address, landline and surname agree all at once. A
model for all pairs takes that for overwhelming evidence and merges households. Nor are mailboxes, which are named after
people: john.smith at two providers is two men as often as one. So pairs are scored by the model of
their context, the first of these that holds, in which what defines it says nothing more.
"""

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    """`condition` is SQL over `l` and `r`, two rows of `nodes.sql`; `given` are the comparisons it decides."""

    name: str
    condition: str
    given: tuple[str, ...]


CONTEXTS = (
    Context(
        "address",
        "l.street = r.street AND (l.postal_code = r.postal_code OR l.city = r.city)",
        ("address", "city"),
    ),
    Context("phone", "l.phone = r.phone", ("phone",)),
    Context("surname", "l.last_name = r.last_name AND l.postal_code = r.postal_code", ("last_name",)),
    Context("mailbox", "l.mailbox = r.mailbox AND l.email <> r.email", ("email",)),
)
ELSEWHERE = "elsewhere"
"""The context of all other pairs; its model is trained on random pairs."""


def in_context(active: Container[str]) -> str:
    """SQL for the first of the active contexts that a pair is in; `ELSEWHERE` is not among them and always there."""
    cases = " ".join(f"WHEN {one.condition} THEN '{one.name}'" for one in CONTEXTS if one.name in active)
    return f"CASE {cases} ELSE '{ELSEWHERE}' END" if cases else f"'{ELSEWHERE}'"
