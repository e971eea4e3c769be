"""The match model learns without labels, is saved as data, and finds what rules leave open."""

import random

import polars as pl
import pytest

from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.contracts import MATCH_MODEL
from cdp_assets.identity.edges import find_edges
from cdp_assets.identity.model import latest_model
from cdp_assets.identity.quality import cluster_quality
from cdp_assets.identity.resolve import resolve
from cdp_assets.identity.training import train_model
from cdp_assets_tests.unit.identity.people import AS_OF, CONFIG, NO_HISTORY, NO_ISSUED, edges_of, records_of

FIRST = ["Anna", "Robert", "Maria", "Peter", "Julia", "Thomas", "Laura", "Felix", "Nina", "Oscar", "Irene", "Walter"]
LAST = ["Smith", "Garcia", "Keller", "Novak", "Rossi", "Dubois", "Larsen", "Kowalski", "Haas", "Moreau", "Byrne"]


def population(people: int, seed: int) -> list[dict]:
    """Two records a person, the second with slips and gaps; `id` is the person's number and a letter."""
    chance = random.Random(seed)
    found = []
    for n in range(people):
        first, last = chance.choice(FIRST), chance.choice(LAST) + chance.choice(["", "son", "mann", "ova"])
        person = {
            "first_name": first,
            "last_name": last,
            "email": f"{first}.{last}{n}@b.org",
            "phone": f"+1305904{n:04}",
            "street": f"{chance.randrange(1, 200)} Main St",
            "city": "Miami",
            "postal_code": f"33{chance.randrange(100, 140)}",
            "date_of_birth": f"{chance.randrange(1950, 2004)}-0{chance.randrange(1, 10)}-{chance.randrange(10, 29)}",
        }
        other = dict(person)
        for key in ("email", "phone", "street"):
            if chance.random() < 0.5:
                other[key] = None
        if chance.random() < 0.5:
            other["last_name"] = last[:2] + last[3:]
        found += [person | {"id": f"{n}-a"}, other | {"id": f"{n}-b"}]
    return found


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    return records_of(population(400, seed=3))


@pytest.fixture(scope="module")
def model(records):
    return train_model(records, CONFIG, AS_OF)


def quality(records: pl.DataFrame, edges: pl.DataFrame):
    found = resolve(records, edges, NO_ISSUED, NO_HISTORY, CONFIG, AS_OF, "run").customer_ids
    return cluster_quality(found["customer_id"], found["record_id"].str.split("-").list.first())


def test_it_finds_people_the_rules_miss_without_joining_others(records, model):
    rules, both = find_edges(records, None, CONFIG), find_edges(records, model, CONFIG)
    assert quality(records, both).recall > quality(records, rules).recall + 0.05
    assert quality(records, both).precision > 0.98
    scored = both.filter(pl.col("kind") == "probabilistic")
    assert scored["match_probability"].min() >= CONFIG.probabilistic.threshold
    assert scored["model_version"].unique().to_list() == [model.version]


def test_the_same_records_in_any_order_give_the_same_model_and_edges(records, model):
    shuffled = records.sample(fraction=1, shuffle=True, seed=5)
    assert train_model(shuffled, CONFIG, AS_OF).version == model.version
    assert find_edges(shuffled, model, CONFIG).equals(find_edges(records, model, CONFIG))


def test_it_is_the_same_after_being_saved(records, model):
    table = pl.DataFrame(model.to_table().cast(MATCH_MODEL.schema))
    loaded = latest_model(table)
    assert loaded == model
    assert find_edges(records, loaded, CONFIG).equals(find_edges(records, model, CONFIG))


def test_training_says_nothing_on_the_console(records, capfd):
    train_model(records, CONFIG, AS_OF)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "people",
    [[], [{"id": 1, "email": "a@b.org"}], [{"id": n} for n in range(200)], population(10, seed=1)],
    ids=["none", "one", "nothing known", "few"],
)
def test_too_little_to_learn_from_gives_no_model_and_the_reason(people):
    untrained = train_model(records_of(people), CONFIG, AS_OF)
    assert not untrained.is_trained
    assert "at least 50 are needed" in (untrained.reason or "")
    assert latest_model(pl.DataFrame(untrained.to_table())) == untrained
    assert find_edges(records_of(people), untrained, CONFIG).equals(edges_of(people))


def test_people_who_agree_on_nothing_give_no_model():
    people = [{"id": n, "first_name": f"a{n}", "last_name": f"b{n}"} for n in range(100)]
    people = [
        person | {k: "".join(chr(97 + int(c)) if c.isdigit() else c for c in v) for k, v in person.items() if k != "id"}
        for person in people
    ]
    untrained = train_model(records_of(people), CONFIG, AS_OF)
    assert untrained.reason == "no two records agree on the keys that training starts from"


def test_it_can_be_switched_off(records):
    config = IdentityConfig.model_validate({"probabilistic": {"enabled": False}})
    assert train_model(records, config, AS_OF).reason == "probabilistic matching is switched off"


def test_there_is_no_latest_model_of_none():
    assert latest_model(pl.DataFrame(MATCH_MODEL.empty())) is None


@pytest.mark.parametrize(
    ("known", "is_trained"),
    [
        ((), False),
        (("postal_code",), False),
        (("city", "postal_code"), False),
        (("date_of_birth",), True),
        (("email",), True),
        (("phone", "postal_code"), True),
        (("date_of_birth", "postal_code"), True),
    ],
    ids=lambda known: " ".join(known) if isinstance(known, tuple) else None,
)
def test_sources_without_most_keys_give_a_model_or_the_reason_why_not(known, is_trained):
    named = ("id", "first_name", "last_name", *known)
    people = [{key: person[key] for key in named} for person in population(120, seed=3)]
    records = records_of(people)
    model = train_model(records, CONFIG, AS_OF)
    assert (model.is_trained, model.reason is None) == (is_trained, is_trained)
    assert set(find_edges(records, model, CONFIG)["kind"]) <= {"rule", "probabilistic"}
