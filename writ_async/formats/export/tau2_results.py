"""τ²-bench's own results files: what its loader, its metrics and its viewer take, and what its leaderboard asks for.

All rows go out, whatever the strict verdict says of them: a benchmark counts every trial. There is one file for each
domain, for that is how its runner writes them. A run keeps no clock, so times in the files only say what came first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from writ_async.core.message import (
    AssistantMessage,
    MalformedArgumentsError,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
    call_arguments,
)
from writ_async.core.task import Action, Task
from writ_async.core.trajectory import Reward, Seat, Termination, Trajectory, Usage
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.formats.export.source import Exported
from writ_async.registry import load_domain
from writ_async.runs.manifest import Manifest, prompt_key
from writ_async.runs.view import TRAJECTORIES, RunView
from writ_async.runs.writing import write_whole
from writ_async.verify.intervals import mean
from writ_async.verify.pass_k import hat_values, max_k, tally

_START = datetime(2000, 1, 1)
_MOST_K = 4
_ENDS = frozenset(
    (
        *(Termination.USER_STOP, Termination.AGENT_STOP, Termination.MAX_STEPS, Termination.TIMEOUT),
        *(Termination.TOO_MANY_ERRORS, Termination.AGENT_ERROR, Termination.USER_ERROR),
        Termination.CONTEXT_WINDOW_EXCEEDED,
    )
)
"""How a conversation may have ended to be one of the benchmark's trials; others were cut short from outside."""
_FILL_IN = "(fill in)"
_BENCHMARK = "tau2"


def export_results(run: RunView, out: PathLike) -> Exported:
    """Write `out`, a folder, with a results file for each domain of a run. All rows go out, and none is cut.

    Raises `InputError` where `out` is a file or the run was no evaluation, and `StorageError`.
    """
    return _export(run, Path(out), _trials_by_domain(run))


def export_submission(run: RunView, out: PathLike) -> Exported:
    """Write `out`, a folder for the leaderboard: `submission.json`, and the results below `trajectories`.

    What a run cannot know stands there as "(fill in)": organisations and contact. Raises `InputError` for a run that
    the leaderboard would refuse (unequal numbers of trials, prompts that are not the benchmark's), and `StorageError`.
    """
    folder = Path(out)
    by_domain = _trials_by_domain(run)
    asked: dict[str, list[str]] = defaultdict(list)
    for task in run.tasks() if by_domain else ():
        asked[task.domain].append(task.id)
    results = {domain: _scores(domain, by_domain.get(domain, ()), ids) for domain, ids in asked.items()}
    prompts = str(run.manifest.config.get("prompts", ""))
    on_its_terms = prompts.startswith(_BENCHMARK)
    _refuse_file(folder)
    done = _export(run, folder / "trajectories", by_domain)
    agent, user = (_model_of(run.manifest, seat) for seat in ("agent", "user"))
    submission = {
        "model_name": agent,
        "model_organization": _FILL_IN,
        "submitting_organization": _FILL_IN,
        "submission_date": _day_of(run),
        "submission_type": "standard" if on_its_terms else "custom",
        "contact_info": {"email": _FILL_IN, "name": _FILL_IN},
        "is_new": True,
        "trajectories_available": True,
        "trajectory_files": {domain: f"{domain}.json" for domain in by_domain},
        "results": results,
        "methodology": {
            "tau2_bench_version": prompts.removeprefix(_BENCHMARK).strip() if on_its_terms else None,
            "user_simulator": user,
            "notes": f"Played by {run.manifest.command} on the prompts of: {prompts or 'writ'}.",
            "verification": {
                "modified_prompts": not on_its_terms,
                "omitted_questions": bool(run.manifest.config.get("limit")),
            },
        },
    }
    write_whole(folder / "submission.json", _pretty(submission))
    return done


def _day_of(run: RunView) -> str:
    """The day on which the run's last conversation was written."""
    return datetime.fromtimestamp((run.path / TRAJECTORIES).stat().st_mtime, UTC).date().isoformat()


def _refuse_file(folder: Path) -> None:
    if folder.is_file():
        raise InputError(f"{folder}: is a file; these results are a folder with a file for each domain")


def _export(run: RunView, folder: Path, by_domain: Mapping[str, Sequence[Trajectory]]) -> Exported:
    """Write a file for each domain with its trials."""
    _refuse_file(folder)
    if not by_domain:
        raise InputError(f"{run.path}: has no finished conversation to export")
    folder.mkdir(parents=True, exist_ok=True)
    tasks = {task.id: task for task in run.tasks()}
    for domain, rows in by_domain.items():
        own = list(dict.fromkeys(row.task_id for row in rows))
        found = load_domain(domain)
        kinds = {name: tool.kind for name, tool in (*found.user_tools.items(), *found.tools.items())}
        content = {
            "timestamp": _time(0),
            "info": _info(run, domain, tasks[own[0]]),
            "tasks": [_task(tasks[task_id]) for task_id in own],
            "simulations": [_simulation(row, tasks[row.task_id], kinds) for row in rows],
        }
        write_whole(folder / f"{domain}.json", _pretty(content))
    return Exported(sum(map(len, by_domain.values())), 0, 0)


def _trials_by_domain(run: RunView) -> dict[str, list[Trajectory]]:
    """The trials of each domain, in the order of tasks and trials."""
    if run.manifest.kind != "eval":
        raise InputError(f"{run.path}: was made by {run.manifest.command}; a benchmark's results come from writ eval")
    found: dict[str, list[Trajectory]] = defaultdict(list)
    for row in run.ordered():
        if row.termination in _ENDS:
            found[row.domain].append(row)
    return dict(found)


def _scores(domain: str, rows: Sequence[Trajectory], asked: Iterable[str]) -> dict[str, float | None]:
    """pass^k in percent, and dollars a trial.

    Raises `InputError` where the tasks that were `asked` have unequal numbers of trials, or none.
    """
    counts = tally((row.task_id, 0.0 if row.verdict is None else row.verdict.reward.reward) for row in rows)
    trials = {counts[task_id].trials if task_id in counts else 0 for task_id in asked}
    if len(trials) > 1 or 0 in trials:
        raise InputError(
            f"{domain}: its tasks have from {min(trials)} to {max(trials)} trials, and a submission needs as many of "
            "each; give the command of the run again, it plays what is missing"
        )
    found: dict[str, float | None] = {
        f"pass_{k}": round(100 * mean(hat_values(counts, k)), 4) for k in range(1, min(max_k(counts), _MOST_K) + 1)
    }
    dollars = [usage.dollars for row in rows if (usage := row.usage.get("agent")) is not None]
    found["cost"] = round(sum(dollars) / len(rows), 6) if any(dollars) else None
    return found


def _info(run: RunView, domain: str, task: Task) -> dict[str, Any]:
    config = run.manifest.config
    rules = config.get("rules", {})
    prompt = run.prompts().get(prompt_key(task.world))
    return {
        "git_commit": "unknown",
        "num_trials": config.get("trials", 1),
        "max_steps": rules.get("max_steps", 200),
        "max_errors": rules.get("max_errors", 10),
        "user_info": {
            "implementation": "user_simulator",
            "llm": _model_of(run.manifest, "user"),
            "llm_args": _options_of(run.manifest, "user"),
            "global_simulation_guidelines": str(rules.get("user_prompt", "")).partition("\n\n<scenario>")[0] or None,
        },
        "agent_info": {
            "implementation": "llm_agent",
            "llm": _model_of(run.manifest, "agent"),
            "llm_args": _options_of(run.manifest, "agent"),
        },
        "environment_info": {"domain_name": domain, "policy": "" if prompt is None else prompt.policy},
        "seed": config.get("seed") or 0,
    }


def _engine_of(manifest: Manifest, seat: Seat) -> Mapping[str, Any]:
    seats = manifest.config.get("seats", {})
    found = seats.get(seat) or seats.get("agent") or {}
    return found if isinstance(found, Mapping) else {}


def _model_of(manifest: Manifest, seat: Seat) -> str:
    engine = _engine_of(manifest, seat)
    return str(engine.get("options", {}).get("model") or engine.get("name", "unknown"))


def _options_of(manifest: Manifest, seat: Seat) -> dict[str, Any]:
    """What a model was asked with, as far as it decides its answers."""
    options = _engine_of(manifest, seat).get("options", {})
    return {name: value for name, value in options.items() if name != "model"}


def _task(task: Task) -> dict[str, Any]:
    told = task.scenario
    instructions: Any = told.text or {
        "domain": task.domain,
        "reason_for_call": told.reason_for_call,
        "known_info": told.known_info or None,
        "unknown_info": told.unknown_info or None,
        "task_instructions": told.task_instructions,
    }
    short = task.own_id
    criteria = None if not task.evaluated else {
        "actions": None if task.actions is None else [_action(short, *pair) for pair in enumerate(task.actions)],
        "env_assertions": msgspec.to_builtins(task.env_assertions),
        "communicate_info": None if task.communicate is None else list(task.communicate),
        "nl_assertions": None if task.nl_assertions is None else list(task.nl_assertions),
        "reward_basis": list(task.reward_basis),
    }  # fmt: skip
    return {
        "id": short,
        "user_scenario": {"persona": told.persona or None, "instructions": instructions},
        "initial_state": _initial_state(task),
        "evaluation_criteria": criteria,
    }


def _initial_state(task: Task) -> dict[str, Any] | None:
    """What is done and was said before a task; None for nothing."""
    found: dict[str, Any] = {}
    initial = task.initial
    if initial is not None and (initial.data or initial.user_data):
        found["initialization_data"] = {"agent_data": initial.data, "user_data": initial.user_data}
    if initial is not None and initial.calls:
        found["initialization_actions"] = msgspec.to_builtins(initial.calls)
    if task.message_history:
        found["message_history"] = _messages(task.message_history)
    return found or None


def _action(task_id: str, number: int, action: Action) -> dict[str, Any]:
    return {
        "action_id": f"{task_id}_{number}",
        "requestor": action.requestor,
        "name": action.name,
        "arguments": action.arguments,
        "info": None,
        "compare_args": None if action.compare_args is None else list(action.compare_args),
    }


def _simulation(row: Trajectory, task: Task, kinds: Mapping[str, str]) -> dict[str, Any]:
    messages = _messages(row.messages)
    return {
        "id": str(uuid5(NAMESPACE_URL, row.id)),
        "task_id": task.own_id,
        "timestamp": _time(len(messages)),
        "start_time": _time(0),
        "end_time": _time(len(messages)),
        "duration": len(messages) / 1000,
        "termination_reason": row.termination.value,
        "agent_cost": _dollars(row.usage.get("agent")),
        "user_cost": _dollars(row.usage.get("user")),
        "reward_info": None if row.verdict is None else _reward(row.verdict.reward, task, kinds),
        "messages": messages,
        "trial": row.trial,
        "seed": row.seed,
        "mode": "half_duplex",
    }


def _dollars(usage: Usage | None) -> float:
    return 0.0 if usage is None else usage.dollars


def _reward(reward: Reward, task: Task, kinds: Mapping[str, str]) -> dict[str, Any]:
    short = task.own_id
    actions = [_action(short, *pair) for pair in enumerate(task.actions or ())]
    checks = reward.actions or ()
    return {
        "reward": reward.reward,
        "db_check": msgspec.to_builtins(reward.database),
        "env_assertions": [],
        "action_checks": [
            {
                "action": action,
                "action_match": check.action_match,
                "action_reward": float(check.action_match),
                "tool_type": kinds.get(check.name),
            }
            for action, check in zip(actions, checks, strict=False)
        ],
        "nl_assertions": [
            {"nl_assertion": check.info, "met": check.met, "justification": check.why or "see the run's judge"}
            for check in reward.nl_assertions or ()
        ],
        "communicate_checks": [
            {"info": check.info, "met": check.met, "justification": ""} for check in reward.communicate or ()
        ],
        "reward_basis": list(task.reward_basis),
        "reward_breakdown": reward.breakdown,
        "info": {"note": reward.note} if reward.note else None,
    }


def _messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    found = []
    for place, message in enumerate(messages):
        if isinstance(message, ToolMessage):
            said: dict[str, Any] = {
                "id": message.tool_call_id,
                "role": "tool",
                "content": message.content,
                "requestor": message.requestor,
                "error": message.error,
            }
        elif isinstance(message, AssistantMessage | UserMessage):
            by = "assistant" if isinstance(message, AssistantMessage) else "user"
            calls = [_call(call, by) for call in message.tool_calls]
            said = {"role": by, "content": message.content, "tool_calls": calls or None, "cost": 0.0}
        else:
            said = {"role": "system", "content": message.content}
        found.append({**said, "turn_idx": place, "timestamp": _time(place)})
    return found


def _call(call: ToolCall, requestor: str) -> dict[str, Any]:
    try:
        arguments = call_arguments(call)
    except MalformedArgumentsError:
        arguments = {"malformed_arguments": call.function.arguments}
    return {"id": call.id, "name": call.function.name, "arguments": arguments, "requestor": requestor}


def _time(place: int) -> str:
    """A time that says nothing but what comes first, a millisecond for each message."""
    return (_START + timedelta(milliseconds=place)).isoformat(timespec="microseconds")


def _pretty(content: Mapping[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
