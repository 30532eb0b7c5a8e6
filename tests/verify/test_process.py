"""What a conversation read and wrote is counted by hand."""

from __future__ import annotations

import msgspec

from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.task import Action
from writ_async.core.trajectory import WriteEvidence
from writ_async.registry import load_domain
from writ_async.verify.process import Process, process_of

TOOLS = load_domain("retail").tools
ORDER = {"order_id": "#W1"}
CANCEL = Action("cancel_pending_order", {**ORDER, "reason": "no longer needed"})
RETURN = Action("return_delivered_order_items", {**ORDER, "item_ids": ["1", "2"], "payment_method_id": "card_7"})


def calling(*actions: Action, failed: bool = False) -> list[Message]:
    """One message that makes these calls, and their results."""
    calls = tuple(make_call(str(place), action.name, dict(action.arguments)) for place, action in enumerate(actions))
    return [AssistantMessage(None, calls), *(ToolMessage(call.id, "{}", failed) for call in calls)]


LOOK = Action("get_order_details", ORDER)


def test_reads_writes_and_what_they_rested_on_are_counted() -> None:
    messages = [
        UserMessage("Hello"), *calling(LOOK), *calling(LOOK), *calling(Action("get_user_details", {"user_id": "a"})),
        *calling(Action("calculate", {"expression": "1"})), *calling(CANCEL, failed=True), *calling(CANCEL, RETURN),
    ]  # fmt: skip
    writes = [
        WriteEvidence(9, CANCEL.name, "evidence_complete", 0),
        WriteEvidence(9, RETURN.name, "lucky", 1, unconfirmed="nobody asked", call=1),
        WriteEvidence(-1, "", "evidence_complete"),
    ]
    found = process_of(messages, writes, TOOLS, (LOOK, CANCEL, RETURN))
    assert found == Process(3, 2, 2, 1, 0, 1, 0, 1, 0)


def test_the_first_wrong_write_is_the_first_that_no_gold_write_stands_for_any_more() -> None:
    turned = msgspec.structs.replace(RETURN, arguments={**RETURN.arguments, "item_ids": ["2", "1"]})
    other = msgspec.structs.replace(RETURN, arguments={**RETURN.arguments, "item_ids": ["3"]})
    for made, wrong, name in (
        ((CANCEL, turned), 0, ""),
        ((CANCEL, other), 2, RETURN.name),
        ((RETURN, RETURN), 2, RETURN.name),
        ((), 0, ""),
    ):
        found = process_of(calling(*made), (), TOOLS, (CANCEL, RETURN))
        assert (found.first_wrong, found.first_wrong_name) == (wrong, name)
    assert process_of(calling(other), (), TOOLS, None).first_wrong is None
