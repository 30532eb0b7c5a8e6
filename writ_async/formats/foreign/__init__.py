"""Trajectories that others made, in the formats that are about, read into our messages.

One file a family: `benchmarks` (τ²-bench, τ-bench), `chat` (OpenAI, Anthropic, TRL, WRIT-2K's columns), `responses`,
`sharegpt` with `hermes` tags, `inspect_logs`. Each takes its rows apart into `turns`, which pairs results with calls.
`rows` finds the format by looking at a row, `files` reads JSON, JSON Lines, gzip of both and parquet.
"""

from __future__ import annotations

from writ_async.formats.foreign.conversation import Foreign
from writ_async.formats.foreign.files import BadRow, read_foreign
from writ_async.formats.foreign.turns import UnreadableRowError

__all__ = ["BadRow", "Foreign", "UnreadableRowError", "read_foreign"]
"""What a checker needs."""
