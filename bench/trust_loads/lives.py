"""Commands that are killed at any moment, given again until they end, and compared with those that were left alone.

A life is a process that is forked with all modules loaded, so that hundreds take minutes (but for Ray, whose library
cannot be forked); what it runs is the `writ` command, with worker processes and actors as ever. Moments are drawn over
as long as an unbroken life takes; workers and actors are killed again and again in one life, from when there are some,
and those that have taken the place of dead ones, too.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Literal

import msgspec

from bench.report import Figure
from writ_async import InputError
from writ_async.cli import main as writ

_SYNTH = "synth retail --seed 4 --world-size 60 --mistakes 0.5 --concurrency 6 --quiet --no-check"
FILES = (
    "trajectories.jsonl",
    "tasks.jsonl",
    "rounds.jsonl",
    "prompts.json",
    "selection.json",
    "summary.json",
    "manifest.json",
)
"""What is reproducible of a run, as far as it has them."""

_MOST_LIVES = 12  # of a run that is killed in all but the last
_SLOW = 120.0  # seconds that a life may take
_LOOK = 0.002
_LOOK_AT_ALL = 0.02  # seconds between looks at all processes of the machine
_PART = 0.5  # of an unbroken life, the longest wait before a worker or an actor is killed

Victim = Literal["the command", "a worker", "an actor"]


class Kind(msgspec.Struct, frozen=True):
    """Commands given one after the other, each until it ends; `alone` is the one that leaves the same in `run`.

    `{0}` stands for a folder. The first of them are given once, before anything is killed (`prepared`).
    """

    name: str
    commands: tuple[str, ...]
    alone: tuple[str, ...]
    victim: Victim = "the command"
    prepared: int = 0
    ray: bool = False


_ALONE = (f"{_SYNTH} --n 14 --out {{0}}/run",)
_SHARDS = tuple(f"{_SYNTH} --n 14 --shard {index}/3 --out {{0}}/part-{index}" for index in (1, 2, 3))
_MERGE = "merge {0}/part-1 {0}/part-2 {0}/part-3 --out {0}/run"
_KEEP = (f"{_SYNTH} --keep 5 --attempts 2 --out {{0}}/run",)
_GROWN = (f"{_SYNTH} --n 5 --out {{0}}/run", *_ALONE)
_EVAL = (
    f"{_SYNTH} --n 5 --out {{0}}/tasks",
    "eval --tasks {0}/tasks/tasks.jsonl --trials 3 --seed 1 --engine scripted --engine-option mistakes=0.5"
    " --concurrency 6 --quiet --no-check --out {0}/run",
)
KINDS = (
    Kind("synth", _ALONE, _ALONE),
    Kind("synth, grown", _GROWN, _ALONE),
    Kind("synth --keep", _KEEP, _KEEP),
    Kind("eval", _EVAL, _EVAL, prepared=1),
    Kind("shards, then merge", (*_SHARDS, _MERGE), _ALONE),
    Kind("merge", (*_SHARDS, _MERGE), _ALONE, prepared=3),
    Kind("workers", (f"{_ALONE[0]} --workers 2",), _ALONE),
    Kind("one of the workers", (f"{_ALONE[0]} --workers 2",), _ALONE, "a worker"),
    Kind("Ray", (f"{_ALONE[0]} --executor ray --workers 2",), _ALONE, ray=True),
    Kind("one of Ray's actors", (f"{_ALONE[0]} --executor ray --workers 2",), _ALONE, "an actor", ray=True),
)


class Lived(msgspec.Struct):
    """What came of one kind: kills, runs that were brought to their end, and those that differ, with an example."""

    kills: int = 0
    runs: int = 0
    lives: int = 0
    differing: int = 0
    stuck: int = 0
    example: str = ""


def begin(command: str, folder: Path, *, fresh: bool = False) -> int:
    """Fork a process that runs a command, or start one afresh; its id."""
    if fresh:
        with (folder / "said").open("wb") as said:
            return os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", "writ_async", *command.format(folder).split()],
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, said.fileno(), number) for number in (1, 2)],
            )
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        told = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(told, 1)
        os.dup2(told, 2)
        code = writ(command.format(folder).split())
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def wait(pid: int, seconds: float) -> int | None:
    """The exit code of a process, negative for a signal; None where it has not ended after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(_LOOK)


def play_to_the_end(command: str, folder: Path, *, fresh: bool = False) -> None:
    """Run a command that nobody kills. Raises `InputError` where it fails."""
    pid = begin(command, folder, fresh=fresh)
    code = wait(pid, _SLOW)
    if code is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if code:
        raise InputError(f"writ {command} ended with {code}: {(folder / 'said').read_text()[-400:]}")


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a run that are to be reproducible; where its settings name the folder above, that is left out."""
    run, mark = folder / "run", str(folder).encode()
    return {name: (run / name).read_bytes().replace(mark, b".") for name in FILES if (run / name).is_file()}


def victim_of(pid: int, victim: Victim, rng: Random) -> int | None:
    """Whom to kill, of a command that is running; None where there is none of this kind."""
    if victim == "the command":
        return pid
    if victim == "a worker":
        found = [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]
        found = [child for child in found if "spawn_main" in _read(f"/proc/{child}/cmdline")]
    else:
        found = [int(name) for name in os.listdir("/proc") if name.isdigit() and _is_actor(int(name))]
    return rng.choice(sorted(found)) if found else None


def wait_for_victim(pid: int, victim: Victim, rng: Random) -> int | None:
    """The exit code where a command ends before there is anybody to kill; else None, once there is, or it is late."""
    end = time.monotonic() + _SLOW
    while victim_of(pid, victim, rng) is None and time.monotonic() < end:
        code = wait(pid, _LOOK_AT_ALL)
        if code is not None:
            return code
    return None


def _is_actor(pid: int) -> bool:
    """Whether a process is an actor of the cluster that this process has started."""
    if not _read(f"/proc/{pid}/cmdline").startswith("ray::_Actor"):
        return False
    above = pid
    while above > 1:
        above = int((_read(f"/proc/{above}/stat").rpartition(")")[2].split() or ["", "0"])[1])
        if above == os.getpid():
            return True
    return False


def _read(path: str) -> str:
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


class Killer:
    """Kills lives of one kind, and counts."""

    def __init__(self, kind: Kind, seed: int) -> None:
        self.kind = kind
        self.lived = Lived()
        self._rng = Random(f"{seed}/{kind.name}")
        self._wanted: dict[str, bytes] = {}
        self._seconds: dict[str, float] = {}

    def measure(self) -> None:
        """Play it once without a kill, for what it has to come to and how long lives take."""
        with tempfile.TemporaryDirectory() as folder:
            for command in self.kind.alone:
                play_to_the_end(command, Path(folder), fresh=self.kind.ray)
            self._wanted = contents(Path(folder))
        with tempfile.TemporaryDirectory() as folder:
            for command in self.kind.commands:
                began = time.monotonic()
                play_to_the_end(command, Path(folder), fresh=self.kind.ray)
                self._seconds[command] = time.monotonic() - began
            self._compare(Path(folder))

    def kill(self, kills: int) -> Lived:
        """Begin runs and kill them, so often in all; every one that was begun is brought to its end."""
        with tempfile.TemporaryDirectory() as kept:
            prepared = Path(kept, "prepared")
            prepared.mkdir()
            for command in self.kind.commands[: self.kind.prepared]:
                play_to_the_end(command, prepared)
            while self.lived.kills < kills:
                folder = Path(kept, "now")
                shutil.copytree(prepared, folder)
                most = min(_MOST_LIVES, kills - self.lived.kills)
                try:
                    for command in self.kind.commands[self.kind.prepared :]:
                        most -= self._give_until_it_ends(command, folder, most)
                    self._compare(folder)
                except InputError as exc:
                    self.lived.stuck += 1
                    self.lived.example = self.lived.example or str(exc)
                self.lived.runs += 1
                shutil.rmtree(folder, ignore_errors=True)
        return self.lived

    def _give_until_it_ends(self, command: str, folder: Path, most: int) -> int:
        """Give a command again and again; how often it was killed. Raises `InputError` where it does not go on."""
        killed = 0
        while True:
            self.lived.lives += 1
            pid = begin(command, folder, fresh=self.kind.ray)
            code, kills = self._kill_in_one_life(pid, command, most - killed)
            killed += kills
            self.lived.kills += kills
            if code is None:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise InputError(f"writ {command} hangs")
            if code == 0 or (code == 2 and command.startswith("merge") and (folder / "run").exists()):
                return killed
            if code not in (1, -signal.SIGKILL) or (code == 1 and self.kind.victim == "the command"):
                raise InputError(f"writ {command} ended with {code}: {(folder / 'said').read_text()[-400:]}")

    def _kill_in_one_life(self, pid: int, command: str, most: int) -> tuple[int | None, int]:
        """The exit code of a life, None where it hangs, and how often something of it was killed."""
        kills, whole = 0, self._seconds[command]
        while kills < most:
            if self.kind.victim == "the command":
                code = wait(pid, self._rng.uniform(0.0, 1.1 * whole))
            else:
                code = wait_for_victim(pid, self.kind.victim, self._rng)
                if code is None:
                    code = wait(pid, self._rng.uniform(0.0, _PART * whole))
            if code is not None:
                return code, kills
            victim = victim_of(pid, self.kind.victim, self._rng)
            if victim is not None:
                os.kill(victim, signal.SIGKILL)
                kills += 1
            if victim == pid:
                break
        return wait(pid, _SLOW), kills

    def _compare(self, folder: Path) -> None:
        found = contents(folder)
        if found != self._wanted:
            names = sorted(
                name for name in self._wanted.keys() | found.keys() if found.get(name) != self._wanted.get(name)
            )
            self.lived.differing += 1
            self.lived.example = self.lived.example or f"{self.kind.name}: {', '.join(names)} differ"


@contextmanager
def own_cluster() -> Iterator[None]:
    """Ray on this machine, which the commands connect to, and which outlives those that are killed."""
    from writ_async.runs.ray_cluster import load_ray

    ray = load_ray()
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    os.environ["RAY_ADDRESS"] = ray.get_runtime_context().gcs_address
    try:
        yield
    finally:
        del os.environ["RAY_ADDRESS"]
        ray.shutdown()


def kill_kinds(kinds: Sequence[Kind], kills: int, seed: int, end: float = float("inf")) -> dict[str, Lived]:
    """Kill runs of each kind so often; no further kind once the clock (`time.monotonic`) is at the `end`.

    Raises `InputError` where a command fails that nobody has killed.
    """
    found: dict[str, Lived] = {}
    with ExitStack() as stack:
        for kind in kinds:
            if found and time.monotonic() >= end:
                break
            if kind.ray and "RAY_ADDRESS" not in os.environ:
                stack.enter_context(own_cluster())
            killer = Killer(kind, seed)
            killer.measure()
            found[kind.name] = killer.kill(kills)
    return found


def kills_figures(found: dict[str, Lived]) -> list[Figure]:
    """The counts of each kind and of all; what went wrong first is told in the name of the figure."""
    kinds = [
        Figure(f"kills, {name}: {one.runs:,} runs in {one.lives:,} lives", one.kills) for name, one in found.items()
    ]
    example = next((one.example for one in found.values() if one.example), "")
    told = f" ({example[:200]})" if example else ""
    return [
        *kinds,
        Figure("kills", sum(one.kills for one in found.values())),
        Figure("kills: runs that could not be gone on with", sum(one.stuck for one in found.values()), "", 0),
        Figure(f"kills: runs that came to other bytes{told}", sum(one.differing for one in found.values()), "", 0),
    ]
