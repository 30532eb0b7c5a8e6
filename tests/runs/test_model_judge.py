"""A model as judge: asked once for a conversation, believed only where it answers every assertion, and never again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from tests.support.chat_double import Answer, Asked, refusal, said, serve
from writ_async.commands.check import check_rows
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.replay import replay_run
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.runs.model_judge import PROMPT, PROMPT_VERSION, parse_judge, read_rulings
from writ_async.runs.progress import Progress
from writ_async.runs.scores import score_run
from writ_async.runs.view import RunView
from writ_async.verify.judge import Ruling

KIND, TOLD = "The agent is polite.", "The agent told the customer a joke."


def rulings(*answers: tuple[int, object]) -> str:
    entries = [{"number": number, "why": f"because of {number}", "met": met} for number, met in answers]
    return json.dumps({"rulings": entries})


@pytest.fixture
def asserted(tasks: list[Task], tmp_path: Path) -> Path:
    """Two tasks with assertions that count, one with some that do not, one without any."""
    basis = ("DB", "NL_ASSERTION")
    chosen = [
        msgspec.structs.replace(tasks[0], nl_assertions=(KIND, TOLD), reward_basis=basis),
        msgspec.structs.replace(tasks[1], nl_assertions=(KIND,), reward_basis=basis),
        msgspec.structs.replace(tasks[2], nl_assertions=(KIND,)),
        tasks[3],
    ]
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in chosen))
    return path


def judged(
    answer: Callable[[Asked], Answer], tasks: Path, out: Path, *, trials: int = 1, workers: int = 1, times: int = 1
) -> tuple[Progress, list[Asked]]:
    """A run under a judge that answers so, gone on with so many `times`, and what the judge was asked."""

    async def play() -> tuple[Progress, list[Asked]]:
        async with serve(answer) as double:
            config = EvalConfig(
                tasks=(str(tasks),),
                trials=trials,
                judge="openai:arbiter",
                judge_options={"url": double.url, "attempts": "1", "timeout": "20"},
            )
            for _ in range(times):
                progress = await evaluate(config, out, workers=workers)
            return progress, double.asked

    return anyio.run(play)


def rows_of(out: Path) -> dict[str, Trajectory]:
    return {row.id: row for row in RunView.open(out).ordered()}


def test_one_question_for_a_conversation_decides_all_of_its_assertions(asserted: Path, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        statements = asked.body["messages"][1]["content"]
        return said(rulings((1, True), (2, False)) if TOLD in statements else rulings((1, True)))

    _, asked = judged(answer, asserted, tmp_path / "run", trials=2)
    assert len(asked) == 2 * 2, "only those whose reward depends on what it says"
    assert {item.body["model"] for item in asked} == {"arbiter"}
    assert {item.body["temperature"] for item in asked} == {0}
    assert {item.body["messages"][0]["content"] for item in asked} == {PROMPT}
    rows = list(rows_of(tmp_path / "run").values())
    checks = [row.verdict.reward.nl_assertions for row in rows if row.verdict is not None]
    told = [[(check.info, check.met, check.why) for check in item] for item in checks if item]
    assert sorted(told) == sorted(
        2 * [[(KIND, True, "because of 1"), (TOLD, False, "because of 2")]] + 2 * [[(KIND, True, "because of 1")]]
    )
    rewards = {row.id: row.verdict.reward.reward for row in rows if row.verdict is not None}
    assert sorted(rewards.values()) == [0.0, 0.0] + 6 * [1.0]
    assert sum(row.usage["judge"].requests for row in rows if "judge" in row.usage) == len(asked)
    assert [score.assumed for score in score_run(tmp_path / "run")] == [0] * len(score_run(tmp_path / "run"))


def test_verdicts_are_made_again_without_asking_the_judge(asserted: Path, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        count = asked.body["messages"][1]["content"].rpartition("\n")[2].partition(".")[0]
        return said(rulings(*((number, number % 2 == 0) for number in range(1, int(count) + 1))))

    judged(answer, asserted, tmp_path / "run")
    report = replay_run(tmp_path / "run")
    assert (report.rows, report.mismatches) == (4, [])
    checked = check_rows([tmp_path / "run"])
    assert checked.rows == 4
    text = (tmp_path / "run" / "trajectories.jsonl").read_text()
    (tmp_path / "run" / "trajectories.jsonl").write_text(text.replace('"why":"because of 1"', '"why":"changed"'))
    assert not replay_run(tmp_path / "run").mismatches, "what a judge said is taken as it stands"
    (tmp_path / "run" / "trajectories.jsonl").write_text(text.replace(f'"info":"{KIND}"', '"info":"Something else."'))
    with pytest.raises(InputError, match=r"its judge has said nothing of the assertion"):
        replay_run(tmp_path / "run")


def test_the_manifest_says_who_judged_by_which_prompt_and_no_option_that_decides_nothing(
    asserted: Path, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Answer:
        return said(rulings(*((number, True) for number in (1, 2) if number == 1 or TOLD in str(asked.body))))

    judged(answer, asserted, tmp_path / "run")
    config = RunView.open(tmp_path / "run").manifest.config
    assert config["judge"] == "openai:arbiter"
    assert config["judge_prompt"] == [PROMPT_VERSION, PROMPT]
    assert config["judge_options"].keys() == {"temperature", "model", "url"}


UNUSABLE: dict[str, str] = {
    "words": "Both hold.",
    "one missing": rulings((1, True)),
    "one too many": rulings((1, True), (2, True), (3, True)),
    "one twice": rulings((1, True), (1, False)),
    "from nought": rulings((0, True), (1, True)),
    "no truth value": rulings((1, "yes"), (2, True)),
    "unsure": rulings((1, None), (2, True)),
    "other keys": json.dumps({"rulings": [{"id": 1, "met": True}, {"id": 2, "met": True}]}),
    "a list": json.dumps([True, True]),
    "broken off": rulings((1, True), (2, True))[:-6],
    "deep": '{"rulings":' + "[" * 5000 + "]" * 5000 + "}",
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_answer_that_does_not_rule_on_each_assertion_is_no_answer(kind: str) -> None:
    with pytest.raises(ValueError, match=r"number|form|JSON"):
        read_rulings(UNUSABLE[kind], 2)


def test_an_answer_may_stand_in_a_fence_and_in_any_order() -> None:
    text = f"Here:\n```json\n{rulings((2, False), (1, True))}\n```"
    assert read_rulings(text, 2) == (Ruling(True, "because of 1"), Ruling(False, "because of 2"))


def test_a_judge_is_told_what_was_wrong_and_asked_again(asserted: Path, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        right = rulings((1, True), (2, True)) if TOLD in str(asked.body) else rulings((1, True))
        return said(right if len(asked.body["messages"]) > 2 else "I think so.")

    _, asked = judged(answer, asserted, tmp_path / "run")
    assert len(asked) == 2 * 2
    assert "no JSON object" in asked[-1].body["messages"][-1]["content"]
    assert len(rows_of(tmp_path / "run")) == 4


@pytest.mark.parametrize("failure", ["useless", "down"])
def test_a_conversation_that_cannot_be_judged_leaves_no_row(failure: str, asserted: Path, tmp_path: Path) -> None:
    def failing(asked: Asked) -> Answer:
        return said("I cannot say.") if failure == "useless" else refusal(400, {"error": {"message": "no"}})

    progress, asked = judged(failing, asserted, tmp_path / "run")
    assert len(asked) == 2 * (3 if failure == "useless" else 1)
    assert progress.counters.failed == 2
    assert len(rows_of(tmp_path / "run")) == 2
    reasons = [row.error for row in RunView.open(tmp_path / "run").failures()]
    assert [reason.partition(":")[0] for reason in reasons] == ["judge", "judge"]


def test_what_could_not_be_judged_is_judged_when_the_run_is_gone_on_with(asserted: Path, tmp_path: Path) -> None:
    seen: list[int] = []

    def answer(asked: Asked) -> Answer:
        seen.append(asked.number)
        if len(seen) <= 2:
            return refusal(400, {"error": {"message": "no"}})
        return said(rulings((1, True), (2, True)) if TOLD in str(asked.body) else rulings((1, True)))

    _, asked = judged(answer, asserted, tmp_path / "run", times=2)
    assert len(asked) == 4
    assert len(rows_of(tmp_path / "run")) == 4


def test_worker_processes_ask_the_judge_too_and_give_the_same_rows(asserted: Path, tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        return said(rulings((1, True), (2, False)) if TOLD in str(asked.body) else rulings((1, True)))

    judged(answer, asserted, tmp_path / "one")
    judged(answer, asserted, tmp_path / "two", workers=2)
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "two")


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("kafka", None, "unknown judge 'kafka'"),
        ("kafka:gpt", None, "no engine 'kafka'"),
        ("scripted:gpt", None, "expected ENGINE:MODEL"),
        ("openai:", None, "expected ENGINE:MODEL"),
        ("assume-met", {"url": "x"}, "takes no options"),
    ],
)
def test_a_judge_that_cannot_be_is_refused_in_one_line(name: str, options: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        parse_judge(name, options)
    assert "\n" not in str(raised.value)
