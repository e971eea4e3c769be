"""Hypothesis strategies: the rows of a small world, and definitions that ask about them."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from cdp_assets_tests.unit.audiences.world import AS_OF

IDS = ("a", "b", "c", "d")
TEXTS = ("FR", "fr", "", "É", "o'x_%", "frau")
NUMBERS = (-1.5, 0, 2.5, 3, 12)
DAYS = (date(2026, 2, 22), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2))
MOMENTS = tuple(AS_OF + timedelta(hours=hours) for hours in (-800, -169, -168, -49, -48, -24, -1, 0, 1, 24))
JSONS = (
    *({"page": page, "n": n} for page in ("Cart", "cart", "pay", 3, True, False, None) for n in (1, 2.5, "2", "x")),
    {"n": {"page": "deep"}},
    {"page": ["cart"]},
)
PROPERTIES = (*map(json.dumps, JSONS), "no JSON", "", None)
AUDIENCES = ("known", "lapsed", "urgent")


def rows(minimum: int = 0, maximum: int = 8, **columns: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(st.fixed_dictionaries(columns), min_size=minimum, max_size=maximum)


def keyed(found: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """The rows with keys that tell them apart, against the order they are written in; many by the last column alone."""
    return [
        {**row, **{name: str(n % 2) for name in names[:-1]}, names[-1]: str(len(found) - n).zfill(2)}
        for n, row in enumerate(found)
    ]


def unique(found: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return list({tuple(row[name] for name in names): row for row in found}.values())


text = st.sampled_from((*TEXTS, None))
amount = st.sampled_from((*(Decimal(str(number)) for number in NUMBERS), None))
moment = st.sampled_from((*MOMENTS, None))
truth = st.sampled_from((True, False, None))
owner = st.sampled_from((*IDS, *IDS[:2], IDS[0], None))
account = st.sampled_from(("x", "y", None))
past = st.sampled_from([at for at in MOMENTS if abs(at - AS_OF) < timedelta(hours=60)] + list(MOMENTS))

customers = rows(
    2,
    4,
    country=text,
    city=text,
    total_spent=amount,
    last_order_at=moment,
    account_id=account,
    date_of_birth=st.sampled_from((*DAYS, None)),
    account_id_source=st.sampled_from(("crm", "erp")),
).map(lambda found: [{"customer_id": key, **row} for key, row in zip(IDS, found, strict=False)])
worlds = st.fixed_dictionaries(
    {
        "master.customers": customers,
        "churn.scores": rows(
            maximum=3, customer_id=st.sampled_from(IDS), risk_band=text,
            churn_probability=st.sampled_from((0.25, 0.5, None)),
        ).map(lambda found: unique(found, "customer_id")),
        "master.transactions": rows(
            2, 10, customer_id=owner, type=st.sampled_from(("order", "refund", None)), channel=text, amount=amount,
            occurred_at=past, is_deleted=truth,
        ).map(lambda found: keyed(found, "source", "transaction_id")),
        "master.transaction_lines": rows(
            customer_id=owner, category=text, amount=amount, occurred_at=past
        ).map(lambda found: keyed(found, "source", "transaction_id", "line_id")),
        "master.events": rows(
            2, 10, customer_id=owner, event_name=st.sampled_from(("view", "cart")), occurred_at=past, is_deleted=truth,
            properties=st.sampled_from(PROPERTIES),
        ).map(lambda found: keyed(found, "source", "event_id")),
        "master.accounts": rows(
            maximum=4, source=st.sampled_from(("crm", "erp")), account_id=st.sampled_from(("x", "y", "z")), name=text,
            parent_account_id=account, is_deleted=truth,
        ).map(lambda found: unique(found, "source", "account_id")),
        "master.consents": rows(
            customer_id=st.sampled_from(IDS), purpose=st.sampled_from(("email", "sms")),
            state=st.sampled_from(("granted", "denied")), channel=text,
        ).map(lambda found: unique(found, "customer_id", "purpose")),
        "master.identifiers": rows(
            maximum=6, customer_id=st.sampled_from(IDS), type=text, value=text, is_verified=truth, last_seen_at=moment
        ),
    }
)  # fmt: skip
audiences = st.fixed_dictionaries({name: st.sets(st.sampled_from(IDS), max_size=2) for name in AUDIENCES})

number = st.sampled_from(NUMBERS)
length = st.sampled_from(("1h", "24h", "2d", "1w", "5w"))
true = st.just(True)
written = st.sampled_from((*(one.isoformat() for one in MOMENTS), "2026-02-28", "2026-02-27T13:00:00+01:00"))
written_day = st.sampled_from(tuple(day.isoformat() for day in DAYS))


def pairs(of: st.SearchStrategy, key: Any = lambda value: value) -> st.SearchStrategy:
    return st.lists(of, min_size=2, max_size=2).map(lambda two: sorted(two, key=key))


def listed(of: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(of, min_size=1, max_size=3)


def moment_of(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=AS_OF.tzinfo)


def _operators(of: st.SearchStrategy, order: st.SearchStrategy | None = None) -> dict[str, st.SearchStrategy]:
    found = {"eq": of, "neq": of, "in": listed(of), "not_in": listed(of), "is_set": true, "is_not_set": true}
    if order is not None:
        found |= {"gt": of, "gte": of, "lt": of, "lte": of, "between": order}
    return found


_part = st.sampled_from([part for part in (*TEXTS, "r", "cart", "é") if part])
_times = {"within_last": length, "within_next": length}
OPERATORS: dict[str, dict[str, st.SearchStrategy]] = {
    "text": _operators(st.sampled_from((*TEXTS, "cart", "É")))
    | dict.fromkeys(("contains", "starts_with", "ends_with"), _part),
    "name": _operators(st.sampled_from(("view", "Cart"))),
    "type": _operators(st.sampled_from(("order", "Refund"))),
    "window": _times,
    "number": _operators(number, pairs(number)),
    "truth": _operators(st.booleans()),
    "moment": _operators(written, pairs(written, moment_of)) | _times | {"before": written, "after": written},
    "day": _operators(written_day, pairs(written_day)) | _times | {"before": written_day, "after": written_day},
}
OPERATORS["json"] = {
    **{name: st.one_of(OPERATORS["text"][name], OPERATORS["number"][name], OPERATORS["truth"][name]) for name in
       ("eq", "neq", "in", "not_in")},
    **{name: OPERATORS["text"][name] for name in ("contains", "starts_with", "ends_with", "is_set", "is_not_set")},
    **{name: OPERATORS["number"][name] for name in ("gt", "gte", "lt", "lte", "between")},
}  # fmt: skip


def comparison(**kinds: str) -> st.SearchStrategy:
    """A field of those named, each with its kind, and an operator that it has."""
    return st.one_of(*(_one(name.replace("__", "."), kind, op, value) for name, kind in kinds.items() for op, value in
                       OPERATORS[kind].items()))  # fmt: skip


def _one(name: str, kind: str, operator: str, value: st.SearchStrategy) -> st.SearchStrategy:
    options: dict[str, st.SearchStrategy] = {}
    if not operator.endswith("set"):
        options["or_not_set"] = true
        if kind in ("text", "name", "type"):
            options["exact"] = st.booleans()
    return st.fixed_dictionaries({"field": st.just(name), operator: value}, optional=options)
