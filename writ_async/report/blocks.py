"""What a report is made of, whatever it is written as: sections of sentences, tables, and plots with a table behind."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from writ_async.verify.intervals import Interval


class Link(msgspec.Struct, frozen=True):
    """A text that leads somewhere where the viewer is up; plain text where `href` is empty."""

    text: str
    href: str = ""


Cell = str | Link | tuple[Link, ...]


class Table(msgspec.Struct, frozen=True):
    """Columns of texts, as many as `texts` says, then columns of numbers. Without rows it is not shown."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    texts: int = 1


class Dots(msgspec.Struct, frozen=True):
    """Estimates with intervals, one line for each label and one dot on it for each series; shares from 0 to 1."""

    labels: tuple[str, ...]
    series: dict[str, list[Interval | None]]
    axis: str


class Curves(msgspec.Struct, frozen=True):
    """Estimates along whole numbers, with a band of their intervals, a curve for each series; shares from 0 to 1."""

    series: dict[str, list[tuple[float, Interval]]]
    axis: str
    value: str


class Bars(msgspec.Struct, frozen=True):
    """Counts, a bar for each label, cut up into parts by name in the order of the names."""

    labels: tuple[str, ...]
    parts: dict[str, list[float]]
    axis: str


class Grid(msgspec.Struct, frozen=True):
    """A value from 0 to 1 with a text for each pair of column and row; None where there is nothing."""

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: list[list[tuple[float, str] | None]]


class Lines(msgspec.Struct, frozen=True):
    """Values over something that passes, a line for each series."""

    series: dict[str, list[tuple[float, float]]]
    axis: str
    value: str


class Histogram(msgspec.Struct, frozen=True):
    """How values are spread, a series each."""

    series: dict[str, list[float]]
    axis: str
    value: str


Plot = Dots | Curves | Bars | Grid | Lines | Histogram


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a section: a heading, sentences, a plot with `alt` as its words, and a table, which a plot hides."""

    title: str = ""
    text: tuple[str, ...] = ()
    plot: Plot | None = None
    alt: str = ""
    table: Table | None = None


class Section(msgspec.Struct, frozen=True):
    """A part of a report. `name` is its anchor."""

    name: str
    title: str
    blocks: Sequence[Block]


class Document(msgspec.Struct, frozen=True):
    """A whole report: a line for each run, `warnings` to be read before any number; `terms` are what its words mean."""

    title: str
    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: Sequence[Section]
    terms: Sequence[tuple[str, str]]
