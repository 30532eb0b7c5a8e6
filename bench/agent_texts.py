"""What the agent of a run says, measured: how often the same sentence, with what in its gaps, and resting on what.

A sentence is *masked* where what belongs to its conversation is taken out: whatever stands in the conversation's calls
and results (ids, amounts, names, dates, options), and every number. What is left are the agent's own words.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from bench.report import Figure
from writ_async import AssistantMessage, Message, RunView, Task, ToolMessage, Trajectory, call_arguments, load_domain
from writ_async.verify.claims import claim_findings

_ENDS: Final = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[A-Z\"'(#$-])|\n+")
_WORD: Final = re.compile(r"[a-z<>][a-z<>'-]*|\S")
_NUMBER: Final = re.compile(r"[$#]?\d[\w.,:/-]*\w|[$#]?\d")
_VALUES: Final = re.compile(r"<v>(?:[\s,;:()&$/.+-]*(?:and |or )?[\s(]*<v>)+\)?")
_NOTHING_FOUND: Final = re.compile(r"\b(?:could not|couldn't|cannot|can't) (?:find|locate)\b|\bno match\b", re.I)
_OWN: Final = re.compile(r"[a-z]{2,}")
_STOCK: Final = frozenset({"for", "your", "information", "here", "is", "it", "and", "the", "you", "asked"})
_COUNTS: Final = frozenset({"tracking", "count", "option", "free_bags"})
_MOST: Final = 50
_SHORTEST: Final = 2
_PLAIN: Final = frozenset({"yes", "no"})


class AgentTexts(msgspec.Struct, frozen=True):
    """The masked sentences of an agent with the words that each stands for, and rows: how many, and those at fault."""

    words: Counter[str]
    four_words: Counter[tuple[str, ...]]
    kept: int
    rows: Counter[str]

    def share_of_top(self, most: int = _MOST) -> float:
        """The share of the agent's words that are in its most frequent masked sentences."""
        return sum(count for _, count in self.words.most_common(most)) / max(1, self.words.total())

    def ways_for(self, share: float) -> int:
        """How many masked sentences it takes to cover a share of the agent's words, the most frequent first."""
        left = share * self.words.total()
        for number, (_, count) in enumerate(self.words.most_common(), 1):
            left -= count
            if left <= 0:
                return number
        return len(self.words)


def read_agent_texts(run: RunView) -> AgentTexts:
    """What the agent said in the kept rows of a run."""
    tasks = {task.id: task for task in run.tasks()}
    texts = AgentTexts(Counter(), Counter(), 0, Counter())
    kept = 0
    for row in run.ordered():
        if row.verdict is None or not row.verdict.kept:
            continue
        kept += 1
        for sentence in _masked_sentences(row.messages):
            tokens = _WORD.findall(sentence)
            texts.words[sentence] += len(tokens)
            texts.four_words.update(tuple(tokens[place : place + 4]) for place in range(len(tokens) - 3))
        texts.rows.update(_faults(row, tasks[row.task_id]))
    return msgspec.structs.replace(texts, kept=kept)


def agent_figures(texts: AgentTexts, share: float) -> list[Figure]:
    """The table. `share` is the one that the ways are counted for."""
    top = texts.share_of_top()
    grams = texts.four_words
    figures = [
        Figure(f"agent's words in its {_MOST} most frequent sentences, masked", 100 * top, "%"),
        Figure(f"ways that cover {100 * share:.1f} % of its words", texts.ways_for(share), "", 400, least=True),
        Figure("distinct-4 of its masked words", len(grams) / max(1, grams.total())),
    ]
    for name, what in _FAULTS.items():
        figures.append(Figure(f"rows {what}", 100 * texts.rows[name] / max(1, texts.kept), "%", 0))
    return figures


_FAULTS: Final = {
    "trivial": "that calculate what needs no reckoning",
    "bare": "with an answer without its unit or subject",
    "parallel": "with several calls in a message, where the policy forbids it",
    "unfounded": "that claim what nothing shows",
    "unlooked": "that found nothing before they looked",
    "disordered": "that read a record before they know whose, or a product before its order",
    "twice": "that read the same twice, with nothing written between",
}


def _masked_sentences(messages: Sequence[Message]) -> Iterator[str]:
    """The agent's sentences in lower case, one `<v>` for each run of values."""
    found = {value for message in messages for value in _values_in(message)}
    values = found - {value for value in found if len(value) < _SHORTEST or value.casefold() in _PLAIN}
    ordered = sorted(values, key=lambda value: (-len(value), value))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)", re.I) if ordered else None
    for message in messages:
        if isinstance(message, AssistantMessage) and message.content:
            for sentence in _ENDS.split(message.content):
                masked = pattern.sub("<v>", sentence) if pattern is not None else sentence
                masked = _VALUES.sub("<v>", _NUMBER.sub("<v>", masked)).lower().strip()
                if masked:
                    yield masked


def _values_in(message: Message) -> Iterator[str]:
    """The texts in a result, and those in the arguments of calls."""
    if isinstance(message, ToolMessage) and not message.error:
        try:
            yield from _texts(msgspec.json.decode(message.content))
        except msgspec.DecodeError:
            yield message.content
    elif isinstance(message, AssistantMessage):
        for call in message.tool_calls:
            try:
                yield from _texts(call_arguments(call))
            except ValueError:
                continue


def _texts(value: Any) -> Iterator[str]:
    """The texts in a JSON value, each with blanks for underscores as well, without the words that every text has."""
    if isinstance(value, str):
        yield value
        if "_" in value:
            yield value.replace("_", " ")
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _faults(row: Trajectory, task: Task) -> Iterator[str]:
    """What is wrong with a row, of `_FAULTS`, each once."""
    domain = load_domain(row.domain)
    calls = [call for message in row.messages if isinstance(message, AssistantMessage) for call in message.tool_calls]
    if any(map(_is_trivial, _sums_in(row.messages))):
        yield "trivial"
    said = [sentence for text in _said(row.messages) for sentence in _ENDS.split(text)]
    values = [(value, _is_money(value, task)) for value in task.communicate or ()]
    if any(not any(_is_clear(sentence, value, money) for sentence in said) for value, money in values):
        yield "bare"
    several = any(isinstance(m, AssistantMessage) and len(m.tool_calls) > 1 for m in row.messages)
    if several and domain.one_call_a_message:
        yield "parallel"
    if claim_findings(row.messages, domain):
        yield "unfounded"
    first = next((place for place, m in enumerate(row.messages) if isinstance(m, ToolMessage)), len(row.messages))
    if any(_NOTHING_FOUND.search(text) for text in _said(row.messages[:first])):
        yield "unlooked"
    names = [call.function.name for call in calls]
    if any(_comes_before(names, late, early) for late, early in _ORDER):
        yield "disordered"
    since: set[tuple[str, str]] = set()
    for call in calls:
        tool = domain.tools.get(call.function.name)
        if tool is not None and tool.kind == "write":
            since.clear()
        elif (read := (call.function.name, call.function.arguments)) in since:
            yield "twice"
            return
        else:
            since.add(read)


_ORDER: Final = (
    (r"get_(?:user|order|product|reservation)_", r"find_user_"),
    (r"get_product_", r"get_order_"),
    (r"get_product_", r"get_user_"),
)
"""Names of tools: one of the first kind comes after the first one of the second, where the row has any such."""


def _comes_before(names: Sequence[str], late: str, early: str) -> bool:
    places = [next((place for place, name in enumerate(names) if re.match(kind, name)), -1) for kind in (late, early)]
    return -1 < places[0] < places[1]


def _said(messages: Iterable[Message]) -> Iterator[str]:
    return (m.content for m in messages if isinstance(m, AssistantMessage) and m.content)


def _is_money(value: str, task: Task) -> bool:
    """Whether a value that has to be told is a sum of money: all that recipes ask for are, but for a few."""
    if not re.fullmatch(r"\d+(?:\.\d{1,2})?", value):
        return False
    asked = [goal.params.get("what") for goal in task.goals if goal.objective == "tell"]
    place = (task.communicate or ()).index(value)
    return place >= len(asked) or asked[place] not in _COUNTS


def _is_clear(sentence: str, value: str, money: bool) -> bool:
    """Whether a sentence tells a value as what it is: with its sign, and with words that say of what it is."""
    place = sentence.casefold().replace(",", "").find(value.casefold().replace(",", ""))
    if place < 0 or (money and f"${value}" not in sentence.replace(",", "")):
        return False
    own = {word for word in _OWN.findall(sentence.replace(value, " ")) if word not in _STOCK}
    return len(own) > 1


def _sums_in(messages: Iterable[Message]) -> Iterator[str]:
    """What was reckoned; a call whose arguments are broken reckons nothing."""
    for call in (call for m in messages if isinstance(m, AssistantMessage) for call in m.tool_calls):
        if call.function.name == "calculate":
            try:
                yield str(call_arguments(call)["expression"])
            except ValueError:
                continue


def _is_trivial(expression: str) -> bool:
    """Whether a sum needs no calculator: a neutral element in it, or two numbers of one digit that counts."""
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError:
        return False
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    numbers = [value for value in constants if isinstance(value, int | float)]
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp):
            sides = [side.value for side in (node.left, node.right) if isinstance(side, ast.Constant)]
            if 0 in sides or (1 in sides and isinstance(node.op, ast.Mult | ast.Div)):
                return True
    return len(numbers) <= 2 and all(len(f"{number:g}".strip("0.")) < 2 for number in numbers)
