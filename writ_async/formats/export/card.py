"""The README of a data set as the Hugging Face hub wants it: a YAML head, then how the rows came to be."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from writ_async.curation.rules import STRICT, FilterRules
from writ_async.curation.selection import Selection, Stage
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.export.source import Exported
from writ_async.runs.view import RunView
from writ_async.runs.writing import write_whole

_MARK = "Every conversation was simulated in an executable environment, from a task whose outcome is verifiable."
"""The line by which a card is known again."""
_HEAD = 1 << 14

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_COLUMNS = {
    "openai": "messages, tools, parallel_tool_calls; `weight: 0` on what nobody should learn from",
    "trl": "messages with argument objects, tools as JSON text",
    "llamafactory": "conversations, system, tools; the entry for LLaMA-Factory is in dataset_info.json",
    "verl": "id, messages, enable_thinking; tools and calls stand in the text as Qwen's templates write them",
    "axolotl": "messages with `train` flags, tools; arguments and parameters as JSON text",
    "apigen-mt": "conversations, system, tools",
    "writ-2k": "domain, trajectory_type, has_user_script, messages, tools",
    "parquet": "one row per conversation: verdict, evidence, counts, usage, messages and tools as JSON text",
    "tokens": "input_ids, loss_mask, logprobs (null where none is known), weight_versions, ids, reward, model",
}


def write_card(
    run: RunView,
    out: PathLike,
    form: str,
    exported: Exported,
    selection: Selection,
    filters: Sequence[str],
    contamination: Sequence[str] | None,
) -> Path:
    """Write README.md beside `out` and give its path. Raises `StorageError`.

    `contamination` are sentences of a report, None where none was made.
    """
    path = Path(out).parent / "README.md"
    write_whole(path, card_text(run, Path(out).name, form, exported, selection, filters, contamination).encode())
    return path


def refuse_other_card(out: PathLike) -> None:
    """Raise `InputError` where the README.md beside `out` is none that an export has written."""
    path = Path(out).parent / "README.md"
    if not os.path.lexists(path):
        return
    try:
        ours = path.is_file() and _MARK.encode() in path.read_bytes()[:_HEAD]
    except OSError as exc:
        raise InputError(f"{path}: cannot be read: {exc.strerror}") from None
    if not ours:
        raise InputError(f"{path}: is not a card that an export wrote, and stays; write to another folder")


def card_text(
    run: RunView,
    file_name: str,
    form: str,
    exported: Exported,
    selection: Selection,
    filters: Sequence[str],
    contamination: Sequence[str] | None,
    *,
    license: str = "other",
    further: Sequence[str] = (),
) -> str:
    """The text of the card, with the `further` lines at its end. The same run gives the same text."""
    manifest = run.manifest
    domains = sorted({world.domain for world in manifest.worlds})
    head = [
        "---",
        f"license: {license}",
        "language:",
        "- en",
        "task_categories:",
        "- text-generation",
        "tags:",
        *(f"- {tag}" for tag in ("tool-use", "multi-turn", "customer-service-agents", "tau2-bench", "synthetic")),
        *(f"- {domain}" for domain in domains),
        "size_categories:",
        f"- {next((name for most, name in _SIZES if exported.rows < most), 'n>1M')}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        f"    path: {_quoted(file_name)}",
        "---",
    ]
    body = [
        "",
        f"# {exported.rows:,} conversations between a tool agent and its user ({', '.join(domains) or 'no domain'})",
        "",
        _MARK,
        "Kept are those that came to their end with the right outcome, whose writes rested on evidence that had been",
        "read before, and were confirmed and allowed.",
        "",
        f"Columns: {_COLUMNS.get(form, form)}.",
        "",
        "## What it is for",
        "",
        *purpose(run.authors()),
        "",
        "## How it was made",
        "",
        *table(("", ""), [("command", f"`{manifest.command}`"), *_settings(run, selection.rules)]),
        "",
        "## What fell at which filter",
        "",
        *_funnel(selection, filters),
        "",
        "## Contamination",
        "",
        *(
            contamination
            if contamination is not None
            else ["No report was made: `writ check --contamination` makes one."]
        ),
        "",
        *further,
    ]
    return "\n".join([*head, *body])


def purpose(authors: Collection[str]) -> list[str]:
    """What rows are good for, by the engines whose words the agent's are."""
    scripted = [
        "The agent of these rows is a script that knows the right outcome. Use them for plumbing (loaders,",
        "templates, masks), for verifiers, and to warm up reinforcement learning. Do not learn style from them:",
        "the sentences come from tables. For style, take rows that a model has played, as with",
        "`writ synth --engine ENGINE`.",
    ]
    models = [
        "The agent of these rows is a model, and their style is that model's. Rows of the scripted agent are for",
        "plumbing, masks, verifiers and a warm-up of reinforcement learning; keep them apart from these.",
    ]
    if "scripted" not in authors:
        return models
    if len(authors) == 1:
        return scripted
    return [
        "Some of these rows were played by a model, and some by a script that knows the right outcome, whose sentences",
        "come from tables. Learn style from the model's alone: select from its runs apart.",
    ]


def _settings(run: RunView, rules: FilterRules) -> list[tuple[str, str]]:
    manifest = run.manifest
    rows = [(f"seed of {name}", str(seed)) for name, seed in sorted(manifest.seeds.items())]
    for world in manifest.worlds:
        kind = f"generated from seed {world.seed}, {world.size} users" if world.source == "generated" else world.source
        rows.append((f"world of {world.domain}", f"{kind}, digest `{world.digest[:16]}`"))
    shown = msgspec.json.encode(manifest.config, order="deterministic").decode()
    rows.append(("settings", f"`{shown}`"))
    if rules != STRICT:
        rows.append(("rules of filters", f"`{msgspec.json.encode(rules, order='deterministic').decode()}`"))
    rows.append(("versions", ", ".join(f"{name} {number}" for name, number in sorted(manifest.versions.items()))))
    return rows


def _funnel(selection: Selection, filters: Sequence[str]) -> list[str]:
    funnel = selection.funnel
    names = [name for name in filters if funnel.total.fell.get(name)]
    groups: list[tuple[str, Stage]] = [
        *sorted(funnel.by_kind.items()),
        *sorted(funnel.by_level.items()),
        *sorted(funnel.by_behaviour.items()),
        ("all", funnel.total),
    ]
    rows = [
        (name, f"{stage.rows:,}", *(f"{stage.fell.get(item, 0):,}" for item in names), f"{stage.left:,}")
        for name, stage in groups
    ]
    return table(("", "in", *names, "left"), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
