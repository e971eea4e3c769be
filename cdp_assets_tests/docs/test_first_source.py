"""The guide to the first source works as printed, and with real records."""

import polars as pl
import pytest

from cdp_assets_tests.docs.clone import Clone
from cdp_assets_tests.docs.pages import Block, blocks
from cdp_assets_tests.reference_data import REPOSITORY, needs_reference_file, reference_file

GUIDE = REPOSITORY / "docs" / "first-source.md"
HISTORICAL = "historical_50k.parquet"
HISTORICAL_FILES = REPOSITORY / "cdp_assets_tests" / "docs" / "historical"


@pytest.mark.slow
def test_following_the_guide_resolves_its_members(tmp_path):
    clone = Clone.at(tmp_path / "clone")
    printed = "".join(clone.follow(block) for block in blocks(GUIDE))
    assert clone.query("SELECT count(*) FROM raw.loyalty__members") == [(6,)]
    assert clone.query("SELECT line, reason FROM raw.rejected_rows") == [(7, "the required column card_no is empty")]
    assert _customers(clone, "loyalty") == [["L-1001", "L-1002"], ["L-1003"], ["L-1004", "L-1005"]]
    assert clone.query("SELECT email FROM master.customers WHERE first_name = 'Sofia'") == [
        ("sofia.rossi@example.org",)
    ]
    assert "the required column card_no is empty" in printed
    assert all(record in printed for record in ("L-1001", "L-1002", "L-1003", "L-1004", "L-1005"))
    assert "nothing is new" in clone.run("cdp run")


@pytest.mark.slow
@needs_reference_file(HISTORICAL)
def test_following_the_guide_with_fifty_thousand_records_loses_none_and_joins_the_right_ones(tmp_path, record_property):
    clone = Clone.at(tmp_path / "clone")
    truth = pl.read_parquet(reference_file(HISTORICAL))
    landing = clone.root / "data" / "landing" / "historical"
    landing.mkdir(parents=True)
    truth.drop("cluster").write_csv(landing / "persons.csv")
    _follow_with_historical_files(clone)

    every = truth.height
    loaded = clone.query("SELECT sum(rows), sum(rejected) FROM raw.loads")[0]
    assert sum(loaded) == every
    assert clone.query("SELECT count(*) FROM raw.historical__persons") == [(loaded[0],)]
    assert clone.query("SELECT count(*) FROM staging.stg_historical__customers") == [(loaded[0],)]
    ids = pl.DataFrame(
        clone.query("SELECT record_id, customer_id FROM identity.customer_ids"), ["unique_id", "id"], orient="row"
    )
    assert sorted(ids["unique_id"]) == sorted(truth["unique_id"])
    assert clone.query("SELECT count(*), sum(record_count) FROM master.customers") == [(ids["id"].n_unique(), every)]

    precision, recall = _pairwise(ids.join(truth.select("unique_id", "cluster"), on="unique_id"))
    print(f"precision {precision:.4f}, recall {recall:.4f}, {ids['id'].n_unique():,} customers")  # noqa: T201
    record_property("precision", precision)
    record_property("recall", recall)
    assert precision >= 0.95
    assert recall >= 0.85


def _follow_with_historical_files(clone: Clone) -> None:
    """The guide's steps, with the names and the mapping of another source."""
    ours = {"defs.yaml": "defs.yaml", "stg_loyalty__customers.sql": "stg_historical__customers.sql"}
    for block in blocks(GUIDE):
        name = (block.path or "").rsplit("/", 1)[-1]
        if name.endswith(".csv") or "cdp status" in block.text or "--select" in block.text:
            continue
        text = (HISTORICAL_FILES / ours[name]).read_text() if name in ours else _renamed(block.text)
        clone.follow(Block(block.language, text, _renamed(block.path) if block.path else None))


def _renamed(text: str) -> str:
    return text.replace("loyalty", "historical").replace("members", "persons")


def _customers(clone: Clone, source: str) -> list[list[str]]:
    """The records of each customer."""
    ids = clone.query(f"SELECT record_id, customer_id FROM identity.customer_ids WHERE source = '{source}' ORDER BY 1")
    customers: dict[str, list[str]] = {}
    for record, customer in ids:
        customers.setdefault(customer, []).append(record)
    return sorted(customers.values())


def _pairwise(assigned: pl.DataFrame) -> tuple[float, float]:
    """Precision and recall over pairs of records, from `id` and the true `cluster`."""
    found, true, both = (_pairs(assigned, keys) for keys in (["id"], ["cluster"], ["id", "cluster"]))
    return both / found, both / true


def _pairs(assigned: pl.DataFrame, keys: list[str]) -> int:
    sizes = assigned.group_by(keys).len()["len"].cast(pl.Int64)
    return int((sizes * (sizes - 1) // 2).sum())
