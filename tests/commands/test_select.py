from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from bench.models.folders import write_family
from writ_async.chat.template import load_template
from writ_async.chat.tokenizer import load_reference
from writ_async.cli import main
from writ_async.commands.replay import replay_run
from writ_async.commands.select import SelectSettings, select
from writ_async.commands.synth import SynthConfig, synth
from writ_async.core.message import SystemMessage
from writ_async.curation.filters import level_of
from writ_async.curation.near_duplicates import jaccard_similarity, shingles_of
from writ_async.errors import InputError
from writ_async.registry import load_domain
from writ_async.runs.row_selection import select_rows
from writ_async.runs.seats import EngineSpec, Seats
from writ_async.runs.view import RunView


def _make_run(path: Path, seed: int, **settings: Any) -> Path:
    config = SynthConfig(domains=("retail", "airline"), seed=seed, world_size=60, **settings)
    anyio.run(lambda: synth(config, path))
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three small runs: two of other seeds, and one of the first one's seed with other tasks."""
    folder = tmp_path_factory.mktemp("runs")
    failing = Seats(agent=EngineSpec("scripted", {"mistakes": "0.3"}))
    return [
        _make_run(folder / "one", 1, n=40, seats=failing),
        _make_run(folder / "two", 2, n=40),
        _make_run(folder / "other", 1, n=20, mix="read-heavy=1"),
    ]


def test_exactly_as_many_rows_as_asked_for_and_all_of_them_pass_and_replay(runs: list[Path], tmp_path: Path) -> None:
    picked = select(runs, tmp_path / "out", SelectSettings(n=30))
    view = RunView.open(tmp_path / "out")
    rows = list(view.trajectories())
    assert len(rows) == picked.train.rows == 30
    assert all(row.verdict is not None and row.verdict.kept for row in rows)
    assert select_rows(view).funnel.total.left == 30
    assert not replay_run(tmp_path / "out").mismatches
    assert picked.rows == 100
    assert picked.fit + sum(picked.fell.values()) == 100


def test_words_of_a_script_are_a_scripts_whatever_server_is_simulated_around_it(tmp_path: Path) -> None:
    simulated = Seats(agent=EngineSpec("simulated", {"round_trip": "0"}))
    run = _make_run(tmp_path / "run", 3, n=4, seats=simulated)
    assert RunView.open(run).agents() == {"simulated"}
    assert RunView.open(run).authors() == {"scripted"}
    select([run], tmp_path / "out", SelectSettings(n=1, validation=0))
    assert "The agent of these rows is a script" in (tmp_path / "out/README.md").read_text()
    assert RunView.open(tmp_path / "out").authors() == {"scripted"}


def test_rows_to_validate_on_are_of_worlds_that_nobody_trains_on(runs: list[Path], tmp_path: Path) -> None:
    picked = select(runs, tmp_path / "out", SelectSettings(n=30, validation=0.2))
    worlds = [
        {task.world for task in RunView.open(folder).tasks()}
        for folder in (tmp_path / "out", tmp_path / "out/validation")
    ]
    assert not worlds[0] & worlds[1]
    assert picked.validation is not None
    assert picked.validation.rows == len(list(RunView.open(tmp_path / "out/validation").trajectories())) == 6
    assert {world.domain for world in worlds[1]} == {"retail", "airline"}
    assert not replay_run(tmp_path / "out/validation").mismatches


def test_strata_are_as_even_as_the_rows_allow(runs: list[Path], tmp_path: Path) -> None:
    select(runs, tmp_path / "out", SelectSettings(n=24, validation=0, balance="level", alike=1.0, cap=99))
    domains = {name: load_domain(name) for name in ("retail", "airline")}
    there: Counter[str] = Counter()
    for run in runs:
        view = RunView.open(run)
        tasks = {task.id: task for task in view.tasks()}
        there.update(
            level_of(tasks[row.task_id], domains)
            for row in view.trajectories()
            if row.verdict is not None and row.verdict.kept
        )
    view = RunView.open(tmp_path / "out")
    tasks = {task.id: task for task in view.tasks()}
    taken = Counter(level_of(tasks[row.task_id], domains) for row in view.trajectories())
    most = max(taken.values())
    assert all(taken[level] >= min(number, most - 1) for level, number in there.items())


def test_tasks_of_one_id_that_differ_stay_apart_and_equal_ones_are_one_task(runs: list[Path], tmp_path: Path) -> None:
    again = _make_run(tmp_path / "again", 1, n=40, seats=Seats(agent=EngineSpec("scripted", {"mistakes": "0.3"})))
    picked = select([runs[0], runs[2]], tmp_path / "apart", SelectSettings(n=500, validation=0))
    ids = [task.id for task in RunView.open(tmp_path / "apart").tasks()]
    assert len(ids) == len(set(ids))
    assert any(name.endswith("~2") for name in ids)
    assert picked.train.rows == picked.fit
    same = select([runs[0], again], tmp_path / "same", SelectSettings(n=500, validation=0))
    assert same.fell["twins"] == same.train.rows, "the second run says the same"


def test_no_two_rows_say_almost_the_same(runs: list[Path], tmp_path: Path) -> None:
    select(runs, tmp_path / "out", SelectSettings(n=500, validation=0, alike=0.5))
    view = RunView.open(tmp_path / "out")
    writes = {task.id: task.actions for task in view.tasks()}
    said = [(writes[row.task_id], shingles_of(row.messages)) for row in view.trajectories()]
    for index, (gold, words) in enumerate(said):
        assert not any(gold == other and jaccard_similarity(words, theirs) >= 0.5 for other, theirs in said[:index])


def test_no_row_is_longer_than_asked_as_the_models_own_template_and_tokenizer_have_it(
    runs: list[Path], tmp_path: Path
) -> None:
    model = write_family(tmp_path / "model", "qwen3-instruct-2507")
    of_any = SelectSettings(n=500, validation=0, tokenizer=str(model))
    lengths = select(runs, tmp_path / "any", of_any).train.tokens
    bound = sorted(lengths)[len(lengths) // 2]
    picked = select(runs, tmp_path / "short", msgspec.structs.replace(of_any, max_tokens=bound))
    assert picked.train.rows == sum(length <= bound for length in lengths)
    assert picked.fell["too long"] >= sum(length > bound for length in lengths), "twins of long ones among them"
    assert picked.rows == picked.train.rows + sum(picked.fell.values())
    template, reference = load_template(model), load_reference(model)
    assert template is not None
    view = RunView.open(tmp_path / "short")
    found = []
    for row in view.trajectories():
        prompt = view.prompts()[row.domain]
        text = template.render([SystemMessage(prompt.system), *row.messages], prompt.tools, generation=False)
        found.append(len(reference.encode(text)))
    assert sorted(found) == sorted(picked.train.tokens)


def test_the_same_runs_give_the_same_bytes(runs: list[Path], tmp_path: Path) -> None:
    for name in ("first", "second"):
        select(runs, tmp_path / name, SelectSettings(n=30))
    for file in ("trajectories.jsonl", "tasks.jsonl", "README.md", "manifest.json", "summary.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_the_card_says_in_words_what_is_in_it(runs: list[Path], tmp_path: Path) -> None:
    picked = select(runs, tmp_path / "out", SelectSettings(n=30))
    card = (tmp_path / "out/README.md").read_text()
    assert card.startswith("# 30 conversations to train on, selected from 3 runs")
    assert f"{picked.rows:,} rows were looked at" in card
    assert "is a script that knows the right outcome" in card
    for recipe, number in picked.train.by_recipe.items():
        assert f"| {recipe} | {number} |" in card


def test_a_command_that_finds_too_few_rows_says_so_and_ends_with_1(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["select", *map(str, runs), "--n", "999", "--out", str(tmp_path / "out"), "--json"])
    printed = capsys.readouterr()
    assert code == 1
    assert "rows fewer than asked for: no more are fit" in printed.err
    found = json.loads(printed.out)
    assert found["train"]["rows"] == len(list(RunView.open(tmp_path / "out").trajectories()))
    assert found["validation"] is None, "every row is needed to train on"
    assert "no rows to validate on" in printed.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--n", "0"], "--n must be at least 1"),
        (["--n", "3", "--max-tokens", "9"], "--max-tokens needs --tokenizer"),
        (["--n", "3", "--balance", "size"], "unknown 'size'"),
        (["--n", "3", "--validation", "2"], "--validation must be a share"),
        (["--n", "3", "--tokenizer", "nowhere"], "nowhere"),
    ],
)
def test_bad_settings_get_a_line_and_write_nothing(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    out = tmp_path / "out"
    assert main(["select", str(runs[0]), "--out", str(out), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_run_is_named_once_and_must_be_there(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="named twice"):
        select([runs[0], runs[0]], tmp_path / "out", SelectSettings(n=3))
    with pytest.raises(InputError, match="no such run folder"):
        select([tmp_path / "nowhere"], tmp_path / "out", SelectSettings(n=3))
