"""What a second model reads in a rewritten request has to be the goal; no other answer lets a text through."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from tests.support.crowd import domain_and_world, environments, plain_tasks
from tests.support.phrase_reader import answer_prompt
from tests.support.registered import register_script
from tests.synthesis.test_phrasing_meaning import CHANGED, HONEST, Rewrite
from writ_async.cli import main
from writ_async.core.domain import Domain
from writ_async.core.engine import Completion, Request
from writ_async.core.goal import GoalRules
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Goal, Scenario, Task
from writ_async.core.trajectory import Usage
from writ_async.errors import EngineError, EngineErrorKind, WritError
from writ_async.runs.view import RunView
from writ_async.synthesis import phraser as phrasing
from writ_async.synthesis.phrase_questions import Questionnaire, make_questionnaire, why_not_as_sought
from writ_async.synthesis.phrase_report import PhraseReport
from writ_async.synthesis.phraser import LlmPhraser, phrase_all

from writ_engines.scripted import ScriptedEngine  # isort: skip

_DAY = r"(?:2024-\d\d-\d\d|May \d+)"


def _another_day(text: str) -> str:
    moved = re.sub(r"(2024-05-)(\d\d)\b", lambda found: f"{found[1]}{int(found[2]) % 28 + 2:02}", text, count=1)
    return moved if moved != text else re.sub(r"(?<=May )\d+", lambda found: str(int(found[0]) % 28 + 2), text, count=1)


def _another_means(text: str) -> str:
    if re.search(r"balance|how much|holds|what my|worth", text):  # it is asked about, and nothing is paid with it
        return text
    return CHANGED["another means"](text)


MEANT: dict[str, Rewrite] = {
    "dearest for cheapest": CHANGED["the other end of prices"],
    "delivered for pending": CHANGED["another state"],
    "and for or": lambda text: re.sub(rf"({_DAY},?) or (?={_DAY})", r"\1 and ", text, count=1),
    "insurance": CHANGED["something refused"],
    "one more wish": CHANGED["one more wish"],
    "and everything else": CHANGED["and everything else"],
    "a condition left out": lambda text: re.sub(
        r"(?<=[.!?] )(?:[^.!?]*\$\d+[^.]*|(?:If|Should|In case|Otherwise)\b(?! there's| some|,? I get)[^.]*)\.",
        "",
        text,
        count=1,
    ),
    "another amount": lambda text: re.sub(r"(?<=\$)\d+", lambda found: str(int(found[0]) + 10), text, count=1),
    "another day": _another_day,
    "another option": lambda text: re.sub(
        r"\b(?:black|white|teal|olive|grey|red|green|blue|rust|rose)\b", "purple", text, count=1
    ),
    "another means": _another_means,
}
"""Ways to change what is meant, of which a goal's parameters tell."""


class Double:
    """A phraser and a second model in one engine: what a request comes to is said by `rewrite`."""

    def __init__(self, tasks: list[Task], rewrite: Rewrite, answer: Callable[[Request], str] = answer_prompt) -> None:
        self._told = {task.id: task.scenario for task in tasks}
        self._rewrite = rewrite
        self._answer = answer
        self.prompts: list[str] = []

    async def complete(self, request: Request) -> Completion:
        await anyio.lowlevel.checkpoint()
        if request.session.endswith("/phraser-check"):
            self.prompts.append(str(request.messages[-1].content))
            return Completion(message=AssistantMessage(self._answer(request)))
        told = self._told[request.task_id]
        words = {"request": self._rewrite(told.request), "scenario": told.reason_for_call}
        return Completion(message=AssistantMessage(json.dumps(words)))

    def end_session(self, session: str) -> None:
        """Nothing is kept."""

    async def aclose(self) -> None:
        """Nothing to close."""


def rephrase(tasks: list[Task], engine: Double, tries: int = 1) -> tuple[list[Task], PhraseReport]:
    phraser = LlmPhraser(engine, tries=tries, check=engine)

    async def run() -> list[Task]:
        return await phrase_all(tasks, lambda task: environments()[task.domain], phraser.phrase)

    return anyio.run(run), phraser.report


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return list(plain_tasks(1000)[:300])


@pytest.fixture
def lax_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that let everything pass."""
    for name in ("phrasing_problem", "scenario_problem"):
        monkeypatch.setattr(phrasing, name, lambda *given: "")


@pytest.mark.usefixtures("lax_rules")
@pytest.mark.parametrize("kind", MEANT)
def test_what_slips_past_the_rules_is_refused_where_it_means_something_else(kind: str, tasks: list[Task]) -> None:
    rewrite = MEANT[kind]
    same, rest = tasks[:3], tasks[3:]
    changed = [task for task in rest if rewrite(task.scenario.request) != task.scenario.request]
    if kind == "another means":  # elsewhere it decides nothing
        changed = [
            task for task in changed if any({"pay", "refund", "options"} & set(goal.params) for goal in task.goals)
        ]
    assert len(changed) >= 4
    wrong = {task.scenario.request for task in changed}
    told, report = rephrase(same + changed, Double(tasks, lambda text: rewrite(text) if text in wrong else text))
    taken = [task for task in told if task.rephrased]
    assert [task.scenario.request for task in taken] == [task.scenario.request for task in same]
    assert report.refused == {"meaning": len(changed)}
    assert report.check.asked == len(told)
    assert sum(report.check.refused.values()) == len(changed)


@pytest.mark.usefixtures("lax_rules")
def test_numbers_that_two_wishes_exchange_are_refused_though_every_value_is_there() -> None:
    tasks = plain_tasks(1000)
    swapped: dict[str, str] = {}
    for task in tasks:
        ids = list(dict.fromkeys(re.findall(r"#W\d{7}", task.scenario.request)))
        if len(ids) == 2 and len({goal.objective for goal in task.goals}) == len(task.goals) == 2:
            text = task.scenario.request.replace(ids[0], "<>").replace(ids[1], ids[0]).replace("<>", ids[1])
            swapped[task.scenario.request] = text
    chosen = [tasks[0], *(task for task in tasks[1:] if task.scenario.request in swapped)]
    told, _ = rephrase(chosen, Double(chosen, lambda text: swapped.get(text, text)))
    assert len(swapped) >= 3
    assert [task.rephrased for task in told] == [True] + [False] * len(swapped)


def test_what_means_the_same_is_agreed_with_nearly_always(tasks: list[Task]) -> None:
    asked = agreed = 0
    for rewrite in HONEST.values():
        report = rephrase(tasks[:60], Double(tasks, rewrite))[1].check
        asked, agreed = asked + report.asked, agreed + report.agreed
    assert asked >= 440
    assert agreed / asked >= 0.95


def _for_both(answer: Any) -> str:
    return json.dumps({"request": answer, "scenario": answer})


_NONSENSE: tuple[Callable[[Request], str], ...] = (
    lambda request: "",
    lambda request: "Yes, they mean the same.",
    lambda request: "{}",
    lambda request: _for_both(None),
    lambda request: _for_both({"wishes": []}),
    lambda request: _for_both({"in_order": "yes", "wishes": [{}]}),
    lambda request: _for_both({"in_order": "yes", "wishes": [_all_of(request)]}),
    lambda request: '{"request": ' * 2000,
)


def _all_of(request: Request) -> dict[str, object]:
    """Every word of the prompt as the answer to every question."""
    prompt = str(request.messages[-1].content)
    words = re.findall(r"[\w#$@.-]+", prompt)
    return dict.fromkeys(re.findall(r"^(\w+):", prompt, re.MULTILINE), words)


@pytest.mark.parametrize("number", range(len(_NONSENSE)))
def test_nonsense_lets_no_text_through_and_ends_in_one_line(number: int, tasks: list[Task]) -> None:
    engine = Double(tasks, lambda text: text, _NONSENSE[number])
    with pytest.raises(WritError, match="the phraser's check: it agreed with none of"):
        rephrase(tasks, engine, tries=2)
    assert len(engine.prompts) < 200


def test_a_check_that_never_answers_ends_in_one_line(tasks: list[Task]) -> None:
    def fail(request: Request) -> str:
        raise EngineError("gone", kind=EngineErrorKind.REFUSED)

    with pytest.raises(WritError, match=r"agreed with none of .* \(engine error \d+\).*leave --phraser-check out"):
        rephrase(tasks, Double(tasks, lambda text: text, fail))


def test_a_refused_text_is_told_and_tried_again(tasks: list[Task]) -> None:
    answers = iter(["{}"])
    engine = Double(tasks, lambda text: text, lambda request: next(answers, "") or answer_prompt(request))
    told, report = rephrase(tasks[:1], engine, tries=2)
    assert told[0].rephrased
    assert (report.check.asked, report.check.agreed, report.check.refused) == (2, 1, {"form": 1})
    assert report.refused == {"meaning": 1}


def test_questions_show_no_value_and_ask_for_every_parameter(tasks: list[Task]) -> None:
    for task in tasks:
        asked = make_questionnaire(task, domain_and_world(task)[0])
        assert asked is not None
        text = asked.text()
        for wish in asked.wishes:
            assert len(wish.values) > 1 or wish.objective in ("return_all", "compensate_all"), wish
            for name, values in wish.values.items():
                question = asked.questions[name]
                assert set(values) <= set(question.choices) if question.choices else True
                assert len(question.choices) != 1
                shown = [one for one in values if not question.choices and re.search(rf"\b{re.escape(one)}\b", text)]
                assert not [one for one in shown if len(one) > 3], (name, shown)


def _never(*given: object) -> Any:
    raise AssertionError("nothing is decided here")


def _strange_domain() -> tuple[Domain, Task]:
    """A domain that says nothing on how its params are asked about, and a task of it."""
    task = plain_tasks(1000)[0]
    rules = GoalRules(objectives={"mow": _never, "rake": _never}, fetch={}, changes=_never, plans=_never)
    domain = msgspec.structs.replace(domain_and_world(task)[0], goals=rules)
    goal = Goal("mow", {"lawn": {"number": 17, "wet": False}})
    scenario = Scenario(reason_for_call="", request="Mow lawn 17, which is dry.")
    return domain, msgspec.structs.replace(task, scenario=scenario, goals=(goal,), proof=None)


def test_a_domain_without_questions_of_its_own_is_asked_by_the_names_of_its_params() -> None:
    domain, task = _strange_domain()
    asked = make_questionnaire(task, domain)
    assert isinstance(asked, Questionnaire)
    assert "rake" in asked.text()
    assert "17" not in asked.text()

    def problem(**answer: object) -> str:
        wish = {"wish": "mow", "lawn_number": 17, "lawn_wet": "false", "stands_in": "no"} | answer
        return why_not_as_sought(asked, json.dumps({"request": {"wishes": [wish]}}), "request")[0]

    assert problem() == ""
    assert problem(lawn_number="No. 17") == ""
    assert problem(lawn_number=18) == "lawn_number"
    assert problem(lawn_number=[17, 18]) == "lawn_number"
    assert problem(lawn_number=None) == "lawn_number"
    assert problem(lawn_wet=True) == "lawn_wet"
    assert problem(wish="rake") == "wish"
    assert problem(stands_in="yes") == "stands_in"


class _Both(ScriptedEngine):
    """A scripted engine that is a phraser and its check as well."""

    agrees = True

    async def complete(self, request: Request) -> Completion:
        if request.session.endswith("/phraser-check"):
            usage = Usage(requests=1, nano_dollars=50_000_000)
            return Completion(message=AssistantMessage(answer_prompt(request) if self.agrees else "no"), usage=usage)
        if not request.session.endswith("/phraser"):
            return await super().complete(request)
        asked = str(request.messages[1].content)
        found = re.search(r"request:\n(.*)\nAnd this scenario:\n(.*?)(?:\nKeep|$)", asked, re.DOTALL)
        assert found is not None
        words = {"request": f"Listen, {found[1]}", "scenario": f"Mind: {found[2]}"}
        return Completion(message=AssistantMessage(json.dumps(words)))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_the_check_made_of_the_texts_is_printed_and_stored(
    workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = register_script(monkeypatch, "both", _Both)
    out = tmp_path / "run"
    flags = ["--phraser", name, "--phraser-check", name, "--phraser-check-option", "mistakes=0", "--world-size", "40"]
    more = ["--behaviours", "off", "--workers", workers, "--quiet", "--out", str(out)]
    assert main(["synth", "retail", "--n", "12", *flags, *more]) == 0
    printed = capsys.readouterr().out
    view = RunView.open(out)
    report = view.summary().phrasing
    assert isinstance(report, PhraseReport)
    check = report.check
    assert check.agreed >= 10
    assert f"the check agreed with {check.agreed:,} of {check.asked:,}" in printed
    assert f"${check.usage.dollars:,.2f}" in printed
    assert report.written == check.agreed + check.unasked == sum(task.rephrased for task in view.tasks())
    assert view.manifest.config["phraser_check"] == {"name": name, "options": {"mistakes": "0"}}
    assert main(["synth", "retail", "--n", "12", *flags[:2], *flags[6:], *more]) == 2
    assert "phraser_check" in capsys.readouterr().err


def test_a_check_without_one_answer_of_use_ends_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Never(_Both):
        agrees = False

    name = register_script(monkeypatch, "never", Never)
    flags = [
        "--phraser",
        name,
        "--phraser-check",
        name,
        "--world-size",
        "40",
        "--quiet",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main(["synth", "retail", "--n", "6", *flags, "--out", str(tmp_path / "run")]) == 1
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert re.search(r"the phraser's check: it agreed with none of \d+ texts \(form \d+\)", error)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--phraser-check-option", "a=b"], "--phraser-check-option needs --phraser-check"),
        (["--phraser-check", "scripted"], "--phraser-check needs --phraser"),
        (["--phraser", "scripted", "--phraser-check", "parrot"], "unknown engine 'parrot'"),
    ],
)
def test_a_check_that_cannot_be_is_refused_before_anything_is_written(
    flags: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", "retail", *flags, "--out", str(tmp_path / "no")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
