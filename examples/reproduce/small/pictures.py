"""Pictures of an experiment as SVG files that stand by themselves, drawn as the product's reports are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from examples.reproduce.small.figures import GROUPS, Figures, shares
from writ_async.report.blocks import Dots, Lines, Plot
from writ_async.report.plots import draw_plot

_COLOURS: Final = {
    "--ink": "#1c2024", "--faint": "#dfe3e7", "--c0": "#0072b2", "--c1": "#c2500a", "--c2": "#00795a",
    "--c3": "#a63a7c", "--c4": "#8a6a00", "--c5": "#4a5c8c",
}  # fmt: skip
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def draw_pictures(figures: Figures, folder: Path) -> list[Path]:
    """Draw the loss curves of the first seed, and success and evidence by arm and level, and give the files."""
    first: dict[str, list[tuple[float, float]]] = {}
    for run in figures.runs:
        points = [(float(point["step"]), float(point["loss"])) for point in run.head["curve"]]
        first.setdefault(run.arm, points)
    groups = [group for group in GROUPS if any(GROUPS[group](task.kind, task.level) for task in figures.tasks)]
    plots: dict[str, Plot] = {"loss": Lines(first, "step", "loss per trained token, nats")}
    for name, measure, axis in (
        ("success", "right", "tasks with the right outcome"),
        ("evidence", "proved", "all writes on all evidence"),
    ):
        plots[name] = Dots(
            tuple(groups),
            {arm: [shares(figures, arm, measure, group) for group in groups] for arm in figures.arms},
            axis,
        )
    return [_write(plot, number, folder / f"{name}.svg") for number, (name, plot) in enumerate(plots.items())]


def _write(plot: Plot, number: int, file: Path) -> Path:
    text = draw_plot(plot, number)
    for name, colour in _COLOURS.items():
        text = text.replace(f"var({name})", colour)
    size = _SIZE.search(text)
    assert size is not None
    text = text.replace("<svg ", f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[1]}" height="{size[2]}" ', 1)
    back = '<rect width="100%" height="100%" fill="#ffffff"/>'
    text = re.sub(r"(<svg [^>]*>)", lambda match: match[1] + back, text, count=1)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file
