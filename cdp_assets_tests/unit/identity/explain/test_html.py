"""The page an auditor opens: it stands alone, and whatever records hold is text."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp_assets.identity.explain.explanation import Explanation
from cdp_assets.identity.explain.html import MOST_PATHS, render_html
from cdp_assets.identity.explain.words import PERSONAL, shown
from cdp_assets_tests.unit.identity.explain.made_up import customer, explained
from cdp_assets_tests.unit.identity.explain.population import Population

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "&lt;b&gt;",
    "</style>",
    "<!--",
    "]]>",
    "مريم",
    "👩‍👩‍👧",
    "\u202egnp.exe",
    "a\x00b\x1b[2J",
)
_VOID = {"meta", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """The elements of a page as (name, attributes), its texts, and whether every tag is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Elements with the names of their attributes."""
        return [(name, tuple(sorted(attributes))) for name, attributes in self.elements]

    def inside(self, name: str) -> list[str]:
        """The texts of all elements of a name."""
        return [text for tag, text in self.texts if tag == name]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_text_and_change_nothing_of_the_page(value: str) -> None:
    page, plain = Page(render_html(explained(4, value))), Page(render_html(explained(4, "anna")))
    assert page.shape == plain.shape
    assert not page.open
    assert not page.comments
    assert shown(value) in "".join(page.inside("bdi"))


@settings(deadline=None)
@given(st.text(min_size=1).filter(str.strip))
def test_any_value_is_shown_as_it_is_and_changes_nothing_of_the_page(value: str) -> None:
    page = Page(render_html(explained(2, value)))
    assert page.shape == Page(render_html(explained(2, "anna"))).shape
    assert shown(value) in "".join(page.inside("bdi"))


def test_no_value_reaches_a_script_or_a_style() -> None:
    page, plain = (Page(render_html(explained(4, value))) for value in ("<secret>", "anna"))
    for name in ("script", "style"):
        assert page.inside(name) == plain.inside(name)


def test_only_the_pages_own_script_and_style_may_run(anna: Explanation) -> None:
    page = Page(render_html(anna))
    (policy,) = (a["content"] for name, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    code = [text for text in page.inside("script") if "use strict" in text]
    for text in (*page.inside("style"), *code):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not any("style" in attributes for _, attributes in page.elements)  # which the policy would stop


def test_the_page_needs_nothing_but_itself(anna: Explanation) -> None:
    text = render_html(anna)
    page = Page(text)
    assert not page.open
    for _, attributes in page.elements:
        assert not {"src", "srcset", "action", "xlink:href"} & attributes.keys()
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert "fetch(" not in text


def test_what_is_told_is_on_the_page(family: Population, anna: Explanation) -> None:
    page = Page(render_html(anna))
    text = " ".join(data for _, data in page.texts)
    for part in (
        PERSONAL,
        "Anna.Smith@example.com",
        "matched as ",
        "rule email_and_name",
        "match model",
        "same last name",
        "how common the last name is",
        "threshold +1.50",
        f"Customer  {family.customer_of('1')}",
        family.customer_of("5"),
        "kept out: the dates of birth are further apart than a slip of the pen, and no e-mail agrees",
        "History of the id",
        "created",
    ):
        assert part in text, part


def test_values_that_differ_from_most_are_marked_not_by_colour_alone(anna: Explanation) -> None:
    text = render_html(anna)
    (cell,) = re.findall(r'<td class="differs">(.*?)</td>', text)
    assert "as@example.org" in cell
    assert "≠" in cell
    assert "differs: " in cell


def test_the_script_finds_what_it_looks_for_and_a_path_for_any_two_records() -> None:
    page = Page(render_html(explained(5)))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    (paths,) = (json.loads(text) for text in page.inside("script") if text.startswith("{"))
    assert set(paths) == {f"{one}-{other}" for one in range(5) for other in range(one + 1, 5)}
    assert {f"c0-link-{place}" for path in paths.values() for place in path} <= set(ids)
    assert paths["1-2"] == [0, 1]
    assert paths["1-4"] == [0, 2, 3]


def test_labels_belong_to_the_lists_they_name_and_pictures_have_titles() -> None:
    page = Page(render_html(explained(5)))
    ids = {attributes.get("id") for _, attributes in page.elements}
    labels = [attributes["for"] for name, attributes in page.elements if name == "label"]
    assert labels
    assert ids.issuperset(labels)
    assert ("html", "en") in [(name, attributes.get("lang")) for name, attributes in page.elements]
    (graph,) = (place for place, (_, a) in enumerate(page.elements) if a.get("class") == "graph")
    assert page.elements[graph][1]["role"] == "img"
    assert page.elements[graph + 1][0] == "title"
    assert any("5 records, 4 links that hold, 1 link kept out" in text for text in page.inside("title"))


def test_beyond_some_records_the_paths_of_one_to_all_others_are_on_the_page() -> None:
    page = Page(render_html(explained(MOST_PATHS + 1)))
    (paths,) = (json.loads(text) for text in page.inside("script") if text.startswith("{"))
    assert set(paths) == {f"0-{other}" for other in range(1, MOST_PATHS + 1)}


def test_a_single_record_is_told_without_a_graph_of_links() -> None:
    alone = replace(customer(1), links=(), links_in_tree=0, vetoes=())
    text = render_html(replace(explained(1), customers=(alone,)))
    assert "A single record: nothing joins it." in text
    assert "No guard kept a link out." in text
    assert "<svg" not in text.split('class="legend"', 1)[0]


def test_an_old_id_is_told_with_its_story_and_each_customer_it_became() -> None:
    became = tuple(replace(customer(2), customer_id=one) for one in ("c_y", "c_z"))
    answer = replace(explained(2), asked="c_old", note="c_old is no longer", customers=became, story=became[0].history)
    page = Page(render_html(answer))
    assert "What became of a customer id" in page.inside("p")
    assert "c_old is no longer" in page.inside("p")
    assert {"c_y", "c_z"} <= set(page.inside("code"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_bars_begin_where_the_one_before_ended_and_the_threshold_crosses_all() -> None:
    text = render_html(explained(2))
    waterfall = text.split('<table class="waterfall">', 1)[1].split("</table>", 1)[0]
    bars = re.findall(r'<rect x="([\d.]+)%" y="22%" width="([\d.]+)%" height="56%" class="(\w+)"', waterfall)
    prior, name, email, phone, total = [(float(x), float(x) + float(width), kind) for x, width, kind in bars]
    assert [kind for *_, kind in (prior, name, email, phone, total)] == [
        "against",
        "for",
        "against",
        "nothing",
        "total",
    ]
    assert prior[0] == name[0]  # down to the prior, then up
    assert name[1] == pytest.approx(email[1], abs=0.02)  # up to its end, then down again
    assert email[0] == pytest.approx(phone[0], abs=0.02)
    assert total[0] == pytest.approx(email[0], abs=0.02)  # what all add up to
    thresholds = re.findall(r'x1="([\d.]+)%" x2="([\d.]+)%" y1="0" y2="100%" class="threshold"', waterfall)
    assert len(thresholds) == len(bars)
    assert len(set(thresholds)) == 1


def test_a_weight_that_the_records_have_outgrown_is_said_to_be_old() -> None:
    one = customer(2)
    fall = one.links[0].waterfall
    assert fall is not None
    stale = replace(one, links=(replace(one.links[0], waterfall=replace(fall, scored=2.5)),))
    assert "when it was last scored, the weight was +2.50" in render_html(replace(explained(2), customers=(stale,)))
    assert "A record has changed since" not in render_html(explained(2))
