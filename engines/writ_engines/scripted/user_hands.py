"""The scripted user's hands: what a user with tools of their own does when an agent asks for it, and tells of it after.

The user takes the steps that the agent's words ask for, one call after the other or all in one message, and tells what
each showed. Several may be asked for at once; one under a condition is taken unless the user has seen that it does not
hold. What is not understood is asked back. Everything else in the message goes to the user's own script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.task import Task
from writ_async.core.user_actions import UserAction, readings_in, texts_in
from writ_async.language.hearing import hear
from writ_async.language.steps import Instruction, instructions_in, values_named, without_instructions
from writ_engines.scripted import user_lines as lines
from writ_engines.scripted.agent_lines import saying_of
from writ_engines.scripted.plain_user import UNKNOWN_WISHES, SpeechStyle, answer_to, first_message
from writ_engines.scripted.user import UserScript
from writ_engines.scripted.user_hearing import asks_for_report, asks_to_do_something
from writ_engines.scripted.user_mistakes import Slip
from writ_engines.scripted.user_step_slips import false_report, other_step

_ONE_BY_ONE: Final = 0.5  # how many users make a call a message, where several steps are asked for
_LINES: Final = re.compile(r"\s*\n\s*")


class _Step(msgspec.Struct):
    """A step on its way: to be called, or only told of. `place` is that of its result among the messages seen."""

    action: UserAction
    arguments: dict[str, Any]
    said: str = ""
    place: int = -1


class UserHands:
    """One user's hands in one conversation. `next_message` takes all that the user has seen, and gives what is next."""

    def __init__(self, domain: Domain, rng: Random, slip: Slip | None = None) -> None:
        self.turns = 0
        self._domain = domain
        self._in_words = {action.tool: action for action in domain.user_actions}
        self._rng = rng
        self._slip = slip
        self._one_by_one = rng.random() < _ONE_BY_ONE
        self._round: list[_Step] = []
        self._rest = ""
        self._heard_first = False

    def next_message(self, messages: Sequence[Message], speak: Callable[[str], str]) -> AssistantMessage:
        """The user's next calls or words. `speak` gives the words of the user's own script after what it hears."""
        self.turns += 1
        if isinstance(messages[-1], ToolMessage):
            return self._call(messages) or AssistantMessage(self._report(messages, speak))
        heard = _last_heard(messages)
        if not self._heard_first:
            self._heard_first = True
            return AssistantMessage(speak(heard))
        asked = [one for one in instructions_in(heard, self._domain.user_actions) if self._is_due(one, messages)]
        known = [one for one in asked if one.arguments is not None]
        if asked and not known:
            return AssistantMessage(self._rng.choice(lines.WHICH_STEP))
        if not asked:
            lost = asks_to_do_something(heard) and hear(heard).calls_for in ("answer", "nothing", "wait")
            return AssistantMessage(self._rng.choice(lines.STEP_UNKNOWN) if lost else speak(heard))
        self._rest = without_instructions(heard, self._domain.user_actions)
        self._round = [step for one in known for step in self._steps_for(one, known, messages)]
        return self._call(messages) or AssistantMessage(self._report(messages, speak))

    def _is_due(self, asked: Instruction, messages: Sequence[Message]) -> bool:
        """Whether the condition of an instruction holds as far as the user has seen."""
        if not asked.condition:
            return True
        shown = self._shown(messages)
        named = values_named(asked.condition, self._domain.user_actions)
        return all(one.name not in shown or shown[one.name] in one.values for one in named)

    def _shown(self, messages: Sequence[Message]) -> dict[str, str]:
        """The last value of each reading that the user has seen."""
        tools: dict[str, str] = {}
        found: dict[str, str] = {}
        for message in messages:
            if isinstance(message, AssistantMessage):
                tools.update((call.id, call.function.name) for call in message.tool_calls)
            elif isinstance(message, ToolMessage) and not message.error:
                action = self._in_words.get(tools.get(message.tool_call_id, ""))
                found |= readings_in(action, message.content) if action is not None else {}
        return found

    def _steps_for(self, asked: Instruction, known: Sequence[Instruction], messages: Sequence[Message]) -> list[_Step]:
        """What the user does for one of the instructions of a message: the step, or what a slip makes of it."""
        tool = self._domain.user_tools[asked.action.tool]
        arguments = tool.read_arguments(asked.arguments or {}) or dict(asked.arguments or {})
        arguments = {key: value for key, value in arguments.items() if key in (asked.arguments or {})}
        step = _Step(asked.action, arguments)
        slip = self._slip
        if slip is None or slip.note is not None:
            return [step]
        if slip.kind == "acted_unasked" and tool.kind == "write":
            other = other_step(asked.action, arguments, self._domain, slip.spared, self._rng)
            if other is not None:
                slip.happen(self.turns, f"{other[0].tool} in place of {tool.name}")
                return [_Step(*other)]
        if slip.kind == "skipped_step" and tool.kind == "write" and asked.action.done:
            slip.happen(self.turns, tool.name)
            return [_Step(asked.action, arguments, self._said_done(asked.action))]
        if slip.kind == "reported_unseen" and tool.kind == "read":
            seen = {reading.name for one in known if one is not asked for reading in one.action.readings}
            false = false_report(asked.action, self._shown(messages), slip.spared, seen, self._rng)
            if false:
                slip.happen(self.turns, f"{tool.name}: {false}")
                return [_Step(asked.action, arguments, false)]
        return [step]

    def _call(self, messages: Sequence[Message]) -> AssistantMessage | None:
        """The calls that are due next, or None where all were made."""
        waiting = [step for step in self._round if not step.said and step.place < 0]
        if not waiting:
            return None
        due = waiting[:1] if self._one_by_one else waiting
        first = len(messages) + 1
        for offset, step in enumerate(due):
            step.place = first + offset
        return AssistantMessage(
            None,
            tuple(
                make_call(f"user_{self.turns - 1}_{number}", step.action.tool, step.arguments)
                for number, step in enumerate(due)
            ),
        )

    def _report(self, messages: Sequence[Message], speak: Callable[[str], str]) -> str:
        """What the user tells after the steps of a round, and answers of what else the agent asked for."""
        said = [step.said or self._told_of(step, messages) for step in self._round]
        rest, self._rest, self._round = self._rest, "", []
        if rest and hear(rest).calls_for in ("answer", "agree", "agree_and_answer") and not asks_for_report(rest):
            said.append(speak(rest))
        return " ".join(said)

    def _told_of(self, step: _Step, messages: Sequence[Message]) -> str:
        """What a step came to, in the first person."""
        result = messages[step.place] if step.place < len(messages) else None
        assert isinstance(result, ToolMessage)
        content = _LINES.sub(", ", result.content.strip())
        if result.error:
            return self._rng.choice(lines.STEP_FAILED).format(content)
        shown = texts_in(step.action, result.content)
        told = [
            saying_of(reading.said).draw(self._rng).format(shown[reading.name])
            for reading in step.action.readings
            if reading.name in shown and reading.said
        ]
        if step.action.done:
            told.insert(0, self._said_done(step.action))
        return " ".join(told) or self._rng.choice(lines.STEP_SHOWS).format(content)

    def _said_done(self, action: UserAction) -> str:
        return saying_of(action.done).draw(self._rng)


class UserWithTools:
    """A user of a domain that gives its users tools: hands, and a script or a plain scenario for what is said."""

    def __init__(
        self,
        hands: UserHands,
        slip: Slip | None,
        *,
        script: UserScript | None = None,
        plain: tuple[Task, SpeechStyle] | None = None,
    ) -> None:
        self.slip = slip
        self._hands = hands
        self._script = script
        self._plain = plain

    @property
    def turns(self) -> int:
        """The completions so far."""
        return self._hands.turns

    def next_message(self, messages: Sequence[Message]) -> AssistantMessage:
        """The next words or calls, after all that the user has seen."""
        return self._hands.next_message(messages, partial(self._speak, messages))

    def _speak(self, messages: Sequence[Message], heard: str) -> str:
        if self._script is not None:
            return self._script.reply(heard)
        assert self._plain is not None
        task, style = self._plain
        if not any(isinstance(message, AssistantMessage) for message in messages):
            return first_message(task.scenario, style)
        wishes = len(task.certified_writes) or UNKNOWN_WISHES
        return answer_to(task.scenario, heard, style, messages[:-1], wishes)


def _last_heard(messages: Sequence[Message]) -> str:
    last = messages[-1]
    return (last.content or "") if isinstance(last, UserMessage) else ""
