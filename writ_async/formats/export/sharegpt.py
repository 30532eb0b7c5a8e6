"""ShareGPT formats: LLaMA-Factory's, with its `dataset_info.json`, and that of APIGen-MT."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from writ_async.core.trajectory import Seat
from writ_async.curation.rules import STRICT, FilterRules
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.export.chat import json_text, plain_lines
from writ_async.formats.export.lines import Line, alternating, thought_before, words_or_calls
from writ_async.formats.export.source import Exported, Item, write_rows
from writ_async.runs.view import RunView
from writ_async.runs.writing import write_whole

INFO = "dataset_info.json"


def export_llamafactory(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write JSON Lines for LLaMA-Factory, and the data set's entry into `dataset_info.json` beside them.

    Its reader wants the user first and strict turns, and passes over every other row in silence: see `sharegpt_row`.
    Other entries of `dataset_info.json` stay. Raises `InputError` when that file is no JSON object.
    """
    info = _info(out)

    def make(item: Item, lines: list[Line]) -> dict[str, Any] | None:
        return sharegpt_row(item, lines, reasoning=True)

    exported = write_rows(
        run, out, make, include_rejected=include_rejected, leave_out=leave_out, rules=rules, array=False, seat=seat
    )
    if info is not None:
        path, entries = info
        entries[Path(out).stem] = _entry(Path(out).name)
        write_whole(path, msgspec.json.format(msgspec.json.encode(entries)) + b"\n")
    return exported


def export_apigen(
    run: RunView,
    out: PathLike,
    *,
    include_rejected: bool = False,
    leave_out: Collection[str] = (),
    greeting: bool | None = None,
    rules: FilterRules = STRICT,
    seat: Seat = "agent",
) -> Exported:
    """Write one JSON array in the shape of APIGen-MT-5k: conversations, tools as JSON text, system."""

    def make(item: Item, lines: list[Line]) -> dict[str, Any] | None:
        return sharegpt_row(item, lines)

    return write_rows(
        run, out, make, include_rejected=include_rejected, leave_out=leave_out, rules=rules, array=True, seat=seat
    )


def sharegpt_row(item: Item, lines: list[Line], *, reasoning: bool = False) -> dict[str, Any] | None:
    """Turns by human, gpt, function_call and observation, which alternate, begin with human and end with gpt.

    A call is JSON with its arguments as an object. Nothing in the format can be left out of the loss, so bad calls are
    left out. With `reasoning` what was thought stands before what was said; beside a call there is no place for it.
    None where turns do not alternate.
    """
    turns = alternating(words_or_calls(plain_lines(lines, greeting=False)))
    if turns is None or turns[-1].calls:
        return None
    return {
        "conversations": [{"from": _speaker(line), "value": _value(line, reasoning)} for line in turns],
        "system": item.system,
        "tools": json_text(item.prompt.tools),
    }


def _speaker(line: Line) -> str:
    if line.role == "assistant":
        return "function_call" if line.calls else "gpt"
    return "human" if line.role == "user" else "observation"


def _value(line: Line, reasoning: bool) -> str:
    if not line.calls:
        return thought_before(line) + line.content if reasoning else line.content
    return json_text({"name": line.calls[0].name, "arguments": line.calls[0].arguments})


def _info(out: PathLike) -> tuple[Path, dict[str, Any]] | None:
    """Where the entry goes and what is there already; None when `out` is no place for a file beside it."""
    target = Path(out)
    if target.exists() and not target.is_file():
        return None
    path = target.parent / INFO
    if not path.is_file():
        return path, {}
    try:
        return path, msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, OSError) as exc:
        raise InputError(f"{path}: {exc}; correct the file, or write the export elsewhere") from None


def _entry(name: str) -> dict[str, Any]:
    return {
        "file_name": name,
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
        "tags": {
            "role_tag": "from",
            "content_tag": "value",
            "user_tag": "human",
            "assistant_tag": "gpt",
            "observation_tag": "observation",
            "function_tag": "function_call",
        },
    }
