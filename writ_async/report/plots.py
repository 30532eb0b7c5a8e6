"""Plots as SVG, in colours that follow the page: light or dark, on paper too.

Lets-Plot draws them (the extra `report`): one wheel without a browser or a server, an SVG of some 15 kB in some
10 ms, texts as text. Colours are handed to it as placeholders, which become the page's variables afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from writ_async.report.blocks import Bars, Curves, Dots, Grid, Histogram, Lines, Plot

WIDTH = 520
COLOURS = 6
"""How many series have a colour of their own; further ones begin anew."""
_INK, _FAINT, _FIRST = "#010203", "#010204", 0x10
_PLACEHOLDER = re.compile(r"#0102([0-9a-f]{2})|rgba?\(1,\s*2,\s*(\d+)(?:,\s*1(?:\.0)?)?\)", re.IGNORECASE)
_ID = re.compile(r'\bid="([^"]+)"')
_SIZE = re.compile(r'<svg ([^>]*?)\s*width="([\d.]+)" height="([\d.]+)"')
_LONGEST = 30
_TEXT = 14


def draw_plot(plot: Plot, number: int) -> str:
    """A plot as an SVG element; the `number` tells its ids from those of others on the page.

    Raises `ValueError` for a grid, which is a table on the page.
    """
    match plot:
        case Dots():
            figure = _dots(plot)
        case Curves():
            figure = _curves(plot)
        case Bars():
            figure = _bars(plot)
        case Lines():
            figure = _lines(plot)
        case Histogram():
            figure = _histogram(plot)
        case Grid():
            raise ValueError("a grid is drawn as a table")
    return _settle(figure.to_svg(), f"plot{number}")


def _settle(svg: str, name: str) -> str:
    """The drawing with ids that are the same each time, with the page's colours, and as wide as its place."""
    for place, found in enumerate(dict.fromkeys(_ID.findall(svg))):
        svg = re.sub(rf'(?<=[#"]){re.escape(found)}\b', f"{name}-{place}", svg)
    svg = _PLACEHOLDER.sub(_variable, svg)
    return _SIZE.sub(r'<svg \1 viewBox="0 0 \2 \3" aria-hidden="true" focusable="false"', svg, count=1)


def _variable(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else int(match[2])
    return {3: "var(--ink)", 4: "var(--faint)"}.get(code, f"var(--c{code - _FIRST})")


def _colours(count: int) -> list[str]:
    return [f"#0102{_FIRST + place % COLOURS:02x}" for place in range(count)]


def plain_label(text: str, longest: int = _LONGEST) -> str:
    """A label without what the library would take for markup (links, formulas), cut to what there is room for."""
    text = text.replace("<", "‹").replace(">", "›").replace("\\", "∖")
    text = "".join(character if character.isprintable() else "·" for character in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _theme(*, legend: bool) -> Any:
    from lets_plot import element_blank, element_line, element_rect, element_text, theme

    nothing = "rgba(0,0,0,0)"
    return theme(
        text=element_text(color=_INK, size=_TEXT),
        axis_text=element_text(color=_INK, size=_TEXT),
        axis_title=element_text(color=_INK, size=_TEXT),
        legend_text=element_text(color=_INK, size=_TEXT),
        axis_line=element_line(color=_INK, size=1),
        axis_ticks=element_line(color=_INK, size=1),
        panel_grid_major=element_line(color=_FAINT, size=0.7),
        panel_grid_minor=element_blank(),
        panel_background=element_rect(fill=nothing, color=nothing),
        plot_background=element_rect(fill=nothing, color=nothing),
        legend_background=element_rect(fill=nothing, color=nothing),
        legend_key=element_rect(fill=nothing, color=nothing),
        legend_title=element_blank(),
        legend_position="bottom" if legend else "none",
        legend_direction="vertical" if legend else "horizontal",
    )


def _plot(data: dict[str, list[Any]], names: Sequence[str], height: int, x: str, y: str) -> Any:
    """An empty plot of series by these names, in their order."""
    from lets_plot import ggplot, ggsize, labs, scale_color_manual, scale_fill_manual

    colours, limits = _colours(len(names)), list(map(plain_label, names))
    legend = len(names) > 1
    return (
        ggplot(data)
        + scale_color_manual(colours, limits=limits)
        + scale_fill_manual(colours, limits=limits)
        + labs(x=plain_label(x, WIDTH) or " ", y=plain_label(y, WIDTH) or " ")
        + ggsize(WIDTH, height + (24 * len(names) + 20 if legend else 0))
        + _theme(legend=legend)
    )


def _percents(values: Iterable[float]) -> list[float]:
    return [100 * value for value in values]


def _dots(plot: Dots) -> Any:
    from lets_plot import aes, geom_pointrange, scale_x_continuous, scale_y_continuous

    count, several = len(plot.labels), len(plot.series)
    data: dict[str, list[Any]] = {"x": [], "low": [], "high": [], "y": [], "series": []}
    for place, (name, values) in enumerate(plot.series.items()):
        for row, value in enumerate(values):
            if value is not None:
                shift = (place - (several - 1) / 2) * 0.6 / max(several, 2)
                added = (*_percents((value.estimate, value.low, value.high)), row + shift, plain_label(name))
                for key, one in zip(data, added, strict=True):
                    data[key].append(one)
    return (
        _plot(data, list(plot.series), 70 + count * max(24, 16 * several), f"{plot.axis}, %", "")
        + geom_pointrange(aes(x="x", y="y", xmin="low", xmax="high", color="series"), size=0.7, tooltips="none")
        + scale_x_continuous(limits=[0, 100], expand=[0.02, 0])
        + scale_y_continuous(
            breaks=list(range(count)), labels=list(map(plain_label, plot.labels)), limits=[count - 0.4, -0.6],
            trans="reverse",
        )
    )  # fmt: skip


def _curves(plot: Curves) -> Any:
    from lets_plot import aes, geom_line, geom_point, geom_ribbon, scale_x_continuous, scale_y_continuous

    data: dict[str, list[Any]] = {"x": [], "y": [], "low": [], "high": [], "series": []}
    for name, curve in plot.series.items():
        for x, value in curve:
            added = (x, *_percents((value.estimate, value.low, value.high)), plain_label(name))
            for key, one in zip(data, added, strict=True):
                data[key].append(one)
    last = int(max(data["x"], default=1))
    step = max(1, last // 8)
    return (
        _plot(data, list(plot.series), 300, plot.axis, f"{plot.value}, %")
        + geom_ribbon(aes(x="x", ymin="low", ymax="high", fill="series"), alpha=0.14, size=0, tooltips="none")
        + geom_line(aes(x="x", y="y", color="series"), size=1.1, tooltips="none")
        + geom_point(aes(x="x", y="y", color="series"), size=2.6, tooltips="none")
        + scale_x_continuous(breaks=list(range(0, last + 1, step)) if step > 1 else list(range(last + 1)))
        + scale_y_continuous(limits=[0, 100])
    )


def _bars(plot: Bars) -> Any:
    from lets_plot import aes, geom_rect, scale_x_continuous, scale_y_continuous

    data: dict[str, list[Any]] = {"xmin": [], "xmax": [], "ymin": [], "ymax": [], "series": []}
    parts = {name: values for name, values in plot.parts.items() if any(values)} or plot.parts
    for row in range(len(plot.labels)):
        start = 0.0
        for name, values in parts.items():
            added = (start, start + values[row], row - 0.36, row + 0.36, plain_label(name))
            start += values[row]
            for key, one in zip(data, added, strict=True):
                data[key].append(one)
    count = len(plot.labels)
    return (
        _plot(data, list(parts), 70 + 26 * count, plot.axis, "")
        + geom_rect(
            aes(xmin="xmin", xmax="xmax", ymin="ymin", ymax="ymax", fill="series"), size=0, alpha=0.85, tooltips="none"
        )
        + scale_x_continuous(expand=[0.03, 0])  # or half of a label at the end would be cut off
        + scale_y_continuous(
            breaks=list(range(count)), labels=list(map(plain_label, plot.labels)), limits=[count - 0.4, -0.6],
            trans="reverse",
        )
    )  # fmt: skip


def _lines(plot: Lines) -> Any:
    from lets_plot import aes, geom_line, scale_y_continuous

    data: dict[str, list[Any]] = {"x": [], "y": [], "series": []}
    for name, line in plot.series.items():
        for x, y in line:
            for key, one in zip(data, (x, y, plain_label(name)), strict=True):
                data[key].append(one)
    top = max(data["y"], default=0) or 1
    return (
        _plot(data, list(plot.series), 260, plot.axis, plot.value)
        + geom_line(aes(x="x", y="y", color="series"), size=1, tooltips="none")
        + scale_y_continuous(limits=[0, top])
    )


def _histogram(plot: Histogram) -> Any:
    from lets_plot import aes, geom_histogram

    data: dict[str, list[Any]] = {"x": [], "series": []}
    for name, values in plot.series.items():
        data["x"] += values
        data["series"] += [plain_label(name)] * len(values)
    return _plot(data, list(plot.series), 260, plot.axis, plot.value) + geom_histogram(
        aes(x="x", fill="series"), bins=30, alpha=0.5, position="identity", size=0, tooltips="none"
    )
