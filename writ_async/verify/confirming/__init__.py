"""Confirmation: before a write the agent lays out what it is about to do, and the user's next words agree to it.

`reply` says what the user's words mean, `laid_out` how each argument that matters was told (`address`,
`whole` and others for what is of its own kind), `payment` and `variant` who chose among several values. `Dialogue` puts
them together for the writes of one conversation. What is looked for is data: the domain's `Telling` names the kinds of
arguments, `words.toml` and `laying_out.toml` the words.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

import msgspec

from writ_async.conversation.calls import ExecutedCall, call_key
from writ_async.core.domain import Domain
from writ_async.core.message import Message
from writ_async.core.trajectory import Confirmation
from writ_async.verify.confirming.arguments import Argument, arguments_of, kind_of
from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.conditions import without_met_conditions
from writ_async.verify.confirming.kin import Phrases, phrases_of
from writ_async.verify.confirming.laid_out import lay_out, tells_part, tells_something_new, tells_variant
from writ_async.verify.confirming.one_by_one import named_by_place, names_a_place
from writ_async.verify.confirming.patterns import DEED_OF, DEEDS, deed_pattern, occurs, pattern
from writ_async.verify.confirming.reply import Reply, names_nothing, read_stances, settle
from writ_async.verify.confirming.shown import Shown
from writ_async.verify.confirming.turns import Turn, TurnIndex, spoken_turns
from writ_async.verify.confirming.whole import only_a_part
from writ_async.verify.confirming.wording import has_phrase, has_value, words_of

__all__ = ["Confirmation", "Dialogue"]

_ALL = pattern("ALL")
_NARROWS = pattern("NARROWS")
_NOTHING = frozenset({"\0"})
_STEPS_BACK = 8
_SHORT_VALUE = 3
_GIVEN = ("payment", "variant", "reason", "count")
"""The kinds of arguments that a user gives when asked for just them, after which the agent may go ahead."""


class ToolWords(msgspec.Struct, frozen=True):
    """The words for what a tool does: its verbs, those of which one names it, and what it and all others are about."""

    stems: frozenset[str]
    verbs: re.Pattern[str]
    named: re.Pattern[str]
    topic: re.Pattern[str]
    others: re.Pattern[str]


class Dialogue:
    """What was said around the writes of one conversation. Texts are taken apart when a write asks for them."""

    def __init__(self, messages: Sequence[Message], writes: Sequence[ExecutedCall], domain: Domain) -> None:
        self._messages = messages
        self._domain = domain
        self._writes = [write for write in writes if write.succeeded]
        self._refused = [write for write in writes if not write.succeeded]
        self._wrote = [write.message for write in self._writes]
        self._all_writes = writes
        self._arguments: dict[tuple[int, int], list[Argument]] = {}
        self._phrases: Phrases | None = None
        self._spoken: TurnIndex | None = None
        self._tools: dict[str, ToolWords] = {}
        self._offered: dict[int, dict[str, str]] = {}
        self._shown = Shown(messages)

    def _arguments_of(self, write: ExecutedCall) -> list[Argument]:
        """What a write is about, taken apart once."""
        place = (write.message, write.number)
        known = self._arguments.get(place)
        if known is None:
            known = self._arguments[place] = arguments_of(write.arguments or {}, self._domain)
        return known

    def _written(self) -> Phrases:
        """The ids that any write names; made when somebody asks."""
        if self._phrases is None:
            named = (one for write in self._all_writes for one in self._arguments_of(write) if one.kind == "record")
            self._phrases = phrases_of({str(argument.value) for argument in named})
        return self._phrases

    def confirmation(self, write: ExecutedCall) -> Confirmation:
        """How a write was confirmed, or what was wanting. The writes have to be asked for in order, or anew."""
        if self._spoken is None:
            self._spoken = TurnIndex(spoken_turns(self._messages, set(self._wrote)))
        turns = self._spoken.turns
        last = bisect_left(self._spoken.messages, write.message) - 1
        tool = self._words_of_tool(write.call.function.name)
        best: Confirmation | None = None
        latest: Case | None = None
        for _ in range(_STEPS_BACK):
            while last >= 0 and not turns[last].by_user:
                last -= 1
            if last < 0:
                return best or Confirmation(wanting="the user had said nothing")
            if latest is not None and self._has_done_it(write, turns[last].message, latest.answer.message):
                break
            first = last
            while first > 0 and turns[first - 1].by_user:
                first -= 1
            if first == 0:
                return best or Confirmation(answered=turns[last].message, wanting="the agent had not asked")
            case = self._case(write, self._spoken, last)
            found, moves_on = self._judge(case, turns[first : last + 1], self._asking(turns, first), tool, latest)
            if not moves_on or not found.wanting:
                return found if not found.wanting or not best else best
            best, latest = best or found, latest or case
            last = first - 1
        return best or Confirmation()

    def _case(self, write: ExecutedCall, spoken: TurnIndex, answered: int) -> Case:
        """A write as it stood when a turn was the answer."""
        since = self._written_before(self._first_answer(write, spoken.turns, spoken.turns[answered].message))
        arguments = self._arguments_of(write)
        return Case(write, spoken, answered, since, self._shown, self._domain, self._written, arguments)

    def _has_done_it(self, write: ExecutedCall, start: int, end: int) -> bool:
        """Whether the same was done to the same record between two messages, so that a yes before is used up."""
        return any(start < other.message < end and _is_retry(write, other, self._domain) for other in self._writes)

    def _judge(
        self, case: Case, said: Sequence[Turn], asked: Turn, tool: ToolWords, latest: Case | None
    ) -> tuple[Confirmation, bool]:
        """The confirmation by one answer, and whether an earlier one may count, as this one gives no yes or no.

        `latest` is the case at the last answer, where this is an earlier one: who pays may have been told since.
        """
        write, answer = case.write, case.answer
        answered = without_met_conditions(
            "\n".join([turn.text for turn in said]), partial(laid_out_amounts, case, asked)
        )
        reply = self._read(case, asked, answered, tool)
        found = Confirmation(asked=asked.message, answered=answer.message, agreed=reply.words)
        if not asked.asks and not (reply.meaning == "agrees" and occurs(tool.named, asked.words)):
            return msgspec.structs.replace(found, wanting="the agent had not asked"), reply.meaning == "tells"
        if reply.meaning in ("denies", "holds", "conditions", "asks"):
            why = {
                "denies": "the user had said no",
                "holds": "the user had held it back",
                "conditions": "the user had agreed under a condition",
                "asks": "the user had only asked",
            }[reply.meaning]
            return msgspec.structs.replace(found, wanting=f"{why}: {reply.words}", agreed=""), False
        if again := self._used_up(write, answer.message):
            return msgspec.structs.replace(found, wanting=again), False
        if unknown := self._unknown(case, asked):
            return msgspec.structs.replace(found, wanting=f"the agent had asked before it knew of {unknown}"), False
        if unnamed := self._unnamed(case, asked, tool):
            return msgspec.structs.replace(found, wanting=unnamed), True
        silent, asks_for_it = reply.meaning == "tells", reply.meaning == "requests"
        layout = lay_out(case, silent or asks_for_it, latest or case)
        if part := only_a_part(case, tool.named):
            layout.wanting.append(part)
        given = any(told.message == answer.message and told.kind in _GIVEN for told in layout.told)
        if (silent and not given) or ((silent or asks_for_it) and not self._was_proposed(case, tool)):
            layout.wanting.insert(0, "the user had not said yes")
        listed = tuple(
            f"{told.argument} {told.how}" + (f" [{told.message}]" if told.message >= 0 else "") for told in layout.told
        )
        return (
            msgspec.structs.replace(
                found, listed=listed, wanting="; ".join(dict.fromkeys(layout.wanting)), alone=tuple(layout.alone)
            ),
            (silent or asks_for_it) and not layout.differs,
        )

    def _asking(self, turns: Sequence[Turn], answered: int) -> Turn:
        """The latest of an agent's turns before an answer that asks; the last one where none does."""
        place = answered - 1
        while place > 0 and not turns[place].asks and not turns[place - 1].by_user:
            place -= 1
        return turns[place] if turns[place].asks else turns[answered - 1]

    def _unknown(self, case: Case, asked: Turn) -> str:
        """What a write is made to, where it only came up after the agent had asked, and the user had not named it."""
        if not self._shown.has_any_between(asked.message, case.until):
            return ""
        names = [str(one.value) for one in case.ids if not case.speaks_of_all(asked.words, one)]
        user = (case.write.arguments or {}).get(self._domain.user_argument)
        for name in names if case.ids else [user] if isinstance(user, str) else []:
            if self._shown.came_up_after(name, asked.message, case.until) and not any(
                has_phrase(turn.words, name) for turn in [*case.recent, *case.older]
            ):
                return name
        return ""

    def _read(self, case: Case, asked: Turn, said: str, tool: ToolWords) -> Reply:
        verbs, topic, others = tool.verbs, tool.topic, tool.others
        known: dict[str, bool | None] = {}

        def concerns(sentence: str) -> bool | None:
            if sentence not in known:
                known[sentence] = judged(sentence)
            return known[sentence]

        def judged(sentence: str) -> bool | None:
            words = words_of(sentence)
            if names_nothing(words):
                return None
            if _NARROWS.search(words) and (narrowed := case.narrows(words, topic, others)) is not None:
                return narrowed
            if case.is_named(words) and not case.is_of_another(words):
                return True
            if not (case.is_elsewhere(words, True) or case.names_other_part(words)):
                return None
            # "Return all of them and cancel the other one": all of them may well be this.
            return None if verbs.search(words) and _ALL.search(words) else False

        def picks(clause: str) -> bool | None:
            if not names_a_place(clause):
                return None
            offers = self._offers(asked)
            named = named_by_place(clause, list(offers), said) if offers else []
            about = [_is_offered(case, words_of(offers[name]), topic, others) for name in named]
            return True if True in about else False if about and None not in about else None

        return settle(read_stances(said, tool.stems), concerns, picks)

    def _offers(self, asked: Turn) -> dict[str, str]:
        """What an agent put one after the other, by numbers or letters: as it numbered it, else by the ids in it."""
        found = self._offered.get(asked.message)
        if found is None:
            found = asked.options or dict(numbered(asked))
            found = found or {str(place): phrase for place, phrase in enumerate(self._ids_in(asked.words), start=1)}
            self._offered[asked.message] = found
        return found

    def _ids_in(self, words: str) -> list[str]:
        """The phrases of the ids that writes name, in the order in which words name them; none for one alone."""
        phrases = {phrase for known in self._written().values() for phrase, _ in known if phrase in words}
        return sorted(phrases, key=words.find) if len(phrases) > 1 else []

    def _words_of_tool(self, name: str) -> ToolWords:
        """The words for what a tool does, made out once."""
        if name not in self._tools:
            self._tools[name] = tool_words(name, self._domain)
        return self._tools[name]

    def _written_before(self, place: int) -> int:
        """The last message before a place that wrote, or -1."""
        index = bisect_left(self._wrote, place)
        return self._wrote[index - 1] if index else -1

    def _first_answer(self, write: ExecutedCall, turns: Sequence[Turn], place: int) -> int:
        """The answer before the first attempt at a write that was refused, where this is another one; else `place`."""
        for other in self._refused:
            if other.message < place and _is_retry(write, other, self._domain):
                return next(
                    (turn.message for turn in reversed(turns) if turn.by_user and turn.message < other.message), place
                )
        return place

    def _used_up(self, write: ExecutedCall, answer: int) -> str:
        for other in self._writes[bisect_right(self._wrote, answer) :]:
            if other is write or other.call is write.call:
                break
            if _key_of(other) == _key_of(write):
                return "the yes was given to an earlier write"
        return ""

    def _unnamed(self, case: Case, asked: Turn, tool: ToolWords) -> str:
        name = case.write.call.function.name
        if not self._is_named(case, tool):
            return f"the agent had not named {name.replace('_', ' ')}"
        if not case.ids:
            return "" if _is_told_of(case) else f"the agent had told nothing of {name.replace('_', ' ')}"
        for turn in [*case.recent, *case.older]:
            if turn.message > asked.message:
                continue
            if case.touches(turn.words):
                return ""
            if not turn.by_user and any(case.speaks_of_all(turn.words, argument) for argument in case.ids):
                return ""
            if case.names_another(turn.words):
                break
            if not turn.by_user and not case.others() and case.calls_it(turn.words):
                return ""
        return f"the agent had not named {', '.join(case.names)}"

    def _is_named(self, case: Case, tool: ToolWords) -> bool:
        """Whether the agent said what the write does: by its verb and topic, or by what it makes of something."""
        if any(argument.kind == "variant" for argument in case.arguments):
            if tells_variant(case):
                return True
            if not tells_part(case):
                return False
        told = (self._without_its_noun(case, case.words(turn)) for turn in case.pool() if not turn.by_user)
        return any(
            occurs(tool.named, words) and (occurs(tool.verbs, words) or tells_something_new(case, words))
            for words in told
        )

    def _without_its_noun(self, case: Case, words: str) -> str:
        """Words that are about a record of another write, without the noun for what a write makes.

        What is called by its noun may be what another write takes back: that tells of nothing new, "a new one" does.
        """
        name = case.write.call.function.name
        if case.ids or self._domain.telling.deeds.get(name):
            return words
        if not any(phrase in words for known in self._written().values() for phrase, _ in known):
            return words
        return _made_noun(name).sub("  ", words)

    def _was_proposed(self, case: Case, tool: ToolWords) -> bool:
        """Whether the agent had laid the write out and wanted only something more from the user."""
        if tells_variant(case):
            return True
        proposed = [turn for turn in case.recent if not turn.by_user and occurs(tool.named, turn.words)]
        return any(not case.ids or case.touches(turn.words) for turn in proposed)


@lru_cache(maxsize=64)
def _made_noun(name: str) -> re.Pattern[str]:
    """What a tool makes, by the noun in its name, where it is not said to be a new one."""
    return re.compile(rf"(?<! new)(?<! another) {re.escape(name.rsplit('_', 1)[-1])}s?(?= )")


def numbered(asked: Turn) -> Iterator[tuple[str, str]]:
    """The items of a list in a turn by their numbers, where there are several."""
    items = [line for line, listed in asked.lines if listed]
    return ((str(place), line) for place, line in enumerate(items if len(items) > 1 else (), start=1))


def laid_out_amounts(case: Case, asked: Turn) -> str:
    """The text of the agent that tells amounts: that which asked, else the last before it since the write before."""
    turns = [asked, *(turn for turn in case.recent if not turn.by_user and turn.message < asked.message)]
    return next((turn.text for turn in turns if any(map(str.isdigit, turn.text))), "")


def _is_offered(case: Case, words: str, topic: re.Pattern[str], others: re.Pattern[str]) -> bool | None:
    """Whether what an agent put among other things is the write (True), is another (False), or does not say."""
    if case.is_named(words) and not case.is_of_another(words):
        return not (others.search(words) and not topic.search(words))
    if case.is_elsewhere(words, False):
        return False
    return True if topic.search(words) else False if others.search(words) else None


def stems_of(name: str) -> frozenset[str]:
    """The stems of the verbs that want done what a tool does."""
    first = re.split(r"[_\W]|(?<=[a-z])(?=[A-Z])", name)[0].casefold()
    deed = DEED_OF.get(first, "")
    return frozenset((*(DEEDS[deed] if deed else ()), first))


def tool_words(name: str, domain: Domain) -> ToolWords:
    """The words for what a tool does. Where the domain says what it is about, one of those words has to name it."""
    return _tool_words(name, tuple(domain.telling.deeds.items()))


@lru_cache(maxsize=256)
def _tool_words(name: str, deeds: tuple[tuple[str, tuple[str, ...]], ...]) -> ToolWords:
    stems, own = stems_of(name), frozenset(dict(deeds).get(name, ()))
    others = frozenset(stem for _, about in deeds for stem in about) - own
    return ToolWords(stems, _verbs(stems), _verbs(own or stems), _verbs(own or _NOTHING), _verbs(others or _NOTHING))


def _is_told_of(case: Case) -> bool:
    """Whether an agent's turn has any value of a write that has no record to be named by."""
    values = [argument.value for argument in case.arguments if argument.kind in ("told", "payment", "part", "variant")]
    telling = [value for value in values if not isinstance(value, str) or len(value) > _SHORT_VALUE]
    if not telling:
        return True
    return any(has_value(turn.words, value) for turn in case.pool() if not turn.by_user for value in telling)


def _key_of(write: ExecutedCall) -> bytes:
    return call_key(write.call.function.name, write.arguments or {})


def _is_retry(write: ExecutedCall, other: ExecutedCall, domain: Domain) -> bool:
    """Whether two calls try the same: the same tool on the same records."""
    if write.call.function.name != other.call.function.name or other.arguments is None:
        return False
    ids = [name for name, value in (write.arguments or {}).items() if kind_of(name, value, domain) == "record"]
    return all((write.arguments or {})[name] == other.arguments.get(name) for name in ids)


@lru_cache(maxsize=256)
def _verbs(stems: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf" {deed_pattern(stems)} ")
