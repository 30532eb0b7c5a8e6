"""The engine itself: one script per seat and conversation, made at the first request and played by turn."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import anyio.lowlevel
import msgspec

from engines.scripted.mistakes import choose_mistakes, parse_rates
from engines.scripted.plan import make_plan
from engines.scripted.speech import SpeechStyle
from engines.scripted.turns import ENDLESS, Turn, play_turn
from engines.scripted.user import user_reply
from writ_async.domain import Domain
from writ_async.engine import Completion, EngineFactory, Request, Setting
from writ_async.errors import EngineError
from writ_async.task import Task


class ScriptedOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of the scripted engine.

    mistakes: a rate such as 0.2 (that share of conversations gets one mistake of any kind), or kind=rate pairs
    separated by commas, such as wrong_write=0.1,giving_up=0.05
    """

    mistakes: str = ""


class ScriptedEngine:
    """Plays both seats from the tasks it was made with. Its answers depend on its seed and the request alone."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        domains: Mapping[str, Domain],
        seed: int,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        self._tasks = tasks
        self._domains = domains
        self._seed = seed
        self._rates = dict(rates or {})
        self._plans: dict[str, list[Turn]] = {}

    async def complete(self, request: Request) -> Completion:
        """Answer from the script. Raises `EngineError` for a task that the engine was not made with."""
        await anyio.lowlevel.checkpoint()
        task = self._tasks.get(request.task_id)
        if task is None:
            raise EngineError(f"the script has no task {request.task_id!r}", kind="unknown_task")
        if request.seat == "user":
            return user_reply(task, request, SpeechStyle.of(self._rng(request, "user")))
        plan = self._plans.get(request.session)
        if plan is None:
            plan = self._plans[request.session] = self._make_plan(task, request)
        if request.turn < len(plan):
            return play_turn(plan[request.turn], request)
        # The plan ends with a closing line, or, for an agent that never comes to an end, with one that asks on.
        return play_turn(plan[-1] if plan[-1].kind == ENDLESS else Turn.closing(), request)

    def end_session(self, session: str) -> None:
        """Forget the script of a conversation."""
        self._plans.pop(session, None)

    async def aclose(self) -> None:
        """Nothing to close."""

    def _make_plan(self, task: Task, request: Request) -> list[Turn]:
        rng = self._rng(request, "agent")
        tools = self._domains[task.domain].tools
        mistakes = choose_mistakes(task, tools, self._rates, self._rng(request, "mistakes"))
        return make_plan(task, tools, request, mistakes, rng)

    def _rng(self, request: Request, what: str) -> Random:
        return Random(f"{self._seed}/{request.task_id}/{request.trial}/{what}")


def _make(options: ScriptedOptions, setting: Setting) -> ScriptedEngine:
    return ScriptedEngine(setting.tasks, setting.domains, setting.seed, parse_rates(options.mistakes))


ENGINE = EngineFactory(name="scripted", options=ScriptedOptions, make=_make)
