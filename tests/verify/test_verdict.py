"""The strict verdict against hand-made conversations: the gold one is kept, each kind of fault is found by name."""

from typing import Any

import msgspec
import pytest

from tests.support.talks import confirmed, replayed
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    make_call,
)
from writ_async.core.state import State
from writ_async.core.task import WITHOUT_WRITE, Scenario, Task
from writ_async.core.trajectory import Signal, Termination, Trajectory
from writ_async.synthesis import gold_messages
from writ_async.verify.verdict import Reason, judge_trajectory


def trajectory(task: Task, messages: list[Message], **changes: Any) -> Trajectory:
    closing: list[Message] = [
        AssistantMessage(
            " ".join(["That is all." if task.kind in WITHOUT_WRITE else "All done.", *(task.communicate or ())])
        ),
        UserMessage("###STOP###"),
    ]
    row = Trajectory(
        id=f"{task.id}#0", task_id=task.id, domain=task.domain, kind=task.kind, trial=0, seed=0,
        messages=(*messages, *closing), termination=Termination.USER_STOP, signal=Signal.STOP,
    )  # fmt: skip
    return msgspec.structs.replace(row, **changes)


def reasons(task: Task, messages: list[Message], retail_environment: Environment, **changes: Any) -> set[str]:
    messages = confirmed(messages, retail_environment.domain)
    verdict = judge_trajectory(
        task, trajectory(task, messages, **changes), retail_environment.domain, retail_environment.world
    )
    assert verdict.kept == (not verdict.findings)
    return {finding.reason for finding in verdict.findings}


@pytest.fixture
def places(retail_environment: Environment, airline_environment: Environment) -> dict[str, Environment]:
    return {"retail": retail_environment, "airline": airline_environment}


def blocks(messages: list[Message]) -> list[list[Message]]:
    """The user's message, then each call with its result."""
    return [messages[:1], *(messages[i : i + 2] for i in range(1, len(messages), 2))]


def is_write(block: list[Message], domain: Domain) -> bool:
    head = block[0]
    return isinstance(head, AssistantMessage) and domain.tools[head.tool_calls[0].function.name].kind == "write"


def test_the_gold_conversation_of_every_task_is_kept(tasks: list[Task], places: dict[str, Environment]) -> None:
    for task in tasks:
        retail_environment = places[task.domain]
        assert (
            reasons(
                task,
                gold_messages(task, retail_environment.domain, State(retail_environment.world)),
                retail_environment,
            )
            == set()
        )


def test_leaving_out_any_cell_of_a_certificate_is_missing_evidence(
    tasks: list[Task], places: dict[str, Environment]
) -> None:
    for task in tasks:
        retail_environment = places[task.domain]
        gold = blocks(gold_messages(task, retail_environment.domain, State(retail_environment.world)))
        actions = task.actions or ()
        for certificate in task.certificates:
            for cell in certificate.cells:
                kept = [
                    block
                    for number, block in enumerate(gold)
                    if number == 0
                    or (actions[number - 1].name, actions[number - 1].arguments) != (cell.name, cell.arguments)
                ]
                messages = replayed([message for block in kept for message in block], retail_environment)
                assert Reason.MISSING_EVIDENCE in reasons(task, messages, retail_environment)


def that_write(tasks: list[Task], places: dict[str, Environment]) -> list[Task]:
    """The tasks whose gold writes something: some only ask."""
    return [
        task
        for task in tasks
        if any(places[task.domain].domain.tools[action.name].kind == "write" for action in task.actions or ())
    ]


def test_a_write_before_everything_else_is_found(tasks: list[Task], places: dict[str, Environment]) -> None:
    for task in that_write(tasks, places):
        retail_environment = places[task.domain]
        gold = blocks(gold_messages(task, retail_environment.domain, State(retail_environment.world)))
        first = next(block for block in gold if is_write(block, retail_environment.domain))
        order = [gold[0], first, *(block for block in gold[1:] if block is not first)]
        messages = replayed([message for block in order for message in block], retail_environment)
        assert Reason.MISSING_EVIDENCE in reasons(task, messages, retail_environment)


def test_a_write_that_is_left_out_is_a_wrong_outcome(tasks: list[Task], places: dict[str, Environment]) -> None:
    for task in that_write(tasks, places):
        retail_environment = places[task.domain]
        gold = blocks(gold_messages(task, retail_environment.domain, State(retail_environment.world)))
        last = max(number for number, block in enumerate(gold) if is_write(block, retail_environment.domain))
        messages = replayed(
            [m for number, block in enumerate(gold) if number != last for m in block], retail_environment
        )
        assert Reason.WRONG_OUTCOME in reasons(task, messages, retail_environment)


def test_a_repeated_write_is_surplus_or_refused(tasks: list[Task], places: dict[str, Environment]) -> None:
    for task in that_write(tasks, places):
        retail_environment = places[task.domain]
        gold = blocks(gold_messages(task, retail_environment.domain, State(retail_environment.world)))
        write = [block for block in gold if is_write(block, retail_environment.domain)][-1]
        head = write[0]
        assert isinstance(head, AssistantMessage)
        again = AssistantMessage(None, (ToolCall("again", head.tool_calls[0].function),))
        messages = [m for block in gold for m in block] + [again, ToolMessage("again", "")]
        found = reasons(task, replayed(messages, retail_environment), retail_environment)
        assert found & {Reason.SURPLUS_WRITE, Reason.FAILED_WRITE}


def test_a_malformed_write_is_a_failed_write_and_a_malformed_read_is_not(
    tasks: list[Task], places: dict[str, Environment]
) -> None:
    task = tasks[0]
    retail_environment = places[task.domain]
    gold = gold_messages(task, retail_environment.domain, State(retail_environment.world))
    write = next(name for name, tool in retail_environment.domain.tools.items() if tool.kind == "write")
    for name, expected in (
        (write, {Reason.FAILED_WRITE}),
        ("get_user_details", set[str]()),
        ("no_such_tool", set[str]()),
    ):
        broken = AssistantMessage(None, (ToolCall("broken", FunctionCall(name, '{"a": ')),))
        messages = replayed([*gold, broken, ToolMessage("broken", "")], retail_environment)
        assert reasons(task, messages, retail_environment) == expected


def test_an_argument_that_nobody_said_or_showed_is_found(retail_environment: Environment) -> None:
    user = next(iter(retail_environment.world.tables["users"]))
    place = {"address1": "9 Quay", "address2": "", "city": "Bath", "state": "ME", "country": "USA", "zip": "04530"}
    write = make_call("w", "modify_user_address", {"user_id": user, **place})
    task = Task(
        id="x",
        domain="retail",
        kind="normal",
        world=retail_environment.ref,
        scenario=Scenario("You want to move."),
        actions=None,
    )
    said = f"I am {user}, my new address is 9 Quay, Bath, ME, USA"
    messages = replayed([UserMessage(said), AssistantMessage(None, (write,)), ToolMessage("w", "")], retail_environment)
    verdict = judge_trajectory(task, trajectory(task, messages), retail_environment.domain, retail_environment.world)
    unseen = [finding.detail for finding in verdict.findings if finding.reason == Reason.UNSEEN_ARGUMENT]
    assert unseen == ["modify_user_address: zip='04530'"]


@pytest.mark.parametrize(
    "changes",
    [
        {"termination": Termination.MAX_STEPS, "signal": None},
        {"termination": Termination.TOO_MANY_ERRORS, "signal": None},
        {"signal": Signal.OUT_OF_SCOPE},
        {"signal": Signal.TRANSFER},
    ],
)
def test_an_ending_that_is_no_ending_is_incomplete(
    tasks: list[Task], places: dict[str, Environment], changes: dict[str, object]
) -> None:
    task = tasks[0]
    retail_environment = places[task.domain]
    messages = gold_messages(task, retail_environment.domain, State(retail_environment.world))
    assert Reason.INCOMPLETE in reasons(task, messages, retail_environment, **changes)


def test_an_agent_that_says_nothing_after_its_last_call_is_incomplete(
    tasks: list[Task], places: dict[str, Environment]
) -> None:
    task = tasks[0]
    retail_environment = places[task.domain]
    messages = gold_messages(task, retail_environment.domain, State(retail_environment.world))
    row = msgspec.structs.replace(trajectory(task, []), messages=(*messages, UserMessage("###STOP###")))
    verdict = judge_trajectory(task, row, retail_environment.domain, retail_environment.world)
    assert Reason.INCOMPLETE in {finding.reason for finding in verdict.findings}
