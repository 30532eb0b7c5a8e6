"""Where a writer's own rows are in its file, so that it need not be read again to put them in order."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping

from writ_async.runs.row_order import RowPlace


class WrittenRows:
    """The rows of a file, in the order in which they stand there: some 40 bytes of each, for a run may have millions.

    Nothing is known of a file that somebody else has written to: that is told by its size.
    """

    def __init__(self, rows: Iterable[RowPlace] = ()) -> None:
        self._task_ids: list[str] = []
        self._numbers = array("q")  # of each row: trial, length, where its token ids begin and end in it
        for row in rows:
            self.note(row.task_id, row.trial, row.length, (row.tokens_from, row.tokens_to))

    def __len__(self) -> int:
        return len(self._task_ids)

    def note(self, task_id: str, trial: int, length: int, tokens: tuple[int, int]) -> None:
        """One more row stands behind the others."""
        self._task_ids.append(task_id)
        self._numbers.extend((trial, length, *tokens))

    def places(self, size: int, tasks: Mapping[str, int]) -> list[RowPlace] | None:
        """The places of a file's rows, as `find_rows` gives them; None where its size, in bytes, shows others too."""
        found = list(self._each(tasks))
        end = found[-1].offset + found[-1].length if found else 0
        return found if end == size else None

    def _each(self, tasks: Mapping[str, int]) -> Iterator[RowPlace]:
        offset = 0
        numbers = self._numbers
        for index, task_id in enumerate(self._task_ids):
            trial, length, begin, end = numbers[4 * index : 4 * index + 4]
            yield RowPlace(tasks.get(task_id, len(tasks)), task_id, trial, 0, index + 1, offset, length, begin, end)
            offset += length
