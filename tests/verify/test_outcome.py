"""The benchmark's reward: what is replayed, what is compared, and how the components make one number."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.domain import Domain
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    make_call,
)
from writ_async.core.state import State, World
from writ_async.core.task import Action, EnvAssertion, Scenario, Task, WorldRef
from writ_async.core.tool import ToolError, call_tool, make_tools, read, write
from writ_async.core.trajectory import COMPLETE, Reward, Termination
from writ_async.errors import InputError
from writ_async.verify.judge import JUDGES, AssumeMet, AssumeUnmet, load_judge
from writ_async.verify.outcome import ReplayMismatchError, action_matches, compute_reward, gold_state


@write
def add(state: State, account: str, amount: int) -> str:
    """Add to an account.

    Args:
        account: The account.
        amount: How much.
    """
    balance = state.get("accounts", account)
    if balance is None:
        raise ToolError("no such account")
    state.put("accounts", account, balance + amount)
    return str(balance + amount)


@write
def add_then_refuse(state: State, account: str) -> str:
    """Add one to an account and refuse all the same.

    Args:
        account: The account.
    """
    balance: int = state.get("accounts", account) or 0
    state.put("accounts", account, balance + 1)
    raise ToolError("too late")


@read
def look(state: State, account: str) -> str:
    """Look at an account; a replay that calls this is wrong.

    Args:
        account: The account.
    """
    raise AssertionError("a read was replayed")


WORLD = World("bank", {"accounts": {"a": 1, "b": 2}})
DOMAIN = Domain(
    name="bank",
    policy="",
    tools=make_tools([add, add_then_refuse, look]),
    generate=lambda seed, size: WORLD,
    load=lambda data: WORLD,
    dump=lambda state: {"accounts": dict(state.items("accounts"))},
)
TASK = Task(
    id="1",
    domain="bank",
    kind="benchmark",
    world=WorldRef("bank"),
    scenario=Scenario("to add"),
    actions=(Action("look", {"account": "a"}), Action("add", {"account": "a", "amount": 3})),
    communicate=("1234",),
    nl_assertions=("is polite",),
    reward_basis=("DB",),
)


def called(name: str, arguments: dict[str, Any] | str, content: str, error: bool = False) -> list[Message]:
    call = (
        make_call("c", name, arguments) if isinstance(arguments, dict) else ToolCall("c", FunctionCall(name, arguments))
    )
    return [AssistantMessage(None, (call,)), ToolMessage("c", content, error)]


RIGHT = [
    *called("add", {"account": "a", "amount": 3}, "4"),
    AssistantMessage("You have $1,234 now."),
    UserMessage("bye"),
]


def judged(
    messages: Sequence[Message],
    task: Task = TASK,
    termination: Termination = Termination.USER_STOP,
    ignore_basis: bool = False,
    **changes: Any,
) -> Reward:
    task = msgspec.structs.replace(task, **changes)
    return compute_reward(task, DOMAIN, WORLD, messages, termination, AssumeMet(), ignore_basis=ignore_basis)


def test_the_right_write_earns_the_reward_without_the_gold_reads() -> None:
    reward = judged(RIGHT)
    assert reward.reward == 1.0
    assert reward.breakdown == {"DB": 1.0}
    assert reward.database is not None
    assert reward.database.db_match
    assert [check.action_match for check in reward.actions or ()] == [False, True]
    assert WORLD.tables["accounts"]["a"] == 1


def test_another_outcome_earns_nothing() -> None:
    reward = judged(called("add", {"account": "b", "amount": 3}, "5"))
    assert reward.reward == 0.0
    assert reward.breakdown == {"DB": 0.0}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3)), max_size=6))
def test_playing_the_gold_actions_always_earns_the_reward(steps: list[tuple[str, int]]) -> None:
    actions = tuple(Action("add", {"account": account, "amount": amount}) for account, amount in steps)
    state, messages = State(WORLD), []
    for action in actions:
        account, amount = action.arguments["account"], action.arguments["amount"]
        failed = account == "c"
        messages += called("add", action.arguments, "Error" if failed else add(state, account, amount), failed)
    reward = judged(messages, actions=actions, reward_basis=("DB", "ACTION"))
    assert reward.reward == 1.0
    assert gold_state(msgspec.structs.replace(TASK, actions=actions), DOMAIN, WORLD).digest() == state.digest()


AMOUNT = st.sampled_from((1, 1.0, 2))


@given(st.lists(st.tuples(st.sampled_from("abc"), AMOUNT, AMOUNT), max_size=2), st.permutations(range(2)))
def test_an_outcome_is_right_exactly_where_the_gold_actions_leave_the_same_state(
    steps: list[tuple[str, float, float]], order: list[int]
) -> None:
    state, messages = State(WORLD), []
    for account, amount, _ in steps:
        arguments = {"account": account, "amount": amount}
        result = call_tool(DOMAIN.tools, state, "add", arguments)
        messages += called("add", arguments, result.content, result.error)
    wanted = [steps[place] for place in order if place < len(steps)]
    gold = tuple(Action("add", {"account": account, "amount": amount}) for account, _, amount in wanted)
    reward = judged(messages, actions=gold)
    assert reward.database is not None
    left = gold_state(msgspec.structs.replace(TASK, actions=gold), DOMAIN, WORLD)
    assert reward.database.db_match == (state.digest() == left.digest())


@pytest.mark.parametrize("termination", [reason for reason in Termination if reason not in COMPLETE])
def test_a_conversation_that_its_speakers_did_not_end_earns_nothing_unchecked(termination: Termination) -> None:
    reward = judged([ToolMessage("stray", "")], termination=termination)
    assert reward.reward == 0.0
    assert reward.breakdown is None
    assert reward.database is None
    assert termination.value in reward.note


def test_the_agent_may_end_the_conversation_too() -> None:
    assert judged(RIGHT, termination=Termination.AGENT_STOP).reward == 1.0


def test_a_task_without_criteria_is_always_met() -> None:
    reward = judged([], evaluated=False)
    assert reward.reward == 1.0
    assert reward.note


def test_what_a_failed_write_left_behind_counts() -> None:
    messages = [
        *called("add_then_refuse", {"account": "a"}, "Error: in other words", True),
        *called("add", {"account": "a", "amount": 2}, "4"),
    ]
    assert judged(messages).reward == 1.0


def test_unknown_tools_and_reads_are_not_run_again() -> None:
    messages = [*called("look", {"account": "a"}, "1"), *called("jump", {}, "Error", True), *RIGHT]
    assert judged(messages).reward == 1.0


def test_malformed_arguments_are_a_failed_call() -> None:
    assert judged([*called("add", '{"account"', "Error", True), *RIGHT]).reward == 1.0
    with pytest.raises(ReplayMismatchError, match="malformed"):
        judged(called("add", '{"account"', "4"))


@pytest.mark.parametrize(
    ("messages", "index", "text"),
    [
        (called("add", {"account": "a", "amount": 3}, "5"), 1, "another result"),
        (called("add", {"account": "a", "amount": 3}, "4", True), 1, "succeeds now"),
        (called("add", {"account": "z", "amount": 3}, "4"), 1, "fails now"),
        (RIGHT[:1], 1, "expected the result"),
        ([RIGHT[0], AssistantMessage("well")], 1, "expected the result"),
        ([UserMessage("hi"), RIGHT[0], ToolMessage("other", "4")], 2, "expected the result"),
        ([UserMessage("hi"), RIGHT[1]], 1, "without a call"),
    ],
)
def test_a_record_that_does_not_replay_names_its_message(messages: list[Message], index: int, text: str) -> None:
    with pytest.raises(ReplayMismatchError, match=text) as caught:
        judged(messages)
    assert caught.value.message == index


def test_several_calls_of_one_message_are_answered_in_order() -> None:
    calls = tuple(make_call(f"c{n}", "add", {"account": "a", "amount": n}) for n in (1, 2))
    assert judged([AssistantMessage(None, calls), ToolMessage("c1", "2"), ToolMessage("c2", "4")]).reward == 1.0
    with pytest.raises(ReplayMismatchError):
        judged([AssistantMessage(None, calls), ToolMessage("c2", "4"), ToolMessage("c1", "2")])


def test_a_user_without_tools_changes_nothing() -> None:
    call = make_call("c", "add", {"account": "a", "amount": 9})
    assert judged([UserMessage(None, (call,)), ToolMessage("c", "Error", True, "user"), *RIGHT]).reward == 1.0


def test_gold_actions_that_fail_are_passed_over() -> None:
    bad = (Action("add", {"account": "z", "amount": 1}), Action("nothing", {}), Action("add", {"amount": 1}))
    assert judged(RIGHT, actions=(*bad, *(TASK.actions or ()))).reward == 1.0


def test_the_gold_state_starts_from_the_history_of_the_task() -> None:
    history = tuple(called("add", {"account": "b", "amount": 1}, "3"))
    assert judged([*history, *RIGHT], message_history=history).reward == 1.0
    assert judged(RIGHT, message_history=history).reward == 0.0


def test_a_gold_digest_that_the_task_brings_is_believed() -> None:
    assert judged(RIGHT, gold_digest=gold_state(TASK, DOMAIN, WORLD).digest()).reward == 1.0
    assert judged(RIGHT, gold_digest="0" * 32).reward == 0.0


def test_a_task_that_says_nothing_of_the_environment_has_no_database_check() -> None:
    reward = judged(called("add", {"account": "b", "amount": 1}, "3"), actions=None)
    assert reward.reward == 1.0
    assert reward.database is None
    assert reward.breakdown == {}
    assert judged([], actions=None, env_assertions=()).breakdown == {"DB": 1.0}
    assert judged(RIGHT, actions=None, env_assertions=()).breakdown == {"DB": 0.0}


def test_assertions_on_the_environment_need_a_function_of_the_domain() -> None:
    with pytest.raises(InputError, match="assert_rich"):
        judged(RIGHT, env_assertions=(EnvAssertion("assistant", "assert_rich", {}),))
    reward = judged(RIGHT, env_assertions=(), reward_basis=("DB", "ENV_ASSERTION"))
    assert reward.breakdown == {"DB": 1.0, "ENV_ASSERTION": 1.0}


@pytest.mark.parametrize(
    ("called_with", "compare", "matches"),
    [
        ({"x": 1, "y": [2]}, None, True),
        ({"x": 1}, None, True),
        ({}, None, True),
        ({"x": 1.0, "y": [2.0]}, None, True),
        ({"x": "1", "y": [2]}, None, False),
        ({"x": 1, "y": [2], "z": None}, None, False),
        ({"x": 7, "y": [2]}, ("y",), True),
        ({"x": 1}, ("y",), False),
        ({"x": 1, "y": [2], "z": 3}, ("x", "y"), True),
        ({"x": 1}, ("x", "z"), True),
        ({"x": 7, "w": 8}, (), True),
    ],
)
def test_an_action_matches_by_the_arguments_of_the_call_or_those_named(
    called_with: dict[str, Any], compare: tuple[str, ...] | None, matches: bool
) -> None:
    action = Action("t", {"x": 1, "y": [2]}, compare_args=compare)
    assert action_matches(action, "t", called_with) is matches
    assert not action_matches(action, "u", called_with)


def test_actions_count_by_whomever_and_even_when_they_failed() -> None:
    call = make_call("c", "add", {"account": "a", "amount": 3})
    by_user: list[Message] = [UserMessage(None, (call,)), ToolMessage("c", "Error", True, "user")]
    reward = judged(by_user, actions=(Action("add", {"account": "a", "amount": 3}),), reward_basis=("ACTION",))
    assert reward.breakdown == {"ACTION": 1.0}


@pytest.mark.parametrize(
    ("info", "said", "met"),
    [
        ("1234", "That is 1,234 dollars.", True),
        ("1,234", "That is 1,234 dollars.", False),
        ("YES", "oh yes", True),
        ("4", "14 days", True),
        ("four", "4", False),
    ],
)
def test_information_is_a_substring_of_what_the_agent_said(info: str, said: str, met: bool) -> None:
    reward = judged([AssistantMessage(said), UserMessage(info)], communicate=(info,), reward_basis=("COMMUNICATE",))
    assert reward.reward == float(met)
    assert [check.met for check in reward.communicate or ()] == [met]


def test_text_beside_tool_calls_is_said_too_but_blank_text_is_not() -> None:
    call = make_call("c", "look", {"account": "a"})
    messages: list[Message] = [AssistantMessage("1234", (call,)), ToolMessage("c", "1")]
    assert judged(messages, reward_basis=("COMMUNICATE",)).reward == 1.0
    assert judged([AssistantMessage("  ")], communicate=(" ",), reward_basis=("COMMUNICATE",)).reward == 0.0


def test_the_judge_counts_only_where_the_basis_asks_for_it() -> None:
    task = msgspec.structs.replace(TASK, reward_basis=("DB", "NL_ASSERTION"))

    def by(judge: AssumeMet | AssumeUnmet, **more: Any) -> Reward:
        return compute_reward(task, DOMAIN, WORLD, RIGHT, Termination.USER_STOP, judge, **more)

    assert by(AssumeMet()).breakdown == {"DB": 1.0, "NL_ASSERTION": 1.0}
    assert by(AssumeUnmet()).reward == 0.0
    assert by(AssumeUnmet(), ignore_basis=True).nl_assertions is None
    assert judged(RIGHT).nl_assertions is None


def test_a_judge_must_answer_every_assertion() -> None:
    class Silent:
        def judge(self, assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[bool]:
            return []

    task = msgspec.structs.replace(TASK, reward_basis=("NL_ASSERTION",))
    with pytest.raises(ValueError, match="0 answers to 1"):
        compute_reward(task, DOMAIN, WORLD, RIGHT, Termination.USER_STOP, Silent())
    none_asked = msgspec.structs.replace(task, nl_assertions=None)
    assert compute_reward(none_asked, DOMAIN, WORLD, RIGHT, Termination.USER_STOP, Silent()).nl_assertions == ()


def test_ignoring_the_basis_adds_actions_and_information() -> None:
    reward = judged(RIGHT, ignore_basis=True)
    assert reward.breakdown == {"DB": 1.0, "ACTION": 0.0, "COMMUNICATE": 1.0}
    assert reward.reward == 0.0


def test_judges_have_names() -> None:
    assert [load_judge(name).judge(["x"], [])[0] for name in JUDGES] == [True, False]
    with pytest.raises(InputError, match="assume-met"):
        load_judge("oracle")
