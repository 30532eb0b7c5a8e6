"""Conversations of a model that writes its format exactly: a full rendering gives back every id, sampled ones too."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from tests.live.rollout import Recorder, Seen, open_engine
from tests.live.server import Server
from writ_async import Limits, Rules
from writ_async.chat import audit, load_template, open_chat_format
from writ_async.chat.tokenizer import load_reference
from writ_async.core.domain import Domain
from writ_async.core.engine import Completion, Request
from writ_async.core.message import AssistantMessage
from writ_async.core.state import State, World
from writ_async.core.task import Scenario, Task, WorldRef
from writ_async.core.tool import make_tools, read
from writ_async.core.trajectory import Trajectory
from writ_async.scheduler import Job, run_rollouts

CONVERSATIONS = 20
QUESTIONS = (
    "what is the weather in Paris",
    "please tell me the weather",
    "is it sunny in Paris",
    "call the weather now",
)
WORLD = World("weather", {})


@read
def get_weather(state: State, city: str) -> str:
    """Get the weather of a city

    Args:
        city: the city's name
    """
    return f"sunny in {city}"


def _no_world(seed: int, size: int) -> World:
    return WORLD


WEATHER = Domain(
    name="weather",
    policy="Be brief.",
    tools=make_tools([get_weather]),
    generate=_no_world,
    load=lambda data: WORLD,
    dump=lambda state: {},
)


class Asker:
    """Plays the user: asks some questions, and stops."""

    async def complete(self, request: Request) -> Completion:
        """See `Engine`."""
        if request.turn == 3:
            return Completion(message=AssistantMessage("###STOP###"))
        first = int(request.task_id)
        return Completion(message=AssistantMessage(QUESTIONS[(first + request.turn) % len(QUESTIONS)]))

    def end_session(self, session: str) -> None:
        """See `Engine`."""

    async def aclose(self) -> None:
        """See `Engine`."""


def ask(server: Server) -> tuple[Sequence[Trajectory], dict[str, Seen]]:
    """Conversations about the weather, greedy."""

    async def collect() -> tuple[Sequence[Trajectory], dict[str, Seen]]:
        recorder = Recorder(open_engine(server, max_tokens=64, temperature=0.0))
        jobs = [
            Job(
                Task(
                    id=str(number),
                    domain="weather",
                    kind="normal",
                    world=WorldRef("weather"),
                    scenario=Scenario("You want to know the weather."),
                ),
                WEATHER,
                WORLD,
            )
            for number in range(CONVERSATIONS)
        ]
        rules, limits = Rules(greeting=None), Limits(concurrency=CONVERSATIONS)
        try:
            async with run_rollouts(jobs, {"agent": recorder, "user": Asker()}, rules=rules, limits=limits) as stream:
                return [trajectory async for trajectory in stream], recorder.sessions
        finally:
            await recorder.aclose()

    return anyio.run(collect)


def test_a_full_rendering_gives_back_every_id(tool_server: Server) -> None:
    rows, sessions = ask(tool_server)
    assert {str(row.termination) for row in rows} == {"user_stop"}
    assert all(row.chain and not row.errors for row in rows)
    chat, template = open_chat_format(tool_server.model), load_template(tool_server.model)
    reference = load_reference(tool_server.model)
    assert template is not None
    completions = 0
    for name, seen in sessions.items():
        assert seen.tokens is not None
        session = seen.replay(chat)
        found = audit(chat, session, seen.messages[: seen.turns[-1].shown], seen.tools)
        assert (found.difference, found.canonical) == (None, found.completions), name
        completions += found.completions
        # the folder's own template, and its tokenizer as transformers uses it: nothing of ours
        spoken = seen.messages[: session.seen]
        ids = reference.encode(template.render(spoken, seen.tools, generation=False))
        assert tuple(ids[: len(seen.tokens.ids)]) == seen.tokens.ids, name
        assert len(ids) - len(seen.tokens.ids) <= 1, "nothing but the line end behind the last turn"
    print(f"{completions} completions of {len(sessions)} conversations, all canonical")
    assert completions >= 4 * CONVERSATIONS
