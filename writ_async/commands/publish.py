"""`writ publish`: the rows of runs that passed all filters as a data set, in a folder or on the Hugging Face hub."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from writ_async.curation.contamination import Contamination
from writ_async.curation.filters import CAP, NAMES
from writ_async.errors import InputError, StorageError, describe_error
from writ_async.files import PathLike, read_json
from writ_async.formats.export import format_named
from writ_async.formats.export.card import card_text
from writ_async.formats.export.shards import PATTERN, Shard, shard_lines, write_shards
from writ_async.formats.export.source import Exported
from writ_async.runs.given import require_whole
from writ_async.runs.joined import JoinedView
from writ_async.runs.row_selection import rules_of, selection_of
from writ_async.runs.shortfall import require_rows
from writ_async.runs.view import RunView
from writ_async.runs.writing import write_whole

HUB: Final = "hub:"
"""What stands before the name of a data set on the hub."""


class PublishReport(msgspec.Struct, frozen=True):
    """What was written and where: a folder, or the address of the data set on the hub."""

    where: str
    exported: Exported
    shards: list[Shard]


def publish(
    run_paths: PathLike | Sequence[PathLike],
    to: str,
    *,
    license: str = "other",
    shard_rows: int = 5000,
    cap: int = CAP,
    filters: Sequence[str] = (),
    contamination: PathLike | None = None,
    public: bool = False,
) -> PublishReport:
    """Write the kept rows of runs, `cap` at most of a task, as parquet files of `shard_rows` rows, with a card.

    `to` is a folder that is new or empty, or `hub:OWNER/NAME`; a new data set on the hub is private unless `public`.
    The account is the one that huggingface_hub finds (`hf auth login`, HF_TOKEN), and is written nowhere. The same runs
    give the same bytes. Raises `InputError` and `StorageError`.
    """
    paths = [run_paths] if isinstance(run_paths, str | os.PathLike) else list(run_paths)
    require_whole("--shard-rows", shard_rows, 1)
    require_whole("--cap", cap, 1)
    if not license or not license.isprintable() or set(license) & set(":#'\"[]{}") or license != license.strip():
        raise InputError(f"--license {license!r}: is no licence as the hub names them, such as mit or apache-2.0")
    if to.startswith(HUB):
        name = to.removeprefix(HUB)
        if name.count("/") != 1 or not all(name.split("/")):
            raise InputError(f"--to {to}: a data set on the hub is hub:OWNER/NAME")
        hub = _Hub(name, public)
        with TemporaryDirectory() as scratch:
            report = _write(paths, Path(scratch), license, shard_rows, cap, filters, contamination)
            return msgspec.structs.replace(report, where=hub.upload(scratch))
    folder = Path(to)
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"--to {to}: is there already, and a data set has a folder of its own; name a new one")
    return _write(paths, folder, license, shard_rows, cap, filters, contamination)


def _write(
    paths: Sequence[PathLike],
    folder: Path,
    license: str,
    shard_rows: int,
    cap: int,
    filters: Sequence[str],
    contamination: PathLike | None,
) -> PublishReport:
    report = None if contamination is None else read_json(contamination, Contamination)
    run = RunView.open(paths[0]) if len(paths) == 1 else JoinedView(paths, filters)
    for path in paths:
        require_rows(RunView.open(path))
    if report is not None and report.rows != (rows := len(run.done_ids())):
        raise InputError(f"{contamination}: reports on {report.rows:,} rows, but there are {rows:,}; make it again")
    rules = rules_of(run, filters)
    selection = selection_of(run, cap=cap, rules=rules)
    with TemporaryDirectory() as scratch:
        whole = Path(scratch) / "rows.parquet"
        exported = format_named("parquet").write(run, whole, leave_out=selection.dropped, rules=rules)
        if not exported.rows:
            raise InputError("no row passed all filters, so there is nothing to publish")
        shards = write_shards(whole, folder, shard_rows)
    told = None if report is None else report.sentences()
    further = [*_replay(run), *shard_lines(shards)]
    text = card_text(run, PATTERN, "parquet", exported, selection, NAMES, told, license=license, further=further)
    write_whole(folder / "README.md", text.encode())  # last: a folder with a card is whole
    return PublishReport(str(folder), exported, shards)


def _replay(run: RunView) -> list[str]:
    name = shlex.quote(Path(run.path).name)
    return [
        "## Made again",
        "",
        "The column `digest` is the hash of the state that a conversation left. The command above makes the run again;",
        f"`writ replay {name}` makes every tool call of it again in the world of its task, and compares results,",
        "hashes and verdicts.",
        "",
    ]


class _Hub:
    """A data set on the hub. Raises `InputError` at once where it cannot be reached by what is installed."""

    def __init__(self, name: str, public: bool) -> None:
        try:
            from huggingface_hub import HfApi
        except ImportError:
            raise InputError("--to hub:... needs huggingface_hub: pip install 'writ-async[hub]'") from None
        self._api = HfApi()
        self._name = name
        self._public = public

    def upload(self, folder: str) -> str:
        """Make the data set where there is none, and put the files there in one commit; gives its address."""
        try:
            self._api.create_repo(self._name, repo_type="dataset", private=not self._public, exist_ok=True)
            self._api.upload_folder(
                repo_id=self._name, repo_type="dataset", folder_path=folder, delete_patterns="data/*.parquet",
                commit_message="Data and card by writ publish",
            )  # fmt: skip
        except Exception as exc:  # what it raises is of many kinds, httpx's among them
            raise StorageError(f"--to {HUB}{self._name}: the hub did not take it: {describe_error(exc)}") from exc
        return f"https://huggingface.co/datasets/{self._name}"
