"""The pages that a newcomer reads: links that lead somewhere, programs that survive, a checker that knows nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from writ_engines.scripted import ScriptedEngine

from tools.readme import ROOT, as_program, read_steps, run_page
from writ_async import Completion, EngineError, EngineErrorKind, Request

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = [
    pytest.param(step.text, id=f"{page.name}:{step.line}")
    for page in PAGES
    for step in read_steps(page.read_text(encoding="utf-8"))
    if (step.kind == "python" and "rollouts(" in step.text) or "run(" in step.text
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_a_page_survives_calls_that_fail(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ScriptedEngine.complete
    calls = 0

    async def complete(engine: ScriptedEngine, request: Request) -> Completion:
        nonlocal calls
        calls += 1
        if calls % 5 == 0:
            raise EngineError("HTTP 400", kind=EngineErrorKind.BAD_REQUEST)
        return await answer(engine, request)

    monkeypatch.setattr(ScriptedEngine, "complete", complete)
    exec(compile(as_program(program), "program", "exec"), {"__name__": "program"})
    assert calls >= 5


def test_the_checker_has_no_environment_until_the_page_activates_one_and_then_keeps_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/activate").write_text(f"VIRTUAL_ENV={tmp_path}/venv\n")
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ echo ${VIRTUAL_ENV:-none}\nnone\n```\n"
        f"```sh\nsource {tmp_path}/venv/bin/activate\n```\n"
        "```console\n$ basename $VIRTUAL_ENV\nvenv\n$ false\n$ echo one; echo two\none\n```\n"
    )
    assert run_page(page, write=False) == 2
    said = capfd.readouterr().out
    assert "page.md:11: exit code 1" in said
    assert "more was printed: 'two'" in said


def test_the_checker_reads_commands_and_programs_and_leaves_other_blocks_alone() -> None:
    page = "```sh\nmake demo\n```\n```\nwrit serve\n```\n```python\nx = 1\n```\n"
    page += "<!-- needs-tau2-data -->\n```console\n$ a\nb\n```\n"
    steps = [(step.line, step.kind, step.text, step.expected, step.needs_data) for step in read_steps(page)]
    assert steps == [
        (2, "sh", "make demo", None, False),
        (8, "python", "x = 1", None, False),
        (12, "console", "a", ["b"], True),
    ]


def test_a_notebooks_cell_becomes_a_program() -> None:
    assert "async def cell" in as_program("await something()\n")
    assert as_program("x = 1") == "x = 1\n"
    with pytest.raises(SyntaxError):
        as_program("x = ")
