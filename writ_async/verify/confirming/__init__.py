"""Confirmation: before a write the agent lays out what it is about to do, and the user's next words agree to it.

`reply` says what the user's words mean, `laid_out` how each argument that matters was told (`address`,
`whole` and others for what is of its own kind), `payment` and `variant` who chose among several values. `Dialogue` puts
them together for the writes of one conversation. What is looked for is data: the domain's `Telling` names the kinds of
arguments, `words.toml` and `laying_out.toml` the words.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from writ_async.conversation.calls import ExecutedCall, call_key
from writ_async.core.domain import Domain
from writ_async.core.message import Message
from writ_async.core.trajectory import Confirmation
from writ_async.verify.confirming.answers import read_answer
from writ_async.verify.confirming.arguments import Arguments, kind_of
from writ_async.verify.confirming.case import Case
from writ_async.verify.confirming.deed_named import unnamed, was_proposed
from writ_async.verify.confirming.kin import Phrases, phrases_of
from writ_async.verify.confirming.laid_out import lay_out
from writ_async.verify.confirming.patterns import occurs
from writ_async.verify.confirming.reply import Meaning
from writ_async.verify.confirming.shown import Shown
from writ_async.verify.confirming.tool_words import ToolWords, tool_words
from writ_async.verify.confirming.turns import Turn, TurnIndex, spoken_turns
from writ_async.verify.confirming.whole import only_a_part
from writ_async.verify.confirming.wording import has_phrase

__all__ = ["Confirmation", "Dialogue"]

_STEPS_BACK = 8
_GIVEN = ("payment", "variant", "reason", "count")
"""The kinds of arguments that a user gives when asked for just them, after which the agent may go ahead."""
_HELD_BACK: dict[Meaning, str] = {
    "denies": "the user had said no",
    "holds": "the user had held it back",
    "conditions": "the user had agreed under a condition",
    "asks": "the user had only asked",
}


class Dialogue:
    """What was said around the writes of one conversation. Texts are taken apart when a write asks for them."""

    def __init__(self, messages: Sequence[Message], writes: Sequence[ExecutedCall], domain: Domain) -> None:
        self._messages = messages
        self._domain = domain
        self._writes = [write for write in writes if write.succeeded]
        self._refused = [write for write in writes if not write.succeeded]
        self._wrote = [write.message for write in self._writes]
        self._all_writes = writes
        self._arguments: dict[tuple[int, int], Arguments] = {}
        self._phrases: Phrases | None = None
        self._spoken: TurnIndex | None = None
        self._tools: dict[str, ToolWords] = {}
        self._shown = Shown(messages)

    def _arguments_of(self, write: ExecutedCall) -> Arguments:
        """What a write is about, taken apart once."""
        place = (write.message, write.number)
        known = self._arguments.get(place)
        if known is None:
            known = self._arguments[place] = Arguments(write.arguments or {}, self._domain)
        return known

    def _written(self) -> Phrases:
        """The ids that any write names; made when somebody asks."""
        if self._phrases is None:
            named = (one for write in self._all_writes for one in self._arguments_of(write).of_kind("record"))
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
        between = self._writes[bisect_right(self._wrote, start) : bisect_left(self._wrote, end)]
        return any(_is_retry(write, other, self._domain) for other in between)

    def _judge(
        self, case: Case, said: Sequence[Turn], asked: Turn, tool: ToolWords, latest: Case | None
    ) -> tuple[Confirmation, bool]:
        """The confirmation by one answer, and whether an earlier one may count, as this one gives no yes or no.

        `latest` is the case at the last answer, where this is an earlier one: who pays may have been told since.
        """
        answer, place = case.answer.message, asked.message
        answered = said[0].text if len(said) == 1 else "\n".join([turn.text for turn in said])
        reply = read_answer(case, asked, answered, tool)
        if not asked.asks and not (reply.meaning == "agrees" and occurs(tool.named, asked.words)):
            found = Confirmation(place, answer, reply.words, wanting="the agent had not asked")
            return found, reply.meaning == "tells"
        if why := _HELD_BACK.get(reply.meaning):
            return Confirmation(place, answer, wanting=f"{why}: {reply.words}"), False
        if again := self._used_up(case.write, answer):
            return Confirmation(place, answer, reply.words, wanting=again), False
        if unknown := self._unknown(case, asked):
            wanting = f"the agent had asked before it knew of {unknown}"
            return Confirmation(place, answer, reply.words, wanting=wanting), False
        if wanting := unnamed(case, asked, tool):
            return Confirmation(place, answer, reply.words, wanting=wanting), True
        silent, asks_for_it = reply.meaning == "tells", reply.meaning == "requests"
        layout = lay_out(case, silent or asks_for_it, latest or case)
        if part := only_a_part(case, tool.named):
            layout.wanting.append(part)
        if silent or asks_for_it:
            given = any(message == answer and kind in _GIVEN for message, kind in layout.given)
            if (silent and not given) or not was_proposed(case, tool):
                layout.wanting.insert(0, "the user had not said yes")
        found = Confirmation(
            place,
            answer,
            reply.words,
            tuple(layout.told),
            "; ".join(dict.fromkeys(layout.wanting)),
            tuple(layout.alone),
        )
        return found, (silent or asks_for_it) and not layout.differs

    def _asking(self, turns: Sequence[Turn], answered: int) -> Turn:
        """The latest of an agent's turns before an answer that asks; the last one where none does."""
        for place in range(answered - 1, -1, -1):
            if turns[place].by_user:
                break
            if turns[place].asks:
                return turns[place]
        return turns[answered - 1]

    def _unknown(self, case: Case, asked: Turn) -> str:
        """What a write is made to, where it only came up after the agent had asked, and the user had not named it."""
        if not self._shown.has_any_between(asked.message, case.until):
            return ""
        names = [str(one.value) for one in case.ids if not case.speaks_of_all(asked.words, one)]
        user = (case.write.arguments or {}).get(self._domain.user_argument)
        for name in names if case.ids else [user] if isinstance(user, str) else []:
            if self._shown.came_up_after(name, asked.message, case.until) and not any(
                has_phrase(turn.words, name) for turn in case.turns()
            ):
                return name
        return ""

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
            if other.message >= place:
                break
            if _is_retry(write, other, self._domain):
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


def _key_of(write: ExecutedCall) -> bytes:
    return call_key(write.call.function.name, write.arguments or {})


def _is_retry(write: ExecutedCall, other: ExecutedCall, domain: Domain) -> bool:
    """Whether two calls try the same: the same tool on the same records."""
    if write.call.function.name != other.call.function.name or other.arguments is None:
        return False
    ids = [name for name, value in (write.arguments or {}).items() if kind_of(name, value, domain) == "record"]
    return all((write.arguments or {})[name] == other.arguments.get(name) for name in ids)
