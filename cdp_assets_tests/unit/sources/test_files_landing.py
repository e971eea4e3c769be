import gzip
import hashlib

import pytest

from cdp_assets.errors import ConfigurationError, SourceError
from cdp_assets.sources.landings.files import FilesLanding


@pytest.fixture
def landing(settings):
    def landing(glob: str = "crm/*", **options) -> FilesLanding:
        return FilesLanding.from_options({"type": "files", "glob": glob, **options}, settings)

    return landing


def names(landing: FilesLanding) -> list[str]:
    return [arrival.name for arrival in landing.arrivals()]


def test_arrivals_are_the_matching_files_in_order_of_name(drop, landing):
    for name in ["crm/b.csv", "crm/a-2.csv", "crm/a-10.csv", "shop/c.csv", "crm/deep/d.csv"]:
        drop(name, "id\n1\n")

    assert names(landing("crm/*.csv")) == ["crm/a-10.csv", "crm/a-2.csv", "crm/b.csv"]
    assert names(landing("**/*.csv")) == ["crm/a-10.csv", "crm/a-2.csv", "crm/b.csv", "crm/deep/d.csv", "shop/c.csv"]


@pytest.mark.parametrize(
    "name",
    [".a.csv", "_a.csv", ".hidden/a.csv", "_tmp/a.csv", "a.csv.tmp", "a.csv.TMP", "a.csv.part", "a.csv.filepart"],
)
def test_hidden_and_unfinished_files_are_not_there_yet(drop, landing, name):
    drop(f"crm/{name}", "id\n1\n")
    drop("crm/whole.csv", "id\n1\n")

    assert names(landing("crm/**/*")) == ["crm/whole.csv"]


def test_a_folder_is_not_a_file(drop, landing):
    drop("crm/a.csv/b.csv", "id\n1\n")

    assert names(landing("crm/*.csv")) == []


def test_without_a_landing_folder_nothing_arrived(landing):
    assert names(landing()) == []


def test_the_hash_is_of_the_bytes_and_the_stamp_of_size_and_change(drop, landing):
    path = drop("crm/a.csv", "id\n1\n")

    (arrival,) = landing().arrivals()
    assert landing().content_hash(arrival) == hashlib.sha256(b"id\n1\n").hexdigest()
    assert arrival.stamp == [5, path.stat().st_mtime]


@pytest.mark.parametrize("glob", ["/etc/*", "../other/*", "crm/../../*"])
def test_a_pattern_outside_the_landing_folder_is_refused(landing, glob):
    with pytest.raises(ConfigurationError, match="must be relative to the landing folder"):
        landing(glob)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"glob": ""}, "glob is ''; "),
        ({"globs": "x"}, "there is no option 'globs'; the options are: type, glob, format, options."),
        ({"format": "excel"}, "there is no format 'excel'; there are: csv, jsonl, parquet"),
        ({"format": "csv", "options": {"delimiter": ",,"}}, "options of the format csv: delimiter is ',,'; "),
        (
            {"format": "jsonl", "options": {"delimiter": ","}},
            "options of the format jsonl: there is no option 'delimiter'; the options are: none",
        ),
    ],
)
def test_a_wrong_option_is_told_by_name(settings, options, said):
    with pytest.raises(ConfigurationError) as refused:
        FilesLanding.from_options({"type": "files", "glob": "*", **options}, settings)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b"id\n1\n"), ("a.NDJSON", b'{"id": 1}'), ("a.CSV.GZ", gzip.compress(b"id\n1\n"))]
)
def test_the_format_is_known_by_the_name(drop, landing, name, content):
    drop(f"crm/{name}", content)

    (arrival,) = landing().arrivals()
    (batch,) = landing().batches(arrival, ["id"])
    assert batch.columns == {"id": ["1"]}


def test_a_declared_format_and_its_options_win_over_the_name(drop, landing):
    drop("crm/a.txt", "id;b\n1;2\n")
    told = landing(format="csv", options={"delimiter": ";"})

    (arrival,) = told.arrivals()
    assert next(told.batches(arrival, [])).columns == {"id": ["1"], "b": ["2"]}


def test_a_name_that_tells_no_format_is_refused(drop, landing):
    drop("crm/a.xlsx", "x")
    (arrival,) = landing().arrivals()

    with pytest.raises(SourceError, match=r"a\.xlsx: its format cannot be told.*csv, jsonl, parquet"):
        list(landing().batches(arrival, []))


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b[:30] + bytes(40) + b[70:], lambda b: b[2:]])
def test_a_damaged_compressed_file_is_refused_by_name(drop, landing, damage):
    whole = gzip.compress("\n".join(["id", *map(str, range(2000))]).encode())
    drop("crm/a.csv.gz", damage(whole))
    (arrival,) = landing().arrivals()

    with pytest.raises(SourceError, match=r"crm/a\.csv\.gz (is a compressed file cut short|cannot be read)"):
        list(landing().batches(arrival, []))


def test_a_file_that_changes_while_it_is_read_is_refused(drop, landing):
    path = drop("crm/a.csv", "id\n1\n")
    (arrival,) = landing().arrivals()
    path.write_text("id\n1\n2\n")

    with pytest.raises(SourceError, match=r"crm/a\.csv changed while it was read"):
        list(landing().batches(arrival, []))


def test_a_file_that_went_away_is_told_by_name(drop, landing):
    path = drop("crm/a.csv", "id\n1\n")
    (arrival,) = landing().arrivals()
    path.unlink()

    for read in (lambda: landing().content_hash(arrival), lambda: list(landing().batches(arrival, []))):
        with pytest.raises(SourceError, match=r"crm/a\.csv cannot be read: No such file"):
            read()
