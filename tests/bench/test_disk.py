"""The disk that may lose power keeps what POSIX promises and no more; calls are read as strace writes them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.trust_loads.disk import BLOCK, WAYS, Disk
from bench.trust_loads.system_calls import SystemCall, read_calls, record


def calls_of(root: Path, *steps: tuple[str, str] | tuple[str, str, bytes]) -> list[SystemCall]:
    """Calls one after the other, each a name, a path, and what it writes or the other path."""
    made = []
    for number, (name, path, *rest) in enumerate(steps):
        data = rest[0] if rest else b""
        paths = (str(root / path), str(root / data.decode())) if name == "rename" else (str(root / path),)
        flags = "O_WRONLY|O_CREAT|O_APPEND" if name == "openat" else ""
        made.append(SystemCall(name, paths, data, -1, flags, 3, number, number))
    return made


def after(root: Path, *steps: tuple[str, str] | tuple[str, str, bytes]) -> Disk:
    disk = Disk(root)
    for _ in disk.replay(calls_of(root, *steps)):
        pass
    return disk


def test_nothing_that_was_not_synced_need_be_there(tmp_path: Path) -> None:
    disk = after(tmp_path, ("openat", "a"), ("write", "a", b"one"))
    assert disk.left("nothing", Random(1)) == {}
    assert disk.left("names", Random(1)) == {"a": b""}
    assert disk.left("names and sizes", Random(1)) == {"a": b"\0\0\0"}
    assert disk.left("contents", Random(1)) == {}
    assert disk.left("everything", Random(1)) == {"a": b"one"}


def test_a_file_that_is_synced_has_its_content_and_not_its_name(tmp_path: Path) -> None:
    synced = ("openat", "a"), ("write", "a", b"one"), ("fsync", "a"), ("write", "a", b"two")
    assert after(tmp_path, *synced).left("nothing", Random(1)) == {}
    assert after(tmp_path, *synced).left("names", Random(1)) == {"a": b"one"}
    assert after(tmp_path, *synced, ("fsync", "")).left("nothing", Random(1)) == {"a": b"one"}


def test_a_rename_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"old")
    disk = after(tmp_path, ("openat", "a"), ("write", "a", b"new"), ("fsync", "a"), ("rename", "a", b"b"))
    found = {repr(sorted(disk.left("some", Random(seed)).items())) for seed in range(60)}
    # Of a name that was made and one that was renamed either may be there; the old one goes with the rename alone.
    assert found == {"[('b', b'old')]", "[('b', b'new')]", "[('a', b'new'), ('b', b'old')]"}


def test_a_folder_is_lost_with_all_that_is_in_it_until_the_one_above_is_synced(tmp_path: Path) -> None:
    inside = ("mkdir", "d"), ("openat", "d/a"), ("write", "d/a", b"one"), ("fsync", "d/a"), ("fsync", "d")
    assert after(tmp_path, *inside).left("nothing", Random(1)) == {}
    assert after(tmp_path, *inside, ("fsync", "")).left("nothing", Random(1)) == {"d": None, "d/a": b"one"}


@given(parts=st.lists(st.integers(1, 3 * BLOCK), min_size=1, max_size=5), seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_of_an_unsynced_write_each_block_is_there_or_reads_as_zeros_or_is_missing_at_the_end(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], seed: int
) -> None:
    root = tmp_path_factory.mktemp("disk")
    writes = [("write", "a", bytes([65 + number]) * size) for number, size in enumerate(parts)]
    left = after(root, ("openat", "a"), ("fsync", ""), *writes).left("some", Random(seed))["a"]
    whole = b"".join(data for _, _, data in writes)
    assert left is not None
    assert len(left) <= len(whole)
    assert all(found in (0, wanted) for found, wanted in zip(left, whole, strict=False))


def test_nothing_is_lost_of_what_was_synced_in_any_way(tmp_path: Path) -> None:
    steps = ("openat", "a"), ("fsync", ""), ("write", "a", b"safe"), ("fsync", "a"), ("write", "a", b"not")
    disk = after(tmp_path, *steps)
    for way in (*WAYS, "some"):
        for seed in range(10):
            left = disk.left(way, Random(seed))["a"]
            assert left is not None
            assert left.startswith(b"safe")


PROGRAM = """
import os, sys, threading
root = sys.argv[1]
os.mkdir(f"{root}/d")
with open(f"{root}/d/.draft", "wb") as file:
    file.write(b"x" * 5000)
    file.flush()
    os.fsync(file.fileno())
os.rename(f"{root}/d/.draft", f"{root}/d/whole, with a comma")
log = os.open(f"{root}/log", os.O_RDWR | os.O_APPEND | os.O_CREAT)
os.write(log, "é\\n\\0".encode() + bytes(range(256)))
mend = os.open(f"{root}/log", os.O_RDWR)
os.ftruncate(mend, 100)
os.pwrite(mend, b"!", 100)
os.close(mend)
os.write(log, b"at the end")
thread = threading.Thread(target=os.fdatasync, args=(log,))
thread.start()
thread.join()
if os.fork() == 0:
    os.write(log, b"by a child")
    os._exit(0)
os.wait()
open(f"{root}/gone", "wb").close()
os.unlink(f"{root}/gone")
"""


def test_calls_that_strace_has_seen_come_to_the_folder_that_they_left(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    root = tmp_path.resolve() / "root"
    root.mkdir()
    disk = Disk(root)
    record([sys.executable, "-c", PROGRAM, str(root)], tmp_path / "log")
    calls = read_calls(tmp_path / "log", root)
    for _ in disk.replay(calls):
        pass
    there = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    left = disk.left("everything", Random(0))
    assert {name: content for name, content in left.items() if content is not None} == there
    assert {name for name, content in left.items() if content is None} == {"d"}
    assert [call.name for call in calls if call.name.endswith("sync")] == ["fsync", "fdatasync"]
    assert os.path.basename(calls[-1].paths[0]) == "gone"
