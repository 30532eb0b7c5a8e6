"""The programs of docs/trainers.md that are of a trainer, verbatim and used, wherever that trainer is installed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest

from bench.token_table import TokenTable
from bench.trainer_doubles import (
    RELEASES,
    SLIME_ARGUMENTS,
    SkyrlClient,
    SlimeRouter,
    SlimeSample,
    run_areal_agent,
    serve_slime,
)
from tests.support.chat_double import said, serve
from tests.support.trainer_page import PAGE, programs_of, shell_line_of
from tests.support.written_runs import write_run
from writ_async import Task
from writ_async.formats.export import format_named
from writ_async.runs.view import RunView

QWEN3 = Path("models") / "Qwen3-4B-Instruct-2507"


def needs(package: str, trainer: str) -> None:
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed here; make test-trainers TRAINER={trainer}")


def run(program: str) -> dict[str, Any]:
    """The names that a program leaves behind."""
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(program, "program", "exec"), names)
    return names


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_of_tasks(here: Path, tasks: list[Task], table: TokenTable) -> Path:
    """A run whose tasks and rows are those of the table, where the page has it."""
    return write_run(here / "runs" / "train", table.rows, tasks=tasks)


@pytest.mark.parametrize("trainer", RELEASES)
def test_the_page_names_the_release_that_a_double_was_made_from(trainer: str) -> None:
    assert f"| {trainer} {RELEASES[trainer]}" in PAGE


def test_trl(request: pytest.FixtureRequest, here: Path) -> None:
    needs("trl", "trl")
    run_of_tasks: Path = request.getfixturevalue("run_of_tasks")
    (here / "model").symlink_to(request.getfixturevalue("model"))
    grpo, sft = programs_of("trl")
    assert run(grpo)["trainer"].state.global_step == 1
    format_named("tokens").write(RunView.open(run_of_tasks), here / "rows.jsonl")
    run(sft)


def test_verifiers(here: Path) -> None:
    """The module and the command, against an endpoint that says the same whatever it is asked."""
    needs("verifiers", "verifiers")
    (here / "my_tasks.py").write_text(programs_of("verifiers")[0])
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    async def type_in() -> tuple[int, str, int]:
        async with serve(lambda asked: said("I cannot help you.")) as server:
            line = shell_line_of("verifiers").replace(" MODEL ", " m ").replace(" URL ", f" {server.url} ")
            done = await anyio.run_process(
                ["bash", "-c", line], check=False, env={**os.environ, "PATH": path, "KEY": "nobody"},
                stderr=subprocess.STDOUT,
            )  # fmt: skip
            return done.returncode, done.stdout.decode(), len(server.asked)

    code, printed, asked = anyio.run(type_in)
    assert code == 0, printed[-2000:]
    (traces,) = here.glob("outputs/*/traces.jsonl")
    episodes = [json.loads(line) for line in traces.read_text().splitlines()]
    assert len(episodes) == 2 * 4 <= asked


def test_openenv(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs("openenv", "openenv")
    from fastapi.testclient import TestClient

    names = run(programs_of("openenv")[0])
    assert capsys.readouterr().out == "3 True\n"
    with TestClient(names["app"]) as client:
        assert client.get("/health").status_code == 200


def test_skyrl_gym(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    needs("skyrl_gym", "skyrl")
    run(programs_of("skyrl")[0])
    assert "task_id" in capsys.readouterr().out


@pytest.mark.asyncio
async def test_skyrl_generator(
    here: Path, run_of_tasks: Path, table: TokenTable, tasks: list[Task], folder: Path
) -> None:
    (here / "models").mkdir()
    (here / QWEN3).symlink_to(folder)
    generator = run(programs_of("skyrl")[1])["get_generator"](None, None, None, SkyrlClient(table))
    prompts = [[{"role": "user", "content": tasks[3].id}]] * 4
    out = await generator.generate({"prompts": prompts, "sampling_params": {"max_tokens": 300, "logprobs": 1}})
    assert out["rewards"] == [1.0] * 4


@pytest.mark.asyncio
async def test_slime(here: Path, run_of_tasks: Path, table: TokenTable, tasks: list[Task], folder: Path) -> None:
    (here / "models").mkdir()
    (here / QWEN3).symlink_to(folder)
    with serve_slime(SlimeRouter(table)):
        names = run(programs_of("slime")[0])
        row = json.loads((here / "train.jsonl").read_text().splitlines()[3])
        sample = SlimeSample(row["prompt"], row["metadata"])
        await names["generate"](SLIME_ARGUMENTS, sample, {"max_new_tokens": 300})
    assert (sample.reward, sample.metadata) == (1.0, {"task_id": tasks[3].id})


@pytest.mark.asyncio
async def test_areal(here: Path) -> None:
    workflow = run(programs_of("areal")[0])["Workflow"]
    async with serve(lambda asked: said("I cannot help you."), root="") as server:
        assert await run_areal_agent(workflow(), workflow.source.rows()[0], server.url, "key") == 0.0
    assert server.asked
