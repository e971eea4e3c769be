"""What the terminal shows."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cdp_assets.identity.explain.explain import explanation
from cdp_assets.identity.explain.explanation import Explanation
from cdp_assets.identity.explain.text import render_text
from cdp_assets.identity.explain.words import PERSONAL
from cdp_assets_tests.unit.identity.explain.made_up import customer, explained
from cdp_assets_tests.unit.identity.explain.population import Population


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_customer_of_few_records_is_shown_side_by_side_with_its_links_bars_and_what_was_kept_out(
    anna: Explanation,
) -> None:
    text = render_text(anna, width=120)
    flat = squeezed(text)
    assert flat.startswith(PERSONAL)
    for part in (
        "crm:1 is a record of c_",
        "3 records of 2 sources",
        "1 crm:1 ┃ 2 crm:2 ┃ 3 shop:3",
        "≠ as@example.org",
        "617 555 0101 (as +16175550101)",
        "2 crm:2 by rule email_and_name; same email, first name",
        "3 shop:3 by match model, +10.66, 99.94 % likely; same phone",
        "and 1 further link between them",
        "how common the last name is: smith",
        "threshold +1.50",
        "\N{MULTIPLICATION SIGN}1 crm:5 of c_",
        "kept out: the rule asks that date of birth does not differ, and it does (1980-02-03 ≠ 1951-11-12)",
        "2026-06-30 00:00 UTC created",
    ):
        assert part in flat, part


def test_a_path_is_told_link_by_link_with_its_waterfalls(family: Population) -> None:
    answer = explanation(family.warehouse, "crm:2", family.model)
    text = render_text(answer, "shop:3", width=120)
    path = squeezed(text.split("The strongest path", 1)[1])
    assert path.startswith("2 crm:2 — 1 crm:1 by rule email_and_name")
    assert "1 crm:1 — 3 shop:3 by match model, +10.66" in path
    assert path.count("before looking") == 2
    assert text.count("before looking") == 2  # not told twice


def test_a_customer_of_sixty_records_is_a_few_screens_long() -> None:
    text = render_text(explained(60), width=100)
    lines = text.splitlines()
    assert len(lines) < 60 * 4
    for number in range(60):
        assert f"crm:{number} " in text
    assert "before looking" not in text  # a line each instead of a table
    told = squeezed(text).replace("\N{MINUS SIGN}", "-")
    assert "prior -2.00, first name +4.00, email -3.50; together -1.50, threshold +1.00" in told


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for count in (2, 60):
        lines = render_text(explained(count, "Wolfeschlegelsteinhausenbergerdorff " * 5), width=width).splitlines()
        assert max(cell_len(line) for line in lines) <= width


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_value_moves_the_cursor_or_turns_the_text_around(value: str) -> None:
    text = render_text(explained(2, f"x{value}"))
    assert not {c for c in text if ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E} - {"\n"}


def test_values_are_not_markup() -> None:
    assert "[bold]x[/bold]" in render_text(explained(2, "[bold]x[/bold]"))


def test_a_long_value_is_cut_and_its_length_told() -> None:
    text = squeezed(render_text(explained(60, "n" * 10_000), width=200))
    assert "… (10,000 characters)" in text
    assert len(text) < 60_000


def test_records_in_no_link_are_told_to_be_single() -> None:
    alone = replace(customer(1), links=(), links_in_tree=0, vetoes=())
    text = render_text(replace(explained(1), customers=(alone,)))
    assert "nothing: it is a single record" in text
    assert "What was kept out" not in text


def test_a_quarantined_record_says_why() -> None:
    one = customer(1)
    apart = replace(
        one, records=(replace(one.records[0], quarantined_by="too_many_emails"),), links=(), links_in_tree=0
    )
    text = squeezed(render_text(replace(explained(1), customers=(apart,))))
    assert "record 1 is set apart as a single: with the records it is linked to, it would have more emails" in text


def test_an_id_that_is_nobody_is_told_with_its_story() -> None:
    answer = replace(explained(1), note="c_x is nobody now", customers=(), story=customer(1).history)
    text = render_text(answer)
    assert "c_x is nobody now" in text
    assert "created" in text
