"""Following the rows of a run while it goes on, ends, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples import PROMPTS, manifest, task, trajectory
from writ_async.errors import InputError
from writ_async.rows.run_rows import GrowingFile
from writ_async.runs.folder import RunFolder
from writ_async.runs.row_order import row_id_of


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_lines_are_given_once_and_keep_their_numbers_when_a_run_ends_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("growing") / "run"
    rows = data.draw(st.permutations([(name, trial) for name in "ab" for trial in range(4)]))
    followed = GrowingFile(path / "trajectories.jsonl")
    seen: list[str | None] = []
    with RunFolder.create(path, manifest()) as run:
        run.write_tasks([task("a"), task("b")], PROMPTS)
        for name, trial in rows:
            run.append(trajectory(name, trial))
            if data.draw(st.booleans()):
                run.put_in_order()
            if data.draw(st.booleans()):
                seen += [row_id_of(line) for line in followed.further()]
            assert [row_id_of(followed.line(number)) for number in range(len(seen))] == seen
        run.put_in_order()
    seen += [row_id_of(line) for line in followed.further()]
    assert [row_id_of(followed.line(number)) for number in range(len(seen))] == seen
    assert sorted(map(str, seen)) == sorted(f"{name}#{trial}" for name, trial in rows)
    assert list(followed.further()) == []


def test_a_file_that_is_shorter_than_it_was_is_told(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\ntwo\n")
    followed = GrowingFile(tmp_path / "log")
    assert list(followed.further()) == [b"one\n", b"two\n"]
    (tmp_path / "log").write_text("one\n")
    with pytest.raises(InputError, match="is shorter than it was"):
        list(followed.further())
