"""Tasks of one small world, and a chat format over a tiny tokenizer."""

import pytest

from bench.models.folders import open_family
from writ_async import FamilyFormat, Task, make_tasks


@pytest.fixture(scope="session")
def tasks() -> list[Task]:
    return make_tasks("retail", 4, seed=1, world_size=60)


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> FamilyFormat:
    return open_family(tmp_path_factory.mktemp("model") / "qwen3", "qwen3-instruct-2507")
