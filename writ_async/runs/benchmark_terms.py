"""A benchmark's own terms: its prompts, tool schemas, temperature and seeds, so that a score stands beside its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from writ_async.conversation import Rules, agent_system_prompt
from writ_async.conversation.rules import GREETING
from writ_async.core.benchmark import Benchmark, Terms
from writ_async.core.domain import Domain
from writ_async.errors import InputError
from writ_async.registry import load_benchmark, load_domain, load_engine, registered_names
from writ_async.runs.manifest import Prompt, prompt_of
from writ_async.runs.prompt_templates import OURS
from writ_async.runs.seats import EngineMix, EngineSpec, Seats, WeightedEngine

_TAKEN_AGAIN = 3
"""How often τ²-bench's runner begins a conversation again after an answer that it cannot read."""


def find_terms(sources: Sequence[str], prompts: str, data: str | None) -> tuple[Terms | None, str]:
    """The terms that tasks are played under, None for ours, and a line for those who would compare scores.

    `prompts` is `writ`, the name of the benchmark, a kit or checkout of it, or empty: then they are the benchmark's
    where all tasks are its and its texts are to be found. Raises `InputError` where those that are asked for are not.
    """
    known = registered_names("benchmarks")
    of = [name if colon and name in known else "" for name, colon, _ in (source.partition(":") for source in sources)]
    named = sorted({name for name in of if name})
    if not named and prompts in ("", OURS):
        return None, ""
    if prompts == OURS:
        return None, f"the prompts are our own, so scores do not compare with those of {named[0]}"
    if len(named) != 1 or set(of) != set(named):
        if prompts:
            example = (*named, *known, "BENCHMARK")[0]
            raise InputError(
                f"--prompts {prompts}: all tasks have to be of one benchmark, as {example}:SUBSET; evaluate the "
                "others apart"
            )
        return None, f"not all tasks are of {named[0]}, so the prompts are our own, and scores do not compare with its"
    name = named[0]
    if prompts in ("", name):
        given = None
    elif Path(prompts).exists():
        given = prompts
    else:
        raise InputError(f"--prompts {prompts}: is neither {OURS} nor {name}, and no file of that name is there")
    try:
        return _terms_of_all([source.partition(":")[2] for source in sources], load_benchmark(name), given, data), ""
    except InputError as exc:
        if prompts:
            raise
        return None, f"the prompts are our own, so scores do not compare with those of {name}: {exc}"


def _terms_of_all(subsets: Sequence[str], benchmark: Benchmark, given: str | None, data: str | None) -> Terms:
    """The terms that some subsets have in common. Raises `InputError` where they have not."""
    first, *others = (benchmark.terms(given, data, subset) for subset in dict.fromkeys(subsets))
    if any(other.prompts != first.prompts for other in others):
        raise InputError("it tells the users of these subsets different things; evaluate them apart")
    return first


def prompts_under(prompts: Iterable[str], terms_of: str, data: str | None) -> dict[str, Prompt]:
    """What a benchmark would have told the agents of these prompts (by their keys, see `prompt_key`).

    `terms_of` is its name, or its kit or checkout; `data` its folder, which has the policies. Raises `InputError` where
    its texts are not there, and for a domain that is none of its.
    """
    benchmark, given = _benchmark_of(terms_of)
    template = benchmark.terms(given, data).prompts["agent"]
    found = {}
    for key in prompts:
        domain = benchmark.dress(load_domain(key.rpartition(":")[2]), given, data)
        found[key] = prompt_of(domain, agent_system_prompt(domain.policy, template).content)
    return found


def dress_domains(domains: Iterable[Domain], terms_of: str, data: str | None) -> tuple[Terms, list[Domain]]:
    """Domains of ours in a benchmark's texts, and its terms; see `prompts_under`. Raises `InputError` as that does."""
    benchmark, given = _benchmark_of(terms_of)
    return benchmark.terms(given, data), [benchmark.dress(domain, given, data) for domain in domains]


def _benchmark_of(terms_of: str) -> tuple[Benchmark, str | None]:
    """The benchmark whose name, kit or checkout is given, and that kit or checkout. Raises `InputError`."""
    known = registered_names("benchmarks")
    name = terms_of if terms_of in known else known[0] if known else terms_of
    given = None if terms_of in known else terms_of
    if given is not None and not Path(given).exists():
        raise InputError(f"--prompts {given}: is no benchmark ({', '.join(known)}), and no file of that name is there")
    return load_benchmark(name), given


def rules_under(rules: Rules, terms: Terms) -> Rules:
    """The rules with a benchmark's prompts, where no others were given, and with its way to take answers."""
    return msgspec.structs.replace(
        rules,
        agent_prompt=rules.agent_prompt or terms.prompts["agent"],
        user_prompt=rules.user_prompt or terms.prompts["user"],
        retries_unreadable=_TAKEN_AGAIN,
        seeded_by="trial",
    )


def name_on(rules: Rules, terms: Terms, *, own_tools: bool) -> str:
    """What a manifest calls these terms: the benchmark and its release, behind `changed` where a run asks otherwise.

    That is with other prompts than the benchmark's, another greeting or none, `own_tools` (other tool schemas), or
    users who are asked again when they slip: a score made so does not stand beside its own.
    """
    given = ((rules.agent_prompt, terms.prompts["agent"]), (rules.user_prompt, terms.prompts["user"]))
    prompts = any(own and own.strip() != theirs.strip() for own, theirs in given)
    changed = prompts or own_tools or rules.greeting != GREETING or rules.user_retries > 0
    return " ".join(filter(None, ("changed" if changed else "", terms.name, terms.version)))


def seats_under(seats: Seats, terms: Terms) -> Seats:
    """The seats with a benchmark's temperature for those models for which nobody said another.

    Raises `InputError` where a model plays the agent and no engine is named for the user.
    """
    if seats.user is None and isinstance(seats.agent, EngineSpec) and _is_model(seats.agent):
        raise InputError(
            f"--user-engine: name who plays the user; in {terms.name} that is another model than the agent's, and "
            f"scores depend on it (--user-engine {seats.agent.name} for the same one)"
        )
    user = seats.user
    if isinstance(user, EngineMix):
        user = EngineMix(tuple(WeightedEngine(_at(part.engine, terms), part.weight) for part in user.parts))
    elif isinstance(user, EngineSpec):
        user = _at(user, terms)
    return Seats(_at(seats.agent, terms) if isinstance(seats.agent, EngineSpec) else seats.agent, user)


def remark_on_seats(seats: Seats) -> str:
    """What is to be said where one model plays both seats; empty where two do."""
    agent, user = seats.agent, seats.user
    if not (isinstance(agent, EngineSpec) and isinstance(user, EngineSpec)) or not _is_model(agent):
        return ""
    called = [(spec.name, spec.options.get("model"), spec.options.get("url")) for spec in (agent, user)]
    if called[0] != called[1]:
        return ""
    return (
        f"one model plays agent and user ({agent.options.get('model') or agent.name}): it understands itself too well"
    )


def _is_model(spec: EngineSpec) -> bool:
    return "url" in load_engine(spec.name).options.__struct_fields__


def _at(spec: EngineSpec, terms: Terms) -> EngineSpec:
    fields = load_engine(spec.name).options.__struct_fields__
    if "temperature" not in fields or "temperature" in spec.options:
        return spec
    return EngineSpec(spec.name, {**spec.options, "temperature": terms.temperature})
