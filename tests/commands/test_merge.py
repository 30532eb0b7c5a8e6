"""`--shard` and `writ merge`: what several machines make is, byte for byte, what one would have made."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.command import called
from writ_async import make_tasks
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.merge import Merged, merge_shards
from writ_async.commands.replay import replay_run
from writ_async.commands.synth import SynthConfig, synth
from writ_async.curation.quota import parse_keep_rules
from writ_async.errors import InputError
from writ_async.runs.folder import RunFolder
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.shards import WHOLE, Shard, parse_shard
from writ_async.runs.view import SAMPLES, RunView
from writ_async.scheduler import Limits

SCRIPTED = Seats(EngineSpec("scripted", {"mistakes": "0.5"}))
CONFIG = SynthConfig(domains=("retail", "airline"), n=23, seed=5, world_size=60, seats=SCRIPTED)
FILES = ("manifest.json", "tasks.jsonl", "prompts.json", "trajectories.jsonl", "selection.json", "summary.json")


def make(config: SynthConfig, out: Path, shard: Shard = WHOLE, concurrency: int = 64, workers: int = 1) -> Path:
    anyio.run(lambda: synth(config, out, shard=shard, workers=workers, limits=Limits(concurrency=concurrency)))
    return out


def evaluated(config: EvalConfig, out: Path, shard: Shard) -> None:
    anyio.run(lambda: evaluate(config, out, shard=shard))


def contents(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in FILES}


def names(run: Path) -> set[str]:
    return {path.name for path in run.iterdir()}


def merge(paths: Sequence[Path], out: Path, **more: bool) -> Merged:
    return merge_shards(paths, out, **more)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(CONFIG, tmp_path_factory.mktemp("alone") / "run")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("parts")
    return [make(CONFIG, folder / f"part-{index}", Shard(index, 3), concurrency=1 + index) for index in (1, 2, 3)]


def copied(parts: Sequence[Path], to: Path) -> list[Path]:
    return [Path(shutil.copytree(part, to / part.name)) for part in parts]


def kill(run: Path, rng: random.Random) -> None:
    """Leave a run as a kill at some moment leaves it: rows in any order, the last one torn, drafts, no end."""
    for name in ("selection.json", "summary.json"):
        (run / name).unlink()
    file = run / "trajectories.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    rng.shuffle(lines)
    content = b"".join(lines)
    file.write_bytes(content[: rng.randint(0, len(content))])
    (run / ".trajectories.jsonl.77.tmp").write_bytes(content[: rng.randint(0, len(content))])
    if rng.random() < 0.2:
        file.unlink()
        (run / "tasks.jsonl").unlink()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n=st.integers(1, 9), count=st.integers(2, 5), seed=st.integers(0, 99), kills=st.integers(0, 4))
def test_shards_that_were_killed_and_gone_on_with_come_to_the_bytes_of_one_machine(
    tmp_path_factory: pytest.TempPathFactory, n: int, count: int, seed: int, kills: int
) -> None:
    folder, rng = tmp_path_factory.mktemp("shards"), random.Random(seed)
    config = SynthConfig(domains=("retail", "airline"), n=n, seed=seed, world_size=50, seats=SCRIPTED)
    shards = [Shard(index, count) for index in range(1, count + 1)]
    made = {shard: make(config, folder / f"part-{shard.index}", shard, rng.randint(1, 9)) for shard in shards}
    for _ in range(kills):
        shard = rng.choice(shards)
        kill(made[shard], rng)
        make(config, made[shard], shard, rng.randint(1, 9))
    given_in = list(made.values())
    rng.shuffle(given_in)
    merged = merge(given_in, folder / "merged")
    assert (merged.tasks, merged.rows, merged.wanted) == (n, n, n)
    one = make(config, folder / "one", concurrency=rng.randint(1, 9))
    assert contents(folder / "merged") == contents(one)
    assert names(folder / "merged") == names(one) - {SAMPLES}  # looks at one machine, by its clock


def test_a_merged_run_is_a_run_for_every_other_command(alone: Path, parts: list[Path], tmp_path: Path) -> None:
    merge(parts, tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(alone)
    assert replay_run(tmp_path / "merged").mismatches == []
    progress = anyio.run(lambda: synth(CONFIG, tmp_path / "merged"))
    assert (progress.done_before, progress.counters.started) == (23, 0)
    larger = msgspec.structs.replace(CONFIG, n=31)
    make(larger, tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(make(larger, tmp_path / "larger"))


def test_every_shard_grows_to_its_share_of_a_larger_run(parts: list[Path], tmp_path: Path) -> None:
    larger = msgspec.structs.replace(CONFIG, n=31)
    grown = copied(parts, tmp_path)
    make(larger, grown[0], Shard(1, 3))
    with pytest.raises(InputError, match=r"part-2: was made with n = 23, and .*part-1 with 31"):
        merge(grown, tmp_path / "merged")
    for index in (2, 3):
        make(larger, grown[index - 1], Shard(index, 3), workers=2)
    merge(grown, tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(make(larger, tmp_path / "one"))


def test_an_evaluation_in_shards_has_all_trials_of_each_task(tmp_path: Path) -> None:
    file = tmp_path / "tasks.jsonl"
    tasks = make_tasks("retail", 7, seed=2, world_size=50)
    file.write_bytes(b"".join(msgspec.json.encode(task) + b"\n" for task in tasks))
    config = EvalConfig(tasks=(str(file),), trials=3, seats=SCRIPTED, stop_early=("settled=2",))
    for shard in (WHOLE, Shard(1, 2), Shard(2, 2)):
        evaluated(config, tmp_path / f"{shard.index}-{shard.of}", shard)
    merged = merge([tmp_path / "2-2", tmp_path / "1-2"], tmp_path / "merged")
    assert merged.wanted == 21
    plain = msgspec.structs.replace(config, stop_early=())
    for shard in (WHOLE, Shard(1, 2), Shard(2, 2)):
        evaluated(plain, tmp_path / f"plain-{shard.index}-{shard.of}", shard)
    assert merge([tmp_path / "plain-1-2", tmp_path / "plain-2-2"], tmp_path / "all").rows == 21
    assert contents(tmp_path / "all") == contents(tmp_path / "plain-1-1")


def cut_rows(parts: list[Path]) -> None:
    for part in parts[1:]:
        file = part / "trajectories.jsonl"
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-2]))


def change_setting(parts: list[Path]) -> None:
    manifest = json.loads((parts[1] / "manifest.json").read_text())
    manifest["config"]["rules"]["max_steps"] = 7
    (parts[1] / "manifest.json").write_text(json.dumps(manifest))


def change_drawn(parts: list[Path]) -> None:
    (parts[2] / "shard.json").write_text('{"tasks": 23, "digest": "00"}')


def take_foreign_row(parts: list[Path]) -> None:
    with (parts[0] / "trajectories.jsonl").open("ab") as file:
        file.write((parts[1] / "trajectories.jsonl").read_bytes().splitlines(keepends=True)[0])


def double_row(parts: list[Path]) -> None:
    with (parts[0] / "trajectories.jsonl").open("ab") as file:
        file.write((parts[0] / "trajectories.jsonl").read_bytes().splitlines(keepends=True)[0])


def lose_task(parts: list[Path]) -> None:
    file = parts[0] / "tasks.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))


def lose_tasks(parts: list[Path]) -> None:
    (parts[0] / "tasks.jsonl").unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda parts: parts.pop(1), r"of 3 shards 2 is missing"),
        (lambda parts: parts.append(parts[0]), r"shard 1/3 is there twice: .*part-1 and .*part-1"),
        (cut_rows, r"part-2 has 2 conversations still to play; .*part-3 has 2 conversations still to play: go on"),
        (change_setting, r"part-2: was made with rules.max_steps = 7, and .*part-1 with 100"),
        (change_drawn, r"part-3: drew 23 tasks that are not the 23 of .*part-1: other data, or another version"),
        (take_foreign_row, r"part-1/trajectories.jsonl: line 9: its task 'airline-s5-00001' is none of this shard's"),
        (double_row, r"part-1/trajectories.jsonl: line 9: retail-s5-00000#0 is there twice"),
        (lose_task, r"part-1: has 7 of its 8 tasks; go on with that shard first"),
        (lose_tasks, r"part-1: has 0 of its 8 tasks; go on with that shard first"),
    ],
)
def test_shards_that_are_not_one_whole_run_are_refused_and_nothing_is_written(
    parts: list[Path], tmp_path: Path, harm: Callable[[list[Path]], object], words: str
) -> None:
    broken = copied(parts, tmp_path)
    harm(broken)
    with pytest.raises(InputError, match=words):
        merge(broken, tmp_path / "merged")
    assert not [path for path in tmp_path.iterdir() if "merg" in path.name]


def test_a_run_of_its_own_and_shards_of_other_runs_are_refused(alone: Path, parts: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a run of its own and no shard of one"):
        merge([*parts, alone], tmp_path / "merged")
    half = make(CONFIG, tmp_path / "half", Shard(1, 2))
    with pytest.raises(InputError, match=r"half is shard 1/2, and .*part-1 is shard 1/3: of different runs"):
        merge([*parts, half], tmp_path / "merged")
    with pytest.raises(InputError, match="is there already; name a folder that is not"):
        merge(parts, alone)


def test_a_shard_that_is_being_written_to_is_waited_for(parts: list[Path], tmp_path: Path) -> None:
    mine = copied(parts, tmp_path)
    with (
        RunFolder.open(mine[1]),
        pytest.raises(InputError, match=r"part-2: another process \(pid \d+\) is writing to this shard"),
    ):
        merge(mine, tmp_path / "merged")


def test_what_is_there_may_be_merged_and_played_to_its_end_by_one_machine(
    alone: Path, parts: list[Path], tmp_path: Path
) -> None:
    cut = copied(parts, tmp_path)
    cut_rows(cut)
    assert merge(cut, tmp_path / "merged", incomplete=True).rows == 19
    make(CONFIG, tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(alone)


def test_what_a_killed_merge_left_is_no_hindrance(alone: Path, parts: list[Path], tmp_path: Path) -> None:
    left = Path(shutil.copytree(parts[0], tmp_path / ".merged.merging"))
    merge(parts, tmp_path / "merged")
    assert not left.exists()
    assert contents(tmp_path / "merged") == contents(alone)


def test_a_shard_is_gone_on_with_as_the_same_shard_only(parts: list[Path]) -> None:
    with pytest.raises(InputError, match=r"shard\.index = 1, now it is 2"):
        make(CONFIG, parts[0], Shard(2, 3))
    with pytest.raises(InputError, match=r"shard\.index = 1, now it is \(not set\)"):
        make(CONFIG, parts[0])


def test_a_run_that_keeps_so_many_rows_is_not_shared_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--keep plans each round from all rows so far"):
        make(msgspec.structs.replace(CONFIG, keep=parse_keep_rules(4)), tmp_path / "run", Shard(1, 2))
    assert not (tmp_path / "run").exists()


@given(count=st.integers(1, 12), whole=st.integers(0, 60))
def test_shards_share_everything_out_once_and_evenly(count: int, whole: int) -> None:
    items = range(whole)
    shares = [Shard(index, count).share(items) for index in range(1, count + 1)]
    assert sorted(item for share in shares for item in share) == list(items)
    assert [len(share) for share in shares] == [Shard(index, count).size(whole) for index in range(1, count + 1)]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    ("environment", "shard"),
    [
        ({"ID": "0", "COUNT": "4", "MIN": "0", "MAX": "3"}, Shard(1, 4)),
        ({"ID": "4", "COUNT": "4", "MIN": "1", "MAX": "4"}, Shard(4, 4)),
        ({"ID": "14", "COUNT": "3", "MIN": "10", "MAX": "18", "STEP": "4"}, Shard(2, 3)),
        ({"ID": "2", "COUNT": "4"}, Shard(3, 4)),
    ],
)
def test_a_job_array_says_which_shard_a_job_makes(environment: dict[str, str], shard: Shard) -> None:
    assert parse_shard("slurm", {f"SLURM_ARRAY_TASK_{key}": value for key, value in environment.items()}) == shard


@pytest.mark.parametrize(
    ("text", "environment", "words"),
    [
        ("slurm", {}, "SLURM_ARRAY_TASK_ID is ''; it is there in a job that sbatch --array started"),
        ("slurm", {"ID": "7", "COUNT": "3", "MIN": "0"}, "job 7 of an array of 3 has no place of its own"),
        ("slurm", {"ID": "3", "COUNT": "3", "MIN": "0", "STEP": "2"}, "number the jobs in equal steps"),
        ("0/4", {}, "shards are counted from 1/4 to 4/4"),
        ("5/4", {}, "shards are counted from 1/4 to 4/4"),
        ("1/0", {}, "shards are counted from 1/1"),
        ("2", {}, "expected i/n, as 1/4, or slurm in a job array"),
        ("a/b", {}, "expected i/n"),
        ("1/99999999999999999999", {}, "expected i/n"),
    ],
)
def test_a_shard_that_cannot_be_is_told_what_can(text: str, environment: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_shard(text, {f"SLURM_ARRAY_TASK_{key}": value for key, value in environment.items()})


def test_the_command_merges_and_says_how_many(parts: list[Path], tmp_path: Path) -> None:
    done = called("merge", *map(str, parts), "--out", str(tmp_path / "merged"), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert (told := json.loads(done.stdout))["rows"] == 23
    assert told["shards"] == 3
    done = called("merge", *map(str, parts[:2]), "--out", str(tmp_path / "other"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert RunView.open(tmp_path / "merged").done_ids()
