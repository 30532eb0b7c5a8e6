"""Several engines play users of one run: by weight, the same ones each time, and each row says which."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import anyio
import pytest

from writ_async.cli import main
from writ_async.cli.parser import build_parser
from writ_async.cli.settings import parse_seats
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.engine import CallCounts, Completion, Request
from writ_async.core.message import AssistantMessage
from writ_async.core.trajectory import TokenSequence
from writ_async.errors import InputError
from writ_async.runs.mixed_engine import PLAYED_BY, MixedEngine, MixedPart
from writ_async.runs.seats import EngineMix, EngineSpec, Seats, WeightedEngine
from writ_async.runs.view import RunView
from writ_async.scheduler import Limits

MIX = EngineMix(
    (
        WeightedEngine(EngineSpec("scripted"), 3.0),
        WeightedEngine(EngineSpec("scripted", {"user_mistakes": "hallucinated=1"}), 1.0),
    )
)


def _players(path: Path) -> dict[str, list[str]]:
    return {
        row.id: [note.detail for note in row.notes if note.kind == PLAYED_BY]
        for row in RunView.open(path).trajectories()
    }


def _config() -> SynthConfig:
    return SynthConfig(domains=("retail",), n=120, world_size=60, seats=Seats(user=MIX), seed=3)


def test_each_conversation_says_who_played_its_user_and_shares_are_those_of_the_weights(tmp_path: Path) -> None:
    anyio.run(lambda: synth(_config(), tmp_path / "run"))
    players = _players(tmp_path / "run")
    assert all(len(names) == 1 for names in players.values())
    shares = Counter(names[0] for names in players.values())
    assert set(shares) == set(MIX.labels()) == {"scripted (1)", "scripted (2)"}
    assert 0.6 < shares["scripted (1)"] / 120 < 0.88
    kept = {row.id for row in RunView.open(tmp_path / "run").trajectories() if row.verdict and row.verdict.kept}
    fallen = {row_id for row_id in players if row_id not in kept}
    assert fallen
    assert {players[row_id][0] for row_id in fallen} == {"scripted (2)"}, "who slips is the one that was told to"


def test_who_plays_does_not_depend_on_order_or_processes(tmp_path: Path) -> None:
    anyio.run(lambda: synth(_config(), tmp_path / "one"))
    anyio.run(lambda: synth(_config(), tmp_path / "narrow", limits=Limits(concurrency=3)))
    anyio.run(lambda: synth(_config(), tmp_path / "workers", workers=2))
    rows = [
        sorted((tmp_path / name / "trajectories.jsonl").read_bytes().splitlines())
        for name in ("one", "narrow", "workers")
    ]
    assert rows[0] == rows[1] == rows[2]


class _Double:
    def __init__(self, name: str, counts: CallCounts, notices: tuple[str, ...]) -> None:
        self.name, self._counts, self.notices = name, counts, notices
        self.ended: list[str] = []

    async def complete(self, request: Request) -> Completion:
        return Completion(message=AssistantMessage(self.name))

    def end_session(self, session: str) -> TokenSequence | None:
        self.ended.append(session)
        return None

    async def aclose(self) -> None:
        raise AssertionError("whoever made it closes it")

    def call_counts(self) -> CallCounts:
        return self._counts

    def seconds_held(self, session: str) -> float:
        return float(len(self.name))


def _request(session: str, turn: int) -> Request:
    return Request(
        id=f"{session}/{turn}",
        session=session,
        seat="user",
        task_id="t",
        trial=0,
        turn=turn,
        seed=1,
        messages=(),
        tools=(),
    )


@pytest.mark.asyncio
async def test_all_that_concerns_a_conversation_goes_to_its_engine_and_what_they_say_is_said_together() -> None:
    one = _Double("a", CallCounts(calls=2, failures={"timeout": 1}, last_failure="late"), ("slow", "old"))
    two = _Double("bb", CallCounts(calls=3, failures={"timeout": 2}), ("old",))
    mixed = MixedEngine([MixedPart("A", 1.0, one), MixedPart("B", 1.0, two)], seed=5)
    seen = set()
    for number in range(40):
        session = f"t{number}#0/user"
        first = await mixed.complete(_request(session, 0))
        later = await mixed.complete(_request(session, 1))
        again = await mixed.complete(_request(f"{session}~1", 1))
        assert first.message == later.message == again.message
        assert [(note.kind, note.detail) for note in first.notes] == [
            (PLAYED_BY, {"a": "A", "bb": "B"}[str(first.message.content)])
        ]
        assert not later.notes
        assert mixed.seconds_held(session) == len(str(first.message.content))
        mixed.end_session(session)
        assert session in {"a": one, "bb": two}[str(first.message.content)].ended
        seen.add(first.message.content)
    assert seen == {"a", "bb"}
    assert mixed.call_counts() == CallCounts(calls=5, failures={"timeout": 3}, last_failure="late")
    assert mixed.notices == ["slow", "old"]
    await mixed.aclose()


def _parsed(*flags: str) -> Seats:
    return parse_seats(build_parser().parse_args(["synth", "retail", *flags]))


def test_options_go_to_the_engine_in_front_of_them() -> None:
    user = _parsed(
        *("--user-engine", "openai=2", "--user-engine-option", "model=a", "--user-engine", "openai"),
        *("--user-engine-option", "model=b", "--user-engine-option", "temperature=0.5", "--rpm", "60"),
    ).user
    assert isinstance(user, EngineMix)
    assert [(part.weight, dict(part.engine.options)) for part in user.parts] == [
        (2.0, {"model": "a", "rpm": "60"}),
        (1.0, {"model": "b", "temperature": "0.5", "rpm": "60"}),
    ]
    assert user.labels() == ["openai a", "openai b"]
    single = _parsed("--user-engine-option", "model=a", "--user-engine", "openai").user
    assert single == EngineSpec("openai", {"model": "a"})
    assert _parsed().user is None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--user-engine-option", "model=a"], "needs --user-engine"),
        (["--user-engine", "scripted=0"], "a weight above 0"),
        (["--user-engine", "scripted=much"], "a weight above 0"),
        (
            ["--user-engine-option", "a=b", "--user-engine", "scripted", "--user-engine", "scripted"],
            "put it behind its own",
        ),
        (["--user-engine", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    flags: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "retail", *flags, "--out", str(tmp_path / "run")]) == 2
    assert words in capsys.readouterr().err
    with pytest.raises(InputError):
        _parsed(*flags)
