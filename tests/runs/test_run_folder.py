from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.samples import PROMPTS, TALK, Took, manifest, task, trajectory
from writ_async.core.message import UserMessage
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, Termination, TokenSequence, Usage
from writ_async.errors import InputError
from writ_async.runs.folder import RunFolder
from writ_async.runs.summary import summarise_rows
from writ_async.runs.view import RunView


def filled(path: Path, count: int = 3) -> Path:
    with RunFolder.create(path, manifest()) as run:
        run.write_tasks([task(f"t{index}") for index in range(count)], PROMPTS)
        for index in range(count):
            run.append(trajectory(f"t{index}"), Took(1.5, 1.0, 0.25))
    return path


def ids(path: Path) -> list[str]:
    return [row.id for row in RunView.open(path).trajectories()]


def test_everything_written_is_read_back(tmp_path: Path) -> None:
    path = filled(tmp_path / "a" / "run")
    rows = [trajectory(f"t{index}") for index in range(3)]
    with RunFolder.open(path) as run:
        run.write_summary(summarise_rows(rows))
    view = RunView.open(path)
    assert view.manifest == manifest()
    assert view.tasks() == tuple(task(f"t{index}") for index in range(3))
    assert view.prompts() == PROMPTS
    assert list(view.trajectories()) == rows
    assert view.done_ids() == {"t0#0", "t1#0", "t2#0"}
    assert view.summary() == summarise_rows(rows)
    with (path / "timings.csv").open() as file:
        assert list(csv.reader(file))[:2] == [
            ["id", "seconds", "agent_wait", "user_wait"],
            ["t0#0", "1.500000", "1.000000", "0.250000"],
        ]


def test_a_row_starts_with_its_id_and_its_bytes_do_not_depend_on_the_order_of_seats(tmp_path: Path) -> None:
    usage = {"agent": Usage(1, 2, 3), "user": Usage(4, 5, 6)}
    for name, given_usage in [("a", usage), ("b", dict(reversed(usage.items())))]:
        with RunFolder.create(tmp_path / name, manifest()) as run:
            run.append(trajectory(usage=given_usage), Took(float(len(name)), 0, 0))
    one, two = ((tmp_path / name / "trajectories.jsonl").read_bytes() for name in "ab")
    assert one == two
    assert one.startswith(b'{"id":"t#0"')


def test_a_run_can_be_gone_on_with_after_a_tear_at_any_byte_of_its_last_line(tmp_path: Path) -> None:
    log = filled(tmp_path / "run") / "trajectories.jsonl"
    whole = log.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(whole) + 1):
        log.write_bytes(whole[:end])
        last_is_whole = end >= len(whole) - 1
        assert ids(tmp_path / "run") == ["t0#0", "t1#0", "t2#0"][: 3 if last_is_whole else 2]
        assert log.stat().st_size == end, "reading must not change the file"
        with RunFolder.open(tmp_path / "run") as run:
            assert run.cut_bytes == (0 if last_is_whole else end - start)
            assert any("cut off" in notice for notice in run.notices) == (run.cut_bytes > 0)
            if "t2#0" not in run.done_ids():
                assert run.append(trajectory("t2"))
        assert log.read_bytes() == whole


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4, unique=True),
    data=st.data(),
)
def test_a_tear_anywhere_loses_only_what_comes_after_it(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("torn") / "run"
    rows = [trajectory(text, messages=(UserMessage(text),)) for text in texts]
    ends = [0]
    with RunFolder.create(path, manifest()) as run:
        for row in rows:
            run.append(row, Took(0, 0, 0))
            ends.append((path / "trajectories.jsonl").stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    with (path / "trajectories.jsonl").open("r+b") as file:
        file.truncate(cut)
    safe = sum(end - 1 <= cut for end in ends[1:])
    with RunFolder.open(path) as run:
        assert run.done_ids() == {row.id for row in rows[:safe]}
        for row in rows[safe:]:
            run.append(row)
    assert list(RunView.open(path).trajectories()) == rows


def test_a_tail_of_zeros_left_by_a_power_cut_is_cut_off(tmp_path: Path) -> None:
    log = filled(tmp_path / "run") / "trajectories.jsonl"
    whole = log.read_bytes()
    log.write_bytes(whole + bytes(4096))
    assert ids(tmp_path / "run") == ["t0#0", "t1#0", "t2#0"]
    with RunFolder.open(tmp_path / "run") as run:
        assert run.cut_bytes == 4096
    assert log.read_bytes() == whole


def test_a_line_of_a_newer_version_is_not_taken_for_a_torn_one(tmp_path: Path) -> None:
    log = filled(tmp_path / "run") / "trajectories.jsonl"
    newer = log.read_bytes().replace(b'"user_stop"', b'"walked_away"')
    log.write_bytes(newer)
    with RunFolder.open(tmp_path / "run") as run:
        assert (run.cut_bytes, len(run.done_ids())) == (0, 3)
    assert log.read_bytes() == newer
    with pytest.raises(InputError, match=r"line 1: Invalid enum value 'walked_away' - at `\$\.termination`"):
        ids(tmp_path / "run")


def test_an_id_is_written_once(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, manifest()) as run:
        run.append(trajectory())
        with pytest.raises(ValueError, match="'t#0' is in the run already"):
            run.append(trajectory())
    with RunFolder.open(tmp_path) as run, pytest.raises(ValueError, match="already"):
        run.append(trajectory())
    assert ids(tmp_path) == ["t#0"]


def test_an_id_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    log = filled(tmp_path / "run", 1) / "trajectories.jsonl"
    log.write_bytes(log.read_bytes() * 2)
    for retail_environment in (RunFolder.open, lambda path: RunView.open(path).done_ids()):
        with pytest.raises(InputError, match=r"line 2: id 't0#0' is there twice"):
            retail_environment(tmp_path / "run")


@pytest.mark.parametrize("termination", sorted(ENDED_FROM_OUTSIDE))
def test_what_something_outside_ended_is_not_done_and_gets_a_row_per_attempt(
    tmp_path: Path, termination: Termination
) -> None:
    with RunFolder.create(tmp_path, manifest()) as run:
        for _ in range(2):
            assert not run.append(trajectory(termination=termination), Took(1, 1, 1))
        assert run.append(trajectory())
        assert run.done_ids() == {"t#0"}
    view = RunView.open(tmp_path)
    assert [row.termination for row in view.failures()] == [termination] * 2
    assert [row.termination for row in view.trajectories()] == ["user_stop"]
    assert not [path for path in tmp_path.glob("*.jsonl") if f'"{termination}"' in path.read_text()]


def test_rows_come_in_the_order_of_tasks_and_trials_whatever_ended_first(tmp_path: Path) -> None:
    wanted = [("b", 0), ("b", 1), ("b", 10), ("a", 0), ("gone", 0)]
    for name, order in [("one", wanted), ("two", wanted[::-1])]:
        with RunFolder.create(tmp_path / name, manifest()) as run:
            run.write_tasks([task("b"), task("a")], PROMPTS)
            for task_id, trial in order:
                run.append(trajectory(task_id, trial))
        rows = [(row.task_id, row.trial) for row in RunView.open(tmp_path / name).ordered()]
        assert rows == wanted


def test_rows_are_the_same_without_their_token_ids(tmp_path: Path) -> None:
    sequence = TokenSequence((1, 2, 3), ((1, 3),), (-0.5, None))
    with RunFolder.create(tmp_path / "run", manifest()) as run:
        run.write_tasks([task("b"), task("a")], PROMPTS)
        for name, tokens in (("a", {"agent": sequence}), ("b", {"agent": sequence, "user": sequence}), ("a", {})):
            run.append(msgspec.structs.replace(trajectory(name, len(tokens)), tokens=tokens))
    view = RunView.open(tmp_path / "run")
    bare = [msgspec.to_builtins(row) for row in view.ordered(tokens=False)]
    assert [row.tokens for row in view.ordered()] != [{}, {}, {}]
    assert bare == [msgspec.to_builtins(msgspec.structs.replace(row, tokens={})) for row in view.ordered()]


def test_two_processes_cannot_write_to_one_run(tmp_path: Path) -> None:
    filled(tmp_path / "run")
    code = "import sys\nfrom writ_async.runs.folder import RunFolder\nRunFolder.open(sys.argv[1])"
    with RunFolder.open(tmp_path / "run"):
        with pytest.raises(InputError, match=r"another process \(pid \d+\) is writing to this run"):
            RunFolder.open(tmp_path / "run")
        other = subprocess.run([sys.executable, "-c", code, tmp_path / "run"], capture_output=True, text=True)
        assert other.returncode == 1
        assert "is writing to this run; wait for it, or choose another folder" in other.stderr
        assert len(ids(tmp_path / "run")) == 3, "reading takes no lock"
    RunFolder.open(tmp_path / "run").close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 2}, "n = 3, now it is 2"),
        ({"engine": {"name": "scripted", "rate": 0.2}}, "engine.rate = 0.1, now it is 0.2"),
        ({"mix": ["a", "b"]}, 'mix = (not set), now it is ["a","b"]'),
        ({"engine": None}, 'engine = {"name":"scripted","rate":0.1}, now it is null'),
    ],
)
def test_another_config_is_refused_by_its_first_key_and_both_values(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    filled(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(InputError) as caught:
        RunFolder.open_or_create(tmp_path / "run", manifest(**change), resume=True)
    assert words in str(caught.value)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}


def test_another_world_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "run")
    world = msgspec.structs.replace(manifest().worlds[0], digest="ff")
    with pytest.raises(InputError, match=r'worlds\[0\]\.digest = "0f", now it is "ff"'):
        RunFolder.open_or_create(tmp_path / "run", msgspec.structs.replace(manifest(), worlds=(world,)), resume=True)


def test_the_same_config_goes_on_and_other_versions_are_mentioned(tmp_path: Path) -> None:
    filled(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").glob("[a-z]*")}
    now = msgspec.structs.replace(manifest(tuple_or_list=()), versions={"python": "3.12.0"}, seeds={})
    now.config.pop("tuple_or_list")
    with RunFolder.open_or_create(tmp_path / "run", now, resume=True) as run:
        assert len(run.done_ids()) == 3
        assert run.manifest == manifest()
        assert [notice for notice in run.notices if "python 3.11.7 → 3.12.0" in notice]
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "run").glob("[a-z]*")}


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    for resume in (True, False):
        with pytest.raises(InputError, match=r"not empty \(thesis.tex is in it\)"):
            RunFolder.open_or_create(tmp_path, manifest(), resume=resume)
    for retail_environment in (RunFolder.open, RunView.open):
        with pytest.raises(InputError, match=r"no run folder"):
            retail_environment(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(InputError, match="is a file"):
        RunFolder.create(tmp_path / "thesis.tex", manifest())
    with pytest.raises(InputError, match="no such run folder"):
        RunView.open(tmp_path / "none")


def test_a_file_is_no_run_and_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"rows\.jsonl: is a file, and a run is a folder"):
        RunView.open(tmp_path / "rows.jsonl")


def test_a_run_is_not_begun_over_another(tmp_path: Path) -> None:
    filled(tmp_path / "run")
    with pytest.raises(InputError, match="holds a run already; resume it"):
        RunFolder.create(tmp_path / "run", manifest())


@pytest.mark.parametrize("left", [[".lock"], [".lock", ".manifest.json.77.tmp"]])
def test_a_run_killed_before_it_had_a_manifest_can_be_begun_again(tmp_path: Path, left: list[str]) -> None:
    for name in left:
        (tmp_path / name).write_text("")
    with RunFolder.open_or_create(tmp_path, manifest(), resume=True) as run:
        assert not run.has_tasks
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "run") / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99, "kind": "else"}))
    for retail_environment in (RunFolder.open, RunView.open):
        with pytest.raises(InputError, match="has format 99, this version reads up to 1; upgrade"):
            retail_environment(tmp_path / "run")


def test_tasks_are_written_once_and_whole(tmp_path: Path) -> None:
    def tasks() -> Any:
        yield task("a")
        raise RuntimeError("the solver failed")

    with RunFolder.create(tmp_path, manifest()) as run:
        with pytest.raises(RuntimeError):
            run.write_tasks(tasks(), PROMPTS)
        assert not run.has_tasks
        run.write_tasks([task("a")], PROMPTS)
        with pytest.raises(ValueError, match="already"):
            run.write_tasks([task("a")], PROMPTS)


def test_a_run_killed_between_its_prompts_and_its_tasks_writes_both_again(tmp_path: Path) -> None:
    (filled(tmp_path / "run", 0) / "tasks.jsonl").unlink()
    with RunFolder.open(tmp_path / "run") as run:
        assert not run.has_tasks
        run.write_tasks([task("a")], PROMPTS)
    assert RunView.open(tmp_path / "run").tasks() == (task("a"),)


def test_torn_timings_are_cut_back_too(tmp_path: Path) -> None:
    path = filled(tmp_path / "run", 2) / "timings.csv"
    whole = path.read_bytes()
    header = whole.index(b"\n") + 1
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        RunFolder.open(tmp_path / "run").close()
        kept = whole[: whole.rfind(b"\n", 0, end) + 1]
        assert path.read_bytes() == (kept or whole[:header])


def test_no_row_depends_on_the_clock(tmp_path: Path) -> None:
    for name, seconds in [("one", 1.0), ("two", 2.0)]:
        with RunFolder.create(tmp_path / name, manifest()) as run:
            run.write_tasks([task("t")], PROMPTS)
            run.append(trajectory(), Took(seconds, seconds, seconds))
            run.write_summary(summarise_rows([trajectory()]))
    differing = [
        path.name
        for path in sorted((tmp_path / "one").glob("[a-z]*"))
        if path.read_bytes() != (tmp_path / "two" / path.name).read_bytes()
    ]
    assert differing == ["timings.csv"]


def test_what_no_file_can_hold_is_a_failure_with_its_reason_and_leaves_the_rows_whole(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, manifest()) as run:
        run.append(trajectory("a"))
        assert not run.append(trajectory("b", messages=(*TALK, UserMessage("\ud800"))))
        run.append(trajectory("c"))
        assert run.done_ids() == {"a#0", "c#0"}
        (failure,) = run.failures()
    assert ids(tmp_path) == ["a#0", "c#0"]
    assert (failure.id, failure.termination) == ("b#0", Termination.UNEXPECTED_ERROR)
    assert "no file can hold it: UnicodeEncodeError" in failure.error


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("keep", "31 February", r"config: Expected `object \| null`, got `str` - at `\$\.keep`"),
        ("keep", {"rows": "many"}, r"at `\$\.keep\.rows`"),
        ("trials", None, r"at `\$\.trials`"),
        ("filters", {"a": 1}, r"at `\$\.filters`"),
        ("runs", [{"config": []}], r"at `\$\.runs\[0\]\.config`"),
        ("seats", [], r"at `\$\.seats`"),
    ],
)
def test_a_setting_that_no_run_writes_is_named_when_the_manifest_is_read(
    tmp_path: Path, key: str, value: object, said: str
) -> None:
    path = filled(tmp_path / "run") / "manifest.json"
    content = msgspec.json.decode(path.read_bytes())
    content["config"][key] = value
    path.write_bytes(msgspec.json.encode(content))
    with pytest.raises(InputError, match=rf"manifest\.json: .*{said}.*; correct the file"):
        RunView.open(tmp_path / "run")
