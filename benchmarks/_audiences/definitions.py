"""A condition of each kind, and a hundred audiences as a team would have them."""

from itertools import cycle, islice
from typing import Any

from cdp_assets.audiences.definition import AudienceDefinition
from cdp_assets.validation import validated

Tree = dict[str, Any]


def _event(name: str, **options: Any) -> Tree:  # noqa: ANN401 - of the definition
    return {"event": {"where": [{"field": "event_name", "eq": name}], **options}}


LEAVES: dict[str, Tree] = {
    "property": {"property": {"field": "country", "eq": "fr"}},
    "property of a score": {"property": {"field": "risk_band", "eq": "high"}},
    "property, window": {"property": {"field": "last_order_at", "within_last": "90d"}},
    "transaction count": {"transaction": {"count": {"at_least": 2}, "within_last": "180d"}},
    "transaction sum": {"transaction": {"sum": {"field": "amount_reporting", "at_least": 500}}},
    "transaction last": {"transaction": {"last": {"field": "channel", "eq": "app"}}},
    "transaction lines": {
        "transaction": {"of": "lines", "count": {"at_least": 1}, "where": [{"field": "category", "eq": "Shoes"}]}
    },
    "event count": _event("Product Viewed", count={"at_least": 3}, within_last="30d"),
    "event distinct": {"event": {"distinct": {"field": "session_id", "at_least": 5}}},
    "event, JSON": {"event": {"max": {"field": "properties.value", "at_least": 490}, "within_last": "60d"}},
    "sequence, then": {"sequence": {"did": _event("Product Added"), "then": _event("Order Completed"), "within": "2d"}},
    "sequence, then not": {
        "sequence": {
            "did": _event("Product Added", within_last="30d"),
            "then_not": _event("Order Completed"),
            "within": "1d",
        }
    },
    "audience": {"audience": {"in": "lapsed"}},
    "related": {"related": {"to": "account", "any": {"field": "country", "eq": "FR"}}},
    "related, two hops": {
        "related": {
            "to": ["account", "contacts"],
            "count": {"at_least": 2},
            "where": [{"field": "country", "eq": "FR"}],
        }
    },
}

_COUNTRIES = ("FR", "DE", "US", "GB", "ES")
_EVENTS = ("Page Viewed", "Product Viewed", "Product Added", "Order Completed")
_CATEGORIES = ("Shoes", "Coffee", "Tea", "Books", "Toys", "Garden")


def audience(name: str, condition: Tree, **options: Any) -> AudienceDefinition:  # noqa: ANN401 - of the definition
    """An audience with a condition."""
    given = {"name": name, "description": name, "owners": ["team:benchmarks"], "condition": condition, **options}
    return validated(AudienceDefinition, given, "the benchmark")


def hundred() -> list[AudienceDefinition]:
    """A hundred audiences: who somebody is, what they did on the site, what they bought, in turns."""
    shapes = [_browsers, _spenders, _buyers, _baskets]
    return [audience(f"audience_{n:03}", shape(n)) for n, shape in enumerate(islice(cycle(shapes), 100))]


def _browsers(n: int) -> Tree:
    seen = _event(_EVENTS[n % 4], count={"at_least": 1 + n % 5}, within_last=f"{10 + n % 60}d")
    return {"all": [{"property": {"field": "country", "eq": _COUNTRIES[n % 5]}}, seen]}


def _spenders(n: int) -> Tree:
    spent = {"sum": {"field": "amount_reporting", "at_least": 200 + 10 * n}, "within_last": f"{30 + n}d"}
    return {"all": [{"transaction": spent}, {"property": {"field": "email", "is_set": True}}]}


def _buyers(n: int) -> Tree:
    bought = {"of": "lines", "count": {"at_least": 1}, "where": [{"field": "category", "eq": _CATEGORIES[n % 6]}]}
    return {"all": [{"transaction": bought}, {"property": {"field": "risk_band", "in": ["medium", "high"]}}]}


def _baskets(n: int) -> Tree:
    added = _event("Product Added", count={"at_least": 1}, within_last=f"{7 + n % 20}d")
    ordered = {"transaction": {"count": {"exactly": 0}, "within_last": f"{14 + n % 20}d"}}
    return {"all": [added, ordered]}
