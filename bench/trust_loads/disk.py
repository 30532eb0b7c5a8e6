"""A disk that may lose power: what was written and not yet made durable is there, or not, or in part.

The rules are the least that POSIX promises, and harder than most file systems are. `fsync` of a file makes its content
durable, and not its name; `fsync` of a folder makes the names in it durable. Of everything else any part may be there:
of a write each block by itself (one that is not reads as zeros, or is missing at the end), of names each by itself, in
whatever order they were made. A rename is there whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Literal

import msgspec

from bench.trust_loads.system_calls import SystemCall

BLOCK = 512
"""Bytes that are written as one."""

_AT_END = -1

Survives = Literal["nothing", "everything", "names", "names and sizes", "contents", "some"]
WAYS: tuple[Survives, ...] = ("nothing", "everything", "names", "names and sizes", "contents")
"""What of the unsynced may be there: `some` draws for each part."""


class Change(msgspec.Struct):
    """A write at an offset, or with `size` a truncation."""

    offset: int
    data: bytes = b""
    size: int = -1


class File:
    """A file: what is durable, what is pending, and what a process that is alive sees."""

    def __init__(self, durable: bytes = b"") -> None:
        self.durable = bytearray(durable)
        self.pending: list[Change] = []
        self.now = bytearray(durable)
        self.places: dict[int, int] = {}

    def change(self, change: Change) -> None:
        """Write or truncate."""
        self.pending.append(change)
        apply(self.now, change)

    def settle(self, count: int) -> None:
        """Make the first of the pending changes durable."""
        for change in self.pending[:count]:
            apply(self.durable, change)
        del self.pending[:count]


class Folder:
    """A folder: its names, durable, pending (each a set of names that change together), and as they are now."""

    def __init__(self) -> None:
        self.durable: dict[str, File | Folder] = {}
        self.pending: list[dict[str, File | Folder | None]] = []
        self.now: dict[str, File | Folder] = {}

    def change(self, names: dict[str, File | Folder | None]) -> None:
        """Set names, or remove them where there is nothing."""
        self.pending.append(names)
        set_names(self.now, names)

    def settle(self, count: int) -> None:
        """Make the first of the pending changes durable."""
        for names in self.pending[:count]:
            set_names(self.durable, names)
        del self.pending[:count]


def apply(content: bytearray, change: Change) -> None:
    """Write or truncate."""
    if change.size >= 0:
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data


def set_names(entries: dict[str, File | Folder], names: dict[str, File | Folder | None]) -> None:
    """Set names, or remove them where there is nothing."""
    for name, node in names.items():
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


class Disk:
    """The disk below a folder, as calls change it. What is there at the beginning is durable."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.top = _read_folder(root)

    def replay(self, calls: Iterable[SystemCall]) -> Iterator[SystemCall]:
        """Do the calls; each is given once it has begun, and once more when it has ended where both are apart."""
        events = sorted(
            [(call.ended, 1, call) for call in calls]
            + [(call.began, 0, call) for call in calls if call.name in ("fsync", "fdatasync")],
            key=lambda event: event[:2],
        )
        waiting: dict[int, tuple[File | Folder, int]] = {}
        for _, ends, call in events:
            if not ends:
                node = self.find(call.paths[0])
                if node is not None:
                    waiting[id(call)] = node, len(node.pending)
                continue
            if call.name in ("fsync", "fdatasync"):
                if id(call) in waiting:
                    node, count = waiting.pop(id(call))
                    for other, (its, upto) in waiting.items():  # another one that waits for the same
                        if its is node:
                            waiting[other] = its, max(0, upto - count)
                    node.settle(count)
            else:
                self._do(call)
            yield call

    def find(self, path: str) -> File | Folder | None:
        """What is at a path now."""
        node: File | Folder | None = self.top
        for part in self._parts(path):
            node = node.now.get(part) if isinstance(node, Folder) else None
        return node

    def _parts(self, path: str) -> list[str]:
        return [part for part in os.path.relpath(path, self._root).split(os.sep) if part != "."]

    def _folder_of(self, path: str) -> tuple[Folder, str]:
        folder = self.find(os.path.dirname(path))
        if not isinstance(folder, Folder):
            raise LookupError(f"no folder for {path}")
        return folder, os.path.basename(path)

    def _do(self, call: SystemCall) -> None:
        path = call.paths[0]
        node = self.find(path)
        if call.name == "openat":
            if node is None:
                folder, name = self._folder_of(path)
                node = File()
                folder.change({name: node})
            if isinstance(node, File):
                if "O_TRUNC" in call.flags and node.now:
                    node.change(Change(0, size=0))
                node.places[call.descriptor] = _AT_END if "O_APPEND" in call.flags else 0
        elif call.name == "mkdir":
            folder, name = self._folder_of(path)
            folder.change({name: Folder()})
        elif call.name in ("unlink", "rmdir"):
            folder, name = self._folder_of(path)
            folder.change({name: None})
        elif call.name == "rename":
            folder, name = self._folder_of(path)
            target, new = self._folder_of(call.paths[1])
            if target is not folder or node is None:
                raise LookupError(f"a rename between folders: {call.paths}")
            folder.change({name: None, new: node})
        elif isinstance(node, File):
            self._write(call, node)

    def _write(self, call: SystemCall, file: File) -> None:
        if call.name in ("truncate", "ftruncate"):
            file.change(Change(0, size=call.offset))
            return
        offset = call.offset
        if offset < 0:
            place = file.places.get(call.descriptor, _AT_END)
            offset = len(file.now) if place == _AT_END else place
            if place != _AT_END:
                file.places[call.descriptor] = place + len(call.data)
        file.change(Change(offset, call.data))

    def left(self, way: Survives, rng: Random) -> dict[str, bytes | None]:
        """What a loss of power leaves now: contents by path below the root; a folder has None."""
        found: dict[str, bytes | None] = {}
        _leave(self.top, "", way, rng, found)
        return found


def _leave(folder: Folder, place: str, way: Survives, rng: Random, found: dict[str, bytes | None]) -> None:
    entries = dict(folder.durable)
    for names in folder.pending:
        if _draw(way in ("everything", "names", "names and sizes"), way, rng):
            set_names(entries, names)
    for name, node in entries.items():
        path = f"{place}{name}"
        if isinstance(node, Folder):
            found[path] = None
            _leave(node, f"{path}{os.sep}", way, rng, found)
        else:
            found[path] = _content(node, way, rng)


def _content(file: File, way: Survives, rng: Random) -> bytes:
    if way in ("everything", "contents"):
        return bytes(file.now)
    content = bytearray(file.durable)
    if way == "names and sizes":
        content = content[: len(file.now)] + bytes(max(0, len(file.now) - len(content)))
    if way == "some":
        whole = rng.random() < 0.5  # sizes are there, whatever of the blocks is
        for change in file.pending:
            if change.size >= 0:
                if rng.random() < 0.5:
                    apply(content, change)
                continue
            for part in _blocks(change):
                if rng.random() < 0.5:
                    apply(content, part)
        if whole:
            content.extend(bytes(max(0, len(file.now) - len(content))))
    return bytes(content)


def _blocks(change: Change) -> Iterator[Change]:
    """The parts of a write that lie in one block of the file each."""
    start, end = change.offset, change.offset + len(change.data)
    while start < end:
        until = min(end, (start // BLOCK + 1) * BLOCK)
        yield Change(start, change.data[start - change.offset : until - change.offset])
        start = until


def _draw(survives: bool, way: Survives, rng: Random) -> bool:
    return rng.random() < 0.5 if way == "some" else survives


def _read_folder(path: Path) -> Folder:
    folder = Folder()
    for entry in path.iterdir():
        node = _read_folder(entry) if entry.is_dir() else File(entry.read_bytes())
        folder.durable[entry.name] = folder.now[entry.name] = node
    return folder


def lay_out(left: dict[str, bytes | None], root: Path) -> None:
    """Write what was left into an empty folder."""
    for name, content in left.items():
        path = root / name
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
