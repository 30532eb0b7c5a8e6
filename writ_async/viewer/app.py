"""The viewer's server: the page, and behind it lists, conversations and notes as JSON.

    GET  /                        the page; /static/NAME what it loads
    GET  /api/state               what is open, fields, counts of values, the token for notes; reads what is new
    GET  /api/rows                ?filter= &sort= &task=1 &offset= &limit=    a page of the list
    GET  /api/line                the same and &key=    which line of that list a row is
    GET  /api/conversation        ?key=    all that is shown of a row
    POST /api/note                {"key", "tags", "comment"}: a note, kept beside the run

It only reads runs; notes are a log of their own. Everything it does for one request is done before the next, but for
conversations, whose worlds are opened in a thread.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

import msgspec
from aiohttp import web

from writ_async.errors import InputError, StorageError
from writ_async.rows.fields import FIELDS
from writ_async.rows.notes import RowNote, make_note, write_note
from writ_async.viewer.conversation_page import ConversationPage, conversation_page
from writ_async.viewer.guards import make_guard
from writ_async.viewer.row_index import SHOWN, ListedRow, Query, RowIndex
from writ_async.viewer.sources import Source

ADDRESS: Final = "127.0.0.1"
PAGE: Final = "index.html"
STATIC: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
"""The kinds of files that the page is made of."""
_MOST_BODY: Final = 64 * 1024

_encode = msgspec.json.Encoder().encode


class RunName(msgspec.Struct, frozen=True):
    """A run or a file that is open."""

    name: str
    path: str


class ViewerState(msgspec.Struct, kw_only=True):
    """What the page has to know before it shows anything. `token` lets it write notes, empty where it may not."""

    sources: list[RunName]
    notices: list[str]
    rows: int
    version: int
    fields: dict[str, dict[str, str]]
    sortable: tuple[str, ...]
    facets: dict[str, list[tuple[str, int]]]
    token: str = ""


class ShownRow(msgspec.Struct, kw_only=True):
    """A row as the page asks for it: its conversation, the other trials of its task, and the note on it."""

    listed: ListedRow
    page: ConversationPage
    trials: list[ListedRow]
    note: RowNote | None


class _NewNote(msgspec.Struct):
    """What the page sends to have a note kept."""

    key: str
    tags: list[str] = []
    comment: str = ""


def viewer_state(index: RowIndex, token: str = "") -> ViewerState:
    """What the page has to know of what is open."""
    return ViewerState(
        sources=[RunName(source.name, str(source.path)) for source in index.sources],
        notices=[notice for source in index.sources for notice in _notices_of(source)],
        rows=len(index.keys),
        version=index.version,
        fields={name: {"kind": field.kind, "about": field.about} for name, field in FIELDS.items()},
        sortable=SHOWN,
        facets=index.facets(),
        token=token,
    )


def _notices_of(source: Source) -> Iterator[str]:
    """What there is to say of a run or file, by its name alone: a page may be sent to others."""
    if source.shortfall:
        yield f"{source.name}: {source.shortfall}"
    yield from (notice.replace(str(source.path), source.name) for notice in source.notices)


def shown_row(index: RowIndex, row: int, tokenizer: str = "") -> ShownRow:
    """A row as the page shows it. Raises `InputError` where it cannot be read."""
    return ShownRow(
        listed=index.listed(row),
        page=conversation_page(index.open(row), tokenizer),
        trials=[index.listed(other) for other in index.trials_of(row)],
        note=index.note_on(row),
    )


def now() -> str:
    """The present moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def make_app(index: RowIndex, tokenizer: str = "", clock: Callable[[], str] = now) -> web.Application:
    """The server's application. `clock` says when a note is made."""
    token = secrets.token_urlsafe(24)
    viewer = _Viewer(index, tokenizer, token, clock)
    app = web.Application(middlewares=[make_guard(token)], client_max_size=_MOST_BODY)
    app.router.add_get("/", viewer.page)
    app.router.add_get("/static/{name}", viewer.static)
    app.router.add_get("/api/state", viewer.state)
    app.router.add_get("/api/rows", viewer.rows)
    app.router.add_get("/api/line", viewer.line)
    app.router.add_get("/api/conversation", viewer.conversation)
    app.router.add_post("/api/note", viewer.note)
    return app


def static_file(name: str) -> bytes | None:
    """A file that the page is made of; None for any other name."""
    if "/" in name or "\\" in name or name.rpartition(".")[2] not in STATIC:
        return None
    file = resources.files("writ_async.viewer") / "static" / name
    return file.read_bytes() if file.is_file() else None


class _Viewer:
    """Answers requests."""

    def __init__(self, index: RowIndex, tokenizer: str, token: str, clock: Callable[[], str]) -> None:
        self._index = index
        self._tokenizer = tokenizer
        self._token = token
        self._clock = clock
        self._one_world = asyncio.Lock()

    async def page(self, request: web.Request) -> web.Response:
        return self._file(PAGE)

    async def static(self, request: web.Request) -> web.Response:
        return self._file(request.match_info["name"])

    def _file(self, name: str) -> web.Response:
        content = static_file(name)
        if content is None:
            return _error(404, "there is no such file")
        return web.Response(body=content, content_type=STATIC[name.rpartition(".")[2]], charset="utf-8")

    async def state(self, request: web.Request) -> web.Response:
        try:
            self._index.further()
        except InputError as exc:
            return _error(409, str(exc))
        return _json(viewer_state(self._index, self._token))

    async def rows(self, request: web.Request) -> web.Response:
        asked = request.query
        try:
            offset, limit = int(asked.get("offset", "0")), int(asked.get("limit", "100"))
            return _json(self._index.page(_query(request), offset, limit))
        except InputError as exc:
            return _error(400, str(exc))
        except ValueError:
            return _error(400, "offset and limit are whole numbers")

    async def line(self, request: web.Request) -> web.Response:
        try:
            row = self._index.number_of(request.query.get("key", ""))
            return _json({"line": self._index.line_of(_query(request), row)})
        except InputError as exc:
            return _error(404, str(exc))

    async def conversation(self, request: web.Request) -> web.Response:
        try:
            row = self._index.number_of(request.query.get("key", ""))
            async with self._one_world:
                shown = await asyncio.to_thread(shown_row, self._index, row, self._tokenizer)
        except InputError as exc:
            return _error(404, str(exc))
        return _json(shown)

    async def note(self, request: web.Request) -> web.Response:
        try:
            asked = msgspec.json.decode(await request.read(), type=_NewNote)
            row = self._index.number_of(asked.key)
            source = self._index.source_of(row)
            identity = asked.key.removeprefix(f"{source.name}/")
            note = make_note(identity, asked.tags, asked.comment, self._clock())
            write_note(source.notes_path, note)
        except (msgspec.DecodeError, InputError) as exc:
            return _error(400, str(exc))
        except StorageError as exc:
            return _error(500, str(exc))
        self._index.take_note(row, note)
        return _json(note)


def _query(request: web.Request) -> Query:
    asked = request.query
    return Query(asked.get("filter", ""), asked.get("sort", ""), asked.get("task", "") == "1")


def _json(value: Any) -> web.Response:
    return web.Response(body=_encode(value), content_type="application/json")


def _error(status: int, text: str) -> web.Response:
    return web.Response(body=_encode({"error": text}), status=status, content_type="application/json")
