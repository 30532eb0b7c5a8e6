"""What all adapters are tried with: sixteen tasks, a chat format over a tiny tokenizer, and what a right agent says."""

from pathlib import Path

import anyio
import pytest

from bench.token_table import TokenTable, write_table
from bench.trainer_stage import open_chat, words_of
from tests.support.tiny_trainable import write_trainable
from writ_async import FamilyFormat, Task, make_tasks
from writ_async.rl import TaskSource

TRIALS = 4


@pytest.fixture(scope="session")
def tasks() -> list[Task]:
    return make_tasks("retail", 16, seed=1, world_size=60)


@pytest.fixture
def source(tasks: list[Task]) -> TaskSource:
    return TaskSource(tasks)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder without weights."""
    return tmp_path_factory.mktemp("model") / "qwen3"


@pytest.fixture(scope="session")
def chat(folder: Path) -> FamilyFormat:
    return open_chat(folder, "retail")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with that tokenizer and a model of 60,000 parameters that has learnt nothing; needs transformers."""
    return write_trainable(tmp_path_factory.mktemp("trainable") / "model", corpus=words_of("retail"))


@pytest.fixture(scope="session")
def written(tasks: list[Task], chat: FamilyFormat) -> TokenTable:
    return anyio.run(write_table, chat, tasks, TRIALS)


@pytest.fixture
def table(written: TokenTable) -> TokenTable:
    """A sampler with the script's answers to all prompts of four trials, which has answered nothing yet."""
    written.sampled.clear()
    return written
