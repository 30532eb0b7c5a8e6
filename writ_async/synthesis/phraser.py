"""Has a model say a task's request anew, and believes nothing that is not checked.

Any engine will do. What it writes must hold every value that the old words held, none besides, nothing that has to be
read, and the sentences by which the task's proof stands; and the gold calls, made again after the new words, must still
be the one sound solution. With a `MeaningCheck` a second model is asked what the new words mean. Otherwise the model is
told what was wrong and tries again; in the end the template stays.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Final

import anyio
import msgspec

from writ_async.core.domain import Domain
from writ_async.core.engine import Engine, Request, end_session
from writ_async.core.environment import Environment
from writ_async.core.message import AssistantMessage, Message, SystemMessage, UserMessage
from writ_async.core.state import World
from writ_async.core.task import Scenario, Task
from writ_async.errors import EngineError, OutOfServiceError, unwrap_group
from writ_async.scheduler.asking import ask_engine
from writ_async.synthesis.decisive_words import words_to_keep
from writ_async.synthesis.phrase_checks import instruction_problem, phrasing_problem, scenario_problem
from writ_async.synthesis.phrase_questions import ENGINE_ERROR, MeaningCheck
from writ_async.synthesis.phrase_report import PhrasedText, PhraseReport, PhraseTrace

TRIES: Final = 3
_HOPELESS: Final = 20
_NO_JSON: Final = "form: the answer must be one JSON object as asked for"

_REQUEST: Final = """\
You rewrite what a customer says to a service agent, so that it sounds like another person who wants exactly the same.
Keep every number, id, date, name, place and condition, and keep the order of things if it matters. Add no wish, no
fact and no number. "request" is what the customer says, in the first person. "scenario" tells the same to an actor who
is to play the customer, in the second person.
Answer with one JSON object and nothing else: {"request": "...", "scenario": "..."}"""
_INSTRUCTION: Final = """\
You rewrite instructions on how a customer talks, for an actor who plays that customer. Keep every instruction, add
none. Speak to the actor as "you". Name no number, no id, no person and no place. The text goes into "request".
Answer with one JSON object and nothing else: {"request": "..."}"""


class _Reply(msgspec.Struct):
    request: str
    scenario: str = ""


_Check = Callable[[_Reply], str]
_Ask = Callable[[_Reply, int, PhraseReport], Awaitable[str]]


class LlmPhraser:
    """Rewrites requests and behaviours through an engine. One instance may work on many tasks at once.

    It gives up, by `PhraserError`, where the first `_HOPELESS` texts all had to stay as they were. `check` is the
    engine of the second model, if requests are to be checked by one. `trace` has the texts that were settled before,
    and what they took counts in the report as if it were spent now.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        seed: int = 0,
        tries: int = TRIES,
        report: PhraseReport | None = None,
        check: Engine | None = None,
        trace: PhraseTrace | None = None,
    ) -> None:
        self.report = PhraseReport(refused={}) if report is None else report
        self._engine = engine
        self._seed = seed
        self._tries = tries
        self._check = MeaningCheck(check, seed) if check is not None else None
        self._trace = trace

    async def phrase(self, task: Task, domain: Domain, world: World) -> Task:
        """The task with its request in a model's words, or as it was where no try could be believed.

        Engine errors count as failed tries. Never raises for what a model wrote.
        """
        told = task.scenario
        texts = f"Rewrite this request:\n{told.request}\nAnd this scenario:\n{told.reason_for_call}"
        prompt = f"{texts}{_kept(told)}{_pinned(task)}"

        def check(reply: _Reply) -> str:
            return phrasing_problem(task, reply.request, domain, world) or (
                scenario_problem(task, reply.scenario, world) if told.reason_for_call else ""
            )

        async def ask(reply: _Reply, number: int, report: PhraseReport) -> str:
            if self._check is None:
                return ""
            texts = {"request": reply.request, "scenario": reply.scenario if told.reason_for_call else ""}
            new = {name: text for name, text in texts.items() if text}
            return await self._check.why_other_meaning(task, domain, new, number, report.check)

        reply = await self._write(task, "request", _REQUEST, prompt, check, ask)
        if reply is None:
            return task
        reason = reply.scenario if told.reason_for_call else ""
        scenario = msgspec.structs.replace(told, request=reply.request, reason_for_call=reason)
        return msgspec.structs.replace(task, scenario=scenario, rephrased=True)

    async def phrase_behaviour(self, task: Task, domain: Domain, world: World) -> Task:
        """The task with its behaviour's instruction in a model's words, or as it was."""
        behaviour = task.behaviour
        if behaviour is None or not behaviour.instruction:
            return task

        def check(reply: _Reply) -> str:
            return instruction_problem(task, behaviour, reply.request, domain, world)

        reply = await self._write(task, "manner", _INSTRUCTION, f"Rewrite this:\n{behaviour.instruction}", check)
        if reply is None:
            return task
        return msgspec.structs.replace(task, behaviour=msgspec.structs.replace(behaviour, instruction=reply.request))

    async def _write(
        self, task: Task, what: str, system: str, prompt: str, check: _Check, ask: _Ask | None = None
    ) -> _Reply | None:
        """The text that was settled for this before, or else what comes of asking, which is kept."""
        asked = _digest(system, prompt)
        known = self._trace.find(task.id, what, asked) if self._trace is not None else None
        if known is not None:
            self.report.add(known.report)
            reply = _Reply(known.request, known.scenario) if known.request is not None else None
        else:
            report = PhraseReport(refused={})
            try:
                reply = await self._ask_until_useful(task, what, system, prompt, check, ask, report)
            finally:
                self.report.add(report)
            if self._trace is not None and not report.unanswered:
                said = {} if reply is None else {"request": reply.request, "scenario": reply.scenario}
                self._trace.keep(PhrasedText(task.id, what, asked, report, **said))
        if reply is None:
            self.report.require_some(_HOPELESS)
        return reply

    async def _ask_until_useful(
        self,
        task: Task,
        what: str,
        system: str,
        prompt: str,
        check: _Check,
        ask: _Ask | None,
        report: PhraseReport,
    ) -> _Reply | None:
        """Ask until an answer passes the check, and then what is asked about it; tell what was wrong with the last."""
        session = f"{task.id}/{what}/phraser"
        messages: list[Message] = [SystemMessage(system), UserMessage(prompt)]
        try:
            for number in range(self._tries):
                said = await self._ask(task, session, number, messages, report)
                if said is None:
                    continue
                reply = _read(said)
                problem = check(reply) if reply is not None else _NO_JSON
                if reply is not None and not problem and ask is not None:
                    problem = await ask(reply, number, report)
                if not problem:
                    report.written += 1
                    return reply
                report.refuse(problem)
                messages += [AssistantMessage(said), UserMessage(f"That cannot be used. {problem}. Please try again.")]
        finally:
            end_session(self._engine, session)
        report.kept += 1
        return None

    async def _ask(
        self, task: Task, session: str, number: int, messages: Sequence[Message], report: PhraseReport
    ) -> str | None:
        request = Request(
            id=f"{session}/{number}", session=session, seat="user", task_id=task.id, trial=0, turn=number,
            seed=self._seed + number, messages=messages, tools=(),
        )  # fmt: skip
        report.calls += 1
        try:
            completion = await ask_engine(self._engine, request)
            report.usage.add(completion.usage)
            return completion.message.content or ""
        except OutOfServiceError:  # no other request would be phrased either
            raise
        except EngineError as exc:
            report.refuse(f"{ENGINE_ERROR}: {exc.kind}: {exc}")
            return None


async def phrase_all(
    tasks: Sequence[Task],
    environment_of: Callable[[Task], Environment],
    phrase: Callable[[Task, Domain, World], Awaitable[Task]],
    at_once: int = 32,
) -> list[Task]:
    """All tasks rewritten by a method of a phraser, in their order, whatever order the engine answers in.

    Raises `PhraserError` where the phraser gives up.
    """
    done: dict[int, Task] = {}
    limit = anyio.CapacityLimiter(at_once)

    async def one(place: int, task: Task) -> None:
        async with limit:
            environment = environment_of(task)
            done[place] = await phrase(task, environment.domain, environment.world)

    try:
        async with anyio.create_task_group() as group:
            for place, task in enumerate(tasks):
                group.start_soon(one, place, task)
    except BaseExceptionGroup as errors:
        raise unwrap_group(errors) from None
    return [done[place] for place in range(len(tasks))]


def _kept(told: Scenario) -> str:
    """What a model is told of the words that decide."""
    words = dict.fromkeys([*words_to_keep(told.request), *words_to_keep(told.reason_for_call)])
    return f"\nKeep these words, for they decide: {', '.join(words)}" if words else ""


def _pinned(task: Task) -> str:
    pins = [pin.text for pin in task.proof.pins] if task.proof is not None else []
    kept = [text for text in pins if text and text in task.scenario.request]
    return "".join(f"\nKeep this sentence word for word: {text}" for text in kept)


def _read(said: str) -> _Reply | None:
    """The object that an answer holds, perhaps between other words; None where it holds none."""
    start, end = said.find("{"), said.rfind("}")
    try:
        reply = msgspec.json.decode(said[start : end + 1], type=_Reply)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return _Reply(reply.request.strip(), reply.scenario.strip())


def _digest(*texts: str) -> str:
    return blake2b("\0".join(texts).encode(errors="surrogatepass"), digest_size=16).hexdigest()
