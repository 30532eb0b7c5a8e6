"""Has a second model read a rewritten request, and holds what it read against the goal.

Rules refuse a rewriting by its words; what it says as a whole they cannot read. Every rewriting that the rules accept
is therefore asked about, in one call: the model is shown the new texts and closed questions that are made from the
goal's parameters, and lists the wishes that it finds with an answer to each. How many wishes there are, of which kind,
and every value must then be as in the goal. The questions show no answer: each is put to every wish, kinds and choices
are told with all others that there might be, and values have to be written down.

What the old words do not say (which of two cards is meant) need not be found in the new ones. Tasks in which a user
changes their mind are not asked about: the request then tells a wish that no goal holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.engine import Engine, Request, end_session
from writ_async.core.goal import GoalRules
from writ_async.core.goal_questions import ParamQuestion
from writ_async.core.message import SystemMessage, UserMessage
from writ_async.core.task import Goal, Task
from writ_async.core.trajectory import Usage
from writ_async.errors import EngineError, OutOfServiceError
from writ_async.language.said_values import says
from writ_async.scheduler.asking import ask_engine

OTHER: Final = "other"
_NOTHING: Final = ("", "none", "null", "n/a", "not said")
_MORE_WORDS: Final = 2
_NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d+)?")
_ORDER_PIN: Final = "writes"
_STANDS_IN: Final = "stands_in"

_SYSTEM: Final = """\
You read what a customer says to a service agent, and answer questions on it. Go by the words alone, add nothing.
List every separate wish in the order in which the text tells them, those too that stand in for another one. What a
wish costs or brings back is no wish, and neither is small talk. Answer every question for every wish, with null where
the text says nothing on it. Several values are a list.
Answer with one JSON object and nothing else, with one entry for each text:
{"TEXT": {"in_order": "yes" or "no", "wishes": [{"wish": "...", "QUESTION": "..."}]}}"""
_IN_ORDER: Final = "in_order: does the customer want things done in exactly the order told? One of: yes, no"
_IF_NOT: Final = ParamQuestion(
    ask="is it wanted only in place of another wish that cannot be met, or costs too much?",
    choices={"yes": "only in place of another one", "no": "in any case"},
)


ENGINE_ERROR: Final = "engine error"
"""The kind of a refusal where an engine gave no answer."""


class CheckReport(msgspec.Struct):
    """What a second model made of the rewritings that the rules accepted.

    `asked` were put to it, `agreed` found to mean the goal; `refused` counts the others by what was answered otherwise
    (a question's name, `form`, `engine error`), `last` says it of the last one. `unasked` are rewritings on which there
    is no question.
    """

    asked: int = 0
    agreed: int = 0
    unasked: int = 0
    refused: dict[str, int] = {}
    last: str = ""
    usage: Usage = msgspec.field(default_factory=Usage)

    def add(self, other: CheckReport) -> None:
        """Add what became of further rewritings."""
        self.asked += other.asked
        self.agreed += other.agreed
        self.unasked += other.unasked
        for kind, number in other.refused.items():
            self.refused[kind] = self.refused.get(kind, 0) + number
        self.last = other.last or self.last
        self.usage.add(other.usage)


class WishSought(msgspec.Struct, frozen=True):
    """What has to be answered of one wish: its names, the values by question, and of these what the old words say."""

    objective: str
    names: frozenset[str]
    values: Mapping[str, tuple[str, ...]]
    said: Mapping[str, tuple[str, ...]]


class Questionnaire(msgspec.Struct, frozen=True):
    """What is asked about a task's texts, and what has to be answered."""

    kinds: Mapping[str, str]
    questions: Mapping[str, ParamQuestion]
    wishes: tuple[WishSought, ...]
    in_order: bool

    def shared(self, name: str) -> frozenset[str]:
        """The values of a question that several wishes have."""
        counts = Counter(one for wish in self.wishes for one in wish.values.get(name, ()))
        return frozenset(one for one, count in counts.items() if count > 1)

    def text(self) -> str:
        """The questions as a model is told them."""
        kinds = "; ".join(f"{name} ({words})" if words != name else name for name, words in self.kinds.items())
        lines = [_IN_ORDER, "Of each wish:", f"wish: what is it? One of: {kinds}; {OTHER} (anything else)"]
        for name, question in self.questions.items():
            choices = "; ".join(f"{key} ({words})" for key, words in question.choices.items())
            lines.append(f"{name}: {question.ask}{f' One of: {choices}; null (not said)' if choices else ''}")
        return "\n".join(lines)


class _Answer(msgspec.Struct):
    wishes: list[dict[str, Any]]
    in_order: Any = None


class MeaningCheck:
    """Asks a second model through an engine. One instance may be asked about many tasks at once."""

    def __init__(self, engine: Engine, seed: int = 0) -> None:
        self._engine = engine
        self._seed = seed

    async def why_other_meaning(
        self, task: Task, domain: Domain, texts: Mapping[str, str], number: int, report: CheckReport
    ) -> str:
        """Why rewritten texts, by their names, do not mean a task's goals to the model, or an empty text.

        `number` counts the tries, and `report` is told what became of this one. Whatever is not an answer, an engine's
        error too, speaks against the texts.
        """
        asked = make_questionnaire(task, domain)
        if asked is None:
            report.unasked += 1
            return ""
        report.asked += 1
        kind, problem = await self._ask(task, asked, texts, number, report)
        if not problem:
            report.agreed += 1
            return ""
        report.refused[kind] = report.refused.get(kind, 0) + 1
        report.last = problem
        return f"meaning: {problem}"

    async def _ask(
        self, task: Task, asked: Questionnaire, texts: Mapping[str, str], number: int, report: CheckReport
    ) -> tuple[str, str]:
        session = f"{task.id}/request/{number}/phraser-check"
        facts = " ".join(fact.text for fact in task.scenario.facts)
        told = "\n".join(f"{name}: {text}" for name, text in texts.items())
        prompt = f"{told}\nWhat the customer says when asked: {facts}\n\nThe questions:\n{asked.text()}"
        request = Request(
            id=session, session=session, seat="user", task_id=task.id, trial=0, turn=0, seed=self._seed + number,
            messages=[SystemMessage(_SYSTEM), UserMessage(prompt)], tools=(),
        )  # fmt: skip
        try:
            completion = await ask_engine(self._engine, request)
        except OutOfServiceError:  # nor would any other question be answered
            raise
        except EngineError as exc:
            return ENGINE_ERROR, f"the check got no answer: {exc.kind}: {exc}"
        finally:
            end_session(self._engine, session)
        report.usage.add(completion.usage)
        said = completion.message.content or ""
        for name in texts:
            if problem := why_not_as_sought(asked, said, name):
                return problem
        return "", ""


def make_questionnaire(task: Task, domain: Domain) -> Questionnaire | None:
    """The questions on a task's goals; None where there are no goals, or the request tells a wish that is none."""
    rules = domain.goals
    if rules is None or not task.goals or task.first_wish is not None:
        return None
    wishes = [one for goal in task.goals for one in _wishes_of(rules, goal)]
    questions = dict(rules.questions.params)
    found = [_values_of(rules, questions, objective, params) for objective, params, _ in wishes]
    old = task.scenario.said
    kinds = {name: words.means for name, words in rules.questions.wishes.items()}
    named = {goal for words in rules.questions.wishes.values() for goal in words.goals}
    unnamed = [name for name in rules.objectives if name not in named | kinds.keys() | rules.options.keys()]
    kinds |= {name: name.replace("_", " ") for name in unnamed}
    sought = []
    for (objective, _, stands_in), values in zip(wishes, found, strict=True):
        names = {name for name, words in rules.questions.wishes.items() if objective in words.goals} or {objective}
        said = {
            name: tuple(one for one in several if _is_said(questions[name], one, old))
            for name, several in values.items()
        }
        standing = {_STANDS_IN: ("yes",)} if stands_in else {_STANDS_IN: ("no",)}
        sought.append(WishSought(objective, frozenset(names), values | standing, said | standing))
    asked = {name: one for name, one in questions.items() if any(name in values for values in found)}
    pins = task.proof.pins if task.proof is not None else ()
    return Questionnaire(
        kinds, {_STANDS_IN: _IF_NOT} | asked, tuple(sought), any(pin.kind == _ORDER_PIN for pin in pins)
    )


def _wishes_of(rules: GoalRules, goal: Goal) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """The wishes of a goal, each with its params and whether it stands in for another one."""
    options = rules.options.get(goal.objective)
    if options is None:
        yield goal.objective, goal.params, False
        return
    several = options(goal.params)
    rest = {key: value for key, value in goal.params.items() if key not in ("options", "who")}
    for place, option in enumerate(several):
        last = rest if place == len(several) - 1 else {}
        yield option.objective, {**option.params, **last}, place > 0


def _values_of(
    rules: GoalRules, questions: dict[str, ParamQuestion], objective: str, params: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """The values of a wish by question; one is added for each place that the domain has no question for."""
    found: dict[str, dict[str, None]] = {}
    leaves = list(_leaves("", params))
    for place, value in leaves:
        if _is_below(place, rules.questions.ignored):
            continue
        name = next((name for name, one in questions.items() if _is_below(place, one.at)), "")
        if not name:
            name, said = place.replace(".", "_"), place.replace(".", ", ").replace("_", " ")
            choices = {"true": "yes", "false": "no"} if isinstance(value, bool) else {}
            questions[name] = ParamQuestion(ask=f"what is said of it as to {said}?", at=(place,), choices=choices)
        found.setdefault(name, {})[_as_text(value)] = None
    for name, one in questions.items():
        meant = one.meant.get(objective) or one.meant.get("*")
        if meant and name not in found and any(_is_below(place, one.where) for place, _ in leaves):
            found[name] = {meant: None}
    return {name: tuple(values) for name, values in found.items()}


def _is_said(question: ParamQuestion, value: str, old: str) -> bool:
    """Whether the old words have to tell a value: none has to be found that was never told."""
    if question.choices:
        return value not in question.unsaid
    return value.casefold() not in _NOTHING and says(value, old)


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _leaves(f"{place}.{key}" if place else key, below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _leaves(place, below)
    else:
        yield place, value


def _is_below(place: str, places: Sequence[str]) -> bool:
    return any(place == one or place.startswith(f"{one}.") for one in places)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split())


def why_not_as_sought(asked: Questionnaire, said: str, name: str) -> tuple[str, str]:
    """What a model's answer on the text of a name has otherwise than the goal: its kind, and the same in words.

    Both are empty where it is alike.
    """
    answer = _read(said, name)
    if answer is None:
        return "form", f"the check gave no answer on the {name} that can be read"
    if len(answer.wishes) != len(asked.wishes):
        return "wishes", f"the {name} tells {len(answer.wishes)} wishes to the check, not {len(asked.wishes)}"
    if asked.in_order and _texts(answer.in_order) not in (["yes"], ["true"]):
        return "in_order", f"the {name} does not say to the check that the order matters"
    differs = [[_differs(asked, sought, told) for told in answer.wishes] for sought in asked.wishes]
    places = range(len(answer.wishes))
    if asked.in_order:
        fits = all(not differs[place][place] for place in places)
    else:
        fits = _can_be_paired([[place for place in places if not row[place]] for row in differs])
    if fits:
        lost = _lost(asked, answer.wishes)
        return (lost, f"the {name} says nothing to the check on {lost}") if lost else ("", "")
    kind = next((differs[place][place] for place in places if differs[place][place]), "wish")
    return kind, f"the {name} says something else to the check than it should on {kind}"


def _lost(asked: Questionnaire, told: Sequence[Mapping[str, Any]]) -> str:
    """The first question on which a value of several wishes is answered of none of them, or an empty text."""
    for name, question in asked.questions.items():
        texts = [text for one in told for text in _texts(one.get(name))]
        needed = [one for wish in asked.wishes for one in wish.said.get(name, ())]
        every = [one for wish in asked.wishes for one in wish.values.get(name, ())]
        if not _fit(question, needed, every, texts):
            return name
    return ""


def _can_be_paired(fitting: Sequence[Sequence[int]]) -> bool:
    """Whether each wish can have an answer of its own: a perfect matching by augmenting paths."""
    taken: dict[int, int] = {}

    def place(wish: int, seen: set[int]) -> bool:
        for told in fitting[wish]:
            if told not in seen:
                seen.add(told)
                if told not in taken or place(taken[told], seen):
                    taken[told] = wish
                    return True
        return False

    return all(place(wish, set()) for wish in range(len(fitting)))


def _differs(asked: Questionnaire, sought: WishSought, told: Mapping[str, Any]) -> str:
    """The first question whose answer on a wish is not the one sought, or an empty text."""
    kind = _texts(told.get("wish"))
    if len(kind) != 1 or kind[0].casefold() not in sought.names:
        return "wish"
    for name, question in asked.questions.items():
        texts = _texts(told.get(name))
        values = sought.values.get(name, ())
        if values:  # what is told once for several wishes need not be answered of each
            others = asked.shared(name) if name != _STANDS_IN else frozenset()
            needed = [one for one in sought.said[name] if one not in others]
        else:  # or may be answered of a wish that has no such parameter
            values, needed = tuple(one for other in asked.wishes for one in other.values.get(name, ())), []
            values += tuple(one for key, one in question.meant.items() if key == sought.objective)
        if not _fit(question, needed, values, texts):
            return name
    return ""


def _fit(question: ParamQuestion, needed: Sequence[str], values: Sequence[str], texts: Sequence[str]) -> bool:
    """Whether every needed value is among some answers, and every answer is one of the values."""
    if question.choices:
        chosen = {text.casefold() for text in texts}
        return set(needed) <= chosen <= set(values)
    found = all(any(_is_same(value, text) for text in texts) for value in needed)
    return found and all(any(_is_same(value, text) for value in values) for text in texts)


def _is_same(value: str, text: str) -> bool:
    """Whether an answer is a value, in whatever form, and not more than it."""
    if value.casefold() == text.casefold():
        return True
    if _NUMBER.fullmatch(value) and _NUMBER.fullmatch(text):
        return float(value) == float(text)
    return len(text.split()) <= len(value.split()) + _MORE_WORDS and says(value, text)


def _read(said: str, name: str) -> _Answer | None:
    start, end = said.find("{"), said.rfind("}")
    try:
        return msgspec.json.decode(said[start : end + 1], type=dict[str, _Answer]).get(name)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None


def _texts(answer: Any) -> list[str]:
    """The values of an answer as texts; none where it says that nothing is said."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    several = answer if isinstance(answer, list) else [answer]
    texts = [_as_text(one) for one in several if one is not None]
    return list(dict.fromkeys(text for text in texts if text.casefold() not in _NOTHING))
