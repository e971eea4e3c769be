import csv
import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from cdp_assets.sample.write import SampleSummary, write_sample


@dataclass(frozen=True)
class Written:
    landing: Path
    truth: pl.DataFrame
    summary: SampleSummary

    def csv_rows(self, pattern: str) -> list[dict[str, str]]:
        """The good rows: those with as many fields as the header."""
        (path,) = self.landing.glob(pattern)
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        return [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]

    def objects(self, pattern: str) -> list[dict]:
        """The good lines: those that are JSON objects in UTF-8."""
        found = []
        for path in sorted(self.landing.glob(pattern)):
            for line in path.read_bytes().splitlines():
                try:
                    value = json.loads(line.decode())
                except ValueError:
                    continue
                if isinstance(value, dict):
                    found.append(value)
        return found


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Written:
    folder = tmp_path_factory.mktemp("sample")
    summary = write_sample(folder / "landing", folder / "truth.parquet", people=1500, seed=7)
    return Written(folder / "landing", pl.read_parquet(folder / "truth.parquet"), summary)
