"""A report as one HTML page that needs nothing else: no script, no network, every text escaped."""

from __future__ import annotations

from importlib import resources

from writ_async.errors import InputError
from writ_async.report.blocks import Block, Document, Grid, Link
from writ_async.report.plots import draw_plot

_TINT = 55
"""How much of its colour the fullest cell of a grid has, in per cent, so that its text can still be read."""

_SHORT = 32
"""Letters of a text that is not broken into lines."""


def require_page() -> None:
    """Raises `InputError` where what draws or writes pages is not installed: the extra `report`."""
    try:
        import jinja2  # noqa: F401
        import lets_plot  # noqa: F401
    except ImportError as exc:
        raise InputError(
            f"report: a page needs {exc.name}, which is not there: pip install 'writ-async[report]', or ask for --md "
            "or --json"
        ) from None


def to_page(document: Document) -> str:
    """The document as an HTML page. Needs what `require_page` asks for."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    drawn = 0

    def svg(block: Block) -> Markup:
        nonlocal drawn
        assert block.plot is not None
        drawn += 1
        return Markup(draw_plot(block.plot, drawn))

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    files = resources.files(__package__)
    page = environment.from_string((files / "page.html").read_text(encoding="utf-8"))
    return page.render(
        document=document,
        style=Markup((files / "page.css").read_text(encoding="utf-8")),
        svg=svg,
        is_grid=lambda block: isinstance(block.plot, Grid),
        is_link=lambda cell: isinstance(cell, Link),
        parts=lambda cell: cell if isinstance(cell, tuple) else (cell,),
        short=lambda cell: not isinstance(cell, str) or len(cell) <= _SHORT,
        tint=lambda value: round(_TINT * min(1.0, max(0.0, value))),
        code=lambda sentence: list(enumerate(sentence.split("`"))),
    )
