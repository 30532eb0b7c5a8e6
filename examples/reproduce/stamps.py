"""What is known of steps that were begun: a file each in OUT/steps, with the settings that they were made with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from examples.reproduce.steps import Step
from writ_async import InputError
from writ_async.runs.writing import write_whole

State = Literal["done", "begun", "stale", "open"]


class Stamp(msgspec.Struct, frozen=True):
    """A step's settings and those of what it rests on, as digests; `done` once its command has ended well."""

    settings: dict[str, str]
    after: dict[str, str]
    done: bool
    seconds: float = 0.0
    accepted: bool = False

    def digest(self) -> str:
        """Stands for the outcome in the stamps of later steps."""
        return hashlib.blake2b(msgspec.json.encode([self.settings, self.after]), digest_size=8).hexdigest()


class Look(msgspec.Struct, frozen=True):
    """What is there of a step, and for a stale one why."""

    state: State
    why: tuple[str, ...] = ()


class Stamps:
    """The stamps of one run's folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "steps"

    def read(self, name: str) -> Stamp | None:
        """The stamp of a step. Raises `InputError` where the file is none."""
        path = self.folder / f"{name}.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Stamp)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as exc:
            raise InputError(
                f"{path}: {exc}; remove it, and the step is looked at as if it had not been begun"
            ) from None

    def write(self, name: str, stamp: Stamp) -> None:
        """Put a stamp in place, whole or not at all."""
        write_whole(self.folder / f"{name}.json", msgspec.json.format(msgspec.json.encode(stamp)) + b"\n")

    def stamp(self, step: Step, digests: Mapping[str, str], *, done: bool = False, seconds: float = 0.0) -> Stamp:
        """What a step that is begun, or done, is stamped with."""
        after = {name: digests[name] for name in step.after if name in digests}
        return Stamp(step.settings(self.out), after, done, seconds)

    def look(self, steps: Sequence[Step]) -> dict[str, Look]:
        """What is there of all steps. A step whose settings, or whose base's, are others than its stamp's is stale."""
        found: dict[str, Look] = {}
        digests = wanted_digests(steps, self.out)
        for step in steps:
            if step.service or step.told:
                found[step.name] = Look("open")
                continue
            found[step.name] = self._look(step, digests, found)
        return found

    def _look(self, step: Step, digests: Mapping[str, str], found: Mapping[str, Look]) -> Look:
        stamp = self.read(step.name)
        there = all(path.exists() for path in step.outputs)
        if stamp is None:
            return Look("open")
        why = changes(stamp.settings, step.settings(self.out))
        why += [f"{name} is stale" for name in step.after if name in found and found[name].state == "stale"]
        if not why and stamp.after != self.stamp(step, digests).after:
            why.append("what it rests on was made with other settings")
        if why:
            return Look("stale", tuple(why))
        if stamp.done and there:
            return Look("done")
        return Look("begun")


def wanted_digests(steps: Sequence[Step], out: Path) -> dict[str, str]:
    """What the stamps of all steps come to under the settings of now."""
    digests: dict[str, str] = {}
    for step in steps:
        after = {name: digests[name] for name in step.after if name in digests}
        digests[step.name] = Stamp(step.settings(out), after, True).digest()
    return digests


def changes(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Each setting that differs, with both values."""
    names = sorted(set(was) | set(now))
    return [
        f"{name or 'the command'} was {was.get(name, 'not given')}, is {now.get(name, 'not given')}"
        for name in names
        if was.get(name) != now.get(name)
    ]
