"""Token in, token out, on the real server: every later turn finds its whole history in the prefix cache."""

from __future__ import annotations

import pytest

from tests.live.rollout import Seen, converse, open_engine
from tests.live.server import Server
from writ_async import Limits, Rules, make_tasks
from writ_async.chat import audit, open_chat_format
from writ_async.core.trajectory import Trajectory

CONVERSATIONS = 200
Run = tuple[list[Trajectory], dict[str, Seen]]


@pytest.fixture(scope="module")
def noise(noise_server: Server) -> Run:
    """Two hundred conversations of several turns, all live at once, the noise model in both seats."""
    tasks = make_tasks("retail", CONVERSATIONS, seed=11, world_size=120)
    engine = open_engine(noise_server, max_tokens=8)
    run = converse(tasks, engine, rules=Rules(max_steps=8), limits=Limits(concurrency=CONVERSATIONS))
    assert engine.statistics().retries.failures == {}
    return run


def test_every_conversation_ends_by_itself_and_has_several_turns_in_both_seats(noise: Run) -> None:
    trajectories, sessions = noise
    assert len(trajectories) == CONVERSATIONS
    assert {str(row.termination) for row in trajectories} <= {
        "max_steps",
        "agent_error",
        "user_error",
        "too_many_errors",
    }
    # A user whose very first message is empty ends the conversation before the agent is asked.
    assert all(row.tokens["user"].complete for row in trajectories)
    assert all(row.tokens["agent"].complete for row in trajectories if row.usage.get("agent"))
    several = [seen for seen in sessions.values() if len(seen.turns) >= 3]
    assert len(several) >= 0.9 * 2 * CONVERSATIONS


def test_later_turns_find_prompt_and_output_of_the_turn_before_in_the_cache(noise: Run) -> None:
    page = 1
    hits = misses = 0
    odd = []
    for name, seen in noise[1].items():
        for before, after in zip(seen.turns, seen.turns[1:], strict=False):
            expected = before.usage.prompt_tokens + before.usage.completion_tokens - 1
            if abs(after.usage.cached_tokens - expected) <= page:
                hits += 1
            else:
                misses += 1
                odd.append((name, after.usage.cached_tokens, expected))
    print(f"{hits} of {hits + misses} later turns found their whole history in the cache")
    assert hits + misses > 4 * CONVERSATIONS
    assert hits / (hits + misses) >= 0.99, odd[:10]


def test_the_full_rendering_gives_back_every_id_that_the_model_did_not_sample(noise: Run, noise_server: Server) -> None:
    """Whole conversations, rendered once by the model folder's own template, against the ids that were sent.

    Sampled ids need not be the tokenizer's own pieces of their text, so no rendering gives those back: they stand as
    placeholders here. test_tool_model.py compares them too, with a model that writes canonically.
    """
    chat = open_chat_format(noise_server.model)
    for name, seen in noise[1].items():
        assert seen.tokens is not None
        session = seen.replay(chat)
        assert tuple(session.ids) == seen.tokens.ids, name
        found = audit(chat, session, seen.messages[: seen.turns[-1].shown], seen.tools)
        assert (found.difference, found.completions) == (None, len(seen.turns)), name
