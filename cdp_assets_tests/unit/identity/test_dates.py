"""Dates of birth are read as sources write them."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.normalise.dates import normalise_dates

BORN = date(1990, 3, 5)


def read(*texts: str | None, day_first: bool = True) -> list[date | None]:
    values = pl.Series("born", texts, dtype=pl.String)
    return normalise_dates(values, pl.Series([day_first]).new_from_index(0, len(texts))).to_list()


@pytest.mark.parametrize(
    "written",
    [
        "1990-03-05",
        "1990-3-5",
        "1990/03/05",
        "19900305",
        "05.03.1990",
        "5.3.1990",
        "05/03/1990",
        "5-3-1990",
        "5 March 1990",
        "5th of March 1990",
        "5. march 1990",
        "05-Mar-1990",
        "Mar 5, 1990",
        "MARCH 5th 1990",
        "1990-03-05T23:30:00Z",
        "1990-03-05 00:00:00.000+02:00",
        "05/03/1990 00:00",
        " 1990-03-05 ",
    ],
)
def test_a_date_is_read_in_many_forms(written):
    assert read(written) == [BORN]


def test_the_order_of_day_and_month_is_the_sources_unless_a_part_or_a_dot_decides():
    assert read("03/05/1990", day_first=False) == [BORN]
    assert read("03/25/1990", "25/03/1990", day_first=True) == [date(1990, 3, 25)] * 2
    assert read("03/25/1990", "25/03/1990", day_first=False) == [date(1990, 3, 25)] * 2
    assert read("05.03.1990", day_first=False) == [BORN]
    assert read("1990-25-03") == [date(1990, 3, 25)]


@pytest.mark.parametrize(
    "written",
    [
        "1990",
        "1990-03",
        "05/03/90",
        "1990-02-30",
        "13/13/1990",
        "05031990",
        "March 1990",
        "5 Marx 1990",
        "none",
        "",
        None,
    ],
)
def test_what_names_no_day_is_null(written):
    assert read(written) == [None]


def test_dates_and_date_times_are_taken_as_they_are():
    order = pl.Series([True])
    for value in (BORN, datetime.fromisoformat("1990-03-05T23:30"), datetime(1990, 3, 5, tzinfo=UTC)):
        assert normalise_dates(pl.Series([value]), order).to_list() == [BORN]


@settings(deadline=None)
@given(st.dates(), st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d", "%Y%m%d", "%d %B %Y", "%b %d, %Y"]))
def test_every_day_is_read_back(born, form):
    year = f"{born.year:04}"
    assert read(born.strftime(form.replace("%Y", year))) == [born]


@settings(deadline=None)
@given(st.text(st.sampled_from("0123456789/-. marchT:")))
def test_any_text_is_a_date_or_null(text):
    (born,) = read(text)
    assert born is None or isinstance(born, date)
