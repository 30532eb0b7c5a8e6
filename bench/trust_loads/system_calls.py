"""What a command asks of the file system, call by call and of all of its processes, as strace writes it down."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from writ_async import InputError

_WATCHED = (
    "openat,creat,open,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,"
    "unlink,unlinkat,ftruncate,truncate,fallocate,mkdir,mkdirat,rmdir,copy_file_range,sendfile,splice,link,linkat,"
    "symlink,symlinkat"
)
_LONGEST = 1 << 26  # bytes of a write that are written down
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?')
_DESCRIPTOR = re.compile(r"^(-?\w+)(?:<((?:[^>\\]|\\.)*)>)?$")
_RESULT = re.compile(r"\)\s*= (-?\d+)")


class SystemCall(msgspec.Struct):
    """One call that has succeeded: its name, the paths it is about, and what it writes.

    `offset` is the place of a `pwrite64` or the length of a truncation, -1 where there is none. `flags` are those of an
    `openat`, `descriptor` the number that it gave or that is written to. `began` and `ended` are its places in the
    order of all beginnings and endings.
    """

    name: str
    paths: tuple[str, ...]
    data: bytes = b""
    offset: int = -1
    flags: str = ""
    descriptor: int = -1
    began: int = 0
    ended: int = 0


def require_strace() -> str:
    """The path of strace. Raises `InputError` where it is not there, or may not be used."""
    found = shutil.which("strace")
    if found is None:
        raise InputError("the loss of power needs strace, which sees every call: install it (apt-get install strace)")
    if subprocess.run([found, "-qq", "-o", os.devnull, "true"], capture_output=True).returncode:
        raise InputError("strace may not trace here (a container without ptrace?); run it where it may")
    return found


def record(command: Sequence[str], log: Path) -> None:
    """Run a command to its end under strace. Raises `InputError` where it fails."""
    strace = [require_strace(), "-f", "-qq", "-y", "-xx", "-s", str(_LONGEST), "-o", str(log)]
    strace += ["-e", f"trace={_WATCHED}", "-e", "signal=none"]
    done = subprocess.run([*strace, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"the recorded command ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def read_calls(log: Path, below: Path) -> list[SystemCall]:
    """The calls in a log that change what is in a folder or make it durable, in the order in which they ended."""
    calls: list[SystemCall] = []
    begun: dict[str, tuple[int, str, str]] = {}
    with log.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines):
            found = _LINE.match(line.rstrip("\n"))
            if found is None:
                continue
            thread, resumed, name, rest = found.groups()
            began = number
            if resumed:
                began, name, before = begun.pop(thread, (number, resumed, ""))
                rest = before + rest
            elif rest.endswith("<unfinished ...>"):
                begun[thread] = number, name, rest.removesuffix("<unfinished ...>").rstrip()
                continue
            result = _RESULT.search(rest, max(0, rest.rfind(")")))
            if result is not None and int(result[1]) >= 0:
                calls += _calls_of(name, rest[: result.start()], int(result[1]), began, number, str(below))
    return calls


def _calls_of(name: str, text: str, result: int, began: int, ended: int, below: str) -> Iterator[SystemCall]:
    """The call, where it is about the folder. Raises `InputError` for one that this cannot replay."""
    strings = [_decoded(found) for found in _STRING.findall(text)]
    plain = [part.strip() for part in _STRING.sub('""', text).split(",")]
    places = [_DESCRIPTOR.match(part) for part in plain]
    named = [_decoded(found[2]).decode(errors="replace") for found in places if found is not None and found[2]]
    data, offset = b"", -1
    if name in ("write", "pwrite64", "ftruncate", "fsync", "fdatasync"):
        paths = tuple(named[:1])
        if name in ("write", "pwrite64"):
            data = strings[0][:result]
            if name == "pwrite64":
                offset = int(plain[-1])
        elif name == "ftruncate":
            offset = int(plain[-1])
    else:
        folder = named[0] if name.endswith("at") and named else ""
        paths = tuple(os.path.join(folder, part.decode(errors="replace")) for part in strings)
        if name == "truncate":
            offset = int(plain[-1])
        if name == "renameat2":
            name = "rename"
    paths = tuple(os.path.normpath(path.removesuffix(" (deleted)")) for path in paths)
    if not any(path == below or path.startswith(below + os.sep) for path in (*paths, *named)):
        return
    name = {"creat": "openat", "open": "openat", "renameat": "rename", "mkdirat": "mkdir"}.get(name, name)
    if name == "unlinkat":
        name = "rmdir" if "AT_REMOVEDIR" in text else "unlink"
    if name not in ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "truncate",
                    "mkdir", "rmdir"):  # fmt: skip
        raise InputError(f"{name} on {', '.join(paths)}: this call cannot be replayed; teach the bench to")
    flags = next((part for part in plain if part.startswith("O_")), "")
    if name == "openat" and not ("O_CREAT" in flags or "O_TRUNC" in flags or "O_WRONLY" in flags or "O_RDWR" in flags):
        return
    descriptor = result if name == "openat" else int(places[0][1]) if places[0] and places[0][1].isdigit() else -1
    yield SystemCall(name, paths, data, offset, flags, descriptor, began, ended)


def _decoded(text: str) -> bytes:
    return bytes.fromhex(_HEX.sub(lambda found: found[0].replace("\\x", ""), text)) if text else b""
