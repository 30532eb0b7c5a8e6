"""The benchmark's own runner and ours, on the same models: the same requests, messages and rewards.

The models are a double on this machine that plays each task's gold calls, some of them with a slip, and its user. Needs
a Python that imports the benchmark (WRIT_TAU2_PYTHON) and its checkout (WRIT_TAU2_CHECKOUT).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tests.support.chat_double import Answer, Asked, Double, chat, said, serve
from tests.support.shared_data import TAU2_DATA, needs_shared
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.core.message import AssistantMessage, make_call
from writ_async.core.task import Task
from writ_async.registry import load_benchmark
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView

PYTHON, CHECKOUT = os.environ.get("WRIT_TAU2_PYTHON"), os.environ.get("WRIT_TAU2_CHECKOUT")
pytestmark = [
    needs_shared,
    pytest.mark.skipif(
        not (PYTHON and CHECKOUT),
        reason="WRIT_TAU2_PYTHON and WRIT_TAU2_CHECKOUT name no Python that imports the benchmark, and no checkout",
    ),
]
COUNT = 16
THEIRS = """
import json, random, sys
from loguru import logger
logger.remove()
from tau2.agent.llm_agent import LLMAgent
from tau2.evaluator.evaluator import EvaluationType, evaluate_simulation
from tau2.orchestrator.orchestrator import Orchestrator
from tau2.registry import registry
from tau2.user.user_simulator import UserSimulator
domain, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
random.seed(300)
seed = random.randint(0, 1000000)
options = {"temperature": 0.0, "api_base": url}
for task in registry.get_tasks_loader(domain)()[:count]:
    place = registry.get_env_constructor(domain)()
    agent = LLMAgent(
        tools=place.get_tools(), domain_policy=place.get_policy(), llm="openai/agent", llm_args=dict(options))
    user = UserSimulator(
        tools=None, instructions=str(task.user_scenario), llm="openai/user", llm_args=dict(options))
    played = Orchestrator(
        domain=domain, agent=agent, user=user, environment=place, task=task, max_steps=200, seed=seed).run()
    judged = evaluate_simulation(
        simulation=played, task=task, evaluation_type=EvaluationType.ENV, solo_mode=False, domain=domain)
    said = [
        [one.role, one.content, [[call.name, call.arguments] for call in getattr(one, "tool_calls", None) or []]]
        for one in played.messages]
    match = None if judged.db_check is None else judged.db_check.db_match
    print("ROW " + json.dumps([task.id, said, played.termination_reason.value, match]), flush=True)
"""


def player(tasks: dict[str, Task], prompts: dict[str, str]) -> Callable[[Asked], Answer]:
    """A double of both models: the user names the task, and the agent makes its gold calls, in each third not the last.

    One call in five has text beside it, and one task in four begins with a tool that there is not.
    """

    def answer(asked: Asked) -> Answer:
        messages = asked.body["messages"]
        if asked.body["model"].endswith("user"):
            told = sum(one["role"] == "assistant" for one in messages)
            return said(f"TASK {prompts[messages[0]['content']]}, please." if not told else "###STOP###")
        (name,) = [one["content"].split()[1].strip(",") for one in messages if one["role"] == "user"][:1]
        number = int(name)
        gold = list(tasks[name].actions or ())
        calls = [make_call(f"c{place}", action.name, action.arguments) for place, action in enumerate(gold)]
        calls = calls[:-1] if number % 3 == 2 else calls
        calls = [make_call("n", "no_such_tool", {"é": 1}), *calls] if number % 4 == 1 else calls
        made = sum(one["role"] == "tool" for one in messages)
        if made >= len(calls):
            return said("That is all done. ✓")
        text = "One moment." if made % 5 == 4 else None
        return chat(AssistantMessage(text, (calls[made],)))

    return answer


def plain(body: Any) -> Any:
    """A request as a model is shown it.

    Their client leaves empty contents out, says a call's name once more, and writes arguments anew. What a tool says
    when it refuses is in the words of each.
    """
    for message in body["messages"]:
        message.setdefault("content", None)
        message["content"] = refusal(message["content"])
        for call in message.get("tool_calls") or ():
            call.pop("name", None)
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return {**body, "model": body["model"].removeprefix("openai/")}


def refusal(content: str | None) -> str | None:
    """A text as it is compared: of a tool that refuses, that it does."""
    refuses = content is not None and content.startswith("Error: ") and "no_such_tool" not in content
    return "Error" if refuses else content


@pytest.mark.slow
@pytest.mark.parametrize("domain", ["retail", "airline"])
def test_requests_messages_and_rewards_are_the_same(domain: str, tmp_path: Path) -> None:
    loaded = load_benchmark("tau2").load(domain, str(TAU2_DATA))
    tasks = {task.id: task for task in loaded.tasks[:COUNT]}
    template = load_benchmark("tau2").terms(CHECKOUT).prompts["user"]
    prompts = {template.replace("{scenario}", task.scenario.layout): name for name, task in tasks.items()}
    asked: dict[str, list[Any]] = {}

    async def go() -> str:
        async with serve(player(tasks, prompts)) as double:
            given = await anyio.to_thread.run_sync(run_theirs, domain, double)
            asked["theirs"] = [plain(one.body) for one in double.asked]
            double.asked.clear()
            seats = Seats(*(EngineSpec("openai", {"url": double.url, "model": seat}) for seat in ("agent", "user")))
            config = EvalConfig(tasks=(f"tau2:{domain}",), limit=COUNT, prompts=str(CHECKOUT), seats=seats)
            await evaluate(config, tmp_path / "run", data=str(TAU2_DATA))
            asked["ours"] = [plain(one.body) for one in double.asked]
        return given

    rows = [json.loads(line[4:]) for line in anyio.run(go).splitlines() if line.startswith("ROW ")]
    here, there = ({json.dumps(one, sort_keys=True) for one in asked[whose]} for whose in ("ours", "theirs"))
    assert len(here) > 3 * COUNT
    assert [json.loads(one)["messages"][-1] for one in sorted(here ^ there)] == []
    ours = {row.task_id.rpartition(":")[2]: row for row in RunView.open(tmp_path / "run").ordered()}
    assert len(rows) == len(ours) == COUNT
    matches = set()
    for name, said_there, ended, match in rows:
        row = ours[name]
        assert row.verdict is not None
        assert row.verdict.reward.database is not None
        said_here: list[Any] = [
            [
                type(one).__name__.removesuffix("Message").lower(),
                one.content,
                [[call.function.name, json.loads(call.function.arguments)] for call in getattr(one, "tool_calls", ())],
            ]
            for one in row.messages
        ]
        told = [[role, refusal(content), calls] for role, content, calls in said_there]
        assert [[role, refusal(content), calls] for role, content, calls in said_here] == told, name
        assert row.termination.value == ended
        assert row.verdict.reward.database.db_match == match, name
        matches.add(match)
    assert True in matches


def run_theirs(domain: str, double: Double) -> str:
    """What the benchmark's runner does on the double, a line for each task."""
    done = subprocess.run(
        [str(PYTHON), "-c", THEIRS, domain, double.url, str(COUNT)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "TAU2_DATA_DIR": str(TAU2_DATA),
            "OPENAI_API_KEY": "none",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        },
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
