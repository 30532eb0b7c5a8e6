"""Trajectories that others made, in the formats that are about, read into our messages.

τ²-bench results, chat messages in JSON or JSON Lines (OpenAI, TRL, Axolotl, WRIT-2K's columns), and ShareGPT
(APIGen-MT, LLaMA-Factory); also as parquet. The format is found by looking at each row.
"""

from __future__ import annotations

from writ_async.formats.foreign.files import BadRow, read_foreign
from writ_async.formats.foreign.rows import Foreign, UnreadableRowError

__all__ = ["BadRow", "Foreign", "UnreadableRowError", "read_foreign"]
"""What a checker needs."""
