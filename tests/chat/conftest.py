"""The three families' formats, over tiny tokenizers."""

import pytest

from bench.models.folders import open_family
from writ_async.chat import FAMILIES, FamilyFormat


@pytest.fixture(scope="session")
def formats(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FamilyFormat]:
    """Every family's format by name."""
    return {name: open_family(tmp_path_factory.mktemp("model") / name, name) for name in FAMILIES}


@pytest.fixture(params=list(FAMILIES))
def chat(request: pytest.FixtureRequest, formats: dict[str, FamilyFormat]) -> FamilyFormat:
    """One family's format."""
    return formats[request.param]
