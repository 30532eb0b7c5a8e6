"""Replays recorded calls and conversations of τ²-bench and says where our environment or evaluator answers otherwise.

    python tools/conformance.py --data PATH FILE.jsonl.gz...

Each file holds gold, fuzz or eval vectors of one domain, one JSON object a line, a header first. Prints one line per
mismatch and a count last. Exit code: 0 all agree, 1 mismatches, 2 input that cannot be read.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from writ_domains.tau2 import BENCHMARK, DatabaseText
from writ_domains.tau2.schema import MessageRecord, to_message

from writ_async import InputError, Judge, Message, State, Task, Termination, call_arguments, call_tool
from writ_async.core.benchmark import Subset
from writ_async.core.domain import ToolResult
from writ_async.core.message import Requestor
from writ_async.core.trajectory import Reward
from writ_async.verify.judge import AssumeMet, AssumeUnmet
from writ_async.verify.outcome import ReplayMismatchError, compute_reward, exchanges, gold_state

Report = Callable[[str], None]


class Call(msgspec.Struct, frozen=True):
    """One recorded call. A long content is given by its SHA-256, length and head."""

    name: str
    args: dict[str, Any]
    error: bool
    type: str | None = None
    requestor: Requestor = "assistant"
    content: str | None = None
    content_sha256: str = ""
    content_len: int = 0
    content_head: str = ""


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="header"):
    """The first line of a file."""

    domain: str
    db_hash: str | None = None
    db_canon_sha256: str | None = None
    tool_types: dict[str, str] | None = None
    policy_sha256: str | None = None


class Gold(msgspec.Struct, frozen=True, tag_field="kind", tag="gold"):
    """A task's gold actions, called one after another."""

    task_id: str
    calls: tuple[Call, ...]
    db_hash: str
    db_canon_sha256: str
    db_diff: dict[str, Any]
    evaluator_gold_db_hash: str


class Fuzz(msgspec.Struct, frozen=True, tag_field="kind", tag="fuzz"):
    """Random calls, called one after another."""

    episode: int
    calls: tuple[Call, ...]
    db_hash: str
    db_canon_sha256: str
    db_diff: dict[str, Any]


class DbCheck(msgspec.Struct, frozen=True):
    """Whether the database was right."""

    db_match: bool
    db_reward: float


class ActionRecord(msgspec.Struct, frozen=True):
    """Whether a gold action was called."""

    action_match: bool


class MetRecord(msgspec.Struct, frozen=True):
    """Whether something was said, or holds."""

    met: bool


class Info(msgspec.Struct, frozen=True):
    """Remarks of the evaluator."""

    note: str | None = None


class RewardRecord(msgspec.Struct, frozen=True):
    """What the evaluator answered."""

    reward: float
    reward_breakdown: dict[str, float] | None = None
    db_check: DbCheck | None = None
    action_checks: tuple[ActionRecord, ...] | None = None
    communicate_checks: tuple[MetRecord, ...] | None = None
    nl_assertions: tuple[MetRecord, ...] | None = None
    env_assertions: tuple[MetRecord, ...] | None = None
    info: Info | None = None


class Eval(msgspec.Struct, frozen=True, tag_field="kind", tag="eval"):
    """A finished conversation and its rewards, three times: by the basis, ignoring it, and by a judge that says no."""

    task_id: str
    variant: str
    termination_reason: Termination
    messages: tuple[MessageRecord, ...]
    final_db_hash: str
    reward_info_all: RewardRecord
    all_ignore_basis: RewardRecord
    all_nl_unmet: RewardRecord | None = None


_decode = msgspec.json.Decoder(Header | Gold | Fuzz | Eval).decode


class Bench:
    """One domain of the benchmark, ready to be replayed, and how many calls were."""

    def __init__(self, loaded: Subset) -> None:
        self.loaded = loaded
        self.text = DatabaseText(loaded.environment.domain, loaded.environment.world)
        self.tasks: dict[str, Task] = {task.id: task for task in loaded.tasks}
        self.calls = 0

    def task(self, task_id: str) -> Task:
        """A task by id. Raises `InputError` when the data folder has none of that id."""
        if task_id not in self.tasks:
            raise InputError(f"no task {task_id!r} in the data folder")
        return self.tasks[task_id]

    def call(self, state: State, name: str, arguments: dict[str, Any], requestor: Requestor) -> ToolResult:
        """Call one tool on a state."""
        self.calls += 1
        domain = self.loaded.environment.domain
        return call_tool(domain.user_tools if requestor == "user" else domain.tools, state, name, arguments)


def check_header(bench: Bench, header: Header, report: Report) -> None:
    """Compare the stock database, the kinds of the tools and the policy, as far as the header gives them."""
    domain = bench.loaded.environment.domain
    hashes = bench.text.hashes(State(bench.loaded.environment.world))
    if header.db_hash not in (None, hashes.plain):
        report(f"header: the stock database hashes to {hashes.plain}, recorded {header.db_hash}")
    if header.db_canon_sha256 not in (None, hashes.canonical):
        report(f"header: the stock database hashes to {hashes.canonical} (canonical), not {header.db_canon_sha256}")
    if header.tool_types is not None:
        kinds = {name: tool.kind for name, tool in domain.tools.items()}
        for name in sorted(kinds.keys() | header.tool_types.keys()):
            ours, theirs = kinds.get(name, "absent"), header.tool_types.get(name, "absent")
            if ours != theirs:
                report(f"header: the tool {name} is {ours}, recorded {theirs}")
    if header.policy_sha256 not in (None, sha256(domain.policy.encode()).hexdigest()):
        report("header: the policy is not the recorded one")


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


def check_calls(bench: Bench, episode: Gold | Fuzz, report: Report) -> None:
    """Replay an episode's calls and compare each answer, and the database at the end."""
    state = State(bench.loaded.environment.world)
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
    check_calls(bench, gold, report)
    state = gold_state(task, bench.loaded.environment.domain, bench.loaded.environment.world)
    ours = bench.text.plain_hash(state)
    if ours != gold.evaluator_gold_db_hash:
        report(f"the evaluator's gold database hashes to {ours}, recorded {gold.evaluator_gold_db_hash}")


def check_eval(bench: Bench, record: Eval, report: Report) -> None:
    """Replay a conversation call by call, then compare what the evaluator says of it."""
    task = bench.task(record.task_id)
    messages: tuple[Message, ...] = tuple(map(to_message, record.messages))
    state = State(bench.loaded.environment.world)
    try:
        for index, exchange in enumerate(exchanges(messages)):
            call, recorded = exchange.call, exchange.result
            requestor: Requestor = "user" if exchange.by_user else "assistant"
            result = bench.call(state, call.function.name, call_arguments(call), requestor)
            wrong = flag_mismatch(result, recorded.error)
            if not wrong and not result.error and result.content != recorded.content:
                wrong = "content differs from the recorded one"
            if wrong:
                report(f"call {index} ({call.function.name}): {wrong}")
    except ReplayMismatchError as exc:
        report(str(exc))
    ours = bench.text.plain_hash(state)
    if ours != record.final_db_hash:
        report(f"final database hash {ours}, recorded {record.final_db_hash}")

    def reward(judge: Judge, ignore_basis: bool = False) -> Reward:
        domain, world = bench.loaded.environment.domain, bench.loaded.environment.world
        return compute_reward(
            task, domain, world, messages, record.termination_reason, judge, ignore_basis=ignore_basis
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


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, unpacked where its name ends in .gz, with their numbers. Raises `InputError`."""
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rb") as file:
            for number, line in enumerate(file, 1):
                yield number, line
    except (OSError, EOFError, zlib.error) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise InputError(f"{path}: cannot read after line {number}: {reason}") from None


def check_file(path: Path, open_bench: Callable[[str], Bench], report: Report) -> tuple[int, int]:
    """Check one file and give its counts of calls and episodes. Raises `InputError` with the file and line."""
    bench: Bench | None = None
    episodes = calls = 0
    for number, line in read_lines(path):
        where = f"{path}:{number}"
        try:
            record = _decode(line)
            if isinstance(record, Header):
                bench = open_bench(record.domain)
                calls -= bench.calls
                check_header(bench, record, prefixed(report, where))
                continue
            if bench is None:
                raise InputError("the first line is not a header")
            episodes += 1
            name = f"episode {record.episode}" if isinstance(record, Fuzz) else f"task {record.task_id}"
            name += f" ({record.variant})" if isinstance(record, Eval) else ""
            check_record(bench, record, prefixed(report, f"{where}: {name}"))
        except (InputError, msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise InputError(f"{where}: {exc}") from None
    if bench is None:
        raise InputError(f"{path}: the file is empty")
    return calls + bench.calls, episodes


def prefixed(report: Report, where: str) -> Report:
    """A report that says where."""
    return lambda text: report(f"{where}: {text}")


def check_record(bench: Bench, record: Gold | Fuzz | Eval, report: Report) -> None:
    """Check one line that is no header."""
    if isinstance(record, Gold):
        check_gold(bench, record, report)
    elif isinstance(record, Fuzz):
        check_calls(bench, record, report)
    else:
        check_eval(bench, record, report)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see --help")


def main(arguments: list[str]) -> int:
    """Run the script and give its exit code."""
    parser = _Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="PATH", help="the folder that holds tau2/domains (else TAU2_DATA_DIR)")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="vectors: .jsonl or .jsonl.gz")
    mismatches = calls = episodes = 0

    def report(text: str) -> None:
        nonlocal mismatches
        mismatches += 1
        print(text)

    try:
        options = parser.parse_args(arguments)

        @cache
        def open_bench(domain: str) -> Bench:
            return Bench(BENCHMARK.load(domain, options.data))

        for path in options.files:
            more_calls, more_episodes = check_file(path, open_bench, report)
            calls, episodes = calls + more_calls, episodes + more_episodes
    except InputError as exc:
        print(exc, file=sys.stderr)
        return exc.exit_code
    print(f"{calls} calls in {episodes} episodes checked: {mismatches} mismatches")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
