"""A rewriting that means something else is refused, whatever it changes; one that means the same is mostly taken."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from tests.support.crowd import domain_and_world, plain_tasks
from tests.support.registered import register_script
from writ_async.cli import main
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Usage
from writ_async.errors import WritError
from writ_async.runs.view import RunView
from writ_async.synthesis.decisive_words import why_other_wish, words_to_keep
from writ_async.synthesis.phrase_checks import phrasing_problem
from writ_async.synthesis.phrase_report import PhraseReport
from writ_async.synthesis.phraser import LlmPhraser, phrase_all

from writ_engines.scripted import ScriptedEngine  # isort: skip

Rewrite = Callable[[str], str]


def _swap(*pairs: tuple[str, str]) -> Rewrite:
    """The first of the words that is there for its opposite."""

    def rewrite(text: str) -> str:
        for old, new in pairs:
            changed = re.sub(rf"\b{old}\b", new, text, count=1)
            if changed != text:
                return changed
        return text

    return rewrite


CHANGED: dict[str, Rewrite] = {
    "the other end of prices": _swap(
        ("cheapest", "most expensive"),
        ("least expensive", "priciest"),
        ("lowest", "highest"),
        ("priciest", "cheapest"),
        ("most expensive", "least expensive"),
        ("highest", "lowest"),
        ("cost (me )?the most", "cost the least"),
    ),
    "another state": _swap(("pending", "delivered"), ("delivered", "pending")),
    "both instead of one": _swap(("or", "and")),
    "the other end of time": _swap(
        ("earliest", "latest"),
        ("latest", "earliest"),
        ("soonest", "latest"),
        ("(?:starts|leaves|departs|begins) last", "starts first"),
        ("(?:starts|leaves|departs|begins) first", "starts last"),
        ("starts latest", "starts earliest"),
        ("last of my trips", "first of my trips"),
        ("first of my trips", "last of my trips"),
        ("my next trip", "my last trip"),
        ("fastest", "slowest"),
    ),
    "the other side of a bound": _swap(
        ("at most", "at least"),
        ("no more than", "no less than"),
        ("not cost more than", "not cost less than"),
        ("(?<!as )before", "after"),
        ("after", "before"),
    ),
    "another cabin": _swap(("basic economy", "business"), ("economy", "business"), ("business", "economy")),
    "something refused": _swap(
        ("without (travel )?insurance", "with insurance"),
        ("I need no travel insurance", "I need travel insurance"),
        ("no travel insurance", "travel insurance"),
        ("insurance: no", "insurance: yes"),
    ),
    "another size": _swap(
        ("bigger", "smaller"), ("larger", "smaller"), ("smaller", "larger"), ("(?<=size|step) up", " down")
    ),
    "a condition left out": lambda text: re.sub(
        r"(?<=\. )(?:If|Should)\b[^.]*\.|,? (?:unless|as long as|provided|if (?!I could|you|that's))[^.,]*",
        "",
        text,
        count=1,
    ),
    "and everything else": lambda text: f"{text.rstrip('. ')} and cancel everything else.",
    "something else done with it": _swap(
        ("cancelled", "returned"),
        ("cancel", "return"),
        ("exchange", "return"),
        ("return", "exchange"),
        ("replace", "cancel"),
        ("upgrade", "downgrade"),
    ),
    "one more wish": lambda text: f"{text} Please also have a manager give me a discount.",
    "another reason": _swap(("no longer needed", "ordered by mistake"), ("ordered by mistake", "no longer needed")),
    "another means": _swap(("gift card", "credit card"), ("credit card", "gift card"), ("PayPal", "gift card")),
}
"""Ways to change what is meant; of a text in which there is nothing to change they give the text."""

HONEST: dict[str, Rewrite] = {
    "around it": lambda text: f"Okay, so this is what I'm after. {text} Let me know what you need from me.",
    "other openings": lambda text: re.sub(
        r"I'd like to|I would like to|I want to|I'm hoping to|My request is to|I need to|What I need is to",
        "I was hoping you'd help me to",
        text,
    ),
    "other words of courtesy": lambda text: re.sub(
        r"\b(?:Hi|Hello|Hey|Good (?:morning|evening|afternoon)|Greetings)(?: there)?\b[,.!]?",
        "Hello dear support team,",
        text,
    ),
    "contracted": lambda text: text.replace("I am ", "I'm ").replace("I have ", "I've ").replace("do not ", "don't "),
    "synonyms": lambda text: re.sub(r"\bcheapest\b", "lowest-priced", re.sub(r"\bpriciest\b", "most expensive", text)),
    "joined": lambda text: re.sub(r"\. (?=I |My |The )", "; and ", text, count=1).replace("; and I ", ", and I "),
    "linking words": lambda text: text.replace("Finally,", "And lastly,").replace("After that,", "Once that is done,"),
    "said at once": lambda text: text.replace("! ", ", ").replace("please", "kindly"),
}
"""Other words for the same."""


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return list(plain_tasks(1000)[:240])


@pytest.mark.parametrize("kind", CHANGED)
def test_what_means_something_else_is_never_taken(kind: str, tasks: list[Task]) -> None:
    changed = 0
    for task in tasks:
        text = CHANGED[kind](task.scenario.request)
        if text == task.scenario.request:
            continue
        changed += 1
        assert phrasing_problem(task, text, *domain_and_world(task)), (task.scenario.request, text)
    if kind not in ("another size", "something refused"):
        assert changed >= 3


def test_what_means_the_same_is_taken_nearly_always(tasks: list[Task]) -> None:
    taken: Counter[bool] = Counter()
    why: Counter[str] = Counter()
    for task in tasks[:120]:
        for rewrite in HONEST.values():
            text = rewrite(task.scenario.request)
            problem = phrasing_problem(task, text, *domain_and_world(task))
            taken[not problem] += 1
            if problem:
                why[problem] += 1
    assert taken[True] / taken.total() >= 0.95, why.most_common(8)


def test_words_decide_only_where_they_decide() -> None:
    assert (
        words_to_keep("First of all, I was wondering if you could help. That's all, no rush, last but not least.") == []
    )
    assert set(words_to_keep("The cheapest pending one, or else both.")) == {"cheapest", "pending", "or else", "both"}
    assert not why_other_wish("I want it without insurance.", "Insurance is not needed: no insurance, please.")
    assert why_other_wish("I want it without insurance.", "I want it with insurance.")
    assert why_other_wish("Only if it is green.", "It is green.")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "find the coming trips I can still cancel, and cancel each of them",
            "find the coming trips and cancel each of them",
        ),
        ("find the coming trips I can still cancel, and cancel each of them", "cancel each of my coming trips"),
        ("find the coming trips I can still cancel, and cancel each of them", "cancel each trip I can still cancel"),
        ("cancel every future booking for which the rules allow it", "cancel every future booking"),
        ("cancel each reservation that the rules still let me cancel", "cancel each reservation"),
        ("have all bookings cancelled that may be cancelled under the rules", "have all bookings cancelled"),
    ],
)
def test_a_limit_may_not_be_left_out(old: str, new: str) -> None:
    assert why_other_wish(f"I want to {old}.", f"I want to {new}.")
    assert not why_other_wish(f"I want to {old}.", f"I'd like you to {old}, please.")


class _Writer(ScriptedEngine):
    """Answers what a phraser asks, with or without use."""

    useful = True

    async def complete(self, request: Request) -> Completion:
        if not request.session.endswith("/phraser"):
            return await super().complete(request)
        asked = str(request.messages[1].content)
        found = re.search(r"request:\n(.*)\nAnd this scenario:\n(.*?)(?:\nKeep|$)", asked, re.S)
        words = {"request": f"Listen, {found[1]}", "scenario": f"Mind: {found[2]}"} if found else {"request": ""}
        usage = Usage(requests=1, completion_tokens=5, nano_dollars=2_000_000)
        text = json.dumps(words) if self.useful else "I'd rather not."
        return Completion(message=AssistantMessage(text), usage=usage)


def test_what_became_of_the_answers_is_printed_stored_and_said_of_each_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = register_script(monkeypatch, "writer", _Writer)
    out = tmp_path / "run"
    flags = ["--phraser", name, "--world-size", "40", "--behaviours", "off", "--quiet", "--out", str(out)]
    assert main(["synth", "retail", "--n", "12", *flags]) == 0
    printed = capsys.readouterr().out
    view = RunView.open(out)
    report = view.summary().phrasing
    assert isinstance(report, PhraseReport)
    assert f"{report.written:,} of 12 texts in a model's words, by {report.calls:,} calls" in printed
    assert f"${report.usage.dollars:,.2f}" in printed
    assert report.written >= 10
    assert sum(task.rephrased for task in view.tasks()) == report.written
    assert all(task.rephrased == task.scenario.request.startswith("Listen, ") for task in view.tasks())
    assert main(["synth", "retail", "--n", "16", *flags]) == 0
    grown = RunView.open(out).summary().phrasing
    assert isinstance(grown, PhraseReport)
    assert grown.written + grown.kept == 16


def test_a_phraser_without_one_answer_of_use_ends_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Useless(_Writer):
        useful = False

    name = register_script(monkeypatch, "useless", Useless)
    out = tmp_path / "run"
    code = main(["synth", "retail", "--n", "6", "--phraser", name, "--world-size", "40", "--quiet", "--out", str(out)])
    assert code == 1
    error = capsys.readouterr().err.strip()
    assert len(error.splitlines()) == 1
    assert "none of 18 answers could be used (form 18)" in error
    assert "leave --phraser out" in error


def test_a_hopeless_phraser_is_given_up_early(tasks: list[Task]) -> None:
    class Silent:
        calls = 0

        async def complete(self, request: Request) -> Completion:
            self.calls += 1
            return Completion(message=AssistantMessage("Sorry."))

        def end_session(self, session: str) -> None:
            """Nothing is kept."""

        async def aclose(self) -> None:
            """Nothing to close."""

    engine = Silent()
    phraser = LlmPhraser(engine)

    async def run() -> None:
        def environment_of(task: Task) -> object:
            from tests.support.crowd import environments

            return environments()[task.domain]

        await phrase_all(tasks, environment_of, phraser.phrase, at_once=4)  # type: ignore[arg-type]

    with pytest.raises(WritError, match="could be used"):
        anyio.run(run)
    assert engine.calls < 100
