"""What was drawn for a run, task after task, so that one that is killed while it plans does not prove all again.

drawing/N.jsonl   of the N-th of the run's domains, in a `trace_log`: a line for each task that was drawn, with what its
                  draw left behind for the next

A run of so many tasks needs it until they are all in `tasks.jsonl`. One in rounds keeps it, for it may always need the
next tasks. Each file has one writer, here or in a worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from writ_async.core.environment import Environment
from writ_async.core.task import Kind
from writ_async.errors import StorageError
from writ_async.runs.trace_log import TraceLog
from writ_async.runs.writing import OWN_FOLDER, make_folder, storage_error
from writ_async.synthesis.aims import TaskWishes
from writ_async.synthesis.drawing import DrawnTask, DrawTrace

DRAWING = "drawing"


@contextmanager
def open_traces(
    folder: Path | None,
    worlds: Sequence[Environment],
    seed: int,
    mix: Mapping[Kind, float],
    wishes: TaskWishes,
    only: int | None = None,
) -> Iterator[Mapping[int, DrawTrace]]:
    """The traces of a run's domains, by number, or that of `only` one.

    None without a folder, and where another process still writes to one of them. Raises `StorageError`.
    """
    with ExitStack() as opened:
        traces: dict[int, DrawTrace] = {}
        if folder is None:
            yield traces
            return
        try:
            make_folder(folder, OWN_FOLDER)
            for number, environment in enumerate(worlds):
                if only is None or number == only:
                    rests_on = {"world": environment.ref, "seed": seed, "mix": mix, "wishes": wishes}
                    log = TraceLog(folder / f"{number}.jsonl", DrawnTask, rests_on, alone=True)
                    traces[number] = opened.enter_context(closing(log))
        except BlockingIOError:
            traces = {}
        except OSError as exc:
            raise storage_error(folder, exc) from exc
        yield traces


def remove_traces(folder: Path) -> None:
    """Take away what is not needed any more; what cannot be taken away stays."""
    with suppress(OSError, StorageError):
        for path in folder.glob("*.jsonl"):
            path.unlink()
        folder.rmdir()
