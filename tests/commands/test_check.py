"""`writ check` over files that others made and over our runs, and the contamination report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from tests.support.shared_data import SHARED, needs_shared
from writ_async.api import load_tasks
from writ_async.api import run as play
from writ_async.cli import main
from writ_async.commands.check import check_contamination, check_rows
from writ_async.commands.check_lines import CheckedLine
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.message import AssistantMessage, Message, ToolMessage
from writ_async.core.trajectory import Trajectory
from writ_async.errors import InputError
from writ_async.formats.export import format_named
from writ_async.formats.foreign.tools import kind_by_name
from writ_async.runs.row_selection import select_rows, selection_of
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView

DATA = None if SHARED is None else str(SHARED / "tau2" / "data")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("check") / "run"
    seats = Seats(EngineSpec("scripted", {"mistakes": "0.6"}))
    config = SynthConfig(domains=("retail", "airline"), n=60, seed=2, world_size=120, seats=seats)
    anyio.run(lambda: synth(config, out))
    return out


def verdicts(path: Path) -> list[CheckedLine]:
    return [msgspec.json.decode(line, type=CheckedLine) for line in path.read_bytes().splitlines()]


def test_a_run_gets_the_verdicts_that_it_has(run: Path, tmp_path: Path) -> None:
    report = check_rows(run, out=tmp_path / "v.jsonl")
    rows = {row.id: row for row in RunView.open(run).trajectories()}
    assert report.rows == len(rows) == 60
    for found in verdicts(tmp_path / "v.jsonl"):
        verdict = rows[found.id].verdict
        assert verdict is not None
        assert (found.writes, found.evidence) == (verdict.writes, str(verdict.evidence))
        told = [(one.reason, one.severity, one.detail, one.message, one.call) for one in found.findings]
        assert told == [(one.reason, one.severity, one.detail, one.message, one.call) for one in verdict.findings]
    assert report.disagreeing == 0


def test_a_file_tells_what_can_be_told_without_the_task(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    format_named("openai").write(RunView.open(run), out, include_rejected=True)
    report = check_rows(out, out=tmp_path / "v.jsonl")
    assert (report.kinds, report.bad) == ({"domain": report.rows}, [])
    kept = [row for row in RunView.open(run).ordered() if row.verdict is not None and row.verdict.kept]
    format_named("openai").write(RunView.open(run), out)
    clean = check_rows(out)
    allowed = {"unknown_tool", "malformed_call"}
    assert clean.rows == len(kept)
    assert set(clean.findings) <= allowed, "a kept row has nothing against it but a recovered read"
    seen = {reason for row in RunView.open(run).trajectories() if row.verdict for reason in reasons(row)}
    assert {"unconfirmed_write", "unseen_argument", "failed_write"} & seen <= set(report.findings)


def reasons(row: Trajectory) -> set[str]:
    return set() if row.verdict is None else {finding.reason for finding in row.verdict.findings}


def test_tools_of_nobody_known_are_judged_by_name_or_by_flag(tmp_path: Path) -> None:
    def row(*calls: tuple[str, dict[str, Any], str]) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [{"role": "user", "content": "Ticket 4711 please"}]
        for number, (name, arguments, result) in enumerate(calls):
            function = {"name": name, "arguments": json.dumps(arguments)}
            messages.append({"role": "assistant", "tool_calls": [{"id": f"c{number}", "function": function}]})
            messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": result})
        return {"messages": [*messages, {"role": "assistant", "content": "Done."}]}

    path = tmp_path / "f.jsonl"
    closing = ("ticket_close", {"id": "4711"}, "ok")
    path.write_text(
        "\n".join(
            map(
                json.dumps,
                [
                    row(("get_ticket", {"id": "4711"}, "open"), closing),
                    row(("ticket_close", {"id": "4712"}, "ok")),
                    row(closing, closing),
                ],
            )
        )
    )
    report = check_rows(path, out=tmp_path / "v")
    first, second, third = verdicts(tmp_path / "v")
    assert (report.kinds, report.writes) == ({"names": 3}, 4)
    assert (first.evidence, second.evidence) == ("unproved", "blind")
    assert "repeated_write" in {finding.reason for finding in third.findings}
    assert check_rows(path, writes=["get_ticket"]).writes == 1
    assert [kind_by_name(name) for name in ("list_all", "think", "book", "lookup_x", "transfer_to_human")] == [
        "read", "generic", "write", "read", "generic",
    ]  # fmt: skip


def test_bad_lines_are_named_and_the_rest_is_checked(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.jsonl"
    format_named("trl").write(RunView.open(run), out)
    out.write_bytes(b"{broken\n" + out.read_bytes() + b'{"x": 1}\n')
    assert main(["check", str(out)]) == 2
    said = capsys.readouterr()
    assert f"writ: {out}: line 1: is no JSON" in said.err
    assert said.err.count("\n") == 2
    assert "rows with nothing against them" in said.out
    assert main(["check", str(tmp_path / "absent")]) == 2
    assert main(["check", str(out), "--writes", "a", "--domain", "retail"]) == 2


def test_the_command_prints_json_and_proofs(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 60
    assert main(["check", "--proofs", str(run)]) == 0
    assert "60 of 60 proofs hold" in capsys.readouterr().out


def test_the_selection_of_a_run_is_written_and_the_same_when_it_is_made_again(run: Path) -> None:
    view = RunView.open(run)
    written = selection_of(view)
    assert (run / "selection.json").is_file()
    assert written == select_rows(view)
    assert written.rows == 60
    assert selection_of(view, cap=1).cap == 1
    summary = view.summary()
    assert summary.funnel == written.funnel
    assert written.funnel.total.left == sum(stage.left for stage in written.funnel.by_kind.values())


def tau2_results(rows: list[Trajectory], domain: str) -> dict[str, Any]:
    """Our rows in the shape of the benchmark's results file."""

    def shown(message: Message) -> dict[str, Any]:
        if isinstance(message, ToolMessage):
            return {"role": "tool", "id": message.tool_call_id, "content": message.content, "error": message.error,
                    "requestor": "assistant"}  # fmt: skip
        calls = [
            {"id": call.id, "name": call.function.name, "arguments": json.loads(call.function.arguments),
             "requestor": "assistant"}
            for call in getattr(message, "tool_calls", ())
        ]  # fmt: skip
        role = "assistant" if isinstance(message, AssistantMessage) else "user"
        return {"role": role, "content": message.content, "tool_calls": calls or None}

    simulations = [
        {
            "id": row.id,
            "task_id": row.task_id.rpartition(":")[2],
            "trial": row.trial,
            "termination_reason": row.termination.value,
            "reward_info": {"reward": row.verdict.reward.reward if row.verdict else 0.0},
            "messages": [shown(message) for message in row.messages],
        }
        for row in rows
    ]
    return {"info": {"environment_info": {"domain_name": domain}}, "tasks": [], "simulations": simulations}


@needs_shared
@pytest.mark.parametrize("domain", ["retail", "airline"])
def test_a_results_file_of_tau2_is_replayed_and_its_rewards_are_ours(domain: str, tmp_path: Path) -> None:
    tasks = load_tasks(f"tau2:{domain}", data=DATA)[:12]
    rows = play(tasks, "scripted", data=DATA, agent_options={"mistakes": "wrong_write=0.4"})
    path = tmp_path / "results.json"
    path.write_text(json.dumps(tau2_results(rows, domain)))
    report = check_rows(path, data=DATA, out=tmp_path / "v")
    assert (report.rows, report.rewarded, report.disagreeing) == (12, 12, 0)
    assert report.replayed > 0
    assert report.findings.get("result_differs", 0) == 0
    without = check_rows(path)
    assert (without.rewarded, without.replayed) == (0, 0)


@needs_shared
def test_a_result_that_the_world_does_not_give_is_found(tmp_path: Path) -> None:
    tasks = load_tasks("tau2:retail", data=DATA)[:3]
    results = tau2_results(play(tasks, "scripted", data=DATA), "retail")
    changed = next(m for m in results["simulations"][0]["messages"] if m["role"] == "tool")
    changed["content"] = "somebody else"
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results))
    report = check_rows(path, data=DATA)
    assert report.findings["result_differs"] == 1


@needs_shared
def test_a_run_of_generated_worlds_shares_nothing_with_the_benchmark(run: Path, tmp_path: Path) -> None:
    report = check_contamination(run, data=DATA, out=tmp_path / "c.json")
    assert report.clean
    assert (report.users.both, report.gold_writes.both, report.texts.both) == (0, 0, 0)
    assert report.users.ours > 30
    assert report.users.theirs > 30
    assert json.loads((tmp_path / "c.json").read_text())["rows"] == 60


@needs_shared
def test_a_run_on_the_benchmark_itself_is_contaminated(tmp_path: Path) -> None:
    from writ_async.commands.eval import EvalConfig, evaluate

    out = tmp_path / "eval"
    anyio.run(lambda: evaluate(EvalConfig(tasks=("tau2:airline",), limit=15), out, data=DATA))
    report = check_contamination(out, data=DATA)
    assert not report.clean
    assert report.users.both > 0
    assert report.gold_writes.both == report.gold_writes.ours > 0
    assert report.texts.both > 0
    assert "users" in report.sentences()[0]


def test_a_run_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        check_contamination(tmp_path, data=DATA)
    with pytest.raises(InputError):
        check_rows(tmp_path)
