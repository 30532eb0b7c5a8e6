"""Token ids for trainers that take them: what the agent's seat saw and wrote, as it was sampled."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from writ_async.conversation.answers import left_out_last
from writ_async.core.trajectory import Seat, Termination
from writ_async.curation.rules import STRICT, FilterRules
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.export.source import Exported, Item, Source, write_json
from writ_async.formats.export.tables import write_parquet
from writ_async.runs.view import RunView
from writ_async.runs.writing import replacing
from writ_async.verify.agent_words.noted import completion_places

_BATCH = 200


class TokenRow(msgspec.Struct, frozen=True):
    """One conversation from the agent's seat; `loss_mask` and `logprobs` are as long as `input_ids`.

    `loss_mask` is 1 where the model wrote the token, but for turns that nobody should learn from. `logprobs` are those
    of the server that sampled, None where none is known: at every token that was given, and where the server told none.
    `weight_versions` says which weights wrote the tokens from `start` up to `end`. `model` is what the run's engine was
    given as its model, with its tokenizer. `complete` is false where the conversation goes on after the last token.
    """

    id: str
    task_id: str
    trial: int
    domain: str
    model: str | None
    reward: float | None
    kept: bool | None
    complete: bool
    input_ids: list[int]
    loss_mask: list[int]
    logprobs: list[float | None]
    weight_versions: list[dict[str, Any]]


def export_tokens(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write a `TokenRow` per conversation: parquet where the file's name ends in .parquet, else JSON Lines.

    Rows without ids are counted as unfit. Raises `InputError` where no row has any, and where `greeting` is given: the
    ids are what the model saw.
    """
    if greeting is not None:
        raise InputError("--greeting: token ids are what the model saw; nothing can be left out of them or put in")
    source = Source(run, include_rejected, leave_out, rules, masks=True, seat=seat)
    counts = [0, 0]
    rows = _token_rows(source, _model_of(run, seat), counts)
    if Path(out).suffix == ".parquet":
        _write_table(rows, out)
    else:
        with replacing(out) as file:
            write_json(file, rows, array=False)
    return source.exported(counts[0], counts[1])


def _token_rows(source: Source, model: str | None, counts: list[int]) -> Iterator[dict[str, Any]]:
    """The rows; counts those made in `counts[0]`, those without ids in `counts[1]`."""
    for item in source:
        mask = _loss_mask(item)
        if mask is None and item.masked:
            source.unmaskable += 1
            continue
        row = None if mask is None else token_row(item, model)
        counts[row is None] += 1
        if row is not None:
            yield msgspec.structs.asdict(row)
    if counts[1] and not counts[0]:
        raise InputError(
            f"none of {counts[1]:,} rows has token ids: the engine that played the agent works on text; "
            "make the run with one that works on token ids"
        )


def token_row(item: Item, model: str | None) -> TokenRow | None:
    """The row of one conversation; None where its agent's ids are not known."""
    trajectory = item.trajectory
    tokens = trajectory.tokens.get("agent")
    if tokens is None or not tokens.ids:
        return None
    verdict = trajectory.verdict
    return TokenRow(
        id=trajectory.id,
        task_id=trajectory.task_id,
        trial=trajectory.trial,
        domain=trajectory.domain,
        model=model,
        reward=verdict.reward.reward if verdict else None,
        kept=verdict.kept if verdict else None,
        complete=tokens.complete,
        input_ids=list(tokens.ids),
        loss_mask=_loss_mask(item) or [],
        logprobs=tokens.aligned_logprobs() if tokens.logprobs else [None] * len(tokens.ids),
        weight_versions=[msgspec.structs.asdict(span) for span in tokens.weights],
    )


def _loss_mask(item: Item) -> list[int] | None:
    """1 for each token that the model wrote and that may be learnt from; None where that is not known.

    Each span is a completion of the agent. A template that renders old turns anew leaves fewer spans than there are
    completions, and which is which is lost.
    """
    tokens = item.trajectory.tokens.get("agent")
    if tokens is None or not tokens.ids:
        return None
    mask = tokens.loss_mask()
    if item.masked:
        places = completion_places(item.trajectory, item.task)
        silent = item.trajectory.termination is Termination.AGENT_ERROR and left_out_last(item.trajectory.error)
        if len(tokens.generated) != len(places) + silent or not item.masked <= set(places):
            return None
        for (start, end), place in zip(tokens.generated, places, strict=False):
            if place in item.masked:
                mask[start:end] = [0] * (end - start)
    return mask


def _model_of(run: RunView, seat: Seat) -> str | None:
    """The model that the run's manifest names for a seat, if it does; the agent's plays both where it is alone."""
    seats: Any = run.manifest.config.get("seats")
    found = (seats.get(seat) or seats.get("agent")) if isinstance(seats, dict) else None
    for key in ("options", "model"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def _write_table(rows: Iterator[dict[str, Any]], out: PathLike) -> None:
    import polars as pl

    span = pl.Struct({"version": pl.String, "start": pl.Int64, "end": pl.Int64})
    types: dict[str, pl.DataType | type[pl.DataType]] = {
        "str": pl.String,
        "str | None": pl.String,
        "int": pl.Int64,
        "bool": pl.Boolean,
        "bool | None": pl.Boolean,
        "float | None": pl.Float64,
        "list[int]": pl.List(pl.Int32),
        "list[float | None]": pl.List(pl.Float64),
        "list[dict[str, Any]]": pl.List(span),
    }
    schema = pl.Schema({name: types[kind] for name, kind in TokenRow.__annotations__.items()})
    frames = [pl.DataFrame([], schema=schema)]
    while batch := list(islice(rows, _BATCH)):
        frames.append(pl.DataFrame(batch, schema=schema))
    write_parquet(pl.concat(frames, rechunk=False), out)
