"""What reaches a terminal: text of models, files and servers with its control characters made visible.

A terminal obeys what it is sent: it clears itself, renames its window, types. So nothing that others wrote is printed
but through here: `say` and `complain` for lines, `open_console` for tables and panels.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH_IN_A_PIPE = 100


def _spelled(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_OBEYED: tuple[range, ...] = (
    range(0x20),  # C0, escape among them; newline and tab are let through below
    range(0x7F, 0xA0),  # delete and C1: a terminal takes U+009B for an escape and a bracket
    range(0x061C, 0x061D),  # marks that turn the direction of the text around them
    range(0x200E, 0x2010),
    range(0x2028, 0x202F),
    range(0x2066, 0x206A),
    range(0xD800, 0xE000),  # halves of a pair, which no terminal can be sent
    range(0xFEFF, 0xFF00),
    range(0xFFF9, 0xFFFC),
    range(0xE0000, 0xE0080),  # letters that nobody sees
)
_VISIBLE = {code: _spelled(code) for codes in _OBEYED for code in codes if chr(code) not in "\n\t"}
_VISIBLE_LINE = _VISIBLE | {ord("\n"): "\\n", ord("\t"): "\\t"}
_IN_JSON = {
    code: f"\\u{code:04x}" if code < 0x10000 else "".join(f"\\u{half:04x}" for half in _halves)
    for code in _VISIBLE
    if not 0xD800 <= code < 0xE000
    for _halves in [(0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF))]
}


def visible(text: str) -> str:
    """A text with what a terminal would obey spelled out, such as `\\x1b`; its lines stay lines.

    >>> visible("clear" + chr(27) + "[2J")
    'clear\\\\x1b[2J'
    """
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE)


def visible_line(text: str) -> str:
    """The same on one line: its line ends are spelled out too.

    >>> visible_line("two" + chr(10) + "lines")
    'two\\\\nlines'
    """
    return text if text.isascii() and text.isprintable() else text.translate(_VISIBLE_LINE)


def shorten(text: str, longest: int = 200) -> str:
    """The beginning of a text, with a mark where something is left out."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def visible_json(text: str) -> str:
    """JSON with the same characters as JSON spells them: it stands for the same value."""
    return text.translate(_IN_JSON)


def say(text: str = "") -> None:
    """Print one or several lines on stdout."""
    sys.stdout.write(visible(text) + "\n")


def complain(text: str) -> None:
    """Print one line about a command on stderr."""
    _write_line(f"writ: {visible_line(text)}")


@contextmanager
def lines_above(write: Callable[[str], None]) -> Iterator[None]:
    """While the block lasts, lines on stderr are handed to `write`: a screen that is drawn there puts them above it."""
    _writers.append(write)
    try:
        yield
    finally:
        _writers.remove(write)


_writers: list[Callable[[str], None]] = []


def _write_line(text: str) -> None:
    if _writers:
        _writers[-1](text)
        return
    sys.stderr.write(f"{visible(text)}\n")
    sys.stderr.flush()


def open_console(*, stderr: bool = False) -> Console:
    """A rich console; in a pipe it is plain and 100 columns wide. Texts of others lose their powers here, too."""
    from rich.console import Console
    from rich.segment import Segment

    class VisibleConsole(Console):
        """Makes every text visible; what the library itself sends to the terminal goes through."""

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(visible(segment.text), segment.style)

    stream = sys.stderr if stderr else sys.stdout
    return VisibleConsole(stderr=stderr, width=None if stream.isatty() else _WIDTH_IN_A_PIPE, highlight=False)


class _LineHandler(logging.Handler):
    """Complains of what is logged; looks up stderr each time, so that it is the one of now."""

    def emit(self, record: logging.LogRecord) -> None:
        _write_line(f"writ: {visible(self.format(record))}")


def show_warnings() -> None:
    """Let what engines and the scheduler log from warnings on be said as the commands say things."""
    logger = logging.getLogger()
    if not any(isinstance(handler, _LineHandler) for handler in logger.handlers):
        logger.addHandler(_LineHandler(logging.WARNING))
