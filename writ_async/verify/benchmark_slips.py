"""What the simulated user of a benchmark did wrong, for whoever wants an agent's score without it.

A benchmark's scenario is told in free text, so a user can be held against less than one of our own tasks
(`user_slips`): ending while the agent waits for an answer that the task still needs, saying a value that neither the
scenario nor the agent told, asking for a human where nothing calls for one, speaking as the agent; and, with tools of
its own, acting unasked, telling what it never saw, skipping a step (`user_steps`). A slip is a remark: it changes no
reward and keeps no row from anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from writ_async.conversation.calls import executed_calls
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, Requestor, ToolMessage, UserMessage
from writ_async.core.state import World
from writ_async.core.task import Action, Task
from writ_async.core.trajectory import CLOSING_TOKENS, Finding, Signal
from writ_async.files import load_phrases
from writ_async.language.hearing import Heard, acts_of, hear
from writ_async.language.sentences import plain_text, sentences_in
from writ_async.language.signs import Signs
from writ_async.verify.provenance import atoms
from writ_async.verify.untold_values import untold_values
from writ_async.verify.user_slips import UserReason
from writ_async.verify.user_steps import user_step_slips

BENCHMARK_SLIPS: Final = frozenset(
    {
        UserReason.STOPPED_EARLY,
        UserReason.GAVE_UP,
        UserReason.HALLUCINATED,
        UserReason.HANDED_OVER,
        UserReason.SPOKE_AS_AGENT,
        UserReason.ACTED_UNASKED,
        UserReason.REPORTED_UNSEEN,
        UserReason.SKIPPED_STEP,
    }
)
"""The slips that are looked for where the task is a benchmark's."""

SLIPS: Final = frozenset(UserReason) - {UserReason.UNEXPRESSED}
"""What a user may do wrong on any task."""

_SIGNS: Final = Signs(load_phrases(__package__ or "", "benchmark_slips.toml").forms)
_has: Final = _SIGNS.has
_MOST_VALUES = 5
_FEW_TOOLS = 2
_FEW_WORDS = 4
_STEM = 5  # letters: return, returning, returned
_LEAST_DIGITS = 4


def benchmark_slips(
    task: Task, messages: Sequence[Message], signal: Signal | None, domain: Domain, world: World | None = None
) -> list[Finding]:
    """The user's slips as remarks. Pure, and O(words).

    Where the task's actions are not known, nobody can say what was still to be done, and only values and roles are
    judged, and an agreement that ends the conversation.
    """
    return [
        *_ending(task, messages, signal, domain),
        *_invented(task, messages, world),
        *role_slips(messages),
        *step_remarks(task, messages, domain),
    ]


def step_remarks(task: Task, messages: Sequence[Message], domain: Domain) -> list[Finding]:
    """What the user did wrong with its own tools, as remarks; of an unknown task, what shows without its scenario."""
    return [_remark(slip.reason, slip.detail, slip.message) for slip in user_step_slips(task, messages, domain)]


def slipped(findings: Sequence[Finding]) -> bool:
    """Whether findings hold a slip of the user, on a benchmark's task or one of ours."""
    return any(finding.reason in SLIPS for finding in findings)


def _remark(reason: UserReason, detail: str, place: int) -> Finding:
    return Finding(reason, detail, place, severity="remark")


def scenario_text(task: Task) -> str:
    """All that a benchmark's user was told."""
    scenario = task.scenario
    told = (scenario.text, scenario.reason_for_call, scenario.known_info, scenario.unknown_info, scenario.persona)
    return "\n".join((*told, scenario.task_instructions, scenario.request))


class _Farewell(msgspec.Struct, frozen=True):
    """How a conversation was ended: what the agent's last message does, what the user said to it, what is undone.

    said: in plain lower case, without the token that ends. todo: what was not made yet, empty where nothing is known.
    """

    place: int
    asked: Heard
    said: str
    todo: str

    @property
    def agreed(self) -> bool:
        """Whether the user said yes to what the agent wanted a yes for, a hand-over aside."""
        return self.asked.does("confirm") and self._says("AGREE")

    @property
    def agreed_weakly(self) -> bool:
        """The same, or a word that may be thanks as well, where the agent had nothing but the question to tell."""
        told = self.asked.does("report", "close", "offer_hand_over")
        return self.agreed or (self.asked.does("confirm") and not told and self._says("AGREE_WEAKLY"))

    @property
    def put_off(self) -> bool:
        """Whether the user puts off what the agent asked for."""
        return (
            _has("LATER", self.said)
            and self.asked.does("ask", "failed_look")
            and not self.asked.does("hand_over")
            and not _has("NEXT", self.asked.text)
        )

    @property
    def waited_for(self) -> bool:
        """Whether the agent waited for an answer, be it a yes, a no or a detail, and got none."""
        if self.asked.does("close", "hand_over"):
            return False
        if not self.said.strip():
            return self._ends_with_question()
        if self.asked.does("report", "offer_hand_over") or _has("NEXT", self.asked.text):
            return False
        return self.asked.does("confirm", "ask") and not _has("DECLINE", self.said)

    def _ends_with_question(self) -> bool:
        """Whether the last thing that the agent's message does is to ask, or to want a yes; pleasantries aside."""
        for sentence in reversed(sentences_in(self.asked.text)):
            acts = acts_of(sentence)
            if acts and len(sentence.text.split()) >= _FEW_WORDS:
                return not acts.isdisjoint(("ask", "confirm"))
        return False

    def _says(self, sign: str) -> bool:
        own = " . ".join(sentence.text for sentence in sentences_in(self.said) if not _has("HUMAN", sentence.text))
        return _has(sign, own) and not _has("DECLINE", own)


def _ending(task: Task, messages: Sequence[Message], signal: Signal | None, domain: Domain) -> list[Finding]:
    place = next((at for at in range(len(messages) - 1, -1, -1) if type(messages[at]) is UserMessage), -1)
    if signal is None or place < 1:
        return []
    asked = _said_before(messages, place)
    left = _undone(task, messages, domain)
    if not left and task.actions is not None:
        return []
    undone = left[0].name if left else ""
    end = _Farewell(place, hear(asked), plain_text(_without_token(messages[place].content or "")), undone)
    if signal is Signal.TRANSFER:
        return _transferred(task, messages, end, domain)
    if not undone:
        return [_early(end, "left with a yes")] if end.agreed and not end.asked.does("report", "close") else []
    if signal is Signal.OUT_OF_SCOPE:
        return [] if end.asked.does("ask") else [_gave_up(end, "called it out of scope, though nothing was asked")]
    if end.agreed_weakly:
        return [_early(end, "left with a yes")]
    if end.put_off:
        return [_gave_up(end, "put off what was asked for")]
    if end.waited_for:
        return [_early(end, "left while an answer was waited for")]
    wish = _untold_wish(task, messages, left, domain)
    return [_gave_up(end, f"left without a word of {wish}")] if wish else []


def _early(end: _Farewell, what: str) -> Finding:
    return _remark(UserReason.STOPPED_EARLY, _with_todo(what, end), end.place)


def _gave_up(end: _Farewell, what: str) -> Finding:
    return _remark(UserReason.GAVE_UP, _with_todo(what, end), end.place)


def _with_todo(what: str, end: _Farewell) -> str:
    return f"{what}: {end.todo} was not made yet" if end.todo else what


def _said_before(messages: Sequence[Message], place: int) -> str:
    """What the agent said last before the user spoke; calls of the user's own tools may stand between the two."""
    for message in reversed(messages[:place]):
        if type(message) is UserMessage and not message.tool_calls:
            return ""
        if type(message) is AssistantMessage and message.content:
            return message.content
    return ""


def _without_token(text: str) -> str:
    for token in CLOSING_TOKENS.values():
        text = text.replace(token, " ")
    return text


def _undone(task: Task, messages: Sequence[Message], domain: Domain) -> list[Action]:
    """The gold writes that no call stands for yet; empty where none is left or known."""
    left: list[Action] = []
    made = [
        (requestor, call.call.function.name)
        for requestor in get_args(Requestor)
        if domain.tools_of(requestor)
        for call in executed_calls(messages, domain.tools_of(requestor), by_user=requestor == "user")
        if call.succeeded and call.kind == "write"
    ]
    for action in task.actions or ():
        if not domain.writes(action):
            continue
        if (action.requestor, action.name) in made:
            made.remove((action.requestor, action.name))
        else:
            left.append(action)
    return left


def _untold_wish(task: Task, messages: Sequence[Message], left: Sequence[Action], domain: Domain) -> str:
    """What the scenario wishes and the user never spoke of: what a write is called by, or an id in its arguments.

    A write is called by the words of its tool's name that few others have. The agent may have spoken of an id instead.
    """
    left = [action for action in left if action.requestor == "assistant"]
    scenario = plain_text(scenario_text(task))
    own = [plain_text(message.content or "") for message in messages if type(message) is UserMessage]
    words = Counter(word for name in domain.tools for word in set(name.split("_")))
    for action in left:
        names = [word for word in action.name.split("_") if words[word] <= _FEW_TOOLS and len(word) > 3]
        wished = [stem for word in names if _speaks_of(stem := word[:_STEM], [scenario])]
        if wished and not any(_speaks_of(stem, own) for stem in wished):
            return f"the wish to {action.name}"
    said = [plain_text(message.content or "") for message in messages if type(message) is not ToolMessage]
    for action in left:
        for _, value in atoms(action.arguments):
            bare = str(value).casefold().strip("#")
            digits = sum(map(str.isdigit, bare))
            if digits >= _LEAST_DIGITS and bare in scenario and not any(bare in text for text in said):
                return repr(value)
    return ""


def _speaks_of(stem: str, texts: Sequence[str]) -> bool:
    """Whether a word that begins like this stands in one of the texts."""
    pattern = re.compile(rf"\b{re.escape(stem)}")
    return any(pattern.search(text) for text in texts)


def _handed_over(messages: Sequence[Message], domain: Domain) -> bool:
    return any(
        call.function.name == domain.hand_over_tool
        for message in messages
        if type(message) is AssistantMessage
        for call in message.tool_calls
    )


def _transferred(task: Task, messages: Sequence[Message], end: _Farewell, domain: Domain) -> list[Finding]:
    """A hand-over that the user brought about: nobody handed over or offered to, and no scenario speaks of it."""
    if any(action.name == domain.hand_over_tool for action in task.actions or ()):
        return []
    handed_over = _handed_over(messages, domain)
    if not handed_over and end.agreed:
        return [_early(end, "left with a yes")]
    if not end.todo or _has("HUMAN", plain_text(scenario_text(task))):
        return []
    if not handed_over and not end.asked.does("hand_over", "offer_hand_over"):
        what = "left for a human whom nobody had offered"
        return [_remark(UserReason.HANDED_OVER, _with_todo(what, end), end.place)]
    for at, message in enumerate(messages):
        if type(message) is AssistantMessage:
            called = any(call.function.name == domain.hand_over_tool for call in message.tool_calls)
            if called or hear(message.content or "").does("hand_over", "offer_hand_over", "refuse", "failed_look"):
                return []
        elif type(message) is UserMessage and _has("HUMAN", plain_text(message.content or "")):
            return [_remark(UserReason.HANDED_OVER, _with_todo("asked for a human unprompted", end), at)]
    return []


def _invented(task: Task, messages: Sequence[Message], world: World | None) -> list[Finding]:
    return [
        _remark(UserReason.HALLUCINATED, f"told by nobody: {', '.join(map(repr, values[:_MOST_VALUES]))}", place)
        for place, values in untold_values(scenario_text(task), messages, world)
    ]


def role_slips(messages: Sequence[Message], start: int = 0) -> list[Finding]:
    """A user who speaks as the agent, on whatever task; as remarks. `start` is the place of the first message."""
    said = [
        (place, plain_text(message.content))
        for place, message in enumerate(messages, start)
        if type(message) is UserMessage and message.content
    ]
    # What is in none of the user's texts is not looked for in each.
    patterns = _SIGNS.that_may_be_in("AGENT", "\n".join([text for _, text in said]))
    return [
        _remark(UserReason.SPOKE_AS_AGENT, "what an agent says", place)
        for place, text in (said if patterns else ())
        if any(pattern.is_in(text) for pattern in patterns)
    ]
