"""What each write rested on: the labels, cell by cell, on conversations whose faults are known."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.talks import confirmed, gold, is_write, replayed
from writ_async.conversation.calls import executed_calls
from writ_async.core.environment import Environment
from writ_async.core.evidence_rules import EvidenceRules
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.state import State
from writ_async.core.task import Action, Cell, Certificate, Scenario, Task
from writ_async.core.tool import call_tool
from writ_async.core.trajectory import WriteEvidence
from writ_async.verify.evidence import match_gold, row_label, write_evidence

Places = dict[str, Environment]


@pytest.fixture
def places(retail_environment: Environment, airline_environment: Environment) -> Places:
    return {"retail": retail_environment, "airline": airline_environment}


def judged(
    task: Task, messages: list[Message], retail_environment: Environment, *, standing: bool = False
) -> list[WriteEvidence]:
    """What the writes rest on; of what the policy always asks for only with `standing`, which is tested by itself."""
    domain = retail_environment.domain
    messages = confirmed(replayed(messages, retail_environment), domain)
    held = domain if standing else msgspec.structs.replace(domain, evidence=EvidenceRules())
    return list(write_evidence(task, messages, held, retail_environment.world))


def test_every_write_of_a_gold_conversation_is_evidence_complete(tasks: list[Task], places: Places) -> None:
    for task in tasks:
        writes = judged(task, gold(task, places[task.domain]), places[task.domain], standing=True)
        assert {write.label for write in writes} <= {"evidence_complete"}
        assert all(not (write.unseen or write.missing or write.stale) for write in writes)
        assert all(not (write.unconfirmed or write.breach) for write in writes), writes


def test_a_write_without_one_of_its_cells_is_lucky_or_blind(tasks: list[Task], places: Places) -> None:
    labels: set[str] = set()
    for task in tasks:
        retail_environment = places[task.domain]
        messages = gold(task, retail_environment)
        for certificate in task.certificates:
            cell = certificate.cells[-1]
            wanted = make_call("x", cell.name, cell.arguments).function
            out: list[Message] = []
            for message in messages:
                skipped = isinstance(message, AssistantMessage) and message.tool_calls[0].function == wanted
                if skipped:
                    continue
                out.append(message)
            answered = {call.id for m in out if isinstance(m, AssistantMessage) for call in m.tool_calls}
            out = [m for m in out if not isinstance(m, ToolMessage) or m.tool_call_id in answered]
            if len(out) == len(messages):
                continue
            writes = judged(task, out, retail_environment)
            label = row_label(writes)
            assert label in ("lucky", "blind")
            labels.add(label)
            assert any(write.missing for write in writes)
    assert labels == {"lucky", "blind"}


def test_a_read_in_the_same_message_as_the_write_comes_too_late(retail_environment: Environment) -> None:
    task, talk = address_task(retail_environment)
    user, read, _, write, _ = talk
    assert isinstance(read, AssistantMessage)
    assert isinstance(write, AssistantMessage)
    together = AssistantMessage(None, read.tool_calls + write.tool_calls)
    results: list[Message] = [ToolMessage("r", ""), ToolMessage("w", "")]
    (found,) = judged(task, [user, together, *results], retail_environment)
    assert (found.label, len(found.missing)) == ("lucky", 1)
    (fine,) = judged(task, talk, retail_environment)
    assert fine.label == "evidence_complete"


def address_task(retail_environment: Environment, *, again: bool = False) -> tuple[Task, list[Message]]:
    """A user moves, after the profile was read; with `again` twice, the second time to the first new place's zip."""
    user = next(iter(retail_environment.world.tables["users"]))
    place = {"address1": "9 Quay", "address2": "", "city": "Bath", "state": "ME", "country": "USA", "zip": "04530"}
    arguments = {"user_id": user, **place}
    read = Action("get_user_details", {"user_id": user})
    write = Action("modify_user_address", arguments)
    later = Action("modify_user_address", {**arguments, "address1": "10 Quay"})
    actions = (read, write, read, later) if again else (read, write)
    cell = Cell("get_user_details", {"user_id": user})
    task = Task(
        id="move",
        domain="retail",
        kind="normal",
        world=retail_environment.ref,
        scenario=Scenario("You move."),
        actions=actions,
        certificates=tuple(Certificate(i, (cell,)) for i, action in enumerate(actions) if action.name != read.name),
    )
    said = UserMessage(f"I am {user} and move to 9 Quay, or 10 Quay, Bath, ME, USA, 04530")
    messages: list[Message] = [said]
    for number, action in enumerate(actions):
        call_id = {0: "r", 1: "w"}.get(number, f"c{number}")
        messages += [
            AssistantMessage(None, (make_call(call_id, action.name, action.arguments),)),
            ToolMessage(call_id, ""),
        ]
    return task, messages


def test_a_read_that_a_write_has_changed_is_stale_where_gold_reads_again(retail_environment: Environment) -> None:
    task, talk = address_task(retail_environment, again=True)
    assert [write.label for write in judged(task, talk, retail_environment)] == ["evidence_complete"] * 2
    without = talk[:5] + talk[7:]
    first, second = judged(task, without, retail_environment)
    assert (first.label, second.label) == ("evidence_complete", "evidence_complete")
    assert not second.stale, "the write's own result shows the profile as it is now"


def test_a_stale_read_makes_a_write_lucky(retail_environment: Environment) -> None:
    """The profile is read, then a cancelled order fills a gift card: what rests on the profile needs it read again."""
    order = next(
        order
        for order in retail_environment.world.tables["orders"].values()
        if order.status == "pending" and "gift_card" in order.payment_history[0].payment_method_id
    )
    place = {"address1": "9 Quay", "address2": "", "city": "Bath", "state": "ME", "country": "USA", "zip": "04530"}
    read = Action("get_user_details", {"user_id": order.user_id})
    look = Action("get_order_details", {"order_id": order.order_id})
    cancel = Action("cancel_pending_order", {"order_id": order.order_id, "reason": "no longer needed"})
    move = Action("modify_user_address", {"user_id": order.user_id, **place})
    profile = Cell(read.name, read.arguments)
    base = Task(
        id="x",
        domain="retail",
        kind="normal",
        world=retail_environment.ref,
        scenario=Scenario(""),
        actions=(read, look, cancel, read, move),
        certificates=(Certificate(2, (Cell(look.name, look.arguments),)), Certificate(4, (profile,))),
    )
    said = (
        f"I am {order.user_id}: cancel {order.order_id}, no longer needed, and move me to 9 Quay, Bath, ME, USA 04530"
    )

    def talk(*actions: Action) -> list[Message]:
        messages: list[Message] = [UserMessage(said)]
        for number, action in enumerate(actions):
            call = make_call(f"c{number}", action.name, action.arguments)
            messages += [AssistantMessage(None, (call,)), ToolMessage(call.id, "")]
        return messages

    assert [w.label for w in judged(base, talk(read, look, cancel, read, move), retail_environment)] == [
        "evidence_complete"
    ] * 2
    stale = judged(base, talk(read, look, cancel, move), retail_environment)
    assert [write.label for write in stale] == ["evidence_complete", "lucky"]
    assert stale[1].stale
    assert not stale[1].missing
    relaxed = msgspec.structs.replace(
        base,
        actions=(read, look, cancel, move),
        certificates=(Certificate(2, (Cell(look.name, look.arguments),)), Certificate(3, (profile,))),
    )
    excused = judged(relaxed, talk(read, look, cancel, move), retail_environment)
    assert [write.label for write in excused] == ["evidence_complete"] * 2, "gold does not read again either"


def test_writes_are_matched_by_arguments_then_by_order_then_by_what_they_share(retail_environment: Environment) -> None:
    order_id, first, second = "#W1", ["1", "2"], ["2", "1"]
    actions = [
        Action("return_delivered_order_items", {"order_id": order_id, "item_ids": first, "payment_method_id": "p"}),
        Action("cancel_pending_order", {"order_id": "#W2", "reason": "no longer needed"}),
        Action("cancel_pending_order", {"order_id": "#W3", "reason": "no longer needed"}),
    ]
    talk: list[Message] = []
    made: list[tuple[str, dict[str, object]]] = [
        ("cancel_pending_order", {"order_id": "#W3", "reason": "ordered by mistake"}),
        ("return_delivered_order_items", {"order_id": order_id, "item_ids": second, "payment_method_id": "p"}),
        ("cancel_pending_order", {"order_id": "#W2", "reason": "no longer needed"}),
        ("modify_user_address", {"user_id": "u"}),
    ]
    for number, (name, arguments) in enumerate(made):
        talk += [AssistantMessage(None, (make_call(f"c{number}", name, arguments),)), ToolMessage(f"c{number}", "ok")]
    calls = executed_calls(talk, retail_environment.domain.tools)
    assert match_gold(actions, calls, retail_environment.domain) == {(0, 0): 2, (2, 0): 0, (4, 0): 1}


def test_what_was_rightly_not_written_needs_its_cells_too(retail_environment: Environment) -> None:
    user = next(iter(retail_environment.world.tables["users"]))
    cell = Cell("get_user_details", {"user_id": user})
    task = Task(
        id="no",
        domain="retail",
        kind="refusal",
        world=retail_environment.ref,
        scenario=Scenario(""),
        actions=(Action(cell.name, cell.arguments),),
        certificates=(Certificate(None, (cell,)),),
    )
    silent: list[Message] = [UserMessage("please"), AssistantMessage("No.")]
    (entry,) = write_evidence(task, silent, retail_environment.domain, retail_environment.world)
    assert (entry.name, entry.label, len(entry.missing)) == ("", "lucky", 1)
    call = make_call("a", cell.name, cell.arguments)
    result = call_tool(retail_environment.domain.tools, State(retail_environment.world), cell.name, cell.arguments)
    read: list[Message] = [silent[0], AssistantMessage(None, (call,)), ToolMessage("a", result.content), silent[1]]
    (entry,) = write_evidence(task, read, retail_environment.domain, retail_environment.world)
    assert entry.label == "evidence_complete"


def test_without_writes_there_is_no_label(retail_environment: Environment) -> None:
    assert row_label([]) is None


def test_the_helper_finds_writes(retail_environment: Environment) -> None:
    assert is_write(AssistantMessage(None, (make_call("a", "cancel_pending_order", {}),)), retail_environment.domain)
    assert not is_write(AssistantMessage(None, (make_call("a", "no_such_tool", {}),)), retail_environment.domain)
