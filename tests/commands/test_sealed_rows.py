"""Words and prompts are sealed: what is changed afterwards is found by `writ replay`; old rows are read as ever."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.command import called
from tests.support.samples import trajectory
from writ_async.conversation.seal import words_hash
from writ_async.core.message import AssistantMessage, FunctionCall, Message, ToolCall, ToolMessage, UserMessage

WORDS = "its messages are not those that it was sealed with"
TOLD = "its prompt or its task's scenario is not the one that it was sealed with"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sealed") / "run"
    command = ("synth", "retail", "airline", "--n", "6", "--seed", "2", "--world-size", "60", "--quiet")
    assert called(*command, "--out", str(out)).returncode == 0
    return out


def edit(run: Path, name: str, change: Callable[[Any], None], line: int | None = None) -> None:
    """Changes a file of a run: its JSON, or one line of it."""
    content = (run / name).read_bytes()
    lines = [content] if line is None else content.split(b"\n")
    place = 0 if line is None else line
    value = msgspec.json.decode(lines[place])
    change(value)
    lines[place] = msgspec.json.encode(value)
    (run / name).write_bytes(b"\n".join(lines))


def say_more(role: str) -> Callable[[Any], None]:
    def change(row: Any) -> None:
        said = [message for message in row["messages"] if message["role"] == role and message.get("content")]
        said[-1]["content"] += " Thank you."

    return change


def think(row: Any) -> None:
    next(message for message in row["messages"] if message["role"] == "assistant")["reasoning"] = "I knew it."


def drop_greeting(row: Any) -> None:
    del row["messages"][0]


def change_policy(prompts: Any) -> None:
    for prompt in prompts.values():
        prompt["system"] = prompt["system"].replace("must", "may")


def change_scenario(task: Any) -> None:
    task["scenario"]["known_info"] += " I am a manager."


@pytest.mark.parametrize(
    ("name", "change", "line", "words"),
    [
        ("trajectories.jsonl", say_more("assistant"), 3, WORDS),
        ("trajectories.jsonl", say_more("user"), 1, WORDS),
        ("trajectories.jsonl", think, 2, WORDS),
        ("trajectories.jsonl", drop_greeting, 0, WORDS),
        ("prompts.json", change_policy, None, TOLD),
        ("tasks.jsonl", change_scenario, 4, TOLD),
    ],
)
def test_an_edited_line_or_prompt_is_found_by_a_replay(
    made: Path, tmp_path: Path, name: str, change: Callable[[Any], None], line: int | None, words: str
) -> None:
    run = Path(shutil.copytree(made, tmp_path / "run"))
    assert called("replay", str(run)).returncode == 0
    edit(run, name, change, line)
    done = called("replay", str(run))
    assert done.returncode == 1
    assert done.stdout.count(words) == (6 if name == "prompts.json" else 1)


@pytest.fixture(scope="module")
def templated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose seats were both told something else than our words."""
    folder = tmp_path_factory.mktemp("templated")
    (folder / "agent.txt").write_text("You serve.\n{policy}", "utf-8")
    (folder / "user.txt").write_text("You ask.\n{scenario}\nEnd with ###STOP###.", "utf-8")
    told = ("--agent-prompt", str(folder / "agent.txt"), "--user-prompt", str(folder / "user.txt"))
    command = ("synth", "retail", "--n", "2", "--world-size", "60", "--quiet", *told, "--out", str(folder / "run"))
    assert called(*command).returncode == 0
    return folder / "run"


TEMPLATES = "the manifest's templates of prompts are not those that it was sealed with"


@pytest.mark.parametrize("name", ["agent_prompt", "user_prompt"])
@pytest.mark.parametrize("becomes", ["changed", "gone"])
@pytest.mark.parametrize("selected", [False, True])
def test_an_edited_template_of_a_prompt_is_found_by_a_replay(
    templated: Path, tmp_path: Path, name: str, becomes: str, selected: bool
) -> None:
    run = tmp_path / "run"
    if selected:
        assert called("select", str(templated), "--n", "2", "--validation", "0", "--out", str(run)).returncode == 0
    else:
        shutil.copytree(templated, run)
    assert called("replay", str(run)).returncode == 0

    def change(manifest: Any) -> None:
        rules = (manifest["config"]["runs"][0]["config"] if selected else manifest["config"])["rules"]
        rules[name] = rules[name].replace("You", "I") if becomes == "changed" else ""

    edit(run, "manifest.json", change)
    done = called("replay", str(run))
    assert done.returncode == 1
    assert done.stdout.count(TEMPLATES) == 2


def test_a_template_that_was_put_into_a_manifest_is_found_by_a_replay(made: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(made, tmp_path / "run"))
    edit(run, "manifest.json", lambda manifest: manifest["config"]["rules"].update(user_prompt="You ask."))
    assert called("replay", str(run)).stdout.count(TEMPLATES) == 6


def test_rows_of_an_older_version_are_read_and_said_to_be_unsealed(made: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(made, tmp_path / "run"))
    for line in range(6):
        edit(run, "trajectories.jsonl", lambda row: row.pop("seal"), line)
    done = called("replay", str(run))
    assert done.returncode == 0
    assert "6 rows of an older version have no seal" in done.stdout
    assert "6 rows (6 kept)" in done.stdout
    assert called("export", str(run), "--format", "openai", "--out", str(tmp_path / "rows.jsonl")).returncode == 0


def test_selected_rows_keep_their_seals(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "picked"
    assert called("select", str(made), "--n", "3", "--out", str(out)).returncode == 0
    done = called("replay", str(out))
    assert done.returncode == 0
    assert "0 mismatches" in done.stdout
    assert "no seal" not in done.stdout


_TEXT = st.text(st.sampled_from("ab "), max_size=3)
_CALLS = st.lists(st.builds(ToolCall, _TEXT, st.builds(FunctionCall, _TEXT, _TEXT)), max_size=2).map(tuple)
_MESSAGES = st.lists(
    st.one_of(
        st.builds(UserMessage, st.none() | _TEXT, _CALLS),
        st.builds(AssistantMessage, st.none() | _TEXT, _CALLS, _TEXT),
        st.builds(ToolMessage, _TEXT, _TEXT, st.booleans(), st.sampled_from(["assistant", "user"])),
    ),
    max_size=3,
).map(tuple)


@given(_MESSAGES, _MESSAGES)
def test_other_messages_have_another_hash_and_the_same_have_the_same(
    one: tuple[Message, ...], other: tuple[Message, ...]
) -> None:
    hashes = [words_hash(trajectory("t", messages=messages)) for messages in (one, other)]
    assert (hashes[0] == hashes[1]) == (one == other)
    read_back = msgspec.json.decode(msgspec.json.encode(one), type=tuple[Message, ...])
    assert words_hash(trajectory("t", messages=read_back)) == hashes[0]


def test_a_seal_of_today_fits_tomorrow() -> None:
    assert words_hash(trajectory("a")) == "083c1fe413570568"
