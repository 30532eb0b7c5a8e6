"""From flags to the settings of the pipelines."""

from __future__ import annotations

import argparse
import os
from math import inf
from typing import TypeVar

from writ_async.conversation import Rules
from writ_async.conversation.rules import GREETING
from writ_async.curation.quota import KeepRules, parse_keep_rules
from writ_async.curation.rules import MASK_TURNS
from writ_async.errors import InputError
from writ_async.registry import load_engine, registered_names
from writ_async.runs.node_servers import NodeServers, parse_node_servers
from writ_async.runs.prompt_templates import load_template
from writ_async.runs.seats import EngineMix, EngineSpec, Seats, WeightedEngine
from writ_async.runs.shards import WHOLE, Shard, parse_shard
from writ_async.scheduler import Limits

Number = TypeVar("Number", int, float)


def parse_seats(arguments: argparse.Namespace) -> Seats:
    """Who plays which seat. Raises `InputError` for an option that is no `KEY=VALUE`, or has no engine to go to."""
    options = parse_engine_options("--engine-option", arguments.engine_option)
    if arguments.mistakes is not None:
        options["mistakes"] = arguments.mistakes
    limits = {name: value for name in ("rpm", "tpm") if (value := getattr(arguments, name)) is not None}
    slips = getattr(arguments, "user_mistakes", None)
    slipping = {"user_mistakes": slips} if slips is not None else {}
    options |= limits
    users = [_parse_user_engine(text, pairs, limits, slipping) for text, pairs in _engines_with_options(arguments)]
    if not users:
        return Seats(EngineSpec(arguments.engine, options | slipping))
    agent = EngineSpec(arguments.engine, options)
    return Seats(agent, users[0].engine if len(users) == 1 else EngineMix(tuple(users)))


def _engines_with_options(arguments: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Each engine that is named for the user's seat, with the options that stand behind it; see `UserEngineAction`.

    Options in front of a single engine are its own. Raises `InputError` for those that have no engine.
    """
    loose, named = arguments.user_engine_option, [(text, list(pairs)) for text, pairs in arguments.user_engine]
    if loose and not named:
        raise InputError("--user-engine-option needs --user-engine")
    if loose and len(named) > 1:
        raise InputError(
            f"--user-engine-option {loose[0]}: stands before the first --user-engine; put it behind its own"
        )
    return [(text, [*loose, *pairs]) for text, pairs in named]


def _parse_user_engine(text: str, pairs: list[str], limits: dict[str, str], slipping: dict[str, str]) -> WeightedEngine:
    """An engine from `NAME` or `NAME=WEIGHT`. Raises `InputError` for a weight that is none."""
    name, equals, weight_text = text.partition("=")
    try:
        weight = float(weight_text) if equals else 1.0
    except ValueError:
        weight = 0.0
    if not 0 < weight < inf:
        raise InputError(f"--user-engine {text}: expected NAME=WEIGHT with a weight above 0")
    options = parse_engine_options("--user-engine-option", pairs)
    options |= limits if "rpm" in load_engine(name).execution else {}
    return WeightedEngine(EngineSpec(name, options | slipping), weight)


def parse_phraser(arguments: argparse.Namespace) -> EngineSpec | None:
    """The engine that rewrites requests, if there is to be one. Raises `InputError` for options that have none."""
    return _parse_named_engine("--phraser", arguments.phraser, arguments.phraser_option)


def parse_phraser_check(arguments: argparse.Namespace) -> EngineSpec | None:
    """The engine that is asked what a phraser's words mean, if there is one. Raises `InputError` as above."""
    return _parse_named_engine("--phraser-check", arguments.phraser_check, arguments.phraser_check_option)


def _parse_named_engine(flag: str, name: str | None, pairs: list[str]) -> EngineSpec | None:
    options = parse_engine_options(f"{flag}-option", pairs)
    if name is None and options:
        raise InputError(f"{flag}-option needs {flag}")
    return None if name is None else EngineSpec(name, options)


def parse_judge_options(arguments: argparse.Namespace) -> dict[str, str]:
    """The options of a model as judge, with the limits of all engines. Raises `InputError` for one that is none."""
    options = parse_engine_options("--judge-option", arguments.judge_option)
    engine, colon, _ = arguments.judge.partition(":")
    if not colon or engine not in registered_names("engines"):
        return options
    execution = load_engine(engine).execution
    given = {name: getattr(arguments, name) for name in ("rpm", "tpm") if name in execution}
    return {name: value for name, value in given.items() if value is not None} | options


def parse_engine_options(flag: str, pairs: list[str]) -> dict[str, str]:
    """Options of an engine. Raises `InputError` for one that is no `KEY=VALUE`, and for one that is given twice."""
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise InputError(f"{flag}: expected KEY=VALUE, not {pair!r}")
        key = key.replace("-", "_")
        if key in options:
            raise InputError(f"{flag}: {key} is given twice; several values are one text with commas between them")
        options[key] = value
    return options


def parse_filters(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The rules of filters as a run's settings hold them."""
    return (*((MASK_TURNS,) if arguments.mask_turns else ()), *arguments.filter)


def parse_shard_flag(arguments: argparse.Namespace) -> Shard:
    """Which part of the run is to be made; all of it where nothing is said. Raises `InputError`."""
    return WHOLE if arguments.shard is None else parse_shard(arguments.shard, os.environ)


def parse_workers(arguments: argparse.Namespace) -> int:
    """How many workers there may be; where nothing is said, one here, and on Ray (0) one on each machine."""
    default = 0 if arguments.executor == "ray" else 1
    return default if arguments.workers is None else int(arguments.workers)


def parse_servers(arguments: argparse.Namespace, seats: Seats) -> NodeServers | None:
    """The model servers of each machine on Ray, where they are told of. Raises `InputError`."""
    return parse_node_servers(
        seats,
        arguments.executor,
        per_node=arguments.servers_per_node,
        start=arguments.start_servers,
        options=parse_engine_options("--server-option", arguments.server_option),
    )


def shard_suffix(shard: Shard) -> str:
    """What stands behind a run's name for one of its shards."""
    return "" if shard == WHOLE else f"-shard-{shard.index}-of-{shard.of}"


def parse_keep(arguments: argparse.Namespace) -> KeepRules | None:
    """How many rows are to be kept, if that is asked for. Raises `InputError` for flags that need it and lack it."""
    if arguments.keep is not None:
        if arguments.n is not None:
            raise InputError("--keep and --n: one says how many rows, the other how many tasks; give one of them")
        return parse_keep_rules(
            arguments.keep,
            arguments.attempts,
            all_that_pass=arguments.all_that_pass,
            balance=arguments.balance,
            target=arguments.target_pass,
        )
    given = {
        "--attempts": arguments.attempts != 1,
        "--all-that-pass": arguments.all_that_pass,
        "--balance": arguments.balance,
        "--target-pass": arguments.target_pass,
        "--budget": arguments.budget,
    }
    if alone := [flag for flag, is_given in given.items() if is_given]:
        raise InputError(f"{alone[0]} needs --keep N, the number of rows to keep")
    return None


def parse_limits(arguments: argparse.Namespace) -> Limits:
    """The bounds of a run. Raises `InputError` for one that cannot be."""
    return Limits(
        concurrency=_at_least("--concurrency", arguments.concurrency, 1),
        in_flight=_at_least("--in-flight", arguments.in_flight, 0),
        kv_tokens=_at_least("--kv-tokens", arguments.kv_tokens, 0),
        admission=arguments.admission,
        request_timeout=_at_least("--request-timeout", arguments.request_timeout, 0),
        conversation_timeout=_at_least("--timeout", arguments.timeout, 0),
    )


def parse_rules(arguments: argparse.Namespace) -> Rules:
    """The rules of the conversations.

    Raises `InputError` for a limit below 1, a greeting without words, and a prompt that is not there or lacks a field.
    """
    greeting = GREETING if arguments.greeting is None else arguments.greeting
    if not greeting.strip():
        raise InputError("--greeting: there are no words; none lets the user begin")
    return Rules(
        max_steps=_at_least("--max-steps", arguments.max_steps, 1),
        max_errors=_at_least("--max-errors", arguments.max_errors, 1),
        greeting=None if greeting == "none" else greeting,
        agent_prompt=load_template("agent", arguments.agent_prompt, arguments.data),
        user_prompt=load_template("user", arguments.user_prompt, arguments.data),
        user_retries=_at_least("--user-retries", arguments.user_retries, 0),
    )


def _at_least(flag: str, value: Number, least: int) -> Number:
    if not value >= least:
        raise InputError(f"{flag} must be at least {least}, not {value:g}")
    return value
