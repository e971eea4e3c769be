"""Links by rule as one SELECT, which every warehouse answers alike.

Records that agree on all keys of a rule are a group, and each record of a group is linked to its first: as many links
as records, not as pairs. A null agrees with nothing; of keys with several values one has to be the same, so that a
record may be in several groups. The first is the one with the smallest `record_hash`: the order is of content, not of
arrival, and the links are the same whatever numbers the records were given.

A key that must not differ objects where both records have it and no value is the same: plain inequality, of dates too;
what is a slip of the pen and what a contradiction is for the vetoes. `rule_parts` says how groups are taken apart then.
"""

from collections.abc import Iterator, Sequence
from functools import reduce

from sqlglot import exp

from cdp_assets.identity.config import Rule
from cdp_assets.identity.contracts import RECORDS
from cdp_assets.identity.rule_keys import KEY, NUMBER, forbidden, having_same, keyed
from cdp_assets.identity.rule_parts import PLACE, links_within, number_at, objections, parted, place
from cdp_assets.sql.functions import call
from cdp_assets.tables import Table

_KEYED, _GROUPS, _PARTS = "keyed_records", "groups_of_several", "parts_of_groups"
_FIRST = "first_number"
_CONTESTED = "is_contested"
_ONE, _NOUGHT = exp.Literal.number(1), exp.Literal.number(0)


def rule_links(rules: Sequence[Rule], among: Table | None = None) -> exp.Query:
    """Linked pairs: `number_l` < `number_r`, `rule` (its name), `rank` (its place among `rules`, from 0), `objection`.

    A pair comes at most once a rule. `objection` is null, or `<key>_differs` for the key that must not differ and does.
    Reads `identity.records` and `identity.match_keys`. `among` has a `record_number` and names the only records to
    look at: when groups are in it whole, their links are those that all records would give.
    """
    each = [exp.select("*").from_(links_of_rule(rule, n, among).subquery("links")) for n, rule in enumerate(rules)]
    return _union(each or [_no_links()])


def links_of_rule(rule: Rule, rank: int, among: Table | None = None) -> exp.Select:
    """The links of the rule at one place of the list, as `rule_links`: one at a time they take half the memory."""
    found = [_with_objection(pairs, key) for pairs, key in _found(rule)]
    ends = [call(name, exp.column("one"), exp.column("other")) for name in ("cdp_least", "cdp_greatest")]
    pairs = exp.select(ends[0].as_("number_l"), ends[1].as_("number_r"), "objection")
    pairs = pairs.from_(_union(found).subquery("found")).where(exp.column("one").neq(exp.column("other")))
    links = exp.select(
        "number_l",
        "number_r",
        exp.Literal.string(rule.name).as_("rule"),
        exp.cast(exp.Literal.number(rank), exp.DType.BIGINT).as_("rank"),
        exp.Min(this=exp.column("objection")).as_("objection"),
    )
    links = links.from_(pairs.subquery("pairs")).group_by("number_l", "number_r")
    links = links.with_(_KEYED, as_=keyed(rule.agree, rule.must_not_differ, among)).with_(_GROUPS, as_=_groups(rule))
    return links.with_(_PARTS, as_=_contested(rule)) if rule.must_not_differ else links


def sharing_rule_key(rules: Sequence[Rule], changed: Table) -> exp.Query:
    """`record_number`, once each, of the records that agree on all keys of some rule with a record of `changed`.

    These are the records whose links a change can change. `changed` has a `record_number`; its records' keys are those
    in `identity.records` and `identity.match_keys` now. Its own records are in the result, if they have a rule's keys.
    """
    each = [having_same(rule.agree, changed) for rule in rules]
    found = _union(each or [_nothing(exp.column(NUMBER))])
    return exp.select(NUMBER).distinct().from_(found.subquery("found"))


def _found(rule: Rule) -> Iterator[tuple[exp.Select, str | None]]:
    """Pairs as `one` and `other`, with the key that objects to them: they may be the same record, or come again."""
    members = _members().select(exp.column(NUMBER, "k").as_("one"), exp.column(_FIRST, "g").as_("other"))
    if not rule.must_not_differ:
        yield members, None
        return
    yield members.where(exp.column(_CONTESTED, "g").eq(_NOUGHT)), None
    yield links_within(_PARTS, rule.must_not_differ), None
    for key, pairs in objections(_PARTS, rule.must_not_differ):
        yield pairs, key


def _groups(rule: Rule) -> exp.Select:
    """Each group of several records: its key, its first record, and whether a key that must not differ may."""
    query = exp.select(KEY, number_at(exp.Min(this=place())).as_(_FIRST)).from_(_KEYED)
    values = [exp.column(name) for name in forbidden(rule.must_not_differ)]
    if values:
        differing = exp.or_(*(exp.Min(this=value).neq(exp.Max(this=value)) for value in values))
        query = query.select(exp.Case().when(differing, _ONE).else_(_NOUGHT).as_(_CONTESTED))
    return query.group_by(KEY).having(exp.GT(this=exp.Count(this=exp.Star()), expression=_ONE))


def _contested(rule: Rule) -> exp.Select:
    """The records of the groups that may have to be taken apart: few, and only they are."""
    columns = [exp.column(name, "k") for name in (NUMBER, KEY, *forbidden(rule.must_not_differ))]
    rows = _members().select(*columns, place("k").as_(PLACE)).where(exp.column(_CONTESTED, "g").eq(_ONE))
    return parted(rows, rule.must_not_differ)


def _members() -> exp.Select:
    """The records with their keys as `k`, each with the groups it is in as `g`."""
    records, groups = (exp.alias_(exp.to_table(name), as_, table=True) for name, as_ in ((_KEYED, "k"), (_GROUPS, "g")))
    return exp.Select().from_(records).join(groups, on=exp.column(KEY, "k").eq(exp.column(KEY, "g")))


def _with_objection(pairs: exp.Select, key: str | None) -> exp.Select:
    said = exp.null() if key is None else exp.Literal.string(f"{key}_differs")
    return pairs.select(exp.cast(said, exp.DType.TEXT).as_("objection"))


def _union(queries: Sequence[exp.Query]) -> exp.Query:
    return reduce(lambda above, below: exp.union(above, below, distinct=False, copy=False), queries)


def _no_links() -> exp.Select:
    integer, text = exp.DType.BIGINT, exp.DType.TEXT
    columns = {"number_l": integer, "number_r": integer, "rule": text, "rank": integer, "objection": text}
    return _nothing(*(exp.cast(exp.null(), type_).as_(name) for name, type_ in columns.items()))


def _nothing(*columns: exp.Expr) -> exp.Select:
    return exp.select(*columns).from_(RECORDS.table.expression()).where(exp.false())
