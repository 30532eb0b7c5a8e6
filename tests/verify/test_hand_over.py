"""A person takes over where the policy wants one, and nowhere else."""

from __future__ import annotations

import pytest

from writ_async import Task, Trajectory, load_domain, make_tasks, run
from writ_async.core.message import AssistantMessage, ToolMessage, make_call
from writ_async.verify.hand_over import hand_over_findings

RECIPES = {"retail": "hand_over_cancelled", "airline": "hand_over_flown_trip"}


@pytest.fixture(scope="module", params=RECIPES)
def played(request: pytest.FixtureRequest) -> list[tuple[Task, Trajectory]]:
    """Refusals of a domain, some of which need a hand-over, by the oracle."""
    tasks = make_tasks(request.param, 60, seed=6, mix="refusal=1", behaviours="off")
    return list(zip(tasks, run(tasks, "scripted", seed=6), strict=True))


def _by_hand_over(played: list[tuple[Task, Trajectory]], wanted: bool) -> list[tuple[Task, Trajectory]]:
    return [(task, row) for task, row in played if (task.recipe in RECIPES.values()) is wanted]


def test_the_oracle_hands_over_where_the_policy_wants_it(played: list[tuple[Task, Trajectory]]) -> None:
    handed = _by_hand_over(played, True)
    assert handed
    assert len(handed) < len(played)
    for task, row in played:
        assert hand_over_findings(task, row.messages, load_domain(task.domain)) == []
        assert row.verdict is not None
        assert row.verdict.kept, row.verdict.findings


def test_who_does_not_hand_over_is_found(played: list[tuple[Task, Trajectory]]) -> None:
    for task, row in _by_hand_over(played, True):
        domain = load_domain(task.domain)
        kept = [
            message
            for message in row.messages
            if not (isinstance(message, AssistantMessage) and domain.hand_over_tool in _names(message))
        ]
        assert [one.reason for one in hand_over_findings(task, kept, domain)] == ["not_handed_over"]


def test_who_hands_over_without_need_is_found_at_the_call(played: list[tuple[Task, Trajectory]]) -> None:
    for task, row in _by_hand_over(played, False):
        domain = load_domain(task.domain)
        call = make_call("extra", domain.hand_over_tool, {"summary": "The customer wants something."})
        messages = [*row.messages, AssistantMessage(None, (call,)), ToolMessage("extra", "Transfer successful", False)]
        (finding,) = hand_over_findings(task, messages, domain)
        assert (finding.reason, finding.message) == ("needless_hand_over", len(row.messages))


def _names(message: AssistantMessage) -> list[str]:
    return [call.function.name for call in message.tool_calls]
