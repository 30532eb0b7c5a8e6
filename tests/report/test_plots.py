"""Plots are drawn in the page's colours, the same each time, and take no label for markup."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writ_async.report.blocks import Bars, Curves, Dots, Grid, Histogram, Lines, Plot
from writ_async.report.plots import COLOURS, draw_plot, plain_label
from writ_async.verify.intervals import Interval

HALF = Interval(0.5, 0.4, 0.7)
PLOTS: dict[str, Plot] = {
    "dots": Dots(("a", "b"), {"one": [HALF, None], "two": [HALF, HALF]}, "share"),
    "curves": Curves({"one": [(1.0, HALF), (2.0, HALF)], "two": [(1.0, HALF)]}, "k", "share"),
    "bars": Bars(("a", "b"), {"left": [3.0, 2.0], "fell": [0.0, 1.0]}, "rows"),
    "lines": Lines({"one": [(0.0, 1.0), (1.0, 2.0)]}, "seconds", "live"),
    "histogram": Histogram({"one": [1.0, 2.0, 2.5], "two": [4.0]}, "tokens", "rows"),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_whole_the_same_each_time_and_has_no_colour_of_its_own(name: str) -> None:
    svg = draw_plot(PLOTS[name], 7)
    assert draw_plot(PLOTS[name], 7) == svg
    ElementTree.fromstring(svg)
    drawn = svg.partition("</style>")[2]
    assert "var(--c0)" in drawn
    assert "var(--ink)" in svg
    assert not re.search(r"#0102|rgb\(1, ?2,", svg)
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    assert all(one.startswith("plot7-") for one in ids)
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= ids


def test_series_beyond_the_colours_begin_anew() -> None:
    names = [f"run {at}" for at in range(COLOURS + 1)]
    svg = draw_plot(Dots(("a",), {name: [HALF] for name in names}, "share"), 1)
    assert {f"var(--c{at})" for at in range(COLOURS)} <= set(re.findall(r"var\(--c\d+\)", svg))
    assert f"var(--c{COLOURS})" not in svg


def test_a_grid_is_no_drawing() -> None:
    with pytest.raises(ValueError, match="table"):
        draw_plot(Grid(("R0",), ("W0",), [[(0.5, "50")]]), 1)


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=40))
def test_no_label_becomes_markup(label: str) -> None:
    svg = draw_plot(
        Bars((label, '<a href="javascript:x">y</a>'), {label: [1.0, 2.0], r"\(x^2\)": [1.0, 1.0]}, label), 1
    )
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert tags.isdisjoint({"a", "script", "image", "foreignObject"})
    assert len(plain_label(label)) <= 30
