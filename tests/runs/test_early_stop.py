"""Stopping early: what is reported is what a full run reports, and the rest is left open."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest

from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.task import Task
from writ_async.core.trajectory import Termination, Trajectory
from writ_async.errors import InputError
from writ_async.runs.early_stop import EarlyStop, parse_stop_early
from writ_async.runs.progress import Progress
from writ_async.runs.scores import Score, score_run
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.summary import Saved
from writ_async.runs.view import RunView
from writ_async.scheduler import Limits

SYNTH = SynthConfig(
    domains=("retail", "airline"), n=160, seed=21, world_size=120,
    seats=Seats(EngineSpec("scripted", {"mistakes": "0.6"})),
)  # fmt: skip
TRIALS = 4


def rows(path: Path) -> dict[str, Trajectory]:
    return {row.id: row for row in RunView.open(path).trajectories()}


@pytest.fixture(scope="module")
def whole_synth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    anyio.run(lambda: synth(SYNTH, out))
    return out


@pytest.fixture(scope="module")
def stopped_synth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stopped") / "run"
    anyio.run(lambda: synth(msgspec.structs.replace(SYNTH, stop_early=("failed",)), out))
    return out


def test_the_kept_rows_are_those_of_a_full_run(whole_synth: Path, stopped_synth: Path) -> None:
    whole, stopped = rows(whole_synth), rows(stopped_synth)
    assert whole.keys() == stopped.keys()
    early = [row for row in stopped.values() if row.termination is Termination.STOPPED_EARLY]
    assert len(early) > 10
    for row_id, row in stopped.items():
        verdict, full = row.verdict, whole[row_id].verdict
        assert verdict is not None
        assert full is not None
        assert verdict.kept == full.kept
        if row.termination is Termination.STOPPED_EARLY:
            assert not full.kept
            assert row.messages == whole[row_id].messages[: len(row.messages)]
        else:
            assert row == whole[row_id]
    funnels = [RunView.open(path).summary().funnel for path in (whole_synth, stopped_synth)]
    assert funnels[0] is not None
    assert funnels[1] is not None
    assert funnels[0].total.left == funnels[1].total.left


def test_the_same_conversations_are_stopped_at_any_concurrency(stopped_synth: Path, tmp_path: Path) -> None:
    config = msgspec.structs.replace(SYNTH, stop_early=("failed",))
    anyio.run(lambda: synth(config, tmp_path / "run", limits=Limits(concurrency=2)))
    assert rows(tmp_path / "run") == rows(stopped_synth)
    assert (tmp_path / "run" / "summary.json").read_bytes() == (stopped_synth / "summary.json").read_bytes()


def test_what_was_stopped_replays_and_is_not_played_again(stopped_synth: Path) -> None:
    assert replay_run(stopped_synth).mismatches == []
    config = msgspec.structs.replace(SYNTH, stop_early=("failed",))
    before = (stopped_synth / "summary.json").read_bytes()
    progress = anyio.run(lambda: synth(config, stopped_synth))
    assert (progress.done_before, progress.counters.started) == (160, 0)
    assert (stopped_synth / "summary.json").read_bytes() == before


def test_the_mean_reward_is_over_conversations_that_were_played_to_their_end(stopped_synth: Path) -> None:
    total = RunView.open(stopped_synth).summary().total()
    ended = [row for row in rows(stopped_synth).values() if row.termination is not Termination.STOPPED_EARLY]
    rewards = [row.verdict.reward.reward for row in ended if row.verdict is not None]
    assert total.stopped == 160 - len(ended)
    assert total.mean_reward == pytest.approx(sum(rewards) / len(rewards))


def test_what_was_saved_is_what_the_finished_ones_of_the_kind_cost_more(whole_synth: Path, stopped_synth: Path) -> None:
    saved = RunView.open(stopped_synth).summary().saved
    assert isinstance(saved, Saved)
    stopped = {key: row for key, row in rows(stopped_synth).items() if row.termination is Termination.STOPPED_EARLY}
    assert saved.conversations == len(stopped)
    whole = rows(whole_synth)
    truth = sum(
        sum(use.requests for use in whole[key].usage.values()) - sum(use.requests for use in row.usage.values())
        for key, row in stopped.items()
    )
    assert truth > 0
    assert 0 < saved.calls < 3 * truth
    assert b"saved" not in (whole_synth / "summary.json").read_bytes()


@pytest.fixture(scope="module")
def source(tasks: list[Task], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tasks") / "tasks.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    return path


def play(source: Path, out: Path, *rules: str, workers: int = 1, mistakes: str = "giving_up=0.3") -> Progress:
    config = EvalConfig(
        tasks=(str(source),), trials=TRIALS, seed=5, seats=Seats(EngineSpec("scripted", {"mistakes": mistakes})),
        stop_early=rules,
    )  # fmt: skip
    return anyio.run(lambda: evaluate(config, out, limits=Limits(concurrency=6), workers=workers))


def scores(path: Path) -> dict[str, Score]:
    return {item.name: item for item in score_run(path)}


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole-eval") / "run"
    play(source, out)
    return out


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("k", range(1, TRIALS + 1))
def test_every_pass_k_that_is_reported_is_that_of_a_full_run(
    source: Path, whole: Path, tmp_path: Path, k: int, workers: int
) -> None:
    play(source, tmp_path / "run", f"settled={k}", workers=workers)
    full, early = scores(whole), scores(tmp_path / "run")
    assert full.keys() == early.keys()
    for name, item in early.items():
        assert (item.tasks, len(item.pass_hat)) == (full[name].tasks, TRIALS)
        assert item.trials + item.stopped == full[name].trials
        assert None not in item.pass_hat[k - 1 :]
        for mine, theirs in zip(item.pass_hat, full[name].pass_hat, strict=True):
            assert mine is None or mine == theirs
        if item.stopped:
            assert None in item.pass_hat
            assert (item.mean_reward, item.strict) == (None, None)
        else:
            assert item.mean_reward == full[name].mean_reward
    if k == 1:
        assert early["all"].stopped == 0, "pass^1 needs every trial"
    if k == TRIALS:
        assert early["all"].stopped > 0


def test_a_settled_task_is_not_begun_again(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    play(source, out, "settled")
    failures, before = (out / "failures.log").read_bytes(), scores(out)
    saved = RunView.open(out).summary().saved
    assert isinstance(saved, Saved)
    assert saved.conversations == before["all"].stopped > 0
    again = play(source, out, "settled")
    assert again.counters.started == 0
    assert again.done_before == again.total
    assert (out / "failures.log").read_bytes() == failures
    assert scores(out) == before
    assert RunView.open(out).summary().saved == saved


def test_trials_that_the_strict_verdict_rejects_leave_pass_k_open_but_not_the_strict_share(
    source: Path, tmp_path: Path
) -> None:
    mistakes = "early_write=0.3,wrong_write=0.2"
    play(source, tmp_path / "whole", mistakes=mistakes)
    play(source, tmp_path / "early", "failed", mistakes=mistakes)
    full, early = scores(tmp_path / "whole"), scores(tmp_path / "early")
    assert early["all"].stopped > 0
    for name, item in early.items():
        assert item.strict == full[name].strict
        for mine, theirs in zip(item.pass_hat, full[name].pass_hat, strict=True):
            assert mine is None or mine == theirs
    play(source, tmp_path / "both", "failed", "settled", mistakes=mistakes)
    for name, item in scores(tmp_path / "both").items():
        for mine, theirs in zip(item.pass_hat, full[name].pass_hat, strict=True):
            assert mine is None or mine == theirs


def test_a_run_is_not_gone_on_with_under_another_rule(source: Path, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'stop_early = \(not set\), now it is \["settled"\]'):
        play(source, whole, "settled")
    play(source, tmp_path / "run", "settled=2")
    with pytest.raises(InputError, match=r"stop_early\[0\] = \"settled=2\", now it is \"settled=3\""):
        play(source, tmp_path / "run", "settled=3")


def test_rules_are_read() -> None:
    assert not parse_stop_early((), 4)
    assert parse_stop_early(("failed",), 1) == EarlyStop(failed=True)
    assert parse_stop_early(("settled",), 4) == EarlyStop(settled=4)
    assert parse_stop_early(("settled=2", "failed"), 4) == EarlyStop(failed=True, settled=2)


@pytest.mark.parametrize(
    ("rule", "trials", "words"),
    [
        ("early", 4, "unknown rule 'early'; known: failed, settled, settled=K"),
        ("failed=1", 4, "unknown rule 'failed=1'"),
        ("settled", 1, "needs several trials of each task: writ eval with --trials"),
        ("settled=0", 4, "K must be 1 to 4, the number of trials"),
        ("settled=5", 4, "K must be 1 to 4"),
        ("settled=two", 4, "K must be 1 to 4"),
        ("settled=", 4, "K must be 1 to 4"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(rule: str, trials: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_stop_early((rule,), trials)
