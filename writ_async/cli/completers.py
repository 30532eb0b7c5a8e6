"""What a shell completes behind Tab: values of flags and positions, by what the flags are about.

The shell runs `writ` itself, with what was typed so far in its environment; argcomplete reads that and the parser. A
value that nobody can list, such as a seed or a text, is not completed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import get_args

from argcomplete.completers import BaseCompleter
from argcomplete.finders import CompletionFinder, safe_actions

from writ_async.cli.flag_groups import UserEngineAction

Completer = Callable[[str, argparse.Namespace], Iterable[str]]
"""The values that may stand where so much of one was typed, behind flags that were read before it."""


class _AsAsked(BaseCompleter):
    """A completer as argcomplete calls it."""

    def __init__(self, completer: Completer) -> None:
        self.completer = completer

    def __call__(
        self, *, prefix: str, action: argparse.Action, parser: argparse.ArgumentParser, parsed_args: argparse.Namespace
    ) -> Iterable[str]:
        """The values; see `Completer`."""
        return self.completer(prefix, parsed_args)


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks what may follow, and end the process."""
    safe_actions.add(UserEngineAction)
    for command, own in commands_of(parser).items():
        for action in own._actions:
            if (found := completer_of(command, action)) is not None:
                setattr(action, "completer", _AsAsked(found))  # noqa: B010  argcomplete looks for it there
    CompletionFinder()(parser, always_complete_options=False, default_completer=_AsAsked(nothing))


def commands_of(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parsers of the commands by name."""
    (found,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return found.choices


def completer_of(command: str, action: argparse.Action) -> Completer | None:
    """What completes an action's value; None where argcomplete needs none, or nobody has said anything."""
    if action.nargs == 0 or action.choices is not None:
        return None
    if action.type in (int, float):
        return nothing
    return COMPLETERS.get(f"{command} {action.dest}") or COMPLETERS.get(action.dest)


def nothing(_: str, __: argparse.Namespace) -> Iterable[str]:
    """For what nobody can list: numbers, texts, addresses."""
    return ()


def files(typed: str, _: argparse.Namespace) -> Iterable[str]:
    """Files, and the folders on the way to them."""
    return _entries(typed, lambda entry: True)


def folders(typed: str, _: argparse.Namespace) -> Iterable[str]:
    """Folders alone."""
    return _entries(typed, lambda entry: entry.is_dir())


def runs(typed: str, _: argparse.Namespace) -> Iterable[str]:
    """Run folders, and where there is none all folders, which may hold some."""
    from writ_async.runs.view import MANIFEST

    def is_run(entry: os.DirEntry[str]) -> bool:
        return os.path.isfile(os.path.join(entry.path, MANIFEST))

    return [found.rstrip("/") for found in _entries(typed, is_run)] or folders(typed, argparse.Namespace())


def _entries(typed: str, wanted: Callable[[os.DirEntry[str]], bool]) -> list[str]:
    """What lies where a path leads that was typed in part; folders end with a slash."""
    above, name = os.path.split(typed)
    try:
        with os.scandir(os.path.expanduser(above) or ".") as entries:
            found = [
                f"{os.path.join(above, entry.name)}{'/' * entry.is_dir()}"
                for entry in entries
                if entry.name.startswith(name) and (name or not entry.name.startswith(".")) and wanted(entry)
            ]
    except OSError:
        return []
    return sorted(found)


def _registered(kind: str) -> Callable[[], list[str]]:
    """The names of a kind that packages have registered: `engines`, `domains` or `benchmarks`."""

    def names() -> list[str]:
        from writ_async.registry import registered_names

        return registered_names(kind)

    return names


def _one_of(names: Callable[[], Iterable[str]]) -> Completer:
    """One of some names."""
    return lambda _, __: names()


def _several_of(names: Callable[[], Iterable[str]]) -> Completer:
    """Names with commas between them; what was said already, before a `=` if there is one, is not said again."""

    def complete_last(typed: str, _: argparse.Namespace) -> Iterator[str]:
        before, comma, _last = typed.rpartition(",")
        said = {part.partition("=")[0] for part in before.split(",")}
        return (f"{before}{comma}{name}" for name in names() if name.partition("=")[0] not in said)

    return complete_last


def _or_files(names: Callable[[], Iterable[str]]) -> Completer:
    """One of some names, or a file."""
    return lambda typed, arguments: [*names(), *files(typed, arguments)]


def _server_option(typed: str, _: argparse.Namespace) -> Iterable[str]:
    """`KEY=` of what may be said of the start of a server."""
    from writ_async.runs.node_servers import LAUNCH_OPTIONS

    return () if "=" in typed else [f"{name}=" for name in LAUNCH_OPTIONS]


def _assumption(typed: str, _: argparse.Namespace) -> Iterable[str]:
    """`KEY=` of what `writ plan --gpus` assumes."""
    from writ_async.commands.plan_gpus import Assumptions

    return () if "=" in typed else [f"{name}=" for name in Assumptions.__struct_fields__]


def _option_of(dest: str, otherwise: str = "") -> Completer:
    """`KEY=` of the engine that another flag names, or of this one where there is no such flag."""

    def complete_key(typed: str, arguments: argparse.Namespace) -> Iterable[str]:
        from writ_async.registry import load_engine

        named = getattr(arguments, dest, None) or otherwise
        while isinstance(named, (list, tuple)):  # of several users the one that was named last, with its options
            named = named[-1] if isinstance(named, list) else named[0]
        name = str(named).partition(":")[0].partition("=")[0]
        if "=" in typed or name not in _registered("engines")():
            return ()
        return (f"{option}=" for option in load_engine(name).options.__struct_fields__)

    return complete_key


def _kinds() -> Iterable[str]:
    from writ_async.core.task import KINDS, WITHOUT_WRITE

    return (*KINDS, *WITHOUT_WRITE)


def _levels() -> Iterable[str]:
    from writ_async.core.level import BURDEN_LEVELS, WRITE_LEVELS

    return [f"{writes}{burden}" for writes in WRITE_LEVELS for burden in BURDEN_LEVELS]


def _halves_of_levels() -> Iterable[str]:
    from writ_async.core.level import BURDEN_LEVELS, WRITE_LEVELS

    return (*WRITE_LEVELS, *BURDEN_LEVELS, *_levels())


def _weighed(names: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    return lambda: (f"{name}=" for name in names())


def _axes() -> Iterable[str]:
    from writ_async.behaviour.axes import AXES

    return AXES


def _behaviours() -> Iterable[str]:
    from writ_async.behaviour.axes import VALUES

    return ("on", "off", "plain=", *VALUES)


def _dimensions() -> Iterable[str]:
    from writ_async.curation.quota import DIMENSIONS

    return ("none", *DIMENSIONS, *_axes())


def _reasons() -> Iterable[str]:
    from writ_async.verify.reasons import Reason

    return list(Reason)


def _filters() -> Iterable[str]:
    from writ_async.curation.rules import Action

    return (f"{reason}={action}" for reason in _reasons() for action in get_args(Action))


def _budgets() -> Iterable[str]:
    from writ_async.runs.budget import Budget

    return (f"{name}=" for name in Budget.__struct_fields__)


def _formats() -> Iterable[str]:
    from writ_async.formats.export import FORMATS, RESULTS

    return (*FORMATS, *RESULTS)


def _judges() -> Iterable[str]:
    from writ_async.verify.judge import JUDGES

    return (*JUDGES, *(f"{engine}:" for engine in _registered("engines")()))


def _subsets() -> Iterable[str]:
    from writ_async.registry import load_benchmark

    return (f"{name}:{subset}" for name in _registered("benchmarks")() for subset in load_benchmark(name).subsets)


def _sources(typed: str, arguments: argparse.Namespace) -> Iterable[str]:
    """Where tasks come from: a benchmark's subset, a file, a run."""
    return [*_subsets(), *files(typed, arguments)]


COMPLETERS: Mapping[str, Completer] = {
    "domains": _one_of(_registered("domains")),
    "domain": _one_of(_registered("domains")),
    "domains name": _one_of(_registered("domains")),
    "engine": _one_of(_registered("engines")),
    "engines name": _one_of(_registered("engines")),
    "user_engine": _one_of(_registered("engines")),
    "phraser": _one_of(_registered("engines")),
    "phraser_check": _one_of(_registered("engines")),
    "judge": _one_of(_judges),
    "engine_option": _option_of("engine"),
    "plan engine_option": _option_of("engine", "simulated"),
    "user_engine_option": _option_of("user_engine"),
    "phraser_option": _option_of("phraser"),
    "phraser_check_option": _option_of("phraser_check"),
    "judge_option": _option_of("judge"),
    "server_option": _server_option,
    "assume": _assumption,
    "benchmark": _one_of(_registered("benchmarks")),
    "tasks": _sources,
    "prompts": _or_files(_registered("benchmarks")),
    "eval prompts": _or_files(lambda: ("writ", *_registered("benchmarks")())),
    "agent_prompt": _or_files(lambda: ("writ", *_registered("benchmarks")())),
    "user_prompt": _or_files(lambda: ("writ", *_registered("benchmarks")())),
    "tool_schemas": files,
    "axis": _one_of(_axes),
    "behaviours": _several_of(_behaviours),
    "mix": _several_of(_weighed(_kinds)),
    "kind": _one_of(_kinds),
    "levels": _several_of(_weighed(_levels)),
    "level": _one_of(_halves_of_levels),
    "balance": _several_of(_dimensions),
    "filter": _one_of(_filters),
    "reason": _one_of(_reasons),
    "fail_on": _several_of(lambda: ("any", *_reasons())),
    "budget": _several_of(_budgets),
    "stop_early": _one_of(lambda: ("failed",)),
    "eval stop_early": _one_of(lambda: ("failed", "settled", "settled=")),
    "format": _one_of(_formats),
    "greeting": _one_of(lambda: ("none",)),
    "shard": _one_of(lambda: ("slurm",)),
    "path": runs,
    "paths": runs,
    "from_failures": runs,
    "check paths": files,
    "view paths": files,
    "status paths": folders,
    "merge out": folders,
    "publish to": folders,
    "publish license": nothing,
    "config": files,
    "contamination": files,
    "prices": files,
    "source": files,
    "python": files,
    "md": files,
    "json": files,
    "out": files,
    "checkout": folders,
    "data": folders,
    "static": folders,
    "tokenizer": folders,
    "serve model": folders,
    "doctor model": folders,
    **dict.fromkeys(
        ("budget", "device", "gpu", "host", "id", "mistakes", "plan model", "new-domain name", "rpm", "split"), nothing
    ),
    **dict.fromkeys(("target_pass", "tpm", "url", "user_mistakes", "viewer", "where", "writes"), nothing),
}
"""By the name of a value in the parsed arguments, or by command and name where one command's is another thing."""
