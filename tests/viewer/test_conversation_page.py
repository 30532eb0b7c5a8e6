"""What is shown of a row is what happened: changes, reads, sources of arguments, findings."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.samples import BAD_CALL, manifest, task, trajectory
from tests.support.shared_data import SHARED, TAU2_DATA, needs_shared
from writ_async.commands.view import open_index
from writ_async.core.message import AssistantMessage, ToolMessage
from writ_async.core.trajectory import TokenSequence, VersionSpan
from writ_async.errors import InputError
from writ_async.runs.folder import RunFolder
from writ_async.viewer.conversation_page import ConversationPage, conversation_page
from writ_async.viewer.row_index import Query, RowIndex
from writ_async.viewer.world_changes import differences


def pages(index: RowIndex) -> list[ConversationPage]:
    return [conversation_page(index.open(row)) for row in range(len(index.keys))]


def test_every_message_and_call_is_shown_once_with_its_result(index: RowIndex) -> None:
    for row in range(len(index.keys)):
        messages = index.open(row).row.messages
        page = conversation_page(index.open(row))
        said = [message for message in messages if not isinstance(message, ToolMessage)]
        assert [shown.text for shown in page.messages] == [message.content or "" for message in said]
        asked = [call for message in messages if isinstance(message, AssistantMessage) for call in message.tool_calls]
        shown = [call for message in page.messages for call in message.calls]
        assert [call.name for call in shown] == [call.function.name for call in asked]
        assert [call.result for call in shown] == [m.content for m in messages if isinstance(m, ToolMessage)]


def test_only_writes_that_succeed_change_the_world_and_the_right_end_differs_where_the_database_does(
    index: RowIndex,
) -> None:
    changed = 0
    for page in pages(index):
        for call in (call for message in page.messages for call in message.calls):
            changed += bool(call.changes)
            assert not call.changes or (call.kind == "write" and not call.error)
        assert page.reward is not None
        if page.reward.database is not None:
            assert page.against_gold is not None
            assert (page.against_gold == ()) == page.reward.database.db_match
    assert changed


def test_cells_light_up_where_the_verifiers_say_that_they_were_read(index: RowIndex) -> None:
    complete = 0
    for page in pages(index):
        if page.evidence == "evidence_complete":
            complete += 1
            for certificate in page.certificates:
                if certificate.made_at >= 0:
                    assert all(0 <= cell.read_at < certificate.made_at for cell in certificate.cells)
    assert complete


def test_arguments_are_traced_to_what_was_said_or_read_before(index: RowIndex) -> None:
    traced = 0
    for page in pages(index):
        at = {message.index: message for message in page.messages}
        for message in page.messages:
            for one in (one for call in message.calls for one in call.supplied):
                traced += one.read >= 0 or one.said >= 0
                assert max(one.read, one.said) < message.index
                if one.read >= 0:
                    assert any(one.value in (call.result or "") for call in at[one.read].calls)
                if one.said >= 0:
                    assert at[one.said].role == "user"
    assert traced


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_value_does_not_differ_from_itself(value: object) -> None:
    assert list(differences(value, msgspec.json.decode(msgspec.json.encode(value)))) == []


def test_differences_are_told_at_their_place() -> None:
    before = {"a": [1, {"b": True}], "c": "x", "gone": 1}
    after = {"a": [1, {"b": 1}, 5], "c": "x", "new": None}
    places = [place for place, _, _ in differences(before, after)]
    assert places == ["a[1].b", "a[2]", "gone", "new"]


def test_a_row_that_cannot_be_replayed_is_shown_all_the_same(tmp_path: Path) -> None:
    """Its world is not there, its tools are none of the domain's, its calls are malformed, and it has tokens."""
    tokens = TokenSequence((5, 6, 7, 8), ((1, 3),), (-0.5, None), (VersionSpan("v1", 1, 3),))
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks([task("t")], {})
        run.append(trajectory("t", tokens={"agent": tokens}))
        run.append(trajectory("t", 1, messages=BAD_CALL, judged=False))
        run.append(trajectory("gone", messages=()))
    index = open_index([tmp_path / "run"])
    first, second, third = pages(index)
    assert first.lacking
    assert first.tokens["agent"].generated == ((1, 3),)
    assert first.tokens["agent"].weights == (("v1", 1, 3),)
    assert "tokenizer" in first.tokens["agent"].note
    assert second.kept is None
    assert second.reward is None
    assert second.messages[0].calls[0].error
    assert third.lacking == "its task is not in tasks.jsonl"


@needs_shared
def test_results_of_a_benchmark_are_shown_judged_and_with_what_they_changed() -> None:
    assert SHARED is not None
    index = open_index([SHARED / "tau2/results"], data=str(TAU2_DATA))
    found = index.page(Query("reward == 1", "", True), 0, 500)
    assert found.found > 10
    assert {source.name for source in index.sources} == {"airline.json.gz", "retail.json.gz"}
    shown = pages(index)
    assert all(page.reward is not None and not page.lacking for page in shown)
    assert any(call.changes for page in shown for message in page.messages for call in message.calls)


@needs_shared
def test_files_of_others_are_shown_without_any_data() -> None:
    assert SHARED is not None
    index = open_index([SHARED / "real/tau2_airline_toolorchestra.json.gz"])
    assert len(index.keys) > 10
    for row in range(3):
        page = conversation_page(index.open(row))
        assert page.messages
        assert "--data" in page.lacking


def test_a_file_among_others_that_cannot_be_read_is_noticed(made_run: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_text('{"label": 1}\n')
    index = open_index([made_run, tmp_path / "labels.jsonl"])
    assert len(index.keys) == 24
    assert [len(source.notices) for source in index.sources] == [0, 1]
    with pytest.raises(InputError, match="formats that are read"):
        open_index([tmp_path / "labels.jsonl"])


def test_rows_that_a_file_names_alike_are_two_rows(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
    file = tmp_path / "chats.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode({"id": "same", "messages": chat}) + b"\n" for _ in range(2)))
    index = open_index([file])
    assert index.keys == ["chats.jsonl/same", "chats.jsonl/same~1"]
    assert [conversation_page(index.open(row)).messages[0].text for row in (0, 1)] == ["Hello", "Hello"]


def test_a_path_with_nothing_to_show_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no path is given"):
        open_index([])
    with pytest.raises(InputError, match="there is no such file"):
        open_index([tmp_path / "nothing.json"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no"):
        open_index([tmp_path / "empty"])


def test_runs_in_a_folder_are_all_opened_and_two_of_a_name_told_apart(made_run: Path) -> None:
    index = open_index([made_run.parent, made_run])
    assert [source.name for source in index.sources] == ["first", "tasks", "first~2"]
    row = index.number_of(next(key for key in index.keys if key.startswith("first~2/")))
    assert {index.columns["run"][other] for other in index.trials_of(row)} == {"first", "tasks", "first~2"}
