"""`writ select`: rows to train on, picked out of any number of runs, and rows to validate on from other worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from writ_async.behaviour.axes import shown_traits
from writ_async.chat.length import count_tokens
from writ_async.chat.template_probe import open_chat_format
from writ_async.core.message import SystemMessage
from writ_async.core.trajectory import Trajectory
from writ_async.curation.filters import CAP, pass_filters
from writ_async.curation.near_duplicates import ALIKE
from writ_async.curation.picking import Candidate, pick_rows, sample_shingles
from writ_async.curation.quota import cell_of, parse_balance
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.export.picked_card import write_picked_card
from writ_async.rows.run_rows import where_test
from writ_async.runs.folder import RunFolder
from writ_async.runs.joined import JoinedRuns
from writ_async.runs.manifest import Manifest, joined_manifest
from writ_async.runs.picked import Picked, PickedPart
from writ_async.runs.row_selection import load_known_domains, select_rows, write_selection
from writ_async.runs.summary import summarise_rows
from writ_async.runs.view import prompt_for
from writ_async.runs.worlds import world_key

VALIDATION = "validation"
"""The folder of the rows to validate on, in that of the rows to train on."""
_STRATA = ("domain", "kind", "level")

TokenCounter = Callable[[Trajectory], int]
"""The tokens of a row as a model reads it."""


class SelectSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is selected: `n` rows to train on and beside them `validation` of `n` to validate on.

    With `max_tokens` none is longer as the model of the folder `tokenizer` reads it. `balance` names the dimensions of
    the strata (empty: domain, kind and level; `none`), `cap` is most rows of a task, `alike` the similarity from which
    on rows are near-duplicates, `filters` are rules beside those that the runs were made with. `where` is a filter
    (`rows/filter_language.py`): rows that do not pass are not looked at.
    """

    n: int
    max_tokens: int = 0
    tokenizer: str | None = None
    validation: float = 0.1
    balance: str = ""
    cap: int = CAP
    alike: float = ALIKE
    filters: tuple[str, ...] = ()
    where: str = ""

    def check(self) -> None:
        """Raise `InputError` for a setting that cannot be."""
        for flag, number in (("--n", self.n), ("--cap", self.cap)):
            if number < 1:
                raise InputError(f"{flag} must be at least 1, not {number}")
        for flag, share in (("--validation", self.validation), ("--alike", self.alike)):
            if not 0 <= share <= 1:
                raise InputError(f"{flag} must be a share from 0 to 1, not {share}")
        if self.max_tokens < 0:
            raise InputError(f"--max-tokens must be at least 1, not {self.max_tokens}")
        if self.max_tokens and self.tokenizer is None:
            raise InputError("--max-tokens needs --tokenizer DIR, a model's folder: how long a row is, is up to that")


class _Fit(msgspec.Struct, frozen=True):
    """A row that may be picked, with the world that it is from."""

    candidate: Candidate
    world: str


class _Looked(msgspec.Struct):
    """What one reading of all rows has found: those that are `fit`, and why the others `fell`."""

    rows: int
    fell: dict[str, int]
    fit: list[_Fit]
    tokens: dict[str, int]


def select(paths: Sequence[PathLike], out: PathLike, settings: SelectSettings) -> Picked:
    """Pick rows that passed all filters out of the runs in `paths`, and write them to `out` as a run of its own.

    Near-duplicates, rows beyond the cap of a task and rows that are too long stay out. What is left is picked as evenly
    as it can be over the strata, and within each so that recipes, users' traits and words differ. Rows to validate on
    go to a run in `out`/validation; no row to train on is of their worlds. There are none where no world can be spared.

    Raises `InputError` for a setting that cannot be, runs that cannot be read as one and where no row passes, and
    `StorageError`. Reads every row twice, and holds a kilobyte of each that is fit.
    """
    settings.check()
    strata = parse_balance(settings.balance, _STRATA)
    runs = JoinedRuns.open(
        paths, settings.filters, partial(where_test, where=settings.where) if settings.where else None
    )
    looked = _look_through(runs, settings, strata)
    if not looked.fit:
        raise InputError("no row of these runs passes all filters; `writ show RUN --reason WORD` shows one that fell")
    held_out, remarks = _worlds_to_hold_out(looked.fit, settings)
    train = pick_rows([one.candidate for one in looked.fit if one.world not in held_out], settings.n)
    wanted = round(settings.n * settings.validation)
    validation = pick_rows([one.candidate for one in looked.fit if one.world in held_out], wanted)
    if len(train) < settings.n:
        remarks.append(f"{settings.n - len(train):,} rows fewer than asked for: no more are fit")
    out = Path(out)
    manifest = joined_manifest([run.manifest for run in runs.runs], settings, runs.filters)
    picked = Picked(
        runs=[str(path) for path in paths],
        settings=msgspec.to_builtins(settings),
        strata=strata,
        rows=looked.rows,
        fell=looked.fell,
        fit=len(looked.fit),
        train=_write_part(out, runs, train, manifest, looked.tokens, settings.cap),
        validation=_write_part(out / VALIDATION, runs, validation, manifest, looked.tokens, settings.cap)
        if validation
        else None,
        remarks=remarks,
    )
    write_picked_card(picked, runs.runs, out)
    return picked


def _look_through(runs: JoinedRuns, settings: SelectSettings, strata: Sequence[str]) -> _Looked:
    """Read every row once; what is too long counts for no cap, and is nobody's twin."""
    count = _token_counter(runs, settings.tokenizer)
    tokens: dict[str, int] = {}
    fit: list[_Fit] = []
    too_long = 0

    def rows() -> Iterator[Trajectory]:
        nonlocal too_long
        for row in runs.rows():
            if runs.rules.keeps(row.verdict):
                if count is not None:
                    tokens[row.id] = count(row)
                    if 0 < settings.max_tokens < tokens[row.id]:
                        too_long += 1
                        continue
                fit.append(_fit_row(row, runs, strata))
            yield row

    domains = load_known_domains(task.domain for task in runs.tasks.values())
    selection = pass_filters(
        rows(), runs.tasks, domains, cap=settings.cap, alike=settings.alike, rules=runs.rules
    )  # fmt: skip
    fell = dict(selection.funnel.total.fell)
    if too_long:
        fell["too long"] = too_long
    return _Looked(
        rows=selection.rows + too_long,
        fell=fell,
        fit=[one for one in fit if one.candidate.id not in selection.dropped],
        tokens=tokens,
    )


def _fit_row(row: Trajectory, runs: JoinedRuns, strata: Sequence[str]) -> _Fit:
    task = runs.tasks[row.task_id]
    shown = shown_traits(task, row.messages)
    labels = (*filter(None, [f"recipe={task.recipe}" if task.recipe else ""]), *(trait.label for trait in shown))
    candidate = Candidate(row.id, cell_of(task, strata, shown), labels, sample_shingles(row.messages))
    return _Fit(candidate, world_key(task.world))


def _token_counter(runs: JoinedRuns, folder: str | None) -> TokenCounter | None:
    """Counts the tokens of what the agent of a row was told and saw, tools among it, and said."""
    if folder is None:
        return None
    chat = open_chat_format(folder)

    def count(row: Trajectory) -> int:
        prompt = prompt_for(runs.prompts, runs.tasks[row.task_id], row.domain)
        return count_tokens(chat, [SystemMessage(prompt.system or prompt.policy), *row.messages], prompt.tools)

    return count


def _worlds_to_hold_out(fit: Sequence[_Fit], settings: SelectSettings) -> tuple[Collection[str], list[str]]:
    """The worlds whose rows are to validate on, and what there is to say of it.

    Of each domain the smallest ones, until they have its share of the rows; at least one is left, and no row that is
    needed to train on is taken.
    """
    if not settings.validation:
        return (), []
    worlds: dict[str, Counter[str]] = {}
    for one in fit:
        worlds.setdefault(one.world.split("/")[1], Counter())[one.world] += 1
    spare = len(fit) - settings.n
    held_out: set[str] = set()
    for sizes in worlds.values():
        wanted = settings.n * settings.validation * sizes.total() / len(fit)
        for world, size in sorted(sizes.items(), key=lambda item: (item[1], item[0]))[:-1]:
            if wanted > 0 and size <= spare:
                held_out.add(world)
                wanted -= size
                spare -= size
    if held_out:
        return held_out, []
    if all(len(sizes) == 1 for sizes in worlds.values()):
        return (), ["no rows to validate on: all rows of a domain are of one world; add a run of another seed"]
    return (), ["no rows to validate on: every world's rows are needed to train on; add rows, or lower --n"]


def _write_part(
    folder: Path, runs: JoinedRuns, ids: Sequence[str], manifest: Manifest, tokens: Mapping[str, int], cap: int
) -> PickedPart:
    """Write the rows of these ids, with their tasks, as a run; gives what there is to say of them."""
    wanted = set(ids)
    of_tasks = {identity.rpartition("#")[0] for identity in ids}
    tasks = [task for task in runs.tasks.values() if task.id in of_tasks]
    worlds = {world_key(task.world): task.world for task in tasks}
    manifest = msgspec.structs.replace(manifest, worlds=tuple(worlds.values()))
    part = PickedPart(folder=str(folder), rows=len(ids), worlds=len(worlds))
    with RunFolder.create(folder, manifest) as run:
        run.write_tasks(tasks, runs.prompts)
        for row in runs.rows():
            if row.id in wanted:
                run.append(row)
                part.add(row, runs.tasks[row.task_id], tokens.get(row.id))
        run.put_in_order()
        selection = select_rows(run, cap=cap, rules=runs.rules)
        write_selection(run, selection)
        summary = summarise_rows(run.trajectories())
        summary.funnel = selection.funnel
        run.write_summary(summary)
    return part
