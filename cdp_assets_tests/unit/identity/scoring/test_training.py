"""Training gives one model for one set of records, and a model or a reason for any."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from cdp_assets.errors import DataError
from cdp_assets.identity.config import IdentityConfig
from cdp_assets.identity.scoring.blocking import LARGEST_BLOCK
from cdp_assets.identity.scoring.compare import COLUMNS, compared
from cdp_assets.identity.scoring.model import MatchModel
from cdp_assets.identity.scoring.train import train_model
from cdp_assets.identity.scoring.workbench import Limits
from cdp_assets_tests.unit.identity.explain.population import match_model
from cdp_assets_tests.unit.identity.people import AS_OF, records_of
from cdp_assets_tests.unit.identity.pipeline.lookup import crowd

NO_JUNK = pl.DataFrame(schema=dict.fromkeys(("key", "value", "reason"), pl.String))
FEW_PAIRS = IdentityConfig.model_validate({"probabilistic": {"pairs_sampled": 20_000, "fewest_records": 2}})
Person = Mapping[str, Any]


def people(count: int, without: Iterable[str] = (), **alike: str) -> list[dict[str, Any]]:
    """Two records each, the second with gaps; `alike` is the same of all."""
    kept = [{"id": id_, **one, **alike} for id_, one in crowd(count).items()]
    return [{name: value for name, value in one.items() if name not in without} for one in kept]


def trained(records: pl.DataFrame, threads: int = 1) -> MatchModel:
    return train_model(records, NO_JUNK, FEW_PAIRS, AS_OF, Limits(threads=threads))


def pairs_of(records: pl.DataFrame, model: MatchModel) -> pl.DataFrame:
    numbered = records.drop("record_number", strict=False).with_row_index("record_number")
    columns = numbered.with_columns(pl.col("record_number").cast(pl.Int64)).select(COLUMNS)
    with compared(columns.to_arrow(), model, Limits(threads=1)) as rows:
        return pl.DataFrame(rows.read_all())


def test_the_order_of_records_and_the_number_of_threads_do_not_matter():
    records = records_of(people(400))
    one, other = (records.sample(fraction=1, shuffle=True, seed=seed) for seed in (1, 2))
    model = trained(one)
    assert model.is_trained
    assert set(model.contexts) == {"address", "surname", "elsewhere"}
    assert trained(other, threads=2).version == model.version


def test_a_teaching_rule_that_no_pair_obeys_is_left_out():
    """Splink forgets what it compares when a rule finds nothing: what came before it must not be used."""
    telephones = [one | {"phone": f"+1512555{at:04}"} for at, one in enumerate(people(60, ["postal_code", "street"]))]
    records = records_of(telephones)
    model = trained(records)
    assert model.is_trained
    learned = {one["output_column_name"] for one in model.contexts["elsewhere"]["comparisons"]}
    assert learned == {"first_name", "last_name", "email", "phone", "date_of_birth"}
    assert pairs_of(records, model).height > 60


NAMES = ("first_name", "last_name")
STRANGERS = [
    {"id": at, "first_name": f"n{at}x", "last_name": f"l{at}y", "email": f"e{at}@b.org", "street": f"{at} Elm St"}
    for at in range(200)
]


@pytest.mark.parametrize(
    "some",
    [
        pytest.param(people(100, first_name="Anna", last_name="Keller"), id="all names equal"),
        pytest.param(people(100, ["email", "street", "postal_code", "date_of_birth"]), id="names only"),
        pytest.param(people(100, NAMES), id="no names"),
        pytest.param([{"id": at, "email": f"a{at // 2}@b.org"} for at in range(100)], id="e-mails only"),
        pytest.param(STRANGERS, id="no pair agrees"),
        pytest.param(people(100, email="all@b.org"), id="all e-mails equal"),
        pytest.param([{**people(1)[0], "id": at} for at in range(100)], id="one person"),
        pytest.param(people(50), id="a hundred records"),
        pytest.param(people(2)[:3], id="three records"),
        pytest.param(people(1), id="two records"),
        pytest.param([], id="no records"),
    ],
)
def test_odd_records_give_a_model_that_works_or_a_reason(some: list[dict[str, Any]]):
    records = records_of(some)
    model = trained(records)
    assert model.is_trained == (model.reason is None)
    assert MatchModel.from_json(model.to_json(), "the test").version == model.version
    if model.is_trained:
        pairs = pairs_of(records, model)
        assert pairs["match_weight"].is_finite().all()
        assert pairs["match_weight"].null_count() == 0
    else:
        assert "few" in str(model.reason) or "needed" in str(model.reason)


def test_namesakes_who_agree_on_nothing_else_teach_nothing():
    names = [(first, last) for first in ("ann", "bo", "cy", "dee") for last in ("abel", "brook", "cole", "dahl")]
    everybody = [
        {
            "id": str(at),
            "first_name": names[at % 16][0],
            "last_name": names[at % 16][1],
            "email": f"{names[at % 16][0]}.{names[at % 16][1]}{at}@mail.example",
            "date_of_birth": f"{1940 + at % 50}-{at % 12 + 1:02}-{at % 27 + 1:02}",
            "city": "springfield",
        }
        for at in range(300)
    ]
    model = trained(records_of(everybody))
    assert not model.is_trained
    assert "nobody is there twice" in str(model.reason)


def test_a_burst_is_passed_over_and_listed():
    many = 5000
    one_mailbox = [
        {"id": f"m{at}", "email": "press@b.org", "first_name": f"q{at}", "last_name": f"w{at}"} for at in range(many)
    ]
    one_name = [
        {"id": f"n{at}", "first_name": "John", "last_name": "Doe", "postal_code": "10001", "street": f"{at} Elm St"}
        for at in range(many)
    ]
    records = records_of([*people(200), *one_mailbox, *one_name])
    model = trained(records)
    assert model.is_trained
    assert {value for _, values in model.oversized for value in values} >= {"press", "john"}
    assert pairs_of(records, model).height < 10 * records.height
    with pytest.raises(DataError, match="5,000 records agree"):
        pairs_of(records, replace(model, oversized=()))


def test_a_burst_after_training_is_refused_with_what_to_do():
    model = replace(match_model(), blocking=[("email",)])
    grown = records_of(
        {"id": at, "email": "new@b.org", "first_name": "Anna", "last_name": "Keller"}
        for at in range(10 * LARGEST_BLOCK + 1)
    )
    assert pairs_of(grown.head(40), model).height == 40 * 39 / 2
    with pytest.raises(DataError, match=r"2,001 records agree on email, .* train it again") as refused:
        pairs_of(grown, model)
    assert "new@b.org" not in str(refused.value)
