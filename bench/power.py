"""Loss of power: every call that a run makes to the file system is recorded, and the run is cut off after each of them.

    python bench/power.py [--some 3] [--every 1] [--seed 1] [--scenario NAME]... [--json FILE]

strace records the calls of a whole command, workers included. They are done again on a disk of our own making
(`trust_loads/disk.py`), which knows what is durable by then. After each call power is lost: of what is not durable
nothing is there, or all, or names without contents, or contents without names, or (`--some` times) what chance leaves
of blocks and of names. The folder that is left is laid out, opened, and the command is given once more. Each row that
was synced has to be there when it is opened, and at the end each file has to be what it is in an unbroken run. That the
record is whole is seen by doing all of it: it has to give the folder that the command left, to the byte.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import logging
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.trust_loads.disk import WAYS, Disk, File, Survives, lay_out
from bench.trust_loads.lives import FILES
from bench.trust_loads.system_calls import SystemCall, read_calls, record, require_strace
from writ_async import InputError, RunFolder, WritError
from writ_async.cli import main as writ
from writ_async.runs.row_order import row_id_of

_ROWS = "trajectories.jsonl"
_ENDED = re.compile(r"\b(SIGINT|SIGTERM): ending in order")
_SYNCS = ("fsync", "fdatasync")
_SYNTH = "synth retail --seed 3 --world-size 60 --mistakes 0.6 --concurrency 4 --quiet --no-check"
_SEGMENTS = Path(__file__).parent / "trust_loads" / "segment_writers.py"


class Scenario(msgspec.Struct, frozen=True):
    """A command that is cut off: what is there `before` it, as commands, and what is recorded.

    `{0}` stands for the folder that all of it happens in. `out` is the run that it leaves there. Where the run is made
    out of others, it is there as a whole or not at all (`at_once`).
    """

    name: str
    command: str
    before: tuple[str, ...] = ()
    out: str = "run"
    again: str = ""
    at_once: bool = False
    script: bool = False


SCENARIOS = (
    Scenario("one process", f"{_SYNTH} --n 10 --out {{0}}/new/run", out="new/run"),
    Scenario("two workers", f"{_SYNTH} --n 10 --workers 2 --out {{0}}/run", again=f"{_SYNTH} --n 10 --out {{0}}/run"),
    Scenario("rounds until enough are kept", f"{_SYNTH} --keep 4 --attempts 2 --out {{0}}/run"),
    Scenario("more tasks than before", f"{_SYNTH} --n 8 --out {{0}}/run", (f"{_SYNTH} --n 4 --out {{0}}/run",)),
    Scenario("a shard", f"{_SYNTH} --n 10 --shard 2/3 --out {{0}}/run"),
    Scenario(
        "shards merged",
        "merge {0}/one {0}/two --out {0}/run",
        (f"{_SYNTH} --n 8 --shard 1/2 --out {{0}}/one", f"{_SYNTH} --n 8 --shard 2/2 --out {{0}}/two"),
        at_once=True,
    ),
    Scenario(
        "segments of writers on other machines",
        f"{_SYNTH} --n 10 --workers 2 --out {{0}}/run",
        again=f"{_SYNTH} --n 10 --out {{0}}/run",
        script=True,
    ),
)


class Tally(msgspec.Struct):
    """What was tried, and what went wrong, with the first example of it in words."""

    calls: int = 0
    cuts: int = 0
    left: int = 0
    rows: int = 0
    lost: int = 0
    stuck: int = 0
    other: int = 0
    example: str = ""

    def blame(self, words: str) -> None:
        """Keep the first thing that went wrong."""
        self.example = self.example or words


def call_writ(command: str, root: Path) -> None:
    """Give a command in this process. Raises `WritError` where it fails, and `SystemExit` where a signal ended it.

    A signal that comes meanwhile is the command's: without a look at what it says of it, it would count as a failure of
    the folder, and this script would go on.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = writ(command.format(root).split())
    if told := _ENDED.search(said.getvalue()):
        raise SystemExit(128 + signal.Signals[told[1]])
    if code:
        raise WritError(said.getvalue().strip()[-400:] or f"exit {code}")


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a run that are to be reproducible."""
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}


def everything(root: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def safe_rows(disk: Disk, call: SystemCall, out: Path) -> set[str]:
    """The rows of a run that a sync has just made durable."""
    node = disk.find(call.paths[0])
    path = Path(call.paths[0])
    if not path.is_relative_to(out) or not isinstance(node, File) or not path.name.endswith(_ROWS):
        return set()
    if path.name.startswith("."):
        return set()
    lines = bytes(node.durable).splitlines(keepends=True)
    return {found for line in lines if line.endswith(b"\n") and (found := row_id_of(line)) is not None}


def cut(scenario: Scenario, work: Path, some: int, seed: int, every: int, tally: Tally) -> None:
    """Record the scenario's command, cut it off after so many calls each, and see what is left each time."""
    root, state = work / "root", work / "state"
    root.mkdir()
    for command in scenario.before:
        call_writ(command, root)
    disk = Disk(root)
    prefix = [sys.executable, str(_SEGMENTS)] if scenario.script else [sys.executable, "-m", "writ_async"]
    record([*prefix, *scenario.command.format(root).split()], work / "log")
    calls = read_calls(work / "log", root)
    again = scenario.again or scenario.command
    whole = everything(root)
    if scenario.again:
        call_writ(again, root)
    wanted = contents(root / scenario.out)
    safe: set[str] = set()
    seen: set[bytes] = set()
    tally.calls += len(calls)
    drawn: list[Survives] = ["some"]
    ways = [*WAYS, *drawn * some]
    for number, call in enumerate(disk.replay(calls)):
        if call.name in _SYNCS:
            safe |= safe_rows(disk, call, root / scenario.out)
        if number % every:
            continue
        tally.cuts += 1
        for way in ways:
            left = disk.left(way, Random(f"{seed}/{scenario.name}/{number}/{len(seen)}"))
            mark = _mark(left, safe)
            if mark in seen:
                continue
            seen.add(mark)
            state.mkdir()
            lay_out(left, state)
            where = f"{scenario.name}, after call {number} ({call.name} {call.paths[0]}), {way}"
            _check(scenario, again, state, wanted, safe, tally, where)
            shutil.rmtree(state)
    tally.left += len(seen)
    tally.rows += len(safe)
    _check_record(disk, whole)
    # What the command has said at its end holds without any further sync.
    safe |= set() if scenario.at_once else _rows_in(root / scenario.out)
    left = disk.left("nothing", Random(seed))
    state.mkdir()
    lay_out(left, state)
    _check(scenario, again, state, wanted, safe, tally, f"{scenario.name}, at its end")
    if scenario.at_once and contents(state / scenario.out) != wanted:
        tally.lost += 1
        tally.blame(f"{scenario.name}: what was made is not durable at its end")


def _rows_in(out: Path) -> set[str]:
    lines = (out / _ROWS).read_bytes().splitlines()
    return {found for line in lines if (found := row_id_of(line)) is not None}


def _mark(left: dict[str, bytes | None], safe: set[str]) -> bytes:
    digest = hashlib.blake2b(repr(sorted(safe)).encode(), digest_size=16)
    for name, content in sorted(left.items()):
        digest.update(name.encode() + b"\0" + (b"/" if content is None else hashlib.blake2b(content).digest()))
    return digest.digest()


def _check(
    scenario: Scenario, again: str, root: Path, wanted: dict[str, bytes], safe: set[str], tally: Tally, where: str
) -> None:
    """Open what was left, go on with it, and compare."""
    out = root / scenario.out
    try:
        if safe and not scenario.at_once:
            with RunFolder.open(out) as run:
                missing = safe - run.done_ids()
            if missing:
                tally.lost += len(missing)
                tally.blame(f"{where}: {len(missing)} rows that were safe are lost")
        if not (scenario.at_once and out.exists() and any(out.iterdir())):
            call_writ(again, root)
    except (WritError, OSError) as exc:
        tally.stuck += 1
        tally.blame(f"{where}: {exc}")
        return
    found = contents(out)
    if found != wanted:
        tally.other += 1
        differing = [name for name in wanted.keys() | found.keys() if found.get(name) != wanted.get(name)]
        tally.blame(f"{where}: {', '.join(sorted(differing))} differ")


def _check_record(disk: Disk, whole: dict[str, bytes]) -> None:
    """Raise `InputError` where the calls do not come to what the command left: then some were not seen."""
    found = {name: content for name, content in disk.left("everything", Random(0)).items() if content is not None}
    for name in found.keys() | whole.keys():
        if found.get(name) != whole.get(name):
            raise InputError(f"the record is not whole: done again, its calls give another {name}")


def figures_of(scenario: Scenario, tally: Tally) -> list[Figure]:
    """What came of one scenario."""
    name = scenario.name
    return [
        Figure(f"{name}: calls recorded", tally.calls),
        Figure(f"{name}: different folders left by a loss of power", tally.left),
        Figure(f"{name}: rows that were safe and are lost", tally.lost, "", 0),
        Figure(f"{name}: folders that could not be gone on with", tally.stuck, "", 0),
        Figure(f"{name}: folders that came to other bytes", tally.other, "", 0),
    ]


def lose_power(names: list[str], some: int, seed: int, every: int = 1) -> Iterator[tuple[Scenario, Tally]]:
    """What comes of each scenario. Raises `InputError` where calls cannot be recorded."""
    require_strace()
    logging.disable(logging.CRITICAL)
    for scenario in SCENARIOS:
        if names and scenario.name not in names:
            continue
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            cut(scenario, Path(folder).resolve(), some, seed, every, tally)
        yield scenario, tally


def main(arguments: list[str]) -> None:
    """Record, cut, check and print."""
    parser: argparse.ArgumentParser = make_parser(__doc__)
    parser.add_argument("--some", metavar="N", type=positive, default=3, help="draws of what is left at each cut (3)")
    parser.add_argument("--seed", metavar="N", type=positive, default=1, help="(1)")
    parser.add_argument("--every", metavar="N", type=positive, default=1, help="cut after every N-th call (1)")
    parser.add_argument("--scenario", action="append", default=[], choices=[one.name for one in SCENARIOS])
    options = parser.parse_args(arguments)
    figures: list[Figure] = []
    for scenario, tally in lose_power(options.scenario, options.some, options.seed, options.every):
        found = figures_of(scenario, tally)
        show_figures(found)
        if tally.example:
            print(f"    {tally.example}")
        figures += found
    write_json(options.json, figures)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
