"""What many tests need: small worlds and tasks, drawn once."""

import pytest
from hypothesis import settings

from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.task import Task
from writ_async.registry import load_domain
from writ_async.runs.worlds import generate_world
from writ_async.synthesis import parse_mix, synthesise_tasks

settings.register_profile("writ", deadline=None)
settings.load_profile("writ")


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
