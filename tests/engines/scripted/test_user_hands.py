"""The scripted user with tools: it does what it is asked to, tells what it sees, and errs where it is to err."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from writ_engines.scripted.user_hands import UserHands
from writ_engines.scripted.user_mistakes import STEP_MISTAKES, make_slip

from tests.support.router import DOMAIN, generate
from tests.support.router.plays import registered, router_place, router_rows, router_tasks
from writ_async.api import run
from writ_async.commands.replay import replay_row
from writ_async.conversation import Rules
from writ_async.conversation.machine import run_call
from writ_async.core.message import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage, call_arguments
from writ_async.core.state import State
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.registry import load_domain
from writ_async.verify.verdict import Reason

BOX = "box7000"


class Talk:
    """One user's view of a conversation, its calls made on a world of its own."""

    def __init__(self, seed: int = 0) -> None:
        self.state = State(generate(3, 6))
        self.hands = UserHands(DOMAIN, Random(seed))
        self.view: list[Message] = [SystemMessage("You are a user."), UserMessage("Hello.")]
        self.called: list[str] = []
        self.next("My box is broken.")

    def next(self, script: str = "") -> AssistantMessage:
        message = self.hands.next_message(self.view, lambda heard: script or f"<{heard}>")
        self.view.append(message)
        for call in message.tool_calls:
            self.called.append(call.function.name)
            self.view.append(run_call(DOMAIN, self.state, call, "user"))
        return message

    def hear(self, said: str) -> str:
        """What the user says to it at last, whatever it calls before."""
        self.view.append(UserMessage(said))
        while True:
            message = self.next()
            if not message.tool_calls:
                return message.content or ""


def test_a_user_does_what_it_is_asked_to_and_tells_what_it_saw() -> None:
    talk = Talk()
    light = generate(3, 6).tables["boxes"][BOX].light
    assert light in talk.hear(f"Could you check the light on {BOX}?")
    assert talk.called == ["check_light"]
    assert "button" in talk.hear(f"Please press the button on {BOX}.")
    assert talk.called == ["check_light", "press_button"]


@pytest.mark.parametrize("seed", range(6))
def test_several_steps_in_one_message_are_taken_in_their_order_in_one_message_or_several(seed: int) -> None:
    talk = Talk(seed)
    code = generate(3, 6).tables["boxes"][BOX].code
    said = talk.hear(
        f"1. Push the button of {BOX}.\n2. Read me the code that stands below {BOX}.\n3. Check the light of {BOX}."
    )
    assert talk.called == ["press_button", "read_code", "check_light"]
    assert str(code) in said
    calling = [message for message in talk.view if isinstance(message, AssistantMessage) and message.tool_calls]
    assert len(calling) in (1, 3)


def test_what_else_is_asked_in_the_message_is_answered_after_the_report() -> None:
    said = Talk().hear(f"Please check the light on {BOX}. And what is your account id?")
    assert said.endswith("<and what is your account id?>")


def test_a_condition_that_the_user_has_seen_not_to_hold_is_heeded() -> None:
    talk = Talk()
    light = generate(3, 6).tables["boxes"][BOX].light
    other = next(one for one in ("red", "green") if one != light)
    talk.hear(f"Check the light on {BOX}.")
    talk.hear(f"If the light is {other}, press the button on {BOX}.")
    assert talk.called == ["check_light"]
    talk.hear(f"If the light is {light}, press the button on {BOX}.")
    assert talk.called == ["check_light", "press_button"]


def test_what_is_left_open_or_not_understood_is_asked_back() -> None:
    talk = Talk()
    assert talk.hear(f"Please pull the cable of {BOX}.").endswith(("?", "precisely?"))
    assert "?" in talk.hear("Could you please restart the flux capacitor?") or talk.called == []
    assert talk.called == []


def test_a_step_that_the_tool_refuses_is_told_with_what_it_says() -> None:
    assert "there is no such box here" in Talk().hear("Please check the light on box9999.")


def test_what_is_no_step_goes_to_the_users_own_script() -> None:
    assert Talk().hear("May I have your account id?") == "<May I have your account id?>"


@pytest.mark.parametrize("behaviours", ["on", "off"])
def test_the_oracle_guides_the_user_to_the_end_and_every_row_is_kept_and_replays(behaviours: str) -> None:
    tasks = router_tasks(60, behaviours)
    rows = router_rows(tasks)
    place = router_place()
    for task, row in zip(tasks, rows, strict=True):
        assert row.verdict is not None
        assert row.verdict.kept, row.verdict.findings
        assert row.verdict.evidence == "evidence_complete"
        assert list(replay_row(task, row, place)) == []
        own = [action.name for action in task.actions or () if action.requestor == "user"]
        assert _called_by_user(row) == own


def _called_by_user(row: Trajectory) -> list[str]:
    return [
        call.function.name
        for message in row.messages
        if isinstance(message, UserMessage)
        for call in message.tool_calls
    ]


def test_the_agent_waits_for_each_report_before_it_goes_on() -> None:
    for row in router_rows(router_tasks(30)):
        for place, message in enumerate(row.messages):
            if isinstance(message, ToolMessage) and message.requestor == "user":
                later = next(one for one in row.messages[place + 1 :] if not isinstance(one, ToolMessage))
                assert isinstance(later, UserMessage)


def _planted(kind: str, rows: Sequence[Trajectory]) -> int:
    for row in rows:
        assert row.verdict is not None
        named = any(finding.reason == f"user_{kind}" for finding in row.verdict.findings)
        noted = [note for note in row.notes if note.kind == f"user_{kind}"]
        assert named == bool(noted), (row.id, row.notes, row.verdict.findings)
        for note in noted:
            own = [message for message in row.messages if isinstance(message, UserMessage)]
            assert note.turn < len(own)
    return sum(bool(row.notes) for row in rows)


@pytest.mark.parametrize("behaviours", ["on", "off"])
@pytest.mark.parametrize("kind", STEP_MISTAKES)
def test_each_slip_with_tools_is_found_where_it_was_made_and_nowhere_else(kind: str, behaviours: str) -> None:
    tasks = router_tasks(60, behaviours)
    assert _planted(kind, router_rows(tasks, user_mistakes=f"{kind}=1")) > 10


def test_an_agent_that_acts_before_the_reading_is_told_is_found() -> None:
    tasks = router_tasks(60)
    for row in router_rows(tasks, mistakes="early_write=1"):
        assert row.verdict is not None
        assert any(finding.reason == Reason.MISSING_EVIDENCE for finding in row.verdict.findings)
        assert row.verdict.evidence in ("lucky", "blind")


def test_a_rate_for_all_slips_makes_those_with_tools_too_where_there_are_tools() -> None:
    kinds = {note.kind for row in router_rows(router_tasks(60), user_mistakes="1") for note in row.notes}
    assert kinds >= {f"user_{kind}" for kind in STEP_MISTAKES}
    assert kinds & {"user_hallucinated", "user_premature_stop"}


def test_no_slip_with_tools_is_made_where_the_task_asks_for_no_step(tasks: list[Task]) -> None:
    for task in tasks[:8]:
        assert all(make_slip(kind, task, load_domain(task.domain), Random(1)) is None for kind in STEP_MISTAKES)


def test_a_seat_that_is_resumed_in_the_middle_says_the_same() -> None:
    rows = [router_rows(router_tasks(20), seed=seed) for seed in (7, 7)]
    assert rows[0] == rows[1]
    for row in rows[0]:
        for message in row.messages:
            if isinstance(message, UserMessage):
                assert all(call_arguments(call) for call in message.tool_calls)


def test_a_report_of_what_was_never_seen_may_be_asked_for_again() -> None:
    tasks = list(router_tasks(8))
    with registered():
        options = {"user_mistakes": "reported_unseen=1"}
        rows = run(tasks, "scripted", agent_options=options, seed=5, rules=Rules(user_retries=1))
    for row in rows:
        again = [note for note in row.notes if note.kind == "asked_again"]
        assert [note.detail.partition(":")[0] for note in again] == ["user_reported_unseen"], row.notes
