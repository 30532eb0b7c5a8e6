"""The reward of τ²-bench on our own types: is the outcome right, by the rules that a task brings along.

A conversation is replayed on a fresh state, so nothing that a row claims about its database is believed. Only write
calls are run again: reads cannot change the outcome. Cost: the tools' own work plus O(messages); no world is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from writ_async.conversation.calls import CallStep, ExecutedCall, walk_calls
from writ_async.core.acting import act, apply, is_met, open_state
from writ_async.core.domain import Domain
from writ_async.core.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    Requestor,
    ToolCall,
    ToolMessage,
    parse_arguments,
)
from writ_async.core.state import State, World
from writ_async.core.task import Action, EnvAssertion, Task
from writ_async.core.tool import apply_tool
from writ_async.core.trajectory import COMPLETE, ActionCheck, DatabaseCheck, Reward, Termination, TextCheck
from writ_async.errors import WritError
from writ_async.language.said_values import says
from writ_async.verify.judge import Judge, Ruling

_pack = msgspec.msgpack.Encoder().encode


class ReplayMismatchError(WritError):
    """A recorded conversation is not what the tools do. `message` is the index of the message that does not fit."""

    def __init__(self, message: int, text: str) -> None:
        super().__init__(f"message {message}: {text}")
        self.message = message


def exchanges(
    messages: Sequence[Message], steps: Sequence[CallStep] | None = None
) -> Iterator[tuple[CallStep, ToolCall, ToolMessage]]:
    """The tool calls of a conversation in order, each with its step and its result; `steps` where they are known.

    Raises `ReplayMismatchError` when a call has no result right after its message, or a result has no call.
    """
    for step in walk_calls(messages) if steps is None else steps:
        call, result = step.call, step.result
        if call is None:
            answered = result.tool_call_id if result is not None else ""
            raise ReplayMismatchError(step.place, f"a tool result without a call ({answered!r})")
        if result is None or result.tool_call_id != call.id:
            raise ReplayMismatchError(step.place, f"expected the result of the tool call {call.id!r}")
        yield step, call, result


States = dict[tuple[int, int], State]
"""The states before the agent's writes, by the message of each and its place in it."""
Given = Mapping[tuple[int, int], dict[str, Any] | None]
"""The arguments of calls that somebody has read, by the message of each and its place in it; None of malformed ones."""
Made = tuple[Requestor, str, dict[str, Any]]
"""A write that was made: by whom, with which tool, on which arguments."""


def replay(
    domain: Domain,
    state: State,
    messages: Sequence[Message],
    *,
    texts: bool = True,
    before: States | None = None,
    steps: Sequence[CallStep] | None = None,
    given: Given | None = None,
) -> list[Made]:
    """Run the write calls of a conversation on a state, failed ones too, since they may leave something behind.

    A call that succeeded must succeed again with the same text, one that failed must fail. The text of an error is
    not compared: it may stem from another program; without `texts` that is true of every result. `before` takes in the
    state before each write of the agent; `steps` are the calls of the messages and `given` arguments of calls, where
    they are known. Gives the writes that were run, in order. Raises `ReplayMismatchError`.
    """
    made: list[Made] = []
    for step, call, recorded in exchanges(messages, steps):
        name = call.function.name
        requestor: Requestor = "user" if step.by_user else "assistant"
        tool = domain.tools_of(requestor).get(name)
        if tool is None or tool.kind != "write":
            continue
        place = (step.message, step.number)
        if before is not None and not step.by_user:
            before[place] = state.fork()
        arguments = _arguments_of(call, place, given)
        if arguments is None:
            if not recorded.error:
                raise ReplayMismatchError(step.place, f"{name} cannot succeed on malformed arguments")
            continue
        made.append((requestor, name, arguments))
        result = act(domain, state, name, arguments, requestor)
        if result.error != recorded.error:
            now, then = ("fails", "succeeded") if result.error else ("succeeds", "failed")
            raise ReplayMismatchError(step.place, f"{name} {now} now, but the record says that it {then}")
        if texts and not result.error and result.content != recorded.content:
            raise ReplayMismatchError(step.place, f"{name} now returns another result than the recorded one")
    return made


def _arguments_of(call: ToolCall, place: tuple[int, int], given: Given | None) -> dict[str, Any] | None:
    """The arguments of a call at a place, None of a malformed one."""
    if given is not None and place in given:
        return given[place]
    try:
        return parse_arguments(call.function.arguments)
    except MalformedArgumentsError:
        return None


def gold_state(task: Task, domain: Domain, world: World) -> State:
    """The state that the gold actions leave; an action that fails is passed over, as some benchmark tasks need.

    τ²-bench's evaluator makes a task's gold calls without what they bring about for the other side, and so its tasks
    are judged. Raises `ReplayMismatchError` when the conversation that a task starts from does not replay.
    """
    state = open_state(task.initial, domain, world)
    replay(domain, state, task.message_history)
    for action in task.actions or ():
        if not domain.writes(action):
            continue
        if task.kind == "benchmark":
            apply_tool(domain.tools_of(action.requestor), state, action.name, action.arguments)
        else:
            apply(domain, state, action.name, action.arguments, action.requestor)
    return state


def action_matches(action: Action, name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a call counts as a gold action.

    Compared are the arguments in `compare_args`, or else those of the call: a call that leaves arguments out still
    matches, one that adds some does not. Equality is Python's, so 2 equals 2.0 but not "2".
    """
    if name != action.name:
        return False
    gold = action.arguments
    if action.compare_args is None:
        return arguments.items() <= gold.items()
    return all(
        (key in gold) == (key in arguments) and gold.get(key) == arguments.get(key) for key in action.compare_args
    )


def check_actions(
    actions: Sequence[Action], steps: Sequence[CallStep], given: Given | None = None
) -> tuple[ActionCheck, ...]:
    """For each gold action, whether any call of the conversation matches it: by whomever, in any order, even failed.

    `steps` are the calls of the conversation, `given` the arguments of those that somebody has read.
    """
    calls: dict[str, list[dict[str, Any]]] = {action.name: [] for action in actions}
    for step in steps if calls else ():
        call = step.call
        if call is None or call.function.name not in calls:
            continue
        arguments = _arguments_of(call, (step.message, step.number), given)
        if arguments is not None:
            calls[call.function.name].append(arguments)
    return tuple([ActionCheck(action.name, _is_made(action, calls[action.name])) for action in actions])


def _is_made(action: Action, calls: Sequence[Mapping[str, Any]]) -> bool:
    return action.arguments in calls or any(action_matches(action, action.name, given) for given in calls)


def check_communicate(infos: Sequence[str], messages: Sequence[Message]) -> tuple[TextCheck, ...]:
    """For each piece of information, whether an agent's message has it as a substring.

    Case is ignored, and so are commas in the message, so that "1,234" counts as "1234".
    """
    said = [
        message.content.lower().replace(",", "")
        for message in messages
        if type(message) is AssistantMessage and message.content and not message.content.isspace()
    ]
    return tuple(TextCheck(info, any(info.lower() in text for text in said)) for info in infos)


def check_values(values: Sequence[str], messages: Sequence[Message]) -> tuple[TextCheck, ...]:
    """For each value, whether an agent's message says it, in whatever form: a number is no other one's digits."""
    said = [message.content for message in messages if type(message) is AssistantMessage and message.content]
    return tuple(TextCheck(value, any(says(value, text) for text in said)) for value in values)


def check_assertions(assertions: Sequence[str], messages: Sequence[Message], judge: Judge) -> tuple[TextCheck, ...]:
    """What the judge says of each assertion. Raises `ValueError` when it does not answer each of them once."""
    answers = judge.judge(assertions, messages) if assertions else ()
    if len(answers) != len(assertions):
        raise ValueError(f"the judge gave {len(answers)} answers to {len(assertions)} assertions")
    rulings = [answer if isinstance(answer, Ruling) else Ruling(bool(answer)) for answer in answers]
    return tuple(TextCheck(text, ruling.met, ruling.why) for text, ruling in zip(assertions, rulings, strict=True))


def _check_environment(
    task: Task,
    domain: Domain,
    world: World,
    messages: Sequence[Message],
    texts: bool,
    before: States | None,
    steps: Sequence[CallStep],
    given: Given,
) -> tuple[DatabaseCheck, tuple[TextCheck, ...]] | None:
    """Replay, compare, and ask what has to hold in the end; None when a task says nothing about the environment."""
    if task.actions is None and task.env_assertions is None:
        return None
    state = open_state(task.initial, domain, world)
    made = replay(domain, state, messages, texts=texts, before=before, steps=steps, given=given)
    if not task.gold_digest and _are_gold(made, task, domain):
        match = True
    else:
        match = state.digest() == (task.gold_digest or gold_state(task, domain, world).digest())
    assertions = tuple(TextCheck(_told(one), is_met(domain, state, one)) for one in task.env_assertions or ())
    return DatabaseCheck(match, float(match)), assertions


def _are_gold(made: Sequence[Made], task: Task, domain: Domain) -> bool:
    """Whether writes are the very gold ones, so that both leave the same state: what a tool does depends on no more.

    The very ones are of the same values in the same order, of the same types: 2 and 2.0 are equal, and two entities.
    """
    if task.message_history or (task.kind == "benchmark" and domain.after_call is not None):
        return False
    gold = [(one.requestor, one.name, one.arguments) for one in task.actions or () if domain.writes(one)]
    return made == gold and _pack(made) == _pack(gold)


def _told(assertion: EnvAssertion) -> str:
    """An assertion as one line: the call, and the answer where that is to be no."""
    given = ", ".join(f"{key}={value!r}" for key, value in assertion.arguments.items())
    wanted = "" if assertion.assert_value else " is false"
    return f"{assertion.func_name}({given}){wanted}"


def _all_met(checks: Sequence[TextCheck]) -> float:
    return float(all(check.met for check in checks))


def compute_reward(
    task: Task,
    domain: Domain,
    world: World,
    messages: Sequence[Message],
    termination: Termination,
    judge: Judge,
    *,
    ignore_basis: bool = False,
    texts: bool = True,
    before: States | None = None,
    steps: Sequence[CallStep] | None = None,
    calls: Sequence[ExecutedCall] = (),
) -> Reward:
    """The reward of one finished conversation: the product of the components in the task's `reward_basis`.

    `messages` is the whole conversation without system prompts, a task's `message_history` included. `world` is the
    one that the task was made in, and the task's `gold_digest` is believed when it is there. A conversation that its
    speakers did not end gets 0, unchecked; a task without criteria gives 1. With `ignore_basis` the actions and the
    communicated information always count, and assertions in plain language never. Without `texts` the results of a
    record may be those of another program, and only whether its calls succeeded is held against the world. `before`
    takes in the state before each write of the agent, where the conversation is replayed. `steps` and `calls` are
    those of the messages, where somebody has walked through them.

    Raises `ReplayMismatchError` when the conversation does not replay, and `InputError` when the task names an
    assertion function that the domain does not have.
    """
    if termination not in COMPLETE:
        return Reward(reward=0.0, note=f"not judged, for its speakers did not end it: {termination.value}")
    if not task.evaluated:
        return Reward(reward=1.0, note="the task has no criteria")
    basis = frozenset(task.reward_basis)
    steps = walk_calls(messages) if steps is None else steps
    given = {(call.message, call.number): call.arguments for call in calls}
    environment = _check_environment(task, domain, world, messages, texts, before, steps, given)
    database, holds = environment if environment is not None else (None, None)
    actions = check_actions(task.actions or (), steps, given)
    check = check_communicate if task.kind == "benchmark" else check_values
    communicate = check(task.communicate or (), messages)
    assertions: tuple[TextCheck, ...] | None = None
    breakdown: dict[str, float] = {}
    if database is not None:
        if "DB" in basis:
            breakdown["DB"] = database.db_reward
        if "ENV_ASSERTION" in basis:
            breakdown["ENV_ASSERTION"] = _all_met(holds or ())
    if "ACTION" in basis or ignore_basis:
        breakdown["ACTION"] = float(all(check.action_match for check in actions))
    if "NL_ASSERTION" in basis and not ignore_basis:
        assertions = check_assertions(task.nl_assertions or (), messages, judge)
        breakdown["NL_ASSERTION"] = _all_met(assertions)
    if "COMMUNICATE" in basis or ignore_basis:
        breakdown["COMMUNICATE"] = _all_met(communicate)
    return Reward(
        reward=float(all(breakdown.values())),
        breakdown=breakdown,
        database=database,
        actions=actions or None,
        communicate=communicate or None,
        nl_assertions=assertions,
        env_assertions=holds,
    )
