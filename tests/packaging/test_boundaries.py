"""Who may import whom among the folders that no import contract covers: bench, tests, tools, examples."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCH_NAMES = {path.stem for path in (ROOT / "bench").rglob("*.py")} | {"client_loads", "gpu", "models"}


def imported(folder: str) -> Iterator[tuple[str, str]]:
    """Every module that a file of a folder imports or names in a string (for monkeypatch), with the file."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("setattr", "import_module"):
                names = [str(word.value) for word in node.args[:1] if isinstance(word, ast.Constant)]
            yield from ((str(path.relative_to(ROOT)), name) for name in names)


@pytest.mark.parametrize("folder", ["bench", "tools", "examples", "writ_async", "engines", "domains"])
def test_nothing_but_tests_imports_tests(folder: str) -> None:
    assert [place for place in imported(folder) if place[1].split(".")[0] == "tests"] == []


def test_bench_is_named_in_full_and_never_by_a_bare_top_level_name() -> None:
    bare = [
        place
        for folder in ("bench", "tests", "tools", "examples")
        for place in imported(folder)
        if place[1].split(".")[0] in BENCH_NAMES - {"verifiers", "tau2", "__main__"}
    ]
    assert bare == []


@pytest.mark.parametrize("folder", ["writ_async", "engines", "domains", "examples"])
def test_nothing_that_is_shipped_imports_bench(folder: str) -> None:
    assert [place for place in imported(folder) if place[1].split(".")[0] in ("bench", "tools")] == []
