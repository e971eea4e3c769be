"""Calls of `cdp match`: records to give it, and what it says and writes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from click.testing import Result

Match = Callable[..., Result]
COLUMNS = ["source", "record_id", "customer_id", "matched_by", "match_probability"]
KEY = {"source": pl.String, "record_id": pl.String}
ANNA = {"email": "anna@smith.org", "first_name": "Anna", "last_name": "Smith"}
RULES_ALONE = "probabilistic: {enabled: false}\nrules: [{name: email_and_name, agree: [email, name_forms]}]\n"


def table(*rows: dict[str, Any], **columns: pl.Series) -> pl.DataFrame:
    """Records of the crm, numbered; `columns` in the place of theirs."""
    numbered = [{"source": "crm", "record_id": str(number), **row} for number, row in enumerate(rows)]
    return pl.DataFrame(numbered, infer_schema_length=None).with_columns(**columns)


def ids(result: Result) -> pl.DataFrame:
    """What was written, after a call that went well and kept quiet on stdout."""
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    written = pl.read_parquet("ids.parquet")
    assert written.columns == COLUMNS
    assert written.select("source", "record_id").is_unique().all()
    return written


def customers(result: Result) -> dict[str, str]:
    """The customer of each record of the crm."""
    return dict(ids(result).select("record_id", "customer_id").iter_rows())


def refusal(result: Result) -> str:
    """The one line with which the command refuses; it names nobody, and wrote nothing."""
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("[")]
    assert "anna" not in line.lower()
    assert "unexpected" not in line
    assert not Path("ids.parquet").exists()
    return line


def shipped() -> Path:
    """The rules of a new deployment."""
    from cdp_assets.identity.match.files import SHIPPED_RULES

    return SHIPPED_RULES
