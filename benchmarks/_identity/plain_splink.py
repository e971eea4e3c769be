"""Plain Splink 5 with the model of its documentation, as a command: records in, labels out.

FEBRL 3 and 4 and the historical persons have a page there each, of which the security number is left out; contacts
follow the tutorial: a library comparison a column, u from 1e6 pairs, EM on names and on births, clusters at .95.

    python benchmarks/_identity/plain_splink.py historical RECORDS.parquet LABELS.parquet
"""

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_library as cl

_KEY = "source || ' ' || record_id AS unique_id"
_CLEAN = {
    "email": "nullif(lower(trim(email)), '')",
    "phone": "right(regexp_replace(phone, '[^0-9]', '', 'g'), 10)",
    "first_name": "nullif(lower(trim(first_name)), '')",
    "last_name": "nullif(lower(trim(last_name)), '')",
    "street": "nullif(lower(trim(street)), '')",
    "city": "nullif(lower(trim(city)), '')",
    "postal_code": "nullif(lower(trim(postal_code)), '')",
    "date_of_birth": "CAST(date_of_birth AS VARCHAR)",
    "street_number": "street_number",
    "occupation": "occupation",
}


@dataclass(frozen=True)
class _Model:
    comparisons: Sequence[Any]
    blocking: Sequence[Any]
    certain: Sequence[Any]
    recall: float
    u_pairs: float
    teaching: Sequence[Any]
    threshold: float = 0.95
    link_only: bool = False


def _frequent(comparison: Any) -> Any:  # noqa: ANN401  # Splink's creators share no exported type
    return comparison.configure(term_frequency_adjustments=True)


def _in_place_of_the_security_number() -> list[Any]:
    """Without it the pages' models fall to an F1 of .985 and .975: what their data still has fills in."""
    return [cl.JaroWinklerAtThresholds("street", [0.9, 0.8]), _frequent(cl.ExactMatch("city"))]


def _febrl3() -> _Model:
    return _Model(
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("last_name"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            _frequent(cl.ExactMatch("street_number")),
            _frequent(cl.ExactMatch("postal_code")),
            *_in_place_of_the_security_number(),
        ],
        blocking=[block_on(column) for column in ("first_name", "last_name", "date_of_birth", "postal_code")],
        certain=[
            block_on("first_name", "last_name", "date_of_birth"),
            "l.first_name = r.last_name AND l.last_name = r.first_name AND l.date_of_birth = r.date_of_birth",
        ],
        recall=0.9,
        u_pairs=1e6,
        teaching=[block_on("date_of_birth"), block_on("postal_code")],
        threshold=0.2,
    )


def _febrl4() -> _Model:
    return _Model(
        comparisons=[
            _frequent(cl.NameComparison("first_name")),
            _frequent(cl.NameComparison("last_name")),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
            ),
            _frequent(cl.ExactMatch("street_number")),
            _frequent(cl.DamerauLevenshteinAtThresholds("postal_code", [1, 2])),
            *_in_place_of_the_security_number(),
        ],
        blocking=[
            block_on("first_name", "last_name"),
            "l.first_name = r.last_name AND l.last_name = r.first_name",
            block_on("date_of_birth"),
            block_on("street"),
            block_on("postal_code"),
        ],
        certain=[block_on("first_name", "last_name", "date_of_birth")],
        recall=0.8,
        u_pairs=1e6,
        teaching=[block_on("date_of_birth"), block_on("postal_code")],
        threshold=0.99,
        link_only=True,
    )


def _historical() -> _Model:
    area, first, last = "substr(postal_code, 1, 3)", "substr(first_name, 1, 2)", "substr(last_name, 1, 2)"
    return _Model(
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "last_name", forename_surname_concat_col_name="full_name"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
            cl.PostcodeComparison("postal_code"),
            _frequent(cl.ExactMatch("city")),
            _frequent(cl.ExactMatch("occupation")),
        ],
        blocking=[
            block_on("substr(first_name, 1, 3)", "substr(last_name, 1, 4)"),
            block_on("last_name", "date_of_birth"),
            block_on("first_name", "date_of_birth"),
            block_on("postal_code", "first_name"),
            block_on("postal_code", "last_name"),
            block_on("date_of_birth", "city"),
            block_on(area, "date_of_birth"),
            block_on(area, "first_name"),
            block_on(area, "last_name"),
            block_on(first, last, "substr(date_of_birth, 1, 4)"),
        ],
        certain=[
            block_on("first_name", "last_name", "date_of_birth"),
            block_on(first, "last_name", "substr(postal_code, 1, 2)"),
            block_on("date_of_birth", "postal_code"),
        ],
        recall=0.6,
        u_pairs=1e7,
        teaching=[block_on("first_name", "last_name"), block_on("date_of_birth")],
    )


def _contacts() -> _Model:
    return _Model(
        comparisons=[
            cl.NameComparison("first_name"),
            cl.NameComparison("last_name"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
            cl.EmailComparison("email"),
            cl.ExactMatch("phone"),
            cl.LevenshteinAtThresholds("street", [1, 3]),
            _frequent(cl.ExactMatch("city")),
            _frequent(cl.ExactMatch("postal_code")),
        ],
        blocking=[
            block_on("email"),
            block_on("phone"),
            block_on("last_name", "date_of_birth"),
            block_on("first_name", "date_of_birth"),
            block_on("first_name", "last_name", "city"),
            block_on("last_name", "postal_code"),
        ],
        certain=[block_on("email"), block_on("first_name", "last_name", "date_of_birth")],
        recall=0.7,
        u_pairs=1e6,
        teaching=[block_on("email"), block_on("last_name", "date_of_birth")],
    )


MODELS = {"febrl3": _febrl3, "febrl4": _febrl4, "historical": _historical, "contacts": _contacts}


def link(model: _Model, records: str, labels: str) -> None:
    """Train, score and cluster the records of a Parquet file; write `source`, `record_id`, `customer_id`."""
    connection = duckdb.connect()
    known = {name for (name, *_) in connection.sql(f"DESCRIBE SELECT * FROM '{records}'").fetchall()}
    fields = [f"{clean} AS {name}" for name, clean in _CLEAN.items() if name in known]
    connection.execute(f"CREATE TABLE sent AS SELECT {_KEY}, source, {', '.join(fields)} FROM '{records}'")
    connection.execute("CREATE TABLE cleaned AS SELECT *, first_name || ' ' || last_name AS full_name FROM sent")
    api = DuckDBAPI(connection)
    kinds = [kind for (kind,) in connection.sql("SELECT DISTINCT source FROM cleaned ORDER BY 1").fetchall()]
    if model.link_only:
        for kind in kinds:
            connection.execute(f"CREATE TABLE t_{kind} AS SELECT * FROM cleaned WHERE source = '{kind}'")
        registered = [api.register(f"t_{kind}", dataset_display_name=f"set_{kind}") for kind in kinds]
    else:
        registered = [api.register("cleaned", dataset_display_name="records")]
    settings = SettingsCreator(
        link_type="link_only" if model.link_only else "dedupe_only",
        comparisons=list(model.comparisons),
        blocking_rules_to_generate_predictions=list(model.blocking),
        retain_matching_columns=False,
    )
    linker = Linker(registered, settings)
    linker.training.estimate_probability_two_random_records_match(list(model.certain), recall=model.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=model.u_pairs, seed=1)
    for rule in model.teaching:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=model.threshold)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=model.threshold
    )
    key = "split_part(unique_id, ' ', 1) AS source, split_part(unique_id, ' ', 2) AS record_id"
    found = f"SELECT {key}, CAST(cluster_id AS VARCHAR) AS customer_id FROM {clusters.physical_name}"
    connection.execute(f"COPY ({found}) TO '{labels}' (FORMAT parquet)")


def main() -> None:
    """Read the command line and link."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("records", help="Parquet in contract columns")
    parser.add_argument("labels", help="Parquet to write: source, record_id, customer_id")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    link(MODELS[options.model](), options.records, options.labels)


if __name__ == "__main__":
    main()
