"""The viewer shows what the agent thought, and --greeting what it says first."""

import json
from pathlib import Path

import msgspec
import pytest

from tests.formats.test_export import make_run
from tests.support.samples import TALK, trajectory
from writ_async.cli import main
from writ_async.core.message import AssistantMessage


def test_thoughts_are_shown_apart_from_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    last = TALK[6]
    assert isinstance(last, AssistantMessage)
    spoken = (*TALK[:6], msgspec.structs.replace(last, reasoning="They want it cancelled."), *TALK[7:])
    make_run(tmp_path / "run", [trajectory(messages=spoken)])
    assert main(["show", str(tmp_path / "run")]) == 0
    shown = capsys.readouterr().out
    assert "think  They want it cancelled." in shown
    assert shown.index("They want it cancelled.") < shown.index("agent  It is cancelled.")


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        ([], "Hi! How can I help you today?"),
        (["--greeting", "Welcome to the shop."], "Welcome to the shop."),
        (["--greeting", "none"], None),
    ],
)
def test_the_greeting_is_what_was_asked_for(tmp_path: Path, arguments: list[str], first: str | None) -> None:
    settings = ["synth", "retail", "--n", "2", "--world-size", "60", "--quiet", "--out", str(tmp_path / "run")]
    assert main([*settings, *arguments]) == 0
    for line in (tmp_path / "run" / "trajectories.jsonl").read_text().splitlines():
        message = json.loads(line)["messages"][0]
        assert message["role"] == ("assistant" if first else "user")
        assert first is None or message["content"] == first


def test_a_greeting_without_words_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["synth", "retail"], ["eval", "--tasks", "x"]):
        assert main([*command, "--greeting", " ", "--out", str(tmp_path / "run")]) == 2
        assert "none lets the user begin" in capsys.readouterr().err
