"""A user's answer with a slip is asked for again, and what is said then is what counts."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import anyio
import pytest
from writ_engines.scripted import ScriptedEngine

from tests.support.registered import register_script
from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.conversation.machine import ASKED_AGAIN
from writ_async.conversation.rules import Rules
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage, UserMessage
from writ_async.core.trajectory import Trajectory, Usage
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView
from writ_async.verify.provenance import SMALL

SLIPS = {
    "invents": "It is about order #W0000001, paid with card 4929.",
    "speaks as the agent": "How can I help you today?",
    "empty": "  ",
}
assert SMALL < 4929


class _Slipping(ScriptedEngine):
    """A user who slips once in its second turn; never when it is asked again."""

    said = ""
    always = False
    sessions: ClassVar[list[str]] = []
    ended: ClassVar[list[str]] = []

    async def complete(self, request: Request) -> Completion:
        if request.seat == "user":
            self.sessions.append(request.session)
            if request.turn == 1 and (self.always or "~" not in request.session):
                return Completion(message=AssistantMessage(self.said), usage=Usage(requests=1, completion_tokens=7))
        return await super().complete(request)

    def end_session(self, session: str) -> None:
        self.ended.append(session)
        return super().end_session(session)


def _rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, retries: int, *, always: bool = False
) -> list[Trajectory]:
    class Kind(_Slipping):
        sessions: ClassVar[list[str]] = []
        ended: ClassVar[list[str]] = []

    Kind.said, Kind.always = said, always
    name = register_script(monkeypatch, "slipping", Kind)
    config = SynthConfig(
        domains=("retail",),
        n=8,
        world_size=40,
        behaviours="off",
        mix="normal=1",
        seats=Seats(agent=EngineSpec(name)),
        rules=Rules(max_steps=100, user_retries=retries),
    )
    anyio.run(lambda: synth(config, tmp_path / f"run{retries}"))
    assert sorted(Kind.ended) == sorted({*Kind.sessions, *(one for one in Kind.ended if one.endswith("/agent"))})
    return list(RunView.open(tmp_path / f"run{retries}").ordered())


@pytest.mark.parametrize("slip", SLIPS)
def test_what_was_said_wrongly_leaves_no_trace_but_a_note_and_its_cost(
    slip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = _rows(tmp_path, monkeypatch, SLIPS[slip], 0)
    mended = _rows(tmp_path, monkeypatch, SLIPS[slip], 1)
    assert not any(row.verdict is not None and row.verdict.kept for row in spoilt if _user_turns(row) > 1)
    for row in mended:
        assert row.verdict is not None
        assert row.verdict.kept, row.verdict.findings
        assert SLIPS[slip] not in [message.content for message in row.messages]
        notes = [note for note in row.notes if note.kind == ASKED_AGAIN]
        if _user_turns(row) > 1:
            assert [note.turn for note in notes] == [1]
            assert row.usage["user"].completion_tokens == 7
            assert row.usage["user"].requests == _user_turns(row) + 1
    assert not replay_run(tmp_path / "run1").mismatches


def test_a_user_who_slips_whenever_asked_is_taken_after_so_many_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for row in _rows(tmp_path, monkeypatch, SLIPS["invents"], 2, always=True):
        said = [message.content for message in row.messages if isinstance(message, UserMessage)]
        if len(said) > 1:
            assert said[1] == SLIPS["invents"]
            assert sum(note.kind == ASKED_AGAIN for note in row.notes) >= 2
            assert row.verdict is not None
            assert not row.verdict.kept


def test_users_without_slips_are_never_asked_again(tmp_path: Path) -> None:
    plain = SynthConfig(domains=("retail", "airline"), n=60, world_size=60, seed=5)
    mending = SynthConfig(
        domains=("retail", "airline"), n=60, world_size=60, seed=5, rules=Rules(max_steps=100, user_retries=2)
    )
    rows = []
    for name, config in (("plain", plain), ("mending", mending)):
        anyio.run(synth, config, tmp_path / name)
        rows.append((tmp_path / name / "trajectories.jsonl").read_bytes().splitlines())
    assert sorted(rows[0]) == sorted(rows[1])


def _user_turns(row: Trajectory) -> int:
    return sum(isinstance(message, UserMessage) for message in row.messages)
