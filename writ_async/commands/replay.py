"""`writ replay`: makes every tool call of a run again, and compares results, hashes and verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from writ_async.conversation.calls import walk_calls
from writ_async.conversation.machine import chain_hash, run_call
from writ_async.conversation.seal import PART, Templates, templates_hash, told_hash, words_hash
from writ_async.core.acting import open_state
from writ_async.core.environment import Environment
from writ_async.core.message import Requestor
from writ_async.core.task import Task
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.files import PathLike
from writ_async.runs.manifest import Manifest
from writ_async.runs.view import RunView, prompt_for
from writ_async.runs.worlds import open_worlds, world_key
from writ_async.verify.judge import judge_of_row
from writ_async.verify.verdict import judge_trajectory


class Mismatch(msgspec.Struct, frozen=True):
    """Where a row is not what its world and its calls give: the message's index, None for the row, and what differs."""

    trajectory: str
    message: int | None
    what: str


class ReplayReport(msgspec.Struct):
    """What was replayed and what did not agree.

    `kept` counts the kept rows among `rows`, and `unsealed` those of older versions, of whose words nothing is known.
    """

    rows: int = 0
    kept: int = 0
    calls: int = 0
    unsealed: int = 0
    mismatches: list[Mismatch] = []


def replay_run(run_path: PathLike, *, data: str | None = None, tools: str | None = None) -> ReplayReport:
    """Replay every row of a run. Raises `InputError` when the run or one of its worlds cannot be opened."""
    run = RunView.open(run_path)
    tasks = {task.id: task for task in run.tasks()}
    worlds = open_worlds(tasks.values(), data, tools, told=run.prompts())
    judge = run.manifest.config.get("judge", "assume-met")
    report = ReplayReport()
    prompts = run.prompts()
    templates = {templates_hash(found) for found in templates_of(run.manifest)}
    for trajectory in run.trajectories():
        task = tasks.get(trajectory.task_id)
        if task is None:
            raise InputError(f"{run_path}: row {trajectory.id!r} names a task that is not in tasks.jsonl")
        opened = worlds[world_key(task.world)]
        found = list(replay_row(task, trajectory, opened))
        if trajectory.seal and not found:  # what differs is told by its message where that is known
            prompt = prompt_for(prompts, task, trajectory.domain) if prompts else None
            system = None if prompt is None else prompt.system or prompt.policy
            found += check_seal(task, trajectory, system, templates)
        report.unsealed += not trajectory.seal
        if not found and trajectory.verdict is not None:
            verdict = judge_trajectory(task, trajectory, opened.domain, opened.world, judge_of_row(judge, trajectory))
            if verdict != trajectory.verdict:
                found.append(Mismatch(trajectory.id, None, "the verdict is not the one that was written"))
        report.rows += 1
        report.kept += trajectory.verdict is not None and trajectory.verdict.kept
        report.calls += len(trajectory.chain)
        report.mismatches += found
    return report


def check_seal(
    task: Task, trajectory: Trajectory, system: str | None, templates: Collection[str]
) -> Iterator[Mismatch]:
    """What of a row's words, or of what its seats were told, is not as it was sealed; None for an unknown prompt.

    `templates` are the hashes of those that its run was made with, one of each run where it was selected out of more.
    """
    words, told, template = (trajectory.seal[start : start + PART] for start in (0, PART, 2 * PART))
    if words != words_hash(trajectory):
        yield Mismatch(trajectory.id, None, "its messages are not those that it was sealed with")
    if template not in templates:
        yield Mismatch(trajectory.id, None, "the manifest's templates of prompts are not those that it was sealed with")
    if system is not None and told != told_hash(task, system):
        yield Mismatch(trajectory.id, None, "its prompt or its task's scenario is not the one that it was sealed with")


def templates_of(manifest: Manifest) -> Iterator[Templates]:
    """The templates of prompts that a run was made with, or each of the runs that its rows were selected from."""
    config = manifest.config
    if config.get("runs"):
        for inner in msgspec.convert(config["runs"], list[Manifest]):
            yield from templates_of(inner)
        return
    rules = config.get("rules")
    given = rules if isinstance(rules, dict) else {}
    yield str(given.get("agent_prompt", "")), str(given.get("user_prompt", ""))


def replay_row(task: Task, trajectory: Trajectory, opened: Environment) -> Iterator[Mismatch]:
    """Make the calls of one row again on a fresh state, byte for byte, and yield what differs."""
    state = open_state(task.initial, opened.domain, opened.world)
    previous = opened.world.digest()
    chain = iter(trajectory.chain)
    for step in walk_calls(trajectory.messages):
        if (call := step.call) is None:
            yield Mismatch(trajectory.id, step.place, "a tool result that no call asked for")
            continue
        requestor: Requestor = "user" if step.by_user else "assistant"
        result = run_call(opened.domain, state, call, requestor)
        if step.result != result:
            yield Mismatch(trajectory.id, step.place, f"{call.function.name} answers otherwise than was recorded")
        tool = opened.domain.tools_of(requestor).get(call.function.name)
        digest = state.digest() if tool is not None and tool.kind == "write" else ""
        previous = chain_hash(previous, call, result, digest)
        if next(chain, None) != previous:
            yield Mismatch(trajectory.id, step.place, f"the hash after {call.function.name} is not the recorded one")
            return
    if next(chain, None) is not None:
        yield Mismatch(trajectory.id, None, "there are more hashes than calls")
    if trajectory.digest != state.digest():
        yield Mismatch(trajectory.id, None, "the final state is not the recorded one")
