"""Hypothesis strategies of conditions with every leaf and option, and of whole audiences."""

from datetime import timedelta

from hypothesis import strategies as st

from cdp_assets_tests.unit.audiences.comparing import span
from cdp_assets_tests.unit.audiences.strategies import AUDIENCES, comparison, length, moment_of, number, pairs, written

TRANSACTION = {"type": "type", "channel": "text", "amount": "number", "occurred_at": "moment"}
LINE = {"category": "text", "amount": "number"}
EVENT = {"event_name": "name", "properties__page": "json", "properties__n": "json", "properties__n__page": "json"}
RELATED = {
    "account": {"name": "text"},
    "parent_account": {"name": "text"},
    "contacts": {"country": "text", "total_spent": "number"},
    "consents": {"purpose": "text", "state": "text", "channel": "text"},
    "identifiers": {"type": "text", "is_verified": "truth", "last_seen_at": "moment"},
}
AMOUNTS = {"contacts": "total_spent"}
PATHS = (["account"], ["account", "parent_account"], ["account", "contacts"], ["consents"], ["identifiers"])


def grouped(leaf: st.SearchStrategy, most: int) -> st.SearchStrategy:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
            st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
            inner.map(lambda node: {"not": node}),
        ),
        max_leaves=most,
    )


whole = st.integers(0, 3)
ends = st.one_of(whole, number)


def bounded(ends: st.SearchStrategy) -> st.SearchStrategy:
    """Bounds with these ends."""
    return st.one_of(
        ends.map(lambda end: {"at_least": end}),
        ends.map(lambda end: {"at_most": end}),
        pairs(ends).map(lambda two: {"at_least": two[0], "at_most": two[1]}),
        ends.map(lambda end: {"exactly": end}),
        pairs(ends).map(lambda two: {"between": two}),
    )


bounds, counts = bounded(ends), bounded(ends.filter(lambda end: end >= 0))


def aggregates(numeric: tuple[str, ...], anything: tuple[str, ...]) -> st.SearchStrategy:
    counted = counts.map(lambda bound: {"count": bound})
    distinct = st.tuples(st.sampled_from(anything), bounds).map(lambda two: {"distinct": {"field": two[0], **two[1]}})
    if not numeric:
        return st.one_of(counted, distinct)
    kinds = st.sampled_from(("sum", "avg", "min", "max"))
    of_numbers = st.tuples(kinds, st.sampled_from(numeric), bounds)
    return st.one_of(counted, distinct, of_numbers.map(lambda three: {three[0]: {"field": three[1], **three[2]}}))


windows = st.one_of(
    st.just({}),
    st.just({}),
    length.map(lambda value: {"within_last": value}),
    pairs(length, lambda value: -span(value) / timedelta(hours=1))
    .filter(lambda two: span(two[0]) > span(two[1]))
    .map(lambda two: {"between_ago": two}),
    pairs(written, moment_of).map(lambda two: {"between": two}),
)


def occurrences(columns: dict[str, str]) -> st.SearchStrategy:
    where = st.lists(grouped(comparison(**columns), 3), max_size=2)
    return st.tuples(windows, st.fixed_dictionaries({}, optional={"where": where})).map(lambda two: two[0] | two[1])


def facts(columns: dict[str, str], numeric: tuple[str, ...]) -> st.SearchStrategy:
    names = tuple(name.replace("__", ".") for name in columns)
    outermost = st.tuples(st.sampled_from(("first", "last")), comparison(**columns)).map(lambda two: {two[0]: two[1]})
    asked = st.one_of(aggregates(numeric, names), outermost)
    return st.tuples(occurrences(columns), asked).map(lambda two: two[0] | two[1])


def steps(kind: str, **columns: str) -> st.SearchStrategy:
    where = st.lists(comparison(**columns), max_size=1)
    done = st.tuples(windows, st.fixed_dictionaries({}, optional={"where": where})).map(lambda two: two[0] | two[1])
    return done.map(lambda content: {kind: content})


step = st.one_of(steps("event", event_name="name"), steps("transaction", type="type"))
sequence = st.tuples(
    st.fixed_dictionaries({"did": step}, optional={"within": length}), st.sampled_from(("then", "then_not")), step
).map(lambda three: {**three[0], three[1]: three[2]})


def _related(path: list[str]) -> st.SearchStrategy:
    columns = RELATED[path[-1]]
    row = grouped(comparison(**columns), 3)
    numeric = (AMOUNTS[path[-1]],) if path[-1] in AMOUNTS else ()
    counted = st.tuples(
        aggregates(numeric, tuple(columns)), st.fixed_dictionaries({}, optional={"where": st.lists(row, max_size=2)})
    )
    asked = st.one_of(
        st.tuples(st.sampled_from(("any", "all", "none")), row).map(lambda two: {two[0]: two[1]}),
        counted.map(lambda two: two[0] | two[1]),
    )
    to = path[0] if len(path) == 1 else path
    return asked.map(lambda content: {"to": to, **content})


windowed = comparison(last_order_at="window", date_of_birth="window")
compared = comparison(
    country="text", city="text", total_spent="number", last_order_at="moment", date_of_birth="day", risk_band="text",
    churn_probability="number",
)  # fmt: skip
properties = st.sampled_from((compared, compared, windowed)).flatmap(lambda chosen: chosen)
other = st.tuples(st.sampled_from(("in", "not_in")), st.sampled_from(AUDIENCES)).map(lambda two: {two[0]: two[1]})
of_lines = facts(LINE, ("amount",)).map(lambda content: {"of": "lines", **content})
KINDS = {
    "property": properties,
    "transaction": st.one_of(facts(TRANSACTION, ("amount",)), of_lines),
    "event": facts(EVENT, ("properties.n", "properties.page")),
    "sequence": sequence,
    "related": st.sampled_from(PATHS).flatmap(_related),
    "audience": other,
}
leaves = st.sampled_from(sorted(KINDS)).flatmap(lambda kind: KINDS[kind].map(lambda content: {kind: content}))
trees = grouped(leaves, 6)

limits = st.fixed_dictionaries(
    {
        "field": st.sampled_from(("total_spent", "country", "last_order_at", "churn_probability")),
        "top": whole.map(lambda n: n + 1),
    },
    optional={
        "order": st.sampled_from(("highest", "lowest")),
        "per": st.sampled_from(("country", "account_id_source")),
    },
)
purposes = st.lists(st.sampled_from(("email", "sms")), min_size=1, unique=True)
definitions = st.fixed_dictionaries(
    {"condition": trees},
    optional={
        "exclude": st.just(["lapsed"]),
        "suppress": purposes.map(lambda given: {"without_consent": given}),
        "limit": limits,
        "priority": st.just({"list": "emails", "rank": 2}),
    },
)
