"""What all adapters are tried with: sixteen tasks, a chat format over a tiny tokenizer, and what a right agent says."""

import json
from collections import defaultdict
from pathlib import Path

import anyio
import pytest

from bench.models.folders import open_family
from bench.token_table import TokenTable, write_table
from tests.support.tiny_trainable import write_trainable
from writ_async import AssistantMessage, FamilyFormat, Task, load_domain, make_tasks, run
from writ_async.rl import TaskSource

TRIALS = 4
RETAIL = load_domain("retail")
WORDS = (RETAIL.policy, json.dumps(RETAIL.schemas))
"""What every prompt begins with; a tokenizer that knows it makes prompts of a third of the ids."""


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
    return open_family(folder, "qwen3-instruct-2507", WORDS)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with that tokenizer and a model of 60,000 parameters that has learnt nothing; needs transformers."""
    return write_trainable(tmp_path_factory.mktemp("trainable") / "model", corpus=WORDS)


@pytest.fixture(scope="session")
def written(tasks: list[Task], chat: FamilyFormat) -> TokenTable:
    return anyio.run(write_table, chat, tasks, TRIALS)


@pytest.fixture
def table(written: TokenTable) -> TokenTable:
    """A sampler with the script's answers to all prompts of four trials, which has answered nothing yet."""
    written.sampled.clear()
    return written


@pytest.fixture(scope="session")
def turns(tasks: list[Task]) -> dict[str, list[list[AssistantMessage]]]:
    """What the script says after its greeting, by task, in each of four trials."""
    said: dict[str, list[list[AssistantMessage]]] = defaultdict(list)
    for row in run(tasks, "scripted", trials=TRIALS):
        said[row.task_id].append([message for message in row.messages[1:] if isinstance(message, AssistantMessage)])
    return said
