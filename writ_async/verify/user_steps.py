"""What users do with tools of their own, held against what they were asked for and against what they say of it.

A user who has a thing in hand and does something else with it than the agent asked for, tells a reading that no tool
showed, or says that a step was taken which was not, has spoilt the conversation: the agent goes by what it is told.
What the scenario told the user may be done and said at any time; to look at something does no harm. Which words belong
to which tool is the domain's to say (`Domain.user_actions`); without them nobody is held against anything, and where
the scenario is not known, nobody against what it may have said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import ExecutedCall, executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import Finding
from writ_async.core.user_actions import readings_in
from writ_async.language.steps import (
    Instruction,
    deeds_claimed,
    instructions_in,
    readings_told,
    says_all_done,
    values_named_anywhere,
)
from writ_async.verify.user_slips import UserReason, UserSlip


def audit_user_steps(task: Task, messages: Sequence[Message], domain: Domain) -> list[Finding]:
    """The user's slips with tools as findings, in order. Pure, and O(words x readings); none without such tools."""
    return [
        Finding(slip.reason, f"{slip.severity}: {slip.detail}", slip.message)
        for slip in user_step_slips(task, messages, domain)
    ]


def user_step_slips(task: Task, messages: Sequence[Message], domain: Domain) -> list[UserSlip]:
    """The user's slips with tools: done unasked, told unseen, skipped."""
    if not domain.user_actions:
        return []
    calls: dict[int, list[ExecutedCall]] = {}
    for call in executed_calls(messages, domain.user_tools, by_user=True):
        calls.setdefault(call.message, []).append(call)
    walk = _Walk(task, domain)
    found: list[UserSlip] = []
    for place, message in enumerate(messages):
        if type(message) is AssistantMessage and message.content and not message.tool_calls:
            walk.ask(message.content, place)
        elif type(message) is UserMessage and message.tool_calls:
            for call in calls.get(place, ()):
                found += walk.act(call)
        elif type(message) is UserMessage and message.content:
            found += walk.hear(message.content, place)
    return found


class _Asked(msgspec.Struct):
    """A step that the agent asked for, and whether the user took it since."""

    instruction: Instruction
    place: int
    taken: bool = False

    @property
    def tool(self) -> str:
        return self.instruction.action.tool


class _Walk:
    """What was asked for, shown and done up to a place of one conversation."""

    def __init__(self, task: Task, domain: Domain) -> None:
        self._domain = domain
        self._actions = domain.user_actions
        self._in_words = {action.tool: action for action in self._actions}
        texts = [text for text in task.scenario.texts() if text.strip()]
        self._knows_scenario = bool(texts)
        scenario = task.scenario
        rules = (scenario.request, scenario.known_info, scenario.task_instructions, scenario.text)
        told = (one for text in rules for one in instructions_in(text, self._actions))
        self._allowed = {one.action.tool for one in told if not one.condition}
        self._known = {one for text in texts for one in values_named_anywhere(text, self._actions)}
        self._asked: list[_Asked] = []
        self._shown: dict[str, str] = {}
        self._ever: set[tuple[str, str]] = set()
        self._done: set[str] = set()
        self._open: list[_Asked] = []

    def ask(self, text: str, place: int) -> None:
        """The agent said something to the user."""
        self._open = [_Asked(one, place) for one in instructions_in(text, self._actions)]
        self._asked += self._open

    def act(self, call: ExecutedCall) -> Iterator[UserSlip]:
        """The user called a tool."""
        name = call.call.function.name
        action = self._in_words.get(name)
        if call.succeeded:
            self._done.add(name)
            if action is not None:
                shown = readings_in(action, call.result.content)
                self._shown |= shown
                self._ever |= shown.items()
        same = [asked for asked in self._asked if asked.tool == name]
        for asked in same:
            asked.taken = asked.taken or call.succeeded
        if call.kind != "write" or action is None or name in self._allowed or not self._knows_scenario:
            return
        if not same:
            detail = f"{name}, which nobody had asked for"
        elif not any(self._is_as_asked(asked.instruction, call.arguments) for asked in same):
            detail = f"{name} otherwise than the agent had asked for"
        else:
            return
        yield UserSlip(UserReason.ACTED_UNASKED, "critical_hindered", detail, call.message)

    def _is_as_asked(self, instruction: Instruction, arguments: Mapping[str, Any] | None) -> bool:
        """Whether a call has the arguments that the agent named; those that it left open are the user's to choose."""
        named = instruction.arguments
        if named is None or arguments is None:
            return True
        return all(
            str(arguments[key]).casefold() == value.casefold() for key, value in named.items() if key in arguments
        )

    def hear(self, text: str, place: int) -> Iterator[UserSlip]:
        """The user said something."""
        for told in readings_told(text, self._actions):
            shown = self._shown.get(told.name)
            values = sorted(told.values)
            if shown in told.values or any((told.name, value) in self._known for value in values):
                continue
            if shown is None and not self._knows_scenario:
                continue
            if told.earlier and any((told.name, value) in self._ever for value in values):
                continue
            what = f"{told.name} {' or '.join(map(repr, values))}"
            seen = f"the last that was shown is {shown!r}" if shown is not None else "no tool had shown it"
            yield UserSlip(UserReason.REPORTED_UNSEEN, "critical_hindered", f"{what}: {seen}", place)
        claimed = deeds_claimed(text, self._actions)
        for tool, earlier in claimed:
            last = next((asked for asked in reversed(self._asked) if asked.tool == tool), None)
            if last is None or last.taken or (earlier and tool in self._done):
                continue
            yield self._skipped(tool, place)
        if not claimed and says_all_done(text):
            for asked in self._open:
                if not asked.taken and not asked.instruction.condition and self._writes(asked.tool):
                    yield self._skipped(asked.tool, place)

    def _writes(self, tool: str) -> bool:
        found = self._domain.user_tools.get(tool)
        return found is not None and found.kind == "write"

    def _skipped(self, tool: str, place: int) -> UserSlip:
        return UserSlip(UserReason.SKIPPED_STEP, "critical_hindered", f"{tool} was not called", place)
