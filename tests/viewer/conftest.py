"""A run of tasks that were played twice, with mistakes, and what looks at it."""

from pathlib import Path

import pytest

from tests.support.command import called
from writ_async.commands.view import open_index
from writ_async.viewer.row_index import RowIndex


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve tasks of two domains, two trials each, by an agent that errs; nobody writes to it."""
    folder = tmp_path_factory.mktemp("viewer")
    small = ("--n", "12", "--seed", "3", "--world-size", "60", "--quiet")
    assert called("synth", "retail", "airline", *small, "--out", str(folder / "tasks")).returncode == 0
    twice = ("--trials", "2", "--mistakes", "0.5", "--quiet")
    done = called("eval", "--tasks", str(folder / "tasks"), *twice, "--out", str(folder / "first"))
    assert done.returncode == 0, done.stderr
    return folder / "first"


@pytest.fixture
def index(made_run: Path) -> RowIndex:
    """That run, opened."""
    return open_index([made_run])
