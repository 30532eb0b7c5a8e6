"""Results of benchmarks of customer service: τ²-bench's, one simulation as a viewer keeps it, and τ-bench's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from writ_async.core.trajectory import Signal, Termination
from writ_async.formats.foreign.chat import chat_turns
from writ_async.formats.foreign.contents import plain_text
from writ_async.formats.foreign.conversation import (
    TAU1,
    TAU2,
    Foreign,
    read_number,
)
from writ_async.formats.foreign.endings import find_last_signal, hands_over, read_ending
from writ_async.formats.foreign.turns import UnreadableRowError, join_turns

_canonical = msgspec.json.Encoder(order="deterministic").encode


def results_rows(results: Mapping[str, Any]) -> Iterator[Any]:
    """The simulations of a τ²-bench results file, each with the file's own task, its domain and agent put to it."""
    simulations = results["simulations"]
    tasks = _OwnTasks(results.get("tasks"), simulations)
    info = results.get("info")
    domain = _named(info, "environment_info", "domain_name")
    agent = _named(info, "agent_info", "llm") or _named(info, "agent_info", "implementation")
    for row in simulations:
        if not isinstance(row, dict):
            yield row
            continue
        task = tasks.of(row)
        yield {**row, "domain": domain, "agent": agent, **({} if task is None else {"task": task})}


def read_simulation(row: Mapping[str, Any], row_id: str) -> Foreign:
    """The conversation of one simulation of τ²-bench, or as a viewer keeps it. Raises `UnreadableRowError`."""
    run = row.get("run_info")
    if isinstance(run, dict):
        row = {**run, **row}
    messages = row.get("messages")
    if not isinstance(messages, list):
        raise UnreadableRowError("the simulation has no list of `messages`")
    read = join_turns(chat_turns(messages))
    termination, signal = read_ending(read.messages)
    if row.get("termination_reason") is not None:
        termination, signal = _termination(row["termination_reason"]), find_last_signal(read.messages)
    info = row.get("reward_info")
    task = row.get("task")
    task_id = _task_id(row)
    return Foreign(
        id=f"{task_id or row_id}#{row.get('trial') or 0}",
        format=TAU2,
        messages=read.messages,
        domain=plain_text(row.get("domain")) or _scenario_domain(task),
        kind="benchmark",
        task_id=task_id,
        termination=termination,
        signal=signal,
        reward=read_number(info.get("reward") if isinstance(info, dict) else row.get("reward")),
        repaired=read.repaired,
        places=read.places,
        call_places=read.call_places,
        task=task if isinstance(task, dict) else None,
        gold=_recorded_gold(row),
        agent=plain_text(row.get("agent")),
    )


def read_trajectory(row: Mapping[str, Any], row_id: str) -> Foreign:
    """A row of τ-bench's results: its episode ends when the user stops, or right after a transfer by tool.

    An episode that an error ended may have no messages. Raises `UnreadableRowError`.
    """
    info = row.get("info")
    about: Mapping[str, Any] = info if isinstance(info, dict) else {}
    read = join_turns(chat_turns(row["traj"]))
    failed = bool(about.get("error"))
    if not read.messages and not failed:
        raise UnreadableRowError("the conversation is empty")
    signal = find_last_signal(read.messages)
    if signal is None and any(map(hands_over, read.messages[-2:])):
        signal = Signal.TRANSFER
    cut = Termination.UNEXPECTED_ERROR if failed else Termination.MAX_STEPS
    task = about.get("task")
    task_id = _task_id(row)
    return Foreign(
        id=f"{task_id or row_id}#{row.get('trial') or 0}",
        format=TAU1,
        messages=read.messages,
        kind="benchmark",
        task_id=task_id,
        termination=cut if signal is None or failed else Termination.USER_STOP,
        signal=signal,
        reward=read_number(row.get("reward")),
        repaired=read.repaired,
        places=read.places,
        call_places=read.call_places,
        task=task if isinstance(task, dict) else None,
    )


class _OwnTasks:
    """The tasks of a file, and which of them each simulation was judged by.

    That is the task of its id; where its own checks name the actions of another task, that one. In a file with checks,
    a simulation without any was judged by a task without actions.
    """

    def __init__(self, tasks: Any, simulations: list[Any]) -> None:
        found = [task for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
        self._by_id = {str(task.get("id")): task for task in found}
        self._by_actions: dict[bytes, list[dict[str, Any]]] = {}
        for task in found:
            self._by_actions.setdefault(_key(_actions(task)), []).append(task)
        self._checked = any(map(_checks, simulations))

    def of(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """The task that a simulation was judged by; None where the file has none."""
        given = row.get("task")
        named: dict[str, Any] | None = given if isinstance(given, dict) else self._by_id.get(_task_id(row))
        if not self._checked or named is None or not _was_judged(row):
            return named
        actions = _checks(row)
        if _key(_actions(named)) == _key(actions):
            return named
        info = row.get("reward_info")
        told = _items(info, "communicate_checks", "info")
        fitting = self._by_actions.get(_key(actions), [])
        return next((task for task in fitting if _infos(task) == told), fitting[0] if fitting else named)


def _was_judged(row: Mapping[str, Any]) -> bool:
    """Whether the database was compared: of a conversation that broke off nothing was."""
    info = row.get("reward_info")
    return isinstance(info, dict) and bool(info.get("db_check") or info.get("action_checks"))


def _recorded_gold(row: Mapping[str, Any]) -> tuple[tuple[str, Any], ...] | None:
    """The actions of a row's own checks; none where the row says that there were none to check, None where nothing."""
    if actions := _checks(row):
        return tuple(actions)
    info = row.get("reward_info")
    said = info.get("info") if isinstance(info, dict) else None
    about = said.get("action") if isinstance(said, dict) else None
    return () if _was_judged(row) and isinstance(about, dict) and about.get("note") else None


def _checks(row: Any) -> list[Any]:
    """The actions that a simulation's own checks name."""
    info = row.get("reward_info") if isinstance(row, dict) else None
    return [_call(action) for action in _items(info, "action_checks", "action")]


def _items(holder: Any, key: str, field: str) -> list[Any]:
    given = holder.get(key) if isinstance(holder, dict) else None
    return [one.get(field) for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _actions(task: Mapping[str, Any]) -> list[Any]:
    criteria = task.get("evaluation_criteria")
    actions = criteria.get("actions") if isinstance(criteria, dict) else None
    return [_call(action) for action in actions if isinstance(action, dict)] if isinstance(actions, list) else []


def _call(action: Any) -> tuple[Any, Any]:
    return (action.get("name"), action.get("arguments")) if isinstance(action, dict) else (None, None)


def _infos(task: Mapping[str, Any]) -> list[Any]:
    criteria = task.get("evaluation_criteria")
    told = criteria.get("communicate_info") if isinstance(criteria, dict) else None
    return told if isinstance(told, list) else []


def _key(value: Any) -> bytes:
    return _canonical(value)


def _named(info: Any, *path: str) -> str:
    for key in path:
        info = info.get(key) if isinstance(info, dict) else None
    return plain_text(info)


def _scenario_domain(task: Any) -> str:
    """The domain that a task's scenario names."""
    return _named(task, "user_scenario", "instructions", "domain")


def _task_id(row: Mapping[str, Any]) -> str:
    given = row.get("task_id")
    return str(given) if isinstance(given, str | int) else ""


def _termination(given: Any) -> Termination:
    try:
        return Termination(given)
    except ValueError:
        return Termination.UNEXPECTED_ERROR
