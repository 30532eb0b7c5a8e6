"""The viewer as files that open without a server: the page, and what the server would answer as scripts beside it.

A page that is opened as a file may load neither modules nor JSON, but it may load scripts. So each data file is one
call that hands over its name and its JSON as a text, which is parsed as JSON and never run:

    index.html, static/       the page
    data/state.js             what is open, and how much is in each of the files below
    data/rows-N.js            the fields that a list shows, and those that it can be filtered by
    data/texts-N.js           what was said, in lower case; loaded when a filter looks there
    data/talk-N.js            conversations
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.rows.fields import FIELDS
from writ_async.runs.writing import write_whole
from writ_async.viewer.app import PAGE, STATIC, shown_row, viewer_state
from writ_async.viewer.row_index import RowIndex

ROWS: Final = 2_000
TEXTS: Final = 500
TALK: Final = 20
"""How many rows are in each file of a kind."""
_START: Final = '"use strict";\nglobalThis.writ = { mode: "files" };\n'

_encode = msgspec.json.Encoder().encode


def write_static(index: RowIndex, out: PathLike, tokenizer: str = "", seen: Callable[[int], None] | None = None) -> int:
    """Write all rows of an index to a folder; how many files that made. `seen` is told how many rows are written.

    Costs O(one file) of memory. Raises `InputError` for a folder that holds something else, and `StorageError`.
    """
    folder = Path(out)
    _check(folder)
    made = 0
    for name, content in _files(index, tokenizer, seen):
        write_whole(folder / name, content)
        made += 1
    return made


def _check(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "static" / "start.js").is_file():
        raise InputError(f"--static: {folder} is not empty and holds no such page; choose another folder")


def _files(index: RowIndex, tokenizer: str, seen: Callable[[int], None] | None) -> Iterator[tuple[str, bytes]]:
    page = resources.files("writ_async.viewer") / "static"
    for file in page.iterdir():
        if file.name.rpartition(".")[2] in STATIC:
            where = file.name if file.name == PAGE else f"static/{file.name}"
            yield where, _START.encode() if file.name == "start.js" else file.read_bytes()
    rows = range(len(index.keys))
    yield "data/state.js", _script("state", _state(index))
    for number, some in enumerate(_parts(rows, ROWS)):
        yield f"data/rows-{number}.js", _script(f"rows-{number}", [_listed(index, row) for row in some])
    for number, some in enumerate(_parts(rows, TEXTS)):
        yield f"data/texts-{number}.js", _script(f"texts-{number}", [index.columns["messages"][row] for row in some])
    for number, some in enumerate(_parts(rows, TALK)):
        shown = [shown_row(index, row, tokenizer) for row in some]
        yield f"data/talk-{number}.js", _script(f"talk-{number}", shown)
        if seen is not None:
            seen(some[-1] + 1)


def _state(index: RowIndex) -> dict[str, Any]:
    """What is open, without the places of this machine, and into how many files it is cut."""
    state: dict[str, Any] = msgspec.to_builtins(viewer_state(index))
    state["sources"] = [{"name": source["name"], "path": source["name"]} for source in state["sources"]]
    number = len(index.keys)
    state["chunks"] = {"rows": -(-number // ROWS), "texts": -(-number // TEXTS), "talk": TALK}
    return state


def _listed(index: RowIndex, row: int) -> dict[str, Any]:
    fields = {name: index.columns[name][row] for name in FIELDS if name != "messages"}
    return {"key": index.keys[row], "fields": fields}


def _parts(rows: range, size: int) -> Iterator[range]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _script(name: str, value: Any) -> bytes:
    """A script that hands over a value. A JSON text of a JSON text is a string of JavaScript, whatever is in it."""
    text = _encode(_encode(value).decode()).decode()
    return f'writ.take("{name}", {text});\n'.encode()
