"""What a user's tools show is known to the agent by telling, and no sooner; what users do with them is judged."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.router import DOMAIN
from tests.support.router.plays import registered, router_place, router_tasks
from writ_async.conversation.machine import run_call
from writ_async.core.message import AssistantMessage, Message, UserMessage, make_call
from writ_async.core.state import State
from writ_async.core.task import Action, Task
from writ_async.core.trajectory import Signal, Termination, Trajectory, Verdict
from writ_async.verify.process import process_of
from writ_async.verify.user_answer import slip_in_answer
from writ_async.verify.verdict import judge_trajectory

PLACE = router_place()


def task_of(recipe: str) -> Task:
    return next(task for task in router_tasks(60, "off") if task.recipe == recipe)


def talk(task: Task, *turns: str | Action) -> list[Message]:
    """Agent's words begin with "A:", user's with "U:"; an action is called by its seat, on a state of its own."""
    state = State(PLACE.world)
    said: list[Message] = []
    for number, turn in enumerate(turns):
        if isinstance(turn, str):
            seat, _, words = turn.partition(": ")
            said.append(AssistantMessage(words) if seat == "A" else UserMessage(words))
            continue
        call = make_call(f"c{number}", turn.name, turn.arguments)
        caller = AssistantMessage if turn.requestor == "assistant" else UserMessage
        said += [caller(None, (call,)), run_call(DOMAIN, state, call, turn.requestor)]
    return said


def judged(task: Task, *turns: str | Action) -> Verdict:
    row = Trajectory(
        id="t#0", task_id=task.id, domain="router", kind=task.kind, trial=0, seed=0,
        messages=tuple(talk(task, *turns, "A: It is done. Anything else?", "U: ###STOP###")),
        termination=Termination.USER_STOP, signal=Signal.STOP, steps=9, errors=0, digest="", chain=(),
    )  # fmt: skip
    with registered():
        return judge_trajectory(task, row, DOMAIN, PLACE.world)


def reasons(verdict: Verdict) -> set[str]:
    return {str(finding.reason) for finding in verdict.findings}


def opening(task: Task) -> tuple[str, Action]:
    (fact,) = task.scenario.facts
    return f"U: {task.scenario.request} {fact.text}", (task.actions or ())[0]


def update_of(task: Task, *, told: str, code_told: str, laid_out: bool = True) -> Verdict:
    _, look, read, send = task.actions or ()
    account = send.arguments["account_id"]
    code = send.arguments["code"]
    asked = f"A: I would send update for account {account}{f' with code {code}' if laid_out else ''}. Shall I go ahead?"
    asking = f"A: Please check the light on {look.arguments['box']}, and read me the code on {look.arguments['box']}."
    return judged(task, *opening(task), asking, look, read, f"U: {told} {code_told}", asked, "U: Yes.", send)


def test_a_write_on_readings_that_were_told_is_evidence_complete() -> None:
    task = task_of("update")
    code = (task.actions or ())[3].arguments["code"]
    verdict = update_of(task, told="The light is flashing.", code_told=f"The code is {code}.")
    assert (verdict.evidence, verdict.kept) == ("evidence_complete", True), verdict.findings


def test_a_reading_that_was_not_told_is_missing_though_the_tool_showed_it() -> None:
    task = task_of("update")
    code = (task.actions or ())[3].arguments["code"]
    verdict = update_of(task, told="I had a look.", code_told=f"The code is {code}.")
    assert verdict.evidence == "lucky"
    assert "missing_evidence" in reasons(verdict)
    assert any("check_light" in missing for write in verdict.writes for missing in write.missing)


def test_a_value_that_only_the_users_tool_returned_is_unseen_to_the_agent() -> None:
    verdict = update_of(task_of("update"), told="The light is blinking.", code_told="I read it.", laid_out=False)
    assert verdict.evidence == "blind"
    assert {"unseen_argument", "missing_evidence"} <= reasons(verdict)


def test_words_beside_a_call_tell_the_agent_nothing() -> None:
    task = task_of("update")
    look = (task.actions or ())[1]
    (_, result) = talk(task, look)
    beside = UserMessage("The light is blinking.", (make_call("x", look.name, look.arguments),))
    from writ_async.verify.knowledge import Knowledge

    answer = msgspec.structs.replace(result, tool_call_id="x")
    messages: list[Message] = [AssistantMessage("Check the light."), beside, answer]
    know = Knowledge(messages, DOMAIN)
    know.until(len(messages))
    assert not know.seen.has_text("blinking")
    messages.append(UserMessage("The light is blinking."))
    know = Knowledge(messages, DOMAIN)
    know.until(len(messages))
    assert know.seen.has_text("blinking")
    assert know.has_read(task.certificates[0].cells[1])


def test_a_gold_write_of_the_users_rests_on_what_was_told_when_the_agent_asked_for_it() -> None:
    task = task_of("unjam")
    _, look, press, again = task.actions or ()
    box = press.arguments["box"]
    ask_look, ask_press = f"A: Please check the light on {box}.", f"A: Please press the button on {box}."
    rest = (f"A: Could you check the light on {box} once more?", again, "U: The light is green.")
    good = judged(
        task,
        *opening(task),
        ask_look,
        look,
        "U: The light is red.",
        ask_press,
        press,
        "U: I pressed the button.",
        *rest,
    )
    assert (good.evidence, good.kept) == ("evidence_complete", True), good.findings
    (write,) = good.writes
    assert (write.name, write.gold) == ("press_button", 2)
    early = judged(
        task, *opening(task), ask_press, press, "U: I pressed the button.", ask_look, again, "U: The light is green."
    )
    assert early.evidence == "lucky"
    assert "missing_evidence" in reasons(early)
    untold = judged(
        task, *opening(task), ask_look, look, "U: I looked.", ask_press, press, "U: I pressed the button.", *rest
    )
    assert untold.evidence == "lucky"


def test_a_user_is_held_against_what_it_was_asked_to_do_and_saw() -> None:
    task = task_of("unjam")
    _, look, press, _ = task.actions or ()
    box = press.arguments["box"]
    ask_look, ask_press = f"A: Please check the light on {box}.", f"A: Please press the button on {box}."
    start = (*opening(task), ask_look, look, "U: The light is red.", ask_press)
    pulled = Action("pull_cable", {"box": box, "side": "left"}, "user")
    other = judged(task, *start, pulled, "U: I pulled the cable.")
    assert "user_acted_unasked" in reasons(other)
    assert not other.kept
    skipped = judged(task, *start, "U: I pressed the button.")
    assert "user_skipped_step" in reasons(skipped)
    done = judged(task, *start, "U: Okay, done.")
    assert "user_skipped_step" in reasons(done)
    wrong = judged(task, *start, press, "U: I pressed the button. The light is amber now.")
    assert "user_reported_unseen" in reasons(wrong)
    unseen = judged(task, *opening(task), ask_look, "U: The light is green.", ask_look, look, "U: The light is red.")
    assert "user_reported_unseen" in reasons(unseen)


def test_a_step_with_other_arguments_than_the_agent_named_is_otherwise_than_told() -> None:
    task = task_of("unjam")
    box = (task.actions or ())[2].arguments["box"]
    left = Action("pull_cable", {"box": box, "side": "left"}, "user")
    asked = f"A: Please pull the right cable of {box}."
    verdict = judged(task, *opening(task), asked, left, "U: I pulled the cable.")
    (finding,) = [one for one in verdict.findings if one.reason == "user_acted_unasked"]
    assert "otherwise" in finding.detail


@pytest.mark.parametrize(
    "said",
    [
        "The light was red before, and now it is green.",
        "The light is green. Is the light supposed to be red?",
        "I already pressed the button. The light is green.",
        "The light isn't red any more, it is green.",
        "If the light turns red again, what do I do? The light is green now.",
    ],
)
def test_what_is_true_earlier_asked_or_supposed_is_no_slip(said: str) -> None:
    task = task_of("unjam")
    _, look, press, again = task.actions or ()
    box = press.arguments["box"]
    ask_look, ask_press = f"A: Please check the light on {box}.", f"A: Please press the button on {box}."
    verdict = judged(
        task, *opening(task), ask_look, look, "U: The light is red.", ask_press, press, "U: I pressed the button.",
        ask_look, again, f"U: {said}",
    )  # fmt: skip
    assert not {one for one in reasons(verdict) if one.startswith("user_")}, verdict.findings


def test_what_the_scenario_told_the_user_may_be_said_and_done_unasked() -> None:
    task = task_of("unjam")
    press = (task.actions or ())[2]
    told = msgspec.structs.replace(task.scenario, known_info="The light is red. Press the button when you like.")
    knowing = msgspec.structs.replace(task, scenario=told)
    (fact,) = task.scenario.facts
    first = f"U: {task.scenario.request} {fact.text} The light is red."
    verdict = judged(knowing, first, (task.actions or ())[0], "A: I see.", press, "U: I pressed the button.")
    assert not {one for one in reasons(verdict) if one.startswith("user_")}, verdict.findings


def test_looking_at_something_unasked_does_no_harm() -> None:
    task = task_of("update")
    look = (task.actions or ())[1]
    verdict = judged(task, *opening(task), "A: One moment.", look, "U: The light is blinking.", "A: Thanks.")
    assert "user_acted_unasked" not in reasons(verdict)


def test_a_claim_in_an_answer_that_was_not_taken_yet_is_found_for_whoever_asks_again() -> None:
    task = task_of("unjam")
    box = (task.actions or ())[2].arguments["box"]
    messages = talk(task, *opening(task), f"A: Please check the light on {box}.")
    slip = slip_in_answer(task, messages, "The light is green.", DOMAIN, PLACE.world)
    assert slip.startswith("user_reported_unseen: ")
    assert slip_in_answer(task, messages, "One moment please.", DOMAIN, PLACE.world) == ""


def test_counts_of_how_an_outcome_came_about_take_the_users_gold_writes_in() -> None:
    task = task_of("unjam")
    _, look, press, _ = task.actions or ()
    box = press.arguments["box"]
    turns = (
        *opening(task), f"A: Please check the light on {box}.", look, "U: The light is red.",
        f"A: Please press the button on {box}.", press, "U: I pressed the button.",
    )  # fmt: skip
    verdict = judged(task, *turns)
    process = process_of(talk(task, *turns), verdict.writes, DOMAIN.tools, task.actions)
    assert (process.reads, process.complete, process.lucky) == (1, 1, 0)
