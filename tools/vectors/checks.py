"""What a vector records against what ours gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from writ_domains.tau2 import DatabaseText
from writ_domains.tau2.schema import to_message

from tools.vectors.records import Call, Eval, Fuzz, Gold, HashPair, Header, RewardRecord
from writ_async import InputError, Judge, Message, State, Task, Tool, call_arguments
from writ_async.core.acting import act, is_met, open_state
from writ_async.core.benchmark import Subset
from writ_async.core.message import Requestor
from writ_async.core.task import EnvAssertion, InitialState
from writ_async.core.tool import ToolResult
from writ_async.core.trajectory import Reward
from writ_async.verify.judge import AssumeMet, AssumeUnmet
from writ_async.verify.outcome import ReplayMismatchError, compute_reward, exchanges, gold_state

Report = Callable[[str], None]


class Bench:
    """One domain of the benchmark, ready to be replayed, and how many calls were."""

    def __init__(self, loaded: Subset, compose: Callable[[str], Task | None]) -> None:
        self.domain, self.world = loaded.environment.domain, loaded.environment.world
        self.text = DatabaseText(self.domain, self.world)
        self.tasks: dict[str, Task] = {task.id: task for task in loaded.tasks}
        self.calls = 0
        self._compose = compose

    def task(self, task_id: str) -> Task:
        """A task by id. Raises `InputError` when the data folder has none of that id, and not the parts of one."""
        task = self.tasks.get(task_id) or self._compose(task_id)
        if task is None:
            raise InputError(f"no task {task_id!r} in the data folder")
        return self.tasks.setdefault(task_id, task)

    def call(self, state: State, name: str, arguments: dict[str, Any], requestor: Requestor) -> ToolResult:
        """Call one tool on a state."""
        self.calls += 1
        return act(self.domain, state, name, arguments, requestor)


def check_header(bench: Bench, header: Header, report: Report) -> None:
    """Compare the stock database, the kinds of the tools and the policy, as far as the header gives them."""
    stock = State(bench.world)
    hashes, of_user = bench.text.hashes(stock), bench.text.user_hashes(stock)
    if header.db_hash not in (None, hashes.plain):
        report(f"header: the stock database hashes to {hashes.plain}, recorded {header.db_hash}")
    if header.db_canon_sha256 not in (None, hashes.canonical):
        report(f"header: the stock database hashes to {hashes.canonical} (canonical), not {header.db_canon_sha256}")
    if header.user_db_hash is not None and (of_user is None or header.user_db_hash != of_user.plain):
        report(f"header: the user's stock database hashes to {of_user}, recorded {header.user_db_hash}")
    if header.user_db_canon_sha256 is not None and (
        of_user is None or header.user_db_canon_sha256 != of_user.canonical
    ):
        report(f"header: the user's stock database hashes to {of_user}, not {header.user_db_canon_sha256} (canonical)")
    compare_kinds(bench.domain.tools, header.tool_types, report)
    compare_kinds(bench.domain.user_tools, header.user_tool_types, report)
    if header.policy_sha256 not in (None, sha256(bench.domain.policy.encode()).hexdigest()):
        report("header: the policy is not the recorded one")


def compare_kinds(tools: Mapping[str, Tool], recorded: Mapping[str, str] | None, report: Report) -> None:
    """Compare the kinds of one side's tools, where they are recorded."""
    if recorded is None:
        return
    kinds = {name: tool.kind for name, tool in tools.items()}
    for name in sorted(kinds.keys() | recorded.keys()):
        ours, theirs = kinds.get(name, "absent"), recorded.get(name, "absent")
        if ours != theirs:
            report(f"header: the tool {name} is {ours}, recorded {theirs}")


def content_mismatch(call: Call, content: str) -> str | None:
    """What is wrong with a content, or None."""
    if call.content is not None:
        if content == call.content:
            return None
        at = next((i for i, (a, b) in enumerate(zip(content, call.content, strict=False)) if a != b), None)
        at = min(len(content), len(call.content)) if at is None else at
        return f"content differs at {at}: {content[at : at + 60]!r}, recorded {call.content[at : at + 60]!r}"
    if len(content) != call.content_len:
        return f"content has {len(content)} characters, recorded {call.content_len}"
    if not content.startswith(call.content_head):
        return f"content begins {content[:60]!r}, recorded {call.content_head[:60]!r}"
    if sha256(content.encode()).hexdigest() != call.content_sha256:
        return "content has another hash than recorded"
    return None


def flag_mismatch(result: ToolResult, error: bool) -> str | None:
    """What is wrong with an error flag, or None."""
    if result.error == error:
        return None
    ours, theirs = ("error", "success") if result.error else ("success", "error")
    return f"{ours}, recorded {theirs}: {result.content[:120]!r}"


def check_calls(bench: Bench, episode: Gold | Fuzz, report: Report) -> State:
    """Replay an episode's calls and compare each answer, and the databases at the end; gives the state."""
    state = open_state(InitialState(calls=episode.initialization_actions), bench.domain, bench.world)
    for index, call in enumerate(episode.calls):
        result = bench.call(state, call.name, call.args, call.requestor)
        wrong = flag_mismatch(result, call.error) or (None if call.error else content_mismatch(call, result.content))
        if wrong:
            report(f"call {index} ({call.name}): {wrong}")
    hashes = bench.text.hashes(state)
    if hashes.plain != episode.db_hash:
        report(f"database hash {hashes.plain}, recorded {episode.db_hash}")
    if hashes.canonical != episode.db_canon_sha256:
        report(f"canonical database hash {hashes.canonical}, recorded {episode.db_canon_sha256}")
    diff, recorded = bench.text.diff(state), removed_in_order(episode.db_diff)
    if diff != recorded:
        report(f"database differs from the recorded one at {first_difference(diff, recorded)}")
    check_user_database(bench, state, episode, report)
    return state


def check_user_database(bench: Bench, state: State, episode: Gold | Fuzz, report: Report) -> None:
    """Compare the user's database at the end of an episode, where there is one."""
    hashes = bench.text.user_hashes(state)
    if hashes is None or episode.user_db_hash is None:
        return
    if hashes.plain != episode.user_db_hash:
        report(f"hash of the user's database {hashes.plain}, recorded {episode.user_db_hash}")
    if episode.user_db_canon_sha256 not in (None, hashes.canonical):
        report(f"canonical hash of the user's database {hashes.canonical}, recorded {episode.user_db_canon_sha256}")
    diff, recorded = bench.text.user_diff(state), removed_in_order(episode.user_db_diff or {})
    if diff != recorded:
        report(f"the user's database differs from the recorded one at {first_difference(diff, recorded)}")


def removed_in_order(diff: dict[str, Any]) -> dict[str, Any]:
    """A diff with the removed keys sorted: they are a set, and recorded in any order."""
    return {
        key: sorted(value) if key == "$del" else removed_in_order(value) if isinstance(value, dict) else value
        for key, value in diff.items()
    }


def first_difference(ours: Any, theirs: Any, path: str = "$") -> str:
    """Where two pieces of plain data differ first, and how."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in ours or key not in theirs:
                return f"{path}.{key} ({'only recorded' if key not in ours else 'not recorded'})"
            if ours[key] != theirs[key]:
                return first_difference(ours[key], theirs[key], f"{path}.{key}")
    return f"{path}: {str(ours)[:80]}, recorded {str(theirs)[:80]}"


def check_gold(bench: Bench, gold: Gold, report: Report) -> None:
    """Replay a task's gold actions, and compare the state that our evaluator aims at."""
    task = bench.task(gold.task_id)
    if (task.initial.calls if task.initial is not None else ()) != gold.initialization_actions:
        report("the task begins with other calls than recorded")
    if gold.after_init is not None:
        compare_hashes(bench, "first", open_state(task.initial, bench.domain, bench.world), gold.after_init, report)
    state = check_calls(bench, gold, report)
    aimed = HashPair(gold.evaluator_gold_db_hash, gold.evaluator_gold_user_db_hash)
    compare_hashes(bench, "the evaluator's gold", gold_state(task, bench.domain, bench.world), aimed, report)
    for side, name, arguments, wanted, met in gold.env_assertions:
        if is_met(bench.domain, state, EnvAssertion(side, name, arguments, wanted)) != met:
            report(f"assertion {name} is {'not ' if met else ''}met, recorded otherwise")


def compare_hashes(bench: Bench, what: str, state: State, recorded: HashPair, report: Report) -> None:
    """Compare the hashes of both sides' databases in a state."""
    ours = bench.text.plain_hash(state)
    if ours != recorded.db_hash:
        report(f"{what} database hashes to {ours}, recorded {recorded.db_hash}")
    of_user = bench.text.user_hashes(state)
    if recorded.user_db_hash is not None and (of_user is None or of_user.plain != recorded.user_db_hash):
        report(f"{what} database of the user hashes to {of_user and of_user.plain}, recorded {recorded.user_db_hash}")


def check_eval(bench: Bench, record: Eval, report: Report) -> None:
    """Replay a conversation call by call, then compare what the evaluator says of it."""
    task = bench.task(record.task_id)
    messages: tuple[Message, ...] = tuple(map(to_message, record.messages))
    state = open_state(task.initial, bench.domain, bench.world)
    try:
        for index, (step, call, recorded) in enumerate(exchanges(messages)):
            requestor: Requestor = "user" if step.by_user else "assistant"
            result = bench.call(state, call.function.name, call_arguments(call), requestor)
            wrong = flag_mismatch(result, recorded.error)
            if not wrong and not result.error and result.content != recorded.content:
                wrong = "content differs from the recorded one"
            if wrong:
                report(f"call {index} ({call.function.name}): {wrong}")
    except ReplayMismatchError as exc:
        report(str(exc))
    compare_hashes(bench, "final", state, HashPair(record.final_db_hash, record.final_user_db_hash), report)

    def reward(judge: Judge, ignore_basis: bool = False) -> Reward:
        return compute_reward(
            task, bench.domain, bench.world, messages, record.termination_reason, judge, ignore_basis=ignore_basis
        )

    try:
        full = reward(AssumeMet())
        compare_reward("reward", full, record.reward_info_all, report)
        compare_checks(full, record, report)
        compare_reward("reward ignoring the basis", reward(AssumeMet(), True), record.all_ignore_basis, report)
        if record.all_nl_unmet is not None:
            compare_reward("reward with nothing met", reward(AssumeUnmet()), record.all_nl_unmet, report)
    except ReplayMismatchError as exc:
        report(f"reward: {exc}")


def compare_reward(what: str, ours: Reward, theirs: RewardRecord, report: Report) -> None:
    """Compare a reward and its components."""
    if ours.reward != theirs.reward:
        report(f"{what} {ours.reward}, recorded {theirs.reward}")
    if (ours.breakdown or {}) != (theirs.reward_breakdown or {}):
        report(f"{what}: components {ours.breakdown}, recorded {theirs.reward_breakdown}")


def compare_checks(ours: Reward, record: Eval, report: Report) -> None:
    """Compare each single check, and the note of a conversation that was not judged."""
    theirs = record.reward_info_all
    database = ours.database and (ours.database.db_match, ours.database.db_reward)
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("database check", database, theirs.db_check and (theirs.db_check.db_match, theirs.db_check.db_reward)),
        (
            "action checks",
            None if ours.actions is None else [check.action_match for check in ours.actions],
            None if theirs.action_checks is None else [check.action_match for check in theirs.action_checks],
        ),
        ("communicate checks", met(ours.communicate), met(theirs.communicate_checks)),
        ("assertions", met(ours.nl_assertions), met(theirs.nl_assertions)),
        ("environment assertions", met(ours.env_assertions), met(theirs.env_assertions)),
    )
    for what, mine, recorded in pairs:
        if mine != recorded:
            report(f"{what} {mine}, recorded {recorded}")
    note = theirs.info.note if theirs.info else None
    if bool(note) != bool(ours.note):
        report(f"note {ours.note!r}, recorded {note!r}")
    elif note and record.termination_reason.value not in ours.note:
        report(f"note {ours.note!r} does not name {record.termination_reason.value!r}")


def met(checks: tuple[Any, ...] | None) -> list[bool] | None:
    """The answers of a list of checks."""
    return None if checks is None else [check.met for check in checks]


def check_record(bench: Bench, record: Gold | Fuzz | Eval, report: Report) -> None:
    """Check one line that is no header."""
    if isinstance(record, Gold):
        check_gold(bench, record, report)
    elif isinstance(record, Fuzz):
        check_calls(bench, record, report)
    else:
        check_eval(bench, record, report)
