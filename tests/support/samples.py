"""Small tasks, trajectories and manifests for the tests of the data package."""

from __future__ import annotations

from typing import Any

import msgspec

from writ_async.core.message import (
    AssistantMessage,
    FunctionCall,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    make_call,
)
from writ_async.core.task import Action, Cell, Certificate, Scenario, Task, WorldRef
from writ_async.core.trajectory import Finding, Reward, Termination, Trajectory, Usage, Verdict, trajectory_id
from writ_async.runs.manifest import Manifest, Prompt

WORLD = WorldRef(domain="retail", seed=7, size=20, digest="0f")

TOOLS: tuple[dict[str, Any], ...] = tuple(
    {"type": "function", "function": {"name": name, "description": name, "parameters": {"type": "object"}}}
    for name in ("find_order", "cancel_order")
)

PROMPTS = {"retail": Prompt(policy="Be kind.", tools=TOOLS, writes=("cancel_order",))}


class Took(msgspec.Struct, frozen=True):
    """A timing."""

    seconds: float
    agent_wait: float
    user_wait: float


def manifest(**config: Any) -> Manifest:
    """The manifest of a run with this config."""
    return Manifest(
        kind="synth",
        command="writ synth",
        config={"n": 3, "engine": {"name": "scripted", "rate": 0.1}, **config},
        worlds=(WORLD,),
        seeds={"run": 7},
        versions={"python": "3.11.7"},
    )


def task(task_id: str) -> Task:
    """A task with one gold read, one gold write and a certificate."""
    return Task(
        id=task_id,
        domain="retail",
        kind="normal",
        world=WORLD,
        scenario=Scenario(reason_for_call="You want order #W1 cancelled."),
        actions=(Action("find_order", {"id": "#W1"}), Action("cancel_order", {"id": "#W1"})),
        certificates=(Certificate(1, (Cell("find_order", {"id": "#W1"}),)),),
    )


TALK: tuple[Message, ...] = (
    AssistantMessage("Hello, what can I do for you?"),
    UserMessage("Storniere meine Bestellung 注文 #W1 🙂"),
    AssistantMessage(None, (make_call("c1", "find_order", {"id": "#W1"}),)),
    ToolMessage("c1", '{"status": "pending"}'),
    AssistantMessage("One moment.", (make_call("c2", "cancel_order", {"id": "#W1"}),)),
    ToolMessage("c2", "done"),
    AssistantMessage("It is cancelled."),
    UserMessage("Thanks! ###STOP###"),
)

BAD_CALL: tuple[Message, ...] = (
    AssistantMessage(None, (ToolCall("c0", FunctionCall("find_order", '{"id": "#W')),)),
    ToolMessage("c0", "Error: the arguments are not a JSON object", True),
)


def trajectory(
    task_id: str = "t",
    trial: int = 0,
    *,
    messages: tuple[Message, ...] = TALK,
    termination: Termination = Termination.USER_STOP,
    reasons: tuple[str, ...] = (),
    judged: bool = True,
    **fields: Any,
) -> Trajectory:
    """A trajectory that is kept, unless there are reasons against it."""
    verdict = Verdict(
        reward=Reward(reward=0.0 if reasons else 1.0), kept=not reasons, findings=tuple(Finding(r) for r in reasons)
    )
    values: dict[str, Any] = {
        "id": trajectory_id(task_id, trial),
        "task_id": task_id,
        "domain": "retail",
        "kind": "normal",
        "trial": trial,
        "seed": 7,
        "messages": messages,
        "termination": termination,
        "steps": len(messages),
        "usage": {"agent": Usage(3, 300, 30), "user": Usage(2, 100, 20)},
        "verdict": verdict if judged else None,
    }
    return Trajectory(**{**values, **fields})
