"""Several calls in one message are found where the domain's policy forbids them, and nowhere else."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.api import make_tasks, run
from writ_async.core.domain import Domain
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.registry import load_benchmark, load_domain
from writ_async.verify.several_calls import several_calls_findings

READS = tuple(make_call(f"c{number}", "get_user_details", {"user_id": f"u{number}"}) for number in range(3))
TALK: tuple[Message, ...] = (
    UserMessage("Hello."),
    AssistantMessage(None, READS[:1]),
    ToolMessage("c0", "{}"),
    AssistantMessage(None, READS[1:]),
    ToolMessage("c1", "{}"),
    ToolMessage("c2", "{}"),
    AssistantMessage("Done."),
)


@pytest.mark.parametrize("name", ["retail", "airline"])
def test_a_second_call_in_a_message_is_named_with_its_place(name: str) -> None:
    (finding,) = several_calls_findings(TALK, load_domain(name))
    assert (finding.reason, finding.message, finding.call, finding.severity) == ("several_calls", 3, 1, "turn")
    assert "2 calls" in finding.detail


def test_a_domain_whose_policy_says_nothing_of_it_allows_several_calls(retail: Domain) -> None:
    assert several_calls_findings(TALK, msgspec.structs.replace(retail, one_call_a_message=False)) == []


@pytest.mark.parametrize("name", ["retail", "airline"])
def test_the_scripted_agent_makes_one_call_a_message(name: str) -> None:
    for row in run(make_tasks(name, 40, seed=3, world_size=150), "scripted", seed=3):
        assert all(len(message.tool_calls) <= 1 for message in row.messages if isinstance(message, AssistantMessage))


@needs_shared
@pytest.mark.parametrize("name", ["retail", "airline"])
def test_the_flag_says_what_the_benchmarks_policy_says(name: str) -> None:
    domain = load_benchmark("tau2").load(name, str(TAU2_DATA)).environment.domain
    assert domain.one_call_a_message == ("one tool call at a time" in domain.policy)
