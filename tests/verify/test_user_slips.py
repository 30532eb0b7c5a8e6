"""The audit of the user's side finds each slip, and nothing where there was none."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.scripted.user_mistakes import USER_MISTAKES

from tests.support.crowd import plain_tasks, told, told_tasks, trait
from writ_async.api import run
from writ_async.behaviour.axes import unshown_traits
from writ_async.core.message import AssistantMessage, Message, UserMessage, make_call
from writ_async.core.task import Action, Certificate, Fact, Scenario, Task, WorldRef
from writ_async.core.trajectory import Finding
from writ_async.verify.told_values import values_in
from writ_async.verify.user_slips import UserReason, audit_user, user_slips

WANTED = {
    "user_revealed_early": (UserReason.LEAKED, "critical_helped"),
    "user_hallucinated": (UserReason.HALLUCINATED, "critical_hindered"),
    "user_contradicted": (UserReason.INCONSISTENT, "critical_hindered"),
    "user_premature_stop": (UserReason.STOPPED_EARLY, "critical_hindered"),
    "user_wrong_confirmation": (UserReason.WRONG_CONFIRMATION, "critical_hindered"),
}
TASK = Task(
    id="t",
    domain="shop",
    kind="read-heavy",
    world=WorldRef("shop"),
    scenario=Scenario(
        "You want order 4711 sent back by May 20.",
        request="I want order 4711 sent back by May 20. It was $1,250.50.",
        facts=(Fact("zip", "12345", "My zip is 12345."), Fact("name", "Ann Lee", "I'm Ann Lee.")),
    ),
    actions=(Action("send_back", {"order": "4711", "item": "A900", "zip": "12345"}),),
    certificates=(Certificate(0, ()),),
)


def talk(*said: str) -> list[Message]:
    """The user and the agent in turn, the user first."""
    return [UserMessage(text) if place % 2 == 0 else AssistantMessage(text) for place, text in enumerate(said)]


def reasons(*said: str) -> list[str]:
    return [finding.reason for finding in audit_user(TASK, talk(*said))]


@pytest.mark.parametrize("kind", sorted(USER_MISTAKES))
def test_each_slip_is_found_with_its_reason_and_severity(kind: str) -> None:
    tasks = told_tasks(1000)[:200]
    noted = 0
    for task, row in zip(tasks, run(tasks, agent_options={"user_mistakes": f"{kind}=1"}), strict=True):
        critical = [slip for slip in user_slips(task, row.messages) if slip.severity != "minor"]
        if not row.notes:
            assert critical == []
            continue
        noted += 1
        assert [note.kind for note in row.notes] == [f"user_{kind}"]
        assert WANTED[f"user_{kind}"] in [(slip.reason, slip.severity) for slip in critical], (task.id, critical)
        if kind != "premature_stop":  # a user who leaves early may leave a slip of the pen behind
            assert len(critical) == 1
    assert noted >= 100


def test_audit_and_notes_agree_over_a_mixed_crowd() -> None:
    tasks = told_tasks(1000)[:600]
    seen: Counter[tuple[bool, bool]] = Counter()
    for task, row in zip(tasks, run(tasks, agent_options={"user_mistakes": "0.5"}), strict=True):
        seen[bool(audit_user(task, row.messages)), any(note.matters for note in row.notes)] += 1
    assert seen[True, False] == seen[False, True] == 0
    assert seen[True, True] > 200


def test_an_agents_mistakes_are_not_held_against_the_user() -> None:
    for tasks in (told_tasks(1000)[:300], plain_tasks(1000)[:300]):
        for task, row in zip(tasks, run(tasks, agent_options={"mistakes": "0.9"}), strict=True):
            assert audit_user(task, row.messages) == [], (task.id, row.notes)


def test_a_plain_user_has_nothing_to_answer_for() -> None:
    tasks = plain_tasks(1000)[:300]
    for task, row in zip(tasks, run(tasks), strict=True):
        assert user_slips(task, row.messages) == []


def test_a_benchmarks_task_is_not_audited() -> None:
    task = msgspec.structs.replace(TASK, scenario=Scenario("You want 4711."))
    assert user_slips(task, talk("It is 999999.")) == []


@pytest.mark.parametrize(
    "said",
    [
        "order 4711, please, by 2024-05-20 or 20 May",
        "It was 1250.5 dollars, on 5/20.",
        "I'm Ann Lee, zip 12345, and I have 3 cats and 20 fish.",
        "That's #4711, spelled A-N-N.",
    ],
)
def test_what_the_scenario_tells_may_be_said_in_other_forms(said: str) -> None:
    assert reasons(said) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("It is order 4712.", UserReason.HALLUCINATED),
        ("By May 21, please.", UserReason.HALLUCINATED),
        ("My mail is ann@example.org.", UserReason.HALLUCINATED),
        ("My name is Bob Ray.", UserReason.HALLUCINATED),
        ("It is item A900.", UserReason.LEAKED),
        ("My zip is 12354.", UserReason.INCONSISTENT),
    ],
)
def test_what_nobody_told_the_user_is_found(said: str, reason: UserReason) -> None:
    assert reasons(said) == [reason]


def test_what_the_agent_said_first_may_be_repeated() -> None:
    assert reasons("Hello.", "Is it A900 for $77 on May 3?", "Yes, A900 for $77 on May 3.") == []
    assert reasons("A900.", "Is it A900?") == [UserReason.LEAKED]


def test_a_slip_of_the_pen_counts_unless_it_is_put_right_before_a_write() -> None:
    call = AssistantMessage(None, (make_call("c", "send_back", {}),))
    wrong, right = UserMessage("My zip is 12354."), UserMessage("Sorry, my zip is 12345.")
    assert audit_user(TASK, [wrong, right, call]) == []
    assert [finding.reason for finding in audit_user(TASK, [wrong, call, right])] == [UserReason.INCONSISTENT]


def test_a_finding_says_severity_value_and_message() -> None:
    assert audit_user(TASK, talk("Hello.", "Hi?", "It is A900.")) == [
        Finding(UserReason.LEAKED, "critical_helped: 'a900' had to be read", 2)
    ]


@given(st.dates())
def test_a_date_is_the_same_in_all_its_forms(day: object) -> None:
    text = day.isoformat()  # type: ignore[attr-defined]
    month, number = day.strftime("%B"), day.day  # type: ignore[attr-defined]
    forms = [text, f"{month} {number}", f"{number} {month}", f"{month[:3]}. {number}th", f"{int(text[5:7])}/{number}"]
    assert len({tuple(values_in(form)) for form in forms}) == 1


@pytest.mark.parametrize("form", ["19:40", "7:40 pm", "7:40pm", "19:40:00", "7:40 p.m."])
def test_a_time_is_the_same_in_all_its_forms(form: str) -> None:
    assert list(values_in(f"at {form}, please")) == ["time 19:40"]
    assert list(values_in("at 8 am or 12 pm")) == ["time 8:00", "time 12:00"]


@given(st.text())
def test_no_text_makes_the_audit_fail(text: str) -> None:
    audit_user(TASK, talk(text, text, text))
    unshown_traits(told(TASK), talk(text, text))


def test_a_trait_that_was_not_shown_is_minor_and_named() -> None:
    task = plain_tasks(1000)[0]
    bent = told(task, trait(task, "tone", "angry"))
    (row,) = run([task])
    assert audit_user(bent, row.messages) == []
    assert [(slip.reason, slip.severity, slip.detail) for slip in user_slips(bent, row.messages)] == [
        (UserReason.UNEXPRESSED, "minor", "tone=angry")
    ]
