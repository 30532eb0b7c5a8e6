"""A data set as a folder: parquet files of so many rows each, and their hashes."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from math import ceil
from pathlib import Path

import msgspec

from writ_async.formats.export.card import table
from writ_async.formats.export.tables import write_parquet

PATTERN = "data/train-*.parquet"
"""Where the files of a data set are, as the head of its card names them."""


class Shard(msgspec.Struct, frozen=True):
    """One file: its path in the folder, its rows, and the SHA-256 of its bytes."""

    path: str
    rows: int
    sha256: str


def write_shards(table_path: Path, folder: Path, rows: int) -> list[Shard]:
    """Cut a parquet file into files of at most so many rows under `folder`, in order. Raises `StorageError`."""
    import polars as pl

    frame = pl.read_parquet(table_path)
    count = max(1, ceil(frame.height / rows))
    shards: list[Shard] = []
    for number in range(count):
        part = frame.slice(number * rows, rows)
        path = f"data/train-{number:05}-of-{count:05}.parquet"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_parquet(part, folder / path)
        shards.append(Shard(path, part.height, sha256((folder / path).read_bytes()).hexdigest()))
    return shards


def shard_lines(shards: Sequence[Shard]) -> list[str]:
    """The section of a card that lists them."""
    rows = [(shard.path, f"{shard.rows:,}", f"`{shard.sha256}`") for shard in shards]
    return ["## Files", "", *table(("file", "rows", "SHA-256"), rows), ""]
