"""Rows that a writer knows: where they are, and the text of their token ids, make no difference but to the time."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples import PROMPTS, manifest, task, trajectory
from writ_async.core.message import AssistantMessage
from writ_async.core.trajectory import Note, TokenSequence, Trajectory, VersionSpan
from writ_async.runs import view as view_module
from writ_async.runs.folder import RunFolder
from writ_async.runs.row_order import RowPlace
from writ_async.runs.row_text import encode_row_into
from writ_async.runs.view import RunView

ODD = st.sampled_from(["", "é", '","tokens":{"agent":{}},"', '\\",\\"tokens\\":', "\\", "\u2028"])
LOGPROBS = st.sampled_from([-0.5, -1e-7, None])
FLAGS = st.booleans()
IDS = st.lists(st.integers(0, 200_000), max_size=6)


@st.composite
def sequences(draw: st.DrawFn) -> TokenSequence:
    ids: list[int] = draw(IDS)
    wrote: bool = draw(FLAGS)
    spans = ((0, len(ids)),) if ids and wrote else ()
    logprobs = tuple(draw(LOGPROBS) for _ in ids) if spans else ()
    weights = (VersionSpan(draw(ODD), 0, len(ids)),) if spans else ()
    sequence = TokenSequence(tuple(ids), spans, logprobs, weights, draw(FLAGS))
    if draw(FLAGS):
        sequence.keep_text(",".join(map(str, ids)).encode())
    return sequence


@st.composite
def rows(draw: st.DrawFn) -> list[Trajectory]:
    names = draw(st.permutations([(name, trial) for name in ("b", "a", 'gone","tokens":') for trial in range(2)]))
    found = []
    for name, trial in names:
        row = trajectory(name, trial)
        row.messages = (*row.messages, AssistantMessage(draw(ODD)))
        row.notes = (Note(draw(ODD), 0, draw(ODD)),)
        row.tokens = draw(st.dictionaries(st.sampled_from(["user", "agent"]), sequences(), max_size=2))
        row.error = draw(ODD)
        found.append(row)
    return found


def without_tokens(row: Trajectory) -> Trajectory:
    return msgspec.structs.replace(row, tokens={})


@given(drawn=rows())
def test_a_row_is_the_same_bytes_whether_the_text_of_its_ids_is_known_or_not(drawn: list[Trajectory]) -> None:
    line = bytearray()
    for row in drawn:
        start, end = encode_row_into(row, line)
        assert bytes(line) == msgspec.json.encode(row, order="deterministic")
        known = bool(row.tokens) and all(sequence.text is not None for sequence in row.tokens.values())
        assert (end > start) == known
        if known:
            assert msgspec.json.decode(line[:start] + line[end:], type=Trajectory) == without_tokens(row)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=rows(), reopened=st.integers(0, 6))
def test_a_writer_finds_its_rows_where_a_reader_finds_them(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Trajectory], reopened: int
) -> None:
    path = tmp_path_factory.mktemp("written") / "run"
    with RunFolder.create(path, manifest()) as run:
        run.write_tasks([task("b"), task("a")], PROMPTS)
        for row in drawn[:reopened]:
            run.append(row)
    with RunFolder.open(path) as run:  # whose rows so far another process has written
        for row in drawn[reopened:]:
            run.append(row)
        for _ in range(2):
            with (path / "trajectories.jsonl").open("rb") as file:
                own = run.find_rows(file)
                file.seek(0)
                read = RunView.open(path).find_rows(file)
            assert [(*row[:7], 0, 0) for row in own] == [tuple(row) for row in read]
            run.put_in_order()
        view = RunView.open(path)
        assert list(run.ordered(tokens=False)) == list(view.ordered(tokens=False))
        assert list(run.ordered()) == list(view.ordered())
        assert sorted(row.id for row in run.ordered()) == sorted(row.id for row in drawn)


def test_a_run_that_was_written_in_one_go_is_not_read_to_be_put_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*given: object) -> list[RowPlace]:
        raise AssertionError("the rows were read")

    monkeypatch.setattr(view_module, "find_rows", read)
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks([task("b"), task("a")], PROMPTS)
        for name in "ab":
            run.append(trajectory(name))
        assert run.put_in_order()
        assert not run.put_in_order()
        assert [row.task_id for row in run.ordered()] == ["b", "a"]
