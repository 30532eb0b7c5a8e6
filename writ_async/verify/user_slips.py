"""The user's side of a conversation, audited after it: what a user may say, must say, and must not have said.

A value that the user utters (an id, a number, a date, an address, a name they claim) must be in the scenario or have
been said by the agent. One that a gold write uses and that had to be read is a leak: it helped the agent. Any other one
that is made up, a fact that is taken back, a no to what was asked for, an end before the work was done: those hindered.
A slip that the behaviour asks for and that was put right before any write is none. Both critical kinds make a row
unfit: the one is poisoned and easy, the other spoilt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final, Literal

import msgspec

from writ_async.behaviour.axes import unshown_traits
from writ_async.behaviour.pieces import Piece, fact_pieces, is_heard, pieces_of, words_of, wrong_version
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.task import Action, Task
from writ_async.core.trajectory import CLOSING_TOKENS, Finding, Signal
from writ_async.language.hearing import hear
from writ_async.verify.confirming.wording import has_any
from writ_async.verify.provenance import atoms, leaves
from writ_async.verify.told_values import values_in

Severity = Literal["critical_helped", "critical_hindered", "minor"]


class UserReason(StrEnum):
    """What a user did wrong."""

    LEAKED = "user_leaked"
    """The user said an argument of a gold write that had to be read."""
    HALLUCINATED = "user_hallucinated"
    """The user said a value that is in no scenario and that nobody had said."""
    INCONSISTENT = "user_inconsistent"
    """The user gave a fact wrongly, and it was not put right before a write."""
    STOPPED_EARLY = "user_stopped_early"
    """The user ended the conversation before what they know was told and the writes were made."""
    WRONG_CONFIRMATION = "user_wrong_confirmation"
    """The user said no to a write that is exactly a gold one, and it was never made."""
    UNDISCLOSED = "user_undisclosed"
    """A fact that the task needs was never told."""
    GAVE_UP = "user_gave_up"
    """The user of a benchmark put off what was asked for, or called it out of scope, and left."""
    HANDED_OVER = "user_handed_over"
    """The user of a benchmark left for a human whom nobody had offered, or asked for one unprompted."""
    SPOKE_AS_AGENT = "user_spoke_as_agent"
    """The user of a benchmark spoke as the agent."""
    ACTED_UNASKED = "user_acted_unasked"
    """The user changed something with a tool that nobody had asked for, or asked for otherwise."""
    REPORTED_UNSEEN = "user_reported_unseen"
    """The user told a reading that no tool had shown, or another one than it showed last."""
    SKIPPED_STEP = "user_skipped_step"
    """The user said that a step was taken, and had not taken it."""
    UNEXPRESSED = "user_unexpressed"
    """A trait of the behaviour was not shown; the row is to be labelled anew."""


class UserSlip(msgspec.Struct, frozen=True):
    """One thing that the user did wrong, how much it matters, and in which message."""

    reason: UserReason
    severity: Severity
    detail: str
    message: int = -1


_NAMED: Final = re.compile(
    r"[MmIir](?:(?<=\b[Mm])y (?:full )?name is|(?<=\b[Ii])(?: am|'m| go by)|(?<=\br)egistered as)"
    r" ([A-Z][\w'-]+ [A-Z][\w'-]+)"
)
"""Begins with one of a few letters, so that it is found fast."""
_NAMING: Final = ("name is ", "am ", "'m ", "registered as ", "go by ")
"""What stands before every name."""
_ANYTHING_ELSE: Final = re.compile(r"anything else|something else|other questions|further assist|else i can")
_NO: Final = re.compile(r"\W*(?:no|nope|don't|do not)\b(?! (?:problem|worries|rush))")


def audit_user(task: Task, messages: Sequence[Message], user_argument: str = "") -> list[Finding]:
    """The critical slips of the user as findings; empty where nothing speaks against training on the row.

    Pure and O(words). A task without a request in the user's own words, as a benchmark's is, has nothing to be held
    against, and gives no finding.
    """
    return [
        Finding(slip.reason, f"{slip.severity}: {slip.detail}", slip.message)
        for slip in _slips(task, messages, user_argument, minor=False)
        if slip.severity != "minor"
    ]


def user_slips(task: Task, messages: Sequence[Message], user_argument: str = "") -> list[UserSlip]:
    """Everything that the user did wrong, minor things and traits that were not shown included."""
    if not task.scenario.request:
        return []
    return [
        *_slips(task, messages, user_argument, minor=True),
        *(
            UserSlip(UserReason.UNEXPRESSED, "minor", f"{trait.axis}={trait.value}")
            for trait in unshown_traits(task, messages)
        ),
    ]


def _slips(task: Task, messages: Sequence[Message], user_argument: str, *, minor: bool) -> list[UserSlip]:
    """What the user did wrong; minor things may be among it also without `minor`, which asks for all of them."""
    if not task.scenario.request:
        return []
    return [
        *_strange_values(task, messages),
        *_undisclosed(task, messages, minor=minor),
        *_endings(task, messages, user_argument),
    ]


def _known(task: Task) -> set[str]:
    scenario = task.scenario
    texts = [
        scenario.request,
        scenario.change,
        scenario.choice,
        scenario.reason_for_call,
        scenario.known_info,
        scenario.unknown_info,
        scenario.persona,
    ]
    texts += [scenario.task_instructions, *(f"{fact.value} {fact.text}" for fact in scenario.facts)]
    return set(_values_of("\n".join(dict.fromkeys(texts))))


@lru_cache(maxsize=1024)
def _values_of(text: str) -> frozenset[str]:
    """The values of a text of a task: it is judged again with each of its trials."""
    return frozenset(values_in(text))


class _Values:
    """The values of a task and of a conversation; each text is read when somebody asks for what only it can tell."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._unread: list[str] = []

    @cached_property
    def _known(self) -> set[str]:
        return _known(self._task)

    @cached_property
    def to_be_read(self) -> Set[str]:
        """Values among the gold writes' arguments."""
        gold = [str(value) for action in _gold_writes(self._task) for value in leaves(action.arguments)]
        return _values_of("\n".join(gold))

    @cached_property
    def wrong(self) -> dict[str, str]:
        """The facts by how somebody gives them who has mixed them up."""
        facts = self._task.scenario.facts
        return {value: fact.value for fact in facts for value in values_in(wrong_version(fact.value))}

    def tell(self, text: str) -> None:
        """Take in what the agent said, or a tool of the user's showed."""
        self._unread.append(text)

    def knows(self, value: str) -> bool:
        """Whether the user knows a value: from the scenario, the agent, or a tool of their own."""
        if value not in self._known:
            for text in self._unread:
                self._known.update(values_in(text))
            self._unread.clear()
        return value in self._known


def _strange_values(task: Task, messages: Sequence[Message]) -> list[UserSlip]:
    """Values and names that the user had no way to know, and slips of the pen that were not put right in time."""
    values = _Values(task)
    told = [task.scenario.said]
    slips: list[UserSlip] = []
    for place, message in enumerate(messages):
        own = type(message) is ToolMessage and message.requestor == "user"
        if (own or type(message) is AssistantMessage) and message.content:
            values.tell(message.content)
            if own and "_" in message.content:
                values.tell(message.content.replace("_", " "))  # as people say the names of settings
            told.append(message.content)
        elif type(message) is UserMessage and message.content:
            for value in dict.fromkeys(values_in(message.content)):
                if not (values.knows(value) or _spelled(value)):
                    slips.append(_judge(task, messages, place, value, values))
            names = _NAMED.findall(message.content) if has_any(message.content, _NAMING) else []
            heard = " ".join(told).casefold() if names else ""
            for name in names:
                if name.casefold() not in heard:
                    slips.append(UserSlip(UserReason.HALLUCINATED, "critical_hindered", f"the name {name!r}", place))
    return [slip for slip in slips if slip.detail]


def _spelled(value: str) -> bool:
    """Whether a token is a word spelled out: single characters with hyphens between."""
    return bool(re.fullmatch(r"\w(?:-\w)+", value))


def _judge(task: Task, messages: Sequence[Message], place: int, value: str, values: _Values) -> UserSlip:
    if right := values.wrong.get(value):
        if _put_right(task, messages, place, right):
            return UserSlip(UserReason.INCONSISTENT, "minor", "")
        return UserSlip(UserReason.INCONSISTENT, "critical_hindered", f"{value!r} instead of {right!r}", place)
    if value in values.to_be_read:
        return UserSlip(UserReason.LEAKED, "critical_helped", f"{value!r} had to be read", place)
    return UserSlip(UserReason.HALLUCINATED, "critical_hindered", f"{value!r} is nowhere in the scenario", place)


def _put_right(task: Task, messages: Sequence[Message], place: int, value: str) -> bool:
    """Whether the right value was said after the wrong one, and before the next gold write."""
    writes = {action.name for action in _gold_writes(task)}
    for message in messages[place + 1 :]:
        if type(message) is UserMessage and value.casefold() in (message.content or "").casefold():
            return True
        if type(message) is AssistantMessage and any(call.function.name in writes for call in message.tool_calls):
            return False
    return False


def _undisclosed(task: Task, messages: Sequence[Message], *, minor: bool) -> list[UserSlip]:
    """Facts and pieces that were never told. Critical where a gold write was made without what it needs of them.

    Without `minor` nothing is looked for but what is critical.
    """
    made = {
        call.function.name
        for message in messages
        if type(message) is AssistantMessage or type(message) is UserMessage
        for call in message.tool_calls
    }
    done = all(action.name in made for action in _gold_writes(task))
    if not minor and not (done and task.scenario.facts):
        return []
    needed = {str(value).casefold() for action in task.actions or () for value in leaves(action.arguments)}
    pieces = pieces_of(task) if minor else [piece for piece in fact_pieces(task) if _needs(piece, needed)]
    missing = [piece for piece in pieces if piece.part != "greeting"]
    words = _words_told(messages, frozenset().union(*(piece.keys for piece in missing)))
    return [
        UserSlip(
            UserReason.UNDISCLOSED,
            "critical_hindered" if done and _needs(piece, needed) else "minor",
            piece.slot or piece.text,
        )
        for piece in missing
        if not is_heard(piece, words)
    ]


def _words_told(messages: Sequence[Message], wanted: Set[str]) -> set[str]:
    """Those of some words that the user said; a text is taken apart where it may have one that is still wanted."""
    left = set(wanted)
    for message in messages:
        if type(message) is UserMessage and left:
            text = message.content or ""
            if has_any(text.casefold(), left):
                left -= words_of(text)
    return set(wanted) - left


def _gold_writes(task: Task) -> list[Action]:
    """The gold writes, in order."""
    actions = task.actions or ()
    return [actions[index] for index in task.certified_writes]


def _needs(piece: Piece, needed: set[str]) -> bool:
    return piece.part == "fact" and piece.value.casefold() in needed


def _endings(task: Task, messages: Sequence[Message], user_argument: str) -> list[UserSlip]:
    """An end while gold writes had yet to be made, and a no to one of them."""
    left = _gold_writes(task)
    refused: tuple[int, Action] | None = None
    # Whoever is to change their mind says no to the first wish, which may be made of the same things as the last one.
    changes = task.first_wish is not None
    for place, message in enumerate(messages):
        if type(message) is AssistantMessage or (type(message) is UserMessage and message.tool_calls):
            if message.tool_calls and left:
                _take_made(left, message, messages, place)
        elif type(message) is UserMessage and left:
            before = messages[place - 1] if place else None
            asked = (before.content or "") if type(before) is AssistantMessage else ""
            said = message.content or ""
            no = _NO.match(said.casefold()) is not None
            if no and changes:
                changes = False
            elif no:
                refused = next(((place, action) for action in left if _proposes(asked, action, user_argument)), refused)
            elif CLOSING_TOKENS[Signal.STOP] in said and "?" in asked and not _ends(asked, task, messages[:place]):
                name = left[0].name
                return [UserSlip(UserReason.STOPPED_EARLY, "critical_hindered", f"{name} was not made yet", place)]
    if refused is not None and refused[1] in left:
        detail = f"no to {refused[1].name}"
        return [UserSlip(UserReason.WRONG_CONFIRMATION, "critical_hindered", detail, refused[0])]
    return []


def _take_made(
    left: list[Action], message: AssistantMessage | UserMessage, messages: Sequence[Message], place: int
) -> None:
    """Take the gold writes that a message makes out of those that are left."""
    caller = "assistant" if type(message) is AssistantMessage else "user"
    for call in message.tool_calls:
        for action in left:
            if action.name == call.function.name and action.requestor == caller:
                if _succeeded(messages, place, call.id):
                    left.remove(action)
                break


def _proposes(asked: str, action: Action, user_argument: str) -> bool:
    """Whether a question lists at least half of an agent's gold write; who the user is need not be listed."""
    if action.requestor == "user":
        return False
    values = [str(atom).casefold() for path, atom in atoms(action.arguments) if path != user_argument]
    listed = sum(value in asked.casefold() for value in values)
    return bool(asked) and "?" in asked and listed * 2 >= len(values)


def _ends(asked: str, task: Task, before: Sequence[Message]) -> bool:
    """Whether an agent's question is but the one for more wishes, to which nothing is an answer.

    Unless it is the plain question for anything else, it is none to a user who has yet to say what is wanted.
    """
    if _ANYTHING_ELSE.search(asked.casefold()):
        return True
    if not hear(asked).does("close"):
        return False
    said = {word for one in before if type(one) is UserMessage for word in words_of(one.content or "")}
    return all(is_heard(piece, said) for piece in pieces_of(task) if piece.part == "goal")


def _succeeded(messages: Sequence[Message], place: int, call_id: str) -> bool:
    for message in messages[place + 1 :]:
        if type(message) is not ToolMessage:
            return False
        if message.tool_call_id == call_id:
            return not message.error
    return False
