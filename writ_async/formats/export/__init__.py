"""Exports of a run for trainers and analysts. The same run gives the same rows in the same order, whatever ended first.

A file is written whole or not at all. `FORMATS` and `RESULTS` list what there is.

source    which rows, what is counted
lines     the conversation from the agent's seat, and the changes that formats need
chat      OpenAI, TRL, Axolotl, WRIT-2K
sharegpt  LLaMA-Factory, APIGen-MT
tables    parquet for analysts and for verl
tau2_results  τ²-bench's results files, and a submission to its leaderboard
tokens    token ids, loss masks, logprobs and weight versions
card      the README of a published data set
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.export.chat import export_axolotl, export_openai, export_trl, export_writ2k, openai_row
from writ_async.formats.export.lines import ALL_CLOSING_TOKENS, MALFORMED
from writ_async.formats.export.sharegpt import export_apigen, export_llamafactory
from writ_async.formats.export.source import Exported, Exporter
from writ_async.formats.export.tables import export_parquet, export_verl
from writ_async.formats.export.tau2_results import export_results, export_submission
from writ_async.formats.export.tokens import export_tokens
from writ_async.runs.view import RunView

__all__ = [
    "ALL_CLOSING_TOKENS",
    "FORMATS",
    "MALFORMED",
    "RESULTS",
    "Exported",
    "Exporter",
    "Format",
    "endings_of",
    "export_openai",
    "export_parquet",
    "format_named",
    "openai_row",
]


class Format(msgspec.Struct, frozen=True):
    """One format: a line of help, the usual suffix of its files, and its writer."""

    help: str
    suffix: str
    write: Exporter


FORMATS: dict[str, Format] = {
    "openai": Format("JSON Lines of OpenAI's fine-tuning: messages, tools, weights", ".jsonl", export_openai),
    "trl": Format("JSON Lines for TRL's SFTTrainer: messages with argument objects, tools", ".jsonl", export_trl),
    "llamafactory": Format("ShareGPT for LLaMA-Factory, and its dataset_info.json", ".jsonl", export_llamafactory),
    "verl": Format("parquet for verl's MultiTurnSFTDataset, for Qwen's templates", ".parquet", export_verl),
    "axolotl": Format("JSON Lines for Axolotl's chat_template: messages with train flags", ".jsonl", export_axolotl),
    "apigen-mt": Format("JSON array in the shape of APIGen-MT: conversations, system, tools", ".json", export_apigen),
    "writ-2k": Format("JSON Lines with the columns of WRIT-2K", ".jsonl", export_writ2k),
    "parquet": Format(
        "one table of rows, verdicts, counts and messages, for polars, pandas or DuckDB", ".parquet", export_parquet
    ),
    "tokens": Format(
        "token ids, loss mask, logprobs, weight versions; JSON Lines, or parquet by the file's name",
        ".parquet",
        export_tokens,
    ),
}
"""What trainers and analysts take: rows that are kept."""

RESULTS: dict[str, Callable[[RunView, PathLike], Exported]] = {
    "tau2-results": export_results,
    "tau2-submission": export_submission,
}
"""What a benchmark takes: evaluations, whole, as a folder of its own files."""


def endings_of(name: str) -> tuple[str, ...]:
    """The endings that files of a format may have, its usual one first."""
    usual = FORMATS[name].suffix
    return (usual, *({".jsonl", ".parquet"} - {usual})) if name == "tokens" else (usual,)


def format_named(name: str) -> Format:
    """The format of a name. Raises `InputError` when there is none."""
    found = FORMATS.get(name)
    if found is None:
        raise InputError(f"unknown format {name!r}; known: {', '.join((*FORMATS, *RESULTS))}")
    return found
