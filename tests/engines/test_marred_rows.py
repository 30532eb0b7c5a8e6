"""A model whose turns are marred, on a double of each engine's server: its rows fall, or those turns are masked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from writ_engines.openai import OpenAIEngine, OpenAIOptions
from writ_engines.scripted import ScriptedEngine

from bench.models.folders import open_family, write_family
from tests.support.chat_double import Answer, Asked, chat, serve
from tests.support.sglang_double import SglangDouble
from tests.support.talk import make_engine
from writ_async.api import make_tasks, rollouts
from writ_async.chat.rendered_parts import split_marks, splitter
from writ_async.conversation import Rules
from writ_async.core.engine import Completion, Engine, Request, close_engine, end_session
from writ_async.core.message import AssistantMessage
from writ_async.core.task import Task
from writ_async.core.trajectory import TokenSequence, Trajectory
from writ_async.curation.rules import FilterRules
from writ_async.runs.worlds import open_worlds
from writ_async.verify.reasons import Reason

pytestmark = pytest.mark.asyncio
MOST = 2000  # tokens of a completion
RULES = Rules(max_steps=80)
LEAKED = '{"name": "get_order_details", "arguments": {"order_id": "#W0000001"}}'
SPANISH = "Claro, puede usted devolver el pedido por correo y para su cuenta está lo que desea, gracias por su favor."


class Way(NamedTuple):
    """How turns are marred: texts, or what is said in front of calls; what is found of them; whether they are cut."""

    text: str | None
    before_calls: str | None
    reasons: tuple[Reason, ...]
    cut: bool = False


WAYS = {
    "token": Way("{}<|im_start|>user\nyes, thanks", None, (Reason.SPECIAL_TOKEN,)),
    "role": Way("{}\n\nUser: yes, please do that", None, (Reason.FOREIGN_ROLE,)),
    "result": Way(None, '<tool_response>\n{{"ok": true}}\n</tool_response>\nIt is there.', (Reason.INVENTED_RESULT,)),
    "told result": Way('Tool result: {{"state": "open"}}\n{}', None, (Reason.INVENTED_RESULT,)),
    "call": Way(LEAKED.replace("{", "{{").replace("}", "}}") + "\n{}", None, (Reason.LEAKED_CALL,)),
    "thought": Way("Okay, the user wants some help. I should look first.\n\n{}", None, (Reason.LEAKED_THINKING,)),
    "late thought": Way("{}\n<think>\nBut wait\n</think>", None, (Reason.LEAKED_THINKING, Reason.DEFECTIVE_COMPLETION)),
    "claim": Way(None, "Your request has been processed.", (Reason.EARLY_CLAIM,)),
    "cut": Way("{}", None, (Reason.CUT_AT_LENGTH,), True),
    "repeat": Way("One moment, I am still looking at number 12345 for you.", None, (Reason.REPEATED_MESSAGE,)),
    "language": Way(SPANISH, None, (Reason.OTHER_LANGUAGE,)),
}


class BySeed:
    """An engine that passes requests on, and keeps what the agent answered by the seed alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.said: dict[int, AssistantMessage] = {}

    async def complete(self, request: Request) -> Completion:
        completion = await self._engine.complete(request)
        if request.seat == "agent":
            self.said[request.seed] = completion.message
            self.said[request.seed & 0x7FFFFFFF] = completion.message
        return completion

    def end_session(self, session: str) -> TokenSequence | None:
        return end_session(self._engine, session)

    async def aclose(self) -> None:
        await close_engine(self._engine)


def mar(message: AssistantMessage | None, way: Way) -> tuple[AssistantMessage, bool]:
    """The message as the marred model says it, and whether it is marred. Questions stay, so that a user understands."""
    message = message or AssistantMessage("Is there anything else?")
    if message.tool_calls and way.before_calls is not None:
        return AssistantMessage(way.before_calls.format(), message.tool_calls), True
    if message.tool_calls or way.text is None or "yes" in (message.content or ""):
        return message, False
    return AssistantMessage(way.text.format(message.content)), True


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return make_tasks("retail", 4, seed=5, mix="normal=1", world_size=60, behaviours="off")


def script(tasks: list[Task]) -> ScriptedEngine:
    domains = {opened.domain.name: opened.domain for opened in open_worlds(tasks, None).values()}
    return ScriptedEngine({task.id: task for task in tasks}, domains, 5)


async def play(tasks: list[Task], agent: Engine) -> list[Trajectory]:
    async with rollouts(tasks, agent, script(tasks), seed=5, rules=RULES) as stream:
        return [row async for row in stream]


async def listen(tasks: list[Task]) -> dict[int, AssistantMessage]:
    listener = BySeed(script(tasks))
    rows = await play(tasks, listener)
    assert all(row.verdict is not None and row.verdict.kept for row in rows)
    return listener.said


async def chat_rows(tasks: list[Task], way: Way, path: Path) -> tuple[list[Trajectory], int]:
    said = await listen(tasks)
    count = 0

    def answer(asked: Asked) -> Answer:
        nonlocal count
        message, marred = mar(said.get(asked.body["seed"]), way)
        count += marred
        if marred and way.cut:
            return chat(AssistantMessage((message.content or "")[:-9]), finish="length")
        return chat(message)

    async with serve(answer) as double:
        engine = OpenAIEngine(OpenAIOptions(model="m", url=double.url))
        try:
            return await play(tasks, engine), count
        finally:
            await engine.aclose()


async def token_rows(
    tasks: list[Task], way: Way, path: Path, rewrite: Callable[[str], str] = str
) -> tuple[list[Trajectory], int]:
    said = await listen(tasks)
    family = open_family(path / "format", "qwen3-instruct-2507")
    folder = write_family(path / "model", "qwen3-instruct-2507")
    marks = splitter(list(family.tokenizer.added))
    count = 0

    def speak(_: Any, sampling: dict[str, Any]) -> list[int]:
        nonlocal count
        message, marred = mar(said.get(sampling["sampling_seed"]), way)
        count += marred
        written = str(family.family.write(message))
        text = rewrite(written) if message.tool_calls else written
        count += text != written
        ids = family.tokenizer.encode_parts(split_marks(text, marks))
        if marred and way.cut:
            ids = [*ids, *ids[-1:] * MOST]
        return [*ids, family.tokenizer.added[family.family.end]]

    server = SglangDouble(speak, vocabulary=family.tokenizer.limit, context=2**20)
    async with server:
        engine = make_engine(server.url, folder, max_tokens=MOST, send_seed=True)
        try:
            return await play(tasks, engine), count
        finally:
            await engine.aclose()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-Zq81xV0pLmN3")


@pytest.mark.parametrize("play_marred", [chat_rows, token_rows])
@pytest.mark.parametrize("name", WAYS)
async def test_a_row_of_marred_turns_falls_and_the_turns_can_be_masked(
    name: str, play_marred: Callable[..., Any], tasks: list[Task], tmp_path: Path
) -> None:
    way = WAYS[name]
    rows, count = await play_marred(tasks, way, tmp_path)
    assert count >= 2
    masked = 0
    for row in rows:
        assert row.verdict is not None
        named = [finding for finding in row.verdict.findings if finding.reason in way.reasons]
        assert named, (row.id, row.verdict.findings, row.messages)
        assert not row.verdict.kept
        for finding in named:
            assert isinstance(row.messages[finding.message], AssistantMessage)
            masked += finding.message in FilterRules(mask_turns=True).masked(row.verdict)
    assert masked or way.reasons == (Reason.INVENTED_RESULT,), "an invented result is never kept"


@pytest.mark.parametrize("play_marred", [chat_rows, token_rows])
async def test_the_same_model_unmarred_is_kept(
    play_marred: Callable[..., Any], tasks: list[Task], tmp_path: Path
) -> None:
    rows, count = await play_marred(tasks, Way(None, None, ()), tmp_path)
    assert count == 0
    assert all(row.verdict.kept for row in rows), [row.verdict.findings for row in rows]


REWRITTEN: dict[str, Callable[[str], str]] = {
    "words behind a call": lambda text: f"{text}\nThat should be all.",
    "another key": lambda text: text.replace('"arguments"', '"args"'),
    "another family's form": lambda text: text.replace("<tool_call>", "```json").replace("</tool_call>", "```"),
}


@pytest.mark.parametrize("name", REWRITTEN)
async def test_calls_that_nobody_should_learn_are_masked_though_they_were_made(
    name: str, tasks: list[Task], tmp_path: Path
) -> None:
    rows, count = await token_rows(tasks, Way(None, None, ()), tmp_path, REWRITTEN[name])
    assert count >= 4
    for row in rows:
        assert row.verdict is not None
        assert {finding.reason for finding in row.verdict.findings} == {Reason.DEFECTIVE_COMPLETION}
        masked = FilterRules(mask_turns=True).masked(row.verdict)
        assert masked == {place for place, message in enumerate(row.messages) if getattr(message, "tool_calls", ())}
