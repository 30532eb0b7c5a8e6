"""Opens the worlds that tasks refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.environment import Environment
from writ_async.core.state import World
from writ_async.core.task import Task, WorldRef
from writ_async.errors import InputError, WritError, describe_error, place_of
from writ_async.registry import domains_of_program, load_benchmark, load_domain
from writ_async.runs.given import MOST_USERS, require_whole
from writ_async.runs.manifest import Prompt, prompt_key


def generate_world(domain: Domain, seed: int, size: int) -> Environment:
    """Draw a world. Raises `InputError` when the size is not positive, and where the domain draws none."""
    require_whole("--world-size", size, 1, MOST_USERS)
    require_whole("--seed", seed)
    try:
        world = domain.generate(seed, size)
    except WritError:
        raise
    except Exception as exc:
        raise InputError(
            f"domain {domain.name!r}: its generator draws no world of {size} users: {describe_error(exc)} "
            f"({place_of(exc)})"
        ) from exc
    if not isinstance(world, World):
        raise InputError(f"domain {domain.name!r}: its generator gives a {type(world).__name__}, not a World")
    return Environment(domain, world, WorldRef(domain.name, seed=seed, size=size, digest=world.digest()))


def generate_worlds(domains: Sequence[Domain], seed: int, size: int) -> list[Environment]:
    """A world of each domain. Raises `InputError` when there is no domain, or one twice."""
    names = [domain.name for domain in domains]
    if not names:
        raise InputError("there is no domain to draw from; name at least one")
    if len(set(names)) != len(names):
        raise InputError("a domain is named twice; name each once")
    return [generate_world(domain, seed, size) for domain in domains]


_NEXT_SEED = 1_000_003  # far enough that the worlds of one run are not those of the next seed's


def further_environment(environment: Environment, number: int) -> Environment:
    """The n-th further world to draw tasks from, where this one has no more of what is asked.

    It is of another seed, and larger by as many users as the first one has, for what is rare is not in every small one.
    """
    ref = environment.ref
    return generate_world(environment.domain, ref.seed + number * _NEXT_SEED, ref.size * (1 + number))


def open_world(ref: WorldRef, data: str | None, tools: str | None = None) -> Environment:
    """The world of a reference: drawn again from its seed, or read from the benchmark's folder `data`.

    The last few are kept, so that a training loop may ask for the same world again and again.

    Raises `InputError` when what is found is not the world that the tasks were made in.
    """
    environment = _open_world(ref, data, tools)
    if ref.source == "generated" and environment.domain is not domains_of_program.get(ref.domain, environment.domain):
        _open_world.cache_clear()  # the program has changed its domain since
        environment = _open_world(ref, data, tools)
    return environment


@lru_cache(maxsize=16)
def _open_world(ref: WorldRef, data: str | None, tools: str | None) -> Environment:
    if ref.source == "generated":
        environment = generate_world(load_domain(ref.domain), ref.seed, ref.size)
    else:
        environment = load_benchmark(ref.source).load(ref.domain, data, None, tools).environment
    if ref.digest and environment.world.digest() != ref.digest:
        raise InputError(
            f"the {ref.source} {ref.domain} world is not the one that the tasks were made in "
            f"(digest {environment.world.digest()}, not {ref.digest}); use the same version of the package or the data"
        )
    return environment


def open_worlds(
    tasks: Iterable[Task],
    data: str | None,
    tools: str | None = None,
    *,
    known: Iterable[Environment] = (),
    told: Mapping[str, Prompt] | None = None,
) -> dict[str, Environment]:
    """The worlds of some tasks, by `world_key`, beside those that are `known`; each is opened once.

    `told` are the prompts of a run by `prompt_key`: generated worlds get the policies and tool schemas that its agents
    were given, which may be others than the domain's own.
    """
    environments = {world_key(environment.ref): environment for environment in known}
    for task in tasks:
        key = world_key(task.world)
        if key not in environments:
            opened = open_world(task.world, data, tools)
            prompt = (told or {}).get(prompt_key(task.world)) if task.world.source == "generated" else None
            environments[key] = opened if prompt is None else _told_by(opened, prompt)
    return environments


def _told_by(environment: Environment, prompt: Prompt) -> Environment:
    """The world with the texts of a prompt; the functions of its tools stay."""
    domain = environment.domain
    schemas = {schema["function"]["name"]: schema for schema in prompt.tools}
    if prompt.policy == domain.policy and list(prompt.tools) == list(domain.schemas):
        return environment
    tools = domain.tools
    if schemas.keys() == tools.keys():
        tools = {name: msgspec.structs.replace(tools[name], schema=schema) for name, schema in schemas.items()}
    dressed = msgspec.structs.replace(domain, policy=prompt.policy, tools=tools)
    return msgspec.structs.replace(environment, domain=dressed)


def world_key(ref: WorldRef) -> str:
    """A key that is the same for tasks of the same world."""
    return f"{ref.source}/{ref.domain}/{ref.seed}/{ref.size}/{ref.digest}"
