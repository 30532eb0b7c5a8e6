"""What became of each wish: what was written that was not to be, and what was refused though it is allowed.

A write that is none of the gold ones is held against what a careless agent would come to: another wish of the request,
whose condition does not hold; what the policy forbids; what the customer has taken back. A wish that was not met though
it could be was refused where the agent's last words say no. All rests on the task's goals, decided in the state of that
moment, and on what the agent's words do (`language.hearing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from writ_async.behaviour.pieces import sentences_of
from writ_async.conversation.calls import ExecutedCall, call_key, executed_calls
from writ_async.core.acting import open_state
from writ_async.core.domain import Domain
from writ_async.core.goal import Ambiguous, Branch, Decision, GoalRules, NothingFits, branches_of, decide_goal
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage
from writ_async.core.state import State, World
from writ_async.core.task import Action, Goal, Task
from writ_async.core.trajectory import Finding, Reward
from writ_async.language.hearing import hear
from writ_async.verify.confirming.reply import read_reply
from writ_async.verify.evidence import make_again, match_gold, user_writes
from writ_async.verify.provenance import atoms
from writ_async.verify.reasons import Reason

T = TypeVar("T")

_ALIKE = 0.5
"""How much a write has in common with another at least that it may stand for."""
_QUOTED = 200


def wish_findings(
    task: Task,
    messages: Sequence[Message],
    domain: Domain,
    world: World,
    reward: Reward,
    calls: Sequence[ExecutedCall] | None = None,
) -> list[Finding]:
    """The writes that answer a wish that was not to be met, and the refusal of one that was.

    Nothing is decided where every gold write was made, no other was tried, and all was said. A benchmark's tasks and
    those without goals have none. `calls` are those of the messages, where they are known.
    """
    if task.kind == "benchmark" or not task.goals or domain.goals is None:
        return []
    calls = executed_calls(messages, domain.tools) if calls is None else calls
    handed_over = any(call.call.function.name == domain.hand_over_tool for call in calls)
    calls = [one for one in calls if one.kind == "write" and one.arguments is not None]
    actions = task.actions or ()
    gold = [action for action in actions if action.requestor == "assistant" and domain.writes(action)]
    known = {call_key(action.name, action.arguments) for action in gold}
    done = {*match_gold(actions, [call for call in calls if call.succeeded], domain).values()}
    by_user = user_writes(messages, domain)
    done |= {*match_gold(actions, [call for call in by_user if call.succeeded], domain, "user").values()}
    unsaid = any(not check.met for check in reward.communicate or ())
    left = [
        goal for goal in task.goals if any(write not in done for write in goal.writes) or (unsaid and not goal.writes)
    ]
    strays = [call for call in calls if call_key(call.call.function.name, call.arguments or {}) not in known]
    if strays:
        known = {_key(action.name, action.arguments) for action in gold}
        strays = [call for call in strays if _key(call.call.function.name, call.arguments or {}) not in known]
    if not (left or strays):
        return []
    state = open_state(task.initial, domain, world)
    found: list[Finding] = []
    for call in calls:
        while by_user and by_user[-1].message < call.message:
            make_again(by_user.pop(), domain, state, "user")
        if call in strays and (finding := _judge_stray(call, state, task, gold, domain.goals, messages)) is not None:
            found.append(finding)
        make_again(call, domain, state)
    while by_user:
        make_again(by_user.pop(), domain, state, "user")
    ended = reward.breakdown is not None
    if ended and not (task.proof is not None and task.proof.refused) and not handed_over:
        start = open_state(task.initial, domain, world)
        found += _wrong_refusals(left, state, start, task, domain.goals, messages, calls)
    return found


def _judge_stray(
    call: ExecutedCall, state: State, task: Task, gold: Sequence[Action], rules: GoalRules, messages: Sequence[Message]
) -> Finding | None:
    """What a write that is no gold one answers, in the state before it; None where no wish leads to it."""
    name = call.call.function.name

    def finding(reason: Reason, why: str) -> Finding:
        return Finding(reason, f"{name}: {why}", call.message, call.number)

    first = task.first_wish
    if first is not None and call.succeeded and _stands_for(call, first.action, gold):
        return finding(Reason.FIRST_WISH_WRITTEN, "the customer wants something else in the end")
    for goal in task.goals:
        for branch in _ask(partial(_branches, rules, goal), state) or ():
            if branch.why and any(_stands_for(call, write, gold) for write in branch.writes):
                return finding(Reason.CONDITION_IGNORED, branch.why)
    for goal in task.goals if call.succeeded else ():
        decision = _decide(rules, state, goal)
        if decision is None or not decision.refused:
            continue
        if not gold or any(_stands_for(call, write, gold) for write in decision.writes):
            return finding(Reason.GAVE_IN, f"{decision.refused}{_after_refusal(messages[: call.message])}")
    return None


def _decide(rules: GoalRules, state: State, goal: Goal) -> Decision | None:
    return _ask(partial(_decision, rules, goal), state)


def _decision(rules: GoalRules, goal: Goal, state: State) -> Decision:
    return decide_goal(rules, state, goal)[1]


def _branches(rules: GoalRules, goal: Goal, state: State) -> list[Branch]:
    return branches_of(rules, state, goal)


def _ask(question: Callable[[State], T], state: State) -> T | None:
    """What is asked of a state; None where nothing or too much fits, or where the agent has written nonsense into it.

    Tools take values of other types than declared, as the benchmark's do, and no objective knows those. One that fails
    in the world as it was is wrong itself: what it raises is raised.
    """
    try:
        return question(state)
    except (NothingFits, Ambiguous):
        return None
    except Exception:
        with suppress(NothingFits, Ambiguous):
            question(State(state.world))
        return None


def _after_refusal(before: Sequence[Message]) -> str:
    """Where the agent had refused what it then did, in words; empty where it had not."""
    place = next(
        (place for place, one in enumerate(before) if isinstance(one, AssistantMessage) and _refusal_in(one)), None
    )
    return "" if place is None else f"; it was refused in message {place}"


def _key(name: str, arguments: Mapping[str, Any]) -> bytes:
    """The same for calls that differ in the order of lists alone."""
    return call_key(name, {"atoms": sorted(str(value) for _, value in atoms(dict(arguments)))})


def _stands_for(call: ExecutedCall, wanted: Action, gold: Sequence[Action]) -> bool:
    """Whether a call is made for another write than the gold ones: its tool, and more in common than with any."""
    name, arguments = call.call.function.name, call.arguments or {}
    if name != wanted.name:
        return False
    likeness = _likeness(arguments, wanted.arguments)
    return likeness >= _ALIKE and all(
        likeness > _likeness(arguments, right.arguments) for right in gold if right.name == name
    )


def _likeness(mine: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The share of atoms that two calls have in common, from 0 to 1."""
    bags = [Counter(str(value) for _, value in atoms(dict(one))) for one in (mine, other)]
    return 2 * (bags[0] & bags[1]).total() / max(1, bags[0].total() + bags[1].total())


def _wrong_refusals(
    left: Sequence[Goal],
    state: State,
    start: State,
    task: Task,
    rules: GoalRules,
    messages: Sequence[Message],
    calls: Sequence[ExecutedCall],
) -> list[Finding]:
    """The refusal with which an agent ended, where a wish is left that could still be met.

    `state` is the last one, `start` the one that the conversation began in.
    """
    place, said = _last_refusal(messages, max((call.message for call in calls), default=-1))
    if place < 0 or (task.first_wish is None and _is_dropped(messages[:place])):
        return []
    for goal in left:
        # An earlier write may have changed what the customer is found by; then it counts what was so before.
        decision = _decide(rules, state, goal) or _decide(rules, start, goal)
        if decision is not None and not decision.refused:
            what = decision.writes[0].name if decision.writes else f"telling {', '.join(decision.told)}"
            return [Finding(Reason.WRONG_REFUSAL, f"{said[:_QUOTED]!r}: {what} is allowed", place)]
    return []


def _last_refusal(messages: Sequence[Message], written: int) -> tuple[int, str]:
    """The agent's last message but for farewells, and its sentence that refuses; -1 where it does not, or wrote after.

    `written` is the message of the last write. Words that report on it say what cannot be done after it.
    """
    for place in range(len(messages) - 1, written, -1):
        message = messages[place]
        if not isinstance(message, AssistantMessage) or not (message.content or "").strip():
            continue
        heard = hear(message.content or "")
        if said := _refusal_in(message):
            reports = place == written + 2 and isinstance(messages[place - 1], ToolMessage) and heard.does("report")
            return (-1, "") if reports else (place, said)
        if not heard.acts <= {"close", "courtesy"}:
            break
    return -1, ""


def _refusal_in(message: AssistantMessage) -> str:
    """The first sentence of a message that refuses something, or an empty text."""
    text = message.content or ""
    if not hear(text).does("refuse"):
        return ""
    return next((one for one in sentences_of(text) if hear(one).does("refuse")), text)


def _is_dropped(before: Sequence[Message]) -> bool:
    """Whether the customer has just answered the question for a yes with a no."""
    asked, answered = before[-2:] if len(before) > 1 else (None, None)
    return (
        isinstance(asked, AssistantMessage)
        and isinstance(answered, UserMessage)
        and hear(asked.content or "").does("confirm")
        and read_reply(answered.content or "").meaning in ("denies", "holds")
    )
