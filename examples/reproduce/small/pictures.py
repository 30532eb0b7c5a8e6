"""Pictures of an experiment as SVG files that stand by themselves, drawn as the product's reports are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from examples.reproduce.small.arms import Arm
from examples.reproduce.small.figures import Figures, Measure, shares
from writ_async.report.blocks import Dots, Lines, Plot
from writ_async.report.plots import draw_plot
from writ_async.runs.writing import write_whole
from writ_async.verify.intervals import Interval

_COLOURS: Final = {
    "--ink": "#1c2024", "--faint": "#dfe3e7", "--c0": "#0072b2", "--c1": "#c2500a", "--c2": "#00795a",
    "--c3": "#a63a7c", "--c4": "#8a6a00", "--c5": "#4a5c8c",
}  # fmt: skip
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


_SHOWN: Final[dict[str, tuple[Arm, ...]]] = {
    "kinds": ("normal", "write-intensive", "mix-without", "mix", "read-heavy"),
    "controls": ("normal", "idle-reads", "kept-by-outcome", "mix"),
}
"""Which arms are drawn together: what kinds of rows do, and what the controls do beside two of them."""
_AXES: Final[dict[Measure, str]] = {
    "right": "success: the right outcome",
    "proved": "evidence: all writes on all of it",
}


def draw_pictures(figures: Figures, folder: Path) -> list[Path]:
    """Draw success, evidence and the loss of each arm's first seed, and give the files."""
    groups = figures.groups
    plots: dict[str, Plot] = {}
    for name, arms in _SHOWN.items():
        shown = [arm for arm in arms if arm in figures.arms]
        for measure, axis in _AXES.items():
            dots: dict[str, list[Interval | None]] = {
                arm: [shares(figures, arm, measure, group) for group in groups] for arm in shown
            }
            plots[f"{measure}-{name}"] = Dots(tuple(group.name for group in groups), dots, axis)
        curves: dict[str, list[tuple[float, float]]] = {arm: _curve(figures, arm) for arm in shown}
        plots[f"loss-{name}"] = Lines(curves, "step", "loss per trained token, nats")
    return [_write(plot, number, folder / f"{name}.svg") for number, (name, plot) in enumerate(plots.items())]


def _curve(figures: Figures, arm: str) -> list[tuple[float, float]]:
    first = next(run for run in figures.runs if run.arm == arm)
    return [(float(point["step"]), float(point["loss"])) for point in first.head["curve"]]


def _write(plot: Plot, number: int, file: Path) -> Path:
    text = draw_plot(plot, number)
    for name, colour in _COLOURS.items():
        text = text.replace(f"var({name})", colour)
    size = _SIZE.search(text)
    assert size is not None
    text = text.replace("<svg ", f'<svg width="{size[1]}" height="{size[2]}" ', 1)
    back = '<rect width="100%" height="100%" fill="#ffffff"/>'
    text = re.sub(r"(<svg [^>]*>)", lambda match: match[1] + back, text, count=1)
    write_whole(file, text.encode())
    return file
