"""The one statement that a preview asks, so that the members are found once: a row for each thing that is counted."""

from enum import StrEnum

from sqlglot import exp

from cdp_assets.audiences.compile import Compiled, Step
from cdp_assets.audiences.declared import CONSENTS, CUSTOMERS
from cdp_assets.audiences.expressions import aliased, column, known, same, together
from cdp_assets.audiences.sources import KEY, Materialised
from cdp_assets.tables import Table

SHOWN = 5
IDENTIFIERS = ("email", "phone")
_MEMBERS = "members"


class About(StrEnum):
    """What a row is about, and so what its `name` is."""

    MEMBERS = "members"
    """All members; no name."""
    CONSENT = "consent"
    """Members who said `state` to a purpose."""
    SAMPLE = "sample"
    """One of the first members; the customer id."""
    FUNNEL = "funnel"
    """Customers of whom so many conditions hold, in their order, before one does not."""


def conditions(compiled: Compiled) -> tuple[Step, ...]:
    """The conditions whose leaving is counted: the last leaves the members, unless a limit does."""
    return compiled.steps if compiled.limit is not None else compiled.steps[:-1]


def preview_query(compiled: Compiled) -> exp.Query:
    """Rows of `about`, `name`, `state`, `customers` and, of members, how many have each identifier."""
    steps = conditions(compiled)
    shared = [one for one in compiled.sources if steps and not isinstance(one.query, Table)]
    read = {one.alias: _named(one.alias) for one in shared}
    one = exp.Literal.number(1)
    contacts = {name: exp.case().when(known(name, "customers"), one.copy()) for name in IDENTIFIERS}
    query = together([_members(), _consents(), _sample(), _funnel(compiled, steps, read)])
    for source in shared:
        selected = source.select(compiled.features.get(source.alias, frozenset()))
        query = query.with_(exp.to_identifier(source.alias, quoted=True), as_=selected)
    return query.with_(exp.to_identifier(_MEMBERS, quoted=True), as_=compiled.reading_from(read, **contacts))


def _members() -> exp.Select:
    contacts = {name: exp.Count(this=column(name)) for name in IDENTIFIERS}
    return _row(About.MEMBERS, customers=exp.Count(this=exp.Star()), **contacts).from_(_named(_MEMBERS))


def _consents() -> exp.Select:
    purpose, state = column("purpose", "c"), column("state", "c")
    query = _row(About.CONSENT, name=purpose, state=state, customers=exp.Count(this=exp.Star()))
    members = exp.alias_(_named(_MEMBERS), "m", table=True, quoted=True)
    query = query.from_(members).join(aliased(CONSENTS, "c"), on=same(KEY, "c", KEY, "m"))
    return query.group_by(purpose.copy(), state.copy())


def _sample() -> exp.Select:
    first = exp.select(column(KEY)).from_(_named(_MEMBERS)).order_by(column(KEY)).limit(SHOWN)
    return _row(About.SAMPLE, name=column(KEY)).from_(aliased(first, "first"))


def _funnel(compiled: Compiled, steps: tuple[Step, ...], read: Materialised) -> exp.Select:
    reached = exp.case()
    for number in range(len(steps), 0, -1):
        holding = exp.and_(*(step.predicate.copy() for step in steps[:number]))
        reached = reached.when(holding, exp.Literal.string(str(number)))
    none = exp.cast(exp.Literal.string("0"), "text")
    every = compiled.joined(read) if steps else exp.Select().from_(CUSTOMERS.expression())
    every = every.select((reached.else_(none) if steps else none).as_("reached", quoted=True))
    query = _row(About.FUNNEL, name=column("reached"), customers=exp.Count(this=exp.Star()))
    return query.from_(aliased(every, "everybody")).group_by(column("reached"))


def _row(about: About, **given: exp.Expr) -> exp.Select:
    texts = {name: exp.cast(exp.null(), "text") for name in ("name", "state")}
    counts = {name: exp.cast(exp.null(), "bigint") for name in ("customers", *IDENTIFIERS)}
    said = exp.cast(exp.Literal.string(about), "text")
    values = {"about": said, **texts, **counts, **given}
    return exp.select(*(value.as_(name, quoted=True) for name, value in values.items()))


def _named(name: str) -> exp.Table:
    """What a common table expression selects."""
    return exp.table_(name, quoted=True)
