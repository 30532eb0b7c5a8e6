"""A row whose user has tools: its calls are shown as the user's, and a cell lights up where what it showed was told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import anyio
import pytest

from tests.support.browser import needs_browser, open_browser
from tests.support.router import DOMAIN, NAME
from tests.support.router.plays import registered
from writ_async.commands.synth import SynthConfig, synth
from writ_async.commands.view import open_index
from writ_async.core.message import UserMessage
from writ_async.runs.view import RunView
from writ_async.viewer.conversation_page import ConversationPage, conversation_page
from writ_async.viewer.row_index import Query
from writ_async.viewer.static_files import write_static


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Eighteen conversations of a domain whose users have tools."""
    path = tmp_path_factory.mktemp("runs") / "run"
    with registered():
        anyio.run(lambda: synth(SynthConfig(domains=(NAME,), n=18, world_size=90), path))
        yield path


@pytest.fixture(scope="module")
def pages(run: Path) -> list[ConversationPage]:
    index = open_index([run])
    return [conversation_page(index.open(row)) for row in range(len(index.keys))]


def test_calls_of_users_stand_in_their_messages_with_kind_result_and_change(pages: list[ConversationPage]) -> None:
    changed = 0
    for page in pages:
        own = [call for message in page.messages if message.role == "user" for call in message.calls]
        assert own
        for call in own:
            assert call.kind == DOMAIN.user_tools[call.name].kind
            assert call.result
            assert not call.changes or call.kind == "write"
            changed += bool(call.changes)
    assert changed


def test_a_cell_of_the_users_lights_up_where_the_user_told_what_it_showed(
    pages: list[ConversationPage], run: Path
) -> None:
    rows = {row.id: row for row in RunView.open(run).ordered()}
    told = 0
    for page in pages:
        for certificate in page.certificates:
            assert certificate.made_at >= 0
            for cell in certificate.cells:
                assert 0 <= cell.read_at < certificate.made_at
                assert cell.by_user == (cell.name in DOMAIN.user_tools)
                if cell.by_user:
                    message = rows[page.id].messages[cell.read_at]
                    assert isinstance(message, UserMessage)
                    assert message.content
                    assert not message.tool_calls
                    told += 1
    assert told


def test_a_gold_write_of_the_users_has_its_evidence_and_the_gold_calls_say_whose_they_are(
    pages: list[ConversationPage],
) -> None:
    made = 0
    for page in pages:
        assert page.task is not None
        assert {by for _, _, by in page.task.actions} == {"assistant", "user"}
        for message in page.messages:
            for call in message.calls:
                if call.name == "press_button":
                    assert call.evidence is not None
                    assert call.evidence.label == "evidence_complete"
                    made += 1
    assert made


def test_rows_are_found_by_the_tools_that_their_users_called(run: Path) -> None:
    index = open_index([run])
    found = index.page(Query(filter="user_tool == press_button"), 0, 50)
    pressed = sum(
        any(
            call.function.name == "press_button"
            for m in row.messages
            if isinstance(m, UserMessage)
            for call in m.tool_calls
        )
        for row in RunView.open(run).ordered()
    )
    assert found.found == pressed > 0


@needs_browser
@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_a_person_sees_whose_call_it_is_and_where_it_was_told(run: Path, tmp_path: Path) -> None:
    write_static(open_index([run]), tmp_path / "out")
    with open_browser() as browser:
        page = browser.new_page()
        key = quote(open_index([run]).keys[0], safe="")
        page.goto(f"{(tmp_path / 'out/index.html').as_uri()}#/row?key={key}")
        page.wait_for_selector(".talk .message.user .call")
        label = page.locator(".talk .message.user .call .kind").first.inner_text()
        assert label.lower().startswith("user’s ")
        page.keyboard.press("e")
        page.wait_for_selector(".cells .lit")
        assert "told at" in page.locator(".cells").first.inner_text()
        page.keyboard.press("i")
        page.wait_for_selector(".gold")
        assert "by the user" in page.locator(".gold").inner_text()
