"""Links that hold, links that were kept out and what people decided, as HTML."""

from collections.abc import Mapping, Sequence

from cdp_assets.identity.explain.bars import waterfall_table
from cdp_assets.identity.explain.explanation import Customer, Decision, Event, Link, Veto
from cdp_assets.identity.explain.markup import Markup, element, joined
from cdp_assets.identity.explain.words import (
    NOTHING,
    counted,
    guard,
    key_name,
    moment,
    outsider,
    probability,
    reason,
    shown,
    weight,
)

Told = Mapping[tuple[str, str], Decision]


def links_that_hold(customer: Customer, prefix: str) -> Markup:
    """Those that hold the customer together, and the others beneath."""
    said = decided(customer)
    items = [_link(customer, link, f"{prefix}-link-{place}", said) for place, link in enumerate(customer.links)]
    tree, further = items[: customer.links_in_tree], items[customer.links_in_tree :]
    parts = [element("ol", *tree, class_="links")] if tree else [element("p", "A single record: nothing joins it.")]
    if further:
        label = f"{counted(len(further), 'further link')} between the same records"
        parts.append(
            element("details", element("summary", label), element("ol", *further, class_="links"), class_="more")
        )
    if customer.further_links:
        parts.append(
            element("p", f"{customer.further_links:,} weaker ones are in identity.edges alone.", class_="note")
        )
    return joined(*parts)


def links_kept_out(customer: Customer) -> Markup:
    """The vetoed links, each with what the guard objects to."""
    if not customer.vetoes:
        return element("p", "No guard kept a link out.", class_="note")
    said = decided(customer)
    items = [_veto(customer, veto, said) for veto in customer.vetoes]
    more = f"{customer.further_vetoes:,} weaker ones are in identity.edges alone." if customer.further_vetoes else None
    return joined(element("ol", *items, class_="links"), element("p", more, class_="note") if more else None)


def decisions_table(decisions: Sequence[Decision]) -> Markup:
    """What stewards decided, withdrawn decisions struck out."""
    heads = [element("th", name, scope="col") for name in ("when", "decision", "records", "why", "who", "holds")]
    rows = []
    for decision in decisions:
        pair = joined(_name(decision.one), " and ", _name(decision.other))
        words = [
            moment(decision.decided_at),
            decision.decision,
            pair,
            decision.reason or NOTHING,
            decision.decided_by or NOTHING,
        ]
        words.append("yes" if decision.holds else "no")
        cells = [element("td", word if isinstance(word, Markup) else _name(word)) for word in words]
        rows.append(element("tr", *cells, class_=None if decision.holds else "past"))
    return element(
        "div",
        element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="plain"),
        class_="scroll",
    )


def history_list(events: Sequence[Event]) -> Markup:
    """The events in order of time."""
    items = []
    for event in events:
        ids = [element("code", shown(one)) for one in (event.customer_id, event.other_customer_id) if one]
        moved = joined(ids[0], " → ", ids[1]) if len(ids) == 2 else ids[0]
        when = element("time", moment(event.happened_at), datetime=event.happened_at.isoformat())
        why = element("span", f"{shown(event.reason or '')} (run {shown(event.run_id or NOTHING)})", class_="fact")
        items.append(element("li", when, element("span", event.event, class_="tag"), moved, why))
    return element("ol", *items, class_="history")


def link_in_brief(customer: Customer, link: Link) -> Markup:
    """The two records and what joins them, in a line."""
    ends = [_own(customer, place) for place in (link.left, link.right)]
    return joined(ends[0], element("span", " — ", class_="dash"), ends[1], _reason(link), *_likelihood(link))


def _link(customer: Customer, link: Link, anchor: str, said: Told) -> Markup:
    names = [f"record {place + 1}" for place in (link.left, link.right)]
    decision = said.get((customer.records[link.left].name, customer.records[link.right].name))
    body = joined(_decision(decision), _agreeing(link), _waterfall(link, *names))
    head = element("summary", link_in_brief(customer, link), class_="brief")
    return element("li", element("details", head, element("div", body, class_="body")), id=anchor)


def _veto(customer: Customer, veto: Veto, said: Told) -> Markup:
    own = customer.records[veto.link.left].name
    stranger = joined(
        element("span", outsider(customer.outsiders[veto.other.name]), class_="badge stranger"), _name(veto.other.name)
    )
    owner = (
        joined(" of ", element("code", shown(veto.other_customer_id))) if veto.other_customer_id else " of no customer"
    )
    head = element(
        "summary",
        _own(customer, veto.link.left),
        element("span", " ⇹ ", class_="dash", aria_label="kept apart from"),
        stranger,
        owner,
        _reason(veto.link),
        *_likelihood(veto.link),
        element("span", f"kept out: {guard(veto.vetoed_by)}", class_="why"),
        class_="brief",
    )
    decision = said.get((own, veto.other.name)) or said.get((veto.other.name, own))
    body = joined(
        _decision(decision), _conflict(veto), _agreeing(veto.link), _waterfall(veto.link, "own record", "other record")
    )
    return element("li", element("details", head, element("div", body, class_="body")))


def _conflict(veto: Veto) -> Markup | None:
    if veto.conflict is None:
        return None
    key, left, right = veto.conflict
    values = [element("bdi", shown(", ".join(side) or "nothing")) for side in (left, right)]
    return element("p", f"{key_name(key)}: ", values[0], element("strong", " ≠ "), values[1], class_="conflict")


def decided(customer: Customer) -> Told:
    """The decisions that hold, by the names of the two records, the first in order first."""
    return {(one.one, one.other): one for one in customer.decisions if one.holds}


def _decision(decision: Decision | None) -> Markup | None:
    if decision is None:
        return None
    who = shown(decision.decided_by or "a steward")
    why = f": {shown(decision.reason)}" if decision.reason else ""
    return element("p", f"{who} decided “{decision.decision}” on {moment(decision.decided_at)}{why}", class_="decision")


def _agreeing(link: Link) -> Markup:
    if not link.agreeing:
        return element("p", "No match key has the same value in both.", class_="note")
    items = [
        element("li", f"{key_name(key)} ", element("bdi", shown(", ".join(values), 120)))
        for key, values in link.agreeing.items()
        if not (key == "name_forms" and "first_name" in link.agreeing)
    ]
    return joined(element("h4", "Both have"), element("ul", *items, class_="chips"))


def _waterfall(link: Link, left: str, right: str) -> Markup | None:
    if link.waterfall:
        title = "What the match model says" + ("" if link.kind == "probabilistic" else ", though it did not decide")
        return joined(element("h4", title), waterfall_table(link.waterfall, left, right))
    if link.match_weight is None:
        return None
    said = f"The match model gave it {weight(link.match_weight)}; model {link.model_version} is not at hand to say how."
    return element("p", said, class_="note")


def _own(customer: Customer, place: int) -> Markup:
    return joined(element("span", str(place + 1), class_="badge"), _name(customer.records[place].name))


def _name(text: str) -> Markup:
    return element("bdi", shown(text, 120))


def _reason(link: Link) -> Markup:
    return element("span", reason(link), class_=f"tag {link.kind}")


def _likelihood(link: Link) -> list[Markup]:
    if link.match_weight is None:
        return []
    said = f"weight {weight(link.match_weight)}"
    if link.kind == "probabilistic":
        said += f", {probability(link.match_probability)} likely"
    return [element("span", said, class_="fact")]
