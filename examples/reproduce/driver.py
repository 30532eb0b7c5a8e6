"""Runs steps in their order, each once: what is done is passed over, what was killed is gone on with."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from examples.reproduce.stamps import Look, Stamp, Stamps, wanted_digests
from examples.reproduce.steps import Step
from writ_async import InputError
from writ_async.runs.writing import replacing

DONE, FAILED, INTERRUPTED = 0, 1, 130
_PATIENCE = 1800.0
"""Seconds that a server has to load its weights."""


class StepFailed(Exception):
    """A command that did not end well, or could not be begun; its text is a line to be printed."""


class Terminated(Exception):
    """This process was asked to end."""


def run_steps(steps: Sequence[Step], names: Sequence[str], out: Path, *, redo: bool = False) -> int:
    """Do those of `names` that are not done. Returns an exit code.

    Raises `InputError` where a step is stale and not to be redone, or where another driver is at work in the folder.
    """
    stamps = Stamps(out)
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out), _terminable():
        looks = stamps.look(steps)
        chosen = [step for step in steps if step.name in names]
        _refuse_stale(chosen, looks, redo)
        by_name = {step.name: step for step in steps}
        for step in chosen:
            if step.service:
                continue  # up only while a step needs it
            if looks[step.name].state == "done":
                say(f"{step.name}: done")
                continue
            if step.told:
                say(f"{step.name}: needs {'a GPU' if step.needs_gpu else 'what a GPU makes'}, and is left out of a "
                    f"rehearsal. There type\n  {step.typed()}")  # fmt: skip
                continue
            try:
                _do(step, by_name.get(step.while_up), stamps, looks, wanted_digests(steps, out))
            except StepFailed as exc:
                say(f"{step.name}: {exc}", error=True)
                return FAILED
            except (KeyboardInterrupt, Terminated):
                say(f"{step.name}: interrupted; the same command goes on from here", error=True)
                return INTERRUPTED
    return DONE


def accept(step: Step, steps: Sequence[Step], out: Path) -> None:
    """Take a step as done whose outputs came from elsewhere. Raises `InputError` where they are not there."""
    missing = [str(path) for path in step.outputs if not path.exists()]
    if missing:
        raise InputError(f"--accept {step.name}: {', '.join(missing)} is not there")
    stamps = Stamps(out)
    stamp = stamps.stamp(step, wanted_digests(steps, out), done=True)
    stamps.write(step.name, Stamp(stamp.settings, stamp.after, done=True, accepted=True))
    say(f"{step.name}: taken as done")


def _refuse_stale(chosen: Sequence[Step], looks: dict[str, Look], redo: bool) -> None:
    stale = [step.name for step in chosen if looks[step.name].state == "stale"]
    if not stale or redo:
        return
    lines = [f"{name}: {'; '.join(looks[name].why)}" for name in stale]
    raise InputError(
        "stale, and nothing was done:\n  " + "\n  ".join(lines) + "\n--redo does them again and puts what is there "
        "aside, another --out starts anew, and the former settings go on"
    )


def _do(step: Step, server: Step | None, stamps: Stamps, looks: dict[str, Look], digests: dict[str, str]) -> None:
    state = looks[step.name].state
    if step.needs_gpu and not has_gpu():
        raise StepFailed(
            f"this machine has no GPU. Where there is one type\n  {step.typed()}\n"
            f"and go on here with --accept {step.name}"
        )
    if state == "stale" or (state == "begun" and not _goes_on(step)):
        _put_aside(step, stamps.out, keep=state == "stale")
    stamps.write(step.name, stamps.stamp(step, digests))
    began = time.monotonic()
    say(f"{step.name}: {step.about}\n  {step.typed()}")
    with _up(server, stamps.out):
        _call(step)
    missing = [str(path) for path in step.outputs if not path.exists()]
    if missing:
        raise StepFailed(f"the command ended well, and {', '.join(missing)} is not there")
    stamps.write(step.name, stamps.stamp(step, digests, done=True, seconds=round(time.monotonic() - began, 1)))


def _goes_on(step: Step) -> bool:
    """Whether the command itself goes on with what it left behind when it was killed."""
    return step.command[0] in ("hf", "trl", "llamafactory-cli") or step.command[:2] in (
        ("writ", "synth"),
        ("writ", "eval"),
    )


def _put_aside(step: Step, out: Path, *, keep: bool) -> None:
    """Make room for a step: what it had made goes to OUT/aside, or what it was killed over goes away."""
    for path in step.makes or step.outputs:
        if not path.exists() or out not in path.parents:
            continue
        if keep:
            place = out / "aside" / f"{step.name}-{time.time_ns()}"
            place.mkdir(parents=True)
            os.replace(path, place / path.name)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _call(step: Step) -> None:
    argv = [*executable(step.command), *_resumed(step)]
    if step.folder is not None:
        step.folder.mkdir(parents=True, exist_ok=True)
    if step.stdout is None:
        _end_well(argv, None)
    else:
        with replacing(step.stdout) as file:
            _end_well(argv, file)


def _end_well(argv: Sequence[str], stdout: BinaryIO | None) -> None:
    """Run a command to its end. Raises `StepFailed` where it fails, `KeyboardInterrupt` where it was told to end."""
    try:
        code = _wait(subprocess.Popen(argv, stdout=stdout))
    except FileNotFoundError:
        raise StepFailed(f"there is no {argv[0]} on the PATH (see examples/reproduce/README.md)") from None
    if code in (INTERRUPTED, -signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt
    if code:
        raise StepFailed(f"exit code {code}; put right what it says, and the same command goes on from here")


def _wait(child: subprocess.Popen[bytes]) -> int:
    """The exit code of a child, which ends before this process does. A terminal's Ctrl-C reaches both."""
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.wait()
        raise
    except Terminated:
        child.terminate()
        child.wait()
        raise


def executable(command: Sequence[str]) -> list[str]:
    """The command with this interpreter for `writ` and `python`, whatever the PATH has."""
    if command[0] == "writ":
        return [sys.executable, "-m", "writ_async", *command[1:]]
    return [sys.executable, *command[1:]] if command[0] == "python" else list(command)


def _resumed(step: Step) -> list[str]:
    """TRL goes on from a checkpoint only where it is told which."""
    if step.checkpoints is None:
        return []
    found = [path for path in step.checkpoints.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    newest = max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return [] if newest is None else ["--resume_from_checkpoint", str(newest)]


@contextmanager
def _up(server: Step | None, out: Path) -> Iterator[None]:
    """Have a server up, and end it afterwards; its words go to a log."""
    if server is None:
        yield
        return
    if not has_gpu():
        raise StepFailed(
            f"the server needs a GPU. Where there is one type\n  {server.typed()}\n"
            "and give its address as --server URL (--untrained-server URL for the untrained student)"
        )
    log = out / "logs" / f"{server.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"{server.name}: {server.about} (log in {log})\n  {server.typed()}")
    with log.open("ab") as file:
        child = subprocess.Popen(executable(server.command), stdout=file, stderr=file, start_new_session=True)
    try:
        _await_answer(child, server.service, log)
        yield
    finally:
        child.terminate()
        child.wait()


def _await_answer(child: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if child.poll() is not None:
            raise StepFailed(f"the server ended with exit code {child.returncode}; see {log}")
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1.0)
    raise StepFailed(f"the server did not answer within {_PATIENCE / 60:.0f} minutes; see {log}")


def has_gpu() -> bool:
    """Whether NVIDIA's tool finds a GPU here."""
    tool = shutil.which("nvidia-smi")
    return tool is not None and subprocess.run([tool, "-L"], capture_output=True).stdout.startswith(b"GPU ")


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    with (out / ".driver").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{out}: another driver is at work there") from None
        yield


@contextmanager
def _terminable() -> Iterator[None]:
    """A request to end is an exception for as long as steps run, so that the command at work ends first."""

    def end(number: int, frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def say(text: str, *, error: bool = False) -> None:
    """Print at once, so that it stands before what a command prints."""
    print(text, file=sys.stderr if error else sys.stdout, flush=True)
