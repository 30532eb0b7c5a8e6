"""One run on several machines: each makes a shard of it, a run folder of its own, and `writ merge` makes one of them.

The tasks are dealt out in turn: of n shards, the i-th has every n-th task from the i-th on, with all of its trials.
What the tasks of a run are depends on those before them, so each shard draws all of them, and tells and plays its own.

shard.json   how many tasks all shards have together, and a digest of them as they were drawn
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.files import PathLike, read_json
from writ_async.runs.writing import OWN_FILE, write_whole

SHARD = "shard.json"
SLURM = "slurm"

T = TypeVar("T")


class Shard(msgspec.Struct, frozen=True):
    """One part of `of` that a run is divided into; `index` counts from 1."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """This shard's part of what is there in all."""
        return items[self.index - 1 :: self.of]

    def size(self, whole: int) -> int:
        """How much of so much is this shard's."""
        return len(range(self.index - 1, whole, self.of))


WHOLE = Shard(1, 1)


class Drawn(msgspec.Struct, frozen=True):
    """What all shards of a run have drawn alike: so many tasks, with this digest."""

    tasks: int
    digest: str


def describe_drawn(tasks: Sequence[Task]) -> Drawn:
    """The number and the digest (blake2b over their JSON, 128 bits, in hex) of all tasks of a run."""
    digest = hashlib.blake2b(digest_size=16)
    encode = msgspec.json.Encoder().encode
    for task in tasks:
        digest.update(encode(task))
    return Drawn(len(tasks), digest.hexdigest())


def read_drawn(folder: PathLike) -> Drawn:
    """What a shard's folder says of all shards. Raises `InputError` where it does not."""
    return read_json(f"{folder}/{SHARD}", Drawn)


def write_drawn(folder: PathLike, tasks: Sequence[Task]) -> None:
    """Say in a shard's folder what all shards have drawn; before its tasks are written. Raises `StorageError`."""
    write_whole(f"{folder}/{SHARD}", msgspec.json.format(msgspec.json.encode(describe_drawn(tasks))) + b"\n", OWN_FILE)


def parse_shard(text: str, environment: Mapping[str, str]) -> Shard:
    """A shard from `i/n` with i from 1 to n, or from what Slurm tells the tasks of a job array where that is `slurm`.

    `1/1` is the whole run. Raises `InputError` for anything else.
    """
    if text == SLURM:
        return _slurm_shard(environment)
    index, slash, count = text.partition("/")
    if not (slash and _is_number(index) and _is_number(count)):
        raise InputError(f"--shard {text}: expected i/n, as 1/4, or slurm in a job array")
    return _checked(int(index), int(count), text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _checked(index: int, count: int, text: str) -> Shard:
    if not 1 <= index <= count:
        most = max(1, count)
        raise InputError(f"--shard {text}: shards are counted from 1/{most} to {most}/{most}")
    return Shard(index, count)


def _slurm_shard(environment: Mapping[str, str]) -> Shard:
    """The place of a job among those of its array, which may begin anywhere and have equal steps."""
    values: dict[str, int] = {}
    for name, default in (("ID", ""), ("COUNT", ""), ("MIN", "0"), ("STEP", "1")):
        variable = f"SLURM_ARRAY_TASK_{name}"
        text = environment.get(variable, default)
        if not _is_number(text):
            raise InputError(f"--shard slurm: {variable} is {text!r}; it is there in a job that sbatch --array started")
        values[name] = int(text)
    place, left_over = divmod(values["ID"] - values["MIN"], max(1, values["STEP"]))
    if left_over or not 0 <= place < values["COUNT"]:
        raise InputError(
            f"--shard slurm: job {values['ID']} of an array of {values['COUNT']} has no place of its own; number the "
            "jobs in equal steps, as --array=0-3"
        )
    return Shard(place + 1, values["COUNT"])


def name_shards(indices: Iterable[int]) -> str:
    """Shards in words: `2`, `2 and 3`, `1, 2 and 4`."""
    *most, last = (str(index) for index in indices)
    return f"{', '.join(most)} and {last}" if most else last
