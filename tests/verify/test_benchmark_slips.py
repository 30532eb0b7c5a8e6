"""Slips of a benchmark's user: what is found, what is left alone, and that none of it costs a row anything."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.scripted import ScriptedEngine

from tests.support.shared_data import SHARED, needs_shared
from writ_async.api import load_tasks, run
from writ_async.core.engine import Completion, Engine, Request, end_session
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.state import World
from writ_async.core.task import Action, Scenario, Task, WorldRef
from writ_async.core.trajectory import CLOSING_TOKENS, Signal, TokenSequence
from writ_async.registry import load_domain
from writ_async.runs.worlds import open_worlds
from writ_async.verify.benchmark_slips import BENCHMARK_SLIPS, benchmark_slips, slipped
from writ_async.verify.untold_values import untold_values
from writ_async.verify.user_slips import UserReason

SHOP = load_domain("retail")
CANCEL = Action("cancel_pending_order", {"order_id": "#W5550001", "reason": "no longer needed"})
ASKED = "I would cancel order #W5550001 and refund $40 to your card. Do you want me to proceed? (yes/no)"
SCENARIO = "You are Ada Quill, ada.quill4410@example.com, zip 55501. You want to cancel the order with the kettle."


def task(*actions: Action, scenario: str = SCENARIO, known: bool = True) -> Task:
    return Task(
        id="t",
        domain="retail",
        kind="benchmark",
        world=WorldRef("retail"),
        scenario=Scenario("", text=scenario),
        actions=(actions or (CANCEL,)) if known else None,
    )


def made() -> list[Message]:
    """The write of the task, made."""
    call = make_call("c", CANCEL.name, CANCEL.arguments)
    return [AssistantMessage(None, (call,)), ToolMessage("c", "{}"), AssistantMessage("It is cancelled.")]


def found(
    asked: str,
    said: str,
    signal: Signal = Signal.STOP,
    *,
    before: list[Message] | None = None,
    given: Task | None = None,
    first: str = "Hello, I am Ada Quill. Please cancel my order with the kettle.",
) -> list[UserReason]:
    messages = [
        UserMessage(first),
        *(before or []),
        AssistantMessage(asked),
        UserMessage(f"{said} {CLOSING_TOKENS[signal]}"),
    ]
    return [UserReason(finding.reason) for finding in benchmark_slips(given or task(), messages, signal, SHOP)]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (ASKED, "Yes, please do."),
        (ASKED, "Yes."),
        (ASKED, "Please go ahead with it, and thanks for your patience!"),
        (ASKED, "I confirm."),
        (ASKED, ""),
        (ASKED, "Sure, that works."),
        ("It is pending, so it cannot be returned. Would you like me to cancel it instead?", ""),
        ("Could you tell me the reason for the cancellation?", ""),
        ("Could you tell me the reason for the cancellation?", "I do not need it any longer."),
        ("May I have your zip code, so that I can find your account?", "It is 55501, thank you."),
    ],
)
def test_leaving_while_the_agent_waits_for_an_answer_is_stopping_early(asked: str, said: str) -> None:
    assert found(asked, said) == [UserReason.STOPPED_EARLY]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (ASKED, "No, leave it as it is."),
        (ASKED, "Never mind, I changed my mind."),
        (ASKED, "I don't want to do that after all."),
        ("Is there anything else I can help you with?", "No, that is all. Thank you!"),
        ("Your order is cancelled. Is there anything else I can do for you?", "Yes, everything is fine. Thanks!"),
        ("I have changed it to the red one, as you wished. All good?", ""),
        ("You're welcome! Feel free to reach out any time. Have a great day!", ""),
        ("I am sorry, this order cannot be cancelled, it is delivered already.", "Oh, I see. Thanks anyway."),
    ],
)
def test_an_end_that_the_user_may_choose_is_no_slip(asked: str, said: str) -> None:
    assert found(asked, said) == []


def test_a_look_with_the_users_own_tool_before_the_end_changes_nothing() -> None:
    look = UserMessage("Let me see whether I am done.", (make_call("u", "think", {}),))
    messages: list[Message] = [
        UserMessage("Please cancel my order with the kettle."),
        AssistantMessage(ASKED),
        look,
        ToolMessage("u", "Say ###STOP### when you are done, or ###TRANSFER###.", requestor="user"),
        UserMessage("Yes, go ahead. ###STOP###"),
    ]
    (slip,) = benchmark_slips(task(), messages, Signal.STOP, SHOP)
    assert (slip.reason, slip.message) == (UserReason.STOPPED_EARLY, 4)


def test_once_all_is_done_every_end_is_well() -> None:
    assert found(ASKED, "Yes, please do.", before=made()) == []
    assert found(ASKED, "", before=made()) == []


def test_of_two_writes_alike_both_have_to_be_made() -> None:
    twice = task(CANCEL, CANCEL)
    assert found(ASKED, "Yes, please.", before=made(), given=twice) == [UserReason.STOPPED_EARLY]


def test_where_the_task_is_not_known_a_yes_that_ends_is_all_that_can_be_said() -> None:
    unknown = task(known=False)
    assert found(ASKED, "Yes, please do.", given=unknown) == [UserReason.STOPPED_EARLY]
    assert found(ASKED, "", given=unknown) == []


@pytest.mark.parametrize(
    "said", ["I'll get back to you with it.", "Let me find it first, I will try another time.", "I'll send it soon."]
)
def test_putting_off_what_is_asked_for_is_giving_up(said: str) -> None:
    assert found("Could you please provide your email address?", said) == [UserReason.GAVE_UP]


RETURN = Action("return_delivered_order_items", {"order_id": "#W5550002", "item_ids": ["1"]})
BYE = "Is there anything else I can help you with?"


@pytest.mark.parametrize(
    ("scenario", "told", "slip"),
    [
        ("You want to cancel #W5550001 and to return the lamp.", "Please cancel #W5550001.", True),
        ("You want to cancel #W5550001 and to return the lamp.", "Cancel #W5550001, and I'm returning a lamp.", False),
        ("You want to send back what is in #W5550002.", "Please cancel the other one.", True),
        ("You want to send back what is in #W5550002.", "It is about w5550002.", False),
        ("You want to send the lamp back.", "Please cancel the kettle.", False),
    ],
)
def test_leaving_without_a_word_of_a_wish_is_giving_up(scenario: str, told: str, slip: bool) -> None:
    given = task(CANCEL, RETURN, scenario=scenario)
    reasons = found(BYE, "No, thank you.", before=made(), given=given, first=told)
    assert reasons == ([UserReason.GAVE_UP] if slip else [])


def test_a_wish_that_was_told_of_by_the_agent_is_not_the_users_to_tell() -> None:
    before = [AssistantMessage("I see order #W5550002, too."), UserMessage("Fine."), *made()]
    given = task(CANCEL, RETURN, scenario="You want to cancel one and to send back what is in #W5550002.")
    assert found(BYE, "No, thank you.", before=before, given=given) == []


def test_out_of_scope_needs_a_question() -> None:
    assert found("I am looking into it.", "", Signal.OUT_OF_SCOPE) == [UserReason.GAVE_UP]
    assert found("What is your shoe size?", "", Signal.OUT_OF_SCOPE) == []
    assert found("I am looking into it.", "", Signal.OUT_OF_SCOPE, before=made()) == []


def test_leaving_for_a_human_whom_nobody_offered_is_a_slip() -> None:
    assert found("The fee would be $12.", "", Signal.TRANSFER) == [UserReason.HANDED_OVER]
    assert found("I can transfer you to a human agent if you like.", "Yes, please.", Signal.TRANSFER) == []
    assert found("You are being transferred to a human agent. Please hold on.", "", Signal.TRANSFER) == []


def handed_over(first: str, then: str) -> list[Message]:
    call = make_call("h", SHOP.hand_over_tool, {"summary": "?"})
    asked = [UserMessage(first)] if first else []
    return [
        *asked,
        AssistantMessage(then),
        UserMessage("Ada Quill."),
        AssistantMessage(None, (call,)),
        ToolMessage("h", "ok"),
    ]


@pytest.mark.parametrize(
    ("first", "then", "scenario", "slip"),
    [
        ("I'd rather speak to a real person.", "May I have your name?", SCENARIO, True),
        ("Please transfer me to a supervisor.", "May I have your name?", SCENARIO, True),
        (
            "Please transfer me to a supervisor.",
            "May I have your name?",
            f"{SCENARIO} Ask to speak to a manager.",
            False,
        ),
        ("", "I can transfer you to a human agent. May I have your name?", SCENARIO, False),
        ("Cancel my kettle.", "May I have your name?", SCENARIO, False),
    ],
)
def test_asking_for_a_human_unprompted_is_a_slip_unless_the_scenario_says_so(
    first: str, then: str, scenario: str, slip: bool
) -> None:
    before = handed_over(first, then)
    reasons = found("You are being transferred.", "", Signal.TRANSFER, before=before, given=task(scenario=scenario))
    assert reasons == ([UserReason.HANDED_OVER] if slip else [])


def values(*said: str, agent: str = "Hello.", world: World | None = None) -> list[str]:
    messages: list[Message] = []
    for text in said:
        messages += [AssistantMessage(agent), UserMessage(text)]
    return [value for _, found in untold_values(SCENARIO, messages, world) for value in found]


@pytest.mark.parametrize(
    ("said", "untold"),
    [
        ("My zip is 90909.", ["90909"]),
        ("It is order #W7770001, I think.", ["#W7770001"]),
        ("Write to quill@mail.example.", ["quill@mail.example"]),
        ("My user id is ada_quill_9921.", ["ada_quill_9921"]),
        ("Call me on 555-010-99887.", ["555-010-99887"]),
    ],
)
def test_values_that_nobody_told_are_named(said: str, untold: list[str]) -> None:
    assert values(said) == untold


@pytest.mark.parametrize(
    "said",
    [
        "My zip is 55501.",
        "ADA.QUILL4410@example.com is my address.",
        "On 2031-04-05 at 10:30, or on the 21st, for $12000.50 or 1,250,000, with 256gb and a 34-inch screen.",
        "I want 3 of them, 12 in all.",
    ],
)
def test_values_of_the_scenario_and_those_that_people_reckon_with_are_not(said: str) -> None:
    assert values(said) == []


def test_what_the_agent_told_may_be_said_and_what_was_said_is_named_once() -> None:
    assert values("Is it #W7770001?", agent="I see order #W7770001.") == []
    assert values("It is 90909.", "I said 90909!") == ["90909"]
    assert values("W 7770001", agent="The number is 7770001.") == []


def test_a_value_that_is_put_right_in_the_same_message_is_no_slip() -> None:
    assert values("ada.quill44@example.com, no wait, ada.quill4410@example.com.") == []


def test_who_says_an_id_of_the_world_was_told_another_scenario() -> None:
    world = World("retail", {"orders": {"#W7770001": {}}})
    assert values("My order is W7770001, my zip 90909.", world=world) == []


@pytest.mark.parametrize(
    ("said", "slip"),
    [
        ("Is there anything else I can assist you with today?", True),
        ("Your order has been successfully cancelled. If you need any help, feel free to ask!", True),
        ("Thanks! Let me know if you need anything else from me.", False),
        ("Is there anything else I can do to speed this up?", False),
        ("Has my order been cancelled?", False),
    ],
)
def test_a_user_who_speaks_as_the_agent_is_found(said: str, slip: bool) -> None:
    messages: list[Message] = [AssistantMessage("Hello."), UserMessage(said)]
    reasons = [finding.reason for finding in benchmark_slips(task(), messages, None, SHOP)]
    assert reasons == ([UserReason.SPOKE_AS_AGENT] if slip else [])


def test_every_slip_is_a_remark() -> None:
    messages: list[Message] = [
        AssistantMessage(ASKED),
        UserMessage("Can I help you? My zip is 90909. Yes, please do. ###STOP###"),
    ]
    slips = benchmark_slips(task(), messages, Signal.STOP, SHOP)
    assert {slip.reason for slip in slips} == {
        UserReason.STOPPED_EARLY,
        UserReason.HALLUCINATED,
        UserReason.SPOKE_AS_AGENT,
    }
    assert {slip.severity for slip in slips} == {"remark"}
    assert slipped(slips)
    assert not slipped([])


@given(
    st.lists(st.text(st.sampled_from("yesno 19@.#W-?$,"), max_size=30), max_size=6), st.sampled_from([*Signal, None])
)
def test_no_words_end_it(said: list[str], signal: Signal | None) -> None:
    messages: list[Message] = []
    for text in said:
        messages += [AssistantMessage(text), UserMessage(text)]
    for slip in benchmark_slips(task(), messages, signal, SHOP):
        assert slip.reason in BENCHMARK_SLIPS
        assert isinstance(messages[slip.message], UserMessage)


@pytest.mark.parametrize(
    "unit", [*string.punctuation, " ", "a", "7", "12345 ", "a@", "a@b.", "W1 ", "yes ", "I will ", "no "]
)
def test_long_runs_of_anything_take_no_time(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    messages: list[Message] = [
        AssistantMessage(f"{text}?"),
        UserMessage(text),
        AssistantMessage(ASKED),
        UserMessage(text),
    ]
    started = time.process_time()
    benchmark_slips(task(), messages, Signal.STOP, SHOP)
    assert time.process_time() - started < 1.0


class _Hasty:
    """A user who says yes and leaves in one breath."""

    def __init__(self, inner: Engine) -> None:
        self.inner = inner

    async def complete(self, request: Request) -> Completion:
        completion = await self.inner.complete(request)
        said = completion.message.content or ""
        if request.seat == "user" and said.strip().lower().startswith("yes"):
            return Completion(message=AssistantMessage(f"{said} ###STOP###"))
        return completion

    def end_session(self, session: str) -> TokenSequence | None:
        return end_session(self.inner, session)

    async def aclose(self) -> None:
        return None


@needs_shared
def test_a_hasty_user_of_a_benchmark_is_named_and_a_good_one_is_not() -> None:
    data = f"{SHARED}/tau2/data"
    tasks = load_tasks("tau2:retail", data=data, limit=12)
    worlds = open_worlds(tasks, data)
    clean = run(tasks, "scripted", data=data, seed=5)
    assert not [row.id for row in clean if row.verdict is not None and slipped(row.verdict.findings)]
    domains = {opened.domain.name: opened.domain for opened in worlds.values()}
    script = ScriptedEngine({one.id: one for one in tasks}, domains, 5)
    rows = run(tasks, script, _Hasty(script), data=data, seed=5)
    failed = [row for row in rows if row.verdict is not None and row.verdict.reward.reward < 1]
    assert len(failed) > len(rows) // 2
    assert all(row.verdict is not None and slipped(row.verdict.findings) for row in failed)
