"""Puts together what is to be told of a customer id, whenever it was issued, or of a record."""

from datetime import datetime

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.explain.customer import customer
from cdp_assets.identity.explain.explanation import Customer, Event, Explanation
from cdp_assets.identity.explain.past import as_event
from cdp_assets.identity.explain.read import customer_of, is_customer
from cdp_assets.identity.id_lookup import look_up
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.warehouses.base import Warehouse


def explanation(
    warehouse: Warehouse, asked: str, model: MatchModel | None = None, config: IdentityConfig | None = None
) -> Explanation:
    """Why the records of a customer are one customer. It reads, and writes nothing.

    Args:
        warehouse: holds the tables of the identity stage.
        asked: a customer id, also one that is no longer, or `source:record_id`.
        model: stands in for the one that `identity.match_model` keeps.
        config: rules and limits, where `identity.edges` is not kept: with the model, the edges are found again.

    Raises:
        DataError: there is no such record, no such id was ever issued, nothing was matched yet, or it was with other
            rules or another model than those given.
    """

    def told(customer_id: str) -> Customer:
        return customer(warehouse, customer_id, model, config)

    source, colon, record_id = asked.partition(":")
    if colon:
        found = customer_of(warehouse, source, record_id)
        return Explanation(asked, f"{asked} is a record of {found}", asked, (told(found),), ())
    if is_customer(warehouse, asked):
        return Explanation(asked, None, None, (told(asked),), ())
    past = look_up(warehouse, asked)
    story = tuple(as_event(event) for event in past.events)
    current = [one for one in past.current if is_customer(warehouse, one)]
    return Explanation(asked, _note(asked, current, story), None, tuple(map(told, current)), story)


def _note(asked: str, current: list[str], story: tuple[Event, ...]) -> str:
    last = max((event.happened_at for event in story), default=None)
    when = f", since {_day(last)}" if last else ""
    if not current:
        return f"{asked} is nobody now{when}: all its records are gone"
    return f"{asked} is no longer; its records are {' and '.join(current)} now{when}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
