"""The contract of failures: an end is a row, a failed attempt a line, a kill nothing; resuming plays the rest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from writ_engines.scripted import ScriptedEngine

from tests.support.registered import register_script
from tests.support.samples import manifest, trajectory
from writ_async.commands.synth import SynthConfig, synth
from writ_async.conversation import Conversation
from writ_async.core.engine import Completion, Request
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Termination
from writ_async.curation.quota import parse_keep_rules
from writ_async.errors import EngineError, EngineErrorKind
from writ_async.runs.attempts import TERMINAL, failure_class, terminal_ids
from writ_async.runs.folder import RunFolder
from writ_async.runs.progress import Progress
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.summary import Keeping
from writ_async.runs.view import RunView

FAULTS: dict[str, EngineErrorKind] = {}


class Faulty(ScriptedEngine):
    """A script that fails in the conversations, and with the errors, of FAULTS."""

    async def complete(self, request: Request) -> Completion:
        if (kind := FAULTS.get(request.session.partition("#")[0])) is not None:
            raise EngineError("it will not", kind=kind)
        return await super().complete(request)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> SynthConfig:
    register_script(monkeypatch, "faulty", Faulty)
    monkeypatch.setattr(f"{__name__}.FAULTS", {})
    return SynthConfig(domains=("retail",), n=6, world_size=50, seats=Seats(EngineSpec("faulty")))


def play(config: SynthConfig, out: Path, **more: Any) -> Progress:
    return anyio.run(lambda: synth(config, out, **more))


def attempts(run: Path) -> list[tuple[str, str, int, str]]:
    lines = [json.loads(line) for line in (run / "failures.log").read_text().splitlines()]
    return sorted((line["id"], line["class"], line["attempt"], line["error"]) for line in lines)


def test_each_failed_attempt_is_a_line_with_its_class_number_and_reason(config: SynthConfig, tmp_path: Path) -> None:
    FAULTS.update({"retail-s0-00002": EngineErrorKind.SERVER_ERROR, "retail-s0-00004": EngineErrorKind.CONTENT_FILTER})
    assert play(config, tmp_path / "run").counters.failed == 2
    assert play(config, tmp_path / "run").counters.failed == 1
    assert attempts(tmp_path / "run") == [
        ("retail-s0-00002#0", "server_error", 1, "server_error: it will not"),
        ("retail-s0-00002#0", "server_error", 2, "server_error: it will not"),
        ("retail-s0-00004#0", "content_filter", 1, "content_filter: it will not"),
    ]
    assert len(RunView.open(tmp_path / "run").done_ids()) == 4
    failures = Counter(row.id for row in RunView.open(tmp_path / "run").failures())
    assert failures == {"retail-s0-00002#0": 2, "retail-s0-00004#0": 1}


def test_what_would_fail_again_is_not_tried_again_unless_it_is_asked_for(config: SynthConfig, tmp_path: Path) -> None:
    FAULTS.update({"retail-s0-00001": EngineErrorKind.TEMPLATE_REFUSED, "retail-s0-00003": EngineErrorKind.RESET})
    play(config, tmp_path / "run")
    FAULTS.clear()
    progress = play(config, tmp_path / "run")
    assert (progress.counters.started, progress.counters.finished, progress.done_before) == (1, 1, 5)
    assert "1 conversations failed in a way that would be the same again" in " ".join(progress.notices)
    assert play(config, tmp_path / "run").counters.started == 0
    assert play(config, tmp_path / "run", retry_failed=True).counters.finished == 1
    play(config, tmp_path / "one")
    assert (tmp_path / "run" / "trajectories.jsonl").read_bytes() == (tmp_path / "one/trajectories.jsonl").read_bytes()
    assert not any("same again" in notice for notice in play(config, tmp_path / "run").notices)


def test_a_run_in_rounds_goes_on_with_other_tasks_where_one_would_fail_again(
    config: SynthConfig, tmp_path: Path
) -> None:
    config = msgspec.structs.replace(config, keep=parse_keep_rules(6, 1))
    FAULTS.update({"retail-s0-00001": EngineErrorKind.TEMPLATE_REFUSED, "retail-s0-00003": EngineErrorKind.RESET})
    assert play(config, tmp_path / "run").counters.failed == 2
    FAULTS.pop("retail-s0-00003")
    again = play(config, tmp_path / "run")
    assert again.counters.failed == 0
    assert "1 conversations failed in a way that would be the same again" in " ".join(again.notices)
    assert [(name, number) for name, _, number, _ in attempts(tmp_path / "run")] == [
        ("retail-s0-00001#0", 1),
        ("retail-s0-00003#0", 1),
    ]
    keeping = again.summary.keeping
    assert isinstance(keeping, Keeping)
    assert (keeping.kept, keeping.asked) == (6, 6)
    assert "retail-s0-00001#0" not in RunView.open(tmp_path / "run").done_ids()
    assert play(config, tmp_path / "run").counters.started == 0


def test_an_error_that_nobody_foresaw_is_not_met_at_every_resume(
    config: SynthConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def receive(self: Conversation, completion: Completion) -> None:
        if self.task.id == "retail-s0-00003":
            raise KeyError("nobody foresaw it")
        take(self, completion)

    take = Conversation.receive
    monkeypatch.setattr(Conversation, "receive", receive)
    failed = [play(config, tmp_path / "run").counters.failed for _ in range(4)]
    assert failed == [1, 1, 0, 0]  # once more, for it may have been mended
    assert [(name, failure, number) for name, failure, number, _ in attempts(tmp_path / "run")] == [
        ("retail-s0-00003#0", "unexpected_error", 1),
        ("retail-s0-00003#0", "unexpected_error", 2),
    ]
    monkeypatch.setattr(Conversation, "receive", take)
    assert play(config, tmp_path / "run", retry_failed=True).counters.finished == 1


def test_every_end_from_outside_has_a_class_and_a_judges_error_is_of_the_judges_kind() -> None:
    for termination in ENDED_FROM_OUTSIDE:
        assert failure_class(termination, "") == termination.value
    for kind in EngineErrorKind:
        assert failure_class(Termination.INFRASTRUCTURE_ERROR, f"{kind}: words: more words") == kind.value
        assert failure_class(Termination.INFRASTRUCTURE_ERROR, f"judge: {kind}: words") == kind.value
    assert failure_class(Termination.INFRASTRUCTURE_ERROR, "KeyError: 'reset'") == "infrastructure_error"
    assert {*map(str, EngineErrorKind), *map(str, ENDED_FROM_OUTSIDE)} >= TERMINAL.keys()


def test_lines_of_older_runs_without_class_or_number_are_counted(tmp_path: Path) -> None:
    failed = trajectory("t", 0, termination=Termination.INFRASTRUCTURE_ERROR)
    failed.error = "content_filter: withheld"
    with RunFolder.create(tmp_path, manifest()) as run:
        run.append(failed)
    line = json.loads((tmp_path / "failures.log").read_text())
    del line["class"], line["attempt"]
    (tmp_path / "failures.log").write_text(json.dumps(line) + "\n")
    assert terminal_ids(tmp_path / "failures.log") == {"t#0"}
    with RunFolder.open(tmp_path) as run:
        run.append(failed)
    assert json.loads((tmp_path / "failures.log").read_text().splitlines()[1])["attempt"] == 2


def test_two_writers_number_the_attempts_that_were_before_them(tmp_path: Path) -> None:
    timed_out = trajectory("t", 0, termination=Termination.TIMEOUT)
    with RunFolder.create(tmp_path, manifest()) as run:
        run.write_tasks((), {})
        run.append(timed_out)
        with RunFolder.join(tmp_path) as other:
            other.append(timed_out)
    assert attempts_of(tmp_path) == [1, 2]


def attempts_of(run: Path) -> list[int]:
    return [json.loads(line)["attempt"] for line in (run / "failures.log").read_text().splitlines()]
