"""What is fuzzed: readers of what models, servers, people and others write, each with what it is fed and may say."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, get_args

import msgspec
from writ_engines.http.errors import status_error
from writ_engines.http.waits import told_wait
from writ_engines.openai.reply import read_reply
from writ_engines.sglang.wire import check_answer, parse_answer

from bench.trust_loads import corpora
from bench.trust_loads.mutation import mutated_json, mutated_text, mutated_value
from writ_async import (
    Domain,
    EngineError,
    FunctionCall,
    InputError,
    Message,
    RunView,
    State,
    SynthConfig,
    Task,
    ToolCall,
    Trajectory,
    World,
    call_arguments,
    call_tool,
)
from writ_async.chat.completion import parser_of, split_thinking
from writ_async.chat.parsed import known_tools
from writ_async.chat.reading import Form
from writ_async.cli.config_file import apply_config
from writ_async.cli.parser import build_parser
from writ_async.conversation.calls import executed_calls
from writ_async.core.level import parse_levels
from writ_async.core.message import MalformedArgumentsError
from writ_async.core.prices import read_prices
from writ_async.curation.filters import NAMES
from writ_async.curation.quota import KeepRules, parse_balance
from writ_async.curation.rules import parse_filter_rules
from writ_async.formats.foreign.conversation import Foreign
from writ_async.formats.foreign.rows import UnreadableRowError, read_row
from writ_async.formats.foreign.tools import domain_for, guess_domain
from writ_async.formats.foreign.verdicts import check_row
from writ_async.rows.fields import row_fields
from writ_async.rows.filter_language import parse_filter
from writ_async.rows.filtering import passes
from writ_async.runs.budget import parse_budget
from writ_async.runs.manifest import Manifest, differences, make_manifest, require_settings
from writ_async.runs.play_settings import settings_of
from writ_async.runs.shards import parse_shard
from writ_async.synthesis.mix import parse_mix

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ROUND = 500  # inputs between two sets of what is expensive to make

Draw = Callable[[Random], Any]
Feed = Callable[[Any], None]


class Target(msgspec.Struct, frozen=True):
    """One kind of reader: how an input is drawn and fed, the errors that are answers, its share of the inputs."""

    name: str
    draw: Draw
    feed: Feed
    answers: tuple[type[BaseException], ...]
    share: float


class ToolBlamedError(Exception):
    """A tool has failed on arguments of the types that it declares."""


def completions() -> Target:
    """The readers of completions, one of each form, and the one of thoughts alone."""
    tools = known_tools(corpora.own_corpus("retail").domain.schemas)
    parsers = [parser_of(form) for form in get_args(Form)]
    seeds = corpora.COMPLETIONS

    def draw(rng: Random) -> tuple[int, str]:
        text = mutated_text(rng, rng.choice(seeds), corpora.TOKENS, rng.choice(seeds))
        return int(rng.random() * (len(parsers) + 1)), text

    def feed(given: tuple[int, str]) -> None:
        form, text = given
        if form == len(parsers):
            split_thinking(text)
            return
        message = parsers[form](text, 3, tools).message
        for call in message.tool_calls:
            try:
                call_arguments(call)
            except MalformedArgumentsError:
                continue

    return Target("completions", draw, feed, (), 3.0)


def arithmetic() -> Target:
    """`calculate` of every domain that has it: each expression is refused, or comes to a text."""
    own = corpora.own_corpus("retail")
    state = State(_world_of(own.domain))

    def draw(rng: Random) -> str:
        return mutated_text(rng, rng.choice(corpora.SUMS), corpora.SUM_TOKENS, rng.choice(corpora.SUMS))

    def feed(text: str) -> None:
        call_tool(own.domain.tools, state, "calculate", {"expression": text})

    return Target("calculate", draw, feed, (), 3.0)


def tool_arguments(name: str) -> Target:
    """Every tool of a domain on a state of it, as a conversation calls it; then the state's digest."""
    own = corpora.own_corpus(name)
    world = _world_of(own.domain)
    known: dict[str, list[dict[str, Any]]] = {}
    for task in own.tasks:
        for action in task.actions or ():
            known.setdefault(action.name, []).append(dict(action.arguments))
    for tool in own.domain.tools.values():
        known.setdefault(tool.name, []).append(dict.fromkeys(tool.accepted, "x"))
    names = sorted(known)
    every = [arguments for each in known.values() for arguments in each]
    state = State(world)
    calls = 0

    def draw(rng: Random) -> ToolCall:
        tool = names[int(rng.random() * len(names))]
        value = mutated_value(rng, rng.choice(known[tool]), rng.choice(every))
        return ToolCall("c", FunctionCall(tool, msgspec.json.encode(value).decode(errors="replace")))

    def feed(call: ToolCall) -> None:
        nonlocal state, calls
        calls += 1
        if calls % _ROUND == 0:
            state.digest()
            state = State(world)
        result = call_tool(own.domain.tools, state, call.function.name, call_arguments(call))
        msgspec.json.encode(result)

    return Target(f"tool arguments, {name}", draw, feed, (MalformedArgumentsError,), 1.0)


def messages() -> Target:
    """The reader of rows, and what walks over the messages of a row that could be read."""
    own = corpora.own_corpus("retail")
    seeds = [msgspec.json.decode(msgspec.json.encode(row)) for row in own.rows]
    short = [_few_messages(rng, seed) for seed in seeds for rng in [Random(len(seed["messages"]))] for _ in range(4)]
    decode = msgspec.json.Decoder(Trajectory).decode
    decode_one = msgspec.json.Decoder(Message).decode
    single = [message for seed in seeds for message in seed["messages"]]

    def draw(rng: Random) -> tuple[bool, bytes]:
        one = rng.random() < 0.7
        pool = single if one else short
        return one, mutated_json(rng, rng.choice(pool), rng.choice(single))

    def feed(given: tuple[bool, bytes]) -> None:
        one, text = given
        if one:
            executed_calls([decode_one(text)], own.domain.tools)
            return
        row = decode(text)
        executed_calls(row.messages, own.domain.tools)
        row_fields(row, None)

    return Target("messages and rows", draw, feed, UNDECODABLE, 1.5)


def tasks() -> Target:
    """The reader of tasks."""
    seeds = [msgspec.json.decode(msgspec.json.encode(task)) for task in corpora.own_corpus("airline").tasks]
    small = [{key: value for key, value in seed.items() if key != "proof"} for seed in seeds]
    decode = msgspec.json.Decoder(Task).decode

    def draw(rng: Random) -> bytes:
        return mutated_json(rng, rng.choice(small), rng.choice(small))

    def feed(text: bytes) -> None:
        msgspec.json.encode(decode(text))

    return Target("tasks", draw, feed, UNDECODABLE, 0.7)


def manifests() -> Target:
    """The reader of manifests, and what asks them for settings and for what differs."""
    configs = [
        SynthConfig(domains=("retail",), stop_early=("failed",)),
        SynthConfig(domains=("airline",), keep=KeepRules(rows=3)),
    ]
    whole = [make_manifest("synth", config, (), 1) for config in configs]
    seeds = [msgspec.json.decode(msgspec.json.encode(manifest)) for manifest in whole]
    decode = msgspec.json.Decoder(Manifest).decode

    def draw(rng: Random) -> bytes:
        return mutated_json(rng, rng.choice(seeds), rng.choice(seeds))

    def feed(text: bytes) -> None:
        manifest = require_settings("manifest.json", decode(text))
        for _ in differences(manifest, whole[0]):
            pass
        settings_of(manifest.config)

    return Target("manifests", draw, feed, (*UNDECODABLE, InputError), 0.7)


def foreign() -> Target:
    """The readers of others' conversations, and for some of those that could be read their verdict."""
    seeds = corpora.foreign_rows()
    domains = [corpora.own_corpus(name).domain for name in corpora.own_domains()]
    small = [seed for seed in seeds if len(str(seed)) < 3_000]
    count = 0

    def draw(rng: Random) -> Any:
        pool = seeds if rng.random() < 0.05 else small
        return mutated_value(rng, rng.choice(pool), rng.choice(small), json=False)

    def feed(value: Any) -> None:
        nonlocal count
        row: Foreign = read_row(value, "row 1")
        count += 1
        if count % 20 == 0:
            domain, kinds = domain_for(row, guess_domain(row, domains), ())
            msgspec.json.encode(check_row(row, domain, kinds))

    return Target("conversations of others", draw, feed, (UnreadableRowError,), 0.5)


def server_answers() -> Target:
    """What the HTTP engines make of the body and the headers of an answer, whatever its status."""
    tools = known_tools(corpora.own_corpus("retail").domain.schemas)

    def draw(rng: Random) -> tuple[bytes, dict[str, str], int]:
        body = mutated_json(rng, rng.choice(corpora.ANSWERS), rng.choice(corpora.ANSWERS))
        headers = {}
        if rng.random() < 0.3:
            value = rng.choice(corpora.HEADER_VALUES)
            headers[rng.choice(corpora.HEADERS)] = mutated_text(rng, value, corpora.HEADER_VALUES, value)
        return body, headers, int(rng.random() * 3)

    def feed(given: tuple[bytes, dict[str, str], int]) -> None:
        body, headers, which = given
        if which == 0:
            msgspec.json.encode(read_reply(body, 1, frozenset({"call_1"}), tools=tools).usage)
        elif which == 1:
            check_answer(parse_answer(body))
        else:
            error = status_error((400, 429, 500, 503)[len(body) % 4], body, headers)
            if not 0 <= told_wait(headers, body, clock=lambda: 1.7e9) < float("inf"):
                raise AssertionError(f"a wait that is none, of {headers} {body!r}")
            str(error)

    return Target("answers of servers", draw, feed, (EngineError,), 1.0)


def filters() -> Target:
    """The language of `--where`, and whether a row passes what could be read."""
    fields = row_fields(corpora.own_corpus("retail").rows[0], None)

    def draw(rng: Random) -> str:
        return mutated_text(rng, rng.choice(corpora.FILTERS), corpora.FILTER_TOKENS, rng.choice(corpora.FILTERS))

    def feed(text: str) -> None:
        passes(parse_filter(text), fields)

    return Target("filters of rows", draw, feed, (InputError,), 2.0)


def flags() -> Target:
    """The readers of flags that have a form of their own."""
    readers: tuple[Callable[[str], object], ...] = (
        parse_mix,
        parse_levels,
        parse_budget,
        lambda text: parse_shard(text, {}),
        lambda text: parse_balance(text, ("domain",)),
        lambda text: parse_filter_rules((text,), NAMES),
    )

    def draw(rng: Random) -> tuple[int, str]:
        text = mutated_text(rng, rng.choice(corpora.FLAGS), corpora.FLAG_TOKENS, rng.choice(corpora.FLAGS))
        return int(rng.random() * len(readers)), text

    def feed(given: tuple[int, str]) -> None:
        readers[given[0]](given[1])

    return Target("flags", draw, feed, (InputError,), 1.5)


def files(folder: Path) -> Target:
    """Files that people write or edit: `--config`, tables of prices, the files of a run folder; read from a disk."""
    run = folder / "run"
    run.mkdir()
    own = corpora.own_corpus("retail")
    task, row = msgspec.json.encode(own.tasks[0]), msgspec.json.encode(own.rows[0])

    def draw(rng: Random) -> tuple[int, str]:
        kind = int(rng.random() * 4)
        seeds = (corpora.CONFIGS, corpora.PRICES, (row.decode(),), (task.decode(),))[kind]
        tokens = corpora.TOML_TOKENS if kind < 2 else corpora.TOKENS
        return kind, mutated_text(rng, rng.choice(seeds), tokens, rng.choice(seeds))

    def feed(given: tuple[int, str]) -> None:
        kind, text = given
        content = text.encode(errors="surrogatepass")
        if kind == 0:
            (folder / "config.toml").write_bytes(content)
            apply_config(_synth_parser(), str(folder / "config.toml"))
        elif kind == 1:
            (folder / "prices.toml").write_bytes(content)
            read_prices(folder / "prices.toml")
        else:
            (run / ("trajectories.jsonl" if kind == 2 else "tasks.jsonl")).write_bytes(content)
            view = RunView(run, Manifest(kind="synth", command="", config={}))
            view.done_ids() if kind == 2 else list(view.task_ids())
            list(view.trajectories() if kind == 2 else view.tasks())

    return Target("files", draw, feed, (InputError,), 0.02)


def _synth_parser() -> Any:
    """A fresh parser of `writ synth`: a configuration file changes what it is handed."""
    return build_parser()._subparsers._group_actions[0].choices["synth"]  # type: ignore[union-attr, index]


def _few_messages(rng: Random, row: dict[str, Any]) -> dict[str, Any]:
    start = rng.randrange(max(1, len(row["messages"]) - 4))
    return {**row, "messages": row["messages"][start : start + 4]}


def _world_of(domain: Domain) -> World:
    return domain.generate(11, 60)


@contextmanager
def all_targets() -> Iterator[list[Target]]:
    """Every target, while the folder is there that some of them write to."""
    with tempfile.TemporaryDirectory() as folder, tools_are_blamed():
        yield [
            completions(),
            arithmetic(),
            *(tool_arguments(name) for name in corpora.own_domains()),
            messages(),
            tasks(),
            manifests(),
            foreign(),
            server_answers(),
            filters(),
            flags(),
            files(Path(folder)),
        ]


class _Blame(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise ToolBlamedError(record.getMessage())


@contextmanager
def tools_are_blamed() -> Iterator[None]:
    """Make an error of what a tool is logged for: that it fails on arguments of the types that it declares."""
    logger = logging.getLogger("writ_async.core.tool")
    handler, before = _Blame(), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before
