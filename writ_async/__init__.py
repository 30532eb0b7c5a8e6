"""Async event-driven synthesis and simulation of user-facing tool-agent conversations.

    from writ_async import make_tasks, rollouts

    async with rollouts(make_tasks("retail", 64), agent="scripted", trials=4) as stream:
        async for trajectory in stream:
            if trajectory.verdict is not None:
                print(trajectory.id, trajectory.verdict.reward.reward)

All public names are here, by who needs them; what is not here may change without notice.

A trainer's author: load_tasks, make_tasks, rollouts, run, EngineSpec, Job, Limits, Rollouts, Timing, run_rollouts,
    Conversation, Rules, agent_system_prompt, Progress, show_progress, Task, ENDED_FROM_OUTSIDE, Termination,
    TokenSequence, Trajectory, Usage, Verdict, Reason, Judge, ChatFormat, FamilyFormat, open_chat_format.
An engine's author: Completion, Engine, EngineFactory, Request, Setting, AssistantMessage, FunctionCall, Message,
    SystemMessage, ToolCall, ToolMessage, UserMessage, call_arguments, make_call.
A domain's author: Domain, Draft, Recipe, Tool, ToolError, call_tool, generic, make_tools, read, write, Environment,
    Ambiguous, Decision, GoalRules, NothingFits, Reader, State, World, Action, Fact, Goal, Scenario, WorldRef,
    load_benchmark, load_domain, load_engine, register_domain.
A data engineer: SynthConfig, synth, EvalConfig, evaluate, Seats, RunFolder, RunView.
Everyone: ContextWindowError, EngineError, EngineErrorKind, InputError, OutOfServiceError, ServerDownError,
    StorageError, WritError.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from writ_async.api import load_tasks as load_tasks
    from writ_async.api import make_tasks as make_tasks
    from writ_async.api import rollouts as rollouts
    from writ_async.api import run as run
    from writ_async.chat import ChatFormat as ChatFormat
    from writ_async.chat import FamilyFormat as FamilyFormat
    from writ_async.chat import open_chat_format as open_chat_format
    from writ_async.cli.progress import show_progress as show_progress
    from writ_async.commands.eval import EvalConfig as EvalConfig
    from writ_async.commands.eval import evaluate as evaluate
    from writ_async.commands.synth import SynthConfig as SynthConfig
    from writ_async.commands.synth import synth as synth
    from writ_async.conversation import Conversation as Conversation
    from writ_async.conversation import Rules as Rules
    from writ_async.conversation import agent_system_prompt as agent_system_prompt
    from writ_async.core.domain import Domain as Domain
    from writ_async.core.domain import Draft as Draft
    from writ_async.core.domain import Recipe as Recipe
    from writ_async.core.engine import Completion as Completion
    from writ_async.core.engine import Engine as Engine
    from writ_async.core.engine import EngineFactory as EngineFactory
    from writ_async.core.engine import Request as Request
    from writ_async.core.engine import Setting as Setting
    from writ_async.core.environment import Environment as Environment
    from writ_async.core.goal import Ambiguous as Ambiguous
    from writ_async.core.goal import Decision as Decision
    from writ_async.core.goal import GoalRules as GoalRules
    from writ_async.core.goal import NothingFits as NothingFits
    from writ_async.core.goal import Reader as Reader
    from writ_async.core.message import AssistantMessage as AssistantMessage
    from writ_async.core.message import FunctionCall as FunctionCall
    from writ_async.core.message import Message as Message
    from writ_async.core.message import SystemMessage as SystemMessage
    from writ_async.core.message import ToolCall as ToolCall
    from writ_async.core.message import ToolMessage as ToolMessage
    from writ_async.core.message import UserMessage as UserMessage
    from writ_async.core.message import call_arguments as call_arguments
    from writ_async.core.message import make_call as make_call
    from writ_async.core.state import State as State
    from writ_async.core.state import World as World
    from writ_async.core.task import Action as Action
    from writ_async.core.task import Fact as Fact
    from writ_async.core.task import Goal as Goal
    from writ_async.core.task import Scenario as Scenario
    from writ_async.core.task import Task as Task
    from writ_async.core.task import WorldRef as WorldRef
    from writ_async.core.tool import Tool as Tool
    from writ_async.core.tool import ToolError as ToolError
    from writ_async.core.tool import call_tool as call_tool
    from writ_async.core.tool import generic as generic
    from writ_async.core.tool import make_tools as make_tools
    from writ_async.core.tool import read as read
    from writ_async.core.tool import write as write
    from writ_async.core.trajectory import ENDED_FROM_OUTSIDE as ENDED_FROM_OUTSIDE
    from writ_async.core.trajectory import Termination as Termination
    from writ_async.core.trajectory import TokenSequence as TokenSequence
    from writ_async.core.trajectory import Trajectory as Trajectory
    from writ_async.core.trajectory import Usage as Usage
    from writ_async.core.trajectory import Verdict as Verdict
    from writ_async.errors import ContextWindowError as ContextWindowError
    from writ_async.errors import EngineError as EngineError
    from writ_async.errors import EngineErrorKind as EngineErrorKind
    from writ_async.errors import InputError as InputError
    from writ_async.errors import OutOfServiceError as OutOfServiceError
    from writ_async.errors import ServerDownError as ServerDownError
    from writ_async.errors import StorageError as StorageError
    from writ_async.errors import WritError as WritError
    from writ_async.registry import load_benchmark as load_benchmark
    from writ_async.registry import load_domain as load_domain
    from writ_async.registry import load_engine as load_engine
    from writ_async.registry import register_domain as register_domain
    from writ_async.runs.folder import RunFolder as RunFolder
    from writ_async.runs.progress import Progress as Progress
    from writ_async.runs.seats import EngineSpec as EngineSpec
    from writ_async.runs.seats import Seats as Seats
    from writ_async.runs.view import RunView as RunView
    from writ_async.scheduler import Job as Job
    from writ_async.scheduler import Limits as Limits
    from writ_async.scheduler import Rollouts as Rollouts
    from writ_async.scheduler import Timing as Timing
    from writ_async.scheduler import run_rollouts as run_rollouts
    from writ_async.verify.judge import Judge as Judge
    from writ_async.verify.reasons import Reason as Reason

# Names are imported when they are first used, so that `writ --help` does not wait for the whole engine.
_HOMES = {
    name: home
    for home, names in {
        "api": "load_tasks make_tasks rollouts run",
        "chat": "ChatFormat FamilyFormat open_chat_format",
        "cli.progress": "show_progress",
        "commands.eval": "EvalConfig evaluate",
        "commands.synth": "SynthConfig synth",
        "conversation": "Conversation Rules agent_system_prompt",
        "core.domain": "Domain Draft Recipe",
        "core.engine": "Completion Engine EngineFactory Request Setting",
        "core.environment": "Environment",
        "core.goal": "Ambiguous Decision GoalRules NothingFits Reader",
        "core.message": (
            "AssistantMessage FunctionCall Message SystemMessage ToolCall ToolMessage UserMessage call_arguments "
            "make_call"
        ),
        "core.state": "State World",
        "core.task": "Action Fact Goal Scenario Task WorldRef",
        "core.tool": "Tool ToolError call_tool generic make_tools read write",
        "core.trajectory": "ENDED_FROM_OUTSIDE Termination TokenSequence Trajectory Usage Verdict",
        "errors": (
            "ContextWindowError EngineError EngineErrorKind InputError OutOfServiceError ServerDownError StorageError "
            "WritError"
        ),
        "registry": "load_benchmark load_domain load_engine register_domain",
        "runs.folder": "RunFolder",
        "runs.progress": "Progress",
        "runs.seats": "EngineSpec Seats",
        "runs.view": "RunView",
        "scheduler": "Job Limits Rollouts Timing run_rollouts",
        "verify.judge": "Judge",
        "verify.verdict": "Reason",
    }.items()
    for name in names.split()
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
