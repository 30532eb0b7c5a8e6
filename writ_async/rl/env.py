"""One task as an environment: `reset`, then `step` after `step`; the user's seat and the tools are inside.

    async with WritEnv(task, user="scripted") as env:
        step = await env.reset()
        while not step.done:
            step = await env.step(await policy(env.messages, env.tools))
        env.trajectory, step.reward

It is the same conversation as in `rollouts`, with the same verdict; only the agent's turns come from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import msgspec

from writ_async.chat import ChatFormat
from writ_async.chat.notes import notes_on
from writ_async.chat.sampled import SampledSession
from writ_async.conversation import Conversation, Rules
from writ_async.conversation.answers import require_completion
from writ_async.core.engine import Completion, Engine, Request
from writ_async.core.message import Message
from writ_async.core.task import Task
from writ_async.core.trajectory import Note, Termination, TokenSequence, Trajectory, Usage, VersionSpan
from writ_async.errors import ContextWindowError, EngineError, InputError, describe_error
from writ_async.rl.messages import read_message
from writ_async.rl.rewards import benchmark_reward

if TYPE_CHECKING:
    from writ_async.core.environment import Environment
    from writ_async.runs.model_judge import ModelJudge
    from writ_async.runs.play_settings import PlaySettings
    from writ_async.runs.seats import EngineSpec
    from writ_async.verify.judge import Judge


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent sees next. `messages` are those that are new to it; at first they begin with the system prompt.

    `ids` are the same as token ids, up to where its turn begins, where the environment has a chat format: what is to be
    put behind the ids that were sampled last. `reward` is 0 until the conversation is `done`.
    """

    messages: tuple[Message, ...] = ()
    ids: tuple[int, ...] = ()
    reward: float = 0.0
    done: bool = False


class _Outside:
    """The agent's seat, which nobody plays here."""

    async def complete(self, request: Request) -> Completion:
        raise RuntimeError("the agent's turns come from whoever steps")


class WritEnv:
    """A task's conversations, one after the other; each `reset` begins the next trial.

    `user` plays the user: an `Engine`, a registered name with `user_options`, or an `EngineSpec`; one that is made here
    is closed by `close`. With `chat` a step may be token ids, and `trajectory.tokens["agent"]` has them all. `rules`,
    `judge`, `data` and `tools` are those of `rollouts`; `reward` says what a judged conversation is worth. One step at
    a time: an environment is one conversation.
    """

    def __init__(
        self,
        task: Task,
        user: Engine | EngineSpec | str = "scripted",
        *,
        user_options: Mapping[str, Any] | None = None,
        chat: ChatFormat | None = None,
        trial: int = 0,
        seed: int = 0,
        rules: Rules | None = None,
        judge: Judge | str = "assume-met",
        judge_options: Mapping[str, Any] | None = None,
        data: str | None = None,
        tools: str | None = None,
        reward: Callable[[Trajectory], float] = benchmark_reward,
    ) -> None:
        if not isinstance(task, Task):
            raise InputError(f"task must be a Task, not a {type(task).__name__}; make_tasks and load_tasks give them")
        self.task = task
        self.trajectory: Trajectory | None = None
        self._given = (user, user_options)
        self._settings: dict[str, Any] = {"seed": seed, "rules": rules, "judge": judge, "judge_options": judge_options}
        self._settings |= {"data": data, "tools": tools}
        self._chat = chat
        self._reward = reward
        self._trial = trial
        self._stack = AsyncExitStack()
        self._opened: _Opened | None = None
        self._conversation: Conversation | None = None
        self._session: SampledSession | None = None
        self._shown = 0

    async def reset(self, trial: int | None = None) -> Step:
        """Begin the next trial, or the one that is named, and play up to the agent's first turn.

        Raises `InputError` for a user, a judge or a world that cannot be had.
        """
        opened = self._opened = self._opened or await self._open()
        self._forget_sessions()
        self._trial = self._trial if trial is None else trial
        domain, world = opened.environment.domain, opened.environment.world
        self._conversation = Conversation(
            self.task, domain, world, trial=self._trial, seed=opened.settings.seed, rules=opened.settings.rules
        )
        self._session = None if self._chat is None else SampledSession(self._chat.session(domain.schemas))
        self._trial += 1
        self._shown = 0
        self.trajectory = None
        return await self._play_to_agent(opened, self._conversation)

    async def step(self, action: Any, logprobs: Sequence[float | None] | None = None, version: str = "") -> Step:
        """Say the agent's turn: its tool calls are run, the user answers, and what is new comes back.

        `action` is a text, an `AssistantMessage`, a dict of chat completions, or, with a chat format, the sampled ids
        with the one that ended the turn; `logprobs` has one for each, `version` names the weights. Raises `InputError`
        for what is none of these, and `RuntimeError` before `reset` and after the end.
        """
        conversation, opened = self._conversation, self._opened
        if conversation is None or opened is None:
            raise RuntimeError("there is no conversation yet; await reset() first")
        if conversation.ended:
            raise RuntimeError(
                f"conversation {conversation.id} has ended: {conversation.termination}; reset() begins anew"
            )
        request = conversation.request()
        assert request is not None
        conversation.receive(self._completion(request, action, logprobs, version))
        return await self._play_to_agent(opened, conversation)

    async def stop(self, termination: Termination = Termination.CANCELLED, error: str = "") -> Step:
        """End the conversation from outside, with all that was said so far; one that has ended stays as it is."""
        if self._conversation is None or self._opened is None:
            raise RuntimeError("there is no conversation yet; await reset() first")
        self._conversation.stop(termination, error)
        return await self._play_to_agent(self._opened, self._conversation)

    async def __aenter__(self) -> WritEnv:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Forget the conversation, and close what was opened here; a later `reset` opens it again."""
        self._forget_sessions()
        self._conversation = self._session = self._opened = None
        await self._stack.aclose()

    @property
    def messages(self) -> Sequence[Message]:
        """The agent's whole view, system prompt first; empty before `reset`. Not to be changed."""
        return () if self._conversation is None else self._conversation.view("agent")

    @property
    def tools(self) -> Sequence[dict[str, Any]]:
        """The schemas of the agent's tools, as chat completions have them; empty before `reset`."""
        return () if self._conversation is None else self._conversation.domain.schemas

    @property
    def prompt_ids(self) -> Sequence[int]:
        """All ids before the agent's turn: those of the steps with those that were sampled, in order.

        Take these instead where a template renders earlier turns anew (`ChatFormat.stable` is false). Empty without a
        chat format and before `reset`.
        """
        return () if self._session is None else self._session.session.ids

    @property
    def tokens(self) -> TokenSequence | None:
        """All ids so far, with their mask and logprobs; None without a chat format and before `reset`."""
        return None if self._session is None else self._session.sequence()

    async def _open(self) -> _Opened:
        # What judges takes long to import, and is needed only by who plays.
        from writ_async.runs.model_judge import open_engines_and_judge
        from writ_async.runs.play_settings import parse_play_settings
        from writ_async.runs.seats import EngineSpec, Seats
        from writ_async.runs.task_sets import require_playable
        from writ_async.runs.worlds import open_worlds

        user, options = self._given
        if isinstance(user, str):
            user = EngineSpec(user, options or {})
        elif options:
            raise InputError("user_options are those of an engine that is given by its registered name")
        settings = parse_play_settings(Seats(_Outside(), user), **self._settings)
        worlds = open_worlds([self.task], settings.data, settings.tools)
        require_playable([self.task], worlds)
        engines, asked = await self._stack.enter_async_context(
            open_engines_and_judge(settings.seats, settings.judge, [self.task], worlds.values(), settings.seed)
        )
        (environment,) = worlds.values()
        return _Opened(environment, settings, engines["user"], asked)

    def _completion(
        self, request: Request, action: Any, logprobs: Sequence[float | None] | None, version: str
    ) -> Completion:
        """The agent's turn as an engine would have given it."""
        if isinstance(action, str | Mapping) or not isinstance(action, Sequence):
            if self._session is not None:
                raise InputError("this environment has a chat format: step with the ids that were sampled")
            return Completion(message=read_message(action, request.turn))
        if self._session is None:
            raise InputError("to step with token ids, give the environment a chat format: WritEnv(task, chat=...)")
        if logprobs is not None and len(logprobs) != len(action):
            raise InputError(f"there are {len(logprobs)} logprobs for {len(action)} ids")
        length = len(self._session.session.ids)
        weights = (VersionSpan(version, 0, len(action)),) if version else ()
        parsed = self._session.receive(action, [None] * len(action) if logprobs is None else logprobs, weights)
        usage = Usage(requests=1, prompt_tokens=length, completion_tokens=len(action))
        return Completion(message=parsed.message, usage=usage, notes=tuple(notes_on(parsed, "agent", request.turn)))

    async def _play_to_agent(self, opened: _Opened, conversation: Conversation) -> Step:
        """Let the user speak until it is the agent's turn, or the conversation has ended."""
        while (request := conversation.request()) is not None and request.seat == "user":
            try:
                completion = require_completion(await opened.user.complete(request))
            except ContextWindowError as exc:
                conversation.stop(Termination.CONTEXT_WINDOW_EXCEEDED, str(exc))
            except EngineError as exc:
                conversation.stop(Termination.INFRASTRUCTURE_ERROR, f"{exc.kind}: {exc}")
            except Exception as exc:  # an engine's bug costs this conversation, as in `rollouts`
                conversation.stop(
                    Termination.INFRASTRUCTURE_ERROR, opened.mishaps.tell("the user's engine failed", exc)
                )
            else:
                opened.take_users_answer(conversation, self.task, completion)
        view = conversation.view("agent")
        new = tuple(view[self._shown :])
        self._shown = len(view)
        ids: tuple[int, ...] = ()
        if request is not None:
            if self._session is not None:
                session, known = self._session.session, len(self._session.session.ids)
                try:
                    session.advance(view)
                except EngineError as exc:
                    return await self.stop(Termination.INFRASTRUCTURE_ERROR, f"{exc.kind}: {describe_error(exc)}")
                ids = tuple(session.ids[known:])
            return Step(messages=new, ids=ids)
        if self.trajectory is None:
            self.trajectory = await self._judged(opened, conversation)
        return Step(messages=new, reward=self._reward(self.trajectory), done=True)

    async def _judged(self, opened: _Opened, conversation: Conversation) -> Trajectory:
        from writ_async.runs.jobs import judge_one
        from writ_async.scheduler import Job

        trajectory = conversation.trajectory()
        trajectory.tokens = opened.end_user_session(conversation)
        if self._session is not None:
            moved = self._session.session.moved
            trajectory.notes += tuple(Note("ids_rendered_anew", turn, "no longer what was sampled") for turn in moved)
            trajectory.tokens["agent"] = self._session.sequence()
        job = Job(self.task, conversation.domain, opened.environment.world, conversation.trial, conversation.seed)
        await judge_one(job, trajectory, opened.settings, opened.asked, opened.mishaps)
        return trajectory

    def _forget_sessions(self) -> None:
        if self._conversation is not None and self._opened is not None and self.trajectory is None:
            self._opened.end_user_session(self._conversation)


class _Opened:
    """What a `reset` opens once: the world, the settings, the user's engine, and the model that judges, if any."""

    def __init__(
        self, environment: Environment, settings: PlaySettings, user: Engine, asked: ModelJudge | None
    ) -> None:
        from writ_async.scheduler.mishaps import Mishaps

        self.environment = environment
        self.settings = settings
        self.user = user
        self.asked = asked
        self.mishaps = Mishaps()

    def take_users_answer(self, conversation: Conversation, task: Task, completion: Completion) -> None:
        """Have the user's answer said, or asked for again as often as the rules allow."""
        from writ_async.scheduler.engine_sessions import end_session
        from writ_async.verify.user_answer import slip_in_answer

        message = completion.message
        if conversation.retries < conversation.rules.user_retries and not message.tool_calls:
            said, world = message.content or "", self.environment.world
            if why := slip_in_answer(task, conversation.messages, said, conversation.domain, world):
                end_session(self.user, conversation.ask_again(completion, why), self.mishaps)
                return
        conversation.receive(completion)

    def end_user_session(self, conversation: Conversation) -> dict[str, TokenSequence]:
        """Have the user's engine forget the conversation; the ids of its seat, where it works on ids."""
        from writ_async.scheduler.engine_sessions import end_sessions

        return end_sessions({"user": self.user}, {"user": conversation.session("user")}, self.mishaps)
