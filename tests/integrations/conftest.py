"""What all adapters are tried with: sixteen tasks, a chat format over a tiny tokenizer, and what a right agent says."""

from collections import defaultdict

import pytest

from bench.models.folders import open_family
from writ_async import AssistantMessage, FamilyFormat, Task, make_tasks, run
from writ_async.rl import TaskSource

TRIALS = 4


@pytest.fixture(scope="session")
def tasks() -> list[Task]:
    return make_tasks("retail", 16, seed=1, world_size=60)


@pytest.fixture
def source(tasks: list[Task]) -> TaskSource:
    return TaskSource(tasks)


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> FamilyFormat:
    return open_family(tmp_path_factory.mktemp("model") / "qwen3", "qwen3-instruct-2507")


@pytest.fixture(scope="session")
def turns(tasks: list[Task]) -> dict[str, list[list[AssistantMessage]]]:
    """What the script says after its greeting, by task, in each of four trials."""
    said: dict[str, list[list[AssistantMessage]]] = defaultdict(list)
    for row in run(tasks, "scripted", trials=TRIALS):
        said[row.task_id].append([message for message in row.messages[1:] if isinstance(message, AssistantMessage)])
    return said
