"""A report as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from writ_async.report.blocks import Block, Cell, Document, Link, Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|&])")


def to_markdown(document: Document) -> str:
    """The document as GitHub's Markdown: every sentence and table, and of a plot the table behind it."""
    lines = [f"# {_escape(document.title)}", "", *(f"- {_text(line)}" for line in document.lines), ""]
    for warning in document.warnings:
        lines += [f"> **Rows are missing.** {_text(warning)}", ""]
    for section in document.sections:
        lines += [f"## {_escape(section.title)}", ""]
        for block in section.blocks:
            lines += _block(block)
    lines += ["## What the words mean", "", *(f"- **{_escape(word)}**: {_text(what)}" for word, what in document.terms)]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> Iterator[str]:
    if block.title:
        yield from (f"### {_escape(block.title)}", "")
    for sentence in block.text:
        yield from (_text(sentence), "")
    if block.table is not None and block.table.rows:
        yield from _table(block.table)
        yield ""


def _table(table: Table) -> Iterator[str]:
    yield _line(map(_escape, table.columns))
    yield _line("---" if place < table.texts else "---:" for place in range(len(table.columns)))
    for row in table.rows:
        yield _line(map(_cell, row))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return ", ".join(map(_cell, cell))
    if isinstance(cell, Link):
        return f"[{_escape(cell.text)}]({cell.href})" if cell.href else _escape(cell.text)
    return _escape(cell)


def _text(sentence: str) -> str:
    """A sentence, in which what stands between backticks stays code."""
    parts = " ".join(sentence.split()).split("`")  # a line's end would end the code, and what follows be Markdown
    if len(parts) % 2 == 0:
        return _escape(sentence)
    return "".join(f"`{part}`" if place % 2 else _SPECIAL.sub(r"\\\1", part) for place, part in enumerate(parts))


def _escape(text: str) -> str:
    """The text as Markdown that shows it and nothing else; what is not to be seen is made visible."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
