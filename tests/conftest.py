"""What many tests need: small worlds and tasks, drawn once."""

import gc
from pathlib import Path

import anyio
import pytest
from hypothesis import settings

from tests.support.readme_synth import README_SYNTH
from tests.support.shared_data import TAU2_DATA
from writ_async.commands.eval import EvalConfig, evaluate
from writ_async.commands.synth import synth
from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks

settings.register_profile("writ", deadline=None)
settings.load_profile("writ")


def pytest_collection_finish() -> None:
    """Put thousands of collected tests out of the garbage collector's sight, and have it come less often.

    Each run that a test makes walks all that the process holds (`quiet_gc`): a third of such a test's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def retail() -> Domain:
    return load_domain("retail")


@pytest.fixture(scope="session")
def airline() -> Domain:
    return load_domain("airline")


@pytest.fixture(scope="session")
def retail_environment(retail: Domain) -> Environment:
    """A small retail world."""
    return generate_world(retail, 5, 80)


@pytest.fixture(scope="session")
def airline_environment(airline: Domain) -> Environment:
    """A small airline world."""
    return generate_world(airline, 5, 80)


@pytest.fixture(scope="session")
def tasks(retail_environment: Environment, airline_environment: Environment) -> list[Task]:
    """Twenty-four tasks of both domains and all kinds."""
    places = [retail_environment, airline_environment]
    return synthesise_tasks(places, 24, 3, parse_mix(""))[0]


@pytest.fixture(scope="session")
def readme_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run that README and docs show, to be read only."""
    out = tmp_path_factory.mktemp("readme") / "run"
    anyio.run(lambda: synth(README_SYNTH, out))
    return out


@pytest.fixture(scope="session")
def benchmark_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `writ eval --tasks tau2:retail --tasks tau2:airline --trials 4`, to be read only."""
    out = tmp_path_factory.mktemp("benchmark") / "run"
    config = EvalConfig(tasks=("tau2:retail", "tau2:airline"), trials=4)
    anyio.run(lambda: evaluate(config, out, data=str(TAU2_DATA)))
    return out
