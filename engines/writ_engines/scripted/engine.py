"""The engine itself: one script per seat and conversation, made at the first request and played by turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import anyio.lowlevel
import msgspec

from writ_async.core.behaviour import Behaviour
from writ_async.core.domain import Domain
from writ_async.core.engine import Completion, EngineFactory, Request, Setting
from writ_async.core.message import AssistantMessage, Message, UserMessage
from writ_async.core.state import World
from writ_async.core.task import Task
from writ_async.errors import EngineError, EngineErrorKind
from writ_engines.scripted.agent import AgentScript
from writ_engines.scripted.agent_missteps import MISSTEPS, plan_misstep
from writ_engines.scripted.agent_mistakes import choose_mistake, parse_rates
from writ_engines.scripted.agent_plan import make_plan
from writ_engines.scripted.agent_turns import ENDLESS, Turn, play_turn
from writ_engines.scripted.plain_user import SpeechStyle, last_heard, reply_plainly
from writ_engines.scripted.user import UserScript
from writ_engines.scripted.user_hands import UserHands, UserWithTools
from writ_engines.scripted.user_mistakes import STEP_MISTAKES, USER_MISTAKES, Slip, choose_slip, has_steps


class ScriptedOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of the scripted engine: an agent that knows the gold, a user who follows the script; no model.

    mistakes: a rate such as 0.2 (that share of conversations gets one mistake of any kind for which there is room), or
    kind=rate pairs separated by commas, such as wrong_write=0.1,giving_up=0.05
    user_mistakes: the same for slips of the user, such as revealed_early=0.1; where users have tools, skipped_step=0.1
    """

    mistakes: str = ""
    user_mistakes: str = ""


class ScriptedEngine:
    """Plays both seats from the tasks it was made with. Its answers depend on its seed and the request alone."""

    def __init__(
        self,
        tasks: Mapping[str, Task],
        domains: Mapping[str, Domain],
        seed: int,
        rates: Mapping[str, float] | None = None,
        user_rates: Mapping[str, float] | None = None,
        worlds: Mapping[str, World] | None = None,
        any_kind: bool = False,
        step_rates: Mapping[str, float] | None = None,
    ) -> None:
        self._tasks = tasks
        self._worlds = worlds or {}
        self._any_kind = any_kind
        self._domains = domains
        self._seed = seed
        self._rates = dict(rates or {})
        self._user_rates = dict(user_rates or {})
        self._step_rates = dict(step_rates or self._user_rates)
        self._plans: dict[str, list[Turn]] = {}
        self._agents: dict[str, AgentScript] = {}
        self._users: dict[str, tuple[UserScript, Slip | None]] = {}
        self._hands: dict[str, UserWithTools] = {}

    async def complete(self, request: Request) -> Completion:
        """Answer from the script. Raises `EngineError` for a task that the engine was not made with."""
        await anyio.lowlevel.checkpoint()
        task = self._tasks.get(request.task_id)
        if task is None:
            raise EngineError(f"the script has no task {request.task_id!r}", kind=EngineErrorKind.UNKNOWN_TASK)
        if request.seat == "user":
            return self._play_user(task, request)
        return play_turn(self._next_turn(task, request), request, self._domains[task.domain])

    def end_session(self, session: str) -> None:
        """Forget the script of a conversation."""
        self._plans.pop(session, None)
        self._agents.pop(session, None)
        self._users.pop(session, None)
        self._hands.pop(session, None)

    async def aclose(self) -> None:
        """Nothing to close."""

    def _next_turn(self, task: Task, request: Request) -> Turn:
        """The agent's turn that is due."""
        # Who may slip, or has to tell what they see, is not one to whom a plan is merely read out.
        if task.behaviour is not None or self._user_rates or has_steps(task, self._domains[task.domain]):
            return self._agent_script(task, request).next_turn(_user_said(request.messages))
        plan = self._plans.get(request.session)
        if plan is None:
            plan = self._plans[request.session] = self._make_plan(task, request)
        if request.turn < len(plan):
            return plan[request.turn]
        # The plan ends with a closing line, or, for an agent that never comes to an end, with one that asks on.
        return plan[-1] if plan[-1].kind == ENDLESS else Turn.closing(self._rng_for(request, f"end/{request.turn}"))

    def _play_user(self, task: Task, request: Request) -> Completion:
        if self._domains[task.domain].user_actions:
            return self._play_hands(task, request)
        # A benchmark's scenario has no request in the user's own words, so nothing in it could be said wrongly.
        if task.behaviour is None and not (self._user_rates and task.scenario.request):
            return reply_plainly(task, request, SpeechStyle.draw(self._rng_for(request, "user")))
        script, slip = self._user_script(task, request)
        noted = slip is not None and slip.note is not None
        text = script.reply(last_heard(request))
        notes = (slip.note,) if slip is not None and slip.note is not None and not noted else ()
        return Completion(message=AssistantMessage(text), notes=notes)

    def _play_hands(self, task: Task, request: Request) -> Completion:
        """The next words or calls of a user with tools, whose hands are brought to where the request stands."""
        found = self._hands.get(request.session)
        if found is None or found.turns != request.turn:
            found = self._hands[request.session] = self._make_hands(task, request)
            for place in _own_places(request):
                found.next_message(request.messages[:place])
        slip = found.slip
        noted = slip is not None and slip.note is not None
        message = found.next_message(request.messages)
        note = slip.note if slip is not None and not noted else None
        notes = () if note is None else (msgspec.structs.replace(note, turn=request.turn),)
        return Completion(message=message, finish_reason="tool_calls" if message.tool_calls else "stop", notes=notes)

    def _make_hands(self, task: Task, request: Request) -> UserWithTools:
        domain = self._domains[task.domain]
        rates = self._step_rates if has_steps(task, domain) else self._user_rates
        slip = choose_slip(task, domain, rates, self._rng_for(request, "slips"))
        hands = UserHands(domain, self._rng_for(request, "hands"), slip)
        rng = self._rng_for(request, "user")
        if not task.scenario.request:
            return UserWithTools(hands, slip, plain=(task, SpeechStyle.draw(rng)))
        script = UserScript(task, task.behaviour or Behaviour(), rng, slip, domain.slots)
        return UserWithTools(hands, slip, script=script)

    def _user_script(self, task: Task, request: Request) -> tuple[UserScript, Slip | None]:
        """The user's script, brought to where the request stands if it is not there."""
        found = self._users.get(request.session)
        if found is None or found[0].turns != request.turn:
            domain = self._domains[task.domain]
            slip = choose_slip(task, domain, self._user_rates, self._rng_for(request, "slips"))
            rng = self._rng_for(request, "user")
            script = UserScript(task, task.behaviour or Behaviour(), rng, slip, domain.slots)
            for heard in _heard_before(request):
                script.reply(heard or "")
            found = self._users[request.session] = script, slip
        return found

    def _agent_script(self, task: Task, request: Request) -> AgentScript:
        """The agent's script before a user who behaves or may slip, brought to where the request stands."""
        script = self._agents.get(request.session)
        if script is None or script.turns != request.turn:
            script = AgentScript(
                task, self._domains[task.domain], self._make_plan(task, request), self._rng_for(request, "words")
            )
            for heard in _heard_before(request):
                script.next_turn(heard)
            self._agents[request.session] = script
        return script

    def _make_plan(self, task: Task, request: Request) -> list[Turn]:
        rng = self._rng_for(request, "agent")
        domain = self._domains[task.domain]
        world = self._worlds.get(task.id)
        drawn = self._rng_for(request, "mistakes")
        mistake = choose_mistake(task, domain, world, self._rates, drawn, any_kind=self._any_kind)
        if mistake in MISSTEPS and world is not None:
            return plan_misstep(mistake, task, domain, world, request, rng)
        return make_plan(task, domain, request, mistake, rng)

    def _rng_for(self, request: Request, what: str) -> Random:
        return Random(f"{self._seed}/{request.task_id}/{request.trial}/{what}")


def _user_said(messages: Sequence[Message]) -> str | None:
    """What the other seat said last, or None where a tool answered last."""
    last = messages[-1]
    return (last.content or "") if isinstance(last, UserMessage) else None


def _heard_before(request: Request) -> list[str | None]:
    """What a seat heard before each of its earlier completions in this conversation."""
    return [_user_said(request.messages[:place]) for place in _own_places(request)]


def _own_places(request: Request) -> list[int]:
    """The places of a seat's earlier completions in this conversation among what it has seen."""
    if not request.turn:
        return []
    own = [place for place, message in enumerate(request.messages) if isinstance(message, AssistantMessage)]
    return own[-request.turn :]


def _make_engine(options: ScriptedOptions, setting: Setting) -> ScriptedEngine:
    rates = parse_rates(options.mistakes)
    kinds = (*USER_MISTAKES, *STEP_MISTAKES)
    step_rates = parse_rates(options.user_mistakes, kinds, "user_mistakes")
    named = "=" in options.user_mistakes
    user_rates = step_rates if named else parse_rates(options.user_mistakes, USER_MISTAKES, "user_mistakes")
    any_kind = "=" not in options.mistakes
    return ScriptedEngine(
        setting.tasks, setting.domains, setting.seed, rates, user_rates, setting.worlds, any_kind, step_rates
    )


ENGINE = EngineFactory(name="scripted", options=ScriptedOptions, make=_make_engine)
